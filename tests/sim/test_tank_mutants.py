"""Planted bugs in the tank and dosing rules. The two-tank house must notice each of them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules import dosing, flow, guards
from edgectl.engine.state import State
from edgectl.engine.workflows import catalogue, correction, doses, tanks, walk
from edgectl.engine.workflows.stage import Stage
from edgectl.model.inputs import Send
from edgectl.model.time import SECOND
from edgectl.model.water import Chemistry
from edgectl.plant.faults import Fault
from edgectl.plant.water import HARD, RO
from edgectl.simulate.field import Faults
from edgectl.simulate.world import DAY, World
from tests.sim import test_two_tanks
from tests.sim.test_two_tanks import break_it, broken, ground_of, house

Patch = pytest.MonkeyPatch


def _no_caps(patch: Patch) -> None:
    """Dose without a limit by the hour and the day."""
    for module in (dosing, correction):
        patch.setattr(module, "caps_left", lambda draft, actuator: 1e9)


def _nothing_entered(patch: Patch) -> None:
    """Let a dose out without entering it in the ledger."""
    patch.setattr(Draft, "spend", lambda self, actuator, amount, until: None)


def _forget_at_restart(patch: Patch) -> None:
    """Begin each life with empty ledgers."""
    begin = State.begin.__func__  # type: ignore[attr-defined]

    def forgetful(cls, **given):  # type: ignore[no-untyped-def]
        state = begin(cls, **given)
        state.ledgers.clear()
        return state

    patch.setattr(State, "begin", classmethod(forgetful))


def _short_mixing(patch: Patch) -> None:
    """Wait 20 s after a dose, as a widely used default has it."""
    patch.setattr(Chemistry, "mixing", property(lambda self: 20 * SECOND))


def _larger_than_allowed(patch: Patch) -> None:
    """Give the whole correction at once."""
    given = doses.given

    def generous(doser, ml):  # type: ignore[no-untyped-def]
        return given(replace(doser, max_dose_ml=1e9), ml)

    patch.setattr(doses, "given", generous)
    patch.setattr(dosing, "veto_dose", lambda draft, actuator, lease: None)
    patch.setattr(guards, "veto_dose", lambda draft, actuator, lease: None)
    # The longest time of a dosing pump would hold all the same: the file derives it from the largest dose.
    actuators = {
        name: replace(actuator, max_on=60 * SECOND) if actuator.doser else actuator
        for name, actuator in test_two_tanks.FILE.site.actuators.items()
    }
    longer = replace(test_two_tanks.FILE.site, actuators=actuators)
    patch.setattr(test_two_tanks, "FILE", replace(test_two_tanks.FILE, site=longer))


def _no_end_of_a_fill(patch: Patch) -> None:
    """Fill until the float says so, however long that takes."""
    patch.setattr(tanks, "_fill_limit", lambda tank, rate, most: most)


def _no_lock_after_overruns(patch: Patch) -> None:
    """Try a fill that runs over again every night."""
    patch.setattr(flow, "OVERRUNS_TO_LOCKOUT", 99)


def _resume_with_a_fresh_budget(patch: Patch) -> None:
    """Begin the time of a fill anew after each restart."""
    enter = walk.enter
    patch.setattr(catalogue.walk, "enter", lambda draft, task, table, name, **_: enter(draft, task, table, name))


def _both_floats_are_believed(patch: Patch) -> None:
    """Take wet at the top and dry at the bottom for a full tank."""
    patch.setattr(tanks, "_contradictions", lambda tank: ())


def _pump_before_the_valves(patch: Patch) -> None:
    """Start the pump with the valves."""

    def hasty(draft, task, stage: Stage):  # type: ignore[no-untyped-def]
        parts = [draft.state.site.actuators[name] for name in reversed(stage.opens)]
        return all([walk._on(draft, task, stage, part) for part in parts])

    patch.setattr(walk, "_opened", hasty)
    patch.setattr(guards, "shuts_first", lambda draft, pump, lease: None)
    patch.setattr(guards, "dead_head", lambda draft, pump: None)


def _dose_again_after_a_restart(patch: Patch) -> None:
    """Send the doses again that the last life had on the way."""
    begin = World._begin

    def resending(self: World) -> None:
        begin(self)
        again = tuple(
            Send(cmd_id=c.cmd_id, actuator=c.actuator, on=True, lease=c.lease, not_after=self.now + DAY)
            for c in self.state.commands.values()
            if c.stage == "dose"
        )
        self._release(again, self.now)

    patch.setattr(World, "_begin", resending)


def _deaf_air(patch: Patch) -> None:
    """Feed a solution whose EC probe hangs in the air."""
    patch.setattr(correction, "_implausible", lambda chemistry, ph, ec: None)


SEEDS = 2
ROUGH = Faults(lost_request=0.01, lost_reply=0.02)
# The bug, and the house in which it must show: water, a single fault of the plant, crashes, days.
MUTANTS: list[tuple[Callable[[Patch], None], str, dict[str, object], float]] = [
    (_no_caps, "", {"water": HARD, "often": True}, 1),
    (_nothing_entered, "", {"water": HARD, "often": True}, 1),
    (_forget_at_restart, "", {"water": HARD, "crash": 0.005, "often": True}, 3),
    (_short_mixing, "", {"water": RO}, 1),
    (_larger_than_allowed, "", {"water": HARD}, 1),
    (_no_end_of_a_fill, "clean max dry", {}, 3),
    (_no_lock_after_overruns, "clean max dry", {}, 4),
    (_both_floats_are_believed, "clean max wet", {}, 1.8),
    (_pump_before_the_valves, "", {"faults": ROUGH}, 2),
    (_dose_again_after_a_restart, "", {"crash": 0.01}, 4),
    (_deaf_air, "ec in the air", {}, 1.8),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant[0].__name__)
def test_the_two_tank_house_catches_the_planted_bug(
    mutant: tuple[Callable[[Patch], None], str, dict[str, object], float], monkeypatch: Patch
) -> None:
    plant, fault, given, days = mutant

    def wrong() -> bool:
        for seed in range(SEEDS):
            world = house(seed, **given)  # type: ignore[arg-type]
            words = ""
            if fault:
                words = break_it(world, fault)
            try:
                world.run(round(days * DAY))
            except AssertionError:
                return True  # the engine itself refused to go on
            told = [str(entry.details) for entry in world.journal.timeline] + list(world.state.alarms)
            if broken(world) or not any(words in line for line in told):
                return True
        return False

    if wrong():
        pytest.fail("without the bug the house must keep its promises")
    plant(monkeypatch)
    caught = wrong()
    monkeypatch.undo()
    assert caught, plant.__doc__


@pytest.mark.parametrize("planted", [False, True])
def test_a_float_that_falls_silent_in_mid_fill_stops_the_flow(monkeypatch: Patch, planted: bool) -> None:
    """And with the door for it taken away, it does not."""
    if planted:
        monkeypatch.setattr(tanks, "_BLIND", None)
    world = house()
    while not world.field.relays["valve_clean_fill"].on:
        world.run(world.now + 10 * SECOND)
    world.run(world.now + 60 * SECOND)
    break_it(world, "float silent")
    ground_of(world).plant.break_part(Fault.PROBE_DROPOUT, "board.di_2", world.now)
    world.run(world.now + 20 * SECOND)
    assert world.field.relays["valve_clean_fill"].on is planted


@pytest.mark.parametrize("planted", [False, True])
def test_a_fill_that_is_cut_off_again_and_again_keeps_its_time(monkeypatch: Patch, planted: bool) -> None:
    """And when each life begins it anew, a float that lies becomes a flood."""
    # A controller that falls forty times in a row only watches. This is about the time of the fill alone.
    falls = replace(test_two_tanks.FILE.site, restarts_allowed=None)
    monkeypatch.setattr(test_two_tanks, "FILE", replace(test_two_tanks.FILE, site=falls))
    if planted:
        _resume_with_a_fresh_budget(monkeypatch)
    world = house()
    break_it(world, "clean max dry")
    while not world.field.relays["valve_clean_fill"].on:
        world.run(world.now + 10 * SECOND)
    for _ in range(40):
        world.run(world.now + 60 * SECOND)
        world._begin()
    assert bool(broken(world)) is planted
