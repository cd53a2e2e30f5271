"""Values of the site as rows of the centre. Pure."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from edgectl.model.parcel import Line, Parcel
from edgectl.model.telemetry import Minute, Reel
from edgectl.model.time import SECOND, Nanos, iso, to_datetime

Numbers = Mapping[str, int]  # the number of each zone, which is its name at the centre
ANSWERED = "CENTRE_REQUEST_ANSWERED"
UNREADABLE = "UNREADABLE"


def columns(lines: tuple[Line, ...], numbers: Numbers) -> list[list[Any]]:
    """The lines as one list for each column of edge_entries after site and journal."""
    return [
        [line.seq for line in lines],
        [to_datetime(line.wall) for line in lines],
        [line.event_type for line in lines],
        [line.task_id for line in lines],
        [line.zone for line in lines],
        [None if line.zone is None else numbers.get(line.zone) for line in lines],
        [line.body for line in lines],
        [line.hash for line in lines],
    ]


def minutes(some: list[Minute]) -> list[list[Any]]:
    """Readings as one list for each column of edge_telemetry_1m after the site."""
    flat = [(minute.at, point) for minute in some for point in minute.points]
    names = ("unit", "least", "mean", "most", "last", "samples", "quality")
    return [
        [point.sensor for _, point in flat],
        [to_datetime(at) for at, _ in flat],
        *([getattr(point, name) for _, point in flat] for name in names),
    ]


def reels(some: list[Reel]) -> list[list[Any]]:
    """Samples as one list for each column of edge_telemetry_raw after the site."""
    flat = [sample for reel in some for sample in reel.samples]
    names = ("sensor", "channel", "value", "good")
    return [[to_datetime(sample.at) for sample in flat], *([getattr(x, name) for x in flat] for name in names)]


def enveloped(line: Line) -> Line:
    """A line that is no JSON, or holds what no database takes: its bytes in a text that every one takes."""
    raw = line.body.encode("utf-8", "surrogateescape")
    body = {"base64": base64.b64encode(raw).decode(), "sha256": hashlib.sha256(raw).hexdigest()}
    return replace(line, event_type=UNREADABLE, task_id=None, zone=None, body=json.dumps(body))


def tasks(parcel: Parcel, numbers: Numbers) -> str:
    """The tasks for edge_tasks."""
    rows = []
    for task in parcel.tasks:
        outcome = task.outcome
        begun = (x.wall for x in parcel.lines if x.task_id == task.task_id and x.event_type == "TASK_STARTED")
        started = next(begun, None)
        rows.append(
            {
                "task_id": task.task_id,
                "zone": task.zone,
                "zone_id": numbers.get(task.zone),
                "task_type": task.task_type,
                "source": task.source,
                "correlation_id": task.correlation_id,
                "schedule": task.schedule,
                "status": task.status.value,
                "payload": dict(task.payload),
                "scheduled_for": iso(task.scheduled_for),
                "due_at": iso(task.due_at),
                "expires_at": iso(task.expires_at),
                "created_at": iso(task.created_at),
                "started_at": None if started is None else iso(started),
                "updated_at": iso(task.updated_at or task.created_at),
                "action_required": None if outcome is None else outcome.action_required,
                "decision": None if outcome is None else outcome.decision,
                "reason_code": None if outcome is None else outcome.reason_code,
                "error_code": None if outcome is None else outcome.error_code,
                "physical_effect": None if outcome is None else outcome.physical_effect.value,
                "result": None if outcome is None else asdict(outcome),
            }
        )
    return json.dumps(rows)


def commands(parcel: Parcel, numbers: Numbers) -> str:
    """The commands for edge_commands. They know monotonic instants only: the wall times are those of their lines."""
    began, moved = _instants(parcel.lines)
    return json.dumps(
        [
            {
                "cmd_id": command.cmd_id,
                "task_id": command.task_id,
                "zone": command.zone,
                "zone_id": None if command.zone is None else numbers.get(command.zone),
                "stage": command.stage,
                "actuator": command.actuator,
                "cmd": command.order.value,
                "lease_s": None if command.lease is None else command.lease / SECOND,
                "status": command.state.value,
                "created_at": iso(began.get(command.cmd_id, parcel.lines[0].wall)),
                "updated_at": iso(moved.get(command.cmd_id, parcel.lines[-1].wall)),
                "evidence": command.evidence,
            }
            for command in parcel.commands
        ]
    )


def _instants(lines: tuple[Line, ...]) -> tuple[dict[str, Nanos], dict[str, Nanos]]:
    """When each command was given, and when it moved last, as far as these lines tell."""
    began: dict[str, Nanos] = {}
    moved: dict[str, Nanos] = {}
    for line in lines:
        if line.event_type.startswith("COMMAND_"):
            cmd_id = str(json.loads(line.body)["details"].get("cmd_id"))
            began.setdefault(cmd_id, line.wall)
            moved[cmd_id] = line.wall
    return began, moved


def answers(parcel: Parcel) -> str:
    """The answers among the lines, for edge_answers; empty when there are none."""
    found = []
    for line in parcel.lines:
        if line.event_type == ANSWERED:
            said = json.loads(line.body)["details"]
            told = {name: said[name] for name in ("request_id", "ok", "code", "why")}
            found.append({"seq": line.seq, "answered_at": iso(line.wall), **told})
    return json.dumps(found) if found else ""


def outputs(parcel: Parcel) -> str:
    """The outputs for edge_outputs."""
    now = iso(parcel.lines[-1].wall)
    return json.dumps(
        [
            {
                "output": output.name,
                "owed_off": output.owed_off,
                "cmd_id": output.cmd_id,
                "task_id": output.task_id,
                "zone": output.zone,
                "updated_at": now,
            }
            for output in parcel.outputs
        ]
    )


def alarms(parcel: Parcel) -> str:
    """The alarms for edge_alarms."""
    now = iso(parcel.lines[-1].wall)
    return json.dumps(
        [
            {
                "alarm_id": alarm.alarm_id,
                "code": alarm.code,
                "subject": alarm.subject,
                "raised_at": iso(alarm.raised_at),
                "message": alarm.message,
                "advice": alarm.advice,
                "active": alarm.active,
                "acknowledged_by": alarm.acknowledged_by,
                "escalated": alarm.escalated,
                "updated_at": now,
            }
            for alarm in parcel.alarms
        ]
    )
