"""JSON as strangers send it: one object, plain values, a bound on its length. Whatever else comes is `NotJson`."""

import json
import math
from typing import Any, NoReturn

LONGEST = 16384  # bytes of one message; the longest honest one is a config_report of about 3,000
MOST_DIGITS = 40  # no counter and no serial number has as many, and no sum can be done with one of four hundred


class NotJson(Exception):
    """No object that can be believed. The sentence says why."""


def read_object(payload: bytes) -> dict[str, Any]:
    """The one object in a payload. Raises NotJson."""
    if len(payload) > LONGEST:
        raise NotJson(f"{len(payload)} bytes are more than {LONGEST}")
    try:
        value = json.loads(
            payload.decode("utf-8"),
            parse_constant=_no_number,
            parse_int=_whole,
            parse_float=_finite,
            object_pairs_hook=_once_each,
        )
    except (ValueError, RecursionError) as error:
        raise NotJson(f"it is no JSON: {str(error)[:80]}") from None
    if not isinstance(value, dict):
        raise NotJson("it is JSON, and no object")
    return value


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        _no_number(f"a row of {len(digits)} digits")
    return int(digits)


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text[:MOST_DIGITS])


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values under one key one reader takes the first and another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
