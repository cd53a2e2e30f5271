"""EZO circuits in a process of their own, on real ports, each with one fault: no wrong value, and a pump that stops.

The circuits never print a number twice and write down when they measured it. A value counts as right only when it was
measured after its own question had left. All stories run side by side, because the circuits take their real time.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgectl.drivers.registry import find
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.inputs import DeviceHealth, MakeSafe, ReadBack, Reply, ReplyStatus, Samples, Send
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.testing.field import SimulatedField
from tests.contract.line_story import LineStory

HURT = {  # of a reading, and of the name that comes before it
    **{f"{kind}-{only}": {"kind": kind, "only": only, "count": 2} for kind in
       ("silent", "deaf", "garbage", "truncated", "crossed", "restart") for only in ("R", "i")},
    "late-R": {"kind": "late", "only": "R", "count": 2, "ms": 900},
    "very-late-R": {"kind": "late", "only": "R", "count": 1, "ms": 3000},
    "late-i": {"kind": "late", "only": "i", "count": 2, "ms": 900},
    "continuous": {"kind": "continuous"},
    "wrong-identity": {"kind": "wrong_identity"},
}  # fmt: skip
STOPS = ("none", "silent", "deaf", "garbage", "truncated", "late", "crossed", "restart")
DOSES = ("none", "silent", "deaf", "garbage", "crossed", "restart")
CHANNEL = {"pH": "ph", "EC": "ec", "DO": "oxygen", "RTD": "temperature", "PMP": "total_volume"}


@dataclass
class Story(LineStory):
    """One circuit."""

    total: float = 0.0

    def __post_init__(self) -> None:
        channel = f"{self.name}.{CHANNEL[self.kind]}"
        pump = Actuator(name="acid", channel=f"{self.name}.pump", role=Role.DOSING, fail_safe=FailSafe.PULSE)
        site = Site(
            site_id="s",
            name="s",
            timezone="UTC",
            sensors={"x": Sensor(name="x", channel=channel, unit="", poll_every=500 * MS)},
            actuators={"acid": pump} if self.kind == "PMP" else {},
            zones={},
        )
        profile = find(f"atlas-ezo-{self.kind.lower()}")
        line = SerialLine(port=str(self.sim.folder / f"bus-{self.name}"))
        device = Device(name=self.name, unit=None, profile=profile, ml_per_s={"pump": 0.5})
        bus = Bus(name="line", kind="ezo-uart", line=line, devices=(device,))
        self.wire(bus, site)

    def hurt(self, kind: str | None, **more: object) -> None:
        self.sim.hurt(self.name, kind, **more)

    def heard(self) -> list[str]:
        return [row["heard"] for row in self.rows if "heard" in row]

    async def dose(self, lease: Nanos) -> None:
        """Order a dose on a pump that is set up and shown to stand."""
        await self.until(lambda: any(item.on is False for item in self.of(ReadBack)))
        now = time.monotonic_ns()
        self.task.take(Send(cmd_id="c1", actuator="acid", on=True, lease=lease, not_after=now + 5 * SECOND))


async def reading(story: Story) -> None:
    await story.until(lambda: len(story.values()) >= 2)


async def hurt_reading(story: Story) -> None:
    await reading(story)
    before = len(story.values())
    story.hurt(**HURT[story.name])  # type: ignore[arg-type]
    if story.name == "wrong-identity":
        await story.until(lambda: any(not item.healthy for item in story.of(DeviceHealth)))
        assert len(story.values()) == before
        story.hurt(None)
    await story.until(lambda: len(story.values()) >= before + 3)


async def stop_in_the_middle(story: Story) -> None:
    await story.dose(60 * SECOND)
    await story.until(lambda: any(item.on is True for item in story.of(ReadBack)))
    if (kind := story.name.removeprefix("stop-")) != "none":
        story.hurt(kind, only="X", count=1, ms=1500)
    story.task.take(MakeSafe(actuator="acid", reason="test"))
    since = len(story.news)
    await story.until(
        lambda: (
            story.task.owner.offs_delivered
            and any(isinstance(item, ReadBack) and item.on is False for item in story.news[since:])
        )
    )


async def hurt_dose(story: Story) -> None:
    if (kind := story.name.removeprefix("dose-")) != "none":
        await story.until(lambda: any(item.on is False for item in story.of(ReadBack)))
        # D,? is a question of its own; only the order itself is hurt.
        story.hurt(kind, only="D,3.00,0.1000", count=1)
    await story.dose(6 * SECOND)
    await story.until(lambda: bool(story.of(Reply)) and story.of(Reply)[-1].status is not ReplyStatus.SENT)
    since = len(story.news)
    await story.until(
        lambda: (
            any(isinstance(item, ReadBack) and item.on is False for item in story.news[since:])
            and len([item for item in story.news[since:] if isinstance(item, Samples)]) >= 2
        )
    )


async def off_first(story: Story) -> None:
    await story.until(lambda: any(item.on is False for item in story.of(ReadBack)))


PLAYS: dict[str, tuple[str, Callable[[Story], Awaitable[None]]]] = {
    **{f"well-{kind}": (kind, reading) for kind in CHANNEL},
    **dict.fromkeys(HURT, ("pH", hurt_reading)),
    **{f"stop-{kind}": ("PMP", stop_in_the_middle) for kind in STOPS},
    **{f"dose-{kind}": ("PMP", hurt_dose) for kind in DOSES},
    "off-first": ("PMP", off_first),
}


async def play(story: Story, plot: Callable[[Story], Awaitable[None]]) -> None:
    if story.name == "off-first":
        story.task.take(MakeSafe(actuator="acid", reason="start"))
    running = asyncio.create_task(story.task.run())
    try:
        with contextlib.suppress(TimeoutError):
            await plot(story)
            story.finished = True
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        story.rows = story.sim.circuits(story.name)
        story.total = story.sim.control("state")["circuits"][story.name]["total"]


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Story]:
    folder: Path = tmp_path_factory.mktemp("ezo")

    async def all_of_them() -> dict[str, Story]:
        told = {name: Story(name, kind, sim) for name, (kind, _) in PLAYS.items()}
        await asyncio.gather(*(play(story, PLAYS[name][1]) for name, story in told.items()))
        return told

    with SimulatedField(folder, circuits={name: kind for name, (kind, _) in PLAYS.items()}) as sim:
        return asyncio.run(all_of_them())


@pytest.mark.parametrize("name", PLAYS)
def test_each_story_comes_to_its_end(stories: dict[str, Story], name: str) -> None:
    lines = stories[name].task.owner.log.lines
    assert stories[name].finished, [f"{line.direction} {line.data!r} {line.note}" for line in lines][-30:]


@pytest.mark.parametrize("name", [name for name, (kind, _) in PLAYS.items()])
def test_a_value_is_believed_only_when_it_was_measured_for_its_own_question(
    stories: dict[str, Story], name: str
) -> None:
    story = stories[name]
    if story.kind == "PMP":
        assert all(0 <= value <= story.total + 0.011 for _, value in story.values())
        return
    made = {float(row["made"].split(",")[0]): row["at"] for row in story.rows if "made" in row}
    assert len(story.values()) >= 2
    for asked_at, value in story.values():
        assert value in made, "nobody measured this"
        assert made[value] >= asked_at, "older than its question"


@pytest.mark.parametrize("name", PLAYS)
def test_continuous_mode_is_off_and_the_circuit_named_before_anything_is_read(
    stories: dict[str, Story], name: str
) -> None:
    heard = [text for text in stories[name].heard() if text != "X"]
    assert heard[:4] == ["*OK,1", "C,0", "C,?", "i"]
    places = [index for index, text in enumerate(heard) if text == "R"]
    assert all(heard[index - 1] in ("i", "O,?", "S,?") for index in places)


@pytest.mark.parametrize("name", ["restart-R", "restart-i", "continuous"])
def test_a_circuit_that_lost_its_settings_is_set_up_again(stories: dict[str, Story], name: str) -> None:
    assert stories[name].heard().count("C,0") >= 2


def test_a_wrong_circuit_is_named_and_not_read(stories: dict[str, Story]) -> None:
    story = stories["wrong-identity"]
    reasons = [item.reason for item in story.of(DeviceHealth) if not item.healthy]
    assert any("circuit is ORP, it must be ph" in reason for reason in reasons)
    assert story.of(DeviceHealth)[-1].healthy


def test_an_off_is_the_first_word_on_the_line(stories: dict[str, Story]) -> None:
    assert stories["off-first"].heard()[0] == "X"


@pytest.mark.parametrize("kind", STOPS)
def test_a_pump_is_stopped_whatever_happens_to_the_answer(stories: dict[str, Story], kind: str) -> None:
    story = stories[f"stop-{kind}"]
    heard = story.heard()
    assert heard.count("D,30.00,1.0000") == 1
    assert "X" in heard
    assert story.total < 15, "it was stopped long before the end of its dose"


@pytest.mark.parametrize("kind", DOSES)
def test_a_dose_is_ordered_once_and_its_answer_is_never_made_up(stories: dict[str, Story], kind: str) -> None:
    story = stories[f"dose-{kind}"]
    assert story.heard().count("D,3.00,0.1000") == 1
    good = kind == "none"
    assert story.of(Reply)[-1].status is (ReplyStatus.ECHO if good else ReplyStatus.TIMEOUT)
    if kind in ("none", "silent", "crossed", "garbage"):
        # What really flowed is learned from the counter of the pump.
        assert story.values()[-1][1] > 0 or story.total == pytest.approx(3, abs=0.01)
