"""Read models: the engine's state in the words and units that people read. Pure."""

from collections.abc import Hashable, Iterable
from math import isfinite
from typing import Any

from edgectl.daemon.waiting import proposed, waiting
from edgectl.daemon.zone_views import house_wide, parts
from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import keeps_waiting, mode_of
from edgectl.engine.rules.schedules import pause
from edgectl.engine.state import State
from edgectl.model.changed import replace
from edgectl.model.channel import Reading
from edgectl.model.codes.alarms import priority
from edgectl.model.hands import USUAL
from edgectl.model.inputs import Mode
from edgectl.model.site import Sensor
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos, Now, Trust, iso
from edgectl.model.timeline import Alarm
from edgectl.scheduler.cadence import window_state
from edgectl.scheduler.plan import wake_at
from edgectl.scheduler.schedule import Every, Schedule, Trigger, Window, by_calendar

View = dict[str, Any]
PAUSE = pause("").rstrip(":")
OUTPUT_KNOWN_FOR: Nanos = 30 * SECOND  # boards are asked every 2 s; one that is slow is not one that is lost
MOST_AHEAD = 200  # rows of what comes next


def status(state: State, now: Now, seen: list[View] | None = None) -> View:
    """The whole site at a glance. `seen` are its readings, where they have been looked at just before."""
    draft = Draft(state, now)
    wide = house_wide(state.site)
    return {
        "site": {"id": state.site.site_id, "name": state.site.name},
        "phase": state.phase.value,
        "now": iso(now.wall),
        "clock": now.trust.value,
        "up_s": round((now.mono - state.started) / SECOND, 1),
        "stopped": draft.held("stop_all"),
        "stopped_by": stopped_by(draft),
        "restraints": restraints(draft),
        "proposed": proposed(draft),
        "waiting": waiting(draft),
        "zones": [_zone(draft, name, wide) for name in state.site.zones],
        "outputs": outputs(state, now),
        "readings": readings(state, now, tuple(state.site.sensors)) if seen is None else seen,
        "next": upcoming(state, now),
        "alarms": alarms(state),
    }


def stopped_by(draft: Draft) -> View | None:
    """Who stopped everything, and since when; None where nobody did."""
    latch = draft.latch("stop_all")
    return {"who": latch.who, "since": iso(latch.since)} if latch is not None and latch.held else None


def restraints(draft: Draft) -> list[View]:
    """What people have put on the site and on its zones, and has not ended."""
    kinds = ("stop_water", "lock", "hold", "mode", "override", PAUSE)
    # Of which zone a held schedule is, is looked up only where one is held: a house may have thousands of them.
    paused = bool(draft.holding_latches(pause("")))
    zones = {schedule.name: schedule.zone for schedule in draft.state.schedules} if paused else {}
    rows: list[View] = []
    for name, latch in draft.latches():
        kind, _, zone = name.partition(":")
        if kind in kinds and latch.held:
            ends = latch.ends_at(draft.now, draft.state.boot_id)
            until = None if ends is None else iso(ends)
            place, _, setting = (zones.get(zone, ""), "", "") if kind == PAUSE else zone.partition(":")
            row: View = {"what": kind, "zone": place, "who": latch.who, "why": latch.why, "until": until}
            row["since"] = iso(latch.since)
            if kind == PAUSE:
                row["schedule"] = zone
            if kind == "override":
                row |= {"setting": setting, "value": latch.value}
            if kind == "lock":
                row["owner"] = latch.owner or latch.who
            rows.append(row)
    return rows


def readings(state: State, now: Now, names: Iterable[str]) -> list[View]:
    """These sensors: the value of each and its age, or why there is none."""
    draft = Draft(state, now)
    rows: list[View] = []
    for name in names:
        sensor, reading = state.site.sensors[name], draft.read(name)
        age = None if reading.age is None else round(reading.age / SECOND, 1)
        row: View = {"sensor": name, "unit": sensor.unit, "age_s": age, "channel": ", ".join(sensor.channels)}
        row |= {"shown": shown(state, sensor), "calibration": calibration(state, name)}
        row["in_hands"] = in_hands(state, name) if name in state.in_calibration else None
        row["calibrate_every_s"] = None if sensor.calibrate_every is None else sensor.calibrate_every / SECOND
        if isinstance(reading, Reading):
            quality = {"quality": round(reading.quality, 2), "weakest": reading.weakest}
            rows.append({**row, "value": round(reading.value, 3), **quality})
        else:
            rows.append({**row, "value": None, "missing": reading.reason.value})
    return rows


def corrected(state: State) -> Hashable:
    """What a person's word changes of the readings at once: probes in hands, and corrections."""
    done = tuple((name, latch.since) for name, latch in state.calibrations.items())
    return frozenset(state.in_calibration), done


