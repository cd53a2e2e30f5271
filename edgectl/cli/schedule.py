"""`edgectl schedule …`: what comes next and why something did not, hold, release, run now."""

import getpass
from typing import Any
from urllib.parse import quote

import click

from edgectl.cli.client import ask, show
from edgectl.cli.client import offline as at_rest
from edgectl.cli.groups import Group
from edgectl.cli.offline import offline
from edgectl.cli.outputs import Span
from edgectl.cli.restraints import tell_replaced
from edgectl.cli.skipped import skipped
from edgectl.cli.words import by_whom, date_and_time, day_and_time, kept_by_people, span, table

AS_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
KEPT = {
    "stop_all": "everything is stopped: edgectl resume",
    "stop_water": "the water is stopped: edgectl resume",
    "lock": "somebody works in its zone: edgectl status says who",
    "hold": "its zone is held",
    "manual": "its zone is in manual mode: only people start anything",
    "queued": "the next run waits for the one before it",
    "schedule_busy": "the next run waits for the one before it",
    "catchup_rate_limited": "late runs of the house come one by one, and it waits for its turn",
    "clock_untrusted": "it waits for a clock that can be believed",
    "outside_window": "it is ripe, and its hours have not come",
}


@click.group(cls=Group)
def schedule() -> None:
    """What runs when, and by hand."""


@schedule.command("list")
@AS_JSON
@offline
def list_(as_json: bool) -> None:
    """Every schedule: its next runs, what keeps it from running, and what was left out last and why."""
    data = ask("GET", "/schedules")
    if show(data, as_json):
        return
    head = ["schedule", "zone", "when", "next"]
    rows = [head, *([one["schedule"], one["zone"], one["when"], _next(one)] for one in data)]
    for line in table(rows) if data else ["there is no schedule in the site file"]:
        click.echo(line)
    for one in data:
        for sentence in sentences(one):
            click.echo(f"{one['schedule']}: {sentence}")


@schedule.command("hold")
@click.argument("name")
@click.option("--for", "seconds", type=Span(), required=True, help="How long, at most 14 days: 2h, 3d.")
@click.option("--why", default="", help="For those who wonder why nothing runs.")
@AS_JSON
def hold(name: str, seconds: float, why: str, as_json: bool) -> None:
    """Hold the schedule NAME for a while; each run that falls into it leaves a row."""
    body = {"seconds": seconds, "why": why, "who": getpass.getuser()}
    data = ask("POST", f"/schedules/{quote(name, safe='')}/hold", body)
    if not show(data, as_json):
        click.echo(f"{name} is held for {span(seconds)}; edgectl schedule release {name} ends it earlier")
        tell_replaced(data["before"], "held")


@schedule.command("release")
@click.argument("name")
@AS_JSON
def release(name: str, as_json: bool) -> None:
    """End a hold of the schedule NAME. What was left out meanwhile is not repeated."""
    data = ask("DELETE", f"/schedules/{quote(name, safe='')}/hold")
    if not show(data, as_json):
        click.echo(f"{name} is released and goes on from now")


@schedule.command("run-now")
@click.argument("name")
@click.option("--anyway", is_flag=True, help="Though somebody holds it: you know who, and why.")
@AS_JSON
def run_now(name: str, anyway: bool, as_json: bool) -> None:
    """Run the schedule NAME once, now, under the same guards. Its own times stay as they are.

    While the schedule or its zone is held, it says who holds it, until when and why, and runs only with --anyway.
    """
    data = ask("POST", f"/schedules/{quote(name, safe='')}/run-now", {"anyway": True} if anyway else {})
    if not show(data, as_json):
        click.echo(f"{name} was accepted as {data['task_id']}")
        click.echo(f"  edgectl task show {data['task_id']} tells what comes of it")


schedule.add_command(skipped)


def _next(one: dict[str, Any]) -> str:
    if one["task"] is not None:
        return f"{'had not ended' if at_rest() else 'runs now'}: {one['task']}"
    if not one["next"]:
        return "never" if one["kept"] is None else "-"
    wanted = {True: " on", False: " off"}
    return ", ".join(day_and_time(run["at"]) + wanted.get(run.get("on"), "") for run in one["next"])


def sentences(one: dict[str, Any]) -> list[str]:
    """What keeps it, and what was left out last."""
    found = []
    if one["held_until"] is not None:
        why = f" ({one['held_why']})" if one["held_why"] else ""
        found.append(f"held until {date_and_time(one['held_until'])} by {one['held_by']}{why}")
    if one["kept"] is not None and (one["kept"] != "hold" or not found):
        found.append(KEPT.get(one["kept"], one["kept"]) + by_whom(one.get("keeper")))
    if (skipped := one["skipped"]) is not None:
        why, reason = skipped["why"], skipped["reason"]
        because = f"{reason}, {why}" if why and why != reason else reason
        because = kept_by_people(reason, why, skipped.get("who")) or because
        found.append(f"left out last: {date_and_time(skipped['scheduled_for'])}, {because}")
    return found
