"""Water that roots are never to be without: a film of nutrient, wanted without end or in turns.

Nobody ends it, and yet each ON of the pump carries its end: pulses with the shortest rest between them, for no board is
known to renew a pulse that runs without a glitch. Two rules. The pump goes on only as long as flow or current proves
that it moves water. And whatever keeps it off, a person is called when that has lasted for `max_off`.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules import aeration, thirst
from edgectl.engine.rules.flow import ROUND, goes_round, proven_by, undecided
from edgectl.engine.rules.guards import rests_until, veto_start
from edgectl.engine.rules.latched import keeps_waiting, mode_of
from edgectl.engine.rules.orders import REPLY_WITHIN, switch_off, switch_on, tell
from edgectl.engine.workflows.stage import ahead
from edgectl.model.changed import replace
from edgectl.model.command import Command
from edgectl.model.inputs import Mode
from edgectl.model.ledger import HOUR, Ledger, Spent
from edgectl.model.output import Output
from edgectl.model.site import Actuator, Round, Zone
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND, Nanos, Trust

AGAIN: Nanos = 30 * SECOND  # after a run that went wrong, and while something forbids the next
GIVES_WAY: Nanos = 30 * SECOND  # to a task that waits for the pump; longer than that it has had its chance
NOTED: Nanos = 60 * SECOND  # how often it is written down that there is water
PROVEN: Nanos = 60 * SECOND  # water that has moved for so long, or for most of a shorter pulse, ends a row of trips


def run(draft: Draft) -> None:
    """Bring every round about, and call a person where that has failed for too long."""
    for zone in draft.state.fixed.rounds:
        for one in zone.rounds:
            actuator = draft.state.site.actuators[one.output]
            if actuator.dangerous:
                _pulses(draft, zone, one, actuator)
                _mind(draft, zone, one, actuator)
            else:
                aeration.keep(draft, zone, one, actuator)


def _pulses(draft: Draft, zone: Zone, one: Round, pump: Actuator) -> None:
    output = draft.output(pump.name)
    if output is not None and output.owed_off:
        if goes_round(draft, pump.name) and output.closing is None and (why := _ends(draft, zone, pump)):
            switch_off(draft, output, planned=True, why=why)
        return
    if output is not None:
        _note_end(draft, _ledger(pump), output)
    if not _kept(draft, zone) and not _is_needed(draft, pump) and not _rests(draft, one, pump, output):
        _start(draft, zone, pump, one.pulse if pump.max_on is None else min(one.pulse, pump.max_on))


def _ends(draft: Draft, zone: Zone, pump: Actuator) -> str:
    """Why a pulse that runs is ended before its time."""
    if kept := _kept(draft, zone):
        return f"{zone.name} is kept: {kept}"
    waits, gave = draft.asked_for.get(pump.name), draft.holding.get(("gives way", pump.name))
    # Who has been waiting since before it gave way last has had the chance: roots do not wait a second time.
    if waits is not None and (gave is None or waits > draft.now.wall_at(gave)):
        draft.forget_since(("gives way", pump.name))
        draft.since(("gives way", pump.name))
        return f"a task waits for {pump.name}"
    return ""


def _is_needed(draft: Draft, pump: Actuator) -> bool:
    """Has a task that runs a stage to come with this pump? Between two of them it rests, drains, or lets water in: a
    pulse there would run dry, or stand in the way of the next stage. How long roots bear it, `max_off` tells."""
    return any(
        pump.name in stage.parts
        for task in draft.tasks()
        if task.status is TaskStatus.RUNNING and not task.stopping and (table := draft.state.tables.get(task.task_id))
        for stage in ahead(table, task.stage)
    )


def _kept(draft: Draft, zone: Zone) -> str:
    if mode_of(draft, zone.name) is Mode.MANUAL:
        return "manual mode"
    return (keeps_waiting(draft, zone.name, "circulate") or "").replace("_", " ")


def _rests(draft: Draft, one: Round, pump: Actuator, output: Output | None) -> bool:
    """Between two turns or two pulses, behind a task, or just after a run that went wrong."""
    now, turn, failed = draft.now.mono, 0, 0
    # Across a start nobody knows for how long it has been off, and roots do not wait for a turn.
    if output is not None and output.off_at is not None and output.boot_id == draft.state.boot_id:
        turn = output.off_at + one.off if (output.closing or 0) >= draft.state.started and output.planned else 0
        failed = 0 if output.planned or turn else output.off_at + AGAIN
    way = draft.holding.get(("gives way", pump.name))
    at = max(turn, failed, 0 if way is None else way + GIVES_WAY, rests_until(draft, pump))
    draft.wake(at)
    return at > now


def _start(draft: Draft, zone: Zone, pump: Actuator, lease: Nanos) -> None:
    if (veto := veto_start(draft, pump, lease)) is not None:
        if ("round veto", pump.name) not in draft.holding or draft.now.mono >= _told(draft, pump) + HOUR:
            tell(draft, veto, None, zone.name)
            draft.holding = {**draft.holding, ("round veto", pump.name): draft.now.mono}
        draft.wake(draft.now.mono + AGAIN)
        return
    draft.forget_since(("round veto", pump.name))
    switch_on(
        draft,
        actuator_name=pump.name,
        lease=lease,
        cmd_id=f"rd-{zone.number}-{pump.name}-{draft.state.seq + len(draft.entries) + 1}",
        stage=ROUND,
        task_id=None,
        zone=zone.name,
        not_after=draft.now.mono + REPLY_WITHIN,
    )


def _told(draft: Draft, pump: Actuator) -> Nanos:
    """When a veto was written down last: once an hour is enough for one that holds."""
    return draft.holding[("round veto", pump.name)]


# -- how long roots have been without


def _mind(draft: Draft, zone: Zone, one: Round, pump: Actuator) -> None:
    output, name = draft.output(pump.name), _ledger(pump)
    command = (
        None if output is None or not output.owed_off or output.closing is not None else draft.command(output.cmd_id)
    )
    if command is not None and (since := _moves_since(draft, command)) is not None:
        _note_water(draft, name, every=min(NOTED, one.max_off // 4))
        _end_row(draft, pump, since, min(PROVEN, one.pulse * 3 // 4))
        draft.calm("circulation_off", pump.name)
        return
    dry_for = thirst.since_last(draft, name)
    if dry_for < one.max_off:
        draft.wake(draft.now.mono + one.max_off - dry_for)
        return
    draft.alert(
        "circulation_off",
        pump.name,
        f"{pump.name} of {zone.name} has moved no water for {dry_for / SECOND / 60:.0f} min",
        _advice(draft, zone, pump),
    )


def _ledger(pump: Actuator) -> str:
    return f"round:{pump.name}"


def _moves_since(draft: Draft, command: Command) -> Nanos | None:
    """Since when the pump has moved water, as far as its witnesses say; None while nobody can tell yet."""
    proven_at = proven_by(draft, command)
    if proven_at is None:
        return None
    draft.wake(proven_at)
    # What is dry by then, the guards have stopped in this very turn.
    return command.moves_since if draft.now.mono >= proven_at and not undecided(draft, command) else None


def _note_water(draft: Draft, name: str, *, every: Nanos) -> None:
    """Write down that there is water, now and then: whoever starts after a power cut goes by that."""
    now, state = draft.now.mono, draft.state
    spent = draft.ledger(name).spent
    if not spent or spent[-1].boot_id != state.boot_id or now >= spent[-1].at + every:
        _note(draft, name, now)
    draft.wake(draft.ledger(name).spent[-1].at + every)


def _note_end(draft: Draft, name: str, output: Output) -> None:
    """A pulse that ran as planned has brought water until it ended."""
    spent, ended = draft.ledger(name).spent, output.closing or 0
    if output.planned and output.boot_id == draft.state.boot_id and spent and spent[-1].at < ended:
        _note(draft, name, ended)


def _note(draft: Draft, name: str, at: Nanos) -> None:
    now, synced = draft.now, draft.now.trust is Trust.SYNCED
    entry = Spent(amount=1.0, at=at, wall=now.wall_at(at), boot_id=draft.state.boot_id, synced=synced)
    draft.put(Ledger(name=name, spent=(entry,)))


def _end_row(draft: Draft, pump: Actuator, since: Nanos, proven: Nanos) -> None:
    trips = draft.latch(f"trips:{pump.name}")
    if trips is None or not trips.count:
        return
    if draft.now.mono < since + proven:
        draft.wake(since + proven)
        return
    draft.put(replace(trips, count=0, since=draft.now.wall, why="water moved again"))


def _advice(draft: Draft, zone: Zone, pump: Actuator) -> str:
    if kept := _kept(draft, zone):
        return f"{zone.name} is kept ({kept}): water by hand, or release it"
    if draft.held(f"lockout:{pump.name}"):
        return f"water by hand now; {pump.name} is locked out, and its own alarm says what to look for"
    return f"water by hand now; look at the power, the source and the filter of {pump.name}"
