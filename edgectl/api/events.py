"""`/events`: the lines of the timeline as they are committed, from any line on.

An event bears the journal's id beside the number of its line: a journal that was rebuilt counts from one again, and its
lines would else be taken for those that a reader already has.

A stream keeps no queue. Each has a number, the last line that it sent, and takes the next ones from a short ring that
all share; what has left the ring it reads from the journal. So fifty slow readers cost fifty numbers.
"""

import json
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from edgectl.api.house import Unavailable
from edgectl.api.stream import MOST_STREAMS, EventStream, Streams, event
from edgectl.model.timeline import Entry

RING = 256
PAGE = 200  # lines read from the journal at once
ALIVE_EVERY_S = 10.0
RESUME = re.compile(r"(?:([0-9a-z]{6,40})\.)?([0-9]{1,19})")  # an id of an event; a number alone is of this journal


class Happenings:
    """The newest committed lines, and the streams that follow them."""

    def __init__(
        self,
        streams: Streams,
        journal_id: str,
        last: int,
        view: Callable[[Entry], dict[str, Any]],
        older: Callable[[int, int], Awaitable[Sequence[Entry]]],
    ) -> None:
        self._streams, self._journal, self.last, self._view, self._older = streams, journal_id, last, view, older
        self._ring: deque[Entry] = deque(maxlen=RING)
        self._written: dict[int, str] = {}

    def publish(self, entries: Sequence[Entry]) -> None:
        """Lines were committed."""
        self._ring.extend(entries)
        if entries:
            self.last = entries[-1].seq
            self._streams.tell()

    def follow(self, resume: str | None, guest: str) -> EventStream:
        """A stream that goes on behind `resume`, the id of the last event its reader has; without it, from now.
        `guest` is the token that it is opened by.

        Raises Unavailable when that is no id, or when there are too many streams.
        """
        found = None if resume is None else RESUME.fullmatch(resume)
        if resume is not None and found is None:
            hint = "send the id of the last event, or nothing"
            raise Unavailable(422, "number_out_of_range", f"Last-Event-ID {resume[:40]!r} is no number of a line", hint)
        if self._streams.open >= MOST_STREAMS:
            raise Unavailable(503, "too_many_streams", f"{MOST_STREAMS} streams are open", "close some, then try again")
        journal, number = (None, self.last) if found is None else (found[1], int(found[2]))
        return EventStream(self._streams, self._pieces(number, journal), guest)

    async def _pieces(self, after: int, journal: str | None = None) -> AsyncIterator[str]:
        if after > self.last or journal not in (None, self._journal):  # it begins anew, and the reader must know
            yield event("restarted", json.dumps({"last": self.last}), self._id(self.last))
            after = self.last
        yield ": the timeline\n\n"
        while not self._streams.closing.is_set():
            last = self.last
            found = await self._next(after)
            upto = found[0].seq - 1 if found else last
            if after < upto:  # what is kept no more: the reader must know that there was something
                yield event("gap", json.dumps({"from": after + 1, "to": upto}), self._id(upto))
            if found:
                after = found[-1].seq
                yield "".join(map(self._text, found))
            # Lines that neither ring nor journal gives are not asked for again and again.
            after = after if found else max(after, last)
            if after >= self.last and not await self._streams.news(ALIVE_EVERY_S):
                yield ": alive\n\n"

    def _text(self, entry: Entry) -> str:
        """A line as it is sent, written once for all who follow."""
        text = self._written.get(entry.seq)
        if text is None:
            text = event("entry", json.dumps(self._view(entry), ensure_ascii=False), self._id(entry.seq))
            self._written[entry.seq] = text
            if len(self._written) > RING:
                del self._written[next(iter(self._written))]
        return text

    def _id(self, seq: int) -> str:
        return f"{self._journal}.{seq}"

    async def _next(self, after: int) -> Sequence[Entry]:
        if after >= self.last:
            return ()
        if self._ring and self._ring[0].seq <= after + 1:
            return [entry for entry in self._ring if entry.seq > after]
        return await self._older(after, PAGE)
