"""One serial line on which several masters sit, each through a TCP port of its own, and everybody hears everybody.

It writes down who said what and when: that is how a test knows that nobody spoke after his time.
"""

import contextlib
import os
import selectors
import socket
import termios
import threading
import time
import tty
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_CHUNK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Bytes that a master put on the line. `at` is monotonic."""

    master: str
    at: int
    data: bytes


class SharedWire:
    """A context manager between the simulated devices and several masters. `private` lets no master hear the others,
    as a box with one line to each does."""

    def __init__(self, port: Path, masters: tuple[str, ...], *, private: bool = False) -> None:
        self._serial = os.open(port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._serial, termios.TCSANOW)
        self._doors = {name: socket.create_server(("127.0.0.1", 0)) for name in masters}
        self._clients: dict[socket.socket, str] = {}
        self._private = private
        self._wake, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._carry, name="shared wire", daemon=True)
        self.said: list[Said] = []

    def port(self, master: str) -> int:
        """Where a master connects."""
        number: int = self._doors[master].getsockname()[1]
        return number

    def of(self, master: str, since: int = 0) -> list[Said]:
        """What one master said from an instant on."""
        return [said for said in list(self.said) if said.master == master and said.at >= since]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._stop, b"x")
        self._thread.join(10)
        for descriptor in (self._serial, self._wake, self._stop):
            os.close(descriptor)
        for end in (*self._doors.values(), *self._clients):
            end.close()

    def _carry(self) -> None:
        doors = {door: name for name, door in self._doors.items()}
        with selectors.DefaultSelector() as select:
            for end in (self._serial, self._wake):
                select.register(end, selectors.EVENT_READ)
            for door in doors:
                select.register(door, selectors.EVENT_READ)
            while True:
                for key, _ in select.select():
                    source = key.fileobj
                    if source == self._wake:
                        return
                    if not isinstance(source, socket.socket):
                        self._tell(os.read(self._serial, _CHUNK), None)
                    elif source in doors:
                        client, _ = source.accept()
                        self._clients[client] = doors[source]
                        select.register(client, selectors.EVENT_READ)
                    else:
                        self._hear(select, source)

    def _hear(self, select: selectors.BaseSelector, client: socket.socket) -> None:
        data = b""
        with contextlib.suppress(OSError):
            data = client.recv(_CHUNK)
        if not data:
            select.unregister(client)
            del self._clients[client]
            client.close()
            return
        self.said.append(Said(master=self._clients[client], at=time.monotonic_ns(), data=data))
        os.write(self._serial, data)
        if not self._private:
            self._tell(data, client)

    def _tell(self, data: bytes, speaker: socket.socket | None) -> None:
        for client in list(self._clients):
            if client is not speaker:
                with contextlib.suppress(OSError):
                    client.sendall(data)
