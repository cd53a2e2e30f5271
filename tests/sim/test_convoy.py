"""Two zones that wait for one pump: it runs on, and each gets its time; what does not fit stops and starts."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules import remainder
from edgectl.engine.rules.lockouts import lock_out
from edgectl.engine.rules.orders import switch_off
from edgectl.engine.workflows import convoy, meter
from edgectl.model.inputs import Cancel, Restrain, Restraint
from edgectl.model.site import Actuator, Daily, FailSafe, Role, Site, ValveGroup
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.layout import ZONE, Layout, ValvePart, one_tank
from edgectl.simulate.example import example_site
from edgectl.simulate.ground import Ground
from edgectl.simulate.invariants import broken
from edgectl.simulate.sharing import broken_sharing
from edgectl.simulate.world import World
from tests.sim.test_workflow_rows import ask, ended

MINUTE: Nanos = 60 * SECOND
FIRST, SECOND_RUN = 40, 60


def two(*, hands_on: bool = True, rest: Nanos = 20 * SECOND, longest: Nanos = 600 * SECOND) -> Site:
    """Two beds behind one pump that rests after each run and may start six times an hour."""
    site = example_site()
    pump = replace(site.actuators["pump"], hands_on=hands_on, min_off=rest, starts_per_hour=6, max_on=longest)
    valve_2 = Actuator(
        name="valve_2",
        channel="board.relay_4",
        role=Role.VALVE,
        fail_safe=FailSafe.PULSE,
        max_on=660 * SECOND,
        travel=4 * SECOND,
    )
    first = replace(site.zones["zone-1"], rate_l_min=10.0)
    second = replace(first, name="zone-2", number=2, valve="valve_2", light=None)
    actuators = {**site.actuators, "pump": pump, "valve_2": valve_2}
    return replace(site, actuators=actuators, zones={"zone-1": first, "zone-2": second})


def piped() -> Layout:
    house = one_tank()
    tank = replace(house.tanks[0], capacity_l=2000, start_l=1500, trickle_l_min=0.0)
    second = ValvePart(name="valve_2", source=house.pumps[0].name, target=ZONE)
    return replace(house, tanks=(tank,), valves=(*house.valves, second))


def world_of(site: Site) -> World:
    world = World(site, (), 1, ground=Ground(piped(), Random(1)))
    world.run(30 * SECOND)
    return world


def asked(site: Site | None = None, *, until: Nanos = 5 * MINUTE) -> World:
    """Both beds are asked for at once; by their names the first one begins."""
    world = world_of(site or two())
    ask(world, "irrigation", {"duration_s": FIRST}, name="leads-the-way", due=5 * MINUTE)
    ask(world, "irrigation", {"duration_s": SECOND_RUN}, name="follows-behind", due=5 * MINUTE, zone="zone-2")
    world.run(world.now + until)
    return world


def starts(world: World) -> int:
    world.field.advance(world.now)
    return sum(move.on for move in world.field.trace if move.name == "pump")


def promises(world: World) -> list[str]:
    world.field.advance(world.now)
    kept = broken(world.site, world.journal, world.field.trace, world.report.ready_at)
    return [*kept, *broken_sharing(world, Counter())]


def amounts(world: World, name: str) -> dict[str, float]:
    outcome = ended(world, name).outcome
    assert outcome is not None, ended(world, name)
    assert outcome.success, outcome
    return dict(outcome.effect_amounts)


def test_the_pump_starts_once_and_each_bed_gets_its_time() -> None:
    world = asked()
    assert starts(world) == 1
    first, second = amounts(world, "leads-the-way"), amounts(world, "follows-behind")
    assert (first["pump_s"], second["pump_s"]) == (pytest.approx(FIRST, abs=0.5), pytest.approx(SECOND_RUN, abs=0.5))
    total = first["volume_l"] + second["volume_l"]
    shares = [total * lasted / (FIRST + SECOND_RUN) for lasted in (FIRST, SECOND_RUN)]
    assert (first["volume_l"], second["volume_l"]) == pytest.approx(shares, abs=0.8), "the meter is read every 2 s"
    assert "PUMP_HANDED_ON" in {e.event_type for e in world.journal.timeline}
    assert promises(world) == []
    assert not world.state.alarms


def test_the_next_valve_is_open_before_the_last_one_closes() -> None:
    world = asked()
    moves = [(move.name, move.on, move.at) for move in world.field.trace]
    opened = next(at for name, on, at in moves if name == "valve_2" and on)
    closed = next(at for name, on, at in moves if name == "valve" and not on)
    assert closed - opened >= world.site.actuators["valve_2"].travel


REFUSED = {
    "not declared": two(hands_on=False),
    "one valve at a time": replace(
        two(), groups=(ValveGroup(name="pipe", valves=frozenset({"valve", "valve_2"}), max_open=1),)
    ),
    "never together": replace(two(), never_together=(frozenset({"valve", "valve_2"}),)),
    "longer than the pump may be on": two(longest=90 * SECOND),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_stops_and_starts(case: str) -> None:
    world = asked(REFUSED[case])
    assert starts(world) == 2
    assert amounts(world, "leads-the-way")["pump_s"] == pytest.approx(FIRST, abs=0.5)
    assert amounts(world, "follows-behind")["pump_s"] == pytest.approx(SECOND_RUN, abs=0.5)
    on = [move for move in world.field.trace if move.name == "pump"]
    assert on[2].at - on[1].at >= 20 * SECOND, "its rest"
    assert promises(world) == []


@pytest.mark.parametrize("after", [2, 20, 37, 39, 41, 43, 60])
def test_a_first_bed_that_is_given_up_leaves_the_second_its_water(after: int) -> None:
    world = asked(until=0)
    world.run(world.now + after * SECOND)
    world.offer(Cancel(token=1, task_id=ended(world, "leads-the-way").task_id, who="Ana"))
    world.run(world.now + 5 * MINUTE)
    second = ended(world, "follows-behind")
    assert second.outcome is not None
    assert second.outcome.success, second.outcome
    assert second.outcome.effect_amounts["pump_s"] == pytest.approx(SECOND_RUN, abs=0.5)
    assert promises(world) == []


@pytest.mark.parametrize("after", [2, 20, 35, 37, 39, 40, 41, 42, 43, 44, 45, 46, 47, 60, 100, 104])
def test_a_power_cut_in_each_step_leaves_everything_off_and_every_debt_is_settled(after: int) -> None:
    world = asked(until=0)
    world.run(world.now + after * SECOND)
    world._reboot()
    world._begin()
    world.run(world.now + 3 * SECOND)
    assert not any(world.field.relays[name].on for name in ("pump", "valve", "valve_2"))
    assert not any(output.owed_off for output in world.state.outputs.values())
    assert promises(world) == []
    world.run(world.now + 10 * MINUTE)
    for name in ("leads-the-way", "follows-behind"):
        assert ended(world, name).terminal
    assert promises(world) == []


@pytest.mark.parametrize("after", [38, 41])
@pytest.mark.parametrize("planted", [False, True])
def test_a_bed_that_stood_behind_another_at_a_restart_gets_its_whole_watering(
    after: int, planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had no litres of its own yet, and so nobody knew what it was still owed."""
    if planted:
        owe = remainder.owe
        monkeypatch.setattr(remainder, "owe", lambda draft, task, found: owe(draft, task, found) if found else None)
    world = asked(until=0)
    world.run(world.now + after * SECOND)
    assert ended(world, "follows-behind").phase == "open"
    world._begin()
    world.run(world.now + 10 * MINUTE)
    kept = [one for one in world.journal.values.values() if isinstance(one, Task) and "remainder_of" in one.payload]
    owed = {one.zone: one for one in kept}
    assert ("zone-2" in owed) is not planted
    if not planted:
        assert owed["zone-2"].payload["volume_l"] == pytest.approx(SECOND_RUN / 60 * 10.0)
        assert owed["zone-2"].status is TaskStatus.COMPLETED
    assert promises(world) == []


