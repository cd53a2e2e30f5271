"""Devices that speak frames of bytes, as their makers and public drivers describe them, each on a port of its own.

A sensor never says the same number twice and writes down when it measured it, so that an old value is found out.
"""

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgectl.drivers.sim.clocks import mono
from edgectl.drivers.sim.ports import Port

KINDS = ("silent", "deaf", "garbage", "truncated", "bad_sum", "late", "crossed", "stuck", "impossible")
SPEAKS_EVERY_S = 0.1
THINKS_S = 0.02


class Sonar:
    """A02YYUW: FF, the distance in mm with the high byte first, and the low byte of the sum of the three."""

    channels = 0
    speaks = True

    def __init__(self) -> None:
        self.value = 510  # among the first values are those whose low byte and sum look like a head

    def hear(self, data: bytes) -> bytes:
        """It listens to nothing."""
        return b""

    def frame(self, *, impossible: bool = False) -> bytes:
        """The next measurement."""
        self.value = 510 + (self.value - 509) % 3500
        value = 12 if impossible else self.value
        body = bytes([0xFF, value >> 8, value & 0xFF])
        return body + bytes([sum(body) & 0xFF])


class Gas:
    """MH-Z19: nine bytes to the nine bytes that ask, ppm in the third and fourth, degrees plus 40 in the fifth."""

    channels = 0
    speaks = False
    question = bytes.fromhex("ff0186000000000079")

    def __init__(self) -> None:
        self.value = 400
        self._heard = b""

    def hear(self, data: bytes) -> bytes:
        """An answer to each whole question."""
        self._heard = (self._heard + data)[-64:]
        if self.question not in self._heard:
            return b""
        self._heard = b""
        return self.frame()

    def frame(self, *, impossible: bool = False) -> bytes:
        """The next measurement."""
        self.value = 400 + (self.value - 399) % 4000
        value = 60000 if impossible else self.value
        body = bytes([0xFF, 0x86, value >> 8, value & 0xFF, 63, 0, 0, 0])
        return body + bytes([(0xFF - sum(body[1:]) % 256 + 1) & 0xFF])


class Console:
    """Davis Vantage: asleep until it is spoken to; LOOP 1 is answered by an ACK and 99 bytes with a CRC behind them.

    Tenths of degrees Fahrenheit, miles an hour, thousandths of an inch of mercury; the low byte first.
    """

    channels = 0
    speaks = False

    def __init__(self) -> None:
        self.value = 1  # W/m2
        self.awake = False
        self._heard = b""

    def hear(self, data: bytes) -> bytes:
        """What wakes it is lost."""
        if not self.awake:
            self.awake = True
            return b"\n\r"
        self._heard = (self._heard + data)[-64:]
        if b"LOOP 1\n" not in self._heard:
            return b"\n\r" if data == b"\n" else b""
        self._heard = b""
        return b"\n\r" + self.frame()

    def frame(self, *, impossible: bool = False) -> bytes:
        """The next measurement."""
        self.value = 1 + self.value % 1700
        body = bytearray(97)
        body[0:5] = b"LOO\x14\x00"
        for at, word in ((7, 29985), (9, 730), (12, 721), (16, 355), (44, 32767 if impossible else self.value)):
            body[at : at + 2] = word.to_bytes(2, "little")
        body[11], body[14], body[33], body[95:97] = 57, 4, 78, b"\n\r"
        return b"\x06" + bytes(body) + _crc(bytes(body))


