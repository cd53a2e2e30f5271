"""Locked parts: twice a day they are released from afar, and then by somebody who stands in front of them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules import crashes, currents, dosing, flow, lockouts, operator, rebuilt
from edgectl.engine.rules.dry_run import CALL, LOW_FOR, START, STAY
from edgectl.engine.rules.guards import veto_start, veto_stay
from edgectl.model.channel import Sample
from edgectl.model.codes import Code
from edgectl.model.command import Command, Order
from edgectl.model.inputs import Acknowledge, Samples
from edgectl.model.site import Actuator, Sensor
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Doser
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World
from tests.unit.test_overrides import Heard
from tests.unit.test_vetoes import LEASE, NOW, _open, running, settled, with_pump

HOUR: Nanos = 3600 * SECOND


def at_rest() -> World:
    world = World(example_site(), (), 1)
    world.people = Heard(world)
    world.run(20 * SECOND)
    return world


def locked(world: World) -> None:
    """The pump fails for the third time."""
    draft = Draft(world.state, world._clock())
    lockouts.lock_out(draft, "pump", "no flow", code="biz_no_flow", count=3)
    draft.alert("biz_no_flow", "pump", "pump ran and flow saw no water", "look")
    world._stepper._apply(draft.decision())


def acknowledge(world: World, *, here: bool = False, alarm: str = "biz_no_flow:pump") -> str:
    world.offer(Acknowledge(token=1, alarm_id=alarm, who="Ana", here=here))
    world.run(world.now + SECOND)
    assert isinstance(world.people, Heard)
    return str(world.people.answers[-1].code)


def is_locked(world: World) -> bool:
    return Draft(world.state, world._clock()).held("lockout:pump")


def test_two_releases_from_afar_in_a_day_and_then_in_person() -> None:
    world = at_rest()
    for _ in range(2):
        locked(world)
        assert acknowledge(world) == "acknowledged"
        assert not is_locked(world)
    locked(world)
    assert acknowledge(world) == "reset_in_person"
    assert is_locked(world)
    assert world.state.alarms["output_lockout:pump"].active
    world._begin()
    world.run(world.now + 20 * SECOND)
    assert acknowledge(world) == "reset_in_person", "a restart forgets none of them"
    assert acknowledge(world, here=True, alarm="output_lockout:pump") == "acknowledged"
    assert not is_locked(world)
    assert "output_lockout:pump" not in world.state.alarms


def test_a_day_later_it_may_be_released_from_afar_again() -> None:
    world = at_rest()
    for _ in range(2):
        locked(world)
        acknowledge(world)
    world.run(world.now + 25 * HOUR)
    locked(world)
    assert acknowledge(world) == "acknowledged"


def test_without_the_rule_a_pump_is_released_from_afar_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockouts, "may_release", lambda draft, alarm, *, here: "")
    world = at_rest()
    for _ in range(5):
        locked(world)
        assert acknowledge(world) == "acknowledged"
        assert not is_locked(world)


PRESSED = Command(
    cmd_id="c-1",
    task_id=None,
    zone=None,
    stage="manual",
    actuator="pump",
    order=Order.ON,
    lease=60 * SECOND,
    queued_at=0,
    not_after=0,
)


# -- each lock has an alarm of its own, and only that one takes it off


def _sees_no_water(draft: Draft) -> None:
    sample = Sample(sample_id=8, channel="meter.flow", value=0.0, at=draft.now.mono)
    draft.state.image["meter.flow"] = sample


def _no_flow(draft: Draft) -> None:
    _sees_no_water(draft)
    for _ in range(flow.TRIPS_TO_LOCKOUT):
        flow.trip(draft, PRESSED)


def _overrun(draft: Draft) -> None:
    for _ in range(flow.OVERRUNS_TO_LOCKOUT):
        flow.overrun(draft, "valve", Code.CLEAN_FILL_TIMEOUT)


def _current(draft: Draft) -> None:
    currents.trip(draft, draft.state.site.actuators["pump"], "pump draws 9 A, more than 6 A")


def _idle_current(draft: Draft) -> None:
    currents.trip(draft, draft.state.site.actuators["pump"], "pump draws 0.2 A, less than 1 A: it pushes nothing")


def _doses(code: str) -> Callable[[Draft], None]:
    return lambda draft: dosing.lock_dosing(draft, draft.state.site.zones["zone-1"], code, "look")


def _journal(draft: Draft) -> None:
    site = draft.state.site
    doser = Doser(ml_per_s=1, max_dose_ml=1, max_per_hour_ml=1, max_per_day_ml=1)
    pump = replace(site.actuators["pump"], doser=doser)
    draft.state.site = replace(site, actuators={**site.actuators, "pump": pump})
    rebuilt.lock_for(draft, "another controller has led")


def _falls(draft: Draft) -> None:
    draft.state.site = replace(draft.state.site, restarts_allowed=0)
    draft.state.journal_lost = True
    crashes.count(draft)


LOCKS: list[tuple[Callable[[Draft], None], str]] = [
    (_no_flow, "biz_no_flow:pump"),
    (_current, "biz_overcurrent:pump"),
    (_idle_current, "biz_dry_run:pump"),
    (_overrun, "fill_overrun:valve"),
    (_doses("dose_no_effect"), "dose_no_effect:zone-1"),
    (_doses("probe_out_of_water"), "probe_out_of_water:zone-1"),
    (_doses("overshoot_guard"), "overshoot_guard:zone-1"),
    (_journal, "dosing_locked:dosing"),
    (_falls, "observe_only:controller"),
]


@pytest.mark.parametrize(("fail", "own"), LOCKS, ids=[own for _, own in LOCKS])
def test_only_its_own_alarm_takes_a_lock_off(fail: Callable[[Draft], None], own: str) -> None:
    state = settled()
    draft = Draft(state, NOW)
    fail(draft)
    subject = own.partition(":")[2]
    lock = f"lockout:{subject}"
    assert draft.held(lock)
    for other in ("output_may_be_on", "biz_pump_stuck_on", "zone_thirsty", "biz_high_ph"):
        draft.alert(other, subject, "something else", "look")
        operator.acknowledge(draft, Acknowledge(token=1, alarm_id=f"{other}:{subject}", who="Ana"))
        assert draft.held(lock), f"{other} says nothing about {own}"
    operator.acknowledge(draft, Acknowledge(token=1, alarm_id=own, who="Ana"))
    assert not draft.held(lock)


def test_an_alarm_of_something_else_does_not_count_the_dry_runs_anew() -> None:
    state = settled()
    draft = Draft(state, NOW)
    _sees_no_water(draft)
    for _ in range(flow.TRIPS_TO_LOCKOUT):
        draft.alert("output_may_be_on", "pump", "it may be on", "look")
        operator.acknowledge(draft, Acknowledge(token=1, alarm_id="output_may_be_on:pump", who="Ana"))
        flow.trip(draft, PRESSED)
    assert draft.held("lockout:pump"), "three dry runs in a row are three, whatever was acknowledged in between"


def test_a_pump_that_failed_in_two_ways_is_kept_by_the_first() -> None:
    draft = Draft(settled(), NOW)
    _current(draft)
    _no_flow(draft)
    operator.acknowledge(draft, Acknowledge(token=1, alarm_id="biz_no_flow:pump", who="Ana"))
    assert draft.held("lockout:pump"), "it still draws too much"
    operator.acknowledge(draft, Acknowledge(token=1, alarm_id="biz_overcurrent:pump", who="Ana"))
    assert not draft.held("lockout:pump")


def test_without_the_rule_any_alarm_of_a_pump_lets_it_run_dry_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockouts, "belongs", lambda latch, alarm: True)
    for fail, own in LOCKS:
        with pytest.raises(AssertionError, match="says nothing"):
            test_only_its_own_alarm_takes_a_lock_off(fail, own)


# -- a source that is nearly empty, of a pump whose file says nothing about it


@pytest.mark.parametrize(("level", "starts", "stays"), [(16.0, True, True), (14.0, False, True), (9.0, False, False)])
def test_a_pump_without_limits_of_its_own_does_not_run_dry(level: float, starts: bool, stays: bool) -> None:
    state = settled()
    _open(state)
    with_pump(state, requires=(), stop_if=())
    state.image["level.level"] = Sample(sample_id=9, channel="level.level", value=level, at=NOW.mono - SECOND)
    pump: Actuator = state.site.actuators["pump"]
    veto = veto_start(Draft(state, NOW), pump, LEASE)
    assert (veto is None) is starts
    assert veto is None or (veto.rule == "dry_run" and f"less than {START:.0f} %" in veto.why)
    running(state, "pump", since=10 * SECOND)
    veto = veto_stay(Draft(state, NOW), pump)
    assert (veto is None) is stays
    assert veto is None or (veto.rule == "dry_run" and f"less than {STAY:.0f} %" in veto.why)
    state.image.clear()
    veto = veto_stay(Draft(state, NOW), pump)
    assert veto is not None
    assert "nobody knows whether pump has water" in veto.why


def test_a_source_in_another_unit_is_the_business_of_the_file() -> None:
    state = settled()
    _open(state)
    with_pump(state, requires=(), stop_if=())
    level: Sensor = replace(state.site.sensors["level"], unit="cm")
    state.site = replace(state.site, sensors={**state.site.sensors, "level": level})
    state.image["level.level"] = Sample(sample_id=9, channel="level.level", value=5.0, at=NOW.mono - SECOND)
    assert veto_start(Draft(state, NOW), state.site.actuators["pump"], LEASE) is None


def test_a_person_is_called_while_there_is_still_something_to_pump() -> None:
    world = at_rest()

    def shows(level: float, seconds: int) -> None:
        for _ in range(seconds // 5):
            world.run(world.now + 5 * SECOND)
            sample = Sample(sample_id=10**6, channel="level.level", value=level, at=world.now + 1)
            world.now += 1
            world._stepper.offer(Samples(block=(sample,)))
            world._stepper.turn(world._clock())

    alarm = "biz_low_water:level"
    shows(CALL - 1, LOW_FOR // SECOND - 10)
    assert alarm not in world.state.alarms, "a wave is no low level"
    shows(CALL - 1, 30)
    assert world.state.alarms[alarm].active
    shows(CALL + 1, 10)
    assert world.state.alarms[alarm].active
    shows(CALL + 3, 10)
    assert not world.state.alarms[alarm].active
