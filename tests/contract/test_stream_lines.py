"""Devices that speak frames in a process of their own, on real ports, each with one fault: no wrong value or DONE.

The sensors never print a number twice and write down when they measured it. A value counts as right only when it was
measured after its own listening had begun. All stories run side by side.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from edgectl.daemon.safeplan import plan_of
from edgectl.drivers.registry import find
from edgectl.drivers.rescue import rescue
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.inputs import (
    AskState,
    DeviceHealth,
    MakeSafe,
    ReadBack,
    Reply,
    ReplyStatus,
    Send,
)
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.testing.field import SimulatedField
from tests.contract.line_story import LineStory

pytestmark = pytest.mark.timeout(240)

PROFILE = {
    "sonar": "a02yyuw",
    "gas": "mh-z19",
    "davis": "davis-vantage",
    "lcus4": "lcus-relay-4ch",
    "lcus2": "lcus-relay-4ch",
}
CHANNEL = {"sonar": "distance", "gas": "co2", "davis": "radiation"}
HURT: dict[str, dict[str, dict[str, Any]]] = {
    "sonar": {kind: {"count": 12} for kind in ("silent", "garbage", "truncated", "bad_sum", "impossible")},
    "gas": {
        **{kind: {"count": 3} for kind in ("silent", "garbage", "truncated", "bad_sum", "impossible")},
        "late": {"count": 2, "ms": 900},
    },
    "davis": {kind: {"count": 2} for kind in ("silent", "garbage", "truncated", "bad_sum", "impossible")},
}


@dataclass
class Story(LineStory):
    """A sensor or a board."""

    site: Site = field(init=False)
    bus: Bus = field(init=False)

    def __post_init__(self) -> None:
        sensors = {}
        if self.kind in CHANNEL:
            channel = f"it.{CHANNEL[self.kind]}"
            sensors = {"x": Sensor(name="x", channel=channel, unit="", poll_every=500 * MS)}
        outputs = {} if sensors else {"pump": Role.PUMP, "lamp": Role.LIGHT}
        self.site = Site(
            site_id="s",
            name="s",
            timezone="UTC",
            sensors=sensors,
            actuators={
                name: Actuator(name=name, channel=f"it.relay_{n}", role=role, fail_safe=FailSafe.NONE)
                for n, (name, role) in enumerate(outputs.items(), 1)
            },
            zones={},
        )
        line = SerialLine(port=str(self.sim.folder / f"bus-{self.name}"))
        device = Device(name="it", unit=None, profile=replace(find(PROFILE[self.kind]), warm_up=0))
        self.bus = Bus(name="line", kind="serial-lines", line=line, devices=(device,))
        self.wire(self.bus, self.site)

    def seen(self, since: int = 0) -> list[bool | None]:
        return [item.on for item in self.news[since:] if isinstance(item, ReadBack) and item.actuator == "pump"]

    def send(self, cmd_id: str, *, lease: Nanos | None) -> None:
        now = time.monotonic_ns()
        self.task.take(Send(cmd_id=cmd_id, actuator="pump", on=True, lease=lease, not_after=now + 5 * SECOND))

    def replies(self, cmd_id: str) -> list[ReplyStatus]:
        return [item.status for item in self.of(Reply) if item.cmd_id == cmd_id]


async def reading(story: Story) -> None:
    await story.until(lambda: len(story.values()) >= 2)
    before = len(story.values())
    if fault := story.name.partition("-")[2]:
        story.sim.trouble(story.name, fault, **HURT[story.kind][fault])
    await story.until(lambda: len(story.values()) >= before + 4)


async def switching(story: Story) -> None:
    """On, seen on, off, seen off; in between what the story is named after."""
    fault = story.name.partition("-")[2]
    await story.until(lambda: False in story.seen())
    if fault:
        story.sim.trouble(story.name, fault)
    since = len(story.news)
    story.send("c1", lease=60 * SECOND)
    await story.until(lambda: ReplyStatus.ECHO in story.replies("c1"))
    story.task.take(AskState(actuator="pump"))
    if fault in ("deaf", "silent", "garbage", "truncated"):
        await story.until(lambda: any(not item.healthy for item in story.of(DeviceHealth)))
        assert True not in story.seen(since), "nothing that was not shown is believed"
    elif fault == "stuck":
        await story.until(lambda: False in story.seen(since))
        assert True not in story.seen(since)
    else:
        await story.until(lambda: True in story.seen(since))
    since = len(story.news)
    story.task.take(MakeSafe(actuator="pump", reason="test"))
    story.task.take(AskState(actuator="pump"))
    if fault:
        assert fault == "stuck" or not story.task.owner.offs_delivered
        story.sim.trouble(story.name, None)
    await story.until(lambda: story.task.owner.offs_delivered)
    await story.until(lambda: False in story.seen(since))


async def ending(story: Story) -> None:
    """The board ends nothing by itself, so its owner does."""
    await story.until(lambda: False in story.seen())
    story.send("c1", lease=SECOND)
    await story.until(lambda: ReplyStatus.ECHO in story.replies("c1"))
    story.task.take(AskState(actuator="pump"))
    await story.until(lambda: True in story.seen())
    since = len(story.news)
    await story.until(lambda: False in story.seen(since) and story.task.owner.offs_delivered)


async def another_board(story: Story) -> None:
    """Two relays where four are written: it never shows itself, and nothing but an OFF goes to it."""
    await story.until(lambda: any(not item.healthy for item in story.of(DeviceHealth)))
    story.send("c1", lease=SECOND)
    await story.until(lambda: bool(story.replies("c1")))
    assert ReplyStatus.ECHO not in story.replies("c1")
    assert True not in story.seen()
    assert not story.sim.streams(story.name), "no relay has moved"


async def rescued(story: Story) -> None:
    """With nobody on the line, the plan alone switches off what the last life left on."""
    await story.until(lambda: False in story.seen())
    story.send("c1", lease=600 * SECOND)
    await story.until(lambda: ReplyStatus.ECHO in story.replies("c1"))
    story.task.take(AskState(actuator="pump"))
    await story.until(lambda: True in story.seen())


STORIES: dict[str, tuple[str, Callable[[Story], Awaitable[None]]]] = {
    **{kind: (kind, reading) for kind in CHANNEL},
    **{f"{kind}-{fault}": (kind, reading) for kind, faults in HURT.items() for fault in faults},
    **{f"board{fault}": ("lcus4", switching) for fault in ("", "-deaf", "-silent", "-garbage", "-truncated", "-stuck")},
    "ending": ("lcus4", ending),
    "fewer": ("lcus2", another_board),
    "rescued": ("lcus4", rescued),
}


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Story]:
    """All of them, lived at the same time."""
    folder: Path = tmp_path_factory.mktemp("streams")
    kinds = {name: kind for name, (kind, _) in STORIES.items()}
    with SimulatedField(folder, streams=kinds) as sim:
        lived = asyncio.run(_live(sim))
        rows = rescue(plan_of(lived["rescued"].site, (lived["rescued"].bus,))["buses"][0])
        assert [(row.actuator, row.proven) for row in rows] == [("pump", True)]
        for story in lived.values():
            story.rows = sim.streams(story.name)
    return lived


async def _live(sim: SimulatedField) -> dict[str, Story]:
    lived = {name: Story(name, kind, sim) for name, (kind, _) in STORIES.items()}
    running = [asyncio.create_task(story.task.run()) for story in lived.values()]

    async def tell(story: Story) -> None:
        try:
            await STORIES[story.name][1](story)
        except TimeoutError as late:
            late.add_note(f"{story.name}: {story.news[-5:]} {list(story.task.owner.log.lines)[-8:]}")
            raise
        story.finished = True

    try:
        await asyncio.gather(*(tell(story) for story in lived.values()))
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return lived


@pytest.mark.parametrize("name", STORIES)
def test_every_story_comes_to_its_end(stories: dict[str, Story], name: str) -> None:
    assert stories[name].finished


@pytest.mark.parametrize("name", [name for name, (kind, _) in STORIES.items() if kind in CHANNEL])
def test_each_value_was_measured_after_its_listening_began(stories: dict[str, Story], name: str) -> None:
    story = stories[name]
    made = {row["made"]: row["at"] for row in story.rows if "made" in row}
    assert len(story.values()) >= 6
    for at, value in story.values():
        assert value in made, f"{value} was never measured"
        assert made[value] >= at, f"{value} is older than its question"


def test_what_can_be_seen_of_a_board_is_what_its_relays_did(stories: dict[str, Story]) -> None:
    def moved(name: str) -> list[bool]:
        return [row["on"] for row in stories[name].rows if row.get("relay") == 1]

    assert moved("board") == moved("ending") == moved("rescued") == [True, False]
    assert moved("board-deaf") == moved("board-stuck") == moved("fewer") == []
    assert moved("board-silent") == [True, False], "it heard, though it showed nothing"
