"""Who asks, and what they may: three roles, each with everything that the one before it may do.

Two rules. Whoever cannot be told from a stranger is one. And what makes safe is never refused for asking too often.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Role(StrEnum):
    """In rising order."""

    ANYONE = "anyone"  # no name is asked
    VIEWER = "viewer"  # may look
    OPERATOR = "operator"  # may water, stop, hold, acknowledge
    ENGINEER = "engineer"  # may give and take access

    def may(self, needed: "Role") -> bool:
        """Is this role enough where `needed` is asked for?"""
        order = list(Role)
        return order.index(self) >= order.index(needed)


GIVEN = (Role.VIEWER, Role.OPERATOR, Role.ENGINEER)  # what a token may carry


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody at a door. `who` is what the journal names; `by` is how they were known: socket, token or page; and
    `token_id` which token it was."""

    who: str
    role: Role
    by: str
    token_id: str = ""


STRANGER = Person(who="a stranger", role=Role.ANYONE, by="nothing")


class Keeper(Protocol):
    """Keeps a door: knows people, and names what is wrong with a request."""

    def know(self, scope: Any, needed: Role) -> Person:
        """Who asks. Raises Unavailable when that one may not: 401, 403, 421 or 429."""
