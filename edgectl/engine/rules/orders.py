"""Switching on and off: the only two functions that energise anything or take the energy away.

An ON is a command, a debt and an effect in one decision, so that none of them can exist in the journal without the
others. An OFF is an effect at once; its debt is closed by a read-back and by nothing else.
"""

from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules import balance, brim, litres, preparing
from edgectl.engine.rules.guards import veto_start
from edgectl.engine.senses import cited
from edgectl.model.changed import replace
from edgectl.model.channel import Reading
from edgectl.model.command import Command, CommandState, Order
from edgectl.model.inputs import AskState, MakeSafe, Send
from edgectl.model.output import Output
from edgectl.model.site import Actuator
from edgectl.model.task import Veto
from edgectl.model.time import MS, SECOND, Nanos

READ_BACK_EVERY = 500 * MS
REPLY_WITHIN = 5 * SECOND
TOLD = 10  # vetoes that a task remembers; the timeline has them all


def switch_on(
    draft: Draft,
    *,
    actuator_name: str,
    lease: Nanos | None,
    cmd_id: str,
    stage: str,
    task_id: str | None,
    zone: str | None,
    not_after: Nanos,
) -> str | None:
    """Order an ON that ends by itself after `lease`. Returns why it was forbidden, or None when it was ordered."""
    actuator = draft.state.site.actuators[actuator_name]
    if veto := veto_start(draft, actuator, lease):
        tell(draft, veto, task_id, zone)
        return veto.why
    now = draft.now.mono
    if draft.state.fixed.balanced:
        balance.tell(draft, actuator, task_id, zone)
    draft.put(
        Command(
            cmd_id=cmd_id,
            task_id=task_id,
            zone=zone,
            stage=stage,
            actuator=actuator_name,
            order=Order.ON,
            lease=lease,
            queued_at=now,
            not_after=not_after,
            epoch=draft.state.epoch,
            counted_before=_counted(draft, actuator),
        )
    )
    if lease is not None:
        draft.put(
            Output(
                name=actuator_name,
                owed_off=True,
                cmd_id=cmd_id,
                task_id=task_id,
                zone=zone,
                # The bytes leave at the very latest at not_after, and the reply may take its time.
                off_by=not_after + lease + REPLY_WITHIN,
                boot_id=draft.state.boot_id,
            )
        )
    if actuator.doser is not None and lease is not None:
        ml = lease / SECOND * actuator.doser.ml_per_s
        draft.spend(actuator_name, ml, not_after + lease)
        preparing.enter(draft, actuator_name, ml, not_after + lease)
    litres.enter(draft, actuator, lease)
    if actuator.starts_per_hour is not None:
        draft.spend(f"starts:{actuator_name}", 1.0, now)
    draft.note(
        "COMMAND_DISPATCHED",
        task_id=task_id,
        zone=zone,
        cmd_id=cmd_id,
        actuator=actuator_name,
        order="on",
        lease_s=None if lease is None else lease / SECOND,
        **_relied_on(draft, actuator),
    )
    epoch = draft.state.epoch
    draft.effect(Send(cmd_id=cmd_id, actuator=actuator_name, on=True, lease=lease, not_after=not_after, epoch=epoch))
    return None


def _relied_on(draft: Draft, actuator: Actuator) -> dict[str, Any]:
    """The samples that its guards went by, with their ages: an order without them cannot be judged afterwards."""
    named = (condition.sensor for condition in (*actuator.requires, *actuator.stop_if))
    sensors = dict.fromkeys((*named, *brim.looked_at(draft, actuator)))
    return {"samples": [cited(draft.read(sensor)) for sensor in sensors]} if sensors else {}


def _counted(draft: Draft, actuator: Actuator) -> float | None:
    """What a dosing pump has counted so far: after a restart its counter tells what became of this dose."""
    total = None if actuator.doser is None else actuator.doser.total
    reading = None if total is None else draft.read(total)
    return reading.value if isinstance(reading, Reading) else None


def tell(draft: Draft, veto: Veto, task_id: str | None, zone: str | None) -> None:
    """Write down which rule stopped which order, in the timeline and on the task whose order it was."""
    draft.note("VETO", task_id=task_id, zone=zone, actuator=veto.actuator, rule=veto.rule, why=veto.why)
    task = None if task_id is None else draft.task(task_id)
    if task is None or task.terminal:
        return
    last = task.vetoes[-1] if task.vetoes else None
    if last is None or (last.rule, last.actuator) != (veto.rule, veto.actuator):
        draft.put(replace(task, vetoes=(*task.vetoes, veto)[-TOLD:]))


def order_off(draft: Draft, *, actuator_name: str, cmd_id: str, stage: str, task_id: str | None, zone: str) -> None:
    """A plain OFF of an output for which off is not the safe value (a lamp): a command like any other."""
    not_after = draft.now.mono + REPLY_WITHIN
    draft.put(
        Command(
            cmd_id=cmd_id,
            task_id=task_id,
            zone=zone,
            stage=stage,
            actuator=actuator_name,
            order=Order.OFF,
            lease=None,
            queued_at=draft.now.mono,
            not_after=not_after,
            epoch=draft.state.epoch,
        )
    )
    draft.note("COMMAND_DISPATCHED", task_id=task_id, zone=zone, cmd_id=cmd_id, actuator=actuator_name, order="off")
    epoch = draft.state.epoch
    draft.effect(Send(cmd_id=cmd_id, actuator=actuator_name, on=False, lease=None, not_after=not_after, epoch=epoch))


def switch_off(draft: Draft, output: Output, *, planned: bool, why: str) -> None:
    """Take the energy away now. Asking twice changes nothing."""
    if output.closing is not None:
        return
    draft.put(
        replace(output, closing=draft.now.mono, planned=planned, ask_at=draft.now.mono + READ_BACK_EVERY, tries=0)
    )
    draft.note("OUTPUT_OFF_ORDERED", task_id=output.task_id, zone=output.zone, actuator=output.name, why=why)
    draft.effect(MakeSafe(actuator=output.name, reason=why))
    draft.effect(AskState(actuator=output.name))
    command = draft.command(output.cmd_id)
    if command is not None and command.state is CommandState.QUEUED:
        # It never left, or nobody can say that it did: it must not leave now.
        draft.end_command(command, CommandState.SEND_FAILED, f"withdrawn: {why}")
