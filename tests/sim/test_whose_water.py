"""Behind a run that hands its pump on: whose litres they are, who waits with closed valves, and when a pump is dry."""

from dataclasses import replace
from random import Random

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules.guards import rests_until
from edgectl.engine.workflows import catalogue, convoy, meter, walk
from edgectl.engine.workflows.choice import RETRY_EVERY
from edgectl.model.command import Command
from edgectl.model.inputs import Cancel
from edgectl.model.site import Site
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Circuit, Tank
from edgectl.plant.layout import MAINS, ValvePart
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World
from tests.sim.test_convoy import FIRST, MINUTE, SECOND_RUN, amounts, asked, piped, promises, three, two, world_of
from tests.sim.test_workflow_rows import ask, ended

OTHER_LEADS = 0  # a seed after whose death the other one of a pair leads first
LONG: Nanos = 3 * MINUTE  # the rest of a pump, far longer than a valve travels


def both(site: Site) -> World:
    """Both beds are asked for when the pump has rested for long enough."""
    return both_in(world_of(site))


def both_in(world: World) -> World:
    world.run(10 * MINUTE)
    ask(world, "irrigation", {"duration_s": FIRST}, name="leads-the-way", due=10 * MINUTE)
    ask(world, "irrigation", {"duration_s": SECOND_RUN}, name="follows-behind", due=10 * MINUTE, zone="zone-2")
    return world


def given_up(world: World, name: str, after: int) -> World:
    world.run(world.now + after * SECOND)
    world.offer(Cancel(token=1, task_id=ended(world, name).task_id, who="Ana"))
    world.run(world.now + 12 * MINUTE)
    return world


def moves(world: World, name: str) -> list[tuple[bool, Nanos]]:
    world.field.advance(world.now)
    return [(move.on, move.at) for move in world.field.trace if move.name == name]


def shut_for_good(monkeypatch: pytest.MonkeyPatch, world: World, valve: str) -> None:
    """Its relay takes every order and never moves."""
    move = world.field._move

    def stays(name: str, on: bool, at: Nanos, until: Nanos | None, cmd_id: str | None) -> None:
        if name != valve:
            move(name, on, at, until, cmd_id)

    monkeypatch.setattr(world.field, "_move", stays)


