"""The end of the process, whatever still hangs: a thread that waits for a disk can be neither woken nor cut off."""

import logging
import os
import threading

from edgectl.observe import log

LOG = logging.getLogger("edgectl")
WITHIN_S = 8.0  # with what it may take to see everything off, less than the service manager gives


def leave_soon(code: int, *, seen_off: bool) -> None:
    """From now on the process lives for so long at the most: every output was ordered off, nobody is served by waiting,
    and what was committed is on the disk already. `seen_off` when each of them was seen off, too: a person who reads
    that goes home."""
    last = threading.Timer(WITHIN_S, _leave, (code, seen_off))
    last.daemon = True
    last.start()


def _leave(code: int, seen_off: bool) -> None:
    outputs = "outputs are off" if seen_off else "NOT EVERY OUTPUT WAS SEEN OFF: go and look at them"
    LOG.error("a file or a disk holds up the end for more than %g s: ended all the same, %s", WITHIN_S, outputs)
    log.end()
    os._exit(code)
