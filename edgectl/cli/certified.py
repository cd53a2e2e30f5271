"""The certificate of the door as a file: one that is made, and what is said of one that is there."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgectl.cli.client import DEFAULT_STATE, refuse
from edgectl.cli.whole import whole
from edgectl.model.time import SECOND, Nanos, Trust, iso

if TYPE_CHECKING:
    from edgectl.host.certificate import Facts

NAME = "door"  # of the credential
JOURNAL = "journal.db"
HOST = re.compile(r"(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")
DAY: Nanos = 86_400 * SECOND
# So long no house rests: a clock that nobody vouches for and that is further on than that has been set by mistake.
RESTS: Nanos = 400 * DAY


def certificate(names: tuple[str, ...], *, anew: bool = False) -> "Facts":
    """The one that is there, or a new one. Exits with a sentence where there can be none."""
    from edgectl.host.certificate import make
    from edgectl.host.credentials import folder_of_credentials
    from edgectl.host.names import own_addresses, own_names

    if wrong := [name for name in names if not HOST.fullmatch(name)]:
        raise click.UsageError(f"--name {wrong[0]!r} is no host name: small letters, digits, dots and -")
    path = folder_of_credentials() / NAME
    if path.exists() and not anew:
        return there()
    called = tuple(dict.fromkeys((*names, *own_names(), "localhost")))
    made = make(called, (*own_addresses(), "127.0.0.1"), _now())
    try:
        with whole(path, _owner(), instead=anew) as file:
            file.write(made)
    except FileExistsError:
        click.echo("another command has made one at this moment: it counts", err=True)
    except OSError as error:
        hint = "sudo, or let EDGECTL_CREDENTIALS name a folder of yours, for this command and for edgectl run"
        refuse(f"{path} cannot be written: {error.strerror}", hint)
    return there()  # what lies there is what the door shows


def there() -> "Facts":
    """What is said by the certificate that is there. Exits with a sentence where there is none."""
    from edgectl.host.certificate import NoCertificate, facts, text_of
    from edgectl.host.credentials import CredentialMissing, credential_file

    try:
        return facts(text_of(credential_file(NAME)))
    except CredentialMissing as missing:
        refuse(str(missing), "edgectl door open makes it" if "there is no" in str(missing) else missing.hint)
    except NoCertificate as none:
        refuse(f"the certificate of the door is of no use: {none}", "edgectl door renew puts a new one in its place")


def _now() -> Nanos:
    """The wall clock. One that cannot be right makes no certificate: that would be good for nobody, now or ever; and
    where nobody vouches for it the person is asked to look."""
    from edgectl.host.clock import PLAUSIBLE, SystemClock

    now = SystemClock().now()
    said, newest = f"the clock of this machine says {iso(now.wall)[:10]}", _newest()
    if now.wall < PLAUSIBLE:
        said = f"{said}: a certificate of today would have ended long ago"
        refuse(said, "set the clock, then again: timedatectl set-time 'YYYY-MM-DD HH:MM'")
    if now.trust is Trust.SYNCED:
        return now.wall
    if newest is not None and now.wall - newest > RESTS:
        refuse(
            f"{said}, no time server vouches for it, and the newest line of the journal is of {iso(newest)[:10]}: a"
            " certificate of today might be good for nobody yet; nothing was made",
            "set the clock: timedatectl set-time 'YYYY-MM-DD HH:MM'; where it is right, start edgectl first",
        )
    behind = "" if newest is None or now.wall > newest - DAY else f"; the newest line is of {iso(newest)[:10]}"
    if newest is None and (_state() / JOURNAL).exists():
        behind = f", and the journal in {_state()} cannot be read to compare it with"
    click.echo(f"LOOK: {said}, and no time server vouches for it{behind}", err=True)
    click.echo("where that is wrong, set the clock, and then: edgectl door renew", err=True)
    return now.wall


def _newest() -> Nanos | None:
    """Up to when the journal of this house reaches; None where there is none, or none that one may read. A daemon may
    write it meanwhile."""
    from edgectl.journal.contents import contents
    from edgectl.journal.errors import JournalError
    from edgectl.journal.still import opened

    state = _state()
    for _ in range(2):  # somebody may have begun to drive the house while it was read as one that nobody drives
        try:
            mark = _sign(state)
            with opened(state / JOURNAL, alone=mark is not None) as db:
                newest = contents(db).stored.wall_high_water or None
            if mark == _sign(state):
                return newest
        except (JournalError, OSError):
            continue
    return None


def _sign(state: Path) -> object:
    """Of a folder that nobody holds; None while a daemon does."""
    from edgectl.host.lock import AlreadyRunning, unheld

    try:
        return unheld(state)
    except AlreadyRunning:
        return None


def _owner() -> tuple[int, int] | None:
    """Whose it is to be: root makes it for the user of the service, who owns the state folder."""
    if os.getuid() != 0 or not _state().is_dir():
        return None
    owner = _state().stat()
    return owner.st_uid, owner.st_gid


def _state() -> Path:
    return Path(os.environ.get("EDGECTL_STATE", DEFAULT_STATE))
