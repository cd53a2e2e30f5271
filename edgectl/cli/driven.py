"""What a person asks of a device through the daemon that drives its bus: how long it may wait, how far it is, and what
was found until it was broken off."""

import contextlib
import http.client
import shutil
import sys
from collections.abc import Iterator
from typing import Any

import click

from edgectl.cli.client import ANSWER_WITHIN_S, Refused, ask, clear_line, fetch, refuse
from edgectl.cli.found import tell_part
from edgectl.cli.outputs import Span
from edgectl.cli.part import BY_HAND

DEVICE_WITHIN_S = 90.0  # for the daemon to ask a device dozens of questions, between its own
LONGEST_WAIT_S = 3600.0
LOOK_EVERY_S = 1.0


class Wait(Span):
    """A duration that the daemon takes."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        seconds = super().convert(value, param, ctx)
        if seconds > LONGEST_WAIT_S:
            self.fail("a bus is waited for an hour at the most: 60m", param, ctx)
        return seconds


wait_option = click.option(
    "--wait",
    "wait_s",
    type=Wait(),
    default="0s",
    help="How long it may wait for a bus that a daemon drives to be at rest: 10m. Else 5 s for each question.",
)


def ask_unit(line: str, unit: int, wait_s: float) -> dict[str, Any]:
    """What a unit of a driven bus is. Whoever breaks it off, and whoever is refused in the middle, is shown what was
    found until then; the exit code is 1."""
    try:
        with watched(line):
            within_s = DEVICE_WITHIN_S + wait_s
            told: dict[str, Any] = ask("GET", f"/buses/{line}/units/{unit}?wait_s={wait_s:.0f}", within_s=within_s)
            return told
    except Refused as no:
        tell_part(no.detail.get("so_far"))
        raise
    except KeyboardInterrupt:
        last = _asking(line)
        part = last.get("so_far") if last.get("unit") == unit else None
        tell_part(part)
        refuse(BY_HAND, f"edgectl device identify {line} {unit} asks anew", **({"so_far": part} if part else {}))


@contextlib.contextmanager
def watched(line: str, of: str = "") -> Iterator[None]:
    """While questions are on their way: on stderr what they wait for, and on a terminal how far they are; `of` are the
    units that are asked one after the other."""
    from threading import Event, Thread

    done = Event()
    watcher = Thread(target=_watch, args=(line, of, done), name="how far it is", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join(LOOK_EVERY_S)
        clear_line()


def _watch(line: str, of: str, done: Any) -> None:
    told = ""
    while not done.wait(LOOK_EVERY_S):
        now = _asking(line)
        why, left = now.get("waits_for"), now.get("left_s")
        until = f", {left} s at the most" if left is not None else ""
        if sys.stderr.isatty():
            far = f"waits: {why}{until}" if why else f"{now.get('asked', 0)} questions asked"
            far = f"unit {now.get('unit', '?')} of {of}: {far}" if of else far
            room = shutil.get_terminal_size().columns - 1  # a longer one would go on in the next line, and stay there
            click.echo(f"\r\033[K{far[:room]}", nl=False, err=True)
        elif why and why != told:
            click.echo(f"waits: {why}{until}", err=True)
        told = why or ""


def _asking(line: str) -> dict[str, Any]:
    """How far the daemon is; nothing where it does not say so."""
    try:
        data: dict[str, Any] = fetch("GET", f"/buses/{line}/asking", None, ANSWER_WITHIN_S).get("data", {})
    except (OSError, ValueError, http.client.HTTPException):  # the question itself tells what is wrong
        return {}
    return data
