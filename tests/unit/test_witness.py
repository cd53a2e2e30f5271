"""Water that nobody ordered: a person is told, once, and not by a meter that has nothing to say."""

import math
from dataclasses import replace

import pytest

from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.model.channel import Sample
from edgectl.model.inputs import MakeSafe, Samples
from edgectl.model.output import Output
from edgectl.model.site import Actuator, FailSafe, Role
from edgectl.model.time import SECOND, Nanos, Now
from edgectl.model.timeline import Stored
from edgectl.simulate.example import example_site

ALARM = "flow_without_order:flow"


class Pipe:
    """The example house, a meter that says what it is told to, every two seconds."""

    def __init__(self) -> None:
        stored = Stored(journal_id="j", last_seq=0)
        self.state = State.begin(site=example_site(), schedules=(), stored=stored, boot_id="b", started=0)
        self.state.phase = Phase.READY
        self.state.unproven.clear()
        self.stepper = Stepper(self.state)
        self.now: Nanos = 100 * SECOND

    def flows(self, litres: float | None, seconds: int) -> None:
        for _ in range(seconds // 2):
            self.now += 2 * SECOND
            if litres is not None:
                sample = Sample(sample_id=self.now // SECOND, channel="meter.flow", value=litres, at=self.now)
                self.stepper.offer(Samples(block=(sample,)))
            self.stepper.turn(Now(mono=self.now, wall=self.now))

    def owe(self, name: str, owed: bool) -> None:
        self.state.outputs[name] = Output(
            name=name, owed_off=owed, cmd_id=None, task_id=None, zone=None, off_by=self.now + 3600 * SECOND
        )

    @property
    def alarmed(self) -> bool:
        return ALARM in self.state.alarms and self.state.alarms[ALARM].active


def test_water_without_an_order_is_told_after_ten_seconds_and_calmed_when_it_stops() -> None:
    pipe = Pipe()
    pipe.flows(0.5, 12)  # ten seconds after it was seen first: not longer than that
    assert not pipe.alarmed
    pipe.flows(0.5, 2)
    assert pipe.alarmed
    assert "flow sees 0.5 L/min" in pipe.state.alarms[ALARM].message
    pipe.flows(0.5, 60)
    pipe.flows(0.1, 2)
    assert not pipe.alarmed
    batch = pipe.stepper.next_batch()
    assert batch is not None
    assert [entry.event_type for entry in batch.entries] == ["ALARM_RAISED", "ALARM_CLEARED"]


@pytest.mark.parametrize("litres", [0.0, 0.1, None, math.nan, math.inf])
def test_no_flow_and_no_reading_are_no_flow(litres: float | None) -> None:
    pipe = Pipe()
    pipe.flows(litres, 60)
    assert pipe.state.alarms == {}
    assert not pipe.state.unordered


def test_a_break_begins_anew() -> None:
    pipe = Pipe()
    for _ in range(5):
        pipe.flows(0.5, 10)
        pipe.flows(0.0, 2)
    for _ in range(5):
        pipe.flows(0.5, 10)
        pipe.flows(None, 4)  # silent for longer than the meter's max_age
    assert ALARM not in pipe.state.alarms


@pytest.mark.parametrize("name", ["valve", "pump"])
def test_what_was_ordered_is_no_leak_until_it_was_seen_off(name: str) -> None:
    pipe = Pipe()
    pipe.owe(name, True)
    pipe.flows(10.0, 60)
    pipe.owe(name, False)
    pipe.flows(10.0, 12)
    assert not pipe.alarmed
    pipe.flows(10.0, 2)
    assert pipe.alarmed


def test_an_old_sample_does_not_prove_the_last_seconds() -> None:
    pipe = Pipe()
    pipe.flows(0.5, 12)
    pipe.flows(None, 2)  # twelve seconds, and nothing seen of the last two
    assert not pipe.alarmed


def test_a_silent_meter_calms_nothing() -> None:
    pipe = Pipe()
    pipe.flows(0.5, 20)
    pipe.flows(None, 60)
    assert pipe.alarmed
    pipe.flows(0.0, 2)
    assert not pipe.alarmed


def test_the_turn_that_decides_is_asked_for() -> None:
    pipe = Pipe()
    pipe.flows(0.5, 2)
    first = pipe.now
    assert pipe.stepper.wake_at == first + 12_500_000_001
    assert pipe.state.unordered == {"flow": first}


def test_an_off_is_ordered_again_and_what_feeds_the_pipe_falls() -> None:
    pipe = Pipe()
    site = pipe.state.site
    mains = Actuator(name="mains", channel="board.relay_6", role=Role.CONTACTOR, fail_safe=FailSafe.NONE)
    valve = replace(site.actuators["valve"], backup="mains")
    pipe.state.site = replace(site, actuators={**site.actuators, "valve": valve, "mains": mains})
    left: list[str] = []
    for _ in range(7):
        pipe.now += 2 * SECOND
        sample = Sample(sample_id=pipe.now // SECOND, channel="meter.flow", value=0.5, at=pipe.now)
        pipe.stepper.offer(Samples(block=(sample,)))
        effects = pipe.stepper.turn(Now(mono=pipe.now, wall=pipe.now))
        left += [effect.actuator for effect in effects if isinstance(effect, MakeSafe)]
    assert pipe.alarmed
    assert left == ["pump", "valve", "mains"], "once, when the alarm begins"
    assert pipe.state.latches["backup:mains"].why == "flow sees water that nobody ordered"
