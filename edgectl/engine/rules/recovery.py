"""The first turns after a start: prove the outputs off, then finish what the last life left behind, truthfully.

The safe writes have left before the journal was even opened. What is still missing is the proof.
"""

from collections.abc import Callable
from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules import configured, handwork, putback, rebuilt, remainder
from edgectl.engine.rules.admission import end
from edgectl.engine.rules.aftermath import counter_of, what_happened
from edgectl.engine.rules.latched import OBSERVES
from edgectl.engine.rules.orders import READ_BACK_EVERY, switch_off
from edgectl.engine.rules.schedules import doubt_windows
from edgectl.engine.state import LOSS_SETTLED, Phase
from edgectl.model.channel import Reading
from edgectl.model.codes import Code
from edgectl.model.command import NEVER_LEFT, CommandState
from edgectl.model.inputs import AskState, MakeSafe
from edgectl.model.output import Output
from edgectl.model.site import Actuator
from edgectl.model.task import Outcome, PhysicalEffect, Task, TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Latch

SETTLE_PATIENCE = 5 * SECOND  # what has not answered by then stops its zone, not the site
METER_PATIENCE = 3 * SECOND


def call_debts(draft: Draft) -> None:
    """What the last life left on goes off: no guard needs to find a reason for it."""
    for output in draft.owed():
        switch_off(draft, output, planned=False, why="the controller restarted")


def settle(draft: Draft, resume: Callable[[Draft, Task], bool]) -> bool:
    """One pass of settling. True when the site may become ready. `resume` goes on with a task whose stage allows it."""
    waited = draft.now.mono - draft.state.started
    _insist(draft)
    for name in sorted(draft.state.unproven):
        actuator = draft.state.site.actuators[name]
        if waited < SETTLE_PATIENCE and not _given_up(draft, actuator):
            draft.wake(draft.state.started + SETTLE_PATIENCE)
            return False
        _owe(draft, name)
    running = [task for task in draft.tasks() if task.status is TaskStatus.RUNNING]
    if waited < METER_PATIENCE and any(_awaits_meter(draft, task) for task in running):
        draft.wake(draft.state.started + METER_PATIENCE)
        return False
    for task in running:
        if draft.state.put_back is not None:
            putback.part_with(draft, task)
        elif draft.held(OBSERVES) or not resume(draft, task):
            _finish(draft, task)
    return True


def _insist(draft: Draft) -> None:
    """Order off and read back again whatever has not been seen off; the first OFF may have been lost on the wire."""
    if not draft.state.unproven:
        return
    last = draft.insisted
    if last is None or draft.now.mono >= last + READ_BACK_EVERY:
        draft.insisted = last = draft.now.mono
        for name in draft.dangerous():
            if name in draft.state.unproven:
                draft.effect(MakeSafe(actuator=name, reason="not seen off since the start"))
                draft.effect(AskState(actuator=name))
    draft.wake(last + READ_BACK_EVERY)


def _given_up(draft: Draft, actuator: Actuator) -> bool:
    return actuator.device in draft.state.silent


def _owe(draft: Draft, name: str) -> None:
    """An output that could not be seen off is owed an OFF from now on, whatever the journal said."""
    output = draft.output(name)
    if output is not None and output.owed_off and output.closing is not None:
        return
    now = draft.now.mono
    draft.put(
        Output(
            name=name,
            owed_off=True,
            cmd_id=None if output is None else output.cmd_id,
            task_id=None if output is None else output.task_id,
            zone=None if output is None else output.zone,
            off_by=now,
            closing=now,
            boot_id=draft.state.boot_id,
        )
    )
    device = draft.state.site.actuators[name].device
    zones = sorted(zone for zone, outputs in draft.state.fixed.actuators_of.items() if name in outputs)
    stopped = f"; until it answers {' and '.join(zones)} {'stay' if len(zones) > 1 else 'stays'} stopped"
    draft.alert(
        "output_may_be_on",
        name,
        f"{name} could not be seen off after the start: {draft.state.silent.get(device, 'no answer')}",
        f"check power and cable of {device}{stopped if zones else ''}",
    )


