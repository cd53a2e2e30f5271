"""The end of the process, whatever still hangs: a thread that waits for a disk can be neither woken nor cut off."""

import logging
import os
import threading

from edgectl.observe import log

LOG = logging.getLogger("edgectl")
WITHIN_S = 8.0  # with what it may take to see everything off, less than the service manager gives


def leave_soon(code: int) -> None:
    """From now on the process lives for so long at the most. Said when every output is off, or never was on: then
    nobody is served by waiting, and what was committed is on the disk already."""
    last = threading.Timer(WITHIN_S, _leave, (code,))
    last.daemon = True
    last.start()


def _leave(code: int) -> None:
    LOG.error("a file or a disk holds up the end for more than %g s: ended all the same, outputs are off", WITHIN_S)
    log.end()
    os._exit(code)
