"""The way to the page: its routes and their roles. What draws it is loaded when somebody looks for the first time, on
another thread, so that a house at which nobody looks pays nothing for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from edgectl.api.access import STRANGER, Person, Role
from edgectl.api.house import Unavailable
from edgectl.api.keepers import NetworkKeeper

if TYPE_CHECKING:
    from edgectl.api.inside import Inside
    from edgectl.api.web.calibrating import Calibrating
    from edgectl.api.web.deeds import Deeds
    from edgectl.api.web.pages import Pages

    Page = tuple[Pages, Deeds, Calibrating]

LOG = logging.getLogger("edgectl")
LOOK, RUN = Role.VIEWER, Role.OPERATOR

# path, method, role, name of the method of Pages, of Deeds or of Calibrating that answers
TABLE: tuple[tuple[str, str, Role, str], ...] = (
    ("/", "GET", LOOK, "home"),
    ("/page/live", "GET", LOOK, "live"),
    ("/page/zones/{zone}", "GET", LOOK, "zone"),
    ("/page/tasks", "GET", LOOK, "tasks"),
    ("/page/tasks/{task_id}", "GET", LOOK, "task"),
    ("/page/day", "GET", LOOK, "day"),
    ("/page/alarms", "GET", LOOK, "alarms"),
    ("/page/calibrate", "GET", LOOK, "calibrations"),
    ("/page/calibrate/{subject}", "GET", LOOK, "calibration"),
    ("/page/language", "POST", LOOK, "language"),
    ("/page/leave", "POST", LOOK, "leave"),
    ("/page/stop-water", "POST", RUN, "stop_water"),
    ("/page/stop-all", "POST", RUN, "stop_all"),
    ("/page/resume", "POST", RUN, "resume"),
    ("/page/zones/{zone}/water", "POST", RUN, "water"),
    ("/page/zones/{zone}/hold", "POST", RUN, "hold"),
    ("/page/zones/{zone}/release", "POST", RUN, "release"),
    ("/page/zones/{zone}/lock", "POST", RUN, "lock"),
    ("/page/zones/{zone}/unlock", "POST", RUN, "unlock"),
    ("/page/zones/{zone}/mode", "POST", RUN, "mode"),
    ("/page/zones/{zone}/override/{setting}", "POST", RUN, "override"),
    ("/page/zones/{zone}/override/{setting}/end", "POST", RUN, "override_end"),
    ("/page/schedules/{name}/run", "POST", RUN, "schedule_run"),
    ("/page/schedules/{name}/hold", "POST", RUN, "schedule_hold"),
    ("/page/schedules/{name}/release", "POST", RUN, "schedule_release"),
    ("/page/calibrate/{subject}/begin", "POST", RUN, "begin"),
    ("/page/calibrate/{subject}/point", "POST", RUN, "point"),
    ("/page/calibrate/{subject}/finish", "POST", RUN, "finish"),
    ("/page/calibrate/{subject}/back", "POST", RUN, "give_back"),
    ("/page/calibrate/{subject}/run", "POST", RUN, "pump_runs"),
    ("/page/calibrate/{subject}/gave", "POST", RUN, "pump_gave"),
    ("/page/outputs/{name}/on", "POST", RUN, "output_on"),
    ("/page/outputs/{name}/off", "POST", RUN, "output_off"),
    ("/page/alarms/{alarm_id}/ack", "POST", RUN, "acknowledge"),
    ("/page/alarms/{alarm_id}/shelve", "POST", RUN, "shelve"),
    ("/page/alarms/{alarm_id}/unshelve", "POST", RUN, "unshelve"),
    ("/page/tasks/{task_id}/cancel", "POST", RUN, "cancel"),
    ("/page/tasks/{task_id}/approve", "POST", RUN, "approve"),
    ("/pair", "GET", Role.ANYONE, "pair"),
    ("/pair", "POST", Role.ANYONE, "enter"),
    ("/static/{name:path}", "GET", Role.ANYONE, "static"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOperation:
    """What a test of the roles needs to know of a route."""

    method: str
    path: str
    role: Role
    answer: None = None


class PageDoor:
    """Asks who it is, loads the page, and turns every refusal into a page of its own."""

    def __init__(self, inside: "Inside", keeper: NetworkKeeper) -> None:
        self._inside, self._keeper = inside, keeper
        self._page: Page | None = None
        self._loading = asyncio.Lock()

    def route(self, path: str, method: str, role: Role, name: str) -> Route:
        """One route of the table."""

        async def answer(request: Request) -> Response:
            return await self._answer(request, role, name)

        answer.operation = PageOperation(method=method, path=path, role=role)  # type: ignore[attr-defined]
        return Route(path, answer, methods=[method])

    async def _answer(self, request: Request, role: Role, name: str) -> Response:
        pages, *others = await self._loaded()
        person = STRANGER
        try:
            person = self._keeper.know(request.scope, role)
            place = next(place for place in (pages, *others) if hasattr(place, name))
            handler: Callable[[Request, Person], Awaitable[Any]] = getattr(place, name)
            given: Response = await handler(request, person)
            return given
        except Unavailable as no:
            if no.http == 401 and request.method == "GET" and name != "live":
                return RedirectResponse("/pair", status_code=303)
            return await pages.problem(request, person, no)
        except Exception:  # our own mistake: the reader gets a sentence, the log gets the rest
            LOG.exception("%s %s", request.method, request.url.path)
            mistake = Unavailable(500, "internal", "this page could not be drawn", "the log of the daemon says more")
            return await pages.problem(request, person, mistake)

    async def _loaded(self) -> "Page":
        async with self._loading:
            if self._page is None:
                self._page = await asyncio.to_thread(_load, self._inside, self._keeper)
            return self._page


def page_routes(inside: "Inside", keeper: NetworkKeeper) -> Sequence[BaseRoute]:
    """Every route of the page."""
    door = PageDoor(inside, keeper)
    return [door.route(path, method, role, name) for path, method, role, name in TABLE]


def _load(inside: "Inside", keeper: NetworkKeeper) -> "Page":
    from edgectl.api.web.calibrating import Calibrating
    from edgectl.api.web.deeds import Deeds
    from edgectl.api.web.pages import Pages

    pages = Pages(inside, keeper)
    return pages, Deeds(inside, keeper, pages.said), Calibrating(inside, pages)
