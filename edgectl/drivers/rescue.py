"""Switch outputs off without a daemon: synchronous, from bytes-level facts alone, a few tries each.

Used when nothing else of edgectl runs, so it shares with the rest only the codecs and the port lock.
"""

import contextlib
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import serial

from edgectl.drivers.codecs import ezo, modbus
from edgectl.drivers.codecs.ezo import Named
from edgectl.drivers.codecs.modbus import BadReply, Request
from edgectl.drivers.framing import Framing, RtuFraming, TcpFraming
from edgectl.drivers.links.rtu import lock_port
from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.wiring import RtuGateway, SerialLine

TRIES = 3
REPLY_WITHIN_S = 0.3
MOST_HEARD = 2048  # bytes of a line that babbles
ANSWERS_WITHIN_S = 1.2  # an EZO circuit thinks for 0.3 s before it answers, and nobody else waits for us


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescued:
    """What became of one output. `proven` means that it was read back off."""

    actuator: str
    proven: bool
    reason: str = ""


class _Talk:
    """One exchange after the other over an open line."""

    def __init__(self, framing: Framing, port: "serial.Serial | socket.socket") -> None:
        self._framing, self._port = framing, port

    def exchange(self, request: Request) -> bytes:
        """The reply PDU. Raises BadReply, also when nothing comes."""
        port, heard = self._port, b""
        frame = self._framing.frame(request)
        if isinstance(port, serial.Serial):
            port.reset_input_buffer()
            port.write(frame)
        else:
            port.sendall(frame)
        while True:
            try:
                data = port.read(256) if isinstance(port, serial.Serial) else port.recv(256)
            except TimeoutError:
                data = b""
            if not data:
                raise BadReply("no reply" if not heard else "no believable reply", heard)
            heard += data
            if (reply := self._framing.reply(request, heard)) is not None:
                return reply


def rescue(bus: Mapping[str, Any]) -> list[Rescued]:
    """Switch every output of one bus of a safe plan off and look at it."""
    outputs = bus["outputs"]
    try:
        if bus.get("kind") == "ezo-uart":
            return [_stop(bus["line"], output["actuator"]) for output in outputs]
        with _line(bus["line"]) as talk:
            return [_off(talk, output) for output in outputs]
    except (LinkDown, OSError, serial.SerialException) as error:
        return [Rescued(actuator=o["actuator"], proven=False, reason=f"bus {bus['name']}: {error}") for o in outputs]


def _off(talk: _Talk, output: Mapping[str, Any]) -> Rescued:
    name, unit, coil = output["actuator"], output["unit"], output["coil"]
    drawn = output.get("rests_drawn") is True  # its relay has to be drawn for the output to rest
    reason = ""
    for _ in range(TRIES):
        try:
            talk.exchange(modbus.write_coil(unit, coil, drawn))
            if modbus.bits(talk.exchange(modbus.read(unit, 1, coil, 1)), 1)[0] is drawn:
                return Rescued(actuator=name, proven=True)
            reason = "it was ordered off and reads back on"
        except BadReply as bad:
            reason = str(bad)
    return Rescued(actuator=name, proven=False, reason=reason)


def _stop(line: Mapping[str, Any], name: str) -> Rescued:
    """Stop a dosing pump, and ask whether it stands. Half an order in its buffer spoils at most the first try."""
    reason = "no reply"
    with _port(line, REPLY_WITHIN_S) as port:
        for _ in range(TRIES):
            _say(port, "X")
            for said in _say(port, "D,?"):
                if isinstance(said, Named) and said.name == "d":
                    if said.fields[-1:] == ("0",):
                        return Rescued(actuator=name, proven=True)
                    reason = "it was ordered to stop and says that it runs"
    return Rescued(actuator=name, proven=False, reason=reason)


def _say(port: "serial.Serial", command: str) -> tuple[ezo.Line, ...]:
    """What the circuit says to a command until it has been silent for a while."""
    port.reset_input_buffer()
    port.write(ezo.command(command))
    port.timeout = REPLY_WITHIN_S + ANSWERS_WITHIN_S
    heard = port.read_until(b"\r")
    port.timeout = REPLY_WITHIN_S
    while len(heard) < MOST_HEARD and (more := port.read_until(b"\r")):
        heard += more
    return ezo.lines(heard)


@contextlib.contextmanager
def _line(line: Mapping[str, Any]) -> Iterator[_Talk]:
    if "host" in line:
        with socket.create_connection((line["host"], line["port"]), timeout=REPLY_WITHIN_S * 4) as connection:
            connection.settimeout(REPLY_WITHIN_S)
            yield _Talk(RtuFraming(RtuGateway(**line)) if "baudrate" in line else TcpFraming(), connection)
        return
    framing = RtuFraming(SerialLine(**line))
    with _port(line, 0.02) as port:
        yield _Talk(framing, port)


@contextlib.contextmanager
def _port(line: Mapping[str, Any], between_bytes_s: float) -> Iterator["serial.Serial"]:
    with serial.Serial(
        line["port"],
        baudrate=line["baudrate"],
        parity=line["parity"],
        stopbits=line["stopbits"],
        timeout=REPLY_WITHIN_S,
        inter_byte_timeout=between_bytes_s,
    ) as port:
        lock_port(port.fileno(), line["port"])
        yield port
