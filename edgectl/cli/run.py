"""`edgectl run`: the daemon in the foreground."""

import ipaddress
import os
import signal
import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgectl.cli.client import DEFAULT_METRICS, DEFAULT_SITE, DEFAULT_SOCKET, DEFAULT_STATE, refuse
from edgectl.config.place import DEFAULT_PAGE, meet, place_of
from edgectl.model.said import plainly

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgectl.config.loaded import DoorSection, Loaded
    from edgectl.daemon.pair import PairTerms


@click.command()
@click.option(
    "--site", type=click.Path(path_type=Path), envvar="EDGECTL_SITE", default=DEFAULT_SITE, help="The site file."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    envvar="EDGECTL_STATE",
    default=DEFAULT_STATE,
    help="The folder of the journal.",
)
@click.option(
    "--socket",
    "socket_",
    type=click.Path(path_type=Path),
    envvar="EDGECTL_SOCKET",
    default=DEFAULT_SOCKET,
    help="Where the commands find this daemon.",
)
@click.option(
    "--http", envvar="EDGECTL_HTTP", help=f"Page, API, health and metrics: HOST:PORT instead of {DEFAULT_PAGE}."
)
@click.option("--metrics", envvar="EDGECTL_METRICS", help="Health and metrics at an address of their own: HOST:PORT.")
@click.option(
    "--tls-cert", type=click.Path(path_type=Path), envvar="EDGECTL_TLS_CERT", help="The certificate of that door."
)
@click.option(
    "--tls-key", type=click.Path(path_type=Path), envvar="EDGECTL_TLS_KEY", help="The key of the certificate."
)
@click.option("--behind-proxy", is_flag=True, envvar="EDGECTL_BEHIND_PROXY", help="A reverse proxy speaks TLS for it.")
@click.option("--name", "names", multiple=True, envvar="EDGECTL_NAMES", help="A host name by which it is asked for.")
@click.option("--verbose", is_flag=True, help="Every order and every read-back in the log.")
@click.option("--alone", is_flag=True, help="Where another daemon drives this site already, refuse instead of waiting.")
def run(
    site: Path,
    state: Path,
    socket_: Path,
    http: str | None,
    metrics: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
    names: tuple[str, ...],
    verbose: bool,
    alone: bool,
) -> None:
    """Run the controller until it is asked to end (SIGTERM, Ctrl-C).

    Where another daemon of this host drives the site or one of its serial ports already, this one waits, touches
    nothing, and takes over when that one is dead.
    """
    certificate = _certificate(tls_cert, tls_key)
    locked = certificate is not None or behind_proxy
    given = None if http is None else _address("--http", http)
    numbers = None if metrics is None else _address("--metrics", metrics)
    places = partial(_places, given, numbers, locked=locked)
    # Imported here: `edgectl status` must not wait for what only the daemon needs, and what was on goes off first.
    from edgectl.daemon.words import FirstWords, made_from
    from edgectl.host.ends import ENDS
    from edgectl.host.memory import leave_no_core

    leave_no_core()
    made = made_from(site)
    words = FirstWords(state, made)
    from edgectl.config.beside import Reading

    reading = Reading(site)
    click.get_current_context().call_on_close(reading.end)
    for number in ENDS:
        signal.signal(number, _asked_to_end)
    # The schemas of the doors. Made on a thread beside the loop they would hold the interpreter from it for too long.
    import edgectl.api.wishes  # noqa: F401
    from edgectl.config.problems import SiteRejected
    from edgectl.daemon.follow import follow
    from edgectl.daemon.given import House
    from edgectl.daemon.run import live
    from edgectl.drivers.wiring import SerialLine
    from edgectl.host.lease import HostLease
    from edgectl.host.lock import AlreadyRunning
    from edgectl.observe import log

    log.begin(verbose=verbose)
    words.end()
    try:
        loaded, made = _read(site, made, reading.loaded)
    except SiteRejected as rejected:
        count = len(rejected.problems)
        refuse(f"{rejected}\n{count} problem{'s' * (count != 1)}. Nothing was started.")
    address, watched = places(loaded.door)
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o750)
        lease = HostLease(state, [bus.line.port for bus in loaded.buses if isinstance(bus.line, SerialLine)])
        try:
            lease.take()
        except AlreadyRunning as leader:
            if alone:
                refuse(str(leader), "one daemon drives one site; stop the other one first, or wait without --alone")
            if not follow(lease.take, leader):
                return
            loaded, made = _as_it_is_now(loaded, made)
            address, watched = places(loaded.door)
    except OSError as error:
        refuse(f"the state folder {state} cannot be used: {error.strerror}", "choose another with --state, or sudo")
    if _answers(socket_):
        hint = "one daemon drives one site; stop the other one first, or give this one a socket of its own"
        refuse(f"another edgectl answers at {socket_}", hint)
    house = House(
        site=loaded.site,
        schedules=loaded.schedules,
        buses=loaded.buses,
        state=state,
        socket=socket_,
        http=address,
        metrics=watched,
        outside_scheduler=loaded.outside_scheduler,
        names=loaded.door.names | {name.lower() for name in names},
        certificate=certificate,
        credential="" if locked else loaded.door.credential,
        proxied=behind_proxy,
        central=loaded.central,
        pair=_pair(loaded),
        config=loaded.entries,
        tell=loaded.tell,
        shown=loaded.shown,
        made_from=made,
    )
    try:
        code = live(house)
    except OSError as error:
        refuse(f"the daemon cannot start: {plainly(error)}", "check the disk and the rights of the state folder")
    finally:
        lease.release()
    # Not sys.exit alone: the service manager must see the code even when a library's thread lingers, or a log reader
    # that has stopped reading would hold up the last flush for ever.
    click.get_current_context().call_on_close(partial(_leave, code))


