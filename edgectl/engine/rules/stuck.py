"""A motor that draws current while nothing ordered it runs by another hand, or by a contact that is welded."""

from edgectl.engine.draft import Draft
from edgectl.engine.rules import backups
from edgectl.model.channel import Missing
from edgectl.model.inputs import MakeSafe
from edgectl.model.site import Actuator
from edgectl.model.time import SECOND, Nanos

RUNS_DOWN: Nanos = 10 * SECOND
IDLE = 0.1  # of what it may draw: less is the noise of the meter


def watch(draft: Draft) -> None:
    """Look at every motor whose current is measured."""
    for name, actuator in draft.state.site.actuators.items():
        if actuator.draws is None:
            continue
        output, seen = draft.output(name), ("stuck", name)
        reading = draft.read(actuator.draws.sensor)
        if (output is not None and output.owed_off) or isinstance(reading, Missing):
            draft.forget_since(seen)
        elif reading.value <= _idle(actuator):
            draft.forget_since(seen)
            draft.calm("biz_pump_stuck_on", name)
        elif reading.at >= draft.since(seen) + RUNS_DOWN:
            _stop_again(draft, actuator, reading.value)


def _idle(actuator: Actuator) -> float:
    assert actuator.draws is not None
    return actuator.draws.least if actuator.draws.least is not None else IDLE * (actuator.draws.most or 1.0)


def _stop_again(draft: Draft, actuator: Actuator, amps: float) -> None:
    alarm_id = f"biz_pump_stuck_on:{actuator.name}"
    alarm = draft.alarm(alarm_id)
    if alarm is None or not alarm.active:
        draft.effect(MakeSafe(actuator=actuator.name, reason="it draws current without an order"))
        backups.fall(draft, actuator.name, alarm_id, f"{actuator.name} draws {amps:g} A without an order")
    draft.alert(
        "biz_pump_stuck_on",
        actuator.name,
        f"{actuator.name} is off and draws {amps:g} A",
        "look at its hand switch, then at its relay: switch it off at the isolator if it runs",
    )