def _crc(data: bytes) -> bytes:
    """CRC-CCITT bit by bit, as the maker's table would have it."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc.to_bytes(2, "big")


class Relays:
    """LCUS: A0, channel, state, sum of the three; nothing is said to that. FF shows a line for each channel."""

    speaks = False

    def __init__(self, channels: int, moved: Callable[[int, bool], None]) -> None:
        self.channels = channels
        self.on = [False] * channels
        self.stuck = False
        self._heard, self._moved = b"", moved

    def hear(self, data: bytes) -> bytes:
        """Whatever is asked or ordered, byte by byte."""
        self._heard += data
        said = b""
        while self._heard:
            if self._heard[0] == 0xFF:
                self._heard = self._heard[1:]
                said += self.frame()
            elif self._heard[0] != 0xA0:
                self._heard = self._heard[1:]
            elif len(self._heard) < 4:
                break
            else:
                _, channel, state, total = self._heard[:4]
                good = total == (0xA0 + channel + state) & 0xFF and 1 <= channel <= self.channels and state < 2
                self._heard = self._heard[4 if good else 1 :]
                if good and not self.stuck and self.on[channel - 1] != bool(state):
                    self.on[channel - 1] = bool(state)
                    self._moved(channel, bool(state))
        return said

    def frame(self, *, impossible: bool = False) -> bytes:
        """The state of every channel, as text."""
        return b"".join(f"CH{n + 1}:{'ON' if on else 'OFF'} \r\n".encode() for n, on in enumerate(self.on))


SENSORS: dict[str, Callable[[], Sonar | Gas | Console]] = {"sonar": Sonar, "gas": Gas, "davis": Console}


class Stream:
    """One device on its port, with what can go wrong. What it measured and moved is written to the trace."""

    def __init__(self, name: str, kind: str, path: Path, trace: Path) -> None:
        self.name = name
        self.device: Sonar | Gas | Console | Relays
        if kind.startswith("lcus"):
            self.device = Relays(int(kind.removeprefix("lcus")), self._moved)
        else:
            self.device = SENSORS[kind]()
        self.fault, self.count, self.ms = "", 0, 0
        self._port = Port(path, self._on_bytes)
        self._trace = trace
        self._before = b""
        self._lot = random.Random(name)

    async def run(self) -> None:
        """Speak until cancelled."""
        self._port.plug()
        while True:
            await asyncio.sleep(SPEAKS_EVERY_S)
            if self.device.speaks:
                self._say(self.device.frame())

    def hurt(self, wish: dict[str, Any]) -> None:
        """Set a fault of the next `count` answers, or with None take it away. Raises ValueError with a sentence."""
        kind = wish.get("kind")
        if kind is not None and kind not in KINDS:
            raise ValueError(f"{kind!r} is no fault of such a device: {', '.join(KINDS)}")
        self.fault, self.count, self.ms = kind or "", wish.get("count") or 1 << 30, wish.get("ms", 0)
        if isinstance(self.device, Relays):
            self.device.stuck = kind == "stuck"

    def _on_bytes(self, data: bytes) -> None:
        if self.fault == "deaf":
            return
        if said := self.device.hear(data):
            self._say(said)

    def _say(self, good: bytes) -> None:
        if not isinstance(self.device, Relays):
            self._note(made=self.device.value)
        fault, before, self._before = self.fault if self.count > 0 else "", self._before, good
        self.count -= 1
        wait = THINKS_S + (self.ms / 1000 if fault == "late" else 0)
        asyncio.get_running_loop().call_later(wait, self._port.write, self._bent(fault, good, before))

    def _bent(self, fault: str, good: bytes, before: bytes) -> bytes:
        match fault:
            case "silent" | "deaf":
                return b""
            case "garbage":
                return self._lot.randbytes(len(good) + self._lot.randrange(9))
            case "truncated":
                return good[: self._lot.randrange(len(good))]
            case "bad_sum":
                at = self._lot.randrange(len(good))
                return good[:at] + bytes([good[at] ^ self._lot.randrange(1, 256)]) + good[at + 1 :]
            case "crossed":
                return before
            case "impossible":
                return self.device.frame(impossible=True)
            case _:
                return good

    def _moved(self, channel: int, on: bool) -> None:
        self._note(relay=channel, on=on)

    def _note(self, **row: object) -> None:
        with self._trace.open("a") as file:
            file.write(json.dumps({"at": mono(), "stream": self.name, **row}) + "\n")
