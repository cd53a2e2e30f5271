"""What the field answers. Only a read-back confirms; an echo alone never does."""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.nodes import refused
from edgectl.engine.rules.orders import READ_BACK_EVERY, REPLY_WITHIN, switch_off
from edgectl.model.changed import replace
from edgectl.model.command import Command, CommandState, Order
from edgectl.model.inputs import AskState, ReadBack, Reply, ReplyStatus
from edgectl.model.output import Output
from edgectl.model.time import Nanos

_FAILED = {
    ReplyStatus.NO_EFFECT: CommandState.NO_EFFECT,
    ReplyStatus.BUSY: CommandState.BUSY,
    ReplyStatus.INVALID: CommandState.INVALID,
    ReplyStatus.ERROR: CommandState.ERROR,
    ReplyStatus.TIMEOUT: CommandState.TIMEOUT,
    ReplyStatus.SEND_FAILED: CommandState.SEND_FAILED,
}


def on_reply(draft: Draft, reply: Reply) -> None:
    """Move a command by what the driver says of it. Late news changes nothing and is written down."""
    if not reply.cmd_id:
        return  # of an order that nobody answers for
    command = draft.command(reply.cmd_id)
    if command is None or command.terminal:
        draft.note("LATE_REPLY", cmd_id=reply.cmd_id, status=reply.status.value, evidence=reply.evidence)
        return
    match reply.status:
        case ReplyStatus.SENT:
            if command.state is CommandState.QUEUED:
                draft.put(replace(command, state=CommandState.SENT, sent_at=reply.at))
        case ReplyStatus.ECHO | ReplyStatus.DONE:
            # A node that says DONE at the start, or for nothing at all, is held against what it shows like any other.
            if reply.status is ReplyStatus.DONE:
                draft.note("NODE_DONE", task_id=command.task_id, zone=command.zone, cmd_id=command.cmd_id)
            if command.state is CommandState.QUEUED:
                draft.put(replace(command, state=CommandState.SENT, sent_at=reply.at))
            if command.state is not CommandState.ACK:
                sent = draft.command(command.cmd_id) or command
                draft.put(replace(sent, state=CommandState.ACK, ack_at=reply.at, asked_at=draft.now.mono))
            draft.effect(AskState(actuator=command.actuator))
        case _:
            refused(draft, reply, command)
            _fail(draft, command, _FAILED[reply.status], reply.evidence)


def on_read_back(draft: Draft, seen: ReadBack) -> None:
    """Hold an open command against what the device shows."""
    for command in draft.commands():
        if command.actuator != seen.actuator or command.state is not CommandState.ACK or seen.on is None:
            continue
        assert command.ack_at is not None
        if seen.at < command.ack_at:
            continue
        wanted = command.order is Order.ON
        if command.lease is None:
            if seen.on is wanted:
                draft.end_command(command, CommandState.DONE)
                if not wanted:
                    _rests(draft, command)
            else:
                draft.end_command(command, CommandState.NO_EFFECT, "the device took the order and did not switch")
        elif command.seen_at is None:
            if seen.on:
                draft.put(replace(command, seen_at=seen.at))
            elif seen.at < command.ack_at + command.lease:
                _fail(draft, command, CommandState.NO_EFFECT, "the device took the order and did not switch")


def _rests(draft: Draft, command: Command) -> None:
    """A lamp or a compressor that has to rest, seen off: its rest counts from here."""
    if not draft.state.site.actuators[command.actuator].min_off:
        return
    now, boot_id = draft.now.mono, draft.state.boot_id
    before = draft.output(command.actuator)
    if before is None:
        draft.put(
            Output(
                name=command.actuator,
                owed_off=False,
                cmd_id=None,
                task_id=None,
                zone=command.zone,
                off_by=now,
                off_at=now,
                boot_id=boot_id,
            )
        )
    elif not before.owed_off:
        draft.put(replace(before, off_at=now, boot_id=boot_id))


def overdue(draft: Draft) -> None:
    """A command that nobody answers for ends as TIMEOUT, even when the driver itself has died."""
    for command in draft.commands():
        if command.terminal or command.seen_at is not None:
            continue
        if command.state is CommandState.ACK and command.asked_at is not None:
            _ask_again(draft, command, command.asked_at + READ_BACK_EVERY)
        limit = max(command.not_after, command.queued_at) + 2 * REPLY_WITHIN
        if draft.now.mono >= limit:
            _fail(draft, command, CommandState.TIMEOUT, "nobody answered for this order")
        else:
            draft.wake(limit)


def _ask_again(draft: Draft, command: Command, at: Nanos) -> None:
    """The device took the order and its effect has not been seen: the read-back may have been lost on the wire."""
    if draft.now.mono < at:
        draft.wake(at)
        return
    draft.put(replace(command, asked_at=draft.now.mono))
    draft.effect(AskState(actuator=command.actuator))
    draft.wake(draft.now.mono + READ_BACK_EVERY)


def _fail(draft: Draft, command: Command, state: CommandState, evidence: str) -> None:
    draft.end_command(command, state, evidence)
    output = draft.output(command.actuator)
    if output is not None and output.owed_off and output.cmd_id == command.cmd_id:
        switch_off(draft, output, planned=False, why=f"command {state.value}: {evidence}")
