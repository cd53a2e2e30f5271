"""Access for others: tokens, and codes that pair a phone. Nobody gives more than they have."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from edgectl.api.access import Role
from edgectl.api.giving import Access
from edgectl.api.house import Body, Unavailable
from edgectl.api.keepers import Listens
from edgectl.api.operation import Call, Operation
from edgectl.api.pairing import GOOD_FOR, spoken
from edgectl.api.tokens import Token
from edgectl.api.wishes import PairWish, TokenWish
from edgectl.model.time import SECOND, iso


def access(given: Access, listens: Callable[[], Listens]) -> list[Operation]:
    """Who may come in. Each change is a line of the log and of the timeline, under the name of whoever made it."""

    async def listed(_: Call) -> Any:
        return [_row(token) for token in given.listed()]

    async def add(call: Call) -> Any:
        token, secret = await given.give(call.body["name"], Role(call.body["role"]), call.who)
        return {**_row(token), "token": secret}

    async def revoke(call: Call) -> Any:
        return {"result": "revoked", **_row(await given.take(call.path("token_id"), call.who))}

    async def pair(call: Call) -> Any:
        role = Role(call.body.get("role", Role.OPERATOR))
        if not call.person.role.may(role):
            raise Unavailable(403, "role_too_low", f"{call.who} is {call.person.role} and cannot make a {role}")
        invitation = await given.offer(call.body.get("name", "phone"), role, call.who)
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


def _row(token: Token) -> Body:
    return {
        "id": token.token_id,
        "name": token.name,
        "role": token.role.value,
        "kind": token.kind,
        "created_at": iso(token.created_at),
        "until": None if token.until is None else iso(token.until),
    }
