"""The last resort: a thread that ends the process when the event loop has stopped turning.

Outputs end by themselves or by the service manager's safe-state; what must not happen is a port that looks alive over
a loop that decides nothing.
"""

import asyncio
import faulthandler
import os
import threading
from collections.abc import Callable

from edgectl.model.time import MS, SECOND, Nanos

BEAT_S = 0.5
LIMIT: Nanos = 2 * SECOND
OLD: Nanos = SECOND
AGAIN: Nanos = 250 * MS
HELD_UP: Nanos = 250 * MS
CHANCE: Nanos = 1500 * MS
WORDS_WITHIN_S = 0.5
EXIT_STALLED = 70


class StallGuard:
    """Beats on the loop, is watched from a thread."""

    def __init__(self, mono: Callable[[], Nanos]) -> None:
        self._mono = mono
        self._beat = mono()
        self._stop = threading.Event()

    async def run(self) -> None:
        """Beat until cancelled."""
        threading.Thread(target=self._watch, name="stall-guard", daemon=True).start()
        try:
            while True:
                self._beat = self._mono()
                await asyncio.sleep(BEAT_S)
        finally:
            self._stop.set()

    def _watch(self) -> None:
        # While all is well the next look is put at the instant at which the newest beat would be old, and only then
        # are looks close together: the process ends after four in a row that were on time and saw no beat.
        while True:
            planned = max(self._mono() + AGAIN, self._beat + OLD)
            if self._stop.wait((planned - self._mono()) / SECOND):
                return
            now = self._mono()
            if now - planned > HELD_UP:
                # The whole process was stopped or starved, not the loop alone: give the loop its chance first.
                self._beat = max(self._beat, now + CHANCE - LIMIT)
                continue
            if now - self._beat > LIMIT:
                # Whoever reads our words may be what we are waiting for: they get a moment, and then it is over.
                words = threading.Thread(target=_last_words, daemon=True)
                words.start()
                words.join(WORDS_WITHIN_S)
                os._exit(EXIT_STALLED)


def _last_words() -> None:
    os.write(2, b"the event loop has stalled for 2 s; the process ends so that it is started anew\n")
    faulthandler.dump_traceback(all_threads=True)
