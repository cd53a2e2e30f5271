"""`edgectl bus`: the frames on a bus as they pass, and who is on a line."""

import json
from typing import Any

import click

from edgectl.cli.client import ask, show
from edgectl.cli.groups import Group
from edgectl.cli.scan import probe, scan
from edgectl.cli.words import clock, span, table
from edgectl.model.time import iso


@click.group(cls=Group)
def bus() -> None:
    """One bus."""


bus.add_command(scan)
bus.add_command(probe)


@bus.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """The buses that the daemon drives, with their devices: who answers, and since when not."""
    rows = ask("GET", "/status")["buses"]
    if show(rows, as_json):
        return
    for row in rows:
        state = f"up, load {row['load'] * 100:.0f} %" if row["up"] else f"down: {row['reason']}"
        click.echo(f"{row['bus']}  {state}")
        for line in table([_device(device) for device in row["devices"]]):
            click.echo(f"  {line}")


def _device(row: dict[str, Any]) -> list[str]:
    unit = "" if row["unit"] is None else f"unit {row['unit']}"
    if row["last_good_s"] is None:
        return [row["device"], unit, "never answered", row["why"] if row["down"] else "nobody asks it for anything"]
    return [row["device"], unit, f"good {span(row['last_good_s'])} ago", row["why"] if row["down"] else "well"]


@bus.command()
@click.argument("name")
@click.option("--once", is_flag=True, help="Print what is remembered, the last 400 lines at most, and end.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def monitor(name: str, once: bool, as_json: bool) -> None:
    """Show frames as they pass, with the time of the site: > sent, < received, ! something to know. Ends with Ctrl-C.

    It begins with now; what passed before is shown by --once.
    """
    from threading import Event

    # Whoever watches a line wants to see what his hands do to it: old frames would only look like new ones.
    last, pause = 0 if once else _newest(name), Event()
    try:
        while True:
            data = ask("GET", f"/buses/{name}/frames?after={last}")
            for line in data["lines"]:
                last = line["number"]
                click.echo(json.dumps(line) if as_json else _text(line))
            if once:
                if not data["lines"] and not as_json:
                    click.echo(
                        f"nothing has passed yet; the bus is {'up' if data['up'] else 'down: ' + data['reason']}"
                    )
                return
            pause.wait(0.3)
    except KeyboardInterrupt:
        return


def _newest(name: str) -> int:
    """The number of the last line that has passed already."""
    return max((int(line["number"]) for line in ask("GET", f"/buses/{name}/frames?after=0")["lines"]), default=0)


def _text(line: dict[str, Any]) -> str:
    note = f"  {line['note']}" if line["note"] else ""
    return f"{clock(iso(int(line['wall'])), millis=True)} {line['direction']} {line['data']}{note}"