def _pair(loaded: "Loaded") -> "PairTerms | None":
    """Where the lease of a redundant pair is kept."""
    if loaded.pair is None:
        return None
    from importlib.util import find_spec

    from edgectl.daemon.pair import PairTerms
    from edgectl.host.credentials import CredentialMissing, credential

    if find_spec("asyncpg") is None:
        refuse("lease: postgres needs the library asyncpg, which is not installed", "pip install 'edgectl[central]'")
    try:
        return PairTerms(dsn=credential(loaded.pair.credential), terms=loaded.pair.terms)
    except CredentialMissing as missing:
        refuse(str(missing), missing.hint)


def _read(site: Path, before: str, read: "Callable[[], Loaded]") -> "tuple[Loaded, str]":
    """What the file says, and what a plan of it is made from: unknown when that changed while it was read.

    The plan would bear the name of bytes that it was not made from, and the next start would believe it.
    """
    from edgectl.daemon.words import made_from

    loaded = read()
    return loaded, before if made_from(site) == before else ""


def _as_it_is_now(known: "Loaded", made: str) -> "tuple[Loaded, str]":
    """The site file after a long wait. One that has become wrong meanwhile leaves in force what was read before."""
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected
    from edgectl.daemon.words import made_from

    try:
        return _read(known.file, made_from(known.file), partial(load, known.file))
    except SiteRejected as rejected:
        click.echo(f"{rejected}\nThe site file as it was when this daemon began to wait stays in force.", err=True)
        return known, made


def _answers(path: Path) -> bool:
    """Does somebody listen there? What a dead daemon left behind refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.settimeout(1.0)
        try:
            door.connect(str(path))
        except TimeoutError:
            return True
        except OSError:
            return False
        return True


def _asked_to_end(_number: int, _frame: object) -> None:
    """Asked to end before anything has begun: what was opened so far is closed, and no process beside stays behind."""
    raise SystemExit(0)


def _leave(code: int) -> None:
    from edgectl.observe import log

    log.end()
    os._exit(code)


def _certificate(cert: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    if (cert is None) != (key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together: give both, or neither")
    if cert is None or key is None:
        return None
    for path in (cert, key):
        if not os.access(path, os.R_OK):
            refuse(f"{path} cannot be read", "check that it is there and that the daemon's user may read it")
    if key.stat().st_mode & 0o007:
        refuse(f"everybody may read the key {key}", f"chmod 640 {key}, and give it to the daemon's user or group")
    return cert, key


def _address(option: str, text: str) -> tuple[str, int]:
    """Where to listen, by its numbers."""
    if (place := place_of(text)) is None:
        usual = DEFAULT_PAGE if option == "--http" else DEFAULT_METRICS
        raise click.UsageError(f"{option} {text!r} must be ADDRESS:PORT, for example {usual}")
    return place


def _places(
    http: tuple[str, int] | None, metrics: tuple[str, int] | None, door: "DoorSection", *, locked: bool
) -> tuple[tuple[str, int], tuple[str, int] | None]:
    """Where the page and where the numbers are, each with its lock. Asked anew whenever the site file was read."""
    page, numbers = http or door.listen or _address("--http", DEFAULT_PAGE), metrics or door.metrics
    if numbers is not None and meet(page, numbers):
        said = "opens no second door: the page is there, and /metrics with it"
        click.echo(f"--metrics {numbers[0]}:{numbers[1]} {said}", err=True)
        numbers = None
    return (
        _locked("--http", page, door, locked=locked),
        numbers and _locked("--metrics", numbers, door, locked=locked),
    )


def _locked(option: str, place: tuple[str, int], door: "DoorSection", *, locked: bool) -> tuple[str, int]:
    """The network beyond this machine needs a lock on the door: TLS, by us or by a proxy."""
    host, port = place
    if not locked and not door.credential and not ipaddress.ip_address(host).is_loopback:
        refuse(
            f"{option} {host}:{port} would open the door to the network without a lock",
            "edgectl door open makes a certificate; or give one (--tls-cert and --tls-key), or say --behind-proxy if a"
            " reverse proxy speaks TLS",
        )
    return place
