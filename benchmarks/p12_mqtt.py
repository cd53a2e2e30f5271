"""P12: from an order to the ACK of a node over a real Mosquitto, against a raw client; and 200 nodes that speak."""

import asyncio
import contextlib
import json
import multiprocessing
import os
import resource
import shutil
import socket
import tempfile
import time
from pathlib import Path

import uvloop
from rows import Goal, main, quantile

from edgectl.drivers.links.mqtt import MqttLink
from edgectl.drivers.nodes.hydro2 import Hydro2
from edgectl.drivers.nodes.owner import NodeOwner
from edgectl.drivers.nodes.session import NodeTask
from edgectl.drivers.registry import find
from edgectl.drivers.wiring import Broker, Bus, Device
from edgectl.host.clock import SystemClock
from edgectl.host.timer import Alarm
from edgectl.model.inputs import Input, Reply, ReplyStatus, Samples, Send
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import SECOND
from edgectl.testing.broker import Broker as Mosquitto

ROUNDS, ORDERS, WARM = 3, 200, 20
NODES, WORDS = 200, 100  # of each node
ORDER = "hydro/gh-1/zone-1/nd-1/pump_main/command"
ANSWER = "hydro/gh-1/zone-1/nd-1/pump_main/command_response"


# ---------------------------------------------------------------- MQTT 3.1.1 by hand, as little as it takes


def packet(head: int, body: bytes) -> bytes:
    length, size = b"", len(body)
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | (128 if size else 0)])
        if not size:
            return bytes([head]) + length + body


def text(words: str) -> bytes:
    return len(words.encode()).to_bytes(2, "big") + words.encode()


def connect(name: str) -> bytes:
    return packet(0x10, text("MQTT") + bytes([4, 2, 0, 60]) + text(name))


def subscribe(topics: str) -> bytes:
    return packet(0x82, b"\0\1" + text(topics) + b"\1")


def publish(topic: str, payload: bytes, number: int) -> bytes:
    return packet(0x32, text(topic) + (number % 65535 + 1).to_bytes(2, "big") + payload)


class Raw(asyncio.Protocol):
    """A client that does nothing but speak: every PUBLISH is acknowledged and handed on."""

    def __init__(self, name: str, topics: str) -> None:
        self.name, self.topics, self.heard = name, topics, b""
        self.ready = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        transport.write(connect(self.name))

    def data_received(self, data: bytes) -> None:
        self.heard += data
        while len(self.heard) >= 2:
            size, shift, at = 0, 0, 1
            while True:
                if at >= len(self.heard):
                    return
                size |= (self.heard[at] & 127) << shift
                shift, at = shift + 7, at + 1
                if self.heard[at - 1] < 128:
                    break
            if len(self.heard) < at + size:
                return
            head, body, self.heard = self.heard[0], self.heard[at : at + size], self.heard[at + size :]
            self.took(head, body)

    def took(self, head: int, body: bytes) -> None:
        assert self.transport is not None
        if head >> 4 == 2:
            self.transport.write(subscribe(self.topics))
        elif head >> 4 == 9:
            self.ready.set_result(None)
        elif head >> 4 == 3:
            end = 2 + int.from_bytes(body[:2], "big")
            self.transport.write(packet(0x40, body[end : end + 2]))
            self.message(body[end + 2 :])

    def message(self, payload: bytes) -> None:
        raise NotImplementedError


class Responder(Raw):
    """The node: ACK to whatever is ordered, at once."""

    number = 0

    def message(self, payload: bytes) -> None:
        self.number += 1
        cmd_id = json.loads(payload)["cmd_id"]
        answer = b'{"cmd_id":"%s","status":"ACK","ts":1737355112000}' % cmd_id.encode()
        assert self.transport is not None
        self.transport.write(publish(ANSWER, answer, self.number))


