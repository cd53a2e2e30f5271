"""A timer that is never early: a timerfd that the event loop reads. The loop's own timers may fire 1.2 ms too soon."""

import asyncio
import contextlib
import ctypes
import os
from collections.abc import Callable

from edgectl.host.clock import mono
from edgectl.model.time import MS, SECOND, Nanos

_CLOCK_MONOTONIC = 1
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_ABSOLUTE = 1
LEAD: Nanos = 20 * MS  # the loop hands an instant over so long before it comes; its timers are early by less


class _Span(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_long) for name in ("interval_s", "interval_ns", "s", "ns"))


class Alarm:
    """One instant at a time; setting a new one forgets the old one.

    The timer of the kernel is for what comes. A bus also moves its deadline on with every frame, and few deadlines
    come: what comes seldom is the loop's while it is far, which is cheaper to tell and wakes before it. Neither is told
    of an instant that is later than the one it holds: when that has come too soon, it is set to what is wanted by then.
    Only where nothing is to happen for a while the loop is told to forget, so that it wakes for nothing.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._ring = ring
        self._loop = loop
        self._wanted: Nanos | None = None
        self._seldom = False  # whether what is wanted is an instant that seldom comes
        self._near: Nanos | None = None  # held by the kernel; None once it has come
        self._far: Nanos | None = None  # held by the loop
        self._timer: asyncio.TimerHandle | None = None
        self._span = _Span(0, 0, 0, 0)
        self._at = ctypes.byref(self._span)
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        loop.add_reader(self._fd, self._fired)

    def set(self, at: Nanos, *, seldom: bool = False) -> None:
        """Ring at this monotonic instant, at once when it has passed. `seldom` says that it will hardly be waited
        for: something else comes first."""
        self._wanted, self._seldom = at, seldom
        if self._far is not None and at >= self._far and not seldom:
            self._forget_far()  # it is far itself, and nothing comes first
        if (self._near is None or at < self._near) and (self._far is None or at < self._far):
            self._arm(at)

    def cancel(self) -> None:
        """Do not ring, not even when the instant has come and the loop has not looked yet."""
        self._wanted = None

    def close(self) -> None:
        """Give the timer back. Closing it again does nothing."""
        if self._fd >= 0:
            self._forget_far()
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd, self._wanted, self._near = -1, None, None

    def _arm(self, at: Nanos) -> None:
        if self._seldom and (left := at - mono()) > 2 * LEAD:
            self._forget_far()
            self._far = at - LEAD
            self._timer = self._loop.call_later((left - LEAD) / SECOND, self._comes_near)
            return
        # Setting a timerfd also takes back an expiry that nobody has read, so an instant that was moved cannot ring.
        self._near = at
        self._span.s, self._span.ns = divmod(max(at, 1), SECOND)  # zero would disarm it
        if self._libc.timerfd_settime(self._fd, _ABSOLUTE, self._at, None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def _comes_near(self) -> None:
        self._far = self._timer = None
        if self._wanted is not None:
            self.set(self._wanted, seldom=self._seldom)

    def _forget_far(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._far = self._timer = None

    def _fired(self) -> None:
        self._near, wanted = None, self._wanted
        due = wanted is not None and mono() >= wanted
        if due:
            self._wanted = None
        try:
            if due:
                self._ring()
            elif wanted is not None:
                self.set(wanted, seldom=self._seldom)
        finally:
            if self._near is None and self._fd >= 0:  # nobody has set it anew
                with contextlib.suppress(BlockingIOError):  # it was, between the loop's look and this call
                    os.read(self._fd, 8)
