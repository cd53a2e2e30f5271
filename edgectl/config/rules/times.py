"""Rules about schedules: what they start fits into the limits of what it drives."""

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from edgectl.config import calendars, defaults
from edgectl.config.findings import nearest
from edgectl.config.parts import Parts
from edgectl.config.quantities import show
from edgectl.config.rules.outputs import outlet_of
from edgectl.config.schema import ZoneEntry
from edgectl.config.schema_times import ScheduleEntry
from edgectl.config.source import Path
from edgectl.model.site import FailSafe
from edgectl.model.time import SECOND, Nanos

CADENCES = ("cron", "at", "sun", "every", "light_sum", "vpd", "drain", "window")
NEEDS = {
    "irrigation": "pump",
    "lighting": "light",
    "diagnostics": "circuit",
    "circulate": "circuit",
    "solution_change": "circuit",
    "dosing": "chemistry",
    "climate": "climate",
    "mist": "climate",
    "ventilation": "climate",
}
LASTING = ("circulate", "climate", "mist", "ventilation")
TWO_TANKS = ("solution_fill",)
THREE_TANKS = ("irrigation_fill", "three_tank_startup")
CHEMISTRY = ("prepare_recirculation", "irrigation_recovery")
DAY: Nanos = 86400 * SECOND
SHORTEST_RUN: Nanos = SECOND
SHORTEST_REST: Nanos = SECOND // 5  # shorter is none
_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)  # whether a calendar ever strikes does not depend on today


def known_zone(parts: Parts) -> None:
    """A schedule serves a zone of this file."""
    for name, schedule in parts.schedules.items():
        if schedule.zone not in parts.names["zones"]:
            hint = nearest(schedule.zone, parts.names["zones"], "add it under zones")
            parts.findings.value(("schedules", name, "zone"), f"there is no zone '{schedule.zone}'", hint)


def zone_can_do_it(parts: Parts) -> None:
    """A zone has the parts that the task needs."""
    for name, schedule in parts.schedules.items():
        zone, part = parts.zones.get(schedule.zone), NEEDS[schedule.task]
        if zone is None or getattr(zone, part) is not None:
            continue
        if not parts.findings.refused(("zones", schedule.zone, part)):
            what = f"{schedule.task} needs a {part}, and {schedule.zone} has none"
            where = parts.findings.place(("zones", schedule.zone), ("schedules", name, "task"))
            parts.findings.value(("schedules", name, "task"), what, f"add {part}: NAME to {schedule.zone} ({where})")


def one_cadence(parts: Parts) -> None:
    """Exactly one of cron, at, sun, every and window says when, and it fits the task."""
    for name, schedule in parts.schedules.items():
        path = ("schedules", name)
        written = [key for key in CADENCES if getattr(schedule, key) is not None]
        if any(parts.findings.refused((*path, key)) for key in CADENCES):
            continue
        if not written:
            hint = 'add at: ["06:00"], cron: "0 6 * * *", sun: sunrise+1h, every: 4h, or window: {start: "05:00", …}'
            parts.findings.key(path, "does not say when", hint)
        elif len(written) > 1:
            parts.findings.key((*path, written[1]), f"stands beside {written[0]}", "keep one of the two")
        elif schedule.task == "lighting" and written != ["window"]:
            hint = 'write window: {start: "05:00", photoperiod: 16h}'
            parts.findings.key((*path, written[0]), "does not suit lighting, which holds a state", hint)
        elif schedule.task != "lighting" and written == ["window"]:
            what = f"does not suit {schedule.task}, which is a run"
            parts.findings.key((*path, "window"), what, "write at, cron, sun, every or light_sum")


def cron_strikes(parts: Parts) -> None:
    """The calendar can be read and strikes at least once."""
    for name, schedule in parts.schedules.items():
        path = ("schedules", name, "cron")
        if schedule.cron is None:
            continue
        hint = 'minute hour day month weekday, for example "0 6-20/2 * * *"'
        fields = len(schedule.cron.split())
        if fields != 5:
            parts.findings.value(path, f"has {fields} field{'s' * (fields != 1)}, not 5", hint)
            continue
        try:
            next(CronSim(schedule.cron, _ANY_DAY))
        except CronSimError as error:
            parts.findings.value(path, f"'{schedule.cron}' is not a calendar: {str(error).lower()}", hint)
        except StopIteration:
            parts.findings.value(path, f"'{schedule.cron}' never strikes", hint)


