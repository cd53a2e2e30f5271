"""What people order: manual ON, OFF, stop, resume, acknowledge. The guards restrain them like everyone."""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules import lockouts
from edgectl.engine.rules.orders import REPLY_WITHIN, switch_off, switch_on
from edgectl.engine.rules.restraints import end_what_waits, restart_intervals
from edgectl.engine.rules.stopping import abort, stop_in_order
from edgectl.model.codes import Code
from edgectl.model.inputs import Acknowledge, Answer, MakeSafe, ManualOff, ManualOn, Resume, StopAll
from edgectl.model.time import SECOND
from edgectl.model.timeline import Latch

# What a person has to look at before it counts as over: nothing in the field says so by itself.
LATCHED = frozenset(
    {
        "biz_dry_run",
        "biz_no_flow",
        "biz_overcurrent",
        "device_write_unseen",
        "dose_no_effect",
        "fill_overrun",
        "journal_lost",
        "output_lockout",
        "overshoot_guard",
        "probe_out_of_water",
        "tank_moved",
    }
)
LONGEST_MANUAL = 4 * 3600 * SECOND


def manual_on(draft: Draft, order: ManualOn) -> None:
    """Switch on for a while, by hand. It ends by itself."""
    actuator = draft.state.site.actuators.get(order.actuator)
    veto: str | None
    if actuator is None:
        veto = _no_actuator(draft, order.actuator)
    elif not 0 < order.lease <= LONGEST_MANUAL:
        veto = "a manual ON lasts more than 0 s and at most 4 h"
    else:
        draft.service = order.service
        veto = switch_on(
            draft,
            actuator_name=order.actuator,
            lease=order.lease,
            cmd_id=f"mn-{draft.state.seq + len(draft.entries) + 1}",
            stage="manual",
            task_id=None,
            zone=None,
            not_after=draft.now.mono + REPLY_WITHIN,
        )
        draft.service = False
    draft.note(
        "MANUAL_ON",
        actuator=order.actuator,
        who=order.who,
        lease_s=order.lease / SECOND,
        vetoed=veto or "",
        service=order.service,
    )
    code = "unknown_actuator" if actuator is None else "ok" if veto is None else "vetoed"
    draft.effect(Answer(token=order.token, ok=veto is None, code=code, body={"why": veto or ""}))


def manual_off(draft: Draft, order: ManualOff) -> None:
    """Switch off by hand. Always allowed."""
    output = draft.output(order.actuator)
    known = order.actuator in draft.state.site.actuators
    if output is not None and output.owed_off:
        task = next((task for task in draft.tasks() if task.task_id == output.task_id), None)
        if task is not None and not task.stopping:
            abort(draft, task, Code.STOPPED)  # what a person switched off was not a guard's doing
            output = draft.output(order.actuator) or output
        switch_off(draft, output, planned=output.task_id is None, why=f"by hand: {order.who}")
    elif known:
        draft.effect(MakeSafe(actuator=order.actuator, reason=f"by hand: {order.who}"))
    draft.note("MANUAL_OFF", actuator=order.actuator, who=order.who)
    body = {} if known else {"why": _no_actuator(draft, order.actuator)}
    draft.effect(Answer(token=order.token, ok=known, code="ok" if known else "unknown_actuator", body=body))


def stop_all(draft: Draft, order: StopAll) -> None:
    """Everything dangerous off and latched. The orders leave at once; only the answer waits for the disk."""
    draft.put(Latch(name="stop_all", held=True, since=draft.now.wall, who=order.who, why="stop all"))
    draft.note("STOP_ALL", who=order.who)
    stop_in_order(draft, set(draft.state.site.actuators), f"everything was stopped by {order.who}")
    ended = end_what_waits(draft, "", wet=False)
    # What ends by itself has just been ordered off; what was last seen before this start may be either by now.
    seen_on = {name for name, seen in draft.state.seen.items() if seen.on and seen.at >= draft.state.started}
    ending = {output.name for output in draft.owed()}
    stays = sorted(name for name in seen_on - ending if not draft.state.site.actuators[name].dangerous)
    draft.effect(Answer(token=order.token, ok=True, code="stopped", body={"ended": ended, "stays_on": stays}))


def resume(draft: Draft, order: Resume) -> None:
    """Release the latched stop. No task is resumed by it; where nothing is stopped nothing is said to be released."""
    released = list[str]()
    for name in ("stop_all", "stop_water"):
        latch = draft.latch(name)
        if latch is not None and latch.held:
            draft.put(replace(latch, held=False, who=order.who, since=draft.now.wall, why="resumed"))
            draft.note("RESUMED", who=order.who, what=name)
            released.append(name)
            restart_intervals(draft, "")
    draft.calm("stop_latched", "site")
    draft.effect(Answer(token=order.token, ok=True, code="resumed", body={"released": released}))


def acknowledge(draft: Draft, order: Acknowledge) -> None:
    """Take note of an alarm, and release the lock-out that belongs to it, and no other."""
    alarm = draft.alarm(order.alarm_id)
    if alarm is None:
        known = ", ".join(sorted(alarm.alarm_id for alarm in draft.alarms())) or "none"
        why = f"there is no alarm {order.alarm_id[:80]!r} to acknowledge; there are: {known}"
        draft.effect(Answer(token=order.token, ok=False, code="unknown_alarm", body={"why": why}))
        return
    if why := lockouts.may_release(draft, alarm, here=order.here):
        draft.effect(Answer(token=order.token, ok=False, code="reset_in_person", body={"why": why}))
        return
    draft.put(replace(alarm, acknowledged_by=order.who))
    draft.note("ALARM_ACKNOWLEDGED", alarm=order.alarm_id, who=order.who, here=order.here)
    lockouts.release(draft, alarm, order.who, here=order.here)
    if alarm.code in LATCHED:
        draft.calm(alarm.code, alarm.subject)
    draft.effect(Answer(token=order.token, ok=True, code="acknowledged"))


def _no_actuator(draft: Draft, name: str) -> str:
    return f"there is no output {name[:60]!r}; there are: {', '.join(sorted(draft.state.site.actuators))}"
