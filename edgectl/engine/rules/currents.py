"""What a motor draws while it runs: too much and it burns, too little and it pushes nothing. Either locks it out."""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.lockouts import lock_out
from edgectl.model.channel import Missing
from edgectl.model.site import Actuator
from edgectl.model.time import SECOND, Nanos

STARTING: Nanos = 3 * SECOND  # a motor draws several times its current while it comes up


def out_of_bounds(draft: Draft, actuator: Actuator) -> str | None:
    """Why a motor that runs must stop for what it draws; None while all is well or nothing is measured."""
    bounds = actuator.draws
    output = draft.output(actuator.name)
    command = None if output is None else draft.command(output.cmd_id)
    if bounds is None or command is None or command.seen_at is None or command.moves_since is None:
        return None
    judged = command.moves_since + STARTING
    if draft.now.mono < judged:
        draft.wake(judged)
        return None
    reading = draft.read(bounds.sensor)
    if isinstance(reading, Missing):
        return f"{bounds.sensor} of {actuator.name} cannot be believed ({reading.reason.value.replace('_', ' ')})"
    draft.wake(reading.at + draft.state.site.sensors[bounds.sensor].max_age + 1)
    if reading.at < judged:
        return None  # it was read while the motor still came up
    if bounds.most is not None and reading.value > bounds.most:
        return f"{actuator.name} draws {reading.value:g} A, more than {bounds.most:g} A"
    if bounds.least is not None and reading.value < bounds.least:
        return f"{actuator.name} draws {reading.value:g} A, less than {bounds.least:g} A: it pushes nothing"
    return None


def trip(draft: Draft, actuator: Actuator, why: str) -> None:
    """Lock it out and call a person: neither fault mends itself by another start."""
    if draft.held(f"lockout:{actuator.name}") or "cannot be believed" in why:
        return
    code = "biz_overcurrent" if "more than" in why else "biz_dry_run"
    lock_out(draft, actuator.name, why, code=code)
    draft.alert(code, actuator.name, why, "look for what blocks it or what it should push, then acknowledge")
