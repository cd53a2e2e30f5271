"""P6: Modbus TCP transactions per second and their CPU, against a raw uvloop loop and pymodbus on the same server."""

import asyncio
import multiprocessing
import statistics
import time

import uvloop
from one_sensor import UNIT, WARM_S, Meter, asked
from pymodbus.client import AsyncModbusTcpClient
from rows import Goal, main, spread

from edgectl.drivers.wiring import TcpHost
from edgectl.model.inputs import Input, Samples

ROUNDS, SECONDS = 5, 2.0
ASKED = b"\x00\x00\x00\x06\x07\x04\x00\x01\x00\x01"  # behind the number of the transaction


class Slave(asyncio.Protocol):
    """Answers every read with the same register, at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.heard = transport, b""

    def data_received(self, data: bytes) -> None:
        self.heard += data
        while len(self.heard) >= 12:
            head, self.heard = self.heard[:12], self.heard[12:]
            self.transport.write(head[:4] + b"\x00\x05" + head[6:8] + b"\x02\x00\xe1")  # type: ignore[attr-defined]


def serve(port: "multiprocessing.queues.Queue[int]") -> None:
    async def live() -> None:
        server = await asyncio.get_running_loop().create_server(Slave, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    uvloop.run(live())


class Raw(asyncio.Protocol):
    """The opponent: the next request when the reply is there."""

    count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.count += 1
        self.transport.write((self.count & 0xFFFF).to_bytes(2, "big") + ASKED)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        assert int.from_bytes(data[:2], "big") == self.count & 0xFFFF
        self.ask()


async def raw(port: int) -> Meter:
    transport, client = await asyncio.get_running_loop().create_connection(Raw, "127.0.0.1", port)
    meter = Meter(lambda: client.count)
    for span in (WARM_S, SECONDS):
        await asyncio.sleep(span)
        meter.mark()
    transport.abort()
    return meter


async def ours(port: int) -> Meter:
    heard = 0

    def deliver(item: Input) -> None:
        nonlocal heard
        heard += isinstance(item, Samples)

    meter = Meter(lambda: heard)
    await asked("modbus-tcp", TcpHost(host="127.0.0.1", port=port), SECONDS, deliver, meter)
    return meter


async def theirs(port: int) -> Meter:
    client, count = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=1, retries=0), 0
    meter = Meter(lambda: count)
    await client.connect()
    for span in (WARM_S, SECONDS):
        end = time.monotonic() + span
        while time.monotonic() < end:
            await client.read_input_registers(1, count=1, device_id=UNIT)
            count += 1
        meter.mark()
    client.close()
    return meter


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    sides = {"raw uvloop": raw, "edgectl": ours, "pymodbus": theirs}
    rates: dict[str, list[float]] = {name: [] for name in sides}
    cpus: dict[str, list[float]] = {name: [] for name in sides}
    made = multiprocessing.get_context("spawn")
    told = made.Queue()
    server = made.Process(target=serve, args=(told,), daemon=True)
    server.start()
    port = told.get(timeout=30)
    for _ in range(ROUNDS):
        for name, side in sides.items():
            meter = uvloop.run(side(port))
            cpus[name].append(meter.cpu_us)
            rates[name].append(meter.rate)
    server.kill()
    numbers = [(f"{name}: transactions/s", spread(values)) for name, values in rates.items()]
    numbers += [(f"{name}: CPU of one, us", spread(values)) for name, values in cpus.items()]
    rate, cpu = ({name: statistics.median(v) for name, v in found.items()} for found in (rates, cpus))
    quick, thrift = rate["edgectl"] / rate["raw uvloop"], cpu["edgectl"] / cpu["raw uvloop"]
    peer = rate["edgectl"] / rate["pymodbus"]
    return numbers, [
        Goal(row="P6", what="transactions/s against raw", value=quick, limit=0.75, at_most=False),
        Goal(row="P6", what="CPU of one against raw", value=thrift, limit=1.5),
        Goal(row="P6", what="transactions/s against pymodbus", value=peer, limit=1, at_most=False),
    ]


if __name__ == "__main__":
    main("P6 Modbus TCP", measure)
