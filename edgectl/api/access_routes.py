"""Access for others: tokens."""

import logging
from typing import Any

from edgectl.api.access import Role
from edgectl.api.house import Body
from edgectl.api.operation import Call, Operation
from edgectl.api.tokens import Token, TokenBook
from edgectl.api.wishes import TokenWish
from edgectl.model.time import iso

LOG = logging.getLogger("edgectl")


def access(book: TokenBook) -> list[Operation]:
    """Who may come in."""

    async def listed(_: Call) -> Any:
        return [_row(token) for token in book.listed()]

    async def add(call: Call) -> Any:
        token, secret = book.add(call.body["name"], Role(call.body["role"]))
        LOG.warning("%s gave %s the token %s (%s)", call.who, token.name, token.token_id, token.role)
        return {**_row(token), "token": secret}

    async def revoke(call: Call) -> Any:
        token = book.revoke(call.path("token_id"))
        LOG.warning("%s revoked the token %s of %s", call.who, token.token_id, token.name)
        return {"result": "revoked", **_row(token)}

    def operation(method: str, path: str, says: str, handle: Any, answer: str, **more: Any) -> Operation:
        role = Role.ENGINEER
        return Operation(method=method, path=path, role=role, says=says, handle=handle, answer=answer, **more)

    return [
        operation("GET", "/access/tokens", "Who may come in over the network.", listed, "TokenList"),
        operation("POST", "/access/tokens", "A new token.", add, "NewToken", wish=TokenWish, refusals=(409,)),
        operation("DELETE", "/access/tokens/{token_id}", "Take a token back.", revoke, "Done", refusals=(404,)),
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