class Asker(Raw):
    """The opponent: an order as bytes, the ACK as JSON."""

    waiting: "asyncio.Future[str]"

    def message(self, payload: bytes) -> None:
        if not self.waiting.done():
            self.waiting.set_result(json.loads(payload)["cmd_id"])


def node(port: int) -> None:
    async def live() -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Responder("nd-1", ORDER), "127.0.0.1", port)
        await asyncio.Event().wait()

    uvloop.run(live())


# ---------------------------------------------------------------- the two sides


async def raw(port: int, took: list[float]) -> None:
    loop = asyncio.get_running_loop()
    transport, asker = await loop.create_connection(lambda: Asker("raw", ANSWER), "127.0.0.1", port)
    await asker.ready
    answered = False
    while not answered:  # the node may still be on its way
        asker.waiting = loop.create_future()
        transport.write(publish(ORDER, b'{"cmd_id":"there?"}', 0))
        with contextlib.suppress(TimeoutError):
            answered = bool(await asyncio.wait_for(asker.waiting, 0.5))
    await asyncio.sleep(0.1)
    for number in range(ORDERS + WARM):
        body = {
            "cmd": "run_pump",
            "cmd_id": f"r-{time.monotonic_ns()}",
            "params": {"duration_ms": 1000},
            "sig": "0" * 64,
        }
        asker.waiting = loop.create_future()
        begin = time.monotonic_ns()
        transport.write(publish(ORDER, json.dumps({**body, "ts": 1737355112}).encode(), number))
        assert await asker.waiting == body["cmd_id"]
        if number >= WARM:
            took.append(time.monotonic_ns() - begin)
        await asyncio.sleep(0.001)
    transport.close()


def site(devices: int) -> Site:
    pump = Actuator(name="pump", channel="n0.pump_main", role=Role.PUMP, fail_safe=FailSafe.PULSE, max_on=3600 * SECOND)
    sensors = {f"s{n}": Sensor(name=f"s{n}", channel=f"n{n}.level_clean_min", unit="") for n in range(devices)}
    return Site(
        site_id="gh-1", name="b", timezone="UTC", sensors=sensors, actuators={"pump": pump}, zones={},
        nodes=frozenset(f"n{n}" for n in range(devices)),
    )  # fmt: skip


def task_of(port: int, devices: int, deliver: object, clock: SystemClock) -> NodeTask:
    line = Broker(host="127.0.0.1", port=port, protocol="hydro2", house="gh-1")
    profile = find("hydro2-irrig")
    nodes = tuple(
        Device(name=f"n{n}", unit=None, profile=profile, node=f"nd-{n + 1}", zone="zone-1") for n in range(devices)
    )
    bus = Bus(name="nodes", kind="mqtt", line=line, devices=nodes)
    owner = NodeOwner(bus, site(devices), Hydro2(bus, lambda device: b"secret"), life="00000000")
    owner._ask_at.clear()  # the questions for the state would be in the way of what is measured
    loop = asyncio.get_running_loop()
    link = MqttLink(line, f"edgectl-bench-{devices}", lambda name: Path(name))
    return NodeTask(owner, link, now=clock.now, deliver=deliver, alarm=lambda ring: Alarm(loop, ring))  # type: ignore[arg-type]


