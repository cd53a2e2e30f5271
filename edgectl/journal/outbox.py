"""The timeline as an outbox: what the centre has not heard yet, out of this journal and out of those put aside.

There is no second queue. Each question runs whole on a thread with a connection of its own that cannot write: the
lines are read and understood there, so that a long backlog costs the control loop nothing.
"""

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

from edgectl.journal import rows
from edgectl.journal.errors import JournalError, JournalUnreadable, JournalUnwritable, translate
from edgectl.journal.formers import Span, spans
from edgectl.journal.minutes import minute_of, reel_of
from edgectl.journal.writer import JournalWriter
from edgectl.model.parcel import EVER, DaySum, Line, Parcel, Shelf
from edgectl.model.telemetry import Minute, Reel
from edgectl.model.time import SECOND, Nanos, from_datetime, to_datetime

BUSY_S = 2.0
NEWEST = 1 << 62
AT_ONCE = 500  # how many names one question may hold
_DAY = 86_400 * SECOND
_LINES = (
    "SELECT seq, wall, event_type, task_id, body, hash FROM timeline WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
)
_OLDEST = "SELECT wall FROM timeline WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 1"
_DAYS = "SELECT wall, seq, body FROM timeline WHERE seq > ? AND seq <= ? AND wall >= ? ORDER BY wall / ?, seq"
_PAYLOADS = "SELECT seq, body FROM timeline WHERE seq > ? AND seq <= ? AND wall >= ? AND wall < ?"


