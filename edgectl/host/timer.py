"""A timer that is never early: a timerfd that the event loop reads. The loop's own timers may fire 1.2 ms too soon."""

import asyncio
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
        self._span = _Span(0, 0, 0, 0)
        self._at = ctypes.byref(self._span)
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        loop.add_reader(self._fd, self._fired)

    def set(self, at: Nanos) -> None:
        """Ring at this monotonic instant, at once when it has passed."""
        if at != self._set_at:
            self._arm(max(at, 1))  # zero would disarm it
            self._set_at = at

    def cancel(self) -> None:
        """Do not ring, not even when the instant has come and the loop has not looked yet."""
        if self._set_at is not None:
            self._arm(0)
            self._set_at = None

    def close(self) -> None:
        """Give the timer back. Closing it again does nothing."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd, self._set_at = -1, None

    def _arm(self, at: Nanos) -> None:
        # Setting a timerfd also takes back an expiry that nobody has read, so a forgotten instant cannot ring.
        self._span.s, self._span.ns = at // SECOND, at % SECOND
        if self._libc.timerfd_settime(self._fd, _ABSOLUTE, self._at, None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def _fired(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return  # it was set anew between the loop's look and this call
        self._set_at = None
        self._ring()
