"""A stream of server-sent events, with a bound for everything that a slow reader could make grow."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response

LOG = logging.getLogger("edgectl")
WRITTEN_WITHIN_S = 20.0  # a reader that takes nothing for so long has gone
MOST_STREAMS = 56


class Streams:
    """How many are open. Closing lets every stream end, so that an ending daemon does not wait for a browser."""

    def __init__(self) -> None:
        self.open = 0
        self.closing = asyncio.Event()
        self._news = asyncio.Event()

    def tell(self) -> None:
        """Something happened: wake whoever waits."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    def close(self) -> None:
        """No more: every stream ends."""
        self.closing.set()
        self.tell()

    async def news(self, within_s: float) -> bool:
        """Wait for the next event. False when there was none."""
        try:
            async with asyncio.timeout(within_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True


class EventStream(Response):
    """An ASGI answer that sends pieces of text until they end, the reader goes, or the daemon ends."""

    def __init__(self, streams: Streams, pieces: AsyncIterator[str]) -> None:  # it has no body to render
        self._streams, self._pieces = streams, pieces

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve it."""
        self._streams.open += 1
        gone = asyncio.ensure_future(_gone(receive))
        sending = asyncio.ensure_future(self._send(send))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._streams.open -= 1
            for task in (gone, sending):
                task.cancel()
            _, sent = await asyncio.gather(gone, sending, return_exceptions=True)
            if isinstance(sent, Exception) and not isinstance(sent, TimeoutError | OSError):
                LOG.error("a stream broke off", exc_info=sent)  # a reader that has gone is none of our mistakes

    async def _send(self, send: Any) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for piece in self._pieces:
            async with asyncio.timeout(WRITTEN_WITHIN_S):
                await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
            if self._streams.closing.is_set():
                break
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def event(kind: str, data: str, number: int | None = None) -> str:
    """One event. Data of several lines is sent as several."""
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return ("" if number is None else f"id: {number}\n") + f"event: {kind}\n{lines}\n"


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
