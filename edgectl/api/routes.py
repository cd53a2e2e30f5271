"""Everything that a program can ask for, on one table. The page has a table of its own (web/pages.py)."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from edgectl.api.access import Role
from edgectl.api.events import Happenings
from edgectl.api.house import House, Looks, Unavailable
from edgectl.api.operation import Call, Operation, Query
from edgectl.api.wishes import (
    CalibrationWish,
    ModeWish,
    Nothing,
    OnWish,
    OverrideWish,
    RestraintWish,
    SeenWish,
    ShelfWish,
    TaskWish,
    TriedWish,
)

PRESETS = ("all", "failed", "open", "deadline", "done_confirmed", "done_unconfirmed")
NAMES = {"type": "string", "maxLength": 200}
LOOK, RUN = Role.VIEWER, Role.OPERATOR


def health(house: House, *, open_metrics: bool) -> list[Operation]:
    """What the service manager and Prometheus ask."""

    async def live(_: Call) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_: Call) -> Response:
        good, checks = house.readiness()
        body = {"status": "ok" if good else "error", "ready": good, "checks": checks}
        return JSONResponse(body, status_code=200 if good else 503)

    async def metrics(_: Call) -> Response:
        return Response(await house.metrics(), media_type="text/plain; version=0.0.4")

    numbers = Role.ANYONE if open_metrics else LOOK
    return [
        _get("/health/live", Role.ANYONE, "Does the process run?", live, "Alive"),
        _get("/health/ready", Role.ANYONE, "May work be dispatched?", ready, "Readiness"),
        _get("/metrics", numbers, "Numbers for Prometheus.", metrics, None),
    ]


def reads(house: House, looks: Looks, happenings: Happenings) -> list[Operation]:
    """What may be looked at."""

    async def status(_: Call) -> Any:
        await house.prepare()
        return house.status()

    async def central(_: Call) -> Any:
        return _standing(house.central())

    async def channels(_: Call) -> Any:
        await house.prepare()
        return house.channels()

    async def alarms(_: Call) -> Any:
        return house.alarms()

    async def zones(_: Call) -> Any:
        await house.prepare()
        return house.status()["zones"]

    async def outputs(_: Call) -> Any:
        await house.prepare()
        return house.status()["outputs"]

    async def overrides(_: Call) -> Any:
        await house.prepare()
        return [row for row in house.status()["restraints"] if row["what"] == "override"]

    async def calibrations(_: Call) -> Any:
        await house.prepare()
        kept = ("sensor", "unit", "shown", "value", "calibration", "missing", "in_hands")
        return [{name: row.get(name) for name in kept} for row in house.status()["readings"]]

    async def tasks(call: Call) -> Any:
        preset = call.query("preset") or "all"
        if preset not in PRESETS:
            raise Unavailable(422, "unknown_preset", f"there is no preset {preset[:40]!r}", f"use {', '.join(PRESETS)}")
        return await looks.tasks(
            preset, call.query("zone"), call.query("search") or "", call.number("limit", 20, 1, 500)
        )

    async def task(call: Call) -> Any:
        return await house.task(call.path("task_id"))

    async def zone_tasks(call: Call) -> Any:
        timeline = call.number("include_timeline", 0, 0, 1) == 1
        return await looks.zone_tasks(call.path("zone"), call.number("limit", 20, 1, 100), timeline=timeline)

    async def zone_task(call: Call) -> Any:
        return await looks.zone_task(call.path("zone"), call.path("task_id"))

    async def automation_state(call: Call) -> Any:
        return looks.automation_state(call.path("zone"))

    async def past(call: Call) -> Any:
        return await looks.past(call.path("sensor"))

    async def day(call: Call) -> Any:
        return await looks.day(call.query("date"))

    async def missed(_: Call) -> Any:
        return await looks.missed()

    async def left_out(call: Call) -> Any:
        return await looks.left_out(call.query("schedule"), call.number("limit", 20, 1, 500))

    async def frames(call: Call) -> Any:
        return house.frames(call.path("bus"), call.number("after", 0, 0, 1 << 62))

    async def events(call: Call) -> Any:
        resume = call.request.headers.get("last-event-id") or call.query("after")
        return happenings.follow(resume, call.person.token_id)

    after = Query(name="after", schema={"type": "integer", "minimum": 0}, says="Only what has a larger number.")
    behind = Query(name="after", schema={"type": "string"}, says="The id of an event, or the number of a line.")
    return [
        _get("/status", LOOK, "The whole site.", status, "Status"),
        _get("/central", LOOK, "How it stands with the centre.", central, "Central", (), (404,)),
        _get("/channels", LOOK, "Every sensor and every output.", channels, "Channels"),
        _get("/alarms", LOOK, "What a person must know.", alarms, "Alarms"),
        _get("/outputs", LOOK, "Every output: what was seen, and what is owed.", outputs, "Outputs"),
        _get("/overrides", LOOK, "Settings that have another value for a while.", overrides, "Overrides"),
        _get(
            "/calibrations", LOOK, "What each sensor shows, and when it was calibrated.", calibrations, "Calibrations"
        ),
        _get("/zones", LOOK, "The zones and what runs there.", zones, "Zones"),
        _get("/tasks", LOOK, "Tasks, the newest first.", tasks, "Tasks", _task_queries(), (404, 422)),
        _get("/tasks/{task_id}", LOOK, "One task, whole.", task, "TaskWhole", (), (404,)),
        _get(
            "/api/zones/{zone}/scheduler-tasks",
            LOOK,
            "Tasks of a zone, as the contract.",
            zone_tasks,
            "SchedulerTasks",
            _zone_queries(),
            (404, 422),
        ),
        _get(
            "/api/zones/{zone}/scheduler-tasks/{task_id}",
            LOOK,
            "One task of a zone, as the contract.",
            zone_task,
            "SchedulerTask",
            (),
            (404,),
        ),
        _get(
            "/zones/{zone}/automation-state",
            LOOK,
            "What a zone's water is doing, in six words, and what follows.",
            automation_state,
            "AutomationState",
            (),
            (404,),
        ),
        _get("/sensors/{sensor}/past", LOOK, "What a sensor showed in the last hours.", past, "Past", (), (404,)),
        _get("/day", LOOK, "What ran, was left out, and is planned on a day.", day, "Day", _day_queries(), (422,)),
        _get("/missed", LOOK, "Of each zone the last run of a day that came to nothing, and why.", missed, "Missed"),
        _get("/left-out", LOOK, "Scheduled runs that were left out.", left_out, "Missed", _left_queries(), (404, 422)),
        _get("/buses/{bus}/frames", RUN, "The last frames of a bus.", frames, "Frames", (after,), (404, 422)),
        _get(
            "/events", LOOK, "The timeline as it grows; resumes behind Last-Event-ID.", events, None, (behind,), (422,)
        ),
    ]


def orders(house: House) -> list[Operation]:
    """What may be done. Every order is journaled with the name of whoever gave it."""

    async def submit(call: Call) -> Any:
        return await house.submit(call.body, call.who)

    async def cancel(call: Call) -> Any:
        return await house.cancel(call.path("task_id"), call.who)

    async def approve(call: Call) -> Any:
        return await house.approve(call.path("task_id"), call.who)

    async def mode(call: Call) -> Any:
        return await house.set_mode(call.path("zone"), call.body["mode"], call.who)

    def restrain(what: str, *, on: bool) -> Callable[[Call], Awaitable[Any]]:
        async def handle(call: Call) -> Any:
            zone = call.request.path_params.get("zone", "")
            engineer = call.person.role.may(Role.ENGINEER)
            return await house.restrain(what, zone, call.body, on=on, who=call.who, engineer=engineer)

        return handle

    async def override(call: Call) -> Any:
        return await house.override(call.path("zone"), call.path("setting"), call.body, call.who)

    async def output_on(call: Call) -> Any:
        service = call.body.get("service") is True
        return await house.output_on(call.path("name"), float(call.body["seconds"]), call.who, service=service)

    async def calibrate(call: Call) -> Any:
        return await house.calibrate(call.path("subject"), call.body, call.who)

    async def tried(call: Call) -> Any:
        return await house.tried(call.path("name"), call.body, call.who)

    async def output_off(call: Call) -> Any:
        return await house.output_off(call.path("name"), call.who)

    async def stop_all(call: Call) -> Any:
        return await house.stop_all(call.who)

    async def resume(call: Call) -> Any:
        return await house.resume(call.who)

    async def acknowledge(call: Call) -> Any:
        return await house.acknowledge(call.path("alarm_id"), call.body, call.who)

    async def shelve(call: Call) -> Any:
        return await house.shelve(call.path("alarm_id"), float(call.body["seconds"]), call.who)

    async def unshelve(call: Call) -> Any:
        return await house.shelve(call.path("alarm_id"), None, call.who)

    async def hurry(_: Call) -> Any:
        return _standing(house.central(hurry=True))

    unlock = restrain("lock", on=False)
    return [
        _post("/central", "Ask the centre now.", hurry, Nothing, (404,)),
        _post("/tasks", "Ask for a task.", submit, TaskWish, (404, 409), checked=False),
        _post("/tasks/{task_id}/cancel", "End a task before its time.", cancel, Nothing, (404, 409)),
        _post("/tasks/{task_id}/approve", "Release a proposed task.", approve, Nothing, (404, 409)),
        _post("/zones/{zone}/mode", "Who starts the work of a zone.", mode, ModeWish, (404,)),
        _post("/zones/{zone}/lock", "Somebody works there.", restrain("lock", on=True), RestraintWish, (404, 409)),
        _delete("/zones/{zone}/lock", "Your work there is over; an engineer's word ends anybody's.", unlock),
        _post("/zones/{zone}/hold", "No scheduled work.", restrain("hold", on=True), RestraintWish, (404, 409)),
        _delete("/zones/{zone}/hold", "Scheduled work again.", restrain("hold", on=False)),
        _post("/zones/{zone}/override/{setting}", "Another value for a while.", override, OverrideWish, (404, 409)),
        _delete("/zones/{zone}/override/{setting}", "The value of the site file again.", override),
        _post("/stop-water", "Pumps, valves, dosing off.", restrain("stop_water", on=True), RestraintWish, (409,)),
        _post("/calibrations/{subject}", "A step of a calibration.", calibrate, CalibrationWish, (404, 409)),
        _post("/outputs/{name}/on", "An output on, for a while.", output_on, OnWish, (404, 409)),
        _post("/outputs/{name}/off", "An output off.", output_off, Nothing, (404,)),
        _post("/outputs/{name}/tried", "What was seen when it was pressed.", tried, TriedWish, (404,)),
        _post("/stop-all", "Everything dangerous off.", stop_all, Nothing),
        _post("/resume", "Release the stop.", resume, Nothing),
        _post("/alarms/{alarm_id}/ack", "An alarm was seen.", acknowledge, SeenWish, (404, 409)),
        _post("/alarms/{alarm_id}/shelve", "Silence an alarm for a while.", shelve, ShelfWish, (404, 409)),
        _delete("/alarms/{alarm_id}/shelve", "End the silence of an alarm.", unshelve),
    ]


def _standing(body: dict[str, Any] | None) -> dict[str, Any]:
    if body is None:
        raise Unavailable(404, "no_centre", "this site has no centre", "central: {dsn: {credential: NAME}} names one")
    return body


def _get(
    path: str,
    role: Role,
    says: str,
    handle: Callable[[Call], Awaitable[Any]],
    answer: str | None,
    queries: tuple[Query, ...] = (),
    refusals: tuple[int, ...] = (),
) -> Operation:
    return Operation(
        method="GET",
        path=path,
        role=role,
        says=says,
        handle=handle,
        answer=answer,
        queries=queries,
        refusals=refusals,
    )


def _post(
    path: str,
    says: str,
    handle: Callable[[Call], Awaitable[Any]],
    wish: Any,
    refusals: tuple[int, ...] = (),
    *,
    checked: bool = True,
) -> Operation:
    return Operation(
        method="POST",
        path=path,
        role=RUN,
        says=says,
        handle=handle,
        answer="Done",
        wish=wish,
        refusals=refusals,
        checked=checked,
    )


def _delete(path: str, says: str, handle: Callable[[Call], Awaitable[Any]]) -> Operation:
    return Operation(
        method="DELETE", path=path, role=RUN, says=says, handle=handle, answer="Done", refusals=(404, 409, 422)
    )


def _task_queries() -> tuple[Query, ...]:
    return (
        Query(name="preset", schema={"enum": list(PRESETS), "type": "string"}, says="Which tasks."),
        Query(name="zone", schema=NAMES, says="Only this zone."),
        Query(name="search", schema=NAMES, says="Text in id, type, status, decision, codes or words."),
        Query(name="limit", schema={"type": "integer", "minimum": 1, "maximum": 500}, says="How many."),
    )


def _zone_queries() -> tuple[Query, ...]:
    return (
        Query(name="limit", schema={"type": "integer", "minimum": 1, "maximum": 100}, says="How many; 20."),
        Query(name="include_timeline", schema={"type": "integer", "enum": [0, 1]}, says="With the timeline of each."),
    )


def _left_queries() -> tuple[Query, ...]:
    return (
        Query(name="schedule", schema=NAMES, says="Only of this schedule."),
        Query(name="limit", schema={"type": "integer", "minimum": 1, "maximum": 500}, says="How many; 20."),
    )


def _day_queries() -> tuple[Query, ...]:
    says = "A day of the site's calendar; without it the last and the next 24 hours."
    return (Query(name="date", schema={"type": "string", "format": "date"}, says=says),)
