"""A line whose other end is a table of bytes: the fake of the link seam."""

import asyncio
from collections.abc import Callable, Mapping

from edgectl.drivers.links.seam import LinkDown


class ScriptedLink:
    """Answers a known request with its reply, in the next turn of the loop. `cut` takes the line away."""

    def __init__(self, replies: Mapping[bytes, bytes], *, refuse: str = "") -> None:
        self.replies = dict(replies)
        self.refuse = refuse
        self.written: list[bytes] = []
        self._on_bytes: Callable[[bytes], None] | None = None
        self._on_lost: Callable[[str], None] | None = None

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        """Open, or refuse in words."""
        if self.refuse:
            raise LinkDown(self.refuse)
        self._on_bytes, self._on_lost = on_bytes, on_lost

    def write(self, data: bytes) -> None:
        """Take the bytes; a gone line swallows them."""
        if self._on_bytes is None:
            return
        self.written.append(data)
        reply = self.replies.get(data)
        if reply is not None:
            asyncio.get_running_loop().call_soon(self._answer, reply)

    def cut(self, why: str) -> None:
        """The line is gone."""
        on_lost, self._on_bytes, self._on_lost = self._on_lost, None, None
        if on_lost is not None:
            on_lost(why)

    def close(self) -> None:
        """Nobody is told any more."""
        self._on_bytes = self._on_lost = None

    def _answer(self, reply: bytes) -> None:
        if self._on_bytes is not None:
            self._on_bytes(reply)
