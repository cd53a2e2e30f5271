"""What the doctor looks at: this machine, the state folder, the site file. Each finding says what to do next.

Nothing here opens the journal: a second program on a file that is being written is a risk of its own.
"""

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

WELL, LOOK, BAD = "well", "look", "bad"
ROOM = 200 << 20  # bytes on the disk of the journal
# Two connections that write at the same time can damage a file with these; edgectl writes with one alone.
RESET_RACE = ((3, 7, 0), (3, 51, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One look. `do` is empty when nothing has to be done."""

    what: str
    state: str
    says: str
    do: str = ""


def machine() -> list[Finding]:
    """Python and SQLite."""
    version = sqlite3.sqlite_version
    first, last = RESET_RACE
    raced = first <= sqlite3.sqlite_version_info <= last
    says = f"{version}, with a fault that needs two writers; edgectl has one" if raced else version
    return [
        Finding(what="python", state=WELL, says=sys.version.split()[0]),
        Finding(
            what="sqlite",
            state=LOOK if raced else WELL,
            says=says,
            do="let no other program touch the journal; edgectl journal backup copies it" if raced else "",
        ),
    ]


def folder(state: Path) -> list[Finding]:
    """The state folder: there, ours, with room, and its secrets readable by nobody else."""
    if not state.is_dir():
        do = "edgectl run makes it; --state names another"
        return [Finding(what="state folder", state=BAD, says=f"{state} is not there", do=do)]
    found = []
    writable = os.access(state, os.W_OK)
    found.append(
        Finding(
            what="state folder",
            state=WELL if writable else LOOK,
            says=f"{state}, {'writable' if writable else 'not writable for you'}",
            do="" if writable else "ask as the user of the service: sudo -u edgectl edgectl doctor",
        )
    )
    free = shutil.disk_usage(state).free
    tight = free < ROOM
    found.append(
        Finding(
            what="disk",
            state=BAD if tight else WELL,
            says=f"{free >> 20} MB free",
            do="make room: without it nothing dangerous is switched on" if tight else "",
        )
    )
    for name in ("tokens.json",):
        path = state / name
        if path.exists() and path.stat().st_mode & 0o077:
            do = f"chmod 600 {path}"
            found.append(Finding(what=name, state=BAD, says="others can read it", do=do))
    lost = sorted(path.name for path in state.glob("journal.db.quarantine-*") if path.name.rpartition("-")[2].isdigit())
    if lost:
        do = "look at the tanks, keep the file for a report"
        found.append(Finding(what="journal", state=LOOK, says=f"put aside: {', '.join(lost[:3])}", do=do))
    return found


def ports(names: Iterable[str]) -> list[Finding]:
    """The serial ports that the site file names."""
    found = []
    for name in sorted(names):
        path = Path(name)
        if not path.exists():
            do = "is the adapter plugged in? ls /dev/serial/by-id"
            found.append(Finding(what=name, state=BAD, says="there is no such port", do=do))
        elif not os.access(path, os.R_OK | os.W_OK):
            do = "put the user into the group dialout"
            found.append(Finding(what=name, state=BAD, says="you may not use it", do=do))
        else:
            found.append(Finding(what=name, state=WELL, says="there, and usable"))
    return found
