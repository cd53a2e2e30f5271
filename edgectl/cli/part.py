"""What a look has found until it was broken off: by Ctrl-C, or because the line went in the middle of it.

A look takes up to minutes. Who ends it has mostly seen what was wanted, and must not lose it.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgectl.drivers.discover import Found
    from edgectl.drivers.talk import Talk

BY_HAND = "broken off by hand"


class LineKept(Exception):
    """A daemon drives the line and has no rest of it for us, or has ended while it asked."""


@contextlib.contextmanager
def broken_off() -> "Iterator[list[str]]":
    """Around a look on a line that is open. Why it ended before its time stands in the list; empty where it did not."""
    why: list[str] = []
    try:
        yield why
    except KeyboardInterrupt:
        why.append(BY_HAND)
    except LineKept as kept:
        why.append(str(kept))
    except OSError as lost:
        why.append(f"the line was lost: {lost.strerror or lost}")


def look(talk: "Talk", kind: str, unit: int) -> "tuple[Found, str]":
    """What a unit is, and why the look was broken off; nothing where it was not."""
    from edgectl.drivers import discover

    known = discover.Found(unit=unit, whole=False)
    with broken_off() as why:
        for found in discover.growing(talk, kind, unit):
            known = found
    return known, "".join(why)
