"""The promises, held against the journal (what was written) and the trace (what the relays did)."""

from collections import Counter

from edgectl.journal.memory import MemoryJournal
from edgectl.model.command import Command, CommandState, Order
from edgectl.model.site import Site
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.simulate.field import Transition

TOLERANCE = 200 * MS
DEAD_HEAD = 3 * SECOND


Met = Counter[str]  # how often each promise, by its number, was held against something that happened


def broken(
    site: Site,
    journal: MemoryJournal,
    trace: list[Transition],
    ready: list[tuple[Nanos, Nanos]],
    met: Met | None = None,
) -> list[str]:
    """Every promise that does not hold, as a sentence. Empty when all hold."""
    met = Counter() if met is None else met
    return [
        *_on_time(site, trace, met),
        *_intents(journal, trace, met),
        *_tasks(journal, met),
        *_effects(journal, trace, met),
        *_nothing_before_ready(trace, ready, met),
        *_dead_head(site, trace, met),
        *_together(site, trace, met),
        *_start_order(site, journal, trace, met),
    ]


def _on_time(site: Site, trace: list[Transition], met: Met) -> list[str]:
    found: list[str] = []
    since: dict[str, Nanos] = {}
    for move in trace:
        limit = site.actuators[move.name].max_on
        if move.on:
            since.setdefault(move.name, move.at)
            continue
        began = since.pop(move.name, None)
        met["1"] += began is not None and limit is not None
        if began is not None and limit is not None and move.at - began > limit + TOLERANCE:
            lasted_s = (move.at - began) / SECOND
            found.append(f"1: {move.name} was on for {lasted_s:.1f} s, max_on {limit / SECOND:g} s")
    return found


def _intents(journal: MemoryJournal, trace: list[Transition], met: Met) -> list[str]:
    found: list[str] = []
    seen: set[str] = set()
    for move in trace:
        if not move.on:
            continue
        assert move.cmd_id is not None
        met.update(("3", "4", "7"))
        command = journal.values.get(("Command", move.cmd_id))
        if not isinstance(command, Command):
            found.append(f"3: {move.name} went on by {move.cmd_id}, which is not in the journal")
        elif move.at > command.not_after + SECOND:
            found.append(f"7: {move.name} went on after the end of {move.cmd_id}")
        if move.cmd_id in seen:
            found.append(f"4: {move.cmd_id} took effect twice")
        seen.add(move.cmd_id)
    return found


def _tasks(journal: MemoryJournal, met: Met) -> list[str]:
    found: list[str] = []
    orders: dict[str, list[Command]] = {}
    for value in journal.values.values():
        if isinstance(value, Command) and value.task_id is not None:
            orders.setdefault(value.task_id, []).append(value)
    ends: dict[str, int] = {}
    runs: dict[str, int] = {}
    for entry in journal.timeline:
        if entry.event_type == "TASK_FINISHED" and entry.task_id is not None:
            ends[entry.task_id] = ends.get(entry.task_id, 0) + 1
        if entry.event_type == "TASK_RECEIVED":
            key = str(entry.details["correlation_id"])
            runs[key] = runs.get(key, 0) + 1
    met["5"] += len(ends)
    met["14"] += len(runs)
    found += [f"5: {task_id} ended {n} times" for task_id, n in ends.items() if n != 1]
    found += [f"14: {key} was received {n} times" for key, n in runs.items() if n != 1]
    for value in journal.values.values():
        if isinstance(value, Task) and value.status is TaskStatus.COMPLETED and value.outcome is not None:
            outcome = value.outcome
            commands = [
                c for c in orders.get(value.task_id, ()) if c.stage != "dose" and c.cmd_id not in value.interrupted
            ]
            met["6"] += outcome.action_required
            # A fill that a restart cut off and that was found full afterwards has its float for a witness, no order.
            cut_off = bool(value.interrupted) and not commands
            if (
                outcome.action_required
                and not cut_off
                and not (commands and all(c.state is CommandState.DONE for c in commands))
            ):
                found.append(f"6: {value.task_id} is completed without DONE for every command")
    return found


