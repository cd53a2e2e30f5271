"""One thing that can be asked for: its path, who may, what goes in and what comes out, on one line of a table.

The routes, the check of the role, the check of the body and the page /openapi.json are all made from that line, so none
of them can be forgotten.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edgectl.api.access import Keeper, Person, Role
from edgectl.api.body import body_of
from edgectl.api.house import Unavailable
from edgectl.api.leisure import PIECE, Leisure
from edgectl.api.turns import Turns

LOG = logging.getLogger("edgectl")
LOOKING_AT_ONCE = 2  # while one waits for the disk the other is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, after everything that could refuse it has spoken."""

    request: Request
    person: Person
    body: dict[str, Any]

    @property
    def who(self) -> str:
        """The name for the journal."""
        return self.person.who

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        """A parameter."""
        return self.request.query_params.get(name)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A parameter that is a whole number. Raises 422."""
        text = self.query(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 20) or not low <= int(text) <= high:
            raise Unavailable(422, "number_out_of_range", f"{name}: {text[:40]!r} is not a number from {low} to {high}")
        return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parameter, with its JSON schema."""

    name: str
    schema: Mapping[str, Any]
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`answer` names a model of answers.py; None is an answer that is no JSON. `checked` is False where the house
    itself reads the body, because its refusals are part of the task contract. `turn` is False for one that waits for a
    device: it must not keep those who look waiting, and has a limit of its own."""

    method: str
    path: str
    role: Role
    says: str
    handle: Callable[[Call], Awaitable[Any]]
    answer: str | None
    wish: type[BaseModel] | None = None
    checked: bool = True
    queries: tuple[Query, ...] = ()
    refusals: tuple[int, ...] = field(default=())
    turn: bool = True

    @property
    def waits(self) -> bool:
        """Does it only look, and answers as JSON? Then it waits for its turn among those who look."""
        return self.turn and self.method == "GET" and self.role is not Role.ANYONE and self.answer is not None


class Answering:
    """Turns operations into routes. `ok` wraps what a handler returns.

    Whoever only looks waits for a turn: however many look at once, what is due in the house waits for a piece of one
    answer and not for all of them. An order waits for nobody who looks.
    """

    def __init__(
        self,
        keeper: Keeper,
        ok: Callable[[Any], Awaitable[Response]],
        *,
        json_only: bool,
        leisure: Leisure | None = None,
    ) -> None:
        self._keeper, self._ok, self._json_only = keeper, ok, json_only
        self._turns, self._leisure = Turns(LOOKING_AT_ONCE), leisure or Leisure()

    def route(self, operation: Operation) -> Route:
        """The route of an operation."""

        async def answer(request: Request) -> Response:
            return await self.guarded(request, operation)

        answer.operation = operation  # type: ignore[attr-defined]  # how a test finds a route that has no role
        return Route(operation.path, answer, methods=[operation.method])

    async def guarded(self, request: Request, operation: Operation) -> Response:
        """Who, what, then the house; whatever goes wrong is told in a sentence, and never in Python's words."""
        try:
            person = self._keeper.know(request.scope, operation.role)
            body = await self._body(request, operation)
            call = Call(request=request, person=person, body=body)
            if operation.waits:
                async with self._turns.of(person.who):
                    await self._leisure.after(PIECE)  # what it costs to hear a question and to send the answer
                    return await self._given(operation, call)
            return await self._given(operation, call)
        except Unavailable as no:
            return refused(no)
        except Exception:  # our own mistake: the asker gets a sentence, the log gets the rest
            LOG.exception("%s %s", request.method, request.url.path)
            sentence = "edgectl could not answer this; it is a mistake of the program"
            return refused(Unavailable(500, "internal", sentence, "the log of the daemon says more"))

    async def _given(self, operation: Operation, call: Call) -> Response:
        given = await operation.handle(call)
        return given if isinstance(given, Response) else await self._ok(given)

    async def _body(self, request: Request, operation: Operation) -> dict[str, Any]:
        if operation.wish is None:
            return {}
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if self._json_only and kind != "application/json":
            raise Unavailable(415, "json_only", f"the body is {kind[:40] or 'of no kind'}", "send application/json")
        body = await body_of(request)
        return checked(operation.wish, body) if operation.checked else body


def checked(wish: type[BaseModel], body: dict[str, Any]) -> dict[str, Any]:
    """The body as its model takes it. Raises Unavailable with the first thing that is wrong."""
    try:
        return wish.model_validate(body).model_dump(exclude_unset=True)
    except ValidationError as error:
        raise Unavailable(422, "payload_invalid", _first(error), _shape(wish)) from None


def refused(no: Unavailable) -> Response:
    """A refusal in the shape of the contract."""
    body = {"status": "error", "code": no.code, "message": no.message, "detail": no.detail, "hint": no.hint}
    headers = {}
    if no.http == 401:
        headers["www-authenticate"] = "Bearer"
    if "retry_after_s" in no.detail:
        headers["retry-after"] = str(max(1, round(no.detail["retry_after_s"])))
    return JSONResponse(body, status_code=no.http, headers=headers)


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, in words."""
    wrong = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in wrong["loc"]) or "the body"
    says = {"missing": "is missing", "extra_forbidden": "is not known here"}.get(wrong["type"])
    return f"{where[:80]} {says}" if says else f"{where[:80]}: {wrong['msg'].lower()}"


def _shape(wish: type[BaseModel]) -> str:
    fields = f"send {', '.join(wish.model_fields)}" if wish.model_fields else "send {}"
    return f"{(wish.__doc__ or '').rstrip('.')}: {fields}"
