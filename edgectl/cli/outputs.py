"""`edgectl channel …`, `stop-all`, `resume`, `ack`: hands on the outputs. The same guards restrain them."""

import re
from typing import Any
from urllib.parse import quote

import click

from edgectl.cli.client import ask, refuse, show
from edgectl.cli.groups import Group
from edgectl.cli.offline import offline
from edgectl.cli.words import clock, date_and_time, day_and_time, doubt, seen, span, table


class Span(click.ParamType[float]):
    """A duration with its unit: 2s, 500ms, 1m, 1h."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)", text := str(value))
        if found is None and text.startswith("-"):
            self.fail(f"{value!r} has to be above zero", param, ctx)
        if found is None:
            bare = re.fullmatch(r"[0-9]+(\.[0-9]+)?", text)
            self.fail(f"{value!r} {'needs a unit' if bare else 'is no duration'}: 2s, 500ms, 1m, 1h or 3d", param, ctx)
        return float(found[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}[found[2]]


@click.group(cls=Group)
def channel() -> None:
    """Sensors and outputs by hand."""


@channel.command("read")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def read(name: str | None, as_json: bool) -> None:
    """What every sensor and output shows, or one of them."""
    rows = ask("GET", "/channels")
    if name is not None:
        rows = [r for r in rows if name in (r.get("sensor"), r.get("output"), r["channel"])]
        if not rows:
            refuse(f"there is no sensor or output {name}", "edgectl channel read lists them")
    if not show(rows if name is None else rows[0], as_json):
        for line in table([_row(r) for r in rows]):
            click.echo(line)
    if name is not None and rows[0].get("missing"):
        raise SystemExit(1)


@channel.command("on")
@click.argument("name")
@click.option("--for", "seconds", type=Span(), required=True, help="How long: 2s, 1m. It ends by itself.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def on(name: str, seconds: float, as_json: bool) -> None:
    """Switch an output on for a while."""
    data = ask("POST", f"/outputs/{quote(name, safe='')}/on", {"seconds": seconds})
    if not show(data, as_json):
        click.echo(f"{name} ordered on for {span(seconds)}; it ends by itself")


@channel.command("off")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def off(name: str, as_json: bool) -> None:
    """Switch an output off. Always allowed."""
    data = ask("POST", f"/outputs/{quote(name, safe='')}/off", {})
    if not show(data, as_json):
        click.echo(f"{name} ordered off")


@click.command("stop-all")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def stop_all(as_json: bool) -> None:
    """Everything dangerous off, and nothing starts again before `resume`.

    What was asked for at a later time is kept, and left out only where that time comes before `resume`.
    """
    data = ask("POST", "/stop-all", {})
    if not show(data, as_json):
        click.echo("everything dangerous was ordered off and stays off; edgectl resume releases it")
        if data["stays_on"]:
            click.echo(f"still on, because off is not the safe state there: {', '.join(data['stays_on'])}")
        if data["ended"]:
            click.echo(f"ended by it: {', '.join(data['ended'])}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def resume(as_json: bool) -> None:
    """Release the stop. No task is resumed by it; schedules go on from now. Exit code 1 when nothing is stopped."""
    data = ask("POST", "/resume", {})
    if not data["released"]:
        refuse("there is nothing to release: nothing is stopped", "edgectl status says how it stands")
    if not show(data, as_json):
        click.echo("released; no run was resumed: schedules and vents go on from now")


@click.command()
@click.argument("alarm_id")
@click.option("--here", is_flag=True, help="You stand in front of it: needed after two releases from afar in a day.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def ack(alarm_id: str, here: bool, as_json: bool) -> None:
    """Take note of an alarm; a lock-out of the same part is released with it."""
    data = ask("POST", f"/alarms/{quote(alarm_id, safe='')}/ack", {"here": here})
    if not show(data, as_json):
        click.echo(f"{alarm_id} acknowledged")


@click.command()
@click.argument("alarm_id")
@click.option("--for", "seconds", type=Span(), default=None, help="How long, at most 24 h: 30m, 8h.")
@click.option("--end", is_flag=True, help="It is silent no more.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def shelve(alarm_id: str, seconds: float | None, end: bool, as_json: bool) -> None:
    """Silence an alarm for a while; it comes back by itself. A critical one is acknowledged instead."""
    if end == (seconds is not None):
        raise click.UsageError("give --for, or --end alone")
    path = f"/alarms/{quote(alarm_id, safe='')}/shelve"
    data = ask("DELETE", path) if end else ask("POST", path, {"seconds": seconds})
    if not show(data, as_json):
        click.echo(f"{alarm_id} is silent {'no more' if seconds is None else f'for {span(seconds)}'}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@offline
def alarms(as_json: bool) -> None:
    """What a person must know."""
    data = ask("GET", "/alarms")
    if show(data, as_json):
        return
    if not data:
        click.echo("no alarms")
    for alarm in data:
        state = "active" if alarm["active"] else "over"
        if alarm["shelved_until"]:
            state += f", silenced by {alarm['shelved_by']} until {day_and_time(alarm['shelved_until'])},"
        by = f", seen by {alarm['acknowledged_by']}" if alarm["acknowledged_by"] else ""
        since = f"{alarm['priority']}, {state} since {date_and_time(alarm['since'])}{by}"
        if alarm["times"] > 1:
            since += f", {alarm['times']} times since {date_and_time(alarm['first'])}"
        for line in (f"{alarm['id']}  {since}", *table([["", alarm["message"]], ["", alarm["advice"]]])):
            click.echo(line)


def _row(item: dict[str, Any]) -> list[str]:
    if "sensor" in item:
        value = "-" if item["value"] is None else f"{item['value']:g} {item['unit']}"
        why = item.get("missing", "").replace("_", " ")
        return [item["sensor"], item["channel"], value, why or f"{span(item['age_s'])} old{doubt(item)}"]
    ends = f", ends {clock(item['ends_at'])} at the latest" if item["ends_at"] else ""
    owed = ", ordered OFF and not seen off yet" if item["closing"] else ends
    ago = "" if item["on"] is None else f"seen {span(item['seen_s'])} ago"
    return [item["output"], item["channel"], seen(item), f"{ago}{owed}".removeprefix(", ")]