async def ours(port: int, took: list[float]) -> None:
    loop, clock = asyncio.get_running_loop(), SystemClock()
    waiting: asyncio.Future[str] = loop.create_future()

    def deliver(item: Input, then: object = None) -> None:
        if callable(then):
            then()
        if isinstance(item, Reply) and item.status is ReplyStatus.ECHO and not waiting.done():
            waiting.set_result(item.cmd_id)

    task = task_of(port, 1, deliver, clock)
    running = asyncio.create_task(task.run())
    while not task.up:  # noqa: ASYNC110  once, before anything is measured
        await asyncio.sleep(0.01)
    for number in range(ORDERS + WARM):
        now = clock.now().mono
        send = Send(cmd_id=f"o-{now}", actuator="pump", on=True, lease=SECOND, not_after=now + 5 * SECOND)
        waiting = loop.create_future()
        begin = time.monotonic_ns()
        task.take(send)
        assert await waiting == send.cmd_id
        if number >= WARM:
            took.append(time.monotonic_ns() - begin)
        await asyncio.sleep(0.001)
        task.owner._books.__init__()  # type: ignore[misc]  # as if each run had ended
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def crowd(port: int) -> None:
    """200 nodes through one line: each says its level over and over."""
    line = socket.create_connection(("127.0.0.1", port))
    line.sendall(connect("crowd"))
    line.recv(4)
    body = b'{"metric_type":"WATER_LEVEL_SWITCH","value":1,"ts":%d}' % int(time.time())
    for _ in range(WORDS):
        line.sendall(
            b"".join(
                packet(0x30, text(f"hydro/gh-1/zone-1/nd-{n + 1}/level_clean_min/telemetry") + body)
                for n in range(NODES)
            )
        )
    line.close()


async def flood(port: int) -> tuple[float, float, int]:
    """Readings per second, their share that came, and by how much the process grew (kB)."""
    heard, last = 0, 0

    def deliver(item: Input, then: object = None) -> None:
        nonlocal heard, last
        if isinstance(item, Samples):
            heard, last = heard + 1, time.monotonic_ns()

    task = task_of(port, NODES, deliver, SystemClock())
    running = asyncio.create_task(task.run())
    while not task.up:  # noqa: ASYNC110  once, before anything is measured
        await asyncio.sleep(0.01)
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic_ns()
    speaking = multiprocessing.get_context("spawn").Process(target=crowd, args=(port,))
    speaking.start()
    while not heard or time.monotonic_ns() - last < 500_000_000:
        await asyncio.sleep(0.05)
        if not heard:
            begin = time.monotonic_ns()
    speaking.join()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return heard / ((last - begin) / 1e9), heard / (NODES * WORDS), grown


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    mine: list[float] = []
    bare: list[float] = []
    cpu = {raw: 0, ours: 0}  # what each side itself needs: on a busy machine the rest is waiting for the others
    folder = Path(tempfile.mkdtemp(prefix="edgectl-p12-"))
    with Mosquitto(folder) as broker:
        answering = multiprocessing.get_context("spawn").Process(target=node, args=(broker.port,), daemon=True)
        answering.start()
        for _ in range(ROUNDS):
            for side, took in ((raw, bare), (ours, mine)):
                begin = time.process_time_ns()
                uvloop.run(side(broker.port, took))
                cpu[side] += time.process_time_ns() - begin
        rate, share, grown = uvloop.run(flood(broker.port))
        answering.kill()
    shutil.rmtree(folder)
    numbers = [
        (name, f"p50 {quantile(v, 0.5) / 1e3:.0f} us  p99 {quantile(v, 0.99) / 1e3:.0f} us")
        for name, v in (("edgectl: order to ACK, signed and checked", mine), ("raw client: order to ACK", bare))
    ]
    each = ROUNDS * (ORDERS + WARM) * 1e3
    words = f"edgectl {cpu[ours] / each:.0f} us, raw {cpu[raw] / each:.0f} us"
    numbers.append(("CPU time of one order, connecting included", words))
    numbers.append(
        ("readings taken from 200 nodes at once", f"{rate:.0f} in a second, {share * 100:.1f} % of them came")
    )
    numbers.append(("growth of the process meanwhile", f"{grown} kB of {os.sysconf('SC_PHYS_PAGES') * 4} kB"))
    return numbers, [
        Goal(row="P12", what="p50 against raw", value=quantile(mine, 0.5) / quantile(bare, 0.5), limit=2.5),
        Goal(row="P12", what="p99 against raw", value=quantile(mine, 0.99) / quantile(bare, 0.99), limit=3.0),
    ]


if __name__ == "__main__":
    main("P12 order to a node", measure)
