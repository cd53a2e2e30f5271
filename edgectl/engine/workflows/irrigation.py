"""Irrigation as a table of stages, and the one walk through it.

A stage opens parts of the zone, keeps those that earlier stages opened, and lasts until its dwell is over. Leaving a
stage by any door switches off what the next one does not keep: the pump first, the valve after the pump's run-down.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from edgectl.engine.draft import ERROR_OF, Draft
from edgectl.engine.rules.admission import end
from edgectl.engine.rules.flow import is_dry, trip
from edgectl.engine.rules.orders import REPLY_WITHIN, switch_off, switch_on
from edgectl.model.channel import Absence, Missing, Reading
from edgectl.model.codes import Code
from edgectl.model.command import Command, CommandState
from edgectl.model.output import Output
from edgectl.model.site import Actuator, Zone
from edgectl.model.task import Outcome, PhysicalEffect, Task, TaskStatus
from edgectl.model.time import MS, SECOND, Nanos, seconds

SLACK = 15 * SECOND  # orders, echoes and read-backs of a whole run on a slow bus
STOP_ORDER_PATIENCE = 2 * SECOND  # a pump that cannot be seen off does not hold its valve open for ever
RETRY_EVERY = 60 * SECOND
ATTEMPTS = 10


class Part(StrEnum):
    """A part of the zone that a stage may open."""

    VALVE = "valve"
    PUMP = "pump"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One row of the table."""

    name: str
    opens: Part | None
    keeps: frozenset[Part]
    dwell: str  # travel | duration | run_down | none


STAGES = (
    Stage(name="open", opens=Part.VALVE, keeps=frozenset(), dwell="travel"),
    Stage(name="water", opens=Part.PUMP, keeps=frozenset({Part.VALVE}), dwell="duration"),
    Stage(name="drain", opens=None, keeps=frozenset({Part.VALVE}), dwell="run_down"),
    Stage(name="close", opens=None, keeps=frozenset(), dwell="none"),
)
_ROW = {stage.name: index for index, stage in enumerate(STAGES)}


def start(draft: Draft, task: Task) -> None:
    """Decide whether the run is needed and possible, and begin it."""
    zone = draft.state.site.zones[task.zone]
    pump = _part(draft, zone, Part.PUMP)
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
    duration = _duration(task)
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
    draft.put(
        replace(
            running,
            stage="open",
            stage_since=now.mono,
            retry_at=None,
            expires=patience,
            act_until=now.mono + _whole(draft, zone, duration),
            meter_at_start=meter.value if isinstance(meter, Reading) else None,
        )
    )


def progress(draft: Draft, task: Task) -> None:
    """Move a running task one step, if its stage is over."""
    if task.retry_at is not None:
        if draft.now.mono >= task.retry_at:
            start(draft, replace(task, retry_at=None))
        else:
            draft.wake(task.retry_at)
        return
    if not task.stopping and (trouble := _trouble(draft, task)):
        abort(draft, task, trouble)
        task = draft.task(task.task_id)
    if task.stopping:
        _wind_down(draft, task)
        return
    stage = STAGES[_ROW[task.stage]]
    if not _opened(draft, task, stage) or not _dwelt(draft, task, stage):
        return
    _leave(draft, task, stage)


def abort(draft: Draft, task: Task, why: Code) -> None:
    """End the run early: the pump goes off now, the rest in order."""
    draft.put(replace(task, stopping=why.value, stage_since=draft.now.mono))
    for output in _mine(draft, task):
        if output.name == draft.state.site.zones[task.zone].pump:
            switch_off(draft, output, planned=False, why=why.value)


def _trouble(draft: Draft, task: Task) -> Code | None:
    for command in draft.commands(task.task_id):
        if command.terminal and command.state is not CommandState.DONE:
            return ERROR_OF.get(command.state, Code.NOT_CONFIRMED)
    if draft.held("stop_all"):
        return Code.STOPPED
    for output in _mine(draft, task):
        if output.closing is not None and not output.planned:
            return Code.SAFETY_BLOCKED
    if task.stage == "water" and _no_flow(draft, task):
        return Code.FLOW_INACTIVE
    if task.act_until is not None and draft.now.mono > task.act_until:
        return Code.NOT_CONFIRMED
    return None


def _opened(draft: Draft, task: Task, stage: Stage) -> bool:
    """True when the stage's own part is seen open; orders it when that has not happened yet."""
    zone = draft.state.site.zones[task.zone]
    if stage.opens is None or (actuator := _part(draft, zone, stage.opens)) is None:
        return True
    command = _command(draft, task, actuator.name)
    if command is not None:
        return command.seen_at is not None
    now = draft.now.mono
    first = not draft.commands(task.task_id)
    limit = task.expires if first else (task.act_until or now)
    veto = "its time has passed"
    if now <= limit:
        refused = switch_on(
            draft,
            actuator_name=actuator.name,
            lease=_lease(draft, task, stage),
            cmd_id=f"{task.task_id}-{stage.name}-1",
            stage=stage.name,
            task_id=task.task_id,
            zone=task.zone,
            not_after=min(limit, now + REPLY_WITHIN),
        )
        if refused is None:
            return False
        veto = refused
    draft.note("STAGE_REFUSED", task_id=task.task_id, zone=task.zone, stage=stage.name, why=veto)
    abort(draft, task, Code.SAFETY_BLOCKED)
    return False


