"""Readings as they are read: only when somebody wants them, for as long as he wants them, and with a bound."""

import asyncio
import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgectl.config.loader import load
from edgectl.daemon.telemetry import Telemetry
from edgectl.engine.rules import raw
from edgectl.journal.minutes import body_of_reel, reel_of
from edgectl.journal.outbox import JournalOutbox
from edgectl.journal.writer import JournalWriter
from edgectl.model.ask import Ask, SendRaw
from edgectl.model.channel import Sample
from edgectl.model.inputs import CentreRequest, Input, Samples, TelemetryDropped
from edgectl.model.site import Central, Sensor
from edgectl.model.telemetry import MINUTE, Raw, RawHours
from edgectl.model.time import MS, SECOND, Now, from_datetime
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World
from edgectl.sync.raw import Tape
from tests.unit.site_files import SMALL, rejected

LEVEL = Sensor(name="level", channel="probe.level", unit="%", scale=(0, 250, 0, 100), low=0, high=100)
PAIR = Sensor(name="ph", channel="a.ph", unit="pH", median_of=("a.ph", "b.ph"))
NOON = 1_780_000_020 * SECOND  # the beginning of a minute


def block(channel: str, values: list[float]) -> list[Sample]:
    return [Sample(sample_id=n, channel=channel, value=value, at=n * SECOND) for n, value in enumerate(values)]


QUARTERS = st.integers(-400, 1400).map(lambda n: n / 4) | st.sampled_from([math.inf, -math.inf, math.nan])


@given(st.lists(QUARTERS, max_size=30), st.integers(0, 40))
def test_each_sample_is_on_the_tape_or_counted(values: list[float], most: int) -> None:
    tape = Tape([LEVEL, PAIR], most=most)
    now = Now(mono=100 * SECOND, wall=NOON + 100 * SECOND)
    tape.add(block("probe.level", values), frozenset({"level"}), now)
    tape.add(block("a.ph", values), frozenset({"level"}), now)
    samples, lost = tape.cut()
    assert len(samples) + lost == len(values)
    assert len(samples) <= most
    for number, (one, said) in enumerate(zip(values, samples, strict=False)):
        assert (said.sensor, said.at) == ("level", NOON + number * SECOND), "it bears the instant of its read"
        assert said.good == (0 <= one <= 250)
        assert said.value is None or math.isclose(said.value, one * 100 / 250, rel_tol=1e-5)
    assert tape.cut() == ((), 0)


@given(
    st.lists(
        st.builds(
            Raw,
            sensor=st.sampled_from(["ph", "ec"]),
            channel=st.sampled_from(["a.x", "b.x"]),
            at=st.integers(-5000, 60_000_000).map(lambda us: NOON + us * 1000),
            value=st.none() | st.floats(-100, 100),
            good=st.booleans(),
        ),
        max_size=20,
    )
)
def test_a_row_holds_its_samples_as_they_were(samples: list[Raw]) -> None:
    kept = reel_of(7, NOON, body_of_reel(NOON, tuple(samples)))
    assert sorted(map(repr, kept.samples)) == sorted(map(repr, samples))


async def test_samples_are_kept_in_their_hours_within_a_budget_and_drops_are_counted(tmp_path: Path) -> None:
    """The hours of the site file, in the local time of the house; beside them what the centre has asked for."""
    site = replace(example_site(), timezone="Europe/Berlin", sensors={"level": LEVEL, "ph": PAIR})
    six = from_datetime(datetime(2026, 6, 1, 4, tzinfo=UTC))  # six in Berlin
    hours = RawHours(sensors=("level",), start_minute=360, length=10 * MINUTE)
    central = Central(credential="c", raw=(hours,), raw_budget=3000)
    now, told, asked = Now(mono=0, wall=six - SECOND), list[Input](), list[tuple[str, ...]]()

    class Hands:
        def now(self) -> Now:
            return now

    writer = JournalWriter(tmp_path / "journal.db")
    await writer.start()
    telemetry = Telemetry(site, central, writer, Hands(), offer=told.append, asked=lambda: asked)  # type: ignore[arg-type]

    def read() -> None:
        telemetry.take(Samples(block=(*block("probe.level", [1.0, 2.0]), *block("a.ph", [6.0]))))

    read()
    now = Now(mono=SECOND, wall=six)
    read()
    asked.append(("ph", "gone"))
    now = Now(mono=2 * SECOND, wall=six + SECOND)
    read()
    now = Now(mono=700 * SECOND, wall=six + 11 * MINUTE)
    read()
    asked[:] = [()]
    now = Now(mono=800 * SECOND, wall=six + 13 * MINUTE)
    read()
    await telemetry.keep(six)
    outbox = JournalOutbox(writer.path, writer)
    (reel,) = await outbox.reels(10)
    assert [one.sensor for one in reel.samples] == ["level"] * 6 + ["ph"] * 3
    assert not told
    kept = len(reel.samples)
    for minute in range(1, 30):
        for _ in range(20):
            read()
        await telemetry.keep(six + minute * MINUTE)
        kept += 60
    held = await outbox.reels(100)
    lost = sum(item.samples for item in told if isinstance(item, TelemetryDropped))
    assert (sum(len(reel.samples) for reel in held) + lost, telemetry.dropped_samples) == (kept, lost)
    assert lost > 0
    assert [one.number for one in held] == sorted(one.number for one in held)
    await outbox.forget_reels(held[-1].number)
    assert await outbox.reels(100) == []
    await writer.close()