def shown(state: State, sensor: Sensor) -> float | None:
    """What the device shows, in the sensor's unit and without any correction: what a calibration goes by."""
    sample = state.image.get(sensor.channel)
    value = None if sample is None else sensor.scaled(sample.value)
    return round(value, 4) if value is not None and isfinite(value) else None


def in_hands(state: State, name: str) -> View | None:
    """Who has a sensor in calibration, since when, and what it read before; None where nobody has."""
    latch = state.latches.get(f"in_calibration:{name}")
    if latch is None or not latch.held:
        return None
    return {"who": latch.who, "since": iso(latch.since), "before": latch.value}


def calibration(state: State, name: str) -> View | None:
    """When a sensor or a dosing pump was last calibrated, by whom and to what; None where nobody ever did. Where the
    site file names no interval, it is due when it usually is."""
    done = state.calibrations.get(name)
    if done is None:
        return None
    every = calibrate_every(state, name)
    usual = every is None
    every = every if every is not None else USUAL.get(done.why.partition(",")[0])
    due = None if every is None else iso(done.since + every)
    told = {"at": iso(done.since), "who": done.who, "how": done.why, "due": due, "usual": usual}
    return {**told, "gain": done.factor, "offset": done.value}


def calibrate_every(state: State, name: str) -> Nanos | None:
    """How long a calibration is good for, by the site file."""
    if name in state.site.sensors:
        return state.site.sensors[name].calibrate_every
    doser = state.site.actuators[name].doser
    return None if doser is None else doser.calibrate_every


def outputs(state: State, now: Now) -> list[View]:
    """Every output: what is seen, and what is owed. `on` is None where nobody knows it now; `last_on` is what was seen
    last, and stays."""
    rows: list[View] = []
    for name, actuator in state.site.actuators.items():
        seen, output = state.seen.get(name), state.outputs.get(name)
        silent = actuator.device in state.silent
        known = seen is not None and not silent and now.mono - seen.at <= OUTPUT_KNOWN_FOR
        owed = output is not None and output.owed_off
        command = state.commands.get(output.cmd_id) if output is not None and output.cmd_id is not None else None
        ends = None
        if owed and command is not None and command.ack_at is not None and command.lease is not None:
            ends = iso(now.wall_at(command.ack_at + command.lease))
        rows.append(
            {
                "output": name,
                "channel": actuator.channel,
                "role": actuator.role.value,
                "on": seen.on if seen is not None and known else None,
                "last_on": None if seen is None else seen.on,
                "silent": silent,
                "seen_s": None if seen is None else round((now.mono - seen.at) / SECOND, 1),
                "owed_off": owed,
                "closing": owed and output is not None and output.closing is not None,
                "ends_at": ends,
                "max_on_s": None if actuator.max_on is None else actuator.max_on / SECOND,
                "ends_by": actuator.fail_safe.value,
                "tried": tried(state, name, actuator.channel),
                **(_dosing(state, name) if actuator.doser is not None else {}),
                "locked_out": f"lockout:{name}" in state.latches and state.latches[f"lockout:{name}"].held,
            }
        )
    return rows


def _dosing(state: State, name: str) -> View:
    """What else is known of a dosing pump."""
    every = calibrate_every(state, name)
    return {
        "calibration": calibration(state, name),
        "calibrate_every_s": None if every is None else every / SECOND,
        "gives": gives(state, name),
    }


def gives(state: State, name: str) -> View:
    """What a dosing pump gave into a measure last, and what the site file says. `at` is None where nobody measured."""
    done, doser = state.calibrations.get(name), state.site.actuators[name].doser
    written = 0.0 if doser is None else doser.ml_per_s
    found = {"at": None} if done is None else {"at": iso(done.since), "who": done.who, "how": done.why}
    return {**found, "ml_per_s": None if done is None else done.value, "written": written}


def tried(state: State, name: str, channel: str) -> View | None:
    """Who pressed it last, when, and whether the load moved. None where nobody did since it sits on this channel."""
    latch = state.latches.get(f"tried:{name}")
    if latch is None or latch.why != channel:
        return None
    return {"at": iso(latch.since), "who": latch.who, "moved": bool(latch.value)}