def _awaits_meter(draft: Draft, task: Task) -> bool:
    """Counters are waited for: of the water of a task, and of a dose that was under way."""
    meter = draft.state.site.zones[task.zone].meter
    waited_for = [meter] if meter is not None and task.meter_at_start is not None else []
    waited_for += [total for command in draft.commands(task.task_id) if (total := counter_of(draft, command))]
    return any(not isinstance(draft.read(name), Reading) for name in waited_for)


def _finish(draft: Draft, task: Task) -> None:
    effect, amounts = what_happened(draft, task)
    commands = draft.commands(task.task_id)
    for command in commands:
        if not command.terminal:
            draft.end_command(command, CommandState.ERROR, "the controller restarted")
    end(
        draft,
        task,
        TaskStatus.FAILED,
        Code.RECOVERED,
        decision="fail",
        outcome=Outcome(
            success=False,
            action_required=True,
            decision="fail",
            reason_code=Code.RECOVERED.value,
            error_code=Code.RECOVERED.value,
            physical_effect=effect,
            effect_amounts=amounts,
            commands_total=len(commands),
            commands_submitted=sum(c.state not in NEVER_LEFT for c in commands),
            commands_effect_confirmed=sum(c.state is CommandState.DONE for c in commands),
            commands_failed=sum(c.state is not CommandState.DONE for c in commands),
        ),
    )
    remainder.owe(draft, task, amounts)


def _anew(draft: Draft, task: Task, at: Nanos) -> Nanos:
    """A deadline on this boot's clock, never longer away than when the task was made."""
    now = draft.now
    return now.mono + min(at - now.wall, max(0, at - task.created_at))


def _part_with(draft: Draft, stranger: Task | Output) -> None:
    """What the last life left open, and this site file does not know any more."""
    if isinstance(stranger, Task):
        outcome = Outcome(
            success=False,
            action_required=True,
            decision="fail",
            reason_code=Code.RECOVERED.value,
            error_code=Code.RECOVERED.value,
            physical_effect=PhysicalEffect.UNKNOWN,
        )
        end(draft, stranger, TaskStatus.FAILED, Code.RECOVERED, decision="fail", outcome=outcome)
        return
    draft.put(replace(stranger, owed_off=False))
    draft.alert(
        "output_may_be_on",
        stranger.name,
        f"{stranger.name} may have been on when edgectl last ended, and it is no longer in the site file",
        f"look at it and switch it off by hand, or put {stranger.name} back into the site file and restart",
    )


def become_ready(draft: Draft) -> Phase:
    """The site may act from the next pass on."""
    putback.settle(draft)
    for task in draft.tasks():
        # Monotonic instants of another boot mean nothing here: what is left is measured by the wall clock, once.
        begins, due, expires = (_anew(draft, task, at) for at in (task.scheduled_for, task.due_at, task.expires_at))
        draft.put(replace(task, begins=begins, due=due, expires=expires))
    configured.tell(draft)  # alarms of what has left the site file end before anybody is called for what it left open
    for stranger in draft.state.strangers:
        _part_with(draft, stranger)
    doubt_windows(draft)
    handwork.close(draft)
    draft.note("READY", silent=sorted(draft.state.silent))
    lead = draft.state.lead
    if lead is not None:
        why = {"reason_code": lead.why_late} if lead.why_late else {}
        waited_s = round(lead.waited / SECOND, 1)
        draft.note("LEASE_TAKEN", epoch=lead.epoch, took_over=lead.took_over, waited_s=waited_s, **why)
    if draft.state.loss_untold:
        _settle_loss(draft)  # it is told also when somebody else has led meanwhile
    elif lead is not None and lead.took_over:
        rebuilt.lock_for(draft, "another controller has led, and what it dosed is not in this journal")
    return Phase.READY


def _settle_loss(draft: Draft) -> None:
    draft.put(Latch(name=LOSS_SETTLED, held=True, since=draft.now.wall, who="engine", why="the journal was rebuilt"))
    draft.alert(
        "journal_lost",
        "journal",
        "the journal could not be read and a new one was begun; the old file was put aside",
        "look at what was watered today, then acknowledge; runs missed before now are not repeated",
    )
    rebuilt.lock(draft)
