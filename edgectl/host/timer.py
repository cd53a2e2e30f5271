"""A timer that is never early: a timerfd that the event loop reads. The loop's own timers may fire 1.2 ms too soon."""

import asyncio
import contextlib
import ctypes
import os
from collections.abc import Callable

from edgectl.host.clock import mono
from edgectl.model.time import SECOND, Nanos

_CLOCK_MONOTONIC = 1
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_ABSOLUTE = 1


class _Span(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_long) for name in ("interval_s", "interval_ns", "s", "ns"))


class Alarm:
    """One instant at a time; setting a new one forgets the old one.

    A bus moves its deadline on with every frame. The kernel is told of an instant only when it is nearer than the one
    it holds: when that has come too soon, the timer is set to what is wanted by then, and nobody is called.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._ring = ring
        self._loop = loop
        self._wanted: Nanos | None = None
        self._held: Nanos | None = None  # by the kernel; None once it has come
        self._span = _Span(0, 0, 0, 0)
        self._at = ctypes.byref(self._span)
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        loop.add_reader(self._fd, self._fired)

    def set(self, at: Nanos) -> None:
        """Ring at this monotonic instant, at once when it has passed."""
        self._wanted = at
        if self._held is None or at < self._held:
            self._arm(at)

    def cancel(self) -> None:
        """Do not ring, not even when the instant has come and the loop has not looked yet."""
        self._wanted = None

    def close(self) -> None:
        """Give the timer back. Closing it again does nothing."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd, self._wanted, self._held = -1, None, None

    def _arm(self, at: Nanos) -> None:
        # Setting a timerfd also takes back an expiry that nobody has read, so an instant that was moved cannot ring.
        self._held = at
        self._span.s, self._span.ns = divmod(max(at, 1), SECOND)  # zero would disarm it
        if self._libc.timerfd_settime(self._fd, _ABSOLUTE, self._at, None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def _fired(self) -> None:
        self._held, wanted = None, self._wanted
        if wanted is not None and mono() < wanted:
            self._arm(wanted)
            return
        self._wanted = None
        try:
            if wanted is not None:
                self._ring()
        finally:
            if self._held is None and self._fd >= 0:  # nobody has set it anew
                with contextlib.suppress(BlockingIOError):  # it was, between the loop's look and this call
                    os.read(self._fd, 8)
