"""An answer as JSON. A long one is written piece by piece, so that orders have their turn in between; and what several
ask for at nearly one time is the same object, and written out once."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from edgectl.api.leisure import Leisure

AT_ONCE = 80  # rows of one piece: a part of a millisecond
LARGE = 16 * 1024  # bytes that are worth keeping
KEPT = 4  # texts of lists, and one of a whole answer

Rows = Callable[[list[Any]], Awaitable[bytes]]


class Rendering:
    """The texts of one door. What was given to it nobody may change afterwards."""

    def __init__(self, leisure: Leisure | None = None) -> None:
        self._leisure = leisure or Leisure()
        self._kept: list[tuple[object, bytes]] = []  # what was asked for last stands last
        self._writing = asyncio.Lock()
        self._whole: tuple[object, bytes] = None, b""

    async def text(self, data: Any) -> bytes:
        """The JSON of it."""
        if self._whole[0] is data and self._whole[1]:
            return self._whole[1]
        if isinstance(data, list):
            return await self._list(data)
        if not isinstance(data, dict):
            return _plain(data)
        text = await self._fields(data, self._list)
        if len(text) > LARGE:
            self._whole = data, text
        return text

    async def _list(self, rows: list[Any]) -> bytes:
        """A list of the answer itself: it may be the same in the next one."""
        if len(rows) <= AT_ONCE and not any(map(_long, rows)):
            return await self._rows(rows)
        async with self._writing:  # whoever asks for the same meanwhile finds it written
            text = next((text for known, text in self._kept if known is rows), None)
            if text is None:
                text = await self._rows(rows)
            if len(text) > LARGE:
                others = [one for one in self._kept if one[0] is not rows]
                self._kept = [*others, (rows, text)][-KEPT:]
        return text

    async def _fields(self, data: dict[str, Any], rows: Rows) -> bytes:
        pieces = [_plain(str(name)) + b":" + await self._part(value, rows) for name, value in data.items()]
        return b"{" + b",".join(pieces) + b"}"

    async def _rows(self, rows: list[Any]) -> bytes:
        pieces = []
        for at in range(0, len(rows), AT_ONCE):
            some, begin = rows[at : at + AT_ONCE], self._leisure.mono()
            if any(_long(row) for row in some):
                pieces += [await self._part(row, self._rows) for row in some]
            else:
                pieces.append(_plain(some)[1:-1])
            if len(rows) > AT_ONCE:
                await self._leisure.after(self._leisure.mono() - begin)
        return b"[" + b",".join(pieces) + b"]"

    async def _part(self, value: Any, rows: Rows) -> bytes:
        if not _long(value):
            return _plain(value)
        return await rows(value) if isinstance(value, list) else await self._fields(value, self._rows)


def _long(value: Any) -> bool:
    """Is there so much in it that it is written in pieces? Asked of each row: to look must cost less than to write."""
    if isinstance(value, list):
        return len(value) > AT_ONCE or any(map(_long, value))
    if isinstance(value, dict):
        for row in value.values():
            if type(row) is list and len(row) > AT_ONCE:
                return True
    return False


def _plain(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