def _effects(journal: MemoryJournal, trace: list[Transition], met: Met) -> list[str]:
    moved = {move.cmd_id for move in trace if move.on}
    done = [
        value
        for value in journal.values.values()
        if isinstance(value, Command) and value.order is Order.ON and value.state is CommandState.DONE
    ]
    met["6"] += len(done)
    return [
        f"6: {command.cmd_id} is DONE and {command.actuator} never moved"
        for command in done
        if command.cmd_id not in moved and not _was_on(trace, command)
    ]


def _was_on(trace: list[Transition], command: Command) -> bool:
    """An output that was on already shows what was ordered, moved or not."""
    state = False
    for move in trace:
        if move.at > command.queued_at:
            break
        state = move.on if move.name == command.actuator else state
    return state


def _nothing_before_ready(trace: list[Transition], ready: list[tuple[Nanos, Nanos]], met: Met) -> list[str]:
    met["16"] += len(ready)
    starts = iter(ready)
    born, became = next(starts, (0, 0))
    found: list[str] = []
    for move in trace:
        while became <= move.at and (following := next(starts, None)) is not None:
            born, became = following
        if move.on and born + SECOND < move.at < became:
            found.append(
                f"16: {move.name} went on {(move.at - born) / SECOND:.2f} s after a start, before it was ready"
            )
    return found


def _together(site: Site, trace: list[Transition], met: Met) -> list[str]:
    """13: what must never be on together never is."""
    found: list[str] = []
    on: set[str] = set()
    for move in trace:
        (on.add if move.on else on.discard)(move.name)
        for group in site.never_together:
            if move.on and move.name in group:
                met["13"] += 1
                if others := (group & on) - {move.name}:
                    found.append(
                        f"13: {move.name} went on at {move.at / SECOND:.1f} s beside {', '.join(sorted(others))}"
                    )
    return found


def _dead_head(site: Site, trace: list[Transition], met: Met) -> list[str]:
    """13: a pump always has an open way out, and an open way in where it can choose one."""
    found: list[str] = []
    for pump in {way.pump for zone in site.zones.values() for way in zone.ways}:
        if any(zone.valve is None for zone in site.zones.values() if zone.pump == pump):
            continue
        ways = [way for zone in site.zones.values() for way in zone.ways if way.pump == pump]
        out: set[str | None] = {site.bypass_of(pump), *(name for way in ways for name in way.pushes)}
        into = {name for way in ways for name in way.draws}
        on: set[str] = set()
        since: Nanos | None = None
        for move in trace:
            if since is not None and move.at - since > DEAD_HEAD:
                found.append(f"13: {pump} pushed against a closed valve for {(move.at - since) / SECOND:.1f} s")
            (on.add if move.on else on.discard)(move.name)
            met["13"] += move.on and move.name == pump
            closed = not on & out or bool(into and not on & into)
            since = (since or move.at) if pump in on and closed else None
    return found


def _start_order(site: Site, journal: MemoryJournal, trace: list[Transition], met: Met) -> list[str]:
    """29: a task starts its pump when a way out has been open for as long as its valve travels."""
    found: list[str] = []
    since: dict[str, Nanos] = {}
    outs: dict[str, set[str]] = {}
    for way in (way for zone in site.zones.values() for way in zone.ways):
        outs.setdefault(way.pump, set()).update(way.pushes)
    for move in trace:
        if not move.on:
            since.pop(move.name, None)
            continue
        since.setdefault(move.name, move.at)
        command = journal.values.get(("Command", move.cmd_id or ""))
        ways = outs.get(move.name)
        if not ways or not isinstance(command, Command) or command.task_id is None:
            continue
        met["29"] += 1
        open_for = [move.at - since[name] - site.actuators[name].travel for name in ways if name in since]
        if max(open_for, default=-1) < -TOLERANCE:
            found.append(f"29: {move.name} started at {move.at / SECOND:.1f} s before a valve was open")
    return found
