"""Does a running pump move water? Whoever switched it on, a dry one is stopped, and the third time it stays stopped.

Two rules. A flow that nobody can read stops the pump too, and counts for nothing: it says that a sensor is out, not the
water. And who has slept looks before he judges: what the meter showed before is no word about now.
"""

from collections.abc import Hashable, Sequence

from edgectl.engine.draft import Draft
from edgectl.engine.rules.lockouts import lock_out
from edgectl.model.channel import Missing, Reading
from edgectl.model.codes import Code
from edgectl.model.command import Command
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Latch

ROUND = "circulate"  # what the orders of water and air without end are called
FLOW_PROOF = 3 * SECOND  # water must have moved by then
NO_FLOW_L_MIN = 0.1
READ_WITHIN = SECOND  # after a gap between two turns the meter is given so long to be read once
TRIPS_TO_LOCKOUT = 3
OVERRUNS_TO_LOCKOUT = 2


def is_dry(draft: Draft, command: Command) -> bool:
    """True when the pump of this order should move water by now and no flow sensor of its zones sees any."""
    sensors = draft.state.fixed.flows_of.get(command.actuator, ())
    proven_at = proven_by(draft, command)
    if not sensors or proven_at is None:
        return False
    if draft.now.mono < proven_at:
        draft.forget_since(("unread", command.actuator))
        draft.wake(proven_at)
        return False
    for name in sensors:
        reading = draft.read(name)
        if isinstance(reading, Reading) and reading.value >= NO_FLOW_L_MIN:
            draft.forget_since(("unread", command.actuator))
            draft.wake(reading.at + draft.state.site.sensors[name].max_age + 1)
            return False
    if undecided(draft, command):
        return False
    return not (cannot_be_read(draft, command) and command.stage == ROUND and _draws(draft, command.actuator))


def undecided(draft: Draft, command: Command) -> bool:
    """Of a pump that should move water by now: can nobody tell yet whether it does, or any more?"""
    readings = [draft.read(name) for name in draft.state.fixed.flows_of.get(command.actuator, ())]
    if any(isinstance(reading, Reading) and reading.value >= NO_FLOW_L_MIN for reading in readings):
        return False
    if _pulse_is_over(draft, command):
        return True
    asked_until = _read_by(draft, readings, ("unread", command.actuator)) if readings else 0
    if asked_until <= draft.now.mono:
        return False
    draft.wake(asked_until)
    return True


def cannot_be_read(draft: Draft, command: Command) -> bool:
    """Of a pump that is dry: is it so only because no flow sensor of its zones can be read?"""
    sensors = draft.state.fixed.flows_of.get(command.actuator, ())
    return bool(sensors) and all(isinstance(draft.read(name), Missing) for name in sensors)


def unreadable(draft: Draft, pump: str) -> bool:
    """Can no flow sensor of this pump be read, because the boards that measure are silent? Those have alarms of their
    own."""
    site, sensors = draft.state.site, draft.state.fixed.flows_of.get(pump, ())
    unread = all(isinstance(draft.read(name), Missing) for name in sensors)
    return bool(sensors) and unread and all(site.sensors[name].devices & set(draft.state.silent) for name in sensors)


def _pulse_is_over(draft: Draft, command: Command) -> bool:
    """The board counts from when it heard the order, we from when we heard its echo: in between nothing flows any more,
    and nobody is to blame."""
    if command.lease is None:
        return False
    heard = command.queued_at if command.sent_at is None else command.sent_at
    return draft.now.mono >= heard + command.lease


def _read_by(draft: Draft, readings: Sequence[Reading | Missing], unread: Hashable) -> Nanos:
    """Until when the meter may still be read for the first time since nobody has looked. Bounded also for a house that
    oversleeps every turn."""
    woke = draft.state.woke_at
    if woke is None or any(isinstance(reading, Reading) and reading.at >= woke for reading in readings):
        return 0
    return min(woke, draft.since(unread)) + READ_WITHIN


