"""The doors: the local socket for the command line, and the network. The same table stands behind both; a third one
shows numbers alone."""

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from edgectl.api import routes
from edgectl.api.access import Keeper, Role
from edgectl.api.access_routes import access
from edgectl.api.device_routes import device_routes
from edgectl.api.house import Unavailable
from edgectl.api.inside import Inside
from edgectl.api.keepers import Address, NetworkKeeper, SocketKeeper
from edgectl.api.limits import Rate
from edgectl.api.operation import Answering, Call, Operation, refused
from edgectl.api.rendering import Rendering
from edgectl.api.schedule_routes import calendar_routes
from edgectl.api.scheduler_routes import scheduler


def operations(inside: Inside, *, open_metrics: bool = True) -> list[Operation]:
    """The whole table."""
    table = [
        *routes.health(inside.house, open_metrics=open_metrics),
        *routes.reads(inside.house, inside.looks, inside.happenings),
        *routes.orders(inside.house),
        *device_routes(inside.devices),
        *calendar_routes(inside.calendar),
        *scheduler(inside.desk),
        *access(inside.access, inside.listens),
    ]
    return [*table, _described(table)]


def local(inside: Inside) -> Starlette:
    """The local socket: the kernel says who asks."""
    return _app(inside, SocketKeeper(), operations(inside), json_only=False)


def network(inside: Inside, address: Address) -> Starlette:
    """The network: a token or a paired page."""
    from edgectl.api.web.door import page_routes

    keeper = network_keeper(inside, address)
    table = operations(inside, open_metrics=address.open_metrics)
    return _app(inside, keeper, table, json_only=True, also=page_routes(inside, keeper))


def numbers(inside: Inside, address: Address) -> Starlette:
    """A door of their own for those who watch: health and numbers, and nothing that moves or tells anything else."""
    table = routes.health(inside.house, open_metrics=address.open_metrics)
    app = _app(inside, network_keeper(inside, address), table, json_only=True)
    app.add_exception_handler(
        HTTPException, partial(_no_such_route, hint=f"here are {', '.join(one.path for one in table)}")
    )
    return app


def network_keeper(inside: Inside, address: Address) -> NetworkKeeper:
    """Twenty questions a second are plenty for a page and a few programs; ten wrong secrets a minute for a person."""
    asked = Rate(inside.mono, burst=120, per_s=20)
    strange = Rate(inside.mono, burst=120, per_s=20, crowd=600)
    wrong = Rate(inside.mono, burst=10, per_s=1 / 6, crowd=60)
    return NetworkKeeper(address, inside.book, asked=asked, strange=strange, wrong=wrong)


def _app(
    inside: Inside, keeper: Keeper, table: list[Operation], *, json_only: bool, also: Sequence[BaseRoute] = ()
) -> Starlette:
    rendering = Rendering(inside.leisure)

    async def ok(data: Any) -> Response:
        # Whoever shows a time shows it as people at the site read their clocks.
        text, timezone = await rendering.text(data), json.dumps(inside.house.timezone).encode()
        body = b'{"status":"ok","data":' + text + b',"timezone":' + timezone + b"}"
        return Response(body, media_type="application/json")

    answering = Answering(keeper, ok, json_only=json_only, leisure=inside.leisure)
    app = Starlette(routes=[*(answering.route(one) for one in table), *also])
    # A path is what it is: the way on to one with another slash would lead to whatever Host the asker has named.
    app.router.redirect_slashes = False
    app.add_exception_handler(HTTPException, _no_such_route)
    return app


async def _no_such_route(
    request: Request, error: Exception, hint: str = "/openapi.json lists what there is"
) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "no_such_path", 405: "no_such_method"}.get(error.status_code, "refused")
    sentence = f"there is nothing under {request.url.path[:80]!r} for {request.method}"
    return refused(Unavailable(error.status_code, code, sentence, hint))


def _described(table: list[Operation]) -> Operation:
    told: list[bytes] = []

    async def described(_: Call) -> Response:
        if not told:
            # The models of all answers are made on another thread, the first time that somebody asks.
            told.append(await asyncio.to_thread(_document, [*table, own]))
        return Response(told[0], media_type="application/json")

    says = "This page."
    own = Operation(method="GET", path="/openapi.json", role=Role.ANYONE, says=says, handle=described, answer=None)
    return own


def _document(table: list[Operation]) -> bytes:
    from edgectl.api.openapi import document

    return document(table)
