"""The doors of an outside scheduler: bootstrap, heartbeat, tasks under a lease, tasks for later.

Shapes and codes are those of the service that a scheduler out there already talks to; what it must send is read here,
and refused here with the code of the one field that is wrong.
"""

import logging
from typing import Any, Protocol

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edgectl.api.access import Role
from edgectl.api.house import Body, Unavailable
from edgectl.api.operation import Call, Operation
from edgectl.api.wishes import BootstrapWish, EnqueueWish, HeartbeatWish, SchedulerTaskWish

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


def scheduler(desk: Desk) -> list[Operation]:
    """Its part of the table. A lease says who dispatches; a token or the local socket says who may come in at all."""

    async def bootstrap(call: Call) -> Response:
        scheduler_id = _id(call.body, "scheduler_id")
        return _ok(call.request, desk.bootstrap(scheduler_id, str(call.body.get("protocol_version", ""))))

    async def heartbeat(call: Call) -> Response:
        lease = str(call.body.get("lease_id", ""))[:LONGEST_ID]
        return _ok(call.request, desk.heartbeat(_id(call.body, "scheduler_id"), lease))

    async def submit(call: Call) -> Response:
        name, lease = (call.request.headers.get(name, "")[:LONGEST_ID] for name in (SCHEDULER, LEASE))
        LOG.info("task of scheduler %s", name, extra={"trace_id": _trace(call.request)})
        return _ok(call.request, await desk.submit(call.body, name, lease))

    async def task(call: Call) -> Response:
        return _ok(call.request, await desk.task(call.path("task_id")))

    async def enqueue(call: Call) -> Response:
        return _ok(call.request, await desk.enqueue(call.body))

    def post(path: str, says: str, handle: Any, wish: type[BaseModel], answer: str) -> Operation:
        return Operation(
            method="POST",
            path=path,
            role=Role.OPERATOR,
            says=says,
            handle=handle,
            answer=answer,
            wish=wish,
            checked=False,
            refusals=(404, 409),
        )

    return [
        post("/scheduler/bootstrap", "A lease for an outside scheduler.", bootstrap, BootstrapWish, "Lease"),
        post("/scheduler/bootstrap/heartbeat", "Keep the lease.", heartbeat, HeartbeatWish, "Lease"),
        post("/scheduler/task", "A task, under a lease.", submit, SchedulerTaskWish, "Submitted"),
        Operation(
            method="GET",
            path="/scheduler/task/{task_id}",
            role=Role.VIEWER,
            says="The public fields of a task.",
            handle=task,
            answer="Submitted",
            refusals=(404,),
        ),
        post("/scheduler/internal/enqueue", "A task for later.", enqueue, EnqueueWish, "Enqueued"),
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
