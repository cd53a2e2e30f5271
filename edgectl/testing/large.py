"""A site of 1,500 channels, and everything on its network that answers: 720 air sensors, 10 relay boards, Modbus TCP.

`python -m edgectl.testing.large --site FILE` serves until it is ended; its first line is "ready".
"""

import argparse
import asyncio
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SENSOR_BUSES, SENSORS_EACH = 3, 240  # of two channels
BOARDS, ZONES = 10, 20  # of a pump, a valve and a lamp
CHANNELS = SENSOR_BUSES * SENSORS_EACH * 2 + ZONES * 3
KINDS = ("temperature", "humidity")
TENTHS = 10.0  # a pulse is told in tenths of a second


class Boards:
    """Relays that end their pulses by themselves, and registers of which those that matter have a meaning."""

    def __init__(self) -> None:
        self._until: dict[tuple[int, int], float] = {}

    def answer(self, unit: int, pdu: bytes) -> bytes:
        """What a device says to a request; an exception to what it does not know."""
        function, address, value = struct.unpack(">BHH", pdu[:5])
        match function:
            case 1 | 2:
                now = time.monotonic()
                bits = [function == 1 and self._until.get((unit, address + n), 0.0) > now for n in range(value)]
                packed = bytes(sum(bit << n for n, bit in enumerate(bits[at : at + 8])) for at in range(0, value, 8))
                return bytes((function, len(packed))) + packed
            case 3 | 4:
                known = 200 if address == 0x8000 else 210 if function == 4 else 0
                return struct.pack(f">BB{value}H", function, 2 * value, *[known] * value)
            case 5:
                self._switch(unit, address, value)
                return pdu[:5]
        return bytes((function | 0x80, 1))

    def _switch(self, unit: int, address: int, value: int) -> None:
        if 0x0200 <= address < 0x0300:
            self._until[unit, address - 0x0200] = time.monotonic() + value / TENTHS
        else:
            self._until[unit, address & 0xFF] = time.monotonic() + 1e9 if value == 0xFF00 else 0.0


async def serve(ports: int) -> list[int]:
    """Listen on so many ports of this machine. Returns them."""
    boards, found = Boards(), []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(7):
            transaction, _, length, unit = struct.unpack(">HHHB", head + await reader.readexactly(7 - len(head)))
            said = boards.answer(unit, await reader.readexactly(length - 1))
            writer.write(struct.pack(">HHHB", transaction, 0, len(said) + 1, unit) + said)
        writer.close()

    for _ in range(ports):
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        found.append(server.sockets[0].getsockname()[1])
    return found


def site_of(ports: list[int], every: str) -> str:
    """The site file."""
    buses = [f"  air_{n}: {{type: modbus-tcp, host: 127.0.0.1, port: {port}}}" for n, port in enumerate(ports[:-1])]
    buses.append(f"  relays: {{type: modbus-tcp, host: 127.0.0.1, port: {ports[-1]}}}")
    air = [(bus, unit) for bus in range(SENSOR_BUSES) for unit in range(1, SENSORS_EACH + 1)]
    devices = [f"  a{bus}_{unit}: {{bus: air_{bus}, profile: xy-md02, unit: {unit}}}" for bus, unit in air]
    devices += [f"  board_{n}: {{bus: relays, profile: waveshare-relay-8ch, unit: {n + 1}}}" for n in range(BOARDS)]
    places = [f"{bus}_{unit}" for bus, unit in air]
    sensors = [f"  {kind[0]}{at}: {{from: a{at}.{kind}, max_age: 60s}}" for at in places for kind in KINDS]
    actuators, zones, schedules = [], [], []
    for zone in range(ZONES):
        relays = [divmod(3 * zone + part, 8) for part in range(3)]
        pump, valve, lamp = (f"board_{board}.relay_{relay + 1}" for board, relay in relays)
        actuators.append(f"  pump_{zone}: {{to: {pump}, role: pump, max_on: 1m, run_down: 1s}}")
        actuators.append(f"  valve_{zone}: {{to: {valve}, role: valve, max_on: 2m, travel: 1s}}")
        actuators.append(f"  lamp_{zone}: {{to: {lamp}, role: light}}")
        parts = f"pump: pump_{zone}, valve: valve_{zone}, light: lamp_{zone}"
        zones.append(f"  bed_{zone}: {{number: {zone + 1}, {parts}}}")
        schedules.append(f"  water_{zone}: {{zone: bed_{zone}, task: irrigation, every: {every}, duration: 2s}}")
    listed = {"buses": buses, "devices": devices, "sensors": sensors, "actuators": actuators, "zones": zones}
    text = "site: {id: large, name: Large house, timezone: Europe/Berlin, restarts_allowed: 1000}\n"
    for name, lines in {**listed, "schedules": schedules}.items():
        text += f"{name}:\n" + "\n".join(lines) + "\n"
    return text + "declare: [air_gap, overflow, motor_overload, emergency_stop]\n"


@contextmanager
def large_house(folder: Path, *, every: str = "1h") -> Iterator[Path]:
    """The devices in a process of their own; gives the site file."""
    site = folder / "site.yaml"
    command = [sys.executable, "-m", "edgectl.testing.large", "--site", str(site), "--every", every]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline().strip() != "ready":
                raise RuntimeError("the large house did not start")
            yield site
        finally:
            process.terminate()
            process.wait(30)


async def _main(site: Path, every: str) -> None:
    ports = await serve(SENSOR_BUSES + 1)
    await asyncio.to_thread(site.write_text, site_of(ports, every))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--site", type=Path, required=True)
    parser.add_argument("--every", default="1h", help="How often each zone waters.")
    options = parser.parse_args()
    asyncio.run(_main(options.site, options.every))
