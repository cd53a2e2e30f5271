"""A stream of server-sent events, with a bound for everything that a slow reader could make grow."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.responses import Response

from edgectl.api.leisure import Leisure
from edgectl.model.time import MS, Nanos

LOG = logging.getLogger("edgectl")
MOST_STREAMS = 56
TELLING: Nanos = MS // 10  # what it takes to tell one reader
LASTS_S = 12 * 3600.0  # then a reader comes again, and is asked again who it is


class Streams:
    """The streams that are open, and by whose leave. Closing lets every stream end, so that an ending daemon does not
    wait for a browser; a guest whose token was taken back hears nothing more."""

    def __init__(self, leisure: Leisure | None = None) -> None:
        self._leisure, self._told = leisure or Leisure(), asyncio.Lock()
        self._open: list[tuple[str, asyncio.Event]] = []
        self.closing = asyncio.Event()
        self._news = asyncio.Event()

    def tell(self) -> None:
        """Something happened: wake whoever waits."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    @property
    def open(self) -> int:
        """How many."""
        return len(self._open)

    def close(self) -> None:
        """No more: every stream ends."""
        self.closing.set()
        for _, ended in self._open:
            ended.set()
        self.tell()

    def dismiss(self, guest: str) -> None:
        """Whoever reads by this token reads no more."""
        for name, ended in self._open:
            if name == guest:
                ended.set()

    @contextlib.contextmanager
    def admit(self, guest: str) -> Iterator[asyncio.Event]:
        """One more stream. The event is set when it has to end."""
        place = guest, asyncio.Event()
        self._open.append(place)
        try:
            yield place[1]
        finally:
            self._open.remove(place)

    async def news(self, within_s: float) -> bool:
        """Wait for the next event. False when there was none. Those who wait are told one after the other: fifty
        readers are no single piece of work, and none of them is told before an order that is on its way."""
        try:
            async with asyncio.timeout(within_s):
                await self._news.wait()
        except TimeoutError:
            return False
        async with self._told:
            await self._leisure.after(TELLING)
        return True


class EventStream(Response):
    """An ASGI answer that sends pieces of text until they end, the reader goes, its token is taken back, or the daemon
    ends. `guest` is the id of the token. A reader that takes nothing is cut off by the server."""

    def __init__(self, streams: Streams, pieces: AsyncIterator[str], guest: str) -> None:  # it has no body to render
        self._streams, self._pieces, self._guest = streams, pieces, guest

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve it. Whoever asks for the head alone takes no place among those who follow."""
        if scope["method"] == "HEAD":
            await self._begin(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        with self._streams.admit(self._guest) as ended:
            late = asyncio.get_running_loop().call_later(LASTS_S, ended.set)
            gone = asyncio.ensure_future(_gone(receive))
            sending = asyncio.ensure_future(self._send(send, ended))
            try:
                await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                late.cancel()
                for task in (gone, sending):
                    task.cancel()
                _, sent = await asyncio.gather(gone, sending, return_exceptions=True)
                if isinstance(sent, Exception) and not isinstance(sent, OSError):
                    LOG.error("a stream broke off", exc_info=sent)  # a reader that has gone is none of our mistakes

    async def _begin(self, send: Any) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _send(self, send: Any, ended: asyncio.Event) -> None:
        await self._begin(send)
        while not ended.is_set() and (piece := await self._next(ended)) is not None:
            await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, ended: asyncio.Event) -> str | None:
        """The next piece; None when there is none, or when the stream has to end while it waits for one."""
        piece = asyncio.ensure_future(anext(self._pieces, None))
        end = asyncio.ensure_future(ended.wait())
        try:
            await asyncio.wait({piece, end}, return_when=asyncio.FIRST_COMPLETED)
            return None if ended.is_set() else await piece
        finally:
            for task in (piece, end):
                task.cancel()
            await asyncio.gather(piece, end, return_exceptions=True)


def event(kind: str, data: str, id_: str | None = None) -> str:
    """One event. Data of several lines is sent as several."""
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return ("" if id_ is None else f"id: {id_}\n") + f"event: {kind}\n{lines}\n"


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
