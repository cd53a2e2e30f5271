"""Roots in a film of water: never without it for longer than they bear, and no pump runs dry, whatever dies."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules import circulation, guards, interlock
from edgectl.engine.rules.flow import is_dry
from edgectl.model.channel import Sample
from edgectl.model.codes import Code
from edgectl.model.inputs import Acknowledge, ManualOn, Mode, Restrain, Restraint, SetMode
from edgectl.model.site import Actuator, Draws, FailSafe, Role, Round, Sensor
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Chemistry, Circuit, Tank
from edgectl.plant.faults import Fault
from edgectl.plant.layout import MAINS, ValvePart
from edgectl.simulate.field import Faults
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World
from tests.sim.round_house import (
    BUBBLES,
    FILM,
    HOUR,
    MAX_OFF,
    MINUTE,
    film,
    film_site,
    gaps,
    piped,
    promises,
)
from tests.sim.test_workflow_rows import ask, ended

ALARM = "circulation_off:pump"
BACK: Nanos = 45 * SECOND  # from a kill to water again: the start, the rest after it, the turn of the load


def alarmed(world: World) -> set[str]:
    return {str(e.details["alarm"]) for e in world.journal.timeline if e.event_type == "ALARM_RAISED"}


def pulses(world: World, name: str = "pump") -> list[Nanos]:
    """How long each ON lasted."""
    found, on_at = [], None
    for move in world.field.trace:
        if move.name != name:
            continue
        if move.on and on_at is None:
            on_at = move.at
        elif not move.on and on_at is not None:
            found.append(move.at - on_at)
            on_at = None
    return found


def test_it_never_ends_by_itself_and_each_pulse_does() -> None:
    world = film()
    world.run(3 * HOUR)
    assert max(gaps(world, since=MINUTE)) < 7 * SECOND, "its rest, an OFF that is read back, an ON"
    assert {round(pulse / SECOND) for pulse in pulses(world)} == {1800}
    assert alarmed(world) == set()
    assert promises(world) == []


def test_in_turns_it_rests_between_them() -> None:
    world = film(replace(FILM, on=15 * MINUTE, off=15 * MINUTE, pulse=15 * MINUTE, max_off=20 * MINUTE))
    world.run(4 * HOUR)
    assert {round(pulse / MINUTE) for pulse in pulses(world)} == {15}
    assert {round(gap / MINUTE) for gap in gaps(world, since=MINUTE)[:-1]} == {15}
    assert alarmed(world) == set()


@pytest.mark.parametrize("seed", [3])
def test_ten_days_with_kills_lost_frames_and_a_dull_eye(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read once a minute only while nothing changes, so that ten days can be lived through here."""

    def seldom(self: World) -> Nanos:
        moved = any(move.at > self.now - 15 * SECOND for move in self.field.trace[-3:])
        return self._polled + (2 if moved else 60) * SECOND

    monkeypatch.setattr(World, "_next_poll", seldom)
    site = film_site()
    slow = replace(site.sensors["flow"], max_age=65 * SECOND)
    level = replace(site.sensors["level"], max_age=70 * SECOND)
    site = replace(site, sensors={**site.sensors, "flow": slow, "level": level})
    world = film(site=site, seed=seed, faults=Faults(lost_request=0.01, lost_reply=0.01), crash=0.004)
    world.run(10 * 24 * HOUR)
    assert world.report.crashes > 100
    assert max(gaps(world, since=MINUTE)) < MAX_OFF
    assert ALARM not in alarmed(world)
    assert world.field.ground.dry < 6 * SECOND
    assert promises(world) == []


