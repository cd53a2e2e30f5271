"""uvicorn inside the daemon: it serves, and it owns no signals. Outputs go safe before any door closes."""

import asyncio
import contextlib
import os
import pwd
import socket
import ssl
import struct
from collections.abc import Generator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import ClassVar
from weakref import WeakKeyDictionary

import h11
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from edgectl.api.crowd import Crowd, peer_of
from edgectl.api.gate import Gate

ASKS_WITHIN_S = 10.0  # from the first byte of a question to the last one of its body
TAKES_WITHIN_S = 20.0  # a reader that takes nothing for so long has gone
GOODBYE_S = 1.0  # at the end of the daemon nobody is waited for longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The files of a TLS door."""

    cert: Path
    key: Path


class DoorClosed(Exception):
    """An address cannot be listened on. The sentence says why and what to do."""


class BoundedProtocol(H11Protocol):
    """HTTP that gives nobody a descriptor for nothing: who connects asks soon and to the end, who has asked takes the
    answer, and when there are too many somebody has to go."""

    _crowds: ClassVar[WeakKeyDictionary[object, Crowd]] = WeakKeyDictionary()

    def connection_made(self, transport) -> None:  # type: ignore[no-untyped-def]
        """Count it, and give it a moment to ask."""
        super().connection_made(transport)
        self._patience: asyncio.TimerHandle | None = None
        self._takes: asyncio.TimerHandle | None = None
        self._know(transport)
        self.peer = peer_of(self.client)
        self._mind()
        if (last := self._crowds.setdefault(self.config, Crowd()).come(self)) is not None:
            last.leave()

    @property
    def asked(self) -> bool:
        """True from its first question on."""
        return self.cycle is not None

    @property
    def waits(self) -> bool:
        """True while no answer to it is under way: it is quiet, or has not asked to the end."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def leave(self) -> None:
        """Go now; what it has not taken it takes no more."""
        self.transport.abort()

    def pause_writing(self) -> None:
        """It does not take what it asked for: it is given some time, and then it goes without a good-bye."""
        super().pause_writing()
        self._takes = self.loop.call_later(TAKES_WITHIN_S, self.leave)

    def resume_writing(self) -> None:
        """It takes again."""
        super().resume_writing()
        self._cease_to_wait()

    def data_received(self, data: bytes) -> None:
        """It asks; a question that never ends is cut off all the same."""
        date = (b"date", formatdate(usegmt=True).encode())
        self.server_state.default_headers = [date, *self.config.encoded_headers]
        super().data_received(data)
        self._mind()

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room."""
        self._ask_no_more()
        self._cease_to_wait()
        self._crowds[self.config].go(self)
        super().connection_lost(exc)

    def _know(self, transport: asyncio.BaseTransport) -> None:
        """Who it is, where somebody can tell."""

    def _mind(self) -> None:
        """While a question has not come to its end, also one of those that follow the first, its time runs."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._ask_no_more()
        elif self._patience is None:
            self._patience = self.loop.call_later(ASKS_WITHIN_S, self.leave)

    def _ask_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _cease_to_wait(self) -> None:
        if self._takes is not None:
            self._takes.cancel()
            self._takes = None


class LocalProtocol(BoundedProtocol):
    """HTTP over the local socket: the kernel says who connects, and that is who the journal names."""

    def _know(self, transport: asyncio.BaseTransport) -> None:
        """Ask the kernel for the peer."""
        peer = transport.get_extra_info("socket")
        _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        self.client = (_name(uid), uid)


class Door(uvicorn.Server):
    """A server without signal handlers of its own, which sleeps while nobody asks. uvicorn's own looks ten times a
    second whether it shall end and what day it is: more than half of what an idle house cost."""

    def __init__(self, config: uvicorn.Config) -> None:
        self._end = asyncio.Event()
        self._gates: list[Gate] = []
        super().__init__(config)

    @property
    def should_exit(self) -> bool:
        """True from when it shall end."""
        return self._end.is_set()

    @should_exit.setter
    def should_exit(self, end: bool) -> None:
        (self._end.set if end else self._end.clear)()

    def show(self, context: ssl.SSLContext) -> None:
        """Another certificate from the next handshake on; who is inside stays inside."""
        self.config.ssl = context
        for gate in self._gates:
            gate.context = context

    async def main_loop(self) -> None:
        """Until it shall end. The date is put on each answer as it is asked for."""
        await self._end.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen. Behind TLS everybody passes a gate that bounds handshakes, which the server itself does not."""
        if self.config.ssl is None:
            return await super().startup(sockets)
        self._gates = [Gate(listener, self._protocol, self.config.ssl) for listener in sockets or []]
        self.servers = [gate.open() for gate in self._gates]  # type: ignore[misc]  # it is closed as a server is
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say good-bye. Whoever does not take it in time is cut off, and nothing of that is a mistake of ours."""
        cut = asyncio.get_running_loop().call_later(GOODBYE_S, self._cut)
        try:
            await super().shutdown(sockets)
        finally:
            cut.cancel()

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """The daemon owns the signals."""
        yield


def door(app: Starlette, *, local: bool = False, context: ssl.SSLContext | None = None) -> Door:
    """A server for an app. `local` is for the Unix socket; with a `context` it speaks TLS."""
    config = uvicorn.Config(
        app,
        http=LocalProtocol if local else BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # what strangers send that is no HTTP is no line in our log
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    config.load()
    config.ssl = context
    return Door(config)


def context_of(certificate: Certificate) -> ssl.SSLContext:
    """How a TLS door speaks. Raises DoorClosed when the certificate is of no use."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # A key behind a password would ask the terminal for it, and wait there for ever.
        context.load_cert_chain(certificate.cert, certificate.key, password="")
    except OSError as error:  # ssl.SSLError is one
        raise DoorClosed(
            f"the certificate {certificate.cert} or its key cannot be used: {error.strerror or error};"
            " check both files, and that the daemon's user may read them"
        ) from error
    return context


def unix_socket(path: Path) -> socket.socket:
    """A listening socket at a path, open to owner and group. A file left by a dead daemon is replaced."""
    if len(os.fsencode(path)) > 107:
        raise DoorClosed(f"the socket path {path} is longer than 107 bytes: choose a shorter one with --socket")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _alive(path):
            raise DoorClosed(f"another program answers at {path}: stop it, or choose another socket with --socket")
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o117)
        try:
            listener.bind(str(path))
        finally:
            os.umask(mask)
    except OSError as error:
        raise DoorClosed(f"the socket {path} cannot be made: {error.strerror}; choose another with --socket") from error
    return listener


def tcp_socket(host: str, port: int) -> socket.socket:
    """A bound TCP socket. Port 0 lets the kernel choose."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise DoorClosed(
            f"{host}:{port} cannot be listened on: {error.strerror}; another program may use it (--http or"
            " --metrics moves ours)"
        ) from error
    return listener


def _alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.settimeout(0.5)
        try:
            other.connect(str(path))
        except TimeoutError:
            return True
        except OSError:
            return False
        return True


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
