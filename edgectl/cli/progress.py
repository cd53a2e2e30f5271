"""How far a long look has come, where a person looks on."""

import sys
from collections.abc import Iterable
from typing import Any

import click


def progress(label: str, steps: Iterable[int] | None = None, length: int | None = None) -> Any:
    """A bar under its label: beside it the two are longer than a line, and a terminal would begin a new one for each
    step. Without a terminal the label alone is said."""
    watched = sys.stderr.isatty()
    if watched:
        click.echo(label, err=True)
    name = None if watched else label
    return click.progressbar(steps, length=length, label=name, show_pos=True, file=sys.stderr)
