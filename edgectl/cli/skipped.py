"""`edgectl schedule skipped`: scheduled runs that were left out, and why."""

from typing import Any
from urllib.parse import urlencode

import click

from edgectl.cli.client import ask, show
from edgectl.cli.offline import offline
from edgectl.cli.words import date_and_time, kept_by_people, table


@click.command("skipped")
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 500), default=20, help="How many, the newest first.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@offline
def skipped(name: str | None, limit: int, as_json: bool) -> None:
    """Runs that were left out, of all schedules or of NAME: when, and why. The newest first."""
    query = {"limit": limit, **({"schedule": name} if name else {})}
    data = ask("GET", f"/left-out?{urlencode(query)}")
    if show(data, as_json):
        return
    for line in table([row(one) for one in data]) or ["nothing was left out, as far back as this looks"]:
        click.echo(line)


def row(one: dict[str, Any]) -> list[str]:
    """One line: its planned time, and its reason in words."""
    why = f" ({one['why']})" if one["why"] and one["why"] != one["reason_code"] else ""
    told = kept_by_people(one["reason_code"], one["why"], one.get("who"))
    told = told or f"{one['reason_code']}: {one['reason'] or ''}{why}"
    return [date_and_time(one["scheduled_for"]), str(one["schedule"]), str(one["zone"]), told]
