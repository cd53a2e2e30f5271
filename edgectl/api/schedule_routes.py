"""The doors of the schedules: what comes next and why something did not, hold, release, run now."""

from typing import Any, Protocol

from pydantic import BaseModel

from edgectl.api.access import Role
from edgectl.api.house import Body
from edgectl.api.operation import Call, Operation
from edgectl.api.wishes import HoldWish, RunWish

SOURCES = {"socket": "cli", "page": "page"}  # whoever is known by anything else is a program


class Calendar(Protocol):
    """Where schedules are looked at and restrained. Raises Unavailable."""

    async def schedules(self) -> list[Body]:
        """Every schedule with its next runs, what keeps it, and what was left out last."""

    async def hold(self, schedule: str, seconds: float, *, who: str, why: str) -> Body:
        """Hold a schedule for a while."""

    async def release(self, schedule: str, *, who: str) -> Body:
        """End a hold."""

    async def run_now(self, schedule: str, *, who: str, anyway: bool, source: str) -> Body:
        """Run it once, now; while it is held only with `anyway`."""


def calendar_routes(calendar: Calendar) -> list[Operation]:
    """Their part of the table."""

    async def schedules(_: Call) -> Any:
        return await calendar.schedules()

    async def hold(call: Call) -> Any:
        who, why = str(call.body.get("who") or call.who), str(call.body.get("why", ""))
        return await calendar.hold(call.path("name"), float(call.body["seconds"]), who=who, why=why)

    async def release(call: Call) -> Any:
        return await calendar.release(call.path("name"), who=call.who)

    async def run_now(call: Call) -> Any:
        anyway, source = call.body.get("anyway") is True, SOURCES.get(call.person.by, "api")
        return await calendar.run_now(call.path("name"), who=call.who, anyway=anyway, source=source)

    def order(method: str, path: str, says: str, handle: Any, wish: type[BaseModel] | None) -> Operation:
        return Operation(
            method=method,
            path=path,
            role=Role.OPERATOR,
            says=says,
            handle=handle,
            answer="Done",
            wish=wish,
            refusals=(404, 409),
        )

    return [
        Operation(
            method="GET",
            path="/schedules",
            role=Role.VIEWER,
            says="The schedules: what comes next, and what keeps it.",
            handle=schedules,
            answer="Schedules",
        ),
        order("POST", "/schedules/{name}/hold", "Hold a schedule for a while.", hold, HoldWish),
        order("DELETE", "/schedules/{name}/hold", "A held schedule goes on.", release, None),
        order("POST", "/schedules/{name}/run-now", "Run a schedule once, now.", run_now, RunWish),
    ]
