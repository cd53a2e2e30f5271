"""`edgectl run`: the daemon in the foreground."""

import ipaddress
import os
import socket
from functools import partial
from pathlib import Path

import click

from edgectl.cli.client import DEFAULT_HTTP, DEFAULT_SITE, DEFAULT_SOCKET, DEFAULT_STATE, refuse


@click.command()
@click.option("--site", type=click.Path(path_type=Path), default=DEFAULT_SITE, help="The site file.")
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
@click.option("--http", envvar="EDGECTL_HTTP", default=DEFAULT_HTTP, help="Health and metrics, on this machine only.")
@click.option("--verbose", is_flag=True, help="Every order and every read-back in the log.")
def run(site: Path, state: Path, socket_: Path, http: str, verbose: bool) -> None:
    """Run the controller until it is asked to end (SIGTERM, Ctrl-C)."""
    # Imported here: `edgectl status` must not wait for what only the daemon needs.
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected
    from edgectl.daemon.run import House, live
    from edgectl.host.lock import AlreadyRunning, HostLock
    from edgectl.observe import log

    log.begin(verbose=verbose)
    address = _address(http)
    try:
        loaded = load(site)
    except SiteRejected as rejected:
        count = len(rejected.problems)
        refuse(f"{rejected}\n{count} problem{'s' * (count != 1)}. Nothing was started.")
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o750)
        lock = HostLock(state)
        lock.take()
    except AlreadyRunning as other:
        refuse(str(other), "one daemon drives one site; stop the other one first")
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
    )
    try:
        code = live(house)
    except OSError as error:
        refuse(f"the daemon cannot start: {error}", "check the disk and the rights of the state folder")
    finally:
        lock.release()
    # Not sys.exit alone: the service manager must see the code even when a library's thread lingers, or a log reader
    # that has stopped reading would hold up the last flush for ever.
    click.get_current_context().call_on_close(partial(_leave, code))


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


def _leave(code: int) -> None:
    from edgectl.observe import log

    log.end()
    os._exit(code)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if not port.isdigit() or int(port) > 65535:
        raise click.UsageError(f"--http {text!r} must be HOST:PORT, for example {DEFAULT_HTTP}")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError as error:
        raise click.UsageError(f"--http {text!r}: {host!r} is no address") from error
    if not loopback:
        refuse(
            f"--http {text} would open the door to the network without a lock",
            "this version has neither TLS nor accounts: use 127.0.0.1 and a reverse proxy that has both",
        )
    return ("127.0.0.1" if host == "localhost" else host), int(port)
