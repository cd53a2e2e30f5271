"""One-time codes that let a phone in: shown as a QR code by `edgectl token pair`, good once and for ten minutes."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from edgectl.api.access import Role
from edgectl.model.time import SECOND, Nanos

GOOD_FOR: Nanos = 600 * SECOND
MOST_OPEN = 8
# Twenty letters that nobody mixes up when reading them aloud; sixteen of them are 69 bits. One address may be wrong ten
# times and then once in six seconds, and all strangers together ask a hundred times a second: that finds none in time.
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a code is good for."""

    code: str
    name: str
    role: Role
    until: Nanos  # mono


class Pairings:
    """The codes that nobody has used yet. They live in memory: a restart makes them worthless."""

    def __init__(self, mono: Callable[[], Nanos]) -> None:
        self._mono = mono
        self._open: list[Invitation] = []

    def invite(self, name: str, role: Role) -> Invitation:
        """A new code. When too many are open the oldest one is worthless from now on."""
        code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        invitation = Invitation(code=code, name=name, role=role, until=self._mono() + GOOD_FOR)
        self.put_back(invitation)
        return invitation

    def put_back(self, invitation: Invitation) -> None:
        """It is good for what it was good for: nobody came in by it."""
        self._open = [*self._open, invitation][-MOST_OPEN:]

    def redeem(self, code: str) -> Invitation | None:
        """What the code was good for; it is good for nothing afterwards."""
        typed = letters_of(code)
        now = self._mono()
        self._open = [one for one in self._open if now < one.until]
        found = None
        for one in self._open:
            if hmac.compare_digest(one.code, typed):
                found = one
        self._open = [one for one in self._open if one is not found]
        return found


def letters_of(code: str) -> str:
    """A code as it was typed, without what people put between its letters."""
    return "".join(letter for letter in code.upper() if letter in LETTERS)


def spoken(code: str) -> str:
    """A code in groups of four, as one reads it aloud."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))
