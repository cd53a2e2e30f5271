"""`edgectl journal backup` and `restore`: a copy of the record while the house is driven, and one put back while it is
not."""

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgectl.cli.client import DEFAULT_SITE, refuse, show
from edgectl.cli.journal import AS_JSON, STATE, journal, looking
from edgectl.cli.progress import counted
from edgectl.cli.whole import there_already, whole
from edgectl.cli.words import date_and_time, speak_of, zone_now
from edgectl.model.time import iso

if TYPE_CHECKING:
    from edgectl.journal.restore import Ready

HANGS = "copy to a disk of this machine, and take it elsewhere from there; what was begun can be deleted"
DAMAGED = "edgectl journal check and edgectl journal verify say where; the daemon goes on with it as far as it can"
LET_IN_ANEW = """\
there is no tokens.json here: phones and programs have to be let in anew (edgectl token pair, edgectl token add), or put
that of the old state folder beside the journal before the start"""
FILE = click.Path(path_type=Path, dir_okay=False, readable=False)


@journal.command()
@click.argument("file", type=FILE)
@STATE
@AS_JSON
def backup(file: Path, state: Path, as_json: bool) -> None:
    """Copy the journal into FILE, as it is at this instant, while the daemon goes on or without one.

    The copy is looked through like `check` and `verify` do before it gets its name; nothing is overwritten. It is for
    its owner alone (mode 0600). FILE lies on a disk of this machine; take it to another one from there.
    """
    from edgectl.cli.patience import patient
    from edgectl.journal.copy import copy, looked_through
    from edgectl.journal.errors import JournalError

    if file.exists():
        refuse(*there_already(file))
    os.nice(10)  # the house comes first
    try:
        with whole(file) as part, counted() as told:
            with looking(state) as db, patient(f"{part.name} takes nothing more: given up", HANGS) as moved:

                def piece(done: int, all_: int) -> None:
                    moved()
                    told("pages copied", done, all_)

                copy(db, Path(part.name), piece)
            lines = looked_through(Path(part.name), told, state / "journal.db", DAMAGED)
    except JournalError as error:
        refuse(str(error).splitlines()[0], error.hint)
    except FileExistsError:
        refuse(*there_already(file))
    except OSError as error:
        refuse(f"{file} cannot be written: {error.strerror}", "choose another place, or make room there")
    size = file.stat().st_size
    if not show({"file": str(file), "lines": lines, "size": size}, as_json):
        click.echo(f"{file}: {lines} lines, {size / 1e6:.1f} MB, looked through; keep it on another machine")


@journal.command()
@click.argument("file", type=FILE)
@STATE
@click.option(
    "--site", type=click.Path(path_type=Path), envvar="EDGECTL_SITE", default=DEFAULT_SITE, help="Whose journal it is."
)
@AS_JSON
def restore(file: Path, state: Path, site: Path, as_json: bool) -> None:
    """Put the copy FILE in the place of the journal, while no daemon runs. Root, or the user of the service.

    The journal that makes room is kept under another name, and what is in force in it (stops, locks, alarms, what was
    dosed) goes along if it can be read. The next start repeats no missed run, and doses nothing for a day or until a
    person has looked: a copy does not know what happened since it was taken.
    """
    from edgectl.cli.aside import hand_over
    from edgectl.host.clock import SystemClock
    from edgectl.host.lock import AlreadyRunning, HostLock
    from edgectl.journal import restore as putting
    from edgectl.journal.errors import JournalError

    lock, path = HostLock(state), state / "journal.db"
    try:
        putting.is_there(file)
        site_id = _site_id(site)
        state.mkdir(parents=True, exist_ok=True, mode=0o750)
        lock.take()
        with counted() as told:
            ready = putting.make_ready(file, path, site_id, at=SystemClock().now().wall, who=_who(), told=told)
        hand_over(state)
        kept = putting.swap(ready, path)
    except AlreadyRunning as leader:
        refuse(f"nothing was touched: {leader}", "end it first: systemctl stop edgectl")
    except JournalError as error:
        refuse(str(error).splitlines()[0], error.hint)
    except OSError as error:
        refuse(f"the state folder {state} cannot be used: {error.strerror}", "name another with --state, or sudo")
    finally:
        lock.release()
    strange = not (state / "tokens.json").exists()
    if not show({**_plain(ready, kept), "tokens_there": not strange}, as_json):
        for line in [*_told(ready, kept), *([LET_IN_ANEW] if strange else [])]:
            click.echo(line)


def _site_id(path: Path) -> str:
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected

    try:
        site = load(path).site
    except SiteRejected as rejected:
        refuse(f"{rejected}\nnothing was touched: the site file says whose journal this is", f"edgectl check {path}")
    speak_of(site.timezone)
    return site.site_id


def _who() -> str:
    """Whoever became root for it is named, not root."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


def _plain(ready: "Ready", kept: Path | None) -> dict[str, object]:
    back = ready.put_back
    return {
        "journal": back.journal_id,
        "copy_of": back.former,
        "lines": ready.lines,
        "newest": iso(back.newest) if back.upto else None,
        "kept": None if kept is None else str(kept),
        "in_force_taken_along": ready.not_carried is None,
        "held_of_both": ready.of_both,
        "why_not": ready.not_carried or "",
    }


def _told(ready: "Ready", kept: Path | None) -> list[str]:
    back = ready.put_back
    newest = iso(back.newest)
    until = f"to {date_and_time(newest)} {zone_now(newest)}" if back.upto else "none"
    lines = [f"the journal is the copy now: {ready.lines} lines, {until}"]
    if kept is not None:
        lines.append(f"the one before it is kept as {kept}")
    if ready.not_carried is None:
        lines.append(
            "what is in force in that one was taken along: stops, locks, alarms, what was dosed within the day"
        )
        if ready.of_both:
            lines.append("it does not know all that the copy knows: what either holds is held now; see edgectl status")
    else:
        lines.append(f"NOT KNOWN: which stops, locks and lock-outs were set since then ({ready.not_carried})")
        lines.append("see that nobody works in the house before you start the daemon")
    return [*lines, "the next start repeats no missed run, and doses nothing for a day or until somebody acknowledges"]
