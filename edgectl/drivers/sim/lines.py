"""The lines that the devices hang on: a pty that speaks RTU, and a TCP port. What can go wrong on the way back is bent
here; a device that is dead says nothing."""

import asyncio
from pathlib import Path

from edgectl.drivers.sim.clocks import mono
from edgectl.drivers.sim.faults import Faults
from edgectl.drivers.sim.part import Part
from edgectl.drivers.sim.ports import Port

_LENGTH = {1: 8, 2: 8, 3: 8, 4: 8, 5: 8, 6: 8}  # of a whole request frame; longer ones say their length themselves


def crc(data: bytes) -> bytes:
    """The Modbus checksum as it goes on the line."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


class SerialSide:
    """A pty whose other end has a name in a folder. Replies after a turnaround, at a paced speed if asked."""

    def __init__(
        self,
        path: Path,
        units: dict[int, Part],
        faults: Faults,
        *,
        turnaround_s: float,
        character_s: float,
    ) -> None:
        self.units, self.faults = units, faults
        self.requests = 0
        self.early = 0  # requests that began before the line had been silent for 3.5 characters
        self._turnaround, self._character = turnaround_s, character_s
        self._heard = b""
        self._quiet_since = 0
        self._port = Port(path, self._readable)
        self._pending: set[asyncio.Task[None]] = set()

    def plug(self) -> None:
        """Make the port."""
        self._port.plug()

    def unplug(self) -> None:
        """Take the port away."""
        self._port.unplug()
        self._heard = b""

    def _readable(self, data: bytes) -> None:
        if not self._heard and self._character and mono() - self._quiet_since < 3.5 * self._character * 1e9:
            self.early += 1
        self._heard += data
        while len(self._heard) >= 8:
            length = _LENGTH.get(self._heard[1], 9 + self._heard[6] if len(self._heard) > 6 else 8)
            frame = self._heard[:length]
            if len(frame) < length:
                return
            if crc(frame[:-2]) != frame[-2:]:
                self._heard = self._heard[1:]  # resynchronise
                continue
            self._heard = self._heard[length:]
            task = asyncio.get_running_loop().create_task(self._serve(frame))
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)

    async def _serve(self, frame: bytes) -> None:
        unit = frame[0]
        device = self.units.get(unit)
        self.requests += 1
        if device is None:
            return
        fault = self.faults.pick(unit)
        if fault is not None and fault.kind == "deaf":
            return  # the request never arrived: nothing moves
        if self._character:
            await asyncio.sleep(self._character * len(frame))
        if fault is not None and fault.kind == "exception":
            answer: bytes | None = bytes([frame[1] | 0x80, fault.code])
        else:
            answer = await device.reply(frame[1:-2])
        if answer is None:
            return
        if device.unit not in (None, unit) and self.units.pop(unit, None) is not None:
            self.units[device.unit or unit] = device
        body = bytes([unit]) + answer
        out = self.faults.bend(fault, body + crc(body))
        late = fault.ms / 1000 if fault is not None and fault.kind == "late" else 0.0
        await asyncio.sleep(self._turnaround + late + self._character * len(out))
        self._port.write(out)
        self._quiet_since = mono()


class TcpSide:
    """A Modbus TCP server with the same devices and faults."""

    def __init__(self, units: dict[int, Part], faults: Faults, *, turnaround_s: float) -> None:
        self.units, self.faults = units, faults
        self.requests = 0
        self._turnaround = turnaround_s
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Listen. Returns the port that the kernel chose."""
        self._server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def drop(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def close(self) -> None:
        """Cut every connection, and let whoever served one come to its end."""
        self.drop()
        if self._serving:
            await asyncio.wait(self._serving, timeout=1)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        if (serving := asyncio.current_task()) is not None:
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)
        try:
            while True:
                head = await reader.readexactly(7)
                pdu = await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
                self.requests += 1
                device = self.units.get(head[6])
                fault = self.faults.pick(head[6])
                if device is None or (fault is not None and fault.kind in ("silent", "deaf")):
                    continue
                if (answer := await device.reply(pdu)) is None:
                    continue
                if fault is not None and fault.kind == "exception":
                    answer = bytes([pdu[0] | 0x80, fault.code])
                if fault is not None and fault.kind == "crossed":
                    head = (int.from_bytes(head[:2], "big") - 1 & 0xFFFF).to_bytes(2, "big") + head[2:]
                out = head[:4] + (len(answer) + 1).to_bytes(2, "big") + head[6:] + answer
                if fault is not None and fault.kind == "truncated":
                    out = out[:-1]
                await asyncio.sleep(self._turnaround + (fault.ms / 1000 if fault is not None else 0.0))
                writer.write(out)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
