"""Guards over what is on, and the proof that what went off is off.

Two rules. A debt is closed by a read-back that began after the OFF was ordered, and by nothing else.
Whoever cannot prove an output off keeps trying, and says so loudly.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules import backups, currents, litres
from edgectl.engine.rules.flow import is_dry, trip
from edgectl.engine.rules.guards import veto_stay
from edgectl.engine.rules.orders import READ_BACK_EVERY, switch_off, tell
from edgectl.engine.rules.paths import closes_at, pushes_against_shut
from edgectl.model.changed import replace
from edgectl.model.command import CommandState
from edgectl.model.inputs import AskState, MakeSafe
from edgectl.model.output import Output
from edgectl.model.site import Role
from edgectl.model.time import MS, SECOND
from edgectl.scheduler.schedule import Window

LOUD_AFTER = 4  # unanswered or contradicted OFFs before a person is called
SLOWEST_ASK = 5 * SECOND
TASK_GRACE = 2 * SECOND  # the device ends a pulse by itself; the stage that planned it speaks first
SHORT = SECOND  # a pulse that may be over before anybody can look; its echo and the OFF read back must do
EARLY = 500 * MS  # an output seen off this long before its end did not run as ordered


def watch_outputs(draft: Draft) -> None:
    """Every output that may be on: may it stay on, and has what was switched off really gone off?"""
    owed = draft.owed()
    if not owed:
        return
    for output in owed:
        if output.closing is None and not (output.task_id and draft.rests(output.name, output.task_id)):
            before = draft.version
            _guard(draft, output)
            if output.task_id and draft.version == before:
                draft.found_still(output.name, output.task_id)
    for output in draft.owed():
        if output.closing is not None:
            _prove_off(draft, output)


def _guard(draft: Draft, output: Output) -> None:
    now = draft.now.mono
    actuator = draft.state.site.actuators[output.name]
    command = draft.command(output.cmd_id)
    if veto := veto_stay(draft, actuator):
        if veto.rule in ("restraint", "full") and (at := closes_at(draft, output.name)) > now:
            draft.wake(at)  # its pump stops first, also under a stop and over a full tank
            return
        tell(draft, veto, output.task_id, output.zone)
        if veto.rule == "current":
            currents.trip(draft, actuator, veto.why)
        switch_off(draft, output, planned=False, why=veto.why)
        return
    if output.task_id is None and command is not None and actuator.role is Role.PUMP and is_dry(draft, command):
        # A task's own workflow watches its pump; by hand nobody else does.
        trip(draft, command)
        switch_off(draft, output, planned=False, why=f"{output.name} moves no water")
        return
    if actuator.device in draft.state.silent:
        switch_off(draft, output, planned=False, why=f"{actuator.device} does not answer")
        return
    ends = output.off_by
    if command is not None and command.seen_at is not None:
        assert command.ack_at is not None
        assert command.lease is not None
        ends = command.ack_at + command.lease
        seen = draft.state.seen.get(output.name)
        if seen is not None and seen.on is False and seen.at > command.seen_at and seen.at < ends - EARLY:
            switch_off(draft, output, planned=False, why="it went off before its end, by another hand")
            return
    if output.task_id is not None:
        ends += TASK_GRACE
    if now >= ends:
        # The lease is over. For a manual ON this is the plan; a task that still holds it has lost its plan.
        switch_off(draft, output, planned=output.task_id is None, why="its time is over")
    else:
        draft.wake(ends)


def _prove_off(draft: Draft, output: Output) -> None:
    now = draft.now.mono
    assert output.closing is not None
    seen = draft.state.seen.get(output.name)
    if seen is not None and seen.on is False and seen.at >= output.closing:
        _close(draft, output)
        return
    if now < output.ask_at:
        draft.wake(output.ask_at)
        return
    tries = output.tries + 1
    wait = min(READ_BACK_EVERY * 2 ** min(tries, 6), SLOWEST_ASK)
    draft.put(replace(output, tries=tries, ask_at=now + wait))
    draft.effect(MakeSafe(actuator=output.name, reason="not yet seen off"))
    draft.effect(AskState(actuator=output.name))
    draft.wake(now + wait)
    if tries >= LOUD_AFTER:
        draft.alert(
            "output_may_be_on",
            output.name,
            f"{output.name} was ordered off {tries} times and has not been seen off",
            f"switch {output.name} off by hand{_heats(draft, output)}, then check cable and power of its relay board",
        )
        why = f"{output.name} cannot be switched off"
        backups.fall(draft, output.name, f"output_may_be_on:{output.name}", why)


def _heats(draft: Draft, output: Output) -> str:
    pump = draft.state.site.actuators[output.name].role is Role.PUMP
    shut = pump and pushes_against_shut(draft, output.name)
    return " within minutes, for it heats the water that shut valves do not let out" if shut else ""


def _back_to_plan(draft: Draft, output: Output) -> None:
    """A lamp that somebody switched by hand returns to what its window wants now."""
    if output.task_id is not None:
        return
    for schedule in draft.state.schedules:
        cursor = draft.cursor(schedule.name)
        holds = isinstance(schedule.cadence, Window) and draft.state.site.zones[schedule.zone].light == output.name
        if holds and cursor is not None:
            draft.put(replace(cursor, unmet=True))


def _close(draft: Draft, output: Output) -> None:
    now = draft.now.mono
    draft.put(replace(output, owed_off=False, off_at=now, boot_id=draft.state.boot_id))
    draft.note("OUTPUT_SEEN_OFF", task_id=output.task_id, zone=output.zone, actuator=output.name)
    draft.calm("output_may_be_on", output.name)
    _back_to_plan(draft, output)
    command = draft.command(output.cmd_id)
    if command is None or command.terminal:
        return
    if output.boot_id == draft.state.boot_id:  # across a power cut nobody knows how long it let water through
        litres.give_back(draft, draft.state.site.actuators[output.name], command, output.closing or now)
    short = command.lease is not None and command.lease <= SHORT and command.ack_at is not None
    if output.planned and (command.seen_at is not None or short):
        draft.end_command(command, CommandState.DONE)
    elif output.planned:
        draft.end_command(command, CommandState.NO_EFFECT, "it was never seen on")
    else:
        draft.end_command(command, CommandState.ERROR, "it was switched off before its end")
