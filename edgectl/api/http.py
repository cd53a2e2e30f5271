"""Routes. Thin: each parses its input, asks the house, and wraps the answer."""

import re

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edgectl.api.body import body_of
from edgectl.api.failures import guarded
from edgectl.api.house import House, Unavailable
from edgectl.api.scheduler_routes import Desk
from edgectl.api.scheduler_routes import routes as scheduler_routes

PRESETS = frozenset({"all", "failed", "open"})


def public(house: House) -> Starlette:
    """Health and metrics: what may be seen without being asked who one is."""
    return Starlette(routes=_health(house))


def local(house: House, desk: Desk) -> Starlette:
    """Everything, for the local socket: the file's rights say who may connect."""

    def ok(data: object) -> Response:
        # Whoever shows a time shows it as people at the site read their clocks.
        return JSONResponse({"status": "ok", "data": data, "timezone": house.timezone})

    async def status(_: Request) -> Response:
        return ok(house.status())

    async def channels(_: Request) -> Response:
        return ok(house.channels())

    async def alarms(_: Request) -> Response:
        return ok(house.alarms())

    async def tasks(request: Request) -> Response:
        query = request.query_params
        preset = query.get("preset", "all")
        if preset not in PRESETS:
            raise Unavailable(422, "unknown_preset", f"there is no preset {preset!r}", f"use {', '.join(PRESETS)}")
        return ok(await house.tasks(preset, query.get("zone"), _number(query.get("limit"), 20, 1, 500)))

    async def task(request: Request) -> Response:
        return ok(await house.task(request.path_params["task_id"]))

    async def submit(request: Request) -> Response:
        return ok(await house.submit(await body_of(request), _who(request)))

    async def output_on(request: Request) -> Response:
        seconds = (await body_of(request)).get("seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise Unavailable(422, "seconds_required", "an ON needs its end", 'send {"seconds": 2}')
        return ok(await house.output_on(request.path_params["name"], float(seconds), _who(request)))

    async def output_off(request: Request) -> Response:
        return ok(await house.output_off(request.path_params["name"], _who(request)))

    async def stop_all(request: Request) -> Response:
        return ok(await house.stop_all(_who(request)))

    async def resume(request: Request) -> Response:
        return ok(await house.resume(_who(request)))

    async def stop_water(request: Request) -> Response:
        return ok(await house.restrain("stop_water", "", await body_of(request), on=True, who=_who(request)))

    async def restrain(request: Request) -> Response:
        what, zone = request.path_params["what"], request.path_params["zone"]
        on = request.method == "POST"
        return ok(await house.restrain(what, zone, await body_of(request) if on else {}, on=on, who=_who(request)))

    async def mode(request: Request) -> Response:
        wanted = str((await body_of(request)).get("mode"))
        return ok(await house.set_mode(request.path_params["zone"], wanted, _who(request)))

    async def cancel(request: Request) -> Response:
        return ok(await house.cancel(request.path_params["task_id"], _who(request)))

    async def approve(request: Request) -> Response:
        return ok(await house.approve(request.path_params["task_id"], _who(request)))

    async def acknowledge(request: Request) -> Response:
        return ok(await house.acknowledge(request.path_params["alarm_id"], _who(request)))

    async def shelve(request: Request) -> Response:
        seconds = (await body_of(request)).get("seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise Unavailable(422, "seconds_required", "a shelf needs its end", 'send {"seconds": 3600}')
        return ok(await house.shelve(request.path_params["alarm_id"], float(seconds), _who(request)))

    async def frames(request: Request) -> Response:
        after = _number(request.query_params.get("after"), 0, 0, 1 << 62)
        return ok(house.frames(request.path_params["bus"], after))

    return Starlette(
        routes=[
            *_health(house),
            *scheduler_routes(desk),
            Route("/status", guarded(status)),
            Route("/channels", guarded(channels)),
            Route("/alarms", guarded(alarms)),
            Route("/tasks", guarded(tasks)),
            Route("/tasks", guarded(submit), methods=["POST"]),
            Route("/tasks/{task_id}", guarded(task)),
            Route("/tasks/{task_id}/cancel", guarded(cancel), methods=["POST"]),
            Route("/tasks/{task_id}/approve", guarded(approve), methods=["POST"]),
            Route("/zones/{zone}/mode", guarded(mode), methods=["POST"]),
            Route("/zones/{zone}/{what:str}", guarded(restrain), methods=["POST", "DELETE"]),
            Route("/stop-water", guarded(stop_water), methods=["POST"]),
            Route("/outputs/{name}/on", guarded(output_on), methods=["POST"]),
            Route("/outputs/{name}/off", guarded(output_off), methods=["POST"]),
            Route("/stop-all", guarded(stop_all), methods=["POST"]),
            Route("/resume", guarded(resume), methods=["POST"]),
            Route("/alarms/{alarm_id}/ack", guarded(acknowledge), methods=["POST"]),
            Route("/alarms/{alarm_id}/shelve", guarded(shelve), methods=["POST"]),
            Route("/buses/{bus}/frames", guarded(frames)),
        ]
    )


def _health(house: House) -> list[Route]:
    async def live(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> Response:
        good, checks = house.readiness()
        body = {"status": "ok" if good else "error", "ready": good, "checks": checks}
        return JSONResponse(body, status_code=200 if good else 503)

    async def metrics(_: Request) -> Response:
        return Response(await house.metrics(), media_type="text/plain; version=0.0.4")

    return [
        Route("/health/live", guarded(live)),
        Route("/health/ready", guarded(ready)),
        Route("/metrics", guarded(metrics)),
    ]


def _number(text: str | None, default: int, low: int, high: int) -> int:
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,19}", text) or not low <= int(text) <= high:
        raise Unavailable(422, "number_out_of_range", f"{text!r} is not a number from {low} to {high}")
    return int(text)


def _who(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"
