"""`edgectl door …`: the door to the network. A key and a certificate of the house's own, and the lines of the site file
that open the door with them. What is there already is never written over.
"""

import contextlib
import hashlib
import json
import os
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgectl.cli.certified import NAME, certificate, there
from edgectl.cli.client import DEFAULT_SITE, refuse, show
from edgectl.cli.groups import Group
from edgectl.cli.progress import progress
from edgectl.cli.token import in_two_lines, let_in
from edgectl.cli.whole import whole
from edgectl.cli.words import dated
from edgectl.model.time import iso

if TYPE_CHECKING:
    from edgectl.config.loaded import DoorSection
    from edgectl.host.certificate import Facts

HANDED = Path("/run/credentials/edgectl.service")  # where systemd puts what the unit loads, once at each start
USUAL = "0.0.0.0:9405"
LINES = """\
# By edgectl door open: the page, and programs with a token, come in from the network, over TLS.
api: {{listen: {listen}, certificate: {{credential: {name}}}{names}}}
"""
ALSO_HERE = """\
from then on this machine too is answered by https:// alone, at the address of the numbers as well: who reads them
(Prometheus) needs scheme: https and a token, by edgectl token add prometheus (docs/metrics.md)"""
SHOWN_WITHIN_S = 90
TAKEN_UP_WITHIN_S = 15
site_option = click.option(
    "--site", type=click.Path(path_type=Path), envvar="EDGECTL_SITE", default=DEFAULT_SITE, help="The site file."
)
name_option = click.option("--name", "names", multiple=True, help="One more host name by which it is asked for.")


@click.group(cls=Group)
def door() -> None:
    """The door to the network: its certificate, and the lines that open it."""


