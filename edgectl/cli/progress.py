"""How far a long look has come, where a person looks on."""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
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


@contextlib.contextmanager
def counted() -> Iterator[Callable[[str, int, int], None]]:
    """For a look whose parts have lengths of their own: what it is at, and how far, in one line that is written over.
    Nothing of it is left, and without a terminal nothing is said."""
    if not sys.stderr.isatty():
        yield lambda _name, _done, _all: None
        return
    try:
        yield lambda name, done, all_: click.echo(f"\r\x1b[K{name}{_share(done, all_)}", err=True, nl=False)
    finally:
        click.echo("\r\x1b[K", err=True, nl=False)


def _share(done: int, all_: int) -> str:
    return f": {100 * done // all_} % of {all_}" if all_ else ""
