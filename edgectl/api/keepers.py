"""The two keepers: of the local socket, where the kernel says who asks, and of the network, where a secret does.

On the network a browser is the dangerous one: it sends the page's cookie also when another site told it to, and a name
of somebody else's may point to us. So the Host must be ours, a change must come from our own page, and the cookie is
SameSite=Strict besides.
"""

import ipaddress
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from edgectl.api.access import STRANGER, Person, Role
from edgectl.api.crowd import peer_of
from edgectl.api.house import Unavailable
from edgectl.api.limits import Rate
from edgectl.api.tokens import Token, TokenBook

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_SECRET = 200
NEVER_TOO_OFTEN = frozenset({"/stop-all", "/stop-water", "/page/stop-all", "/page/stop-water"})
_AGAIN = "edgectl token list shows who may come in"


class SocketKeeper:
    """The rights of the socket file say who may connect, the kernel who it is. Root and the daemon's own user may do
    everything; the members of its group run the greenhouse, and give nobody else access."""

    def know(self, scope: Any, needed: Role) -> Person:
        """Who asks."""
        name, uid = scope.get("client") or ("unknown", -1)
        role = Role.ENGINEER if uid in (0, os.getuid()) else Role.OPERATOR if uid >= 0 else Role.ANYONE
        return _allowed(Person(who=str(name), role=role, by="socket"), needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How this door is reached. `names` are the host names that are ours; `proxied` says that another program speaks
    TLS in front of it, `tls` that we do."""

    names: frozenset[str]
    tls: bool = False
    proxied: bool = False

    @property
    def open_metrics(self) -> bool:
        """Who can reach a plain loopback door is on this machine already; a proxy lets everybody else in too."""
        return not self.tls and not self.proxied

    @property
    def cookie(self) -> str:
        """The name of the page's cookie. The prefix makes browsers refuse one that another host has planted."""
        return "__Host-edgectl" if self.tls or self.proxied else "edgectl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listens:
    """Where one comes in, whether other machines reach it there, and the SHA-256 of the certificate that is shown."""

    address: str
    reachable: bool
    fingerprint: str = ""


class NetworkKeeper:
    """Bearer tokens for programs, a cookie for the page. Strangers have a measure of their own (`strange`): however
    many of them ask, a known one is asked for patience only for what they did themselves."""

    def __init__(self, address: Address, book: TokenBook, *, asked: Rate, strange: Rate, wrong: Rate) -> None:
        self.address, self._book, self._asked, self._strange, self._wrong = address, book, asked, strange, wrong

    def know(self, scope: Any, needed: Role) -> Person:
        """Who asks."""
        headers = Headers(scope=scope)
        self._host(headers)
        person = self._person(scope, headers)
        if scope["path"] not in NEVER_TOO_OFTEN or person is STRANGER:
            self.not_too_often(scope, person)
        return _allowed(person, needed)

    def not_too_often(self, scope: Any, person: Person) -> None:
        """One more question of somebody. Raises 429."""
        rate, asker = (self._strange, _peer(scope)) if person is STRANGER else (self._asked, person.token_id)
        if wait := rate.take(asker):
            raise too_often(wait)

    def may_guess(self, scope: Any) -> None:
        """Before a code is looked at at all: whoever was wrong too often is not told whether they are right now."""
        if wait := self._wrong.patience(_peer(scope)):
            raise too_often(wait)

    def guessed(self, scope: Any) -> None:
        """A secret was wrong. Raises 429 once that has happened too often."""
        if wait := self._wrong.take(_peer(scope)):
            raise too_often(wait)

    def _host(self, headers: Headers) -> None:
        host = host_of(headers.get("host", ""))
        if host not in self.address.names and not _literal(host):
            message = f"this controller is not known as {host[:80]!r}"
            raise Unavailable(421, "host_not_known", message, "add the name: edgectl run --name NAME")

    def _person(self, scope: Any, headers: Headers) -> Person:
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        if scheme:
            found = self._book.known(secret.strip()[:LONGEST_SECRET], "token") if scheme.lower() == "bearer" else None
            if found is None:
                self.guessed(scope)
                raise Unavailable(401, "token_not_known", "this token is not known here", _AGAIN)
            return _guest(found)
        secret = cookie_of(headers, self.address.cookie)
        if not secret:
            return STRANGER
        found = self._book.known(secret[:LONGEST_SECRET], "page")
        if found is None:
            self.guessed(scope)
            return STRANGER
        if scope["method"] not in SAFE_METHODS:
            same_origin(headers)
        return _guest(found)


def _guest(token: Token) -> Person:
    return Person(who=f"{token.name} ({token.token_id})", role=token.role, by=token.kind, token_id=token.token_id)


def same_origin(headers: Headers) -> None:
    """A change by cookie comes from our own page. Raises 403."""
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is None or urlsplit(origin).netloc.lower() != host.lower():
        raise Unavailable(403, "foreign_origin", "this request comes from another page", "open the page itself")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Unavailable(403, "foreign_origin", "this request comes from another site", "open the page itself")


def too_often(wait_s: float) -> Unavailable:
    """429, with the time to wait."""
    return Unavailable(
        429, "too_often", "too many requests", f"try again in {wait_s:.0f} s", {"retry_after_s": round(wait_s, 1)}
    )


def cookie_of(headers: Headers, name: str) -> str:
    """The value of a cookie; empty when there is none."""
    for piece in headers.get("cookie", "").split(";"):
        key, _, value = piece.strip().partition("=")
        if key == name:
            return value
    return ""


def host_of(header: str) -> str:
    """The host name of a Host header, without its port."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def _literal(host: str) -> bool:
    # An address of numbers is no name that somebody else could point here.
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _allowed(person: Person, needed: Role) -> Person:
    if person.role.may(needed):
        return person
    if person.role is Role.ANYONE:
        raise Unavailable(
            401, "who_are_you", "this needs a token or a paired page", "edgectl token add, or edgectl token pair"
        )
    message = f"{person.who} is {person.role}; this needs {needed}"
    raise Unavailable(403, "role_too_low", message, f"ask for a token with the role {needed}")


def _peer(scope: Any) -> str:
    client = scope.get("client")
    return peer_of((client[0], client[1])) if client else "unknown"
