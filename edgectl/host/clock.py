"""The only file of edgectl that asks for the time.

Durations are CLOCK_MONOTONIC: it never steps, it is the same for every process of one boot, and it stands still with
the machine. How far the wall clock may be believed is a rule: SYNCED when the kernel says so; RESTORED when it is not
behind what the journal has already seen; else UNTRUSTED, and then the best guess is the journal's last instant plus the
time since the start, so that it at least never runs backwards.
"""

import ctypes
import os
import time
from pathlib import Path

from edgectl.model.time import SECOND, Nanos, Now, Trust

PLAUSIBLE: Nanos = 1_735_689_600 * SECOND  # 2025-01-01: no controller of this program was switched on before
_ASK_EVERY = SECOND
_STA_UNSYNC = 0x40
_TIME_ERROR = 5


class SystemClock:
    """Both clocks with trust. `remember` tells it once what the journal has seen."""

    def __init__(self) -> None:
        self._high_water: Nanos = 0
        self._started = time.monotonic_ns()
        self._synced = False
        self._asked: Nanos | None = None
        self._file = os.environ.get("EDGECTL_CLOCK_SYNCHRONISED", "")

    def remember(self, high_water: Nanos) -> None:
        """The newest wall instant of the journal."""
        self._high_water = high_water

    def now(self) -> Now:
        """The two clocks, read together."""
        mono, wall = time.monotonic_ns(), time.time_ns()
        if self._asked is None or mono - self._asked >= _ASK_EVERY:
            self._asked = mono
            self._synced = _kernel_synchronised() or (self._file != "" and Path(self._file).exists())
        if self._synced and wall >= PLAUSIBLE:
            return Now(mono=mono, wall=wall, trust=Trust.SYNCED)
        if wall >= max(self._high_water, PLAUSIBLE):
            return Now(mono=mono, wall=wall, trust=Trust.RESTORED)
        return Now(mono=mono, wall=max(wall, self._high_water + mono - self._started), trust=Trust.UNTRUSTED)


def boot_id() -> str:
    """The name of this boot of the machine: monotonic instants compare only within it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"unknown-{time.time_ns()}"


def _kernel_synchronised() -> bool:
    """Ask adjtimex without setting anything. Where it may not be asked, the answer is no."""
    libc = ctypes.CDLL(None, use_errno=True)
    room = (ctypes.c_long * 64)()  # struct timex: modes at the start, status at byte 40
    state = libc.adjtimex(ctypes.byref(room))
    status = ctypes.cast(room, ctypes.POINTER(ctypes.c_int))[10]
    return bool(0 <= state < _TIME_ERROR and not status & _STA_UNSYNC)
