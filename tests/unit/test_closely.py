"""What happened within a minute is seen in the curves: a point every few seconds while work runs."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from edgectl.daemon import close_look
from edgectl.daemon.close_look import CloseLook, at_work
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND, Now
from edgectl.model.timeline import Entry
from edgectl.observe.closely import ALL, MOST, Closely, put_between
from edgectl.observe.history import EVERY, History
from tests.unit.test_vetoes import NOW, settled

MINUTE = 60


def test_the_points_of_a_watering_stand_between_those_of_the_minutes() -> None:
    history = History(("flow", "air"))
    for minute in range(3):
        history.note(minute * EVERY, {"flow": 0.0, "air": 20.0})
    for second in range(70, 100, 2):
        history.look_closely(second * SECOND, {"flow": 9.5})
    at, values = history.whole("flow")
    assert at == [0, MINUTE, *range(70, 100, 2), 2 * MINUTE]
    assert max(value or 0.0 for value in values) == 9.5
    assert history.whole("air") == history.of("air"), "nobody looked at it closely"
    assert max(value or 0.0 for value in history.of("flow")[1]) == 0.0, "the minutes alone have missed it"


def test_a_gap_stays_a_gap_and_what_is_older_than_the_curve_is_not_told() -> None:
    assert put_between(([60, 120], [1.0, None]), ([30, 90], [5.0, 2.0])) == ([60, 90, 120], [1.0, 2.0, None])
    assert put_between(([], []), ([30], [5.0])) == ([30], [5.0])


def test_it_is_bounded_and_a_clock_that_was_set_back_begins_anew() -> None:
    small, large = Closely(4), Closely(1500)
    for second in range(3 * MOST):
        small.note(second, {"flow": 1.0})
        large.note(second, {"flow": 1.0})
    assert MOST // 2 < len(small.of("flow")[0]) <= MOST
    assert len(large.of("flow")[0]) <= ALL / 1500
    assert small.of("flow")[0][-1] == 3 * MOST - 1
    small.note(3 * MOST - 1, {"flow": 2.0})
    assert small.of("flow")[1][-1] == 1.0, "one point a second"
    small.note(7, {"flow": 3.0})
    assert [list(part) for part in small.of("flow")] == [[7], [3.0]]


def working(**more: Any) -> Any:
    """A state with one task in it."""
    state = settled()
    zone = next(iter(state.site.zones))
    task = SimpleNamespace(zone=zone, status=TaskStatus.RUNNING, stage="water", task_type="irrigation")
    return SimpleNamespace(site=state.site, tasks={"st-1": SimpleNamespace(**{**vars(task), **more})})


def test_only_zones_in_which_something_moves_are_looked_at() -> None:
    assert at_work(working())
    assert not at_work(working(stage=""))
    assert not at_work(working(status=TaskStatus.ACCEPTED))
    assert not at_work(working(task_type="lighting", stage="switch"))
    assert not at_work(working(zone="gone since the site file was changed"))


def test_a_line_wakes_it_and_it_sleeps_when_the_work_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(close_look, "EVERY_S", 0.0)
    looks: list[int] = []
    left = [5]
    monkeypatch.setattr(close_look, "at_work", lambda state: ("flow",) if left[0] > 0 else ())
    monkeypatch.setattr(close_look, "seen", lambda state, now, names: {"flow": 1.0})
    clock = SimpleNamespace(mono=0)

    def now() -> Now:
        clock.mono += SECOND
        left[0] -= 1
        return replace(NOW, mono=clock.mono, wall=clock.mono)

    history = SimpleNamespace(look_closely=lambda wall, values: looks.append(wall))
    control = SimpleNamespace(stepper=SimpleNamespace(state=None))
    look = CloseLook(history, control, SimpleNamespace(now=now))  # type: ignore[arg-type]  # what it asks of each

    async def lived() -> None:
        running = asyncio.create_task(look.run())
        await asyncio.sleep(0)
        assert not looks, "nothing is looked at while nothing works"
        look.read([Entry(seq=1, event_type="ALARM_RAISED", zone=None, boot_id="b", mono=1, wall=1, details={})])
        await asyncio.sleep(0)
        assert not looks
        look.read([Entry(seq=2, event_type="STAGE_ENTERED", zone="beds", boot_id="b", mono=1, wall=1, details={})])
        for _ in range(200):
            await asyncio.sleep(0)
        seen = len(looks)
        assert 4 <= seen <= 16, "the work, and ten seconds of rest behind it"
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(looks) == seen
        running.cancel()

    asyncio.run(lived())
