"""The doors of an outside scheduler: bootstrap, heartbeat, tasks under a lease, tasks for later.

Shapes and codes are those of the service that a scheduler out there already talks to; what it must send is read here,
and refused here with the code of the one field that is wrong.
"""

import logging
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edgectl.api.body import body_of
from edgectl.api.failures import guarded
from edgectl.api.house import Body, Unavailable

LOG = logging.getLogger("edgectl")
SCHEDULER, LEASE, TRACE = "X-Scheduler-Id", "X-Scheduler-Lease-Id", "X-Trace-Id"
LONGEST_ID = 64


class Desk(Protocol):
    """Where an outside scheduler is served. Raises Unavailable."""

    def bootstrap(self, scheduler_id: str, protocol_version: str) -> Body:
        """Give a lease, or say why not."""

    def heartbeat(self, scheduler_id: str, lease_id: str) -> Body:
        """Make the lease last longer, or say that there is none."""

    async def submit(self, request: Body, scheduler_id: str, lease_id: str) -> Body:
        """Take a task on, for whoever holds the lease."""

    async def task(self, task_id: str) -> Body:
        """The public fields of a task."""

    async def enqueue(self, request: Body) -> Body:
        """Keep a task for later."""


def routes(desk: Desk) -> list[Route]:
    """To be mounted behind whatever asks who somebody is."""

    async def bootstrap(request: Request) -> Response:
        body = await body_of(request)
        return _ok(request, desk.bootstrap(_id(body, "scheduler_id"), str(body.get("protocol_version", ""))))

    async def heartbeat(request: Request) -> Response:
        body = await body_of(request)
        return _ok(request, desk.heartbeat(_id(body, "scheduler_id"), str(body.get("lease_id", ""))[:LONGEST_ID]))

    async def submit(request: Request) -> Response:
        scheduler, lease = (request.headers.get(name, "")[:LONGEST_ID] for name in (SCHEDULER, LEASE))
        body = await body_of(request)
        LOG.info("task of scheduler %s", scheduler, extra={"trace_id": _trace(request)})
        return _ok(request, await desk.submit(body, scheduler, lease))

    async def task(request: Request) -> Response:
        return _ok(request, await desk.task(request.path_params["task_id"]))

    async def enqueue(request: Request) -> Response:
        return _ok(request, await desk.enqueue(await body_of(request)))

    return [
        Route("/scheduler/bootstrap", guarded(bootstrap), methods=["POST"]),
        Route("/scheduler/bootstrap/heartbeat", guarded(heartbeat), methods=["POST"]),
        Route("/scheduler/task", guarded(submit), methods=["POST"]),
        Route("/scheduler/task/{task_id}", guarded(task)),
        Route("/scheduler/internal/enqueue", guarded(enqueue), methods=["POST"]),
    ]


def _ok(request: Request, data: Any) -> Response:
    trace = _trace(request)
    return JSONResponse({"status": "ok", "data": data}, headers={TRACE: trace} if trace else None)


def _trace(request: Request) -> str:
    """The word under which the asker finds this request again in its own log. Nothing that a log would obey."""
    return "".join(char for char in request.headers.get(TRACE, "")[:LONGEST_ID] if char.isalnum() or char in "-_.:")


def _id(body: dict[str, Any], name: str) -> str:
    raw = body.get(name)
    if not isinstance(raw, str) or not 1 <= len(raw) <= LONGEST_ID:
        hint = f'send {{"{name}": "…"}}, the same at every start'
        raise Unavailable(422, "payload_invalid", f"{name} has to be a text of 1 to {LONGEST_ID} characters", hint)
    return raw
