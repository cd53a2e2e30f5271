"""Tasks, orders and timeline lines in the words of the task contract. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from edgectl.engine.workflows.catalogue import name_of
from edgectl.engine.workflows.choice import ATTEMPTS, RETRY_EVERY
from edgectl.model.codes import SENTENCES, Code
from edgectl.model.command import NEVER_LEFT, Command, CommandState
from edgectl.model.site import Site
from edgectl.model.task import Outcome, Task, TaskStatus, Veto
from edgectl.model.time import SECOND, iso
from edgectl.model.timeline import Entry

View = dict[str, Any]
KNOWN = {code.value for code in Code}


def task(item: Task, site: Site) -> View:
    """One task as the contract names its fields. A zone that the site file does not know any more has no number."""
    zone = site.zones.get(item.zone)
    outcome = item.outcome
    failed = outcome is not None and not outcome.success
    return {
        "task_id": item.task_id,
        "zone": item.zone,
        "zone_id": None if zone is None else zone.number,
        "task_type": item.task_type,
        "status": item.status.value,
        "stage": item.stage,
        "phase": item.phase,
        "source": item.source,
        "schedule": item.schedule,
        "who": item.who or None,
        "correlation_id": item.correlation_id,
        "payload_fingerprint": item.fingerprint,
        "payload": dict(item.payload),
        "scheduled_for": iso(item.scheduled_for),
        "waits_until": iso(item.scheduled_for) if item.enqueued and not item.terminal else None,
        "due_at": iso(item.due_at),
        "expires_at": iso(item.expires_at),
        "started_in_time": None if item.started is None else item.started <= item.due,
        "created_at": iso(item.created_at),
        "updated_at": iso(item.updated_at),
        "error": _sentence(outcome.error_code) if failed and outcome is not None else None,
        "error_code": outcome.error_code if failed and outcome is not None else None,
        "result": None if outcome is None else result(item, outcome),
    }


def result(item: Task, outcome: Outcome) -> View:
    """How a task ended."""
    view: View = {
        "success": outcome.success,
        "mode": name_of(item),
        "action_required": outcome.action_required,
        "decision": outcome.decision,
        "reason_code": outcome.reason_code,
        "reason": _reason(item, outcome),
        "error": _sentence(outcome.error_code),
        "error_code": outcome.error_code,
        "physical_effect": outcome.physical_effect.value,
        "effect_amounts": dict(outcome.effect_amounts),
        "commands_total": outcome.commands_total,
        "commands_submitted": outcome.commands_submitted,
        "commands_effect_confirmed": outcome.commands_effect_confirmed,
        "commands_failed": outcome.commands_failed,
        "command_submitted": 0 < outcome.commands_total == outcome.commands_submitted,
        "command_effect_confirmed": 0 < outcome.commands_total == outcome.commands_effect_confirmed,
        "run_mode": outcome.run_mode or None,
        "next_due_at": None if outcome.next_due_at is None else iso(outcome.next_due_at),
        "retry_attempt": item.attempt,
        "retry_max_attempts": ATTEMPTS,
        "retry_backoff_sec": RETRY_EVERY // SECOND,
        "safety_flags": sorted({veto.rule for veto in outcome.vetoes}),
        "vetoes": [_veto(veto) for veto in outcome.vetoes],
        "measurements_before_after": {"before": list(outcome.before), "after": list(outcome.after)},
    }
    return view


def _reason(item: Task, outcome: Outcome) -> str | None:
    """Why it came to that; of a task that never began, also what it waited for."""
    sentence = _sentence(outcome.reason_code)
    if sentence is None or item.status not in (TaskStatus.REJECTED, TaskStatus.EXPIRED) or not outcome.vetoes:
        return sentence
    return f"{sentence} It waited: {'; '.join(veto.why for veto in outcome.vetoes)}."


def whole(
    item: Task,
    site: Site,
    commands: Sequence[Command],
    timeline: Sequence[Entry],
    links: Mapping[int, str] | None = None,
) -> View:
    """One task with its orders, its steps and its timeline. `links` are the hashes that its lines follow, by number."""
    follows = links or {}
    view = task(item, site)
    if view["result"] is not None:
        view["result"]["command_statuses"] = [_status(command, site) for command in commands]
        view["result"]["executed_steps"] = list(dict.fromkeys(command.stage for command in commands))
    return {
        **view,
        "commands": [command_view(command) for command in commands],
        "lifecycle": lifecycle(item, timeline),
        "timeline": [
            {**entry(line, number, item, site), "prev_hash": follows.get(line.seq)}
            for number, line in enumerate(timeline, 1)
        ],
    }


def lifecycle(item: Task, timeline: Sequence[Entry]) -> list[View]:
    """When the task took each of its statuses."""
    found: list[View] = []
    for line in timeline:
        status = {"TASK_RECEIVED": "accepted", "DECISION_MADE": "running"}.get(line.event_type)
        if line.event_type == "TASK_FINISHED":
            status = str(line.details["status"])
        if status is not None and status not in {known["status"] for known in found}:
            error = line.details.get("error_code") if status in ("failed", "rejected", "expired") else None
            found.append({"status": status, "at": iso(line.wall), "error": error, "source": item.source})
    if item.status is TaskStatus.RUNNING and not any(known["status"] == "running" for known in found):
        found.append({"status": "running", "at": iso(item.updated_at), "error": None, "source": item.source})
    return found


def command_view(item: Command) -> View:
    """One order."""
    return {
        "cmd_id": item.cmd_id,
        "actuator": item.actuator,
        "order": item.order.value,
        "lease_s": None if item.lease is None else item.lease / SECOND,
        "stage": item.stage,
        "state": item.state.value,
        "evidence": item.evidence,
    }


def entry(item: Entry, number: int, of: Task, site: Site) -> View:
    """One line of the timeline of a task. `event_seq` counts its lines, `seq` those of the journal."""
    zone = site.zones.get(of.zone)
    return {
        **line(item, site),
        "event_seq": number,
        "zone_id": None if zone is None else zone.number,
        "correlation_id": of.correlation_id,
        "task_type": of.task_type,
    }


def line(item: Entry, site: Site) -> View:
    """One line of the timeline, whatever it is about."""
    details = dict(item.details)
    named = ("decision", "reason_code", "error_code", "cmd_id", "terminal_status", "action_required")
    zone = site.zones.get(item.zone or "")
    return {
        "event_id": f"{item.boot_id}:{item.seq}",
        "seq": item.seq,
        "event_type": item.event_type,
        "occurred_at": iso(item.wall),
        "boot_id": item.boot_id,
        "mono": item.mono,
        "task_id": item.task_id,
        "zone": item.zone,
        "zone_id": None if zone is None else zone.number,
        **{name: details[name] for name in named if name in details},
        **_order(details, site),
        "details": details,
    }


def _order(details: View, site: Site) -> View:
    """What a line about an order says of its device, in the words that nodes use."""
    actuator = site.actuators.get(str(details.get("actuator")))
    if actuator is None:
        return {}
    view: View = {"node_uid": actuator.device, "channel": actuator.name}
    if "order" in details:
        view |= {"cmd": details["order"], "params": {"lease_s": details.get("lease_s")}}
    if (ended := details.get("terminal_status")) is not None:
        submitted = ended not in {state.value for state in NEVER_LEFT}
        done = ended == CommandState.DONE.value
        view |= {"command_submitted": submitted, "command_effect_confirmed": done}
    return view


def _status(item: Command, site: Site) -> View:
    actuator = site.actuators.get(item.actuator)
    return {
        "node_uid": None if actuator is None else actuator.device,
        "channel": item.actuator,
        "cmd": item.order.value,
        "cmd_id": item.cmd_id,
        "command_submitted": item.state not in NEVER_LEFT,
        "command_effect_confirmed": item.state is CommandState.DONE,
        "terminal_status": item.state.value if item.terminal else None,
    }


def _veto(item: Veto) -> View:
    return {"rule": item.rule, "actuator": item.actuator, "why": item.why}


def _sentence(code: str | None) -> str | None:
    return SENTENCES[Code(code)] if code in KNOWN else None