def _dwelt(draft: Draft, task: Task, stage: Stage) -> bool:
    zone = draft.state.site.zones[task.zone]
    valve, pump = _part(draft, zone, Part.VALVE), _part(draft, zone, Part.PUMP)
    assert pump is not None
    until = task.stage_since
    match stage.dwell:
        case "travel" if valve is not None:
            until = _since(draft, task, valve) + valve.travel
        case "duration":
            until = _since(draft, task, pump) + _duration(task)
        case "run_down":
            output = draft.output(pump.name)
            if output is not None and output.owed_off:
                return False
            until = (output.off_at if output is not None and output.off_at is not None else 0) + pump.run_down
        case "none":
            return not _mine(draft, task)
    draft.wake(until)
    return draft.now.mono >= until


def _leave(draft: Draft, task: Task, stage: Stage) -> None:
    row = _ROW[stage.name] + 1
    if row == len(STAGES):
        _complete(draft, task)
        return
    following = STAGES[row]
    zone = draft.state.site.zones[task.zone]
    kept = {actuator.name for part in following.keeps if (actuator := _part(draft, zone, part)) is not None}
    for output in _mine(draft, task):
        if output.name not in kept:
            switch_off(draft, output, planned=True, why=f"stage {stage.name} is over")
    draft.put(replace(task, stage=following.name, stage_since=draft.now.mono))
    draft.note("STAGE_ENTERED", task_id=task.task_id, zone=task.zone, stage=following.name)


def _wind_down(draft: Draft, task: Task) -> None:
    """The pump is off or going off; then the valve; then the task may end, and not before."""
    now = draft.now.mono
    pump = draft.state.site.zones[task.zone].pump
    mine = _mine(draft, task)
    pump_may_run = any(output.name == pump for output in mine)
    for output in mine:
        if output.name == pump or not pump_may_run or now >= task.stage_since + STOP_ORDER_PATIENCE:
            switch_off(draft, output, planned=False, why=task.stopping)
        else:
            draft.wake(task.stage_since + STOP_ORDER_PATIENCE)
    if mine:
        return
    reason = Code(task.stopping)
    end(draft, task, TaskStatus.FAILED, reason, decision="fail", outcome=_outcome(draft, task, reason, ok=False))


def _complete(draft: Draft, task: Task) -> None:
    commands = draft.commands(task.task_id)
    if commands and all(command.state is CommandState.DONE for command in commands):
        outcome = _outcome(draft, task, Code.IRRIGATION_REQUIRED, ok=True)
        end(draft, task, TaskStatus.COMPLETED, Code.IRRIGATION_REQUIRED, decision="run", outcome=outcome)
        pump = draft.state.site.zones[task.zone].pump
        trips = draft.latch(f"trips:{pump}")
        if trips is not None and trips.count:
            draft.put(replace(trips, count=0, since=draft.now.wall, why="water moved again"))
    else:
        reason = Code.NOT_CONFIRMED
        end(draft, task, TaskStatus.FAILED, reason, decision="fail", outcome=_outcome(draft, task, reason, ok=False))


def _outcome(draft: Draft, task: Task, reason: Code, *, ok: bool) -> Outcome:
    zone = draft.state.site.zones[task.zone]
    commands = draft.commands(task.task_id)
    amounts: dict[str, float] = {}
    effect = PhysicalEffect.NONE
    for command in commands:
        output = draft.output(command.actuator)
        if command.actuator != zone.pump:
            continue
        if command.ack_at is not None and output is not None and output.closing is not None:
            amounts[f"{command.actuator}_s"] = round(max(0, output.closing - command.ack_at) / SECOND, 1)
            effect = PhysicalEffect.FULL if ok else PhysicalEffect.PARTIAL
        elif command.state is not CommandState.SEND_FAILED:
            effect = PhysicalEffect.UNKNOWN
    if zone.meter is not None and task.meter_at_start is not None:
        reading = draft.read(zone.meter)
        if isinstance(reading, Reading) and reading.value >= task.meter_at_start:
            amounts[f"{zone.meter}_l"] = round(reading.value - task.meter_at_start, 3)
    return Outcome(
        success=ok,
        action_required=True,
        decision="run" if ok else "fail",
        reason_code=reason.value,
        error_code=None if ok else reason.value,
        physical_effect=effect,
        effect_amounts=amounts,
        commands_total=len(commands),
        commands_effect_confirmed=sum(command.state is CommandState.DONE for command in commands),
    )


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


def _no_flow(draft: Draft, task: Task) -> bool:
    pump = draft.state.site.zones[task.zone].pump
    command = None if pump is None else _command(draft, task, pump)
    if command is None or not is_dry(draft, command):
        return False
    trip(draft, command)
    return True


def _mine(draft: Draft, task: Task) -> list[Output]:
    return [output for output in draft.owed() if output.task_id == task.task_id]


def _command(draft: Draft, task: Task, actuator: str) -> Command | None:
    return next((c for c in draft.commands(task.task_id) if c.actuator == actuator), None)


def _since(draft: Draft, task: Task, actuator: Actuator) -> Nanos:
    command = _command(draft, task, actuator.name)
    assert command is not None
    assert command.ack_at is not None
    return command.ack_at


def _part(draft: Draft, zone: Zone, part: Part) -> Actuator | None:
    name = zone.valve if part is Part.VALVE else zone.pump
    return None if name is None else draft.state.site.actuators[name]


def _duration(task: Task) -> Nanos:
    return seconds(float(task.payload["duration_s"]))


def _lease(draft: Draft, task: Task, stage: Stage) -> Nanos:
    """The pump's pulse is its whole run; the valve's outlives it."""
    zone = draft.state.site.zones[task.zone]
    return _duration(task) if stage.opens is Part.PUMP else _whole(draft, zone, _duration(task))


def _whole(draft: Draft, zone: Zone, duration: Nanos) -> Nanos:
    valve, pump = _part(draft, zone, Part.VALVE), _part(draft, zone, Part.PUMP)
    travel = 0 if valve is None else valve.travel
    return travel + duration + (0 if pump is None else pump.run_down) + SLACK
