"""The curves of the page outlive a restart, and what a wrong clock or a damaged row told of them does not."""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgectl.daemon import curves
from edgectl.daemon.curves import Curves
from edgectl.journal.reads import JournalReads
from edgectl.journal.writer import JournalWriter
from edgectl.model.time import Nanos, Now, Trust
from edgectl.observe.history import EVERY, KEPT, MANY, SHORT, History

BEGIN = 30_000_000  # a minute


def remembered(sensors: int = 1, minutes: int = 20) -> History:
    history = History(tuple(f"s{number}" for number in range(sensors)))
    for minute in range(BEGIN, BEGIN + minutes):
        history.note(minute * EVERY, {f"s{number}": minute % 7 + number / 3 for number in range(sensors)})
    return history


def again(text: str, now: int) -> tuple[list[int], list[float | None]]:
    history = History(("s0",))
    history.take_back([text], now)
    return history.of("s0")


def test_what_was_written_down_comes_back_with_a_gap_for_the_time_between() -> None:
    stretch = remembered().stretch(BEGIN + 9)
    assert stretch is not None
    assert stretch[:2] == (BEGIN + 10, BEGIN + 19)
    at, values = again(stretch[2], BEGIN + 60)
    assert at == [60 * minute for minute in range(BEGIN + 10, BEGIN + 21)]
    assert values == [float(minute % 7) for minute in range(BEGIN + 10, BEGIN + 20)] + [None]
    assert again(stretch[2], BEGIN + 20)[1][-1] is not None, "nothing is missing in between"


def test_what_lies_in_the_future_or_too_long_ago_is_left_where_it_is() -> None:
    stretch = remembered().stretch(0)
    assert stretch is not None
    assert again(stretch[2], BEGIN - 5) == ([], [])
    assert again(stretch[2], BEGIN + KEPT + 100) == ([], [])
    assert len(again(stretch[2], BEGIN + 3)[0]) == 3


def test_a_sensor_that_is_new_or_gone_breaks_no_curve() -> None:
    stretch = remembered(sensors=2).stretch(0)
    assert stretch is not None
    history = History(("s1", "new"))
    history.take_back([stretch[2]], BEGIN + 20)
    assert len(history.of("s1")[0]) == 20
    assert set(history.of("new")[1]) == {None}


def test_a_day_of_a_large_house_is_a_few_megabytes() -> None:
    stretch = remembered(sensors=1500, minutes=10).stretch(0)
    assert stretch is not None
    assert History(tuple(map(str, range(MANY + 1)))).kept == SHORT
    assert len(stretch[2]) * SHORT / 10 < 6_000_000, len(stretch[2])


class Hand:
    """A clock in a hand, and a control whose sensors show the minute."""

    def __init__(self) -> None:
        self.minute = BEGIN
        self.stepper: Any = self
        self.state = self

    def now(self) -> Now:
        # Just before the minute is over, so that the next point is due at once.
        return Now(mono=0, wall=(self.minute + 1) * EVERY - 1, trust=Trust.SYNCED)

    async def values(self, _: object, clock: "Hand") -> dict[str, float]:
        now = clock.now()
        self.minute += 1
        return {"level": float(now.wall // EVERY - BEGIN)}


async def lived(path: Path, hand: Hand, until: Callable[[History], bool], monkeypatch: pytest.MonkeyPatch) -> History:
    """One life of the curves, ended as the daemon ends it."""
    writer, history = JournalWriter(path), History(("level",))
    await writer.start()
    monkeypatch.setattr(curves, "values", hand.values)
    life = asyncio.ensure_future(Curves(history, hand, hand, JournalReads(path), writer).run())  # type: ignore[arg-type]
    try:
        deadline = time.monotonic() + 60
        while not (until(history) or life.done()):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.001)
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life
        await writer.close()
    return history


async def test_a_restart_does_not_empty_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, hand = tmp_path / "journal.db", Hand()
    first = await lived(path, hand, lambda history: len(history.of("level")[0]) >= 25, monkeypatch)
    before = first.of("level")
    second = await lived(path, hand, lambda history: len(history.of("level")[0]) > len(before[0]) + 2, monkeypatch)
    at, values = second.of("level")
    assert list(zip(at, values, strict=True))[: len(before[0])] == list(zip(*before, strict=True))
    damaged: Nanos = hand.minute
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO curves VALUES (?, ?)", (damaged, json.dumps({"minutes": [damaged]})))
        db.commit()
    hand.minute += 5
    third = await lived(path, hand, lambda history: len(history.of("level")[0]) >= 2, monkeypatch)
    assert third.of("level")[0], "a row that cannot be read costs the past, not the curves of now"
    hand.minute += 10 * KEPT
    await lived(path, hand, lambda history: len(history.of("level")[0]) >= 15, monkeypatch)
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM curves").fetchone()[0] <= 3, "what is too old is gone"
