"""`edgectl tasks`, `task show`, `task submit`: what ran, why, and what came of it."""

import re
from typing import Any
from urllib.parse import quote, urlencode

import click

from edgectl.cli.client import ask, show
from edgectl.cli.groups import Group
from edgectl.cli.offline import offline
from edgectl.cli.outputs import Span
from edgectl.cli.words import clock, day_and_time, table
from edgectl.model.codes import SENTENCES, Code
from edgectl.model.said import amounts, said

PRESETS = ["all", "failed", "open", "deadline", "done_confirmed", "done_unconfirmed"]
WORKFLOWS = (
    "refill",
    "startup",
    "clean_fill",
    "solution_fill",
    "prepare_recirculation",
    "irrigation_recovery",
    "irrigation_fill",
    "three_tank_startup",
)
WIDE = 23  # letters: the usual names of events, so that two tasks read alike
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@click.command()
@click.option("--preset", type=click.Choice(PRESETS), default="all", help="Which tasks.")
@click.option("--zone", help="Only this zone.")
@click.option("--search", help="Only those that hold this text: id, type, status, decision, a code or its words.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, help="How many, the newest first.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@offline
def tasks(preset: str, zone: str | None, search: str | None, limit: int, as_json: bool) -> None:
    """Tasks, the newest first."""
    given = {"zone": zone, "search": search}
    query = {"preset": preset, "limit": limit, **{name: value for name, value in given.items() if value}}
    data = ask("GET", f"/tasks?{urlencode(query)}")
    if show(data, as_json):
        return
    if not data:
        click.echo("no tasks yet" if preset == "all" else f"no tasks match {preset}")
    for line in table([row(item) for item in data]):
        click.echo(line)


@click.group(cls=Group)
def task() -> None:
    """One task."""


@task.command("show")
@click.argument("task_id")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@offline
def show_task(task_id: str, as_json: bool) -> None:
    """Everything about one task: why, deadlines, effect, timeline."""
    data = ask("GET", f"/tasks/{quote(task_id, safe='')}")
    if not show(data, as_json):
        for line in story(data):
            click.echo(line)


@task.command("submit")
@click.argument("zone")
@click.argument("task_type", type=click.Choice(["irrigation", "lighting", "diagnostics"]))
@click.option("--duration", "duration_s", type=Span(), help="How long to water: 90s, 2m.")
@click.option("--litres", "volume_l", type=float, help="Watering by volume, where the zone has a meter.")
@click.option("--workflow", type=click.Choice(WORKFLOWS), help="Which tank work, for diagnostics.")
@click.option("--on/--off", "on", default=None, help="What the lamp shall do.")
@click.option("--correlation-id", help="The same id asks for the same task only once.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def submit(
    zone: str,
    task_type: str,
    duration_s: float | None,
    volume_l: float | None,
    workflow: str | None,
    on: bool | None,
    correlation_id: str | None,
    as_json: bool,
) -> None:
    """Ask for a task now."""
    if task_type == "irrigation" and duration_s is None and volume_l is None:
        raise click.UsageError("irrigation needs --duration or --litres: how much water")
    if duration_s is not None and volume_l is not None:
        raise click.UsageError("give --duration or --litres, not both")
    if task_type != "irrigation" and (duration_s is not None or volume_l is not None):
        raise click.UsageError(f"--duration and --litres mean nothing for {task_type}")
    if task_type == "diagnostics" and workflow is None:
        raise click.UsageError(f"diagnostics needs --workflow: {', '.join(WORKFLOWS)}")
    if task_type == "lighting" and on is None:
        raise click.UsageError("lighting needs --on or --off")
    payload = {"duration_s": duration_s, "volume_l": volume_l, "workflow": workflow, "on": on}
    body: dict[str, Any] = {
        "zone": int(zone) if zone.isdigit() else zone,
        "task_type": task_type,
        "payload": {key: value for key, value in payload.items() if value is not None},
        "source": "cli",
    }
    if correlation_id:
        body["correlation_id"] = correlation_id
    data = ask("POST", "/tasks", body)
    if not show(data, as_json):
        status = "" if data["status"] == data["result"] else f" ({data['status']})"
        click.echo(f"{data['result']}: {data['task_id']}{status}")
        if data["status"] == "accepted":
            click.echo(f"it begins by {clock(data['due_at'])} or not at all; edgectl task show {data['task_id']}")


@task.command("cancel")
@click.argument("task_id")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def cancel(task_id: str, as_json: bool) -> None:
    """End a task before its time. What it has on goes off now; it is ended when that has been seen."""
    data = ask("POST", f"/tasks/{quote(task_id, safe='')}/cancel", {})
    if not show(data, as_json):
        click.echo(f"{task_id}: ordered to end; edgectl task show {task_id} says when it has")


@task.command("approve")
@click.argument("task_id")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def approve(task_id: str, as_json: bool) -> None:
    """Release a task that a zone in semi mode has proposed."""
    data = ask("POST", f"/tasks/{quote(task_id, safe='')}/approve", {})
    if not show(data, as_json):
        click.echo(f"{task_id} released")


def row(item: dict[str, Any]) -> list[str]:
    """One line of the list."""
    result = item["result"] or {}
    effect = result.get("physical_effect", "")
    return [
        day_and_time(item["created_at"]),
        item["task_id"],
        item["zone"],
        item["task_type"],
        item["status"],
        badge(item),
        f"{result.get('reason_code', item['stage'])}" + (f" · effect {effect}" if effect not in ("", "none") else ""),
    ]


def badge(item: dict[str, Any]) -> str:
    """Has the hardware said DONE?"""
    result = item["result"]
    if result is None:
        return f"waits until {day_and_time(item['waits_until'])}" if item["waits_until"] else "waiting"
    if not result["action_required"]:
        return "not required"
    total, done = result["commands_total"], result["commands_effect_confirmed"]
    if not total:
        return "none sent"
    return f"DONE {done} of {total}" if done == total else f"not confirmed {done} of {total}"


def deadlines(item: dict[str, Any]) -> str:
    """What became of its deadlines."""
    match item["status"]:
        case "rejected":
            return "rejected: too late to start"
        case "expired":
            return "expired"
        case "accepted":
            return "not started yet"
    if item["started_in_time"] is False:
        return "started late"
    return "running" if item["status"] == "running" else "met its deadlines"


def story(item: dict[str, Any]) -> list[str]:
    """One task, told."""
    result = item["result"]
    out = [f"{item['task_type']} · {item['zone']} · {item['status']} · {badge(item)} · {deadlines(item)}"]
    origin = (
        f"schedule {item['schedule']}, {day_and_time(item['scheduled_for'])}" if item["schedule"] else item["source"]
    )
    out.append(f"why     {origin}" + (f" · decision {result['decision']} ({result['reason_code']})" if result else ""))
    if result and result["reason_code"] in {code.value for code in Code}:
        out.append(f"        {SENTENCES[Code(result['reason_code'])]}")
    began = next((step["at"] for step in item["lifecycle"] if step["status"] == "running"), None)
    started = f" · started {clock(began, millis=True)}" if began else ""
    ended = f" · finished {clock(item['updated_at'])}" if result else ""
    out.append(f"start by {clock(item['due_at'])} · expires {clock(item['expires_at'])}{started}{ended}")
    if result:
        moved = amounts(result["effect_amounts"], ordered(item) if result["physical_effect"] != "full" else {})
        out.append(f"effect  {result['physical_effect']}" + (f": {moved}" if moved else ""))
        out += [f"veto    {veto['actuator']} by {veto['rule']}: {veto['why']}" for veto in result["vetoes"]]
    return out + table([_line(entry) for entry in item["timeline"]])


def ordered(item: dict[str, Any]) -> dict[str, float]:
    """For how long each output was meant to be on, where one order alone says it: a second may be the first again."""
    lasts: dict[str, list[float]] = {}
    for command in item.get("commands", ()):
        if command["order"] == "on" and command["lease_s"]:
            lasts.setdefault(f"{command['actuator']}_s", []).append(command["lease_s"])
    return {name: each[0] for name, each in lasts.items() if len(each) == 1}


def _line(entry: dict[str, Any]) -> list[str]:
    return [clock(entry["occurred_at"], millis=True), entry["event_type"].ljust(WIDE), _details(entry)]


def _details(entry: dict[str, Any]) -> str:
    if entry["event_type"] == "VETO":
        return str(entry["details"]["why"])
    local = {name: _local(value) for name, value in entry["details"].items()}
    return said(entry["event_type"], local)


def _local(value: Any) -> Any:
    """An instant as people at the site read it; anything else as it is."""
    return day_and_time(value) if isinstance(value, str) and INSTANT.fullmatch(value) else value