def runs_leave_a_rest(parts: Parts) -> None:
    """Watering that begins again before it has ended is water without end."""
    for name, schedule in parts.schedules.items():
        path = ("schedules", name, "cron")
        if schedule.cron is None or schedule.duration is None or parts.findings.refused(path):
            continue
        # The quick look acquits most of them; only who is suspect is followed along the calendar.
        suspect = calendars.never_closer(schedule.cron) <= schedule.duration
        gap = calendars.least_gap(schedule.cron) if suspect else None
        if gap is not None and gap <= schedule.duration:
            what = f"strikes {show(gap)} apart, and a run lasts {show(schedule.duration)}: the water would never stop"
            parts.findings.value(path, what, 'was another field meant? "0 6-20/2 * * *" is every two hours')


def overlap_where_it_counts(parts: Parts) -> None:
    """Only runs at instants of a calendar can meet."""
    for name, schedule in parts.schedules.items():
        if schedule.overlap is None or defaults.has_instants(schedule) or _unread(parts, name):
            continue
        why = "a window is a state" if schedule.window else "a rest begins when the run has ended"
        parts.findings.key(("schedules", name, "overlap"), f"means nothing here: {why}", "remove it")


def _unread(parts: Parts, name: str) -> bool:
    return any(parts.findings.refused(("schedules", name, key)) for key in CADENCES)


def window_fits_a_day(parts: Parts) -> None:
    """A window has one end and is not longer than a day."""
    for name, schedule in parts.schedules.items():
        path, window = ("schedules", name, "window"), schedule.window
        if window is None:
            continue
        length = defaults.window_length(window)
        if window.photoperiod is not None and window.end is not None:
            parts.findings.key((*path, "end"), "stands beside photoperiod", "keep one of the two")
        elif length is None:
            parts.findings.key(path, "has no end", 'add photoperiod: 16h, or end: "21:00"')
        elif length == 0:
            parts.findings.value((*path, "end"), "is the same time as start", "write photoperiod: 24h, or another end")
        elif length > DAY:
            what = f"{show(length)} is longer than a day"
            parts.findings.value((*path, "photoperiod"), what, "write at most 24h")


def amount_where_it_counts(parts: Parts) -> None:
    """Watering lasts for a time or gives a volume; a state lasts until it changes, and tanks say when they are full."""
    for name, schedule in parts.schedules.items():
        path = ("schedules", name)
        zone = parts.zones.get(schedule.zone)
        if schedule.task == "irrigation":
            refused = parts.findings.refused((*path, "volume"))
            if schedule.duration is None and schedule.volume is None and not refused:
                hint = "add duration: how long to water, for example 90s"
                parts.findings.value((*path, "duration"), "is missing", hint)
            elif schedule.duration is not None and schedule.volume is not None:
                parts.findings.key((*path, "volume"), "stands beside duration", "keep one of the two")
            elif schedule.volume is not None and zone is not None and zone.meter is None:
                where = parts.findings.place(("zones", schedule.zone), (*path, "volume"))
                what = f"needs a meter, and {schedule.zone} has none"
                parts.findings.value((*path, "volume"), what, f"add meter: SENSOR to {schedule.zone} ({where})")
            continue
        if schedule.task in LASTING:
            if schedule.volume is not None:
                parts.findings.key((*path, "volume"), f"means nothing for {schedule.task}", "write duration")
            continue
        why = "the window says how long" if schedule.task == "lighting" else "the tanks say when they are full"
        for key in ("duration", "volume"):
            if getattr(schedule, key) is not None:
                parts.findings.key((*path, key), f"means nothing for {schedule.task}", f"remove it; {why}")


