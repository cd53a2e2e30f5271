"""What `edgectl plan` says of a day and a quarter is what the simulated daemon then does, row by row: five hundred
drawn houses with outages, power cuts, clocks that are set and nights in which the clocks are changed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edgectl.engine.rules import schedules as rule
from edgectl.engine.workflows import effort
from edgectl.scheduler import rehearsal
from edgectl.scheduler.schedule import Overlap
from tests.sim.lived_plan import (
    LivedPlan,
    Scene,
    comparable,
    in_the_way,
    never_begun,
    on_an_edge,
    planned,
    scene,
    told,
)

SEEDS, PIECES = 500, 20
UTC = ZoneInfo("UTC")


def drawn_from(seed: int) -> Scene:
    """The scene of a seed; one that hangs on a tenth of a second is drawn anew."""
    again = seed
    while on_an_edge(found := scene(again)):
        again += 1_000_000
        assert again < 9_000_000, f"seed {seed} draws nothing but edges"
    return found


def differences(seed: int) -> list[str]:
    """Where plan and life part, in words."""
    drawn = drawn_from(seed)
    rows = planned(drawn)
    life = LivedPlan(drawn)
    life.live(rows)
    said, lived = Counter(comparable(drawn, told(rows))), Counter(comparable(drawn, life.rows()))
    found = [f"seed {seed}: planned and not lived: {row}" for row in said - lived]
    found += [f"seed {seed}: lived and not planned: {row}" for row in lived - said]
    found += [f"seed {seed}: {row} waited for somebody else" for row in sorted(in_the_way(rows) - life.in_the_way())]
    late = never_begun(rows) ^ life.never_began()
    return found + [f"seed {seed}: {row} began in one of the two only" for row in sorted(late)]


@pytest.mark.parametrize("piece", range(PIECES))
def test_what_is_planned_is_lived(piece: int) -> None:
    wrong = [line for seed in range(piece, SEEDS, PIECES) for line in differences(seed)]
    assert wrong == []


def test_the_scenes_hold_everything_that_can_become_of_an_occurrence() -> None:
    """The comparison proves something only about what it has seen."""
    seen, waited, behind, edges = Counter[tuple[str, str]](), 0, 0, 0
    for seed in range(SEEDS):
        edge = on_an_edge(first := scene(seed))
        edges += edge
        rows = planned(drawn_from(seed) if edge else first)
        seen.update((row[2], row[3]) for row in told(rows))
        waited += len(never_begun(rows))
        behind += len(in_the_way(rows))
    enough = {
        ("run", "due"): 2000,
        ("run", "window"): 300,
        ("run", "queued"): 30,
        ("run", "reconciled"): 30,
        ("replay", "late"): 200,
        ("skip", "catchup_skipped"): 300,
        ("skip", "schedule_busy"): 30,
    }
    assert {fate: number for fate, number in enough.items() if seen[fate] < number} == {}
    assert waited > 10, "no run of the plan has waited in vain for a pump"
    assert behind > 100, "no run of the plan has waited for a pump that another one had"
    assert edges <= SEEDS // 20


def _nobody_waits_for_the_run_before(patch: pytest.MonkeyPatch) -> None:
    real = rule.due
    patch.setattr(rule, "due", lambda one, *args, **more: real(replace(one, overlap=Overlap.SKIP), *args, **more))


def _times_are_read_as_utc(patch: pytest.MonkeyPatch) -> None:
    """One of the faults of the past."""
    real = rule.due
    patch.setattr(rule, "due", lambda one, cursor, now, _, **more: real(one, cursor, now, UTC, **more))


def _late_runs_are_asked_for_by_their_old_time(patch: pytest.MonkeyPatch) -> None:
    """Another: a late run is due when it was planned, so it is never in time."""
    real = rule.accept

    def accept(draft: Any, **task: Any) -> Any:
        patience = task["due_at"] - max(task["scheduled_for"], min(task["due_at"], draft.now.wall))
        return real(draft, **{**task, "due_at": task["scheduled_for"] + patience})

    patch.setattr(rule, "accept", accept)


def _a_plan_in_which_no_run_takes_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(effort, "held", lambda *_: 0)


def _a_plan_in_which_the_file_says_who_goes_first(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rehearsal, "_in_order", lambda waiting: waiting)


def _a_plan_that_names_whoever_waits(patch: pytest.MonkeyPatch) -> None:
    real = rehearsal.Rehearsal._begin_what_may

    def begin_what_may(house: rehearsal.Rehearsal) -> None:
        real(house)
        for row in [row for row in house.rows if row.behind is not None]:
            row.behind = replace(row.behind, schedule=row.schedule.name)

    patch.setattr(rehearsal.Rehearsal, "_begin_what_may", begin_what_may)


MUTANTS = [
    _nobody_waits_for_the_run_before,
    _times_are_read_as_utc,
    _late_runs_are_asked_for_by_their_old_time,
    _a_plan_in_which_no_run_takes_time,
    _a_plan_in_which_the_file_says_who_goes_first,
    _a_plan_that_names_whoever_waits,
]


@pytest.mark.parametrize("plant", MUTANTS)
def test_a_planted_mistake_is_caught(plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: Any) -> None:
    plant(monkeypatch)
    assert any(differences(seed) for seed in range(120))
