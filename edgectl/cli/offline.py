"""`--offline`: a reading command asks the journal, while no daemon drives the house from here.

Two rules. It asks whether anybody holds the lock of the state folder, before and after, and never takes it: a start and
an OFF wait for nobody who looks. What was read while a daemon began is not shown. And what is shown is said to be old
before anything of it is shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgectl.cli.client import DEFAULT_SITE, DEFAULT_STATE, OFFLINE, refuse
from edgectl.cli.words import date_and_time, span, speak_of

if TYPE_CHECKING:
    from edgectl.daemon.offline import OfflineHouse

C = TypeVar("C", bound=Callable[..., Any])
ROOT = "sudo edgectl … --offline, or as the user of the service: sudo -u edgectl edgectl … --offline"
CAME = "a daemon, or safe-state, took the house while its journal was read"


@dataclass(slots=True)
class Wanted:
    """Where to look; `house` is there once it was looked at."""

    state: Path = Path(DEFAULT_STATE)
    site: Path = Path(DEFAULT_SITE)
    house: "OfflineHouse | None" = None
    mark: object = None  # of the folder before anything was read


def offline(command: C) -> C:
    """The options of a reading command that the journal can answer too."""
    path = click.Path(path_type=Path, readable=False)  # who may not read it hears as whom to try again
    where: dict[str, Any] = {"expose_value": False, "type": path, "callback": _note}
    for option in (
        click.option(
            "--site", envvar="EDGECTL_SITE", default=DEFAULT_SITE, help="With --offline: the site file.", **where
        ),
        click.option(
            "--state",
            envvar="EDGECTL_STATE",
            default=DEFAULT_STATE,
            help="With --offline: the journal's folder.",
            **where,
        ),
        click.option(
            "--offline",
            is_flag=True,
            expose_value=False,
            callback=_note,
            help="Without a daemon: what the journal says.",
        ),
    ):
        command = option(command)
    return command


def _note(context: click.Context, option: click.Parameter, value: Any) -> None:
    given = context.meta.setdefault(f"{OFFLINE}.given", {})
    given[option.name] = value
    if given.get("offline") and len(given) == 3:
        context.meta[OFFLINE] = Wanted(state=given["state"], site=given["site"])


def read(path: str) -> Any:
    """The answer of the journal to what a daemon would be asked. Exits 1 with a sentence."""
    import asyncio  # late: every reading command has these options, and few are asked for the journal

    from edgectl.api.house import Unavailable
    from edgectl.journal.errors import JournalError

    context = click.get_current_context()
    wanted: Wanted = context.meta[OFFLINE]
    try:
        if wanted.house is None:
            wanted.mark = at_rest(wanted.state)
            wanted.house = house_of(wanted.state, wanted.site)
            if not context.params.get("as_json"):
                for line in told(wanted.house, wanted.state):
                    click.echo(line)
        data = asyncio.run(wanted.house.get(path))
    except Unavailable as no:
        refuse(no.message, no.hint)
    except JournalError as error:
        nobody_came(wanted.state, wanted.mark)
        refuse(str(error).splitlines()[0], error.hint)
    nobody_came(wanted.state, wanted.mark)
    return data


def at_rest(state: Path) -> object:
    """The mark of a folder with a journal that nobody drives. Exits 1 with a sentence where that is not so."""
    from edgectl.host.lock import AlreadyRunning

    try:
        return sign_of(state, ROOT)
    except AlreadyRunning as leader:
        refuse(f"the journal was not opened: {leader}", "ask the daemon: leave --offline out")


def sign_of(state: Path, hint: str) -> object:
    """The same. Raises AlreadyRunning where it is driven; exits 1 with a sentence where there is nothing to look at."""
    from edgectl.host.lock import unheld
    from edgectl.journal.errors import no_journal

    try:
        if not (state / "journal.db").exists():
            none = no_journal(state)
            refuse(str(none).splitlines()[0], none.hint)
        return unheld(state)
    except PermissionError:
        refuse(f"you may not read the journal in {state}", hint)
    except OSError as error:
        refuse(f"the state folder {state} cannot be used: {error.strerror}", hint)


def nobody_came(state: Path, mark: object) -> None:
    """Exits 1 where somebody has taken the folder since: what was read meanwhile may be of two times at once."""
    if not is_as_it_was(state, mark):
        refuse(CAME, "ask again, without --offline first")


def is_as_it_was(state: Path, mark: object) -> bool:
    """Has nobody taken the folder since?"""
    from edgectl.host.lock import AlreadyRunning, unheld

    try:
        return unheld(state) == mark
    except (AlreadyRunning, OSError):
        return False


def house_of(state: Path, site: Path) -> "OfflineHouse":
    """What its journal says. Raises JournalError."""
    from edgectl.daemon.offline import OfflineHouse

    return OfflineHouse(state, *_site(site))


def _site(path: Path) -> tuple[Any, Any]:
    """The site and its schedules; a broken file is no reason to be silent about what happened."""
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected

    try:
        loaded = load(path)
    except SiteRejected as rejected:
        count = len(rejected.problems)
        sentence = f"the site file {path} has {count} problem{'s' * (count != 1)}: edgectl check {path}"
        click.echo(f"{sentence}; zones, outputs and schedules have no names meanwhile", err=True)
        return None, ()
    speak_of(loaded.site.timezone)
    return loaded.site, loaded.schedules


def told(house: "OfflineHouse", state: Path) -> list[str]:
    """That nobody drives it, and how old the newest line is."""
    from edgectl.model.time import SECOND, iso

    if not house.last:
        return [f"OFFLINE: no daemon drives the house from here; the journal in {state} has no line yet"]
    age = span((house.now.wall - house.last) / SECOND)
    when = date_and_time(iso(house.last))
    return [f"OFFLINE: no daemon drives the house from here; the journal's last line is {age} old ({when})"]