def workflow_where_it_counts(parts: Parts) -> None:
    """Only work on the tanks comes in kinds, and each kind needs its parts."""
    for name, schedule in parts.schedules.items():
        path, workflow = ("schedules", name, "workflow"), schedule.workflow
        if schedule.task != "diagnostics":
            if workflow is not None:
                hint = "remove it, or write task: diagnostics"
                parts.findings.key(path, f"means nothing for {schedule.task}", hint)
            continue
        zone = parts.zones.get(schedule.zone)
        if zone is None or zone.circuit is None or workflow is None:
            continue
        if workflow in TWO_TANKS and zone.circuit.clean is None:
            hint = "add clean: TANK to its circuit"
            parts.findings.value(path, f"needs two tanks, and {schedule.zone} has one", hint)
        if workflow in THREE_TANKS and zone.circuit.irrigation is None:
            hint = "add irrigation: TANK, irrigation_fill: VALVE and mix_pump: PUMP to its circuit, or write startup"
            parts.findings.value(path, f"needs a third tank, and {schedule.zone} has none", hint)
        if workflow in CHEMISTRY and zone.chemistry is None:
            hint = "add chemistry: {ph: …, target_ph: …} to the zone"
            parts.findings.value(path, f"needs chemistry, and {schedule.zone} has none", hint)


def long_enough(parts: Parts) -> None:
    """A run lasts longer than the ticks of a relay timer, and a rest at least as long as the pump needs."""
    for name, schedule in parts.schedules.items():
        if schedule.duration is not None and schedule.duration < SHORTEST_RUN:
            what = f"{show(schedule.duration)} is shorter than a relay can be trusted with"
            parts.findings.value(("schedules", name, "duration"), what, f"write at least {show(SHORTEST_RUN)}")
        zone = parts.zones.get(schedule.zone)
        pump = None if zone is None else parts.actuators.get(zone.pump or "")
        rest = max(SHORTEST_REST, 0 if pump is None or pump.min_off is None else pump.min_off)
        if schedule.every is not None and schedule.every < rest:
            path = ("schedules", name, "every")
            why = (
                "is no rest"
                if rest == SHORTEST_REST or pump is None
                else f"is shorter than {zone and zone.pump}'s min_off {show(rest)}"
            )
            parts.findings.value(path, f"{show(schedule.every)} {why}", f"write at least {show(rest)}")


def catch_up_where_it_counts(parts: Parts) -> None:
    """Only a calendar of events can have missed any."""
    for name, schedule in parts.schedules.items():
        path, entry = ("schedules", name, "catch_up"), schedule.catch_up
        if entry is None:
            continue
        if not defaults.has_instants(schedule):
            why = "a window always returns to what holds now" if schedule.window else "an interval restarts by itself"
            if not _unread(parts, name):
                parts.findings.key(path, f"means nothing here: {why}", "remove it")
            continue
        idle = {"skip": ("max", "within", "jitter"), "replay_all": ("max",)}.get(entry.policy, ())
        for key in [key for key in idle if getattr(entry, key) is not None][:1]:
            hint = "remove it, or write replay_limited"
            parts.findings.key((*path, key), f"means nothing with policy {entry.policy}", hint)
        if entry.policy == "replay_all" and entry.within is None and not parts.findings.refused((*path, "within")):
            parts.findings.value(
                (*path, "within"), "is missing", "add within: how late a run may still begin, such as 6h"
            )


def patience_where_it_counts(parts: Parts) -> None:
    """A window is brought about when it can be; everything else waits for what others use, and not for ever."""
    for name, schedule in parts.schedules.items():
        path, patience = ("schedules", name, "queue_patience"), schedule.queue_patience
        if patience is None:
            continue
        if schedule.window is not None:
            parts.findings.key(path, "means nothing here: a window always returns to what holds now", "remove it")
        elif patience > calendars.MOST_PATIENCE:
            why = f"{show(patience)} is too long: later than that it is another watering"
            parts.findings.value(path, why, f"write at most {show(calendars.MOST_PATIENCE)}")


def window_fits_the_lamp(parts: Parts) -> None:
    """A window that is longer than its lamp may burn leaves the plants in the dark for the rest of it."""
    for name, schedule in parts.schedules.items():
        zone = parts.zones.get(schedule.zone)
        lamp = None if zone is None or schedule.window is None else parts.actuators.get(zone.light or "")
        length = None if schedule.window is None else defaults.window_length(schedule.window)
        if zone is None or lamp is None or lamp.max_on is None or length is None or length <= lamp.max_on:
            continue
        path, limit = ("schedules", name, "window"), ("actuators", str(zone.light), "max_on")
        what = f"{show(length)} is longer than {zone.light}'s max_on {show(lamp.max_on)}"
        what += f" ({parts.findings.place(limit, path)})"
        parts.findings.value(path, what, "shorten it, or let the lamp be on for longer")


