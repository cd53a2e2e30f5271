"""A second daemon waits: it opens no bus, no socket and no port, and leads as soon as the first one is dead.

It asks the kernel for the lease five times a second. A leader that is only stopped keeps it: whoever hangs is the
watchdog's to end, and until then its outputs end by themselves.
"""

import logging
import signal
import time
from collections.abc import Callable

from edgectl.host import notify
from edgectl.host.ends import ENDS
from edgectl.host.lock import AlreadyRunning

LOG = logging.getLogger("edgectl")
ASK_EVERY_S = 0.2
FEED_EVERY = 5  # asks between two words to the watchdog


class _Ended(Exception):
    """Somebody asked the follower to end."""


def follow(take: Callable[[], None], leader: AlreadyRunning) -> bool:
    """Wait until `take` succeeds. False when this process was asked to end before. Raises what `take` raises besides
    AlreadyRunning."""
    former = {number: signal.signal(number, _end) for number in ENDS}
    try:
        _tell(leader, first=True)
        notify.ready()
        asks = 0
        while True:
            try:
                take()
            except AlreadyRunning as still:
                if str(still) != str(leader):
                    _tell(still, first=False)
                leader = still
            else:
                break
            if asks % FEED_EVERY == 0:
                notify.watchdog()
            asks += 1
            time.sleep(ASK_EVERY_S)
    except _Ended as ended:
        LOG.info("ended while it followed: %s", ended)
        notify.stopping()
        return False
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    LOG.warning("%s no more: this one leads now", leader)
    notify.status("leads")
    return True


def _tell(leader: AlreadyRunning, *, first: bool) -> None:
    if first:
        LOG.warning("%s; this one follows: it opens nothing, and takes over when that one is dead", leader)
    else:
        LOG.info("still following: %s", leader)
    notify.status(f"follows: {leader}")


def _end(number: int, _: object) -> None:
    raise _Ended(signal.Signals(number).name)