@door.command("open")
@site_option
@name_option
@click.option("--listen", default=USUAL, show_default=True, help="ADDRESS:PORT where phones and programs come in.")
@click.option("--restart", is_flag=True, help="Restart the service now, and end with the picture for a phone.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def open_(site: Path, names: tuple[str, ...], listen: str, restart: bool, as_json: bool) -> None:
    """Make a key and a certificate, and write the lines by which the door opens at the next start. Nothing that is
    there is written over. Where the door stands open already, a phone is let in."""
    wanted = _place(listen)
    before = _read(site)
    facts = certificate(names)
    opened = before.credential == NAME and before.listen is not None
    lines = _lines(listen, names)
    file = None
    if not before.listen and not before.credential and (file := _write(site, lines)) is None:
        before = _read(site)  # another command has written it at this moment
        opened = before.credential == NAME and before.listen is not None
    place = before.listen or wanted
    shown = shown_at(place) == facts.fingerprint
    about = {**_about(facts), "written": None if file is None else str(file), "shown": shown}
    if show(about if opened or file else {**about, "lines": lines}, as_json):
        return
    _tell(facts)
    if file is not None:
        click.echo(f"{file} is written: the door opens at {listen} from the next start on")
        click.echo(ALSO_HERE)
    elif not opened:
        why = "the site file says otherwise where the door is"
        if not before.listen and not before.credential:
            why = f"{_file(site)} is there already, and opens no door"
        click.echo(f"{why}; nothing was written. The lines would be:\n{lines}")
        return
    elif not shown:
        click.echo(f"the site file opens it at {place[0]}:{place[1]}: that counts from the next start on")
    if restart and not shown:
        shown = _restarted(place, facts)
    if shown:
        let_in("phone", "operator", None)
    else:
        click.echo("next: start edgectl anew, by systemd: systemctl restart edgectl (what is on goes off first)")
        click.echo("then: edgectl token pair")


@door.command()
@site_option
@name_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def renew(site: Path, names: tuple[str, ...], as_json: bool) -> None:
    """A new key and a new certificate in the place of the old ones. The door shows them without a restart, unless
    systemd hands them over, and each phone warns once more: compare the fingerprint."""
    handed = _handed()
    facts = certificate(names, anew=True)
    place = _read(site).listen
    shown = not handed and place is not None and _until_shown(place, facts, TAKEN_UP_WITHIN_S)
    if show({**_about(facts), "shown": shown}, as_json):
        return
    _tell(facts)
    if handed:
        click.echo("systemd hands it to the daemon at a start: systemctl restart edgectl (what is on goes off first)")
    else:
        click.echo("the door shows it now" if shown else "no door shows it yet; a daemon that runs takes it up itself")


def _handed() -> bool:
    """Does systemd hand the certificate to the daemon? Exits when it does so from a file that is not ours to make."""
    from edgectl.host.certificate import NoCertificate, text_of
    from edgectl.host.credentials import folder_of_credentials

    own = folder_of_credentials() / NAME
    try:
        handed = text_of(HANDED / NAME)
    except NoCertificate:  # not there, or not for us to read
        return False
    with contextlib.suppress(NoCertificate):
        if text_of(own) == handed:
            return True
    refuse(
        f"systemd has handed another certificate to the daemon than the one in {own}; nothing was made",
        "restart edgectl, where the one in that file only waits for it; else put a new one where LoadCredential of the"
        " unit points to",
    )


@door.command("show")
@site_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show_(site: Path, as_json: bool) -> None:
    """The certificate: its fingerprint, its names, its end, and whether the door shows it."""
    facts = there()
    place = _read(site).listen
    shown = place is not None and shown_at(place) == facts.fingerprint
    if show({**_about(facts), "shown": shown}, as_json):
        return
    _tell(facts)
    click.echo("the door shows it" if shown else "no door shows it")


def turn_on(site: Path, *, quiet: bool) -> None:
    """The door of a site file that has just been written."""
    facts = certificate(())
    lines = _lines(USUAL, ())
    if (file := _write(site, lines)) is None:
        refuse(f"{_file(site)} is there already", f"write it yourself:\n{lines}")
    if quiet:
        return
    _tell(facts)
    click.echo(
        f"{file} opens the door to the network at {USUAL}; while edgectl runs: edgectl token pair lets a phone in"
    )


def _lines(listen: str, names: tuple[str, ...]) -> str:
    more = f", names: {json.dumps(names)}" if names else ""
    return LINES.format(listen=json.dumps(listen), name=NAME, names=more)


def _place(listen: str) -> tuple[str, int]:
    from edgectl.config.place import place_of

    if (place := place_of(listen)) is None:
        raise click.UsageError(f"--listen {listen!r} is no ADDRESS:PORT, for example {USUAL}")
    return place


def _read(site: Path) -> "DoorSection":
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected

    try:
        return load(site).door
    except SiteRejected as rejected:
        refuse(f"{rejected}\nthe site file has to be right first; nothing was made", f"edgectl check {site}")


def _file(site: Path) -> Path:
    return site.parent / "conf.d" / "door.yaml"


def _write(site: Path, lines: str) -> Path | None:
    """The lines as a file beside the site file, as readable as that one. None where a file of that name is there."""
    file, like = _file(site), site.stat()
    owner = (like.st_uid, like.st_gid) if os.getuid() == 0 else None
    try:
        file.parent.mkdir(exist_ok=True)
        with whole(file, owner, mode=like.st_mode & 0o666) as out:
            out.write(lines.encode())
    except FileExistsError:
        return None
    except OSError as error:
        refuse(f"{file} cannot be written: {error.strerror}", f"write it yourself:\n{lines}")
    return file


def shown_at(place: tuple[str, int]) -> str:
    """The SHA-256 of the certificate that is shown at an address of this machine; empty where none is."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place[0], place[0])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is looked at, not trusted
    try:
        with (
            socket.create_connection((host, place[1]), timeout=5) as line,
            context.wrap_socket(line, server_hostname=host) as spoken,
        ):
            der = spoken.getpeercert(binary_form=True)
    except OSError:  # also what speaks no TLS
        return ""
    return hashlib.sha256(der or b"").digest().hex(":").upper()


def _until_shown(place: tuple[str, int], facts: "Facts", within_s: int) -> bool:
    with progress("until the door shows it", range(within_s)) as seconds:
        for _ in seconds:
            if shown_at(place) == facts.fingerprint:
                return True
            time.sleep(1)
    return False


def _restarted(place: tuple[str, int], facts: "Facts") -> bool:
    """Restart the service, and wait for the door."""
    try:
        done = subprocess.run(["systemctl", "restart", "edgectl"], capture_output=True, text=True, check=False)
    except OSError as error:
        refuse(f"systemctl cannot be called: {error.strerror}", "restart edgectl as you started it")
    if done.returncode:
        refuse(
            f"the service did not restart: {done.stderr.strip()[:300]}",
            "journalctl -u edgectl -n 20; one that systemd does not run is started anew as it was",
        )
    return _until_shown(place, facts, SHOWN_WITHIN_S)


def _about(facts: "Facts") -> dict[str, Any]:
    return {"fingerprint": facts.fingerprint, "names": list(facts.names), "ends": iso(facts.ends)}


def _tell(facts: "Facts") -> None:
    click.echo(f"the certificate of the door, good until {dated(iso(facts.ends))}, for {', '.join(facts.names)}")
    click.echo("its SHA-256 fingerprint, to be compared on each phone:")
    for line in in_two_lines(facts.fingerprint):
        click.echo(f"  {line}")