class JournalOutbox:
    """Everything in a state folder that may have lines for the centre."""

    def __init__(self, path: Path, writer: JournalWriter | None = None) -> None:
        self.path = path
        self._writer = writer
        self._places: dict[str, tuple[Path, Span]] = {}  # in which file, and which of its lines

    async def shelves(self) -> list[Shelf]:
        """The journals, the oldest first; the one in use is the last. What cannot be read at all is left out."""
        return await asyncio.to_thread(self.shelves_now)

    async def parcel(self, journal_id: str, after: int, *, lines: int, size: int) -> Parcel | None:
        """The next lines after one, and the values they speak of as these are now."""
        return await asyncio.to_thread(self.parcel_now, journal_id, after, lines, size)

    async def acknowledge(self, journal_id: str, seq: int) -> None:
        """Note how far the centre is. A disk that does not take it loses nothing: the centre is asked next time."""
        if self._writer is not None:
            with suppress(JournalUnwritable):
                await self._writer.acknowledge(journal_id, seq)

    async def minutes(self, most: int) -> list[Minute]:
        """Readings that the centre does not have, the oldest first."""
        return await asyncio.to_thread(self._minutes, most)

    async def forget_minutes(self, upto: int) -> None:
        """The centre has these. A disk that does not take the note loses nothing: they are sent again."""
        if self._writer is not None:
            with suppress(JournalUnwritable):
                await self._writer.forget_minutes(upto)

    async def reels(self, most: int) -> list[Reel]:
        """Samples as they were read that the centre does not have, the oldest first."""
        return await asyncio.to_thread(self._reels, most)

    async def forget_reels(self, upto: int) -> None:
        """The centre has these. A disk that does not take the note loses nothing: they are sent again."""
        if self._writer is not None:
            with suppress(JournalUnwritable):
                await self._writer.forget_reels(upto)

    async def hash_at(self, journal_id: str, seq: int) -> bytes | None:
        """The hash of one line."""
        return await asyncio.to_thread(self._hash_at, journal_id, seq)

    async def day_sums(self, journal_id: str, *, since: str = EVER, upto: int = NEWEST) -> list[DaySum]:
        """What each day from that one on holds, up to a line."""
        return await asyncio.to_thread(self._day_sums, journal_id, since, upto)

    async def payloads_of(self, journal_id: str, day: str) -> dict[int, bytes]:
        """Each line of a day with the hash of what it says."""
        return await asyncio.to_thread(self._payloads_of, journal_id, day)

    # -- on a thread

    def shelves_now(self) -> list[Shelf]:
        """The same, for whoever has a thread of his own."""
        arrived = self._arrived()
        places: dict[str, tuple[Path, Span]] = {}
        found: dict[str, Shelf] = {}
        for path in [*_put_aside(self.path), self.path]:
            try:
                with self._open(path) as db:
                    made = [(span, _shelf(db, span, arrived, in_use=path == self.path)) for span in spans(db)]
            except (JournalError, TypeError):
                if path == self.path:
                    raise
                continue  # it was put aside because it is damaged; parity says what is missing
            for span, shelf in made:
                before = found.get(shelf.journal_id)
                if before is not None and before.head >= shelf.head and not shelf.in_use:
                    continue  # a copy holds no more of a journal than the journal itself
                found.pop(shelf.journal_id, None)
                found[shelf.journal_id], places[shelf.journal_id] = shelf, (path, span)
        self._places = places
        return list(found.values())

    def _arrived(self) -> dict[str, int]:
        with self._open(self.path) as db:
            return dict(db.execute("SELECT id, acknowledged FROM outboxes"))

    def parcel_now(self, journal_id: str, after: int, most: int, size: int) -> Parcel | None:
        """The next lines, for whoever has a thread of his own."""
        path, span = self._places[journal_id]
        begins = max(after, span.begins)
        with self._open(path) as db:
            db.execute("BEGIN")  # one snapshot: the values are those of its newest line
            head = db.execute("SELECT coalesce(max(seq), 0) FROM timeline").fetchone()[0]
            lines, touched = _read(db.execute(_LINES, (begins, _end(span), most)), size)
            if not lines:
                return None
            live = path == self.path and span.ends is None
            return Parcel(
                journal_id=journal_id,
                after=0 if begins == span.begins else begins,  # before the first line of a name there is none
                head=head,
                lines=tuple(lines),
                tasks=tuple(_values(db, "tasks", rows.task, touched["task_id"])),
                commands=tuple(_values(db, "commands", rows.command, touched["cmd_id"])),
                # What an old journal says of outputs and alarms is no longer so.
                outputs=tuple(_values(db, "outputs", rows.output, touched["actuator"] if live else ())),
                alarms=tuple(_values(db, "alarms", rows.alarm, touched["alarm"] if live else ())),
            )

    def _minutes(self, most: int) -> list[Minute]:
        with self._open(self.path) as db:
            found = db.execute("SELECT number, at, body FROM minutes ORDER BY number LIMIT ?", (most,))
            return [minute_of(*row) for row in found]

    def _reels(self, most: int) -> list[Reel]:
        with self._open(self.path) as db:
            found = db.execute("SELECT number, at, body FROM raws ORDER BY number LIMIT ?", (most,))
            return [reel_of(*row) for row in found]

    def _hash_at(self, journal_id: str, seq: int) -> bytes | None:
        path, span = self._places[journal_id]
        with self._open(path) as db:
            row = db.execute("SELECT hash FROM timeline WHERE seq = ? AND seq > ? AND seq <= ?", (seq, *_ends(span)))
            found = row.fetchone()
            return None if found is None else found[0]

    def _day_sums(self, journal_id: str, since: str, upto: int) -> list[DaySum]:
        sums: list[DaySum] = []
        begin = 0 if since == EVER else _begin_of(since)
        path, span = self._places[journal_id]
        with self._open(path) as db:
            found = db.execute(_DAYS, (span.begins, min(upto, _end(span)), begin, _DAY))
            for day, lines in groupby(found, lambda row: row[0] // _DAY):
                digest, count, first, last = sha256(), 0, 0, 0
                for _, seq, body in lines:
                    digest.update(seq.to_bytes(8, "big") + _payload(body))
                    count, first, last = count + 1, first or seq, seq
                name = to_datetime(day * _DAY).date().isoformat()
                sums.append(
                    DaySum(journal_id=journal_id, day=name, lines=count, first=first, last=last, digest=digest.digest())
                )
        return sums

    def _payloads_of(self, journal_id: str, day: str) -> dict[int, bytes]:
        begin = _begin_of(day)
        path, span = self._places[journal_id]
        with self._open(path) as db:
            found = db.execute(_PAYLOADS, (span.begins, _end(span), begin, begin + _DAY))
            return {seq: _payload(body) for seq, body in found}

    @contextmanager
    def _open(self, path: Path) -> Iterator[sqlite3.Connection]:
        if not path.exists():
            raise JournalError(f"the journal {path} cannot be opened: there is none", "has the daemon run here?")
        try:
            uri = f"{path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)) as db:
                db.execute("PRAGMA query_only = 1")
                # Bytes that are no text still travel, in an envelope.
                db.text_factory = _text
                yield db
        except sqlite3.Error as error:
            raise translate(path, "cannot be read", error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise JournalUnreadable(f"the journal {path} is damaged: {error}", "edgectl journal verify") from error


def _put_aside(path: Path) -> list[Path]:
    """Journals that were put aside in this folder, the oldest first, and then those that made room for a copy."""
    found = [item for item in path.parent.glob(f"{path.name}.quarantine-*") if item.name.rpartition("-")[2].isdigit()]
    replaced = [
        item for item in path.parent.glob(f"{path.name}.replaced-*") if not item.name.endswith(("-wal", "-shm"))
    ]
    return [*sorted(found, key=lambda item: int(item.name.rpartition("-")[2])), *sorted(replaced)]


def _shelf(db: sqlite3.Connection, span: Span, arrived: dict[str, int], *, in_use: bool) -> Shelf:
    """What one name has for the centre."""
    head = db.execute("SELECT coalesce(max(seq), 0) FROM timeline").fetchone()[0] if span.ends is None else span.ends
    there = max(span.begins, arrived.get(span.journal_id, 0))
    waits = db.execute(_OLDEST, (there, _end(span))).fetchone()
    return Shelf(
        journal_id=span.journal_id,
        head=head,
        acknowledged=there,
        in_use=in_use and span.ends is None,
        oldest=None if waits is None else waits[0],
        begins=span.begins,
        cut=span.cut,
    )


def _end(span: Span) -> int:
    return NEWEST if span.ends is None else span.ends


def _ends(span: Span) -> tuple[int, int]:
    return span.begins, _end(span)


def _read(found: Iterable[Any], size: int) -> tuple[list[Line], dict[str, set[str]]]:
    """Lines up to about so many bytes, and the names that they speak of."""
    lines: list[Line] = []
    touched: dict[str, set[str]] = {"task_id": set(), "cmd_id": set(), "actuator": set(), "alarm": set()}
    for seq, wall, event_type, task_id, body, hash_ in found:
        zone = None
        try:
            said = json.loads(body)
            zone, details = said["zone"], said["details"]
            for name in ("cmd_id", "actuator", "alarm"):
                if isinstance(details.get(name), str):
                    touched[name].add(details[name])
            if task_id is not None:
                touched["task_id"].add(task_id)
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # no line of ours; the centre is told its bytes
        line = Line(seq=seq, wall=wall, event_type=event_type, task_id=task_id, zone=zone, body=body, hash=hash_ or b"")
        lines.append(line)
        size -= len(body)
        if size <= 0:
            break
    return lines, touched


def _values(db: sqlite3.Connection, table: str, make: Any, names: Iterable[str]) -> Iterator[Any]:
    wanted = sorted(names)
    for begin in range(0, len(wanted), AT_ONCE):
        some = wanted[begin : begin + AT_ONCE]
        marks = ",".join("?" * len(some))
        for (body,) in db.execute(f"SELECT body FROM {table} WHERE id IN ({marks})", some):
            yield make(body)


def _begin_of(day: str) -> Nanos:
    return from_datetime(datetime.fromisoformat(day).replace(tzinfo=UTC))


def _payload(body: str) -> bytes:
    return sha256(body.encode("utf-8", "surrogateescape")).digest()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
