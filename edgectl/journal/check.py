"""The check of a large journal, beside the daily work: on a thread and a read-only connection of its own."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path


class LateCheck:
    """Looks through the whole file once. `found` is called on its thread when the file is damaged, with SQLite's words.

    It goes table by table, so that its snapshots are short and the log can be used again in between.
    """

    def __init__(self, path: Path, found: Callable[[str], None]) -> None:
        self._path = path
        self._found = found
        self._db: sqlite3.Connection | None = None
        self._stopping = False
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._look, name="journal-check", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of the look."""
        self._thread.join()

    def stop(self) -> None:
        """End it now; a look that was cut short has found nothing."""
        with self._gate:
            self._stopping = True
            if self._db is not None:
                self._db.interrupt()
        self.join()

    def _look(self) -> None:
        verdict = "ok"
        try:
            db = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        except sqlite3.Error:
            return  # the writer has it open and will meet the same error, with somebody to tell
        self._db = db
        try:
            names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            for name in names:
                if self._stopping or verdict != "ok":
                    break
                verdict = db.execute(f"PRAGMA quick_check('{name}')").fetchone()[0]
        except sqlite3.OperationalError:
            verdict = "ok"  # interrupted, or the disk cannot be read just now: no proof of damage
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            verdict = str(error)
        finally:
            with self._gate:
                self._db = None
            db.close()
        if verdict != "ok":
            self._found(verdict)
