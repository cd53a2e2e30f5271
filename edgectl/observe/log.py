"""Log lines: JSON for the system's journal, plain text for a terminal."""

import json
import logging
import sys

from edgectl.model.time import iso
from edgectl.model.timeline import Entry

LOG = logging.getLogger("edgectl")
_LOUD = frozenset({"ALARM_RAISED", "LOCKED_OUT", "STOP_ALL", "STORAGE_BACK", "DEVICE_SILENT"})
_QUIET = frozenset({"COMMAND_DISPATCHED", "COMMAND_CONFIRMED", "OUTPUT_OFF_ORDERED", "OUTPUT_SEEN_OFF", "LATE_REPLY"})


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One object per line; the fields are for queries, the text is for people."""
        fields = getattr(record, "fields", {})
        return json.dumps({"level": record.levelname, "text": record.getMessage(), **fields}, default=str)


def begin(*, verbose: bool = False) -> None:
    """Send log lines to stdout: JSON unless a person is looking."""
    handler = logging.StreamHandler(sys.stdout)
    if not sys.stdout.isatty():
        handler.setFormatter(_Json())
    LOG.handlers[:] = [handler]
    LOG.setLevel(logging.DEBUG if verbose else logging.INFO)
    LOG.propagate = False


def tell(entries: tuple[Entry, ...]) -> None:
    """Committed lines of the timeline, in words."""
    for entry in entries:
        level = logging.WARNING if entry.event_type in _LOUD else logging.INFO
        if entry.event_type in _QUIET:
            level = logging.DEBUG
        details = {key: value for key, value in entry.details.items() if value not in (None, "", [], {})}
        subject = f" {entry.task_id}" if entry.task_id else ""
        words = " ".join(f"{key}={value}" for key, value in details.items())
        LOG.log(
            level,
            "%s %s%s %s",
            iso(entry.wall),
            entry.event_type,
            subject,
            words,
            extra={
                "fields": {"action": entry.event_type, "seq": entry.seq, "task_id": entry.task_id, "zone": entry.zone}
            },
        )