def test_a_bed_whose_valve_never_opened_is_told_no_litres(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was told those that its leader had meanwhile: nothing had come to its plants, and its litres were counted."""
    world = both(two())
    shut_for_good(monkeypatch, world, "valve_2")
    world.run(world.now + 10 * MINUTE)
    outcome = ended(world, "follows-behind").outcome
    assert outcome is not None
    assert not outcome.success
    assert "volume_l" not in outcome.effect_amounts
    assert amounts(world, "leads-the-way")["volume_l"] > 5
    assert promises(world) == []


@pytest.mark.parametrize("after", [38, 41])
def test_a_bed_that_was_given_up_behind_its_leader_is_told_no_litres(after: int) -> None:
    world = given_up(both(two()), "follows-behind", after)
    outcome = ended(world, "follows-behind").outcome
    assert outcome is not None
    assert "volume_l" not in outcome.effect_amounts
    assert promises(world) == []


@pytest.mark.parametrize("after", [38, 42])
def test_behind_a_run_that_is_given_up_a_valve_is_shut_until_the_pump_has_rested(after: int) -> None:
    """It stood open through the whole rest, for the pressure of the pipe or a pump of somebody else."""
    world = given_up(both(two(rest=LONG)), "leads-the-way", after)
    assert amounts(world, "follows-behind")["pump_s"] == pytest.approx(SECOND_RUN, abs=0.5)
    opened = [at for on, at in moves(world, "valve_2") if on]
    closed = [at for on, at in moves(world, "valve_2") if not on]
    pump_off = next(at for on, at in moves(world, "pump") if not on)
    assert closed[0] - pump_off < 5 * SECOND
    assert opened[1] - pump_off > LONG - 10 * SECOND
    assert len(opened) == 2, "and it does not flap"
    assert amounts(world, "follows-behind")["volume_l"] > 5
    assert promises(world) == []


def test_a_short_rest_closes_no_valve() -> None:
    world = given_up(both(two(rest=8 * SECOND)), "leads-the-way", 41)
    assert [on for on, _ in moves(world, "valve_2")] == [True, False]
    assert amounts(world, "follows-behind")["pump_s"] == pytest.approx(SECOND_RUN, abs=0.5)
    assert promises(world) == []


def primed() -> Site:
    """Fifteen seconds, the most that a file may say, may pass before water has reached the flow sensor."""
    site = two()
    pump = replace(site.actuators["pump"], prime=15 * SECOND)
    return replace(site, actuators={**site.actuators, "pump": pump})


def dry_for(world: World) -> Nanos:
    """How long the pump ran with its suction blocked, from just before it was handed on."""
    world.run(world.now + 43 * SECOND)
    blocked_at = world.now
    world.field.ground.block("pump", True, world.now)
    world.run(world.now + 5 * MINUTE)
    assert "PUMP_HANDED_ON" in {e.event_type for e in world.journal.timeline}
    return next(at for on, at in moves(world, "pump") if not on) - blocked_at


def test_a_pump_that_changes_hands_does_not_prove_itself_anew() -> None:
    """With each zone it had the whole time in which a pump may draw air, and ran dry for so long."""
    assert dry_for(both(primed())) < 8 * SECOND


def test_a_third_bed_that_the_rest_of_its_pump_outlasts_is_told_that_its_time_has_passed() -> None:
    """It used to begin, and to be told that safety blocked it."""
    world = world_of(two(hands_on=False, rest=LONG))
    world.run(10 * MINUTE)
    ask(world, "irrigation", {"duration_s": FIRST}, name="waters-first", due=2 * MINUTE)
    ask(world, "irrigation", {"duration_s": FIRST}, name="comes-too-late", due=2 * MINUTE, zone="zone-2")
    world.run(world.now + 6 * MINUTE)
    assert amounts(world, "waters-first")["pump_s"] == pytest.approx(FIRST, abs=0.5)
    outcome = ended(world, "comes-too-late").outcome
    assert outcome is not None
    assert outcome.error_code == "task_due_deadline_exceeded"
    assert [veto.rule for veto in outcome.vetoes] == ["min_off"]


@pytest.mark.parametrize("planted", [False, True])
def test_a_bed_whose_valve_is_slow_begins_to_open_it_while_the_pump_rests(
    planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first order is the valve's, in time; it was held against the end of the rest, and the bed stayed dry."""
    if planted:
        monkeypatch.setattr(
            catalogue, "_ordered_at", lambda draft, _, name: rests_until(draft, draft.state.site.actuators[name])
        )
    site = two(hands_on=False, rest=180 * SECOND)
    slow = replace(site.actuators["valve_2"], travel=40 * SECOND)
    world = world_of(replace(site, actuators={**site.actuators, "valve_2": slow}))
    world.run(10 * MINUTE)
    ask(world, "irrigation", {"duration_s": 10}, name="waters-first", due=2 * MINUTE)
    world.run(world.now + SECOND)
    ask(world, "irrigation", {"duration_s": 60}, name="comes-behind", due=100 * SECOND, zone="zone-2")
    world.run(world.now + 10 * MINUTE)
    assert (ended(world, "comes-behind").status is TaskStatus.COMPLETED) is not planted
    assert promises(world) == []


def test_a_later_attempt_wakes_when_the_rest_of_its_pump_lets_it_begin() -> None:
    """Nothing else might: it has no due time any more."""
    world = world_of(two(hands_on=False, rest=180 * SECOND))
    world.run(10 * MINUTE)
    ask(world, "irrigation", {"duration_s": FIRST}, name="waters-first", due=2 * MINUTE)
    world.run(world.now + MINUTE)
    ask(world, "irrigation", {"duration_s": FIRST}, name="tried-again", due=5 * MINUTE)
    world.run(world.now + 2 * SECOND)
    again = replace(ended(world, "tried-again"), attempt=1)
    draft = Draft(world.state, world._clock())
    table = catalogue.table_of(world.site, again)
    assert catalogue.resting(draft, again, table) == ["pump"]
    pump, valve = (world.site.actuators[name] for name in ("pump", "valve"))
    assert draft.wake_at == rests_until(draft, pump) - valve.travel - RETRY_EVERY


def test_behind_a_run_by_litres_others_wait_for_its_end() -> None:
    """When it ends nobody knows. Whoever asked for that stopped the engine."""
    world = world_of(two())
    ask(world, "irrigation", {"volume_l": 6}, name="goes-by-litres", due=10 * MINUTE)
    ask(world, "irrigation", {"duration_s": SECOND_RUN}, name="waits-for-its-end", due=10 * MINUTE, zone="zone-2")
    world.run(world.now + 5 * MINUTE)
    assert amounts(world, "goes-by-litres")["volume_l"] == pytest.approx(6, abs=0.6)
    assert amounts(world, "waits-for-its-end")["pump_s"] == pytest.approx(SECOND_RUN, abs=0.5)
    assert promises(world) == []


def dried(site: Site, after: int, *, until: Nanos = 20 * MINUTE) -> World:
    """The suction is blocked in the run of the first bed, behind which the second one stands, until second 50. A run
    that dries up fills its tank, which is full, and comes back."""
    tap = replace(site.actuators["valve"], name="tap", channel="board.relay_6", max_on=900 * SECOND)
    circuit = Circuit(solution=Tank(name="butt", volume_l=200, level="level"), fill="tap")
    zones = {name: replace(zone, circuit=circuit) for name, zone in site.zones.items()}
    layout = piped()
    tank = replace(layout.tanks[0], start_l=0.99 * layout.tanks[0].capacity_l)
    mains = ValvePart(name="tap", source=MAINS, target=tank.name)
    layout = replace(layout, tanks=(tank,), valves=(*layout.valves, mains))
    site = replace(site, actuators={**site.actuators, "tap": tap}, zones=zones)
    world = both_in(World(site, (), 1, ground=Ground(layout, Random(1))))
    began = world.now
    world.run(began + after * SECOND)
    world.field.ground.block("pump", True, world.now)
    world.run(began + 50 * SECOND)
    world.field.ground.block("pump", False, world.now)
    world.run(began + until)
    return world


DRIED = {
    "it takes its place while its tank is looked at": (30, 20, 20),
    "it has just opened": (38, 20, 4),
    "both wait for a long rest": (30, 180, 20),
}


def slow(case: str) -> tuple[Site, int]:
    after, rest, travel = DRIED[case]
    site = two(rest=rest * SECOND)
    valve_2 = replace(site.actuators["valve_2"], travel=travel * SECOND)
    return replace(site, actuators={**site.actuators, "valve_2": valve_2}), after


@pytest.mark.parametrize("case", DRIED)
def test_a_run_that_dried_up_waits_for_the_bed_that_took_its_place(case: str) -> None:
    """It opened its valve again beside the other's, and for most of that run each bed had half of the water."""
    site, after = slow(case)
    world = dried(site, after)
    first, second = amounts(world, "leads-the-way"), amounts(world, "follows-behind")
    assert second["pump_s"] == pytest.approx(SECOND_RUN, abs=0.5)
    assert second["volume_l"] == pytest.approx(SECOND_RUN / 60 * 10.0, abs=0.5)
    assert first["volume_l"] > 5, "what it was still owed, with a full pipe to itself"
    assert promises(world) == []


def test_a_bug_that_comes_back_beside_another_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convoy, "comes_later", lambda *_: False)
    site, after = slow("it takes its place while its tank is looked at")
    assert any("shared the water" in found for found in promises(dried(site, after)))


