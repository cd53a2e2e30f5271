"""The gate before a TLS door: who connects shakes hands soon, and a crowd that never does keeps nobody out.

The event loop would wait a minute for each handshake, count none of them, and tell the server of a connection only
afterwards: a neighbour who connects and says nothing could take every descriptor of the process, and the journal needs
some. So we accept ourselves, and when too many hands are held out the one that has been out for longest is let go.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Self

LOG = logging.getLogger("edgectl")
SHAKES_WITHIN_S = 10.0
MOST_HANDS = 64  # handshakes at one time
REST_S = 0.5  # when nothing can be accepted, mostly for want of descriptors
WAITING = 128  # that the kernel holds for us


class Gate:
    """One listening socket with TLS. It is closed and waited for as a server of the loop is. `context` may be exchanged
    at any time: it counts for the next handshake."""

    def __init__(
        self, listener: socket.socket, protocol: Callable[[], asyncio.Protocol], context: ssl.SSLContext
    ) -> None:
        self._listener, self._protocol, self.context = listener, protocol, context
        self._hands: dict[asyncio.Task[None], None] = {}  # in the order in which they came
        self._accepting: asyncio.Task[None] | None = None

    def open(self) -> Self:
        """Listen from now on."""
        self._listener.setblocking(False)
        self._listener.listen(WAITING)
        self._accepting = asyncio.ensure_future(self._accept())
        return self

    def close(self) -> None:
        """No more."""
        for task in (self._accepting, *self._hands):
            if task is not None:
                task.cancel()

    async def wait_closed(self) -> None:
        """Until nobody is in between."""
        tasks = [task for task in (self._accepting, *self._hands) if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                line, _ = await loop.sock_accept(self._listener)
            except OSError as error:
                LOG.warning("nobody can be let in just now: %s", error.strerror or error)
                await asyncio.sleep(REST_S)
                continue
            while len(self._hands) >= MOST_HANDS:
                oldest = next(iter(self._hands))
                del self._hands[oldest]
                oldest.cancel()
            hand = asyncio.ensure_future(self._shake(line))
            self._hands[hand] = None
            hand.add_done_callback(lambda done: self._hands.pop(done, None))
            await asyncio.sleep(0)  # it begins, so that whoever ends it closes its line too

    async def _shake(self, line: socket.socket) -> None:
        """Hand the connection to the server once it speaks TLS. Whoever does not is none of our mistakes, and the loop
        has closed the line by then."""
        with contextlib.suppress(OSError):  # ssl.SSLError and TimeoutError are
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol, line, ssl=self.context, ssl_handshake_timeout=SHAKES_WITHIN_S
            )
