"""The last look at the lease, in the instant in which something leaves: on a line of frames and on a broker."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from edgectl.drivers.line import BusTask
from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.nodes.session import NodeTask
from edgectl.model.inputs import Input, MakeSafe
from edgectl.model.time import SECOND, Nanos, Now
from tests.unit.test_bus_owner import RTU, SITE, BusOwner


@dataclass
class Wire:
    """A line that is open at once and keeps what was said."""

    identifier, forgot = "we", False

    said: list[Any] = field(default_factory=list)
    opened: int = 0
    room: int = 9

    async def open(self, *_: Any) -> None:
        self.opened += 1

    def write(self, data: bytes) -> None:
        self.said.append(data)

    def publish(self, message: Any) -> bool:
        self.said.append(message)
        return True

    def close(self) -> None:
        pass


class Chatter:
    """A node owner that has something to say whenever its line is up."""

    speaks = SimpleNamespace(subscriptions=())
    up = False

    def step(self, now: Now, *, room: int) -> list[str]:
        return ["order"] if self.up else []

    def link(self, up: bool, now: Nanos, why: str = "", *, forgot: bool = False) -> None:
        self.up = up

    def news(self) -> list[Input]:
        return []

    def wake_at(self, now: Nanos) -> None:
        return None


class Silent:
    """A timer that nobody waits for."""

    def __init__(self, ring: Callable[[], None]) -> None:
        pass

    def set(self, at: Nanos, *, seldom: bool = False) -> None:
        pass

    def cancel(self) -> None:
        pass


@dataclass
class Lease:
    until: Nanos = 10 * SECOND
    now: Nanos = 0

    def may_speak(self, now: Nanos) -> bool:
        return now < self.until


def frames(wire: Wire, lease: Lease) -> BusTask:
    return BusTask(
        BusOwner(RTU, SITE),
        wire,
        mono=lambda: lease.now,
        deliver=lambda _: None,
        alarm=Silent,
        may_speak=lease.may_speak,
    )


def nodes(wire: Wire, lease: Lease) -> NodeTask:
    def both() -> Now:
        return Now(mono=lease.now, wall=lease.now)

    def deliver(item: Input, then: Callable[[], None] | None = None) -> None:
        pass

    owner: Any = Chatter()
    link: Any = wire
    return NodeTask(owner, link, now=both, deliver=deliver, alarm=Silent, may_speak=lease.may_speak)


async def turns() -> None:
    """Whatever can happen now has happened."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("make", [frames, nodes])
async def test_nothing_leaves_after_the_lease_not_even_an_off(make: Callable[[Wire, Lease], Any]) -> None:
    wire, lease = Wire(), Lease()
    task = make(wire, lease)
    running = asyncio.create_task(task.run())
    await turns()
    assert wire.said, "while it leads it speaks"
    lease.now = lease.until
    before = list(wire.said)
    if isinstance(task, BusTask):
        task.take(MakeSafe(actuator="pump", reason="too late"))
    else:
        task._pump()
    await turns()
    assert wire.said == before
    assert not task.up
    assert "leads no more" in task.reason
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("make", [frames, nodes])
async def test_who_does_not_lead_does_not_open(make: Callable[[Wire, Lease], Any]) -> None:
    wire, lease = Wire(), Lease(until=0)
    task = make(wire, lease)
    running = asyncio.create_task(task.run())
    await turns()
    assert (wire.opened, wire.said) == (0, [])
    assert "does not lead" in task.reason
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("fails", [True, False])
def test_a_node_bus_ends_also_when_its_line_hides_that_it_was_cancelled(fails: bool) -> None:
    """A wait with a deadline that is over in the same instant does so; it cannot be made to happen for real."""

    class Hiding(Wire):
        async def open(self, *_: Any) -> None:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if fails:
                    raise LinkDown("it timed out") from None

    async def scene() -> None:
        running = asyncio.create_task(nodes(Hiding(), Lease()).run())
        await turns()
        running.cancel()
        async with asyncio.timeout(30):
            await asyncio.wait([running])

    asyncio.run(scene())