def died_at_the_change(*, seed: int) -> World:
    """One of a pair dies while both valves are open; for as long as nobody leads they stay so."""
    world = World(two(), (), seed, ground=Ground(piped(), Random(1)), pair=True)
    both_in(world)
    opened_by = world.now + MINUTE
    while not (world.field.relays["valve"].on and world.field.relays["valve_2"].on):
        assert world.now < opened_by, "the second bed never opened behind the first"
        world.run(world.now + SECOND)
    world._die()
    world._begin()
    return world


def open_for(world: World) -> Nanos:
    """How long the second valve of the change stood open."""
    opened, closed = [at for _, at in moves(world, "valve_2")][:2]
    return closed - opened


def test_what_is_open_when_one_of_a_pair_dies_is_shut_by_whoever_leads_next() -> None:
    """The other one led and shut both long before the next life of ours: nobody had shared them out."""
    world = died_at_the_change(seed=OTHER_LEADS)
    pairing = world.pairing
    assert pairing is not None
    assert [reign.ours for reign in pairing.reigns] == [True, False, True]
    assert open_for(world) > 12 * SECOND, "longer than a change of hands may take"
    assert pairing.reigns[2].at - pairing.reigns[1].at > 10 * SECOND
    assert promises(world) == []


def test_what_nobody_shuts_is_shared_all_the_same() -> None:
    world = died_at_the_change(seed=OTHER_LEADS)
    assert world.pairing is not None
    del world.pairing.reigns[1]
    assert any("shared the water" in found for found in promises(world))


# -- planted bugs


def test_a_bug_that_counts_from_the_beginning_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convoy, "behind", lambda *_: None)
    monkeypatch.setattr(meter, "passes_on", lambda *_: None)
    assert any(found.startswith("6:") for found in promises(asked()))


def test_a_bug_that_lets_two_stand_behind_a_run_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convoy, "_followed", lambda *_: False)
    world = three((30, 120, 30))
    world.run(world.now + 6 * MINUTE)
    assert any(found.startswith("13:") for found in promises(world))


def test_a_bug_that_opens_long_before_its_turn_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convoy, "ORDERED", 30 * SECOND)
    assert any("shared the water" in found for found in promises(asked()))


def test_a_bug_that_begins_each_proof_anew_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Command, "moves_since", property(lambda command: command.ack_at))
    assert dry_for(both(primed())) > 14 * SECOND


def test_a_bug_that_leaves_valves_open_through_a_rest_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "_outlasts", lambda *_: False)
    world = given_up(both(two(rest=LONG)), "leads-the-way", 41)
    opened, closed = moves(world, "valve_2")[0][1], moves(world, "valve_2")[1][1]
    assert closed - opened > MINUTE
