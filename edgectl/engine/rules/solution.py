"""What the plants are being given: a solution far off its targets calls a person while it flows, and not before.

A tank that is being filled or prepared is off its targets by nature; what counts is what reaches the roots.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.workflows.aims import zone_for
from edgectl.model.channel import Reading, Use
from edgectl.model.site import Zone
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND, Nanos

PH_OFF = 1.0  # from the target, either way
EC_SHARE_OFF = 0.5  # of the target, either way
LASTS: Nanos = 10 * SECOND


def watch(draft: Draft) -> None:
    """Look at every zone that is being watered from a solution with targets."""
    for task in draft.tasks():
        zone = zone_for(draft.state.site.zones[task.zone], task)
        flows = task.status is TaskStatus.RUNNING and task.task_type == "irrigation" and task.phase == "hold"
        own = zone.circuit is not None and zone.circuit.irrigation is not None  # the probes hang in another tank
        if flows and zone.chemistry is not None and not own:
            _look(draft, zone)


def _look(draft: Draft, zone: Zone) -> None:
    chemistry = zone.chemistry
    assert chemistry is not None
    for sensor, target, off, names, unit in (
        (chemistry.ph, chemistry.target_ph, PH_OFF, ("biz_low_ph", "biz_high_ph"), "pH"),
        (chemistry.ec, chemistry.target_ec, EC_SHARE_OFF * chemistry.target_ec, ("biz_low_ec", "biz_high_ec"), "mS/cm"),
    ):
        reading = None if sensor is None else draft.read(sensor, Use.IRRIGATION)
        if not isinstance(reading, Reading):
            continue
        for code, beyond in zip(names, (target - off - reading.value, reading.value - target - off), strict=True):
            since = (code, zone.name)
            if beyond <= 0:
                draft.forget_since(since)
                draft.calm(code, zone.name)
            elif draft.now.mono - draft.since(since) >= LASTS:
                draft.alert(
                    code,
                    zone.name,
                    f"{zone.name} is being watered with {reading.value:.2f} {unit}, its target is {target:g}",
                    "look at the probe and the tank; stop-water ends it if in doubt",
                )
            else:
                draft.wake(draft.since(since) + LASTS)
