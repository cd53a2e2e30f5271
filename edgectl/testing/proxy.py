"""A TCP line that can be hurt: bytes pass, or stop passing without a word, or the connection is cut.

Runs in a thread of its own, so that it works beside any kind of test.
"""

import contextlib
import selectors
import socket
import struct
import threading
from typing import Self

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


class TcpProxy:
    """A context manager that listens on 127.0.0.1 and carries bytes to a server there."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._door = socket.create_server(("127.0.0.1", 0))
        self._ways: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._ending = False
        self._thread = threading.Thread(target=self._carry, name="tcp proxy", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._door.getsockname()[1]
        return port

    def stall(self) -> None:
        """Half open: connections stay, new ones are taken by the kernel, and not one byte passes any more."""
        self._flowing.clear()

    def flow(self) -> None:
        """Bytes pass again, those that waited first."""
        self._flowing.set()

    def cut(self) -> None:
        """Every connection is reset, now."""
        with self._lock:
            for end in list(self._ways):
                self._drop(end, reset=True)

    def __enter__(self) -> Self:
        self._door.setblocking(False)
        self._selector.register(self._door, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self._flowing.set()
        self._thread.join(10)
        self.cut()
        self._door.close()
        self._selector.close()

    def _carry(self) -> None:
        while not self._ending:
            self._flowing.wait()
            for key, _ in self._selector.select(0.05):
                if not self._flowing.is_set():
                    break  # what has come since then waits in the kernel
                with self._lock:
                    self._serve(key.fileobj)  # type: ignore[arg-type]  # only sockets are registered

    def _serve(self, ready: socket.socket) -> None:
        if ready is self._door:
            with contextlib.suppress(OSError):
                self._join(self._door.accept()[0])
            return
        other = self._ways.get(ready)
        if other is None:
            return
        try:
            data = ready.recv(_CHUNK)
            if data:
                other.sendall(data)
        except OSError:
            data = b""
        if not data:
            self._drop(ready, reset=False)

    def _join(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._to_port), timeout=5)
        except OSError:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            one.setblocking(True)
            self._ways[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _drop(self, end: socket.socket, *, reset: bool) -> None:
        other = self._ways.pop(end, None)
        if other is None:
            return
        self._ways.pop(other, None)
        for one in (end, other):
            self._selector.unregister(one)
            if reset:
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            one.close()
