"""Another wall clock for one process of a test. The machine's own goes on."""

import os
from pathlib import Path

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def clock_at(moment: str) -> dict[str, str]:
    """The environment of a process that lives at this moment, `1970-01-02 00:00:00`.

    The library is loaded without its command: that one gives up where a process of the same number, killed some day,
    has left its semaphore behind.
    """
    return {**os.environ, "LD_PRELOAD": str(FAKETIME), "FAKETIME": moment}
