"""Letting in and putting out. Each is a line of the timeline, and the answer waits until that is on the disk.

Whoever is let in waits for the line; whoever is put out does not. Dies the power between the two, the timeline tells of
a token that lets nobody in, for the book does not have it; or somebody is out of whom the timeline does not say so.
The other way round somebody could come in of whom nobody was told, and somebody would still be in who was put out.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from edgectl.api.access import Role
from edgectl.api.house import Unavailable
from edgectl.api.pairing import Invitation, Pairings, letters_of
from edgectl.api.tokens import Token, TokenBook
from edgectl.model.events import Event
from edgectl.model.hands import AccessChanged

LOG = logging.getLogger("edgectl")
AGAIN_S = 0.1
TRIES = 100
SAID_WITHIN_S = 1.0

Change = Callable[[int], AccessChanged]  # with the number under which it is answered
Note = Callable[[Change], Awaitable[Any]]


class Access:
    """Who may come in is changed here alone. `note` has the journal know, and returns when it does; it raises
    Unavailable where it does not."""

    def __init__(self, book: TokenBook, pairings: Pairings, note: Note) -> None:
        self._book, self._pairings, self._note = book, pairings, note
        self._entering: dict[str, asyncio.Task[tuple[Token, str]]] = {}  # by code, while its line is on the way

    def listed(self) -> tuple[Token, ...]:
        """Who may come in."""
        return self._book.listed()

    async def offer(self, name: str, role: Role, who: str) -> Invitation:
        """A code that lets somebody in. Raises Unavailable."""
        LOG.warning("%s makes a code that lets %s in as %s", who, name, role)
        await self._noted_once(_line(Event.ACCESS_OFFERED, who, name, role))
        return self._pairings.invite(name, role)

    async def enter(self, code: str) -> tuple[Token, str] | None:
        """A code was entered: the token of a page and its secret, or None where the code is wrong. Raises Unavailable,
        and the code stays good then. A second tap meanwhile gets the answer of the first: a browser that asks
        again drops the one before, and the code would be used up for a token that nobody has."""
        typed = letters_of(code)
        if (letting := self._entering.get(typed)) is None:
            invitation = self._pairings.redeem(code)
            if invitation is None:
                return None
            letting = self._entering[typed] = asyncio.create_task(self._let_in(invitation))
            letting.add_done_callback(lambda _: self._entering.pop(typed))
        return await asyncio.shield(letting)

    async def _let_in(self, invitation: Invitation) -> tuple[Token, str]:
        try:
            return await self.give(invitation.name, invitation.role, f"{invitation.name}, by a code", kind="page")
        except Unavailable:
            self._pairings.put_back(invitation)
            raise

    async def give(self, name: str, role: Role, who: str, *, kind: str = "token") -> tuple[Token, str]:
        """A new token and its secret, which is told once. Raises Unavailable, and nobody was let in then."""
        token, secret = self._book.draw(name, role, kind=kind)
        LOG.warning("%s gives %s the token %s (%s)", who, token.name, token.token_id, token.role)
        try:
            await self._noted_once(_changed(Event.ACCESS_GIVEN, who, token))
            self._book.add(token)
        except Unavailable as no:
            LOG.warning("nobody was let in: %s", no.message)
            if no.code != "busy":  # that line is on the disk, or comes there yet
                await self._not_given(token)
            raise
        return token, secret

    async def take(self, token_id: str, who: str) -> Token:
        """Out of the book at once, and the line as soon as the journal takes it. Raises Unavailable where there is no
        such token, or the book or the journal does not take it. Of one that is out of a book that takes no writes the
        line is said as well."""
        there = next((token for token in self._book.listed() if token.token_id == token_id), None)
        try:
            token = self._book.revoke(token_id)
        except Unavailable as no:
            if there is not None:
                LOG.warning("%s took the token %s of %s back: %s", who, token_id, there.name, no.message)
                await self._said_soon(_changed(Event.ACCESS_TAKEN, who, there))
            raise
        LOG.warning("%s took the token %s of %s back", who, token.token_id, token.name)
        try:
            await self._noted(_changed(Event.ACCESS_TAKEN, who, token))
        except Unavailable as no:
            message = f"{token.name} ({token_id}) is out, and the journal does not say so yet"
            raise Unavailable(no.http, no.code, message, "edgectl status says what is wrong with it") from no
        return token

    async def _noted_once(self, line: Change) -> None:
        """For what may be left undone."""
        try:
            await self._note(line)
        except Unavailable as no:
            message = "the journal does not take the line of it now, and nobody is let in without"
            raise Unavailable(no.http, no.code, message, "edgectl status says what is wrong; then try again") from no

    async def _not_given(self, token: Token) -> None:
        """The timeline says that it was given."""
        await self._said_soon(_changed(Event.ACCESS_TAKEN, "edgectl, which could not keep it", token))

    async def _said_soon(self, line: Change) -> None:
        """It waits in the inbox at once, so nobody waits for it for long."""
        with contextlib.suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(SAID_WITHIN_S):
                await self._noted(line)

    async def _noted(self, line: Change) -> None:
        """What has happened already is said again while there is no room for it."""
        for left in reversed(range(TRIES)):
            try:
                await self._note(line)
            except Unavailable as no:
                if no.code != "busy" or not left:
                    raise
                await asyncio.sleep(AGAIN_S)
            else:
                return


def _changed(event: Event, who: str, token: Token) -> Change:
    return _line(event, who, token.name, token.role, token.token_id)


def _line(event: Event, who: str, name: str, role: Role, token_id: str = "") -> Change:
    return lambda token: AccessChanged(token=token, event=event, who=who, name=name, role=role, token_id=token_id)
