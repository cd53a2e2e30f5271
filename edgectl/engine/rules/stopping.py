"""Giving a task up before its time: the energy goes off now, the end is written when that is proven."""

from collections.abc import Collection

from edgectl.engine.draft import Draft
from edgectl.engine.fixed import PUSHING
from edgectl.engine.rules.admission import end
from edgectl.engine.rules.dosing import held_by
from edgectl.engine.rules.interlock import LOUD_AFTER
from edgectl.engine.rules.latched import forbids
from edgectl.engine.rules.orders import switch_off, tell
from edgectl.engine.rules.paths import closes_at
from edgectl.model.changed import replace
from edgectl.model.codes import Code
from edgectl.model.inputs import Answer, Approve, Cancel, MakeSafe
from edgectl.model.output import Output
from edgectl.model.site import FailSafe, Role
from edgectl.model.task import Task, TaskStatus, Veto

ENDS_ITSELF = frozenset({FailSafe.PULSE, FailSafe.WATCHDOG})


def abort(draft: Draft, task: Task, why: Code) -> None:
    """End a run early: what pushes goes off now, the rest in order."""
    draft.put(replace(task, stopping=why.value, phase="close", stage_since=draft.now.mono, retry_at=None))
    for output in mine(draft, task):
        if pushes(draft, output.name):
            switch_off(draft, output, planned=False, why=why.value)


def tell_bond(draft: Draft, task: Task, parts: Collection[str]) -> None:
    """Whose restraint ends it, where one does: it may hang on another zone that has the same pump."""
    for name in parts:
        if (why := forbids(draft, draft.state.site.actuators[name])) is not None:
            tell(draft, Veto(rule="restraint", actuator=name, why=why), task.task_id, task.zone)
            return


def stop_in_order(draft: Draft, under: Collection[str], why: str) -> None:
    """Everything under a stop off now, what pushes first. A valve that is open for a pump which is just being stopped
    waits for that: the guards close it when the pump has been seen off, and two seconds later at the latest."""
    for output in draft.owed():
        if output.name in under and not _waits(draft, output):
            switch_off(draft, output, planned=False, why=why)
    for name in draft.dangerous():
        known = draft.output(name)
        if name in under and (known is None or not _waits(draft, known)):
            draft.effect(MakeSafe(actuator=name, reason=why))


def stop_doses(draft: Draft, zone: str) -> None:
    """What is being given there stops, when a person has just said that nothing is. All of it counts as given."""
    chemistry, hold = draft.state.site.zones[zone].chemistry, held_by(draft, zone)
    for output in draft.owed():
        if hold is not None and chemistry is not None and output.name in chemistry.dosers:
            switch_off(draft, output, planned=False, why=f"dosing into {zone} is held by {hold.who}")


def _waits(draft: Draft, output: Output) -> bool:
    if not output.owed_off or output.closing is not None:
        return False
    at = closes_at(draft, output.name)
    draft.wake(at)
    return at > draft.now.mono


def mine(draft: Draft, task: Task) -> list[Output]:
    """The outputs that this task has on, or has not seen off yet."""
    names = {command.actuator for command in draft.commands(task.task_id)}
    found = [output for output in map(draft.output, names) if output is not None and output.owed_off]
    own = [output for output in found if output.task_id == task.task_id]
    if len(own) > 1:
        own.sort(key=lambda o: (not pushes(draft, o.name), o.name))
    return own


def is_stuck(draft: Draft, task: Task) -> bool:
    """Has it nothing on any more but what cannot be seen off, and has a person been called for that? Then what it
    shares with others is free: one dead board keeps its own bed dry, and not every bed behind the same pump. What may
    well be open keeps the pump, or every run of another bed would drown this one."""
    left = mine(draft, task) if task.phase == "close" else []
    told = all(output.closing is not None and output.tries >= LOUD_AFTER for output in left)
    return bool(left) and told and all(_has_ended_itself(draft, output) for output in left)


def _has_ended_itself(draft: Draft, output: Output) -> bool:
    """Is the end that its last ON carried over, and has nobody seen it on since its OFF? A motor valve stays where its
    motor left it, and what opens without power opens when its board dies."""
    actuator, seen = draft.state.site.actuators[output.name], draft.state.seen.get(output.name)
    if pushes(draft, output.name) or actuator.role is Role.MOTOR_VALVE or actuator.inverted:
        return False
    if actuator.fail_safe not in ENDS_ITSELF:
        return False
    if seen is not None and seen.on and output.closing is not None and seen.at >= output.closing:
        return False
    draft.wake(output.off_by)
    return output.boot_id != draft.state.boot_id or draft.now.mono >= output.off_by


def pushes(draft: Draft, actuator: str) -> bool:
    """Does it press water or a dose into something? Then it stops before what it presses against."""
    return draft.state.site.actuators[actuator].role in PUSHING


def cancel(draft: Draft, order: Cancel) -> None:
    """A person ends a task. One that runs ends when its outputs are seen off."""
    task = next((task for task in draft.tasks() if task.task_id == order.task_id), None)
    if task is None:
        why = f"no task {order.task_id[:60]!r} is open"
        draft.effect(Answer(token=order.token, ok=False, code="unknown_task", body={"why": why}))
        return
    give_up(draft, task, order.who)
    draft.effect(Answer(token=order.token, ok=True, code="ok", body={"task_id": task.task_id}))


def give_up(draft: Draft, task: Task, who: str) -> None:
    """End a task before its time. One that runs ends when its outputs are seen off."""
    draft.note("TASK_CANCEL_ORDERED", task_id=task.task_id, zone=task.zone, who=who)
    if task.status is TaskStatus.RUNNING and task.stage and task.task_type != "lighting":
        if not task.stopping:
            abort(draft, task, Code.TASK_CANCELLED)
    else:
        end(draft, task, TaskStatus.FAILED, Code.TASK_CANCELLED, decision="fail", error=Code.TASK_CANCELLED)


def approve(draft: Draft, order: Approve) -> None:
    """A person releases a proposed task."""
    task = next((task for task in draft.tasks() if task.task_id == order.task_id), None)
    if task is None or task.status is not TaskStatus.ACCEPTED:
        why = f"no task {order.task_id[:60]!r} waits for a yes"
        draft.effect(Answer(token=order.token, ok=False, code="unknown_task", body={"why": why}))
        return
    draft.put(replace(task, approved=True))
    draft.note("TASK_APPROVED", task_id=task.task_id, zone=task.zone, who=order.who)
    draft.effect(Answer(token=order.token, ok=True, code="ok", body={"task_id": task.task_id}))
