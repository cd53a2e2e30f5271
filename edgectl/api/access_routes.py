"""Access for others: tokens, and codes that pair a phone. Nobody gives more than they have."""

import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from edgectl.api.access import Role
from edgectl.api.house import Body, Unavailable
from edgectl.api.keepers import Listens
from edgectl.api.operation import Call, Operation
from edgectl.api.pairing import GOOD_FOR, Pairings, spoken
from edgectl.api.tokens import Token, TokenBook
from edgectl.api.wishes import PairWish, TokenWish
from edgectl.model.events import Event
from edgectl.model.hands import AccessChanged
from edgectl.model.time import SECOND, iso

LOG = logging.getLogger("edgectl")


def access(
    book: TokenBook, pairings: Pairings, listens: Callable[[], Listens], note: Callable[[AccessChanged], None]
) -> list[Operation]:
    """Who may come in. Each change is a line of the log and of the timeline, under the name of whoever made it."""

    async def listed(_: Call) -> Any:
        return [_row(token) for token in book.listed()]

    async def add(call: Call) -> Any:
        token, secret = book.add(call.body["name"], Role(call.body["role"]))
        LOG.warning("%s gave %s the token %s (%s)", call.who, token.name, token.token_id, token.role)
        note(changed(Event.ACCESS_GIVEN, call.who, token))
        return {**_row(token), "token": secret}

    async def revoke(call: Call) -> Any:
        token = book.revoke(call.path("token_id"))
        LOG.warning("%s revoked the token %s of %s", call.who, token.token_id, token.name)
        note(changed(Event.ACCESS_TAKEN, call.who, token))
        return {"result": "revoked", **_row(token)}

    async def pair(call: Call) -> Any:
        role = Role(call.body.get("role", Role.OPERATOR))
        if not call.person.role.may(role):
            raise Unavailable(403, "role_too_low", f"{call.who} is {call.person.role} and cannot make a {role}")
        invitation = pairings.invite(call.body.get("name", "phone"), role)
        LOG.warning("%s made a code that lets %s in as %s", call.who, invitation.name, role)
        note(AccessChanged(event=Event.ACCESS_OFFERED, who=call.who, name=invitation.name, role=role))
        code = spoken(invitation.code)
        good = {"good_for_s": GOOD_FOR // SECOND, **asdict(listens())}
        return {"code": code, "path": f"/pair#{code}", **good}

    def operation(method: str, path: str, says: str, handle: Any, answer: str, **more: Any) -> Operation:
        role = Role.OPERATOR if path == "/access/pairings" else Role.ENGINEER
        return Operation(method=method, path=path, role=role, says=says, handle=handle, answer=answer, **more)

    return [
        operation("GET", "/access/tokens", "Who may come in over the network.", listed, "TokenList"),
        operation("POST", "/access/tokens", "A new token.", add, "NewToken", wish=TokenWish, refusals=(409,)),
        operation("DELETE", "/access/tokens/{token_id}", "Take a token back.", revoke, "Done", refusals=(404,)),
        operation("POST", "/access/pairings", "A code that lets a phone in.", pair, "Code", wish=PairWish),
    ]


def changed(event: Event, who: str, token: Token) -> AccessChanged:
    """What the timeline says of a token."""
    return AccessChanged(event=event, who=who, name=token.name, role=token.role, token_id=token.token_id)


def _row(token: Token) -> Body:
    return {
        "id": token.token_id,
        "name": token.name,
        "role": token.role.value,
        "kind": token.kind,
        "created_at": iso(token.created_at),
        "until": None if token.until is None else iso(token.until),
    }
