"""Counts that are kept aside between two lives: up to which line of which journal they count. What cannot be read is
not there; nothing but the curves of a dashboard depends on it."""

import json
import logging
import os
import stat
from pathlib import Path
from typing import Any

from edgectl.observe.service import Service

LOG = logging.getLogger("edgectl")
LONGEST = 4 << 20


class Aside:
    """One file of the state folder, written whole under another name and put in its place."""

    def __init__(self, path: Path, journal_id: str) -> None:
        self._path, self._journal_id = path, journal_id

    def read(self) -> tuple[int, Service] | None:
        """The last line that is counted, and the counts; None when there are none of this journal."""
        try:
            if not stat.S_ISREG(self._path.stat().st_mode):
                raise ValueError("it is no ordinary file")  # one that waits for a writer would hold up the end too
            with self._path.open() as file:
                found: dict[str, Any] = json.loads(file.read(LONGEST))
            if found["journal_id"] != self._journal_id:
                return None
            return int(found["seq"]), Service.of(found["counts"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, ArithmeticError, TypeError, KeyError, AttributeError, RecursionError) as error:
            LOG.warning("%s cannot be read (%s): the counters begin with the newest tasks", self._path, error)
            return None

    def write(self, seq: int, counts: dict[str, Any]) -> None:
        """Keep them."""
        unborn = self._path.with_name(f"{self._path.name}.new")
        try:
            unborn.unlink(missing_ok=True)  # a pipe would be waited at for ever
            with unborn.open("x") as file:
                json.dump({"journal_id": self._journal_id, "seq": seq, "counts": counts}, file)
                file.flush()
                os.fsync(file.fileno())
            unborn.replace(self._path)
        except OSError as error:
            LOG.warning("%s cannot be written (%s): after a restart counters may jump", self._path, error.strerror)
