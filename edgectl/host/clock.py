"""The only file of edgectl that asks for the time.

Durations are CLOCK_MONOTONIC: it never steps, it is the same for every process of one boot, and it is the clock of
timerfd and of everything else here. CLOCK_BOOTTIME would also count a suspend, in which the program cannot act; a
controller that is not meant to sleep gains nothing from it, and every peer measures in the other.

How far the wall clock may be believed is a rule: SYNCED when the kernel says so; RESTORED when it is not behind what
the journal has already seen; else UNTRUSTED, and then the best guess is the journal's last instant plus the time since
the start, so that it at least never runs backwards.
"""

import ctypes
import os
import time
from dataclasses import dataclass
from pathlib import Path

from edgectl.model.time import MS, SECOND, Nanos, Now, Trust

PLAUSIBLE: Nanos = 1_735_689_600 * SECOND  # 2025-01-01: no controller of this program was switched on before
LATEST: Nanos = 7_258_118_400 * SECOND  # 2200-01-01: what a broken clock says beyond it does not fit into a journal
STEP: Nanos = 2 * SECOND  # a smaller difference is drift, or one reading that was late
_HELD_UP: Nanos = 50 * MS
_ASK_EVERY: Nanos = SECOND
_STA_UNSYNC = 0x40
_TIME_ERROR = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The wall clock jumped by so many seconds, measured on the monotonic clock. Negative is back. Had it been called
    synchronised until then?"""

    seconds: float
    believed: bool


class SystemClock:
    """Both clocks with trust. `remember` tells it once what the journal has seen."""

    def __init__(self) -> None:
        self._high_water: Nanos = 0
        self._started = time.monotonic_ns()
        self._synced = False
        self._asked: Nanos | None = None
        self._file = os.environ.get("EDGECTL_CLOCK_SYNCHRONISED", "")
        self._offset: Nanos | None = None  # wall minus monotonic at the newest reading
        self._jumped: Nanos = 0
        self._jumped_believed = False

    def remember(self, high_water: Nanos) -> None:
        """The newest wall instant of the journal."""
        self._high_water = high_water

    def now(self) -> Now:
        """The two clocks, read together."""
        mono, wall = _both()
        self._watch(wall - mono)
        if self._asked is None or mono - self._asked >= _ASK_EVERY:
            self._asked = mono
            self._synced = _kernel_synchronised() or (self._file != "" and Path(self._file).exists())
        if self._synced and wall >= PLAUSIBLE:
            return Now(mono=mono, wall=wall, trust=Trust.SYNCED)
        if wall >= max(self._high_water, PLAUSIBLE):
            return Now(mono=mono, wall=wall, trust=Trust.RESTORED)
        return Now(mono=mono, wall=max(wall, self._high_water + mono - self._started), trust=Trust.UNTRUSTED)

    def stepped(self) -> Step | None:
        """How far the wall clock has jumped between two readings since this was asked last, or None."""
        jumped, self._jumped = self._jumped, 0
        believed, self._jumped_believed = self._jumped_believed, False
        return Step(seconds=jumped / SECOND, believed=believed) if jumped else None

    def _watch(self, offset: Nanos) -> None:
        # Between neighbours only: slewing over hours is no step, and it adds up to more than one.
        if self._offset is not None and abs(offset - self._offset) > STEP:
            self._jumped += offset - self._offset
            self._jumped_believed = self._jumped_believed or self._synced
        self._offset = offset


def mono() -> Nanos:
    """The monotonic clock alone, for whoever asks often and needs no date."""
    return time.monotonic_ns()


def _both() -> tuple[Nanos, Nanos]:
    """Monotonic and wall of one instant; read again when the process was held up between the two."""
    mono = time.monotonic_ns()
    for _ in range(3):
        wall, before, mono = time.time_ns(), mono, time.monotonic_ns()
        if mono - before < _HELD_UP:
            break
    return mono, min(wall, LATEST)


def boot_id() -> str:
    """The name of this boot of the machine: monotonic instants compare only within it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"unknown-{time.time_ns()}"


def _kernel_synchronised() -> bool:
    """Ask adjtimex without setting anything. Where it may not be asked, the answer is no."""
    room = (ctypes.c_long * 64)()  # struct timex: modes at the start, status at byte 40
    state = _LIBC.adjtimex(ctypes.byref(room))
    status = ctypes.cast(room, ctypes.POINTER(ctypes.c_int))[10]
    return bool(0 <= state < _TIME_ERROR and not status & _STA_UNSYNC)


_LIBC = ctypes.CDLL(None, use_errno=True)
