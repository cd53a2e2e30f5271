"""Model values to rows and back. Pure; a value that comes back differs in nothing from the one that went in."""

import json
from dataclasses import asdict, fields
from typing import Any

from edgectl.model.command import Command, CommandState, Order
from edgectl.model.output import Output
from edgectl.model.task import Outcome, PhysicalEffect, Task, TaskStatus
from edgectl.model.timeline import Alarm, Change, Cursor, Entry, Latch

Row = tuple[Any, ...]


def statement(change: Change) -> tuple[str, Row]:
    """The SQL that puts a whole value, and its parameters."""
    body = json.dumps(asdict(change), separators=(",", ":"))
    match change:
        case Task():
            columns = "id,open,status,zone,correlation_id,created_at,body"
            row: Row = (
                change.task_id,
                not change.terminal,
                change.status.value,
                change.zone,
                change.correlation_id,
                change.created_at,
                body,
            )
            return _put("tasks", columns), row
        case Command():
            row = (change.cmd_id, not change.terminal, change.task_id, change.state.value, body)
            return _put("commands", "id,open,task_id,state,body"), row
        case Output():
            return _put("outputs", "id,open,body"), (change.name, change.owed_off, body)
        case Cursor():
            return _put("cursors", "id,body"), (change.schedule, body)
        case Latch():
            return _put("latches", "id,open,body"), (change.name, change.held or change.count > 0, body)
        case Alarm():
            open_ = change.active or change.acknowledged_by is None
            return _put("alarms", "id,open,body"), (change.alarm_id, open_, body)


def entry_row(entry: Entry) -> Row:
    """A line of the timeline as a row."""
    return entry.seq, entry.event_type, entry.wall, entry.task_id, json.dumps(asdict(entry), separators=(",", ":"))


def task(body: str) -> Task:
    """A task from its row."""
    raw = json.loads(body)
    raw["status"] = TaskStatus(raw["status"])
    if raw["outcome"] is not None:
        raw["outcome"]["physical_effect"] = PhysicalEffect(raw["outcome"]["physical_effect"])
        raw["outcome"] = Outcome(**raw["outcome"])
    return Task(**_known(Task, raw))


def command(body: str) -> Command:
    """A command from its row."""
    raw = json.loads(body)
    raw["state"], raw["order"] = CommandState(raw["state"]), Order(raw["order"])
    return Command(**_known(Command, raw))


def output(body: str) -> Output:
    """An output's debt from its row."""
    return Output(**_known(Output, json.loads(body)))


def cursor(body: str) -> Cursor:
    """A cursor from its row."""
    return Cursor(**_known(Cursor, json.loads(body)))


def latch(body: str) -> Latch:
    """A latch from its row."""
    return Latch(**_known(Latch, json.loads(body)))


def alarm(body: str) -> Alarm:
    """An alarm from its row."""
    return Alarm(**_known(Alarm, json.loads(body)))


def entry(body: str) -> Entry:
    """A line of the timeline from its row."""
    return Entry(**_known(Entry, json.loads(body)))


def _put(table: str, columns: str) -> str:
    marks = ",".join("?" * len(columns.split(",")))
    updates = ",".join(f"{name}=excluded.{name}" for name in columns.split(",")[1:])
    return f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT(id) DO UPDATE SET {updates}"


def _known(kind: type[Any], raw: dict[str, Any]) -> dict[str, Any]:
    """Only the fields that this version has; an older row lacks some and gets their defaults."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in raw.items() if name in names}
