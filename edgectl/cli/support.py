"""`edgectl support-bundle`: one file for whoever helps, without the secrets of the house."""

import asyncio
import io
import json
import platform
import stat
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgectl import __version__
from edgectl.cli.client import DEFAULT_SITE, DEFAULT_STATE, ask, refuse, show
from edgectl.cli.doctor import examine
from edgectl.cli.offline import CAME, at_rest, house_of, is_as_it_was
from edgectl.cli.whole import there_already, whole
from edgectl.observe.redact import redacted

if TYPE_CHECKING:
    from edgectl.daemon.offline import OfflineHouse

LOG_LINES = "2000"
LONGEST_TEXT = 2_000_000  # bytes of one file, the last ones
NO_LOG = "the system's journal holds no line of edgectl; --log names the file that its log goes to"
PATHS = {
    "status.json": "/status",
    "channels.json": "/channels",
    "alarms.json": "/alarms",
    "tasks.json": "/tasks?limit=100",
    "failed.json": "/tasks?preset=failed&limit=20",
    "day.json": "/day",
    "schedules.json": "/schedules",
}


@click.command("support-bundle")
@click.option("--out", type=click.Path(path_type=Path), default="edgectl-support.tar.gz", help="Where it is written.")
@click.option(
    "--site", type=click.Path(path_type=Path), envvar="EDGECTL_SITE", default=DEFAULT_SITE, help="The site file."
)
@click.option("--state", type=click.Path(path_type=Path), envvar="EDGECTL_STATE", default=DEFAULT_STATE)
@click.option("--log", type=click.Path(path_type=Path), help="A file of the log, where there is no systemd.")
@click.option("--json", "as_json", is_flag=True, help="What it holds, as JSON.")
def support_bundle(out: Path, site: Path, state: Path, log: Path | None, as_json: bool) -> None:
    """Gather what helps to find a fault. Passwords, tokens and keys are taken out; look into it before you send it."""
    if out.exists():
        refuse(*there_already(out))
    names: list[str] = []
    try:
        with whole(out) as file, tarfile.open(fileobj=file, mode="w:gz") as bundle:
            for name, text in gathered(site, state, log):
                if not as_json:
                    click.echo(f"  {name}" + (f": {text}" if text == NO_LOG else ""), err=True)
                content = redacted(text).encode("utf-8", "replace")
                member = tarfile.TarInfo(f"edgectl-support/{name}")
                member.size = len(content)
                bundle.addfile(member, io.BytesIO(content))
                names.append(name)
    except FileExistsError:
        refuse(*there_already(out))
    except OSError as error:
        refuse(f"{out} cannot be written: {error.strerror}", "choose another place with --out")
    if not show({"file": str(out), "holds": names}, as_json):
        click.echo(f"{out}: passwords, tokens and keys were taken out; look into it before you send it")


def gathered(site: Path, state: Path, log: Path | None) -> Iterator[tuple[str, str]]:
    """Name and text of each file. What cannot be had is said in its place."""
    yield "about.txt", f"edgectl {__version__}\n{platform.platform()}\nPython {platform.python_version()}\n"
    yield "doctor.json", json.dumps([asdict(one) for one in examine(site, state)], indent=1)
    for path in [site, *sorted(site.parent.glob("conf.d/*.yaml"))]:
        yield f"site/{path.name}", _text(path)
    asked = _whom(site, state)
    for name, path_ in PATHS.items():
        yield name, asked(path_)
    yield "log.txt", _text(log) if log is not None else _journal()


def _whom(site: Path, state: Path) -> Callable[[str], str]:
    """Whom to ask: the daemon, or the journal of a house that nobody drives, which is when help is needed most."""
    from edgectl.journal.errors import JournalError

    try:
        ask("GET", "/alarms", quiet=True)
    except SystemExit:
        pass
    else:
        return _asked
    try:
        mark = at_rest(state)
        house = house_of(state, site)
    except (SystemExit, JournalError):
        return lambda _: "no daemon answered, and its journal cannot be read"

    def recalled(path: str) -> str:
        text = _recalled(house, path)
        return text if is_as_it_was(state, mark) else f"no daemon answered at first, and then {CAME}"

    return recalled


def _asked(path: str) -> str:
    try:
        data: Any = ask("GET", path, quiet=True)
    except SystemExit:
        return "no daemon answered"
    return json.dumps(data, indent=1, ensure_ascii=False)


def _recalled(house: "OfflineHouse", path: str) -> str:
    """What the journal says, marked as such."""
    from edgectl.api.house import Unavailable
    from edgectl.journal.errors import JournalError

    try:
        data = asyncio.run(house.get(path))
    except (Unavailable, JournalError) as error:
        return f"no daemon answered, and the journal says: {str(error).splitlines()[0]}"
    return json.dumps({"offline": True, "data": data}, indent=1, ensure_ascii=False)


def _text(path: Path) -> str:
    """The end of a file. A first line that is cut goes: what it was about can no longer be told, nor taken out."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return f"{path} cannot be read: it is no ordinary file"
        with path.open("rb") as file:
            file.seek(max(0, found.st_size - LONGEST_TEXT))
            text = file.read(LONGEST_TEXT).decode("utf-8", "replace")
            return text.partition("\n")[2] if found.st_size > LONGEST_TEXT else text
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"


def _journal() -> str:
    command = ["journalctl", "-u", "edgectl", "-n", LOG_LINES, "--no-pager", "-o", "short-iso"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the system's journal cannot be asked: {error}"
    if not done.stdout.strip() or done.stdout.strip() == "-- No entries --":
        return done.stderr.strip() or NO_LOG
    return done.stdout
