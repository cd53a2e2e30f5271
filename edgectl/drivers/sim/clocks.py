"""The only file of the simulated devices that reads a clock."""

import time


def mono() -> int:
    """The monotonic clock, in nanoseconds: the same for every process of this machine."""
    return time.monotonic_ns()


def wall_s() -> int:
    """The wall clock, in whole seconds since 1970."""
    return int(time.time())
