"""The book of tokens: who may come in over the network. It holds hashes alone, so whoever steals it cannot enter.

A token is 256 random bits: a plain SHA-256 of it can be neither guessed nor looked up. The file is small, written whole
under another name and put in its place, and readable by the daemon alone.
"""

import contextlib
import hashlib
import hmac
import json
import logging
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgectl.api.access import GIVEN, Role
from edgectl.api.house import Unavailable
from edgectl.model.time import SECOND, Nanos

LOG = logging.getLogger("edgectl")
MOST = 200  # tokens and paired pages together
LONGEST_NAME = 60
PAGE_LASTS: Nanos = 180 * 86_400 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One line of the book. `kind` is "token" or "page"; a page ends by itself."""

    token_id: str
    name: str
    role: Role
    kind: str
    digest: str
    created_at: Nanos  # wall
    until: Nanos | None = None  # wall


class TokenBook:
    """Tokens in a file of the state folder. `dismiss` is told which one was taken back."""

    def __init__(
        self, path: Path, wall: Callable[[], Nanos], dismiss: Callable[[str], None] = lambda token_id: None
    ) -> None:
        self._path, self._wall, self._dismiss = path, wall, dismiss
        self._tokens = _read(path)
        self._out: set[str] = set()  # taken back, and the book does not know it yet

    def listed(self) -> tuple[Token, ...]:
        """All that are good now."""
        return tuple(token for token in self._tokens if not self._over(token))

    def draw(self, name: str, role: Role, *, kind: str = "token") -> tuple[Token, str]:
        """A token and its secret for which there is room; they let nobody in before they are added. Raises
        Unavailable."""
        if role not in GIVEN:
            raise Unavailable(422, "payload_invalid", f"a token cannot be for {role}", f"one of {', '.join(GIVEN)}")
        name = name[:LONGEST_NAME]
        self._has_room(name, kind)
        secret = secrets.token_urlsafe(32)
        token = Token(
            token_id=secrets.token_hex(4),
            name=name,
            role=role,
            kind=kind,
            digest=_digest(secret),
            created_at=self._wall(),
            until=self._wall() + PAGE_LASTS if kind == "page" else None,
        )
        return token, secret

    def add(self, token: Token) -> None:
        """It lets in from now on. Raises Unavailable when the book has no room for it any more, or takes no writes, and
        it does not then."""
        self._has_room(token.name, token.kind)
        self._put((*self.listed(), token))

    def revoke(self, token_id: str) -> Token:
        """Take a token out of the book. Raises Unavailable when there is none of that id, or when the book takes no
        writes: it lets nobody in then all the same, until the book is read again."""
        found = next((token for token in self._tokens if token.token_id == token_id), None)
        if found is None:
            raise Unavailable(404, "unknown_token", f"there is no token {token_id}", "edgectl token list")
        self._out.add(token_id)
        self._dismiss(token_id)
        try:
            self._put(self.listed())
        except Unavailable as no:
            message = f"{found.name} ({token_id}) is out, until the next start only: {no.message}"
            raise Unavailable(no.http, no.code, message, no.hint) from no
        return found

    def known(self, secret: str, kind: str) -> Token | None:
        """Whose secret this is. Every line is compared, in constant time: an answer's delay tells nothing."""
        digest, found = _digest(secret), None
        for token in self._tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found if found is not None and found.kind == kind and not self._over(found) else None

    def _has_room(self, name: str, kind: str) -> None:
        """A name stands there for one program: who revokes it has to know which one. Raises Unavailable."""
        there = self.listed()
        if len(there) >= MOST:
            raise Unavailable(409, "too_many_tokens", f"there are {MOST} tokens", "revoke some: edgectl token list")
        for other in there:
            if kind == other.kind == "token" and name == other.name:
                hint = f"another name, or first: edgectl token revoke {other.token_id}"
                raise Unavailable(409, "name_taken", f"{name} has a token already: {other.token_id}", hint)

    def _over(self, token: Token) -> bool:
        return token.token_id in self._out or (token.until is not None and self._wall() >= token.until)

    def _put(self, tokens: tuple[Token, ...]) -> None:
        """Write the book whole. What cannot be written was not given."""
        unborn = self._path.with_name(f"{self._path.name}.new")
        try:
            unborn.unlink(missing_ok=True)  # a pipe would be waited at for ever
            descriptor = os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump([asdict(token) for token in tokens], file)
                file.flush()
                os.fsync(file.fileno())
            unborn.replace(self._path)
        except OSError as error:
            message = f"the book of tokens {self._path} takes no writes: {error.strerror}"
            raise Unavailable(503, "storage_degraded", message, "make room on the disk, then try again") from error
        self._tokens = tokens
        self._out.clear()  # whoever is out does not stand in what was written


def _read(path: Path) -> tuple[Token, ...]:
    """What is in the book. One that cannot be read is put aside and lets nobody in: the plants do not wait for it."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("it is no ordinary file")
        rows = json.loads(path.read_text())
        return tuple(_token(row) for row in rows)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        LOG.error(
            "the book of tokens %s cannot be read (%s): nobody is let in; make new ones: edgectl token add", path, error
        )
        with contextlib.suppress(OSError):
            path.rename(path.with_name(f"{path.name}.damaged"))
        return ()


def _token(row: dict[str, Any]) -> Token:
    """One line of the book. Raises ValueError, TypeError or KeyError for whatever is none."""
    token = Token(**{**row, "role": Role(row["role"])})
    words = (token.token_id, token.name, token.kind, token.digest)
    if not all(isinstance(word, str) for word in words) or not token.digest.isascii():
        raise ValueError("a line that is none")
    if type(token.until) not in (int, type(None)) or type(token.created_at) is not int:
        raise ValueError("a line without its times")
    return token


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