def upcoming(state: State, now: Now) -> list[View]:
    """What comes next: of each schedule its next occurrence, and each task that waits for its time; with what keeps it
    from running: a restraint, the mode, or nothing. `after` is the run whose end the next one counts from: until then
    its time is the earliest one. Of very many the first ones, and the first of each zone."""
    draft = Draft(state, now)
    rows = [_asked_for(draft, task) for task in draft.tasks() if task.enqueued]
    runs = {task.schedule: task.task_id for task in draft.tasks() if task.schedule is not None}
    ahead = list[tuple[Nanos, int]]()
    for index, schedule in enumerate(state.schedules):
        at = wakes_at(state, schedule, now, busy=schedule.name in runs)
        if at is not None:
            ahead.append((max(at, now.mono), index))
    zones = set[str]()
    for place, (at, index) in enumerate(sorted(ahead)):
        schedule = state.schedules[index]
        if place < MOST_AHEAD or schedule.zone not in zones:
            zones.add(schedule.zone)
            after = None if by_calendar(schedule.cadence) else runs.get(schedule.name)
            rows.append({**_planned(draft, schedule, at), "after": after})
    return sorted(rows, key=lambda row: str(row["at"]))


def wakes_at(state: State, schedule: Schedule, now: Now, *, busy: bool) -> Nanos | None:
    """When it has something to do next. The last turn knows it of those that sleep."""
    cursor, nap = state.cursors.get(schedule.name), state.naps.of.get(schedule.name)
    sleeps = nap is not None and nap.cursor is cursor and abs(now.wall - now.mono - state.naps.distance) < SECOND
    if nap is not None and sleeps and by_calendar(schedule.cadence):
        return nap.until
    cadence = schedule.cadence
    if cursor is not None and busy and isinstance(cadence, Every):
        # Its rest begins with the end of the run, which is not yet; what is measured may cut it short.
        rest = cadence.min_gap if isinstance(cadence, Trigger) else cadence.interval
        cursor = replace(cursor, last_finished=now.mono + rest - cadence.interval)
    return None if cursor is None else wake_at(schedule, cursor, now, state.zone_info)


def _planned(draft: Draft, schedule: Schedule, at: Nanos) -> View:
    now, mode = draft.now, mode_of(draft, schedule.zone)
    kept = keeps_waiting(draft, schedule.zone, schedule.task_type)
    kept = kept or ("hold" if draft.held(pause(schedule.name)) else None)
    kept = kept or (None if mode is Mode.AUTO else mode.value)
    row: View = {"schedule": schedule.name, "zone": schedule.zone, "task_type": schedule.task_type, "kept": kept}
    wall = on_the_second(now.wall_at(at))
    if isinstance(schedule.cadence, Window):  # of a lamp one wants to know which of the two comes
        row["on"] = window_state(schedule.cadence, wall, draft.state.zone_info, schedule.days)
    return {**row, "at": iso(wall), "in_s": round((at - now.mono) / SECOND, 1)}


def on_the_second(wall: Nanos) -> Nanos:
    """Two clocks that were not read in one instant make 07:29:59.9999 of half past seven."""
    whole = round(wall / SECOND) * SECOND
    return whole if abs(wall - whole) < SECOND // 10 else wall


def _asked_for(draft: Draft, task: Task) -> View:
    at, now = task.scheduled_for, draft.now
    row = {"schedule": None, "zone": task.zone, "task_type": task.task_type, "task_id": task.task_id}
    kept = keeps_waiting(draft, task.zone, task.task_type)
    kept = None if kept == "hold" and task.source != "self" else kept  # a hold is for schedules, not for people
    return {**row, "kept": kept, "at": iso(at), "in_s": round((at - now.wall) / SECOND, 1), "after": None}


def alarms(state: State) -> list[View]:
    """What a person must know."""
    return [alarm(item) for item in sorted(state.alarms.values(), key=lambda a: a.raised_at)]


def alarm(item: Alarm) -> View:
    """One alarm."""
    return {
        "id": item.alarm_id,
        "since": iso(item.raised_at),
        "first": iso(item.first_at or item.raised_at),
        "times": item.times,
        "active": item.active,
        "message": item.message,
        "advice": item.advice,
        "acknowledged_by": item.acknowledged_by,
        "priority": priority(item.code),
        "escalated": item.escalated,
        "shelved_until": None if item.shelved_until is None else iso(item.shelved_until),
        "shelved_by": item.shelved_by,
    }


def trusted(now: Now) -> bool:
    """Is the wall clock good enough for the calendar?"""
    return now.trust is not Trust.UNTRUSTED


def _zone(draft: Draft, name: str, wide: list[str]) -> View:
    zone = draft.state.site.zones[name]
    running = [t for t in draft.tasks() if t.zone == name and t.status is TaskStatus.RUNNING]
    return {
        "zone": name,
        "number": zone.number,
        **parts(draft, zone, wide),
        "tasks": [
            {
                "task_id": t.task_id,
                "task_type": t.task_type,
                "stage": t.stage,
                "phase": t.phase,
                "for_s": round((draft.now.mono - (t.stage_since or t.started or draft.now.mono)) / SECOND, 1),
                "duration_s": t.payload.get("duration_s"),
                "attempt": t.attempt,
                "waits_for": t.waits_for or None,
            }
            for t in running
        ],
    }
