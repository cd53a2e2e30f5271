"""JSON as strangers send it: one object, plain values, a bound on its length. Whatever else comes is `NotJson`."""

import json
from typing import Any, NoReturn

LONGEST = 16384  # bytes of one message; the longest honest one is a config_report of about 3,000


class NotJson(Exception):
    """No object that can be believed. The sentence says why."""


def read_object(payload: bytes) -> dict[str, Any]:
    """The one object in a payload. Raises NotJson."""
    if len(payload) > LONGEST:
        raise NotJson(f"{len(payload)} bytes are more than {LONGEST}")
    try:
        value = json.loads(payload.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise NotJson(f"it is no JSON: {str(error)[:80]}") from None
    if not isinstance(value, dict):
        raise NotJson("it is JSON, and no object")
    return value


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values under one key one reader takes the first and another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
