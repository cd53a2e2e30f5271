"""A row of the centre's requests as a value. Pure.

Whoever may write there may write anything. A row that cannot be read is a request too: it is refused in a sentence, and
holds up none of those behind it.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from edgectl.model.ask import Ask
from edgectl.model.time import SECOND, Nanos

LONGEST = 64 * 1024  # letters of a payload
DEEPEST = 8  # levels, as at the other doors
LARGEST = 1 << 53  # whole numbers beyond it are not the same everywhere; at the other doors too they are refused
LATEST = 7_258_118_400.0  # 2200-01-01: for ever ends there, and no instant overflows


def asked(row: Mapping[str, Any]) -> Ask:
    """What is asked for. Instants come as seconds, since a calendar of Python ends before that of a database."""
    payload, flaw = _payload(row["payload"])
    return Ask(
        request_id=row["request_id"],
        kind=row["kind"],
        payload=payload,
        due_at=_instant(row["due_at"]),
        expires_at=_instant(row["expires_at"]),
        correlation_id=row["correlation_id"],
        created_by=row["created_by"],
        flaw=flaw,
    )


def _payload(text: str) -> tuple[dict[str, Any], str]:
    """The payload, or what is wrong with it."""
    if len(text) > LONGEST:
        return {}, f"the payload is longer than {LONGEST} letters"
    try:
        found = json.loads(text)
        # Only an escape can stand for half of a letter, which is no text and cannot be kept, or for no letter at all.
        plain = json.dumps(found, ensure_ascii=False).encode() if "\\u" in text else b""
    except (ValueError, RecursionError):
        return {}, "the payload is no JSON that can be read"
    if not isinstance(found, dict):
        return {}, "the payload must be a JSON object"
    if _deep(found):
        return {}, f"the payload is nested deeper than {DEEPEST} levels"
    if _huge(found):
        return {}, "the payload holds a number that is larger than any that is meant"
    return ({}, "the payload holds control characters") if b"\\u0000" in plain else (found, "")


def _deep(value: object, left: int = DEEPEST) -> bool:
    """What is nested so deep can be read, and may be too deep for whoever writes it into the journal."""
    return left < 0 or any(_deep(one, left - 1) for one in _inside(value))


def _huge(value: object) -> bool:
    """A database keeps a number of any length, and no sum can be done with one of four hundred digits."""
    if isinstance(value, int | float):
        return not abs(value) <= LARGEST
    return any(_huge(one) for one in _inside(value))


def _inside(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _instant(second: float) -> Nanos:
    return round(min(max(second, 0.0), LATEST) * 1_000_000) * (SECOND // 1_000_000)