@pytest.mark.parametrize("after", [1, 3, 7, 300, 1829, 1832, 1834, 1836])
@pytest.mark.parametrize("reboots", [False, True])
def test_a_kill_or_a_power_cut_in_each_step_leaves_it_off_and_then_brings_it_back(after: int, reboots: bool) -> None:
    world = film()
    world.run(after * SECOND + 30 * SECOND)
    if reboots:
        world._reboot()
    world._begin()
    world.run(world.now + 300 * SECOND // 1000)
    assert not world.field.relays["pump"].on, "off, before anything else"
    assert not world.state.outputs.get("pump") or not world.state.outputs["pump"].owed_off
    world.run(world.now + BACK)
    assert world.field.relays["pump"].on
    assert ALARM not in alarmed(world)
    assert promises(world) == []


def test_a_power_cut_for_longer_than_roots_bear_is_told() -> None:
    world = film()
    world.run(10 * MINUTE)
    world._die()
    world.now += 30 * MINUTE
    world._begin()
    world.run(world.now + 4 * SECOND)
    assert ALARM in alarmed(world)
    world.run(world.now + BACK)
    assert not world.state.alarms[ALARM].active


def test_a_dry_pump_stops_at_once_is_tried_twice_and_calls_a_person() -> None:
    world = film()
    world.run(10 * MINUTE)
    world.field.ground.block("pump", True, world.now)
    blocked = world.now
    world.run(blocked + 5 * SECOND)
    assert not world.field.relays["pump"].on
    world.run(blocked + MAX_OFF - 2 * MINUTE)
    assert "lockout:pump" in world.state.held
    assert ALARM not in alarmed(world)
    world.run(blocked + MAX_OFF + MINUTE)
    assert world.state.alarms[ALARM].active
    assert world.field.ground.dry < 6 * SECOND
    assert sum(move.on and move.at > blocked for move in world.field.trace) == 2, "the third trip locks it"
    world.field.ground.block("pump", False, world.now)
    world.offer(Acknowledge(token=1, alarm_id="biz_no_flow:pump", who="Ana"))
    world.run(world.now + BACK)
    assert world.field.relays["pump"].on
    assert not world.state.alarms[ALARM].active
    assert promises(world) == []


def test_water_that_moves_again_ends_the_row() -> None:
    world = film()
    world.run(5 * MINUTE)
    for _ in range(4):
        world.field.ground.block("pump", True, world.now)
        world.run(world.now + 10 * SECOND)
        world.field.ground.block("pump", False, world.now)
        world.run(world.now + 3 * MINUTE)
    assert world.field.relays["pump"].on
    assert "lockout:pump" not in world.state.held


def test_what_keeps_it_off_for_hours_is_told_now_and_then() -> None:
    world = film()
    world.run(10 * MINUTE)
    tank = next(iter(world.field.ground.plant.plumbing.tanks.values()))
    full, tank.volume_l = tank.volume_l, 0.08 * tank.volume_l
    low = world.now
    world.run(low + 3 * HOUR)
    assert not world.field.relays["pump"].on
    assert world.state.alarms[ALARM].active
    vetoes = [e for e in world.journal.timeline if e.event_type == "VETO" and e.mono > low]
    assert 1 <= len(vetoes) <= 5
    tank.volume_l = full
    world.run(world.now + BACK)
    assert world.field.relays["pump"].on
    assert not world.state.alarms[ALARM].active


def hold(*, on: bool) -> Restrain:
    return Restrain(token=1, what=Restraint.HOLD, on=on, who="Ana", zone="zone-1", lasts=5 * HOUR if on else None)


KEPT = {
    "a hold": (hold(on=True), hold(on=False)),
    "manual mode": (
        SetMode(token=1, zone="zone-1", mode=Mode.MANUAL, who="Ana"),
        SetMode(token=2, zone="zone-1", mode=Mode.AUTO, who="Ana"),
    ),
}


@pytest.mark.parametrize("case", KEPT)
def test_what_a_person_keeps_off_stays_off_and_is_told_all_the_same(case: str) -> None:
    put, take = KEPT[case]
    world = film()
    world.run(10 * MINUTE)
    world.offer(put)
    world.run(world.now + 2 * SECOND)
    assert not world.field.relays["pump"].on, "a flow that runs is stopped first"
    world.run(world.now + MAX_OFF + MINUTE)
    assert "release it" in world.state.alarms[ALARM].advice
    world.offer(take)
    world.run(world.now + BACK)
    assert world.field.relays["pump"].on


def test_it_gives_way_to_a_task_and_comes_back() -> None:
    world = film()
    world.run(10 * MINUTE)
    ask(world, "irrigation", {"duration_s": 60})
    world.run(world.now + 3 * MINUTE)
    task = ended(world)
    assert task.outcome is not None
    assert (task.status.value, task.outcome.effect_amounts["pump_s"]) == ("completed", pytest.approx(60, abs=1))
    assert world.field.relays["pump"].on
    assert alarmed(world) == set()
    assert promises(world) == []


@pytest.mark.parametrize(("amps", "dry"), [(2.0, False), (0.2, True), (None, True)])
def test_current_proves_the_water_where_the_flow_cannot_be_seen(amps: float | None, dry: bool) -> None:
    site = film_site()
    pump = replace(site.actuators["pump"], draws=Draws(sensor="amps", least=1.0))
    sensors = {**site.sensors, "amps": Sensor(name="amps", channel="meter.amps", unit="A")}
    world = film()
    world.run(MINUTE)
    state = world.state
    state.site = replace(site, sensors=sensors, actuators={**site.actuators, "pump": pump})
    state.image.pop("meter.flow")
    state.woke_at = None  # nobody has slept
    if amps is not None:
        state.image["meter.amps"] = Sample(sample_id=1, channel="meter.amps", value=amps, at=world.now)
    draft = Draft(state, world._clock())
    (command,) = (c for c in draft.commands() if c.actuator == "pump" and not c.terminal)
    assert is_dry(draft, command) is dry


# -- planted bugs


def _dry_for(world: World) -> Nanos:
    world.run(10 * MINUTE)
    world.field.ground.block("pump", True, world.now)
    world.run(world.now + 5 * MINUTE)
    world.field.advance(world.now)
    return world.field.ground.dry


def _no_proof(patch: pytest.MonkeyPatch) -> bool:
    """Let it run without water."""
    patch.setattr(interlock, "is_dry", lambda draft, command: False)
    return _dry_for(film()) < 6 * SECOND


def _no_rest(patch: pytest.MonkeyPatch) -> bool:
    """Begin the next pulse at once."""
    patch.setattr(circulation, "_rests", lambda draft, one, pump, output: False)
    patch.setattr(guards, "STARTING", tuple(row for row in guards.STARTING if row[0] != "min_off"))
    world = film()
    world.run(2 * HOUR)
    return min(gaps(world, since=MINUTE)) > 4 * SECOND


def _no_memory(patch: pytest.MonkeyPatch) -> bool:
    """Forget at a start that there was water until just now."""
    patch.setattr(circulation, "_note_water", lambda draft, name, every: None)
    world = film()
    world.run(25 * MINUTE)
    world._begin()
    world.run(world.now + 2 * SECOND)
    world.offer(hold(on=True))
    world.run(world.now + MAX_OFF - 3 * MINUTE)
    return ALARM in alarmed(world)


def _no_call(patch: pytest.MonkeyPatch) -> bool:
    """Tell nobody that it is off."""
    patch.setattr(circulation, "_mind", lambda draft, zone, one, pump: None)
    world = film()
    world.offer(hold(on=True))
    world.run(world.now + HOUR)
    return ALARM in alarmed(world)


def _no_way(patch: pytest.MonkeyPatch) -> bool:
    """Keep the pump from every task."""
    patch.setattr(circulation, "_ends", lambda draft, zone, pump: "")
    world = film()
    ask(world, "irrigation", {"duration_s": 10})
    world.run(world.now + 3 * MINUTE)
    return ended(world).status.value == "completed"


@pytest.mark.parametrize("bug", [_no_proof, _no_rest, _no_call, _no_way])
def test_each_planted_bug_is_seen(bug: Callable[[pytest.MonkeyPatch], bool], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as nothing:
        nothing.setattr(nothing, "setattr", lambda *args: None)
        assert bug(nothing), "without the bug it holds"
    assert not bug(monkeypatch), bug.__doc__


# -- a bubbler


def bubbling(one: Round = BUBBLES) -> World:
    return film(FILM, one)


def test_a_bubbler_runs_from_the_start_and_comes_back_when_another_hand_switched_it_off() -> None:
    world = bubbling()
    world.run(MINUTE)
    assert world.field.relays["bubbler"].on
    world.field._move("bubbler", False, world.now, None, None)
    world.run(world.now + 2 * MINUTE)
    assert world.field.relays["bubbler"].on
    world._begin()
    assert world.field.relays["bubbler"].on, "it keeps its state, whoever lives"


def test_a_bubbler_in_turns() -> None:
    world = bubbling(replace(BUBBLES, on=15 * MINUTE, off=15 * MINUTE, max_off=20 * MINUTE))
    world.run(3 * HOUR)
    assert {round(gap / MINUTE) for gap in gaps(world, "bubbler", since=MINUTE)[:-1]} == {15}
    assert alarmed(world) == set()


def test_a_bubbler_that_does_not_come_on_calls_a_person_in_time() -> None:
    world = bubbling()
    world.run(MINUTE)
    world.field._move("bubbler", False, world.now, None, None)
    world.field.faults = Faults(stuck_relay=1.0)
    stuck = world.now
    world.run(stuck + BUBBLES.max_off - MINUTE)
    assert "circulation_off:bubbler" not in alarmed(world)
    world.run(stuck + BUBBLES.max_off + 3 * MINUTE)
    assert "circulation_off:bubbler" in alarmed(world)


def test_a_flow_sensor_that_sticks_at_nothing_stops_the_pump() -> None:
    world = film()
    world.run(10 * MINUTE)
    world.field.ground.plant.break_part(Fault.PROBE_STUCK, "meter.flow", world.now, value=0.0)
    world.run(world.now + 6 * SECOND)
    assert not world.field.relays["pump"].on


def _fed(start: float) -> World:
    """A film over a tank that a tap fills, `start` of it full."""
    site, layout = film_site(), piped()
    tap = Actuator(name="tap", channel="board.relay_5", role=Role.VALVE, fail_safe=FailSafe.PULSE, max_on=1900 * SECOND)
    circuit = Circuit(solution=Tank(name="butt", volume_l=200, level="level"), fill="tap", fill_l_min=None)
    zone = replace(site.zones["zone-1"], circuit=circuit, chemistry=Chemistry(volume_l=200, rate_l_min=10))
    site = replace(site, actuators={**site.actuators, "tap": tap}, zones={"zone-1": zone})
    tank = replace(layout.tanks[0], start_l=start * layout.tanks[0].capacity_l)
    valve = ValvePart(name="tap", source=MAINS, target=tank.name)
    ground = Ground(replace(layout, tanks=(tank,), valves=(*layout.valves, valve)), Random(1))
    ground.plant.set("channels", 1.0, 0)
    world = World(site, (), 1, ground=ground)
    world.run(5 * MINUTE)
    return world


def test_a_task_that_leaves_its_pump_off_for_long_is_not_refused_its_next_stage() -> None:
    """It fills for minutes and prepares then: a pulse of the round in between would stand in its way."""
    world = _fed(0.3)
    ask(world, "diagnostics", {"workflow": "startup"})
    world.run(world.now + 30 * MINUTE)
    task = ended(world)
    assert task.outcome is not None
    assert (task.outcome.reason_code, task.vetoes) == (Code.PREPARE_TARGETS_REACHED, ())
    assert promises(world) == []


def test_a_round_gives_way_once_to_who_waits_and_not_at_all_to_who_waits_for_more() -> None:
    world = _fed(0.3)
    began = world.now
    # Nothing comes out of the tap: over a full tank it would be shut long before.
    world.field.ground.plant.break_part(Fault.MAINS_DRY, "", world.now)
    world.offer(ManualOn(token=9, actuator="tap", lease=600 * SECOND, who="Ana"))
    world.run(world.now + 5 * SECOND)
    ask(world, "diagnostics", {"workflow": "startup"}, name="waits-for-tap", due=9 * MINUTE)
    world.run(began + 9 * MINUTE)
    world.field.advance(world.now)
    starts = [move for move in world.field.trace if move.name == "pump" and move.on and move.at >= began]
    assert len(starts) <= 1, "the tap is in a hand: the film goes on"
