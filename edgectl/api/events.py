"""`/events`: the lines of the timeline as they are committed, from any line on.

A stream keeps no queue. Each has a number, the last line that it sent, and takes the next ones from a short ring that
all share; what has left the ring it reads from the journal. So fifty slow readers cost fifty numbers.
"""

import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from edgectl.api.house import Unavailable
from edgectl.api.stream import MOST_STREAMS, EventStream, Streams, event
from edgectl.model.timeline import Entry

RING = 256
PAGE = 200  # lines read from the journal at once
ALIVE_EVERY_S = 10.0
LONGEST_NUMBER = 19


class Happenings:
    """The newest committed lines, and the streams that follow them."""

    def __init__(
        self,
        streams: Streams,
        last: int,
        view: Callable[[Entry], dict[str, Any]],
        older: Callable[[int, int], Awaitable[Sequence[Entry]]],
    ) -> None:
        self._streams, self.last, self._view, self._older = streams, last, view, older
        self._ring: deque[Entry] = deque(maxlen=RING)
        self._written: dict[int, str] = {}

    def publish(self, entries: Sequence[Entry]) -> None:
        """Lines were committed."""
        self._ring.extend(entries)
        if entries:
            self.last = entries[-1].seq
            self._streams.tell()

    def follow(self, resume: str | None, guest: str) -> EventStream:
        """A stream that goes on behind `resume`, the number of the last line its reader has; without it, from now.
        `guest` is the token that it is opened by.

        Raises Unavailable when that is no number, or when there are too many streams.
        """
        if resume is not None and not (resume.isascii() and resume.isdigit() and len(resume) <= LONGEST_NUMBER):
            hint = "send the id of the last event, or nothing"
            raise Unavailable(422, "number_out_of_range", f"Last-Event-ID {resume[:40]!r} is no number of a line", hint)
        if self._streams.open >= MOST_STREAMS:
            raise Unavailable(503, "too_many_streams", f"{MOST_STREAMS} streams are open", "close some, then try again")
        return EventStream(self._streams, self._pieces(self.last if resume is None else int(resume)), guest)

    async def _pieces(self, after: int) -> AsyncIterator[str]:
        if after > self.last:  # of another journal: it begins anew, and the reader must know
            yield event("restarted", json.dumps({"last": self.last}), self.last)
            after = self.last
        yield ": the timeline\n\n"
        while not self._streams.closing.is_set():
            last = self.last
            found = await self._next(after)
            upto = found[0].seq - 1 if found else last
            if after < upto:  # what is kept no more: the reader must know that there was something
                yield event("gap", json.dumps({"from": after + 1, "to": upto}), upto)
            for entry in found:
                after = entry.seq
                yield self._text(entry)
            # Lines that neither ring nor journal gives are not asked for again and again.
            after = after if found else max(after, last)
            if after >= self.last and not await self._streams.news(ALIVE_EVERY_S):
                yield ": alive\n\n"

    def _text(self, entry: Entry) -> str:
        """A line as it is sent, written once for all who follow."""
        text = self._written.get(entry.seq)
        if text is None:
            text = event("entry", json.dumps(self._view(entry), ensure_ascii=False), entry.seq)
            self._written[entry.seq] = text
            if len(self._written) > RING:
                del self._written[next(iter(self._written))]
        return text

    async def _next(self, after: int) -> Sequence[Entry]:
        if after >= self.last:
            return ()
        if self._ring and self._ring[0].seq <= after + 1:
            return [entry for entry in self._ring if entry.seq > after]
        return await self._older(after, PAGE)