def proven_by(draft: Draft, command: Command) -> Nanos | None:
    """When the pump of this order must have moved water; None before it has been seen on."""
    if command.seen_at is None or command.moves_since is None:
        return None
    return command.moves_since + draft.state.site.actuators[command.actuator].prime + FLOW_PROOF


def goes_round(draft: Draft, name: str) -> bool:
    """Is it on because it goes round without end, and not for a task or a person?"""
    output = draft.output(name)
    command = None if output is None or not output.owed_off else draft.command(output.cmd_id)
    return command is not None and command.stage == ROUND


def _draws(draft: Draft, pump: str) -> bool:
    """Does its current say that it pushes water? Roots in a film do not pay for a flow sensor that fell silent."""
    bounds = draft.state.site.actuators[pump].draws
    reading = None if bounds is None or bounds.least is None else draft.read(bounds.sensor)
    if bounds is None or not isinstance(reading, Reading):
        return False
    draft.wake(reading.at + draft.state.site.sensors[bounds.sensor].max_age + 1)
    return bounds.least is not None and reading.value >= bounds.least


def never_moved(draft: Draft, command: Command) -> bool:
    """Of a pump that is dry: has it been so since it started? Then it is stopped as soon as it can be judged."""
    judged = proven_by(draft, command)
    return judged is not None and draft.now.mono < judged + SECOND


def overrun(draft: Draft, valve: str, code: Code) -> None:
    """A fill ran its whole time and no float rose: the water did not come, or the float lies. The second time in a row
    the part is locked, for a lying float means that the water went over the edge."""
    name, wall = f"trips:{valve}", draft.now.wall
    before = draft.latch(name)
    count = 1 + (before.count if before is not None else 0)
    locked = count >= OVERRUNS_TO_LOCKOUT
    draft.put(Latch(name=name, held=False, since=wall, who=f"fill_overrun:{valve}", why=code.value, count=count))
    draft.alert(
        "fill_overrun",
        valve,
        f"{valve} let in all the water that a fill may take, and no float rose"
        if code is Code.FILL_VOLUME_REACHED
        else f"{valve} was open for the whole time that a fill may take, and no float rose",
        "look at the water supply, the float and the floor, then acknowledge; "
        + ("nothing is filled until then" if locked else "the next such fill locks it"),
    )
    if locked:
        lock_out(draft, valve, code.value, code="fill_overrun", count=count)


def trip(draft: Draft, command: Command) -> Code:
    """Count it, tell a person, and lock the pump out when it has happened too often in a row. A flow that cannot be
    read is told, and not counted. Returns which of the two it was."""
    pump = command.actuator
    sensors = " or ".join(draft.state.fixed.flows_of.get(pump, ()))
    if unreadable(draft, pump):
        return Code.STALE
    if cannot_be_read(draft, command):
        draft.alert(
            "biz_no_flow",
            pump,
            f"{pump} was stopped, because {sensors} cannot be read",
            f"check power, cable and bus of {sensors}, then acknowledge; the pump is tried again when it is wanted",
        )
        return Code.STALE
    name, wall = f"trips:{pump}", draft.now.wall
    before = draft.latch(name)
    count = 1 + (before.count if before is not None else 0)
    draft.put(Latch(name=name, held=False, since=wall, who=f"biz_no_flow:{pump}", why="no flow", count=count))
    draft.alert(
        "biz_no_flow",
        pump,
        f"{pump} ran and {sensors} saw no water"
        if count == 1
        else f"{pump} ran and {sensors} saw no water, {count} times in a row",
        "check the source, the suction filter and the valve, then acknowledge",
    )
    if count >= TRIPS_TO_LOCKOUT:
        lock_out(draft, pump, "no flow", code="biz_no_flow", count=count, task_id=command.task_id)
    return Code.FLOW_INACTIVE
