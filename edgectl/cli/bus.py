"""`edgectl bus`: the frames on a bus as they pass, and who is on a line."""

import json
from datetime import datetime
from typing import Any

import click

from edgectl.cli.client import ask, show
from edgectl.cli.scan import probe, scan
from edgectl.cli.words import span, table
from edgectl.model.time import to_datetime


@click.group()
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
    good = "never answered" if row["last_good_s"] is None else f"good {span(row['last_good_s'])} ago"
    return [row["device"], unit, good, row["why"] if row["down"] else "well"]


@bus.command()
@click.argument("name")
@click.option("--once", is_flag=True, help="Print what is remembered and end.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def monitor(name: str, once: bool, as_json: bool) -> None:
    """Show frames with their times: > sent, < received, ! something to know. Ends with Ctrl-C."""
    from threading import Event

    last, pause = 0, Event()
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


def _text(line: dict[str, object]) -> str:
    moment: datetime = to_datetime(int(str(line["wall"]))).astimezone()
    stamp = moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
    note = f"  {line['note']}" if line["note"] else ""
    return f"{stamp} {line['direction']} {line['data']}{note}"
