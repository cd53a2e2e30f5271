"""Model values to rows and back. Pure; a value that comes back differs in nothing from the one that went in."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any

from edgectl.model.command import Command, CommandState, Order
from edgectl.model.ledger import Ledger, Spent
from edgectl.model.output import Output
from edgectl.model.task import Correction, Outcome, PhysicalEffect, Task, TaskStatus, Veto
from edgectl.model.timeline import Alarm, Change, Cursor, Entry, Latch

Row = tuple[Any, ...]


def _put(table: str, moving: str = "", fixed: str = "") -> str:
    """Put a whole value. `fixed` columns are written once, so an index over them wears nothing."""
    beside = ("id", *moving.split(), *fixed.split())
    COLUMNS[table] = beside
    updates = ",".join(f"{name}=excluded.{name}" for name in (*moving.split(), "body"))
    marks = ",".join("?" * len((*beside, "body")))
    return f"INSERT INTO {table} ({','.join(beside)},body) VALUES ({marks}) ON CONFLICT(id) DO UPDATE SET {updates}"


COLUMNS: dict[str, tuple[str, ...]] = {"timeline": ("seq", "event_type", "wall", "task_id")}  # beside each body
_PUT: dict[type[Any], str] = {
    Task: _put("tasks", "open status", "zone correlation_id created_at"),
    Command: _put("commands", "open state", "task_id"),
    Output: _put("outputs", "open"),
    Cursor: _put("cursors"),
    Latch: _put("latches", "open"),
    Alarm: _put("alarms", "open"),
    Ledger: _put("ledgers"),
}


_Shape = tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]
_SHAPES: dict[type[Any], _Shape] = {}


def _shape(kind: type[Any]) -> _Shape:
    """The names of a kind's fields, and how to take them all at once."""
    shape = _SHAPES.get(kind)
    if shape is None:
        if not is_dataclass(kind):
            raise TypeError(f"a value of type {kind.__name__} cannot be journaled")
        names = tuple(field.name for field in fields(kind))
        shape = _SHAPES[kind] = names, attrgetter(*names)
    return shape


def _fields(value: Any) -> dict[str, Any]:
    """A value as its fields, one level: the encoder asks again for what lies inside. Six times as fast as `asdict`."""
    names, take = _shape(type(value))
    return dict(zip(names, take(value), strict=True))


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_fields)


def _text(value: Any) -> str:
    return _ENCODER.encode(_fields(value))


def statement(change: Change) -> tuple[str, Row]:
    """The SQL that puts a whole value, and its parameters."""
    return _PUT[type(change)], (*beside(change), _text(change))


def beside(value: Change | Entry) -> Row:
    """What the columns beside a body say of it: only by them is it asked for.

    Rows keep what this said when they were written. Where it comes to say something else of a value that is stored
    already, `sql` needs a step that puts the columns right: a journal whose columns differ counts as damaged.
    """
    match value:
        case Task():
            moving = value.task_id, not value.terminal, value.status.value
            return (*moving, value.zone, value.correlation_id, value.created_at)
        case Command():
            return value.cmd_id, not value.terminal, value.state.value, value.task_id
        case Output():
            return value.name, value.owed_off
        case Cursor():
            return (value.schedule,)
        case Latch():
            return value.name, value.held or value.count > 0
        case Alarm():
            return value.alarm_id, value.stands
        case Ledger():
            return (value.name,)
        case Entry():
            return value.seq, value.event_type, value.wall, value.task_id


def entry_row(entry: Entry) -> Row:
    """A line of the timeline as a row."""
    return (*beside(entry), _text(entry))


def task(body: str) -> Task:
    """A task from its row."""
    raw = json.loads(body)
    raw["status"] = TaskStatus(raw["status"])
    if raw["outcome"] is not None:
        raw["outcome"]["physical_effect"] = PhysicalEffect(raw["outcome"]["physical_effect"])
        raw["outcome"] = _outcome(raw["outcome"])
    raw["vetoes"] = tuple(Veto(**_known(Veto, item)) for item in raw.get("vetoes", ()))
    raw["looked_at"] = tuple(raw.get("looked_at", ()))
    raw["interrupted"] = tuple(raw.get("interrupted", ()))
    if raw.get("correction") is not None:
        raw["correction"]["queue"] = tuple((name, ml) for name, ml in raw["correction"]["queue"])
        raw["correction"] = Correction(**_known(Correction, raw["correction"]))
    return Task(**_known(Task, raw))


def _outcome(raw: dict[str, Any]) -> Outcome:
    raw["vetoes"] = tuple(Veto(**_known(Veto, item)) for item in raw.get("vetoes", ()))
    raw["before"], raw["after"] = tuple(raw.get("before", ())), tuple(raw.get("after", ()))
    return Outcome(**_known(Outcome, raw))


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


def ledger(body: str) -> Ledger:
    """A ledger from its row."""
    raw = json.loads(body)
    return Ledger(name=raw["name"], spent=tuple(Spent(**_known(Spent, item)) for item in raw["spent"]))


def entry(body: str) -> Entry:
    """A line of the timeline from its row."""
    return Entry(**_known(Entry, json.loads(body)))


def _known(kind: type[Any], raw: Any) -> dict[str, Any]:
    """Only the fields that this version has; an older row lacks some and gets their defaults."""
    if not isinstance(raw, dict):
        raise TypeError(f"a row holds no {kind.__name__}: {str(raw)[:80]}")
    return {name: raw[name] for name in _shape(kind)[0] if name in raw}