async def test_a_minute_that_is_over_reaches_the_disk_also_when_the_daemon_ends_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = replace(example_site(), sensors={"level": LEVEL, "ph": PAIR})
    writer, cut, goes_on = JournalWriter(tmp_path / "journal.db"), asyncio.Event(), asyncio.Event()
    at = Now(mono=0, wall=NOON + MINUTE - MS)

    class Hands:
        def now(self) -> Now:
            return at

    to_thread = asyncio.to_thread

    async def slow(work: Any, *given: Any) -> Any:
        cut.set()
        await goes_on.wait()
        return await to_thread(work, *given)

    await writer.start()
    telemetry = Telemetry(site, Central(credential="c"), writer, Hands(), offer=lambda _: None, asked=list)  # type: ignore[arg-type]
    telemetry.take(Samples(block=block("a.ph", [6.0])))
    monkeypatch.setattr("edgectl.daemon.telemetry.asyncio.to_thread", slow)
    running = asyncio.create_task(telemetry.run())
    await asyncio.wait_for(cut.wait(), 20)
    running.cancel()
    goes_on.set()
    await asyncio.wait([running])
    monkeypatch.undo()
    assert await JournalOutbox(writer.path, writer).minutes(10), "the minute that was cut"
    await writer.close()


def asked(house: World, name: str, sensors: tuple[str, ...], lasts: int) -> dict[str, Any]:
    wish = SendRaw(token=9, name=name, sensors=sensors, lasts=lasts, who="centre:desk")
    ask = Ask(request_id=name, kind="raw", due_at=house.wall, expires_at=house.wall + 3600 * SECOND, created_by="desk")
    house.offer(CentreRequest(token=9, ask=ask, wish=wish))
    house.run(house.now + 2 * SECOND)
    (said,) = [e for e in house.journal.timeline if e.event_type == "CENTRE_REQUEST_ANSWERED" and name in str(e)]
    return dict(said.details)


def test_a_request_holds_for_its_time_across_a_restart_and_then_ends() -> None:
    house = World(example_site(), example_schedules(), 1)
    house.run(60 * SECOND)
    sensor = next(iter(house.state.site.sensors))
    assert asked(house, "request-raw-1", (sensor,), 600 * SECOND)["ok"]
    assert raw.wanted(house.state.latches) == [(sensor,)]
    house._begin()
    house.run(house.now + 60 * SECOND)
    assert raw.wanted(house.state.latches) == [(sensor,)]
    house.run(house.now + 600 * SECOND)
    assert raw.wanted(house.state.latches) == []
    told = [e.event_type for e in house.journal.timeline if e.event_type.startswith("RAW_")]
    assert told == ["RAW_BEGUN", "RAW_ENDED"]


def test_what_is_too_long_too_many_or_unknown_is_refused_and_places_are_used_again() -> None:
    house = World(example_site(), example_schedules(), 1)
    house.run(60 * SECOND)
    unknown = asked(house, "request-raw-x", ("nothing",), SECOND)
    assert (unknown["code"], "there is no sensor 'nothing'; there are: " in unknown["why"]) == ("unknown_sensor", True)
    for lasts in (0, raw.LONGEST + 1):
        assert asked(house, f"request-raw-{lasts}", (), lasts)["code"] == "raw_refused"
    for number in range(raw.MOST):
        assert asked(house, f"request-many-{number}", (), 120 * SECOND)["ok"]
    assert "8 such requests are under way" in asked(house, "request-one-more", (), 60 * SECOND)["why"]
    house.run(house.now + 180 * SECOND)
    assert asked(house, "request-again", (), 60 * SECOND)["ok"]
    places = [name for name in house.state.latches if name.startswith(raw.PREFIX)]
    assert len(places) == raw.MOST, "what was asked for once does not stay for ever"
    assert json.loads(house.state.latches[places[0]].why)["request"] == "request-again"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('{sensors: [nowhere], start: "06:00", lasts: 10m}', "there is no sensor 'nowhere'"),
        ('{start: "06:00", lasts: 24h}', "24h is no part of a day"),
        ('{start: "06:00"}', "lasts"),
    ],
)
def test_hours_of_a_site_file_that_make_no_sense_are_named(tmp_path: Path, entry: str, told: str) -> None:
    (problem,) = rejected(tmp_path, f"{SMALL}\ncentral: {{dsn: {{credential: c}}, raw: [{entry}]}}\n")
    assert told in str(problem)


def test_hours_of_a_site_file_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(f'{SMALL}\ncentral: {{dsn: {{credential: c}}, raw_mb: 2, raw: [{{start: "06:30", lasts: 10m}}]}}\n')
    central = load(path).central
    assert central is not None
    assert central.raw == (RawHours(sensors=(), start_minute=390, length=10 * MINUTE),)
    assert central.raw_budget == 2 << 20