@pytest.mark.parametrize("planted", [False, True])
def test_a_bed_that_closed_its_valve_for_a_long_rest_gets_its_whole_watering_after_a_restart(
    planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its leader was given up, the pump rested, and the valve that had just closed again was taken for a watering."""
    if planted:
        owe = remainder.owe
        monkeypatch.setattr(remainder, "owe", lambda draft, task, found: owe(draft, replace(task, stage="x"), found))
    world = asked(two(rest=90 * SECOND), until=0)
    world.run(world.now + 98 * SECOND)
    world.offer(Cancel(token=1, task_id=ended(world, "leads-the-way").task_id, who="Ana"))
    for _ in range(1000):
        if ended(world, "follows-behind").leaving == "rests":
            break
        world.run(world.now + SECOND // 50)
    assert ended(world, "follows-behind").leaving == "rests"
    world._begin()
    world.run(world.now + 10 * MINUTE)
    kept = [one for one in world.journal.values.values() if isinstance(one, Task) and "remainder_of" in one.payload]
    assert [one.status for one in kept if one.zone == "zone-2"] == ([] if planted else [TaskStatus.COMPLETED])
    assert promises(world) == []


@pytest.mark.parametrize("after", [30, 41, 43, 60])
def test_a_stop_takes_the_pump_off_first(after: int) -> None:
    world = asked(until=0)
    world.run(world.now + after * SECOND)
    world.offer(Restrain(token=1, what=Restraint.STOP_WATER, on=True, who="Ana"))
    world.run(world.now + 5 * SECOND)
    assert not any(world.field.relays[name].on for name in ("pump", "valve", "valve_2"))
    assert promises(world) == []


def three(lasting: tuple[int, int, int] = (30, 30, 30), *, rest: Nanos = 20 * SECOND) -> World:
    """Three beds are asked for at once; in which order they go is up to their names."""
    site = two(rest=rest)
    valve_3 = replace(site.actuators["valve_2"], name="valve_3", channel="board.relay_5")
    third = replace(site.zones["zone-2"], name="zone-3", number=3, valve="valve_3")
    site = replace(site, actuators={**site.actuators, "valve_3": valve_3}, zones={**site.zones, "zone-3": third})
    layout = piped()
    pipe = ValvePart(name="valve_3", source=layout.pumps[0].name, target=ZONE)
    world = World(site, (), 1, ground=Ground(replace(layout, valves=(*layout.valves, pipe)), Random(1)))
    world.run(30 * SECOND)
    for number, duration in enumerate(lasting, 1):
        ask(world, "irrigation", {"duration_s": duration}, name=bed(number), due=5 * MINUTE, zone=f"zone-{number}")
    return world


def bed(number: int) -> str:
    return f"bed-number-{number}"


def tasks(world: World) -> list[Task]:
    return [ended(world, bed(number)) for number in (1, 2, 3)]


def open_together(world: World) -> Nanos:
    """The longest time for which more than one valve was open while the pump ran."""
    world.field.advance(world.now)
    on: set[str] = set()
    longest: Nanos = 0
    since: Nanos | None = None
    for move in world.field.trace:
        (on.add if move.on else on.discard)(move.name)
        shared = "pump" in on and len(on - {"pump", "light"}) > 1
        longest = max(longest, 0 if since is None else move.at - since)
        since = (move.at if since is None else since) if shared else None
    return longest


@pytest.mark.parametrize("lasting", [(30, 30, 30), (30, 120, 30), (120, 30, 60)])
def test_three_beds_are_one_start_and_stand_behind_one_another(lasting: tuple[int, int, int]) -> None:
    """All that waited used to open behind the first one, and the last of them had the water of two."""
    world = three(lasting)
    world.run(world.now + 6 * MINUTE)
    assert starts(world) == 1
    for number, duration in enumerate(lasting, 1):
        assert amounts(world, bed(number))["pump_s"] == pytest.approx(duration, abs=0.5)
    travel = world.site.actuators["valve_2"].travel
    assert open_together(world) <= travel + convoy.ORDERED + 3 * SECOND, "the order and its read-back on the bus"
    assert promises(world) == []


def test_the_first_run_is_not_refused_for_those_behind_it() -> None:
    """The day has water for the first bed alone: its order is no longer than that, and the second is refused."""
    site = two()
    pump = replace(site.actuators["pump"], daily=Daily(litres=12.0, l_min=10.0))
    world = asked(replace(site, actuators={**site.actuators, "pump": pump}))
    assert amounts(world, "leads-the-way")["pump_s"] == pytest.approx(FIRST, abs=0.5)
    second = ended(world, "follows-behind").outcome
    assert second is None or not second.success
    assert promises(world) == []


@pytest.mark.parametrize("after", [146, 149])
def test_a_bed_whose_leader_is_given_up_begins_anew_though_others_wait_for_it(after: int) -> None:
    world = three((30, 60, 30), rest=120 * SECOND)
    world.run(after * SECOND)
    leader = next(task for task in tasks(world) if task.phase == "hold")
    behind = next(number for number in (1, 2, 3) if ended(world, bed(number)).phase == "open")
    world.offer(Cancel(token=1, task_id=leader.task_id, who="Ana"))
    world.run(world.now + 8 * MINUTE)
    assert amounts(world, bed(behind))["pump_s"] == pytest.approx(60, abs=0.5)
    assert promises(world) == []


def as_it_hands_on(monkeypatch: pytest.MonkeyPatch, change: Callable[[Draft], None]) -> None:
    """Something happens in the very turn in which the pump would change its owner."""
    hand_on = convoy.hand_on

    def meanwhile(draft: Draft, *rest: Any) -> None:
        change(draft)
        hand_on(draft, *rest)

    monkeypatch.setattr(convoy, "hand_on", meanwhile)


def journal_fails(draft: Draft) -> None:
    draft.state.storage_ok = False


def pump_is_locked(draft: Draft) -> None:
    lock_out(draft, "pump", "no flow", code="biz_no_flow", count=3)


def next_valve_closes(draft: Draft) -> None:
    output = draft.output("valve_2")
    if output is not None and output.owed_off:
        switch_off(draft, output, planned=False, why="a condition of its own")


@pytest.mark.parametrize("change", [journal_fails, pump_is_locked, next_valve_closes])
def test_a_pump_that_might_not_start_is_not_handed_on(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Draft], None]
) -> None:
    as_it_hands_on(monkeypatch, change)
    world = asked()
    assert "PUMP_HANDED_ON" not in {e.event_type for e in world.journal.timeline}
    assert amounts(world, "leads-the-way")["pump_s"] == pytest.approx(FIRST, abs=0.5)
    assert promises(world) == []


def test_nobody_names_litres_that_the_meter_did_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run used to count from where its meter stood before anybody drew water."""
    as_it_hands_on(monkeypatch, lambda _: monkeypatch.setattr(meter, "shown", lambda *_: None))
    world = asked()
    assert starts(world) == 1
    for name in ("leads-the-way", "follows-behind"):
        assert "volume_l" not in amounts(world, name)


def test_the_first_valve_waits_for_the_rest_of_its_pump() -> None:
    """It was opened at once, and closed by its own end while the pump, which had to rest, still ran."""
    world = asked(two(hands_on=False, rest=60 * SECOND))
    assert amounts(world, "leads-the-way")["pump_s"] == pytest.approx(FIRST, abs=0.5)
    assert promises(world) == []


def test_a_bug_that_hands_on_before_the_valve_is_open_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convoy, "_stands_open", lambda *_: True)
    monkeypatch.setattr(convoy, "ORDERED", -3 * SECOND)
    moves = [(move.name, move.on, move.at) for move in asked().field.trace]
    opened = next(at for name, on, at in moves if name == "valve_2" and on)
    closed = next(at for name, on, at in moves if name == "valve" and not on)
    assert closed - opened < 4 * SECOND, "its travel"


def test_a_bug_that_hands_on_more_than_is_left_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes over an order that ends too early is left without its pump in the middle of the run."""
    left = convoy._left
    monkeypatch.setattr(convoy, "beyond", lambda *_: 30 * SECOND)
    monkeypatch.setattr(convoy, "_left", lambda draft, pump: left(draft, pump) + 60 * SECOND)
    outcome = ended(asked(), "follows-behind").outcome
    assert outcome is not None
    assert not outcome.success
