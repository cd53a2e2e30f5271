"""`edgectl journal …`: is it sound, has anybody changed it, what is in it; with or without a daemon. It only reads:
copies are made and put back in copies.py."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgectl.cli.client import DEFAULT_STATE, refuse, show
from edgectl.cli.groups import Group
from edgectl.cli.offline import ROOT, nobody_came, sign_of
from edgectl.cli.progress import counted
from edgectl.cli.words import date_and_time, table, zone_now
from edgectl.model.time import iso

if TYPE_CHECKING:
    import sqlite3

    from edgectl.journal.survey import Stats
    from edgectl.model.timeline import Entry

MOST = 8  # kinds of lines that are named
STATE = click.option(
    "--state",
    type=click.Path(path_type=Path, readable=False),
    envvar="EDGECTL_STATE",
    default=DEFAULT_STATE,
    help="The folder that holds the journal.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group(cls=Group)
def journal() -> None:
    """The record of everything that happened."""


@journal.command()
@STATE
@AS_JSON
def verify(state: Path, as_json: bool) -> None:
    """Follow the chain of hashes through the timeline. Exit code 1 when a line was changed, taken out or put in."""
    from edgectl.journal.chain import walk

    with looking(state) as db, counted() as told:
        lines = db.execute("SELECT count(*) FROM timeline").fetchone()[0]
        chain = walk(db, lambda count: told("lines of the timeline", count, lines))
    body = {"lines": chain.lines, "last": chain.last, "broken_at": chain.broken_at, "why": chain.why}
    if not show(body, as_json):
        if chain.broken_at is None:
            click.echo(f"{chain.lines} lines, none changed; the last hash is {chain.last}")
            click.echo("keep that hash somewhere else: a journal whose newest lines were cut off has another one")
        else:
            click.echo(f"the chain breaks at line {chain.broken_at}: {chain.why}")
            click.echo(f"the {chain.lines} lines before it are whole")
    if chain.broken_at is not None:
        raise SystemExit(1)


@journal.command()
@STATE
@AS_JSON
def check(state: Path, as_json: bool) -> None:
    """Look through every table and every value. Exit code 1 when the file is damaged.

    It changes nothing: the next start puts a damaged journal aside and keeps it.
    """
    from edgectl.journal.survey import unsound

    with looking(state) as db, counted() as told:
        found = unsound(db, told)
    if not show({"sound": not found, "found": found}, as_json):
        for sentence in found or ["every table is whole, and every row is a value of edgectl"]:
            click.echo(sentence)
    if found:
        raise SystemExit(1)


@journal.command()
@STATE
@AS_JSON
def stats(state: Path, as_json: bool) -> None:
    """How large it is, from when to when it reaches, what came of its tasks, and what the centre does not have yet."""
    from edgectl.journal.survey import stats as counted

    with looking(state) as db:
        found = counted(db, state / "journal.db")
        body = {**asdict(found), "first": _at(found.first), "last": _at(found.last)}
    if not show(body, as_json):
        for line in table(_rows(found)):
            click.echo(line)


@journal.command()
@STATE
@click.option("--after", type=click.IntRange(0), default=0, help="Only lines with a larger number.")
def export(state: Path, after: int) -> None:
    """Print the timeline, one JSON object in each line, the oldest first."""
    from edgectl.journal.survey import lines

    with looking(state) as db:
        for entry in lines(db, after):
            _put(json.dumps(_exported(entry), ensure_ascii=False))


@contextlib.contextmanager
def looking(state: Path) -> "Iterator[sqlite3.Connection]":
    """The journal, opened. While nobody drives the house it is opened as one that does not change, and somebody who
    begins meanwhile is told of at the end. Nobody is kept waiting. Exits 1 with a sentence."""
    from edgectl.host.lock import AlreadyRunning
    from edgectl.journal.errors import JournalError
    from edgectl.journal.still import opened

    mark: object = None
    with contextlib.suppress(AlreadyRunning):
        mark = sign_of(state, ROOT.replace(" --offline", ""))
    try:
        with opened(state / "journal.db", alone=mark is not None) as db:
            yield db
    except JournalError as error:
        if mark is not None:
            nobody_came(state, mark)
        refuse(str(error).splitlines()[0], error.hint)
    if mark is not None:
        nobody_came(state, mark)


def _put(line: str) -> None:
    """Print a line for another program. One that has heard enough (head) ends us without a word, as everywhere."""
    try:
        click.echo(line)
    except BrokenPipeError:
        raise
    except OSError as error:
        refuse(f"the lines cannot be written: {error.strerror}", "make room where they go, or send them elsewhere")


def _at(wall: int | None) -> str | None:
    return None if wall is None else iso(wall)


def _rows(found: "Stats") -> list[list[str]]:
    reach = "none yet"
    if found.first is not None and found.last is not None:
        first, last = iso(found.first), iso(found.last)
        reach = f"{found.lines}, from {date_and_time(first)} to {date_and_time(last)} {zone_now(last)}"
    behind = found.lines if found.arrived is None else max(0, found.lines - found.arrived)
    kinds = [f"{name} {count}" for name, count in list(found.events.items())[:MOST]]
    return [
        ["journal", f"{found.journal_id}, schema {found.schema}"],
        ["size", f"{found.size / 1e6:.1f} MB, and {found.logged / 1e6:.1f} MB in its log"],
        ["lines", reach],
        ["events", " · ".join(kinds) or "-"],
        ["tasks", " · ".join(f"{status} {count}" for status, count in found.tasks.items()) or "none yet"],
        ["centre", f"{behind} lines have not arrived there" if found.arrived is not None else "nothing was sent there"],
    ]


def _exported(entry: "Entry") -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "event_type": entry.event_type,
        "occurred_at": iso(entry.wall),
        "boot_id": entry.boot_id,
        "mono": entry.mono,
        "task_id": entry.task_id,
        "zone": entry.zone,
        "details": dict(entry.details),
    }
