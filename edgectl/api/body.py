"""What may come in through a door: JSON of bounded size and depth, finite numbers, and text that can be shown.

Everything here is refused with a sentence before the engine hears of it: what is accepted is journaled, and what is
journaled must be readable for ever.
"""

import json
import math
import unicodedata
from typing import Any

from starlette.requests import ClientDisconnect, Request

from edgectl.api.house import Unavailable

LONGEST_BODY = 64 * 1024
DEEPEST = 8
LARGEST = 1 << 53  # integers beyond it are not the same number everywhere


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises Unavailable with what is wrong and where."""
    return understood(await raw_body(request, LONGEST_BODY))


def understood(raw: bytes) -> dict[str, Any]:
    """The JSON object that these bytes are. Raises Unavailable."""
    try:
        body = json.loads(raw or b"{}", parse_int=_whole)
    except UnicodeDecodeError as error:
        raise Unavailable(400, "no_json", "the body is not UTF-8 text", "send JSON in UTF-8") from error
    except (ValueError, RecursionError) as error:
        where = f" at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unavailable(400, "no_json", f"the body is no JSON that can be read{where}", 'send {"…": …}') from error
    if not isinstance(body, dict):
        raise Unavailable(400, "no_object", "the body must be a JSON object", 'send {"…": …}')
    if wrong := flaw(body, ""):
        raise Unavailable(422, "payload_invalid", wrong, "correct it and send it again; nothing was done")
    return body


async def raw_body(request: Request, longest: int) -> bytes:
    """All of a body. Raises Unavailable when it is too long, or does not come to its end."""
    raw = bytearray()
    try:
        async for piece in request.stream():
            raw += piece
            if len(raw) > longest:
                raise Unavailable(413, "body_too_long", f"the body is longer than {longest} bytes")
    except ClientDisconnect as gone:
        # Nobody is left to read this; it is no mistake of ours either.
        raise Unavailable(400, "no_json", "the asker hung up in the middle of the body") from gone
    return bytes(raw)


def flaw(value: Any, where: str, depth: int = 0) -> str:
    """What cannot be taken in, as a sentence; empty when everything can."""
    place = where or "the body"
    if depth > DEEPEST:
        return f"{place} is nested deeper than {DEEPEST} levels"
    match value:
        case str():
            return _text_flaw(value, place)
        case float() if not math.isfinite(value):
            return f"{place} is not a finite number"
        case bool():
            return ""
        case int() if abs(value) > LARGEST:
            return f"{place} is larger than any number that is meant"
        case dict():
            inside = [(str(key), item) for key, item in value.items()]
            bad = next((wrong for key, _ in inside if (wrong := _text_flaw(key, f"a key in {place}"))), "")
            found = (flaw(item, f"{where}.{key}".lstrip("."), depth + 1) for key, item in inside)
            return bad or next((wrong for wrong in found if wrong), "")
        case list():
            found = (flaw(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value))
            return next((wrong for wrong in found if wrong), "")
    return ""


def _text_flaw(text: str, place: str) -> str:
    if text.isprintable():
        return ""
    # Cc: control characters, which a terminal obeys. Cs: halves of a pair, which no UTF-8 can hold.
    kinds = {unicodedata.category(char) for char in text}
    if "Cs" in kinds:
        return f"{place} holds bytes that are no text; is the terminal set to UTF-8?"
    return f"{place} holds control characters" if "Cc" in kinds else ""


def _whole(digits: str) -> int:
    # Python refuses to read 4300 digits and more with a sentence of its own.
    return int(digits) if len(digits) < 20 else LARGEST + 1
