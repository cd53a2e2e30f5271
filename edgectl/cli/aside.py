"""Lines of the timeline that a command writes itself, while no daemon leads: what a person did to a device.

The same lock keeps the daemon away, so what is written here has one writer as well.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edgectl.cli.client import refuse
from edgectl.model.events import Event

Note = Callable[..., None]


@contextlib.contextmanager
def aside(state: Path) -> Iterator[Note]:
    """The journal for ourselves: a call writes one line, and comes back when it is on the disk. Exits 1 with a
    sentence while a daemon leads, and when the journal cannot be used."""
    from edgectl.host.lock import AlreadyRunning, HostLock
    from edgectl.journal.errors import JournalError

    lock = HostLock(state)
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o750)
        lock.take()
    except AlreadyRunning as leader:
        refuse(f"nothing was written: {leader}", "end it first: systemctl stop edgectl")
    except OSError as error:
        refuse(f"the state folder {state} cannot be used: {error.strerror}", "name another with --state, or sudo")
    try:
        yield from _notes(state / "journal.db")
    except JournalError as error:
        refuse(str(error).splitlines()[0], error.hint)
    finally:
        lock.release()


def _notes(path: Path) -> Iterator[Note]:
    from edgectl.engine.rules import handwork
    from edgectl.host.clock import SystemClock, boot_id
    from edgectl.journal.sqlite import SqliteJournal
    from edgectl.model.timeline import Batch, Entry

    with contextlib.closing(SqliteJournal(path)) as journal:
        stored = journal.load()
        clock, boot, seq = SystemClock(), boot_id(), stored.last_seq
        clock.remember(stored.wall_high_water)

        def note(event: Event, **details: Any) -> None:
            nonlocal seq
            seq += 1
            now = clock.now()
            entry = Entry(
                seq=seq, event_type=event.value, wall=now.wall, mono=now.mono, boot_id=boot, zone=None, details=details
            )
            changes = handwork.kept(event, details, str(details.get("who", "")), now.wall)
            journal.commit(Batch(changes=changes, entries=(entry,)))

        hand_over(path.parent)
        yield note
    hand_over(path.parent)


def hand_over(folder: Path) -> None:
    """What root has made here belongs to the user of the daemon, or the daemon could not open its own journal. A link
    is not followed: that user may write here, and what it leads to need not be theirs."""
    if os.geteuid() == 0:
        owner = folder.stat()
        for file in [*folder.glob("journal.db*"), folder / "lock"]:
            os.chown(file, owner.st_uid, owner.st_gid, follow_symlinks=False)
