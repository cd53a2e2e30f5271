"""How long a stage and each of its orders may last, by the table and the site alone."""

from edgectl.engine.workflows.stage import Stage
from edgectl.model.site import Site
from edgectl.model.time import SECOND, Nanos

SLACK = 15 * SECOND  # orders, echoes and read-backs of a whole stage on a slow bus
REACH = 5 * SECOND  # a part that is to be stopped at the limit must not have ended by itself just before


def ceiling(site: Site, stage: Stage) -> Nanos:
    """The longest that a stage can take from its first order to its last read-back."""
    actuators = [site.actuators[name] for name in stage.opens]
    travel = max((a.travel for a in actuators), default=0)
    run_down = max((a.run_down for a in actuators), default=0)
    longest = stage.limit if stage.pulse is None else max(stage.pulse, stage.limit)
    return travel + longest + run_down + SLACK


def longest(site: Site, opens: tuple[str, ...]) -> Nanos | None:
    """The longest limit that a stage may have, so that none of its parts is on for longer than it may; None: any."""
    actuators = [site.actuators[name] for name in opens]
    around = max(a.travel for a in actuators) + max(a.run_down for a in actuators) + SLACK
    limits = [actuator.max_on - around for actuator in actuators if actuator.max_on is not None]
    return min(limits, default=None)


def lease(site: Site, stage: Stage, actuator: str, held: Nanos = 0, beyond: Nanos = 0) -> Nanos:
    """The last part's pulse may be the whole run, ended by the device; what is opened before it outlives it. A run
    that has `held` for a while already is no longer than what is left of it; `beyond` is for those that wait for its
    pump."""
    if actuator == stage.opens[-1]:
        return beyond + (stage.limit + REACH if stage.pulse is None else max(SECOND, stage.pulse - held))
    return beyond + ceiling(site, stage)
