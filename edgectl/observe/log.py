"""Log lines: JSON for the system's journal, plain text for a terminal."""

import io
import json
import logging
import sys
from queue import Full, Queue
from threading import Thread

from edgectl.model.events import HAPPENINGS, Event
from edgectl.model.said import said
from edgectl.model.time import iso
from edgectl.model.timeline import Entry

LOG = logging.getLogger("edgectl")
WAITING = 2000  # lines that may wait for a slow reader
LAST_WORDS_S = 1.0
_LOUD = frozenset({"ALARM_RAISED", "LOCKED_OUT", "STOP_ALL", "STORAGE_BACK", "DEVICE_SILENT"})
_QUIET = frozenset({"COMMAND_DISPATCHED", "COMMAND_CONFIRMED", "OUTPUT_OFF_ORDERED", "OUTPUT_SEEN_OFF", "LATE_REPLY"})


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One object per line; the fields are for queries, the text is for people."""
        fields = dict(getattr(record, "fields", {}))
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)  # our own mistake: where it was made
        return json.dumps(
            {"level": record.levelname, "text": record.getMessage(), **fields}, default=str, ensure_ascii=False
        )


class Patient(logging.Handler):
    """Hands lines to a thread. A reader that has stopped reading costs lines, never the loop that decides."""

    def __init__(self, to: logging.Handler) -> None:
        super().__init__()
        self.dropped = 0
        self._to = to
        self._lines: Queue[logging.LogRecord] = Queue(maxsize=WAITING)
        Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line, or count it as lost."""
        try:
            self._lines.put_nowait(record)
        except Full:
            self.dropped += 1

    def flush(self) -> None:
        """Wait a moment for the lines that are still on their way; called at the end of the process."""
        with self._lines.all_tasks_done:
            self._lines.all_tasks_done.wait_for(lambda: not self._lines.unfinished_tasks, timeout=LAST_WORDS_S)

    def _write(self) -> None:
        while True:
            record = self._lines.get()
            if self.dropped:
                lost, self.dropped = self.dropped, 0
                self._to.handle(LOG.makeRecord(LOG.name, logging.WARNING, "", 0, "%d log lines lost", (lost,), None))
            self._to.handle(record)
            self._lines.task_done()


def begin(*, verbose: bool = False) -> None:
    """Send log lines to stdout: JSON unless a person is looking."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a letter that the terminal does not know costs no line
    handler = logging.StreamHandler(sys.stdout)
    if not sys.stdout.isatty():
        handler.setFormatter(_Json())
    LOG.handlers[:] = [Patient(handler)]
    LOG.setLevel(logging.DEBUG if verbose else logging.INFO)
    LOG.propagate = False


def end() -> None:
    """The last lines get a moment to be read."""
    for handler in LOG.handlers:
        handler.flush()


def tell(entries: tuple[Entry, ...]) -> None:
    """Committed lines of the timeline, in words."""
    for entry in entries:
        level = logging.WARNING if entry.event_type in _LOUD else logging.INFO
        if entry.event_type in _QUIET:
            level = logging.DEBUG
        subject = f" {entry.task_id}" if entry.task_id else ""
        words = said(entry.event_type, entry.details) or _meaning(entry.event_type)
        LOG.log(
            level, "%s %s%s %s", iso(entry.wall), entry.event_type, subject, words, extra={"fields": _fields(entry)}
        )


def _fields(entry: Entry) -> dict[str, object]:
    """What a query asks for: the line itself, and the names by which others know it."""
    named = ("correlation_id", "reason_code", "error_code", "actuator", "cmd_id", "schedule")
    known = {name: entry.details[name] for name in named if entry.details.get(name)}
    return {"action": entry.event_type, "seq": entry.seq, "task_id": entry.task_id, "zone": entry.zone, **known}


def _meaning(event_type: str) -> str:
    """What happened, where the line has nothing to add to it."""
    known = event_type in {event.value for event in Event}
    return HAPPENINGS[Event(event_type)].sentence if known else ""
