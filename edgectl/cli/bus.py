"""`edgectl bus monitor`: the frames on a bus, as they pass."""

import json
from datetime import datetime

import click

from edgectl.cli.client import ask
from edgectl.model.time import to_datetime


@click.group()
def bus() -> None:
    """One bus."""


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
