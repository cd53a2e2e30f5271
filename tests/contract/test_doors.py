"""The server behind the doors, on real sockets: what readers who read nothing and hands that are never shaken cost."""

import asyncio
import contextlib
import logging
import os
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from edgectl.api import crowd, gate, server
from edgectl.api.body import raw_body
from edgectl.api.house import Unavailable
from edgectl.api.server import Certificate, Door, context_of, door, tcp_socket
from edgectl.api.stream import EventStream, Streams, event
from edgectl.daemon.certificate import DoorCertificate
from edgectl.daemon.doors import Doors
from edgectl.host.certificate import make
from edgectl.testing.ports import free_port

pytestmark = pytest.mark.timeout(120)
LOUD = "x" * 65_536


class Desk:
    """A door with a stream that never ends and says much, or nothing at all."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        self.streams = Streams()
        routes = [
            Route("/loud", self._stream(LOUD)),
            Route("/quiet", self._stream("")),
            Route("/short", lambda _: PlainTextResponse("here")),
            Route("/taken", self._take, methods=["POST"]),
        ]
        self.door: Door = door(
            Starlette(routes=routes), context=None if certificate is None else context_of(certificate)
        )
        self.listener = tcp_socket("127.0.0.1", 0)
        self.port = self.listener.getsockname()[1]
        self.serving: asyncio.Task[None] | None = None

    def _stream(self, says: str) -> Any:
        async def pieces() -> AsyncIterator[str]:
            yield event("hello", "")
            while True:
                if says:
                    yield event("more", says)
                else:
                    await self.streams.news(30)

        async def answer(_: Request) -> EventStream:
            return EventStream(self.streams, pieces(), "guest")

        return answer

    async def _take(self, request: Request) -> PlainTextResponse:
        try:
            return PlainTextResponse(f"{len(await raw_body(request, 5000))} bytes")
        except Unavailable as gone:
            return PlainTextResponse(gone.message, gone.http)

    async def __aenter__(self) -> "Desk":
        self.serving = asyncio.ensure_future(self.door.serve(sockets=[self.listener]))
        await until(lambda: self.door.started)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    async def end(self) -> float:
        """As the daemon ends it. Returns how long that took."""
        assert self.serving is not None
        began = time.monotonic()
        self.streams.close()
        self.door.should_exit = True
        await asyncio.wait_for(self.serving, 20)
        return time.monotonic() - began

    def ask(self, path: str) -> socket.socket:
        """Somebody who asks; whether they read is their affair."""
        return self.say(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def say(self, words: bytes, peer: str = "127.0.0.1") -> socket.socket:
        """Somebody who says something."""
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.bind((peer, 0))
        line.connect(("127.0.0.1", self.port))
        line.sendall(words)
        line.setblocking(False)
        return line


async def until(condition: Any, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to it"
        await asyncio.sleep(0.01)


def stuck(desk: Desk) -> bool:
    """Does the server wait for somebody to read?"""
    return any(one.flow.write_paused for one in desk.door.server_state.connections)  # type: ignore[union-attr]


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_at_its_end_readers_who_read_nothing_are_cut_off_and_nobody_is_to_blame(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Desk() as desk:
        readers = [desk.ask("/loud") for _ in range(5)] + [desk.ask("/quiet")]
        await until(lambda: desk.streams.open == len(readers) and stuck(desk))
        lasted = await desk.end()
        assert lasted < 10, "the outputs are safe by then, and yet nobody waits for a browser"
        assert faults(caplog) == []
        for reader in readers:
            reader.close()


async def test_whoever_asks_for_the_head_of_a_stream_has_it_at_once_and_takes_no_place() -> None:
    async with Desk() as desk:
        asked = desk.say(
            b"HEAD /quiet HTTP/1.1\r\nHost: localhost\r\n\r\nGET /short HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        loop, said = asyncio.get_running_loop(), b""
        while not said.endswith(b"here"):
            said += await asyncio.wait_for(loop.sock_recv(asked, 4096), 20)
        assert b"text/event-stream" in said, "and what was asked next is answered on the same line"
        assert desk.streams.open == 0
        asked.close()


async def test_a_reader_who_takes_nothing_makes_room(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "TAKES_WITHIN_S", 0.3)
    async with Desk() as desk:
        with desk.ask("/loud"):
            await until(lambda: stuck(desk))
            await until(lambda: not desk.streams.open and not desk.door.server_state.connections)
    assert faults(caplog) == []


BEGUN = b"POST /taken HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n"
ASKED = b"GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("begun", [b"GET /sh", BEGUN, ASKED + b"GET /sh", ASKED + BEGUN], ids=lambda begun: begun[-12:])
async def test_a_question_that_never_ends_is_cut_off_whatever_trickles_in(
    monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(server, "ASKS_WITHIN_S", 0.5)
    async with Desk() as desk:
        with desk.say(begun) as slow:
            await until(lambda: desk.door.server_state.connections)
            deadline = time.monotonic() + 20
            with contextlib.suppress(OSError):
                while desk.door.server_state.connections:
                    assert time.monotonic() < deadline, "it is still there"
                    slow.send(b"x")
                    await asyncio.sleep(0.05)
            await until(lambda: not desk.door.server_state.connections)


async def test_whoever_asks_to_the_end_is_answered_however_often_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ASKS_WITHIN_S", 1.5)
    async with Desk() as desk:
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        for _ in range(4):
            writer.write(BEGUN)
            await asyncio.sleep(0.45)  # together they take longer than one question may
            writer.write(b"x" * 4000)
            answer = await asyncio.wait_for(reader.readuntil(b"4000 bytes"), 20)
            assert answer.startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.parametrize("held", [b"", b"GET /sh", BEGUN, b"GET /openapi HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_a_neighbour_who_holds_every_place_keeps_nobody_else_out(
    monkeypatch: pytest.MonkeyPatch, held: bytes
) -> None:
    monkeypatch.setattr(crowd, "MOST_CONNECTIONS", 8)
    async with Desk() as desk:
        phone = desk.ask("/quiet")  # it is there first, and silent: nobody who waits for longer
        await until(lambda: desk.streams.open)
        theirs = [desk.say(held, peer="127.0.0.2") for _ in range(20)]
        await until(lambda: len(desk.door.server_state.connections) == 8)
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        writer.write(ASKED)
        assert (await asyncio.wait_for(reader.readuntil(b"here"), 20)).startswith(b"HTTP/1.1 200")
        assert desk.streams.open, "and it takes no place from the stream of a phone"
        writer.close()
        for line in (phone, *theirs):
            line.close()


async def test_a_crowd_that_has_asked_and_stays_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "MOST_CONNECTIONS", 8)
    async with Desk() as desk:
        with contextlib.ExitStack() as stack:
            stay = [stack.enter_context(desk.ask("/quiet")) for _ in range(3)]
            await until(lambda: desk.streams.open == len(stay))
            for _ in range(101):  # the last one is a phone on the same network
                loop, line, heard = asyncio.get_running_loop(), stack.enter_context(desk.ask("/short")), b""
                while not heard.endswith(b"here"):
                    piece = await asyncio.wait_for(loop.sock_recv(line, 4096), 20)
                    assert piece, f"cut off: {heard!r}"
                    heard += piece
            assert desk.streams.open == len(stay), "whoever follows is not silent"


async def comes_in_while_all_are_busy(newcomers: int, within_s: float = 20) -> None:
    """Every place is taken by a question whose answer is under way, all of one peer; then that peer asks more."""
    async with Desk() as desk:
        with contextlib.ExitStack() as stack:
            for _ in range(crowd.MOST_CONNECTIONS):
                stack.enter_context(desk.ask("/quiet"))
            await until(lambda: desk.streams.open == crowd.MOST_CONNECTIONS)
            # They connect, and ask only when the last of them is in: who has just come is given that time.
            lines = [stack.enter_context(desk.say(b"")) for _ in range(newcomers)]
            await until(lambda: desk.streams.open == crowd.MOST_CONNECTIONS - newcomers, within_s)
            for line in lines:
                await asyncio.get_running_loop().sock_sendall(line, ASKED)
                piece = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(line, 4096), 20)
                assert piece.startswith(b"HTTP/1.1 200"), "thrown out before it was read"


async def test_who_has_just_come_may_ask_while_the_same_user_holds_every_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "MOST_CONNECTIONS", 8)
    await comes_in_while_all_are_busy(newcomers=3)
    monkeypatch.setattr(crowd, "JUST_COME", 0 - crowd.MOST_CONNECTIONS - 1)
    with pytest.raises(AssertionError):
        await comes_in_while_all_are_busy(newcomers=3, within_s=1)


async def test_what_is_no_http_is_refused_and_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async with Desk() as desk:
        for words in (b"\x16\x03\x01 hello\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
            writer.write(words)
            assert b" 400 " in await asyncio.wait_for(reader.read(), 20)
            writer.close()
        with desk.ask("/short HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\nX: "):
            await until(lambda: desk.door.server_state.total_requests)
    assert caplog.records == []


def test_who_holds_the_most_gives_one_up_and_in_ipv6_a_network_is_one() -> None:
    assert crowd.peer_of(("10.0.0.9", 5)) == "10.0.0.9"
    assert crowd.peer_of(("2001:db8::1", 5)) == crowd.peer_of(("2001:db8::ffff:2", 7)) != crowd.peer_of(("::1", 5))
    assert crowd.peer_of(("fe80::1%eth0", 5)) == "fe80::/64"
    assert crowd.peer_of(("::ffff:10.0.0.9", 5)) == "10.0.0.9", "of a door on ::"
    assert crowd.peer_of(None) == ""
    assert crowd.peer_of(("ana", 1000)) == "ana"


@pytest.mark.parametrize("path", ["/quiet", "/loud"])
async def test_a_token_that_is_taken_back_ends_the_streams_that_were_opened_by_it(path: str) -> None:
    async with Desk() as desk:
        with desk.ask(path) as reader:
            await until(lambda: desk.streams.open)
            desk.streams.dismiss("somebody else")
            await asyncio.sleep(0)
            assert desk.streams.open
            desk.streams.dismiss("guest")
            loop, heard = asyncio.get_running_loop(), bytearray()
            while not heard.endswith(b"\r\n0\r\n\r\n"):  # the end of what is sent in pieces
                piece = await asyncio.wait_for(loop.sock_recv(reader, 65_536), 20)
                assert piece, "it was cut off in the middle"
                heard += piece
            await until(lambda: not desk.streams.open)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    files = Certificate(cert=folder / "cert.pem", key=folder / "key.pem")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    made += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*made, "-keyout", str(files.key), "-out", str(files.cert)], check=True, capture_output=True)
    return files


async def another_is_shown(certificate: Certificate, folder: Path) -> None:
    """A door shows another certificate; whoever is inside stays inside."""
    (folder / "door").write_bytes(make(("localhost",), ("127.0.0.1",), time.time_ns()))
    other = Certificate(cert=folder / "door", key=folder / "door")
    async with Desk(certificate) as desk:
        context = ssl.create_default_context(cafile=str(certificate.cert))
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", desk.port, ssl=context), 20)
        desk.door.show(server.context_of(other))
        assert (await asked_over_tls(desk, other)).endswith(b"here")
        with pytest.raises(ssl.SSLCertVerificationError):
            await asked_over_tls(desk, certificate)
        writer.write(b"GET /short HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 20)).endswith(b"here")
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_another_certificate_counts_from_the_next_handshake_on(
    certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await another_is_shown(certificate, tmp_path)
    monkeypatch.setattr(Door, "show", lambda *_: None)
    with pytest.raises(ssl.SSLCertVerificationError):
        await another_is_shown(certificate, tmp_path)


def test_a_certificate_of_no_use_is_refused_in_a_sentence(certificate: Certificate, tmp_path: Path) -> None:
    other, locked = tmp_path / "other", tmp_path / "locked"
    other.write_bytes(make(("localhost",), (), time.time_ns()))
    made = ["openssl", "ec", "-aes256", "-passout", "pass:secret", "-in", str(other), "-out", str(locked)]
    subprocess.run(made, check=True, capture_output=True)
    for files in (
        Certificate(cert=certificate.cert, key=other),  # of another
        Certificate(cert=other, key=locked),  # a password would be asked for at a terminal that nobody sees
        Certificate(cert=tmp_path / "none", key=other),
    ):
        with pytest.raises(server.DoorClosed, match="cannot be used"):
            server.context_of(files)


async def asked_over_tls(desk: Desk, certificate: Certificate) -> bytes:
    context = ssl.create_default_context(cafile=str(certificate.cert))
    reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", desk.port, ssl=context), 20)
    writer.write(b"GET /short HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return answer


async def test_hands_that_are_held_out_and_never_shaken_keep_nobody_out(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(gate, "MOST_HANDS", 8)
    before = _descriptors()
    async with Desk(certificate) as desk:
        silent = [socket.create_connection(("127.0.0.1", desk.port)) for _ in range(40)]
        assert (await asked_over_tls(desk, certificate)).endswith(b"here")
        await until(lambda: _descriptors() - before <= len(silent) + 8 + 6)  # theirs, the hands, the door's own
        for line in silent:
            line.close()
    assert faults(caplog) == []


async def test_a_handshake_has_an_end(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "SHAKES_WITHIN_S", 0.3)
    async with Desk(certificate) as desk:
        with socket.create_connection(("127.0.0.1", desk.port)) as silent:
            silent.setblocking(False)
            loop = asyncio.get_running_loop()
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(loop.sock_recv(silent, 1), 20) == b"", "hung up"
        assert (await asked_over_tls(desk, certificate)).endswith(b"here")


def _descriptors() -> int:
    return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))


def test_behind_a_door_that_stays_shut_nothing_is_built(tmp_path: Path) -> None:
    """It is tried again every ten seconds, for as long as the other program has the port or the key is of no use."""
    key = tmp_path / "key"
    key.write_text("no key")
    key.chmod(0o600)
    for files, port in ((None, "taken"), ((key, key), "free")):
        asked: Any = SimpleNamespace(names=frozenset(), proxied=False, credential="", certificate=files)
        doors, made = Doors.__new__(Doors), MagicMock(return_value=Starlette())
        doors._asked, doors._inside = asked, MagicMock()
        doors._certificate = DoorCertificate(asked, MagicMock(), MagicMock())
        with socket.create_server(("127.0.0.1", free_port())) as other:
            place = other.getsockname()
            if port == "free":
                other.close()
            with pytest.raises(server.DoorClosed):
                doors._opened(made, place)
        made.assert_not_called()
        asked.certificate = None
        _, listener = doors._opened(made, place)
        listener.close()
        made.assert_called_once()