def run_fits_the_outputs(parts: Parts) -> None:
    """A run, and a fallback run, ends before the limits of the pump and the valve do."""
    for name, schedule in parts.schedules.items():
        zone = parts.zones.get(schedule.zone)
        if zone is not None and schedule.duration is not None and schedule.task == "irrigation":
            _run_fits(parts, ("schedules", name, "duration"), schedule, zone)
            _run_allowed(parts, ("schedules", name, "duration"), schedule.duration, schedule.zone)
    for name, zone in parts.zones.items():
        if zone.fallback is not None:
            _pump_bears(parts, ("zones", name, "fallback", "duration"), zone.fallback.duration, zone)
            _run_allowed(parts, ("zones", name, "fallback", "duration"), zone.fallback.duration, name)
        if zone.longest_run is not None and zone.longest_run > defaults.LONGEST_RUN_OF_ALL:
            what = f"{show(zone.longest_run)} is longer than anything is watered"
            hint = f"write at most {show(defaults.LONGEST_RUN_OF_ALL)}"
            parts.findings.value(("zones", name, "longest_run"), what, hint)


def _run_allowed(parts: Parts, path: Path, duration: Nanos, zone: str) -> None:
    longest, written = defaults.longest_run(parts.zones[zone]), ("zones", zone, "longest_run")
    if duration > longest and not parts.findings.refused(path) and not parts.findings.refused(written):
        what = f"{show(duration)} is longer than the longest_run of {zone}, {show(longest)}"
        parts.findings.value(path, what, f"shorten it, or write longest_run: {show(duration)} in the zone")


def _run_fits(parts: Parts, path: Path, schedule: ScheduleEntry, zone: ZoneEntry) -> None:
    assert schedule.duration is not None
    if not _pump_bears(parts, path, schedule.duration, zone):
        return
    valve, pump = parts.actuators.get(zone.valve or ""), parts.actuators.get(zone.pump or "")
    if valve is None or valve.max_on is None or valve.role != "valve":
        return
    travel = defaults.travel(valve.kind) if valve.travel is None else valve.travel
    run_down = 0 if pump is None else defaults.run_down(pump.kind) if pump.run_down is None else pump.run_down
    whole = travel + schedule.duration + run_down + defaults.RUN_SLACK
    if whole > valve.max_on:
        limit = ("actuators", str(zone.valve), "max_on")
        where = parts.findings.place(path, limit)
        what = f"{show(valve.max_on)} is shorter than the {show(whole)} that {path[1]} needs it open ({where})"
        hint = (
            f"write at least {show(whole)}: {show(travel)} travel, {show(schedule.duration)} run, "
            f"{show(run_down)} run-down and {show(defaults.RUN_SLACK)} slack"
        )
        parts.findings.value(limit, what, hint)


def _pump_bears(parts: Parts, path: Path, duration: Nanos, zone: ZoneEntry) -> bool:
    pump = parts.actuators.get(zone.pump or "")
    if pump is None or pump.role != "pump":
        return True
    if pump.max_on is not None and duration > pump.max_on:
        where = parts.findings.place(("actuators", str(zone.pump), "max_on"), path)
        what = f"{show(duration)} is longer than {zone.pump}'s max_on {show(pump.max_on)} ({where})"
        parts.findings.value(path, what, "shorten it, or split it into two runs")
        return False
    outlet = outlet_of(parts, pump)
    if outlet is None or outlet.fail_safe is not FailSafe.PULSE or outlet.pulse_max is None:
        return True
    if duration > outlet.pulse_max:
        what = f"{show(duration)} is longer than the timer of {pump.to} can count ({show(outlet.pulse_max)})"
        parts.findings.value(path, what, "shorten it, or split it into two runs")
        return False
    return True


RULES = (
    known_zone,
    zone_can_do_it,
    one_cadence,
    cron_strikes,
    runs_leave_a_rest,
    window_fits_a_day,
    amount_where_it_counts,
    workflow_where_it_counts,
    long_enough,
    overlap_where_it_counts,
    catch_up_where_it_counts,
    patience_where_it_counts,
    run_fits_the_outputs,
    window_fits_the_lamp,
)
