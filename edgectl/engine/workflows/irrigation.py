"""Irrigation: the zone's valve, its travel, the pump for so long or so much, and everything closed again.

What is missing decides between waiting and giving up: too little water is asked for again every minute, ten times.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import end
from edgectl.engine.workflows import walk
from edgectl.engine.workflows.stage import Elapsed, Exit, Stage, Table
from edgectl.model.channel import Absence, Missing, Reading
from edgectl.model.codes import Code
from edgectl.model.site import Actuator, Site, Zone
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import MS, SECOND, Nanos, seconds

RETRY_EVERY = 60 * SECOND
ATTEMPTS = 10


def table(site: Site, task: Task) -> Table:
    """One stage: water moves from the source to the plants."""
    zone = site.zones[task.zone]
    opens = tuple(name for name in (zone.valve, zone.pump) if name is not None)
    duration = _duration(task)
    return (
        Stage(
            name="water",
            opens=opens,
            until=Elapsed(after=duration),
            pulse=duration,
            done=Exit(code=Code.IRRIGATION_REQUIRED),
            limit=duration,
            late=Exit(code=Code.IRRIGATION_REQUIRED),
        ),
    )


def start(draft: Draft, task: Task) -> None:
    """Decide whether the run is needed and possible, and begin it."""
    zone = draft.state.site.zones[task.zone]
    pump = None if zone.pump is None else draft.state.site.actuators[zone.pump]
    if pump is None:
        end(draft, task, TaskStatus.FAILED, Code.UNSUPPORTED, decision="fail", error=Code.UNSUPPORTED)
        return
    if any(output.name in (zone.pump, zone.valve) for output in draft.owed()):
        return  # the shared pump or valve is busy: wait, the due time bounds it
    if _first_reading_is_on_its_way(draft, zone, pump):
        return
    cannot, samples = _water(draft, pump)
    now = draft.now
    running = replace(task, status=TaskStatus.RUNNING, started=task.started or now.mono)
    if cannot is not None:
        attempt = task.attempt + 1
        draft.note(
            "DECISION_MADE",
            task_id=task.task_id,
            zone=task.zone,
            decision="retry" if attempt < ATTEMPTS else "fail",
            reason_code=cannot.value,
            samples=samples,
            attempt=attempt,
        )
        if attempt >= ATTEMPTS:
            end(draft, running, TaskStatus.FAILED, cannot, decision="fail", error=Code.EXECUTION_FAILED)
            return
        draft.put(replace(running, attempt=attempt, retry_at=now.mono + RETRY_EVERY))
        draft.wake(now.mono + RETRY_EVERY)
        return
    meter = draft.read(zone.meter) if zone.meter is not None else None
    fresh = task.attempt == 0
    patience = task.expires if fresh else now.mono + RETRY_EVERY
    draft.note(
        "DECISION_MADE",
        task_id=task.task_id,
        zone=task.zone,
        decision="run",
        reason_code=Code.IRRIGATION_REQUIRED.value,
        samples=samples,
    )
    walk.enter(
        draft,
        replace(
            running,
            retry_at=None,
            expires=patience,
            meter_at_start=meter.value if isinstance(meter, Reading) else None,
        ),
        table(draft.state.site, task),
        "water",
    )


def progress(draft: Draft, task: Task) -> None:
    """Ask again when the time for it has come, or walk on."""
    if task.retry_at is None:
        walk.progress(draft, task, table(draft.state.site, task))
    elif draft.now.mono >= task.retry_at:
        start(draft, replace(task, retry_at=None))
    else:
        draft.wake(task.retry_at)


def _first_reading_is_on_its_way(draft: Draft, zone: Zone, pump: Actuator) -> bool:
    """Just after a start nothing has been read yet; that is no reason to call the level unavailable."""
    sensors = [condition.sensor for condition in pump.requires]
    for name in [*sensors, *([zone.meter] if zone.meter is not None else [])]:
        patience = draft.state.started + draft.state.site.sensors[name].max_age
        reading = draft.read(name)
        if isinstance(reading, Missing) and reading.reason is Absence.NEVER_READ and draft.now.mono < patience:
            draft.wake(patience)
            return True
    return False


def _water(draft: Draft, pump: Actuator) -> tuple[Code | None, list[dict[str, object]]]:
    """Is there water to pump, and which samples say so?"""
    samples: list[dict[str, object]] = []
    for condition in pump.requires:
        reading = draft.read(condition.sensor)
        if isinstance(reading, Missing):
            return Code.LEVEL_UNAVAILABLE, [*samples, {"sensor": condition.sensor, "missing": reading.reason.value}]
        samples.append(
            {
                "sensor": condition.sensor,
                "value": round(reading.value, 4),
                "sample": reading.sample_id,
                "age_ms": reading.age // MS,
            }
        )
        if not condition.holds(reading.value):
            return Code.LOW_WATER, samples
    return None, samples


def _duration(task: Task) -> Nanos:
    return seconds(float(task.payload["duration_s"]))
