"""A timer that is never early: a timerfd that the event loop reads. The loop's own timers may fire 1.2 ms too soon."""

import asyncio
import contextlib
import ctypes
import os
from collections.abc import Callable

from edgectl.model.time import SECOND, Nanos

_CLOCK_MONOTONIC = 1
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_ABSOLUTE = 1


class _Span(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_long) for name in ("interval_s", "interval_ns", "s", "ns"))


class Alarm:
    """One instant at a time; setting a new one forgets the old one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._ring = ring
        self._loop = loop
        self._set_at: Nanos | None = None
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        loop.add_reader(self._fd, self._fired)

    def set(self, at: Nanos) -> None:
        """Ring at this monotonic instant, at once when it has passed."""
        if at == self._set_at:
            return
        self._set_at = at
        at = max(at, 1)  # zero would disarm it
        span = _Span(0, 0, at // SECOND, at % SECOND)
        if self._libc.timerfd_settime(self._fd, _ABSOLUTE, ctypes.byref(span), None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def close(self) -> None:
        """Give the timer back."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _fired(self) -> None:
        self._set_at = None
        with contextlib.suppress(BlockingIOError):
            os.read(self._fd, 8)
            self._ring()
