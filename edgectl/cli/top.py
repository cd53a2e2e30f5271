"""`edgectl top`: the picture of `edgectl status`, again and again, with what moves."""

import time
from typing import Any

import click

from edgectl.cli.client import ask, show
from edgectl.cli.outputs import Span
from edgectl.cli.status import lines
from edgectl.cli.words import seen, span, table

FASTEST_S = 0.5


@click.command()
@click.option("--every", type=Span(), default="2s", help="How often it looks.")
@click.option("--once", is_flag=True, help="One picture, for a script or a log.")
@click.option("--json", "as_json", is_flag=True, help="One picture, as JSON.")
def top(every: float, once: bool, as_json: bool) -> None:
    """The house as it works: zones, outputs, readings, bus load, what waits for the centre. Ctrl-C ends it."""
    while True:
        data = ask("GET", "/status")
        if show(data, as_json):
            return
        text = "\n".join([*lines(data), "", *outputs(data)])
        if once:
            click.echo(text)
            return
        click.clear()
        click.echo(text)
        try:
            time.sleep(max(FASTEST_S, every))
        except KeyboardInterrupt:
            click.echo("")
            return


def outputs(data: dict[str, Any]) -> list[str]:
    """Every output: what was seen, how long ago, what is owed."""
    rows = []
    for item in data["outputs"]:
        now = "ON" if item["on"] else seen(item)
        owed = "ordered off" if item["closing"] else "on by order" if item["owed_off"] else ""
        ago = "" if item["on"] is None else f"seen {span(item['seen_s'])} ago"
        rows.append([item["output"], item["role"], now, ago, "LOCKED OUT" if item["locked_out"] else owed])
    return table(rows)
