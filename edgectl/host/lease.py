"""One controller per host: the state folder and every serial port of the site, or nothing.

The kernel gives both back when their holder dies, however it dies, and never while it is only stopped: a leader that
hangs is the watchdog's to end. The name of a port is an abstract socket: it tells another edgectl from a terminal
program that somebody left open on the port, which would be no reason to leave the other buses alone.
"""

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

from edgectl.host.lock import AlreadyRunning, HostLock

_NAME = "\0edgectl/port"


class HostLease:
    """The right to drive a site from this host. Taking it again after a refusal asks only for what is missing."""

    def __init__(self, folder: Path, ports: Iterable[str]) -> None:
        self._lock = HostLock(folder)
        self._ports = tuple(ports)
        self._names: dict[str, socket.socket] = {}
        self._locked = False

    def take(self) -> None:
        """Take all of it. Raises AlreadyRunning, with what was taken before still ours, and OSError."""
        if not self._locked:
            self._lock.take()
            self._locked = True
        for port in self._ports:
            place = os.path.realpath(port)
            if place not in self._names and (name := _bind(place, port)) is not None:
                self._names[place] = name

    def release(self) -> None:
        """Give everything back."""
        for name in self._names.values():
            name.close()
        self._names.clear()
        if self._locked:
            self._lock.release()
            self._locked = False


def _bind(place: str, port: str) -> socket.socket | None:
    """The name of a port, for as long as the socket lives; None when a stranger has taken the name. Whoever is told
    that another one has it reads it as the site file calls it."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name.bind(_NAME + place)
        name.listen(1)
    except OSError as error:
        name.close()
        if error.errno != errno.EADDRINUSE:
            raise
        pid = _holder(place)
        if pid is None:
            return None  # the lock on the port itself still keeps two controllers apart
        what = port if port == place else f"{port} ({place})"
        raise AlreadyRunning(what, pid, does="drives the port") from error
    return name


def _holder(place: str) -> int | None:
    """The process behind the name of a port, 0 when it cannot be seen. None: any user can take such a name, and only
    our own user and root are believed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.setblocking(False)
        with contextlib.suppress(BlockingIOError):  # others have asked before us, and nobody takes their calls
            try:
                door.connect(_NAME + place)
            except ConnectionRefusedError:
                return 0  # between its bind and its listen, or just gone: it is asked again
            pid, uid, _ = struct.unpack("iII", door.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            return pid if uid in (0, os.geteuid()) else None
        return 0
