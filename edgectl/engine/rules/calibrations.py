"""Sensors in a person's hands: Missing for every rule from the first moment, and back only by that person's word.

Two rules. What was taken out never comes back by itself; forgotten, it calls. And it comes back only when it agrees
with what it read before, or when somebody insists: a probe that lies in the grass measures rain.
"""

from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.model.channel import Reading
from edgectl.model.hands import USUAL, Calibrate, Step
from edgectl.model.inputs import Answer
from edgectl.model.site import Sensor
from edgectl.model.time import MS, SECOND, Nanos, Trust, iso
from edgectl.model.timeline import Latch

FORGOTTEN: Nanos = 2 * 3600 * SECOND
ALIKE = 0.15  # of what it read before: further away it hangs somewhere else
ALIKE_PH = 0.5
PUMP_OFF = 0.1  # of ml_per_s: more is another pump, another hose, or a wrong measure


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What a correction may be: beyond it the probe is worn, or stood in another solution."""

    gains: tuple[float, float]
    offset: float


# A glass electrode with 85 to 105 % of its slope, and 30 mV of its zero, at 59.16 mV for one pH.
BOUNDS = {
    "ph": _Bounds((1 / 1.05, 1 / 0.85), 30 / 59.16),
    "ec": _Bounds((0.7, 1.4), 0.1),
    "level": _Bounds((0.5, 2.0), 25.0),
}


def calibrate(draft: Draft, order: Calibrate) -> None:
    """One step of a calibration, of a sensor or of a dosing pump."""
    actuator = draft.state.site.actuators.get(order.subject)
    if actuator is not None and actuator.doser is not None:
        _pump(draft, order, actuator.doser.ml_per_s)
        return
    sensor = draft.state.site.sensors.get(order.subject)
    why = _refusal(draft, order, sensor)
    if why or sensor is None:
        code = "unknown_sensor" if sensor is None else "not_to_be_calibrated"
        draft.effect(Answer(token=order.token, ok=False, code=code, body={"why": why}))
    elif order.step is Step.BEGIN:
        _take_out(draft, order, sensor)
    else:
        _give_back(draft, order, sensor)


def watch(draft: Draft) -> None:
    """Call for what was forgotten, and for what is due."""
    now = draft.now
    for sensor in sorted(draft.state.in_calibration):
        latch = draft.latch(f"in_calibration:{sensor}")
        if latch is None or not latch.held or sensor not in draft.state.site.sensors:
            continue
        if now.wall - latch.since < FORGOTTEN:
            draft.wake(now.mono + latch.since + FORGOTTEN - now.wall)
            continue
        draft.alert(
            "calibration_forgotten",
            sensor,
            f"{sensor} has been in calibration by {latch.who} for {(now.wall - latch.since) // SECOND // 60} min",
            f"put it back and finish, or: edgectl calibrate cancel {sensor}; until then nothing that needs it runs",
        )
    if now.trust is not Trust.UNTRUSTED:
        for name, every in draft.state.fixed.calibrated:
            _due(draft, name, every)


def _due(draft: Draft, name: str, every: Nanos) -> None:
    done = draft.latch(f"calibrated:{name}")
    if done is not None and (left := done.since + every - draft.now.wall) > 0:
        draft.calm("calibration_due", name)
        draft.wake(draft.now.mono + min(left, 3600 * SECOND))
        return
    last = "never, as far as edgectl knows" if done is None else f"last by {done.who} on {iso(done.since)[:10]}"
    meanwhile = "its word counts less and less until then" if name in draft.state.site.sensors else "doses may be off"
    draft.alert(
        "calibration_due",
        name,
        f"{name} is to be calibrated every {every // SECOND // 86_400} d; {last}",
        f"edgectl calibrate leads through it; {meanwhile} ({name})",
    )


def _refusal(draft: Draft, order: Calibrate, sensor: Sensor | None) -> str:
    if sensor is None:
        known = ", ".join(sorted(draft.state.site.sensors))
        return f"there is no sensor {order.subject[:60]!r}, and no dosing pump with ml_per_s; sensors are: {known}"
    if sensor.median_of:
        return f"{sensor.name} is the median of several probes: give each a name of its own and calibrate that"
    latch = draft.latch(f"in_calibration:{sensor.name}")
    held = latch is not None and latch.held
    if order.step is Step.BEGIN:
        return f"{sensor.name} is in calibration already, by {latch.who}" if held and latch is not None else ""
    return "" if held else f"{sensor.name} is not in calibration"


def _take_out(draft: Draft, order: Calibrate, sensor: Sensor) -> None:
    before = draft.read(sensor.name)
    shown = before.value if isinstance(before, Reading) else None
    draft.put(
        Latch(
            name=f"in_calibration:{sensor.name}",
            held=True,
            since=draft.now.wall,
            who=order.who,
            why="in calibration",
            value=shown,
        )
    )
    draft.note("CALIBRATION_BEGUN", sensor=sensor.name, who=order.who, before=shown)
    draft.effect(Answer(token=order.token, ok=True, code="ok", body={"sensor": sensor.name, "before": shown}))


def _give_back(draft: Draft, order: Calibrate, sensor: Sensor) -> None:
    hands = draft.latch(f"in_calibration:{sensor.name}")
    assert hands is not None
    old = draft.latch(f"calibrated:{sensor.name}")
    finished = order.step is Step.FINISH
    gain, offset = _line(order) if finished else _correction(old)
    if finished and (why := _implausible(order, gain, offset)):
        draft.effect(Answer(token=order.token, ok=False, code="calibration_implausible", body={"why": why}))
        return
    now_shows = _shows(draft, sensor, gain, offset)
    if not order.accept and (why := _elsewhere(sensor, order, hands.value, now_shows)):
        draft.effect(Answer(token=order.token, ok=False, code="calibration_disagrees", body={"why": why}))
        return
    draft.put(replace(hands, held=False, since=draft.now.wall, who=order.who, why=order.step.value))
    draft.calm("calibration_forgotten", sensor.name)
    body: dict[str, Any] = {
        "sensor": sensor.name,
        "before": hands.value,
        "after": now_shows,
        "gain": gain,
        "offset": offset,
    }
    if finished:
        draft.put(
            Latch(
                name=f"calibrated:{sensor.name}",
                held=True,
                since=draft.now.wall,
                who=order.who,
                why=f"{order.kind or 'in the device'}, points: {len(order.points)}",
                value=offset,
                factor=gain,
            )
        )
        every = sensor.calibrate_every or USUAL.get(order.kind)
        due = None if every is None else iso(draft.now.wall + every)
        points = [list(point) for point in order.points]
        body |= {"due": due}
        draft.note("CALIBRATED", who=order.who, method=order.kind, points=points, accepted=order.accept, **body)
    else:
        draft.note("CALIBRATION_LEFT", who=order.who, accepted=order.accept, **body)
    draft.effect(Answer(token=order.token, ok=True, code="ok", body=body))


def _correction(latch: Latch | None) -> tuple[float, float]:
    return (1.0, 0.0) if latch is None else (latch.factor, latch.value or 0.0)


def _line(order: Calibrate) -> tuple[float, float]:
    """Gain and offset through what was shown and what was known. One point moves a pH, and scales anything else."""
    if not order.points:
        return 1.0, 0.0  # the device was calibrated in itself
    (low, known_low), (high, known_high) = min(order.points), max(order.points)
    if high > low:
        gain = (known_high - known_low) / (high - low)
        return gain, known_low - gain * low
    if order.kind == "ph" or low == 0:
        return 1.0, known_low - low
    return known_low / low, 0.0


def _implausible(order: Calibrate, gain: float, offset: float) -> str:
    bounds = BOUNDS.get(order.kind)
    if bounds is None:
        return f"{order.kind[:20]!r} is no kind of calibration: {', '.join(sorted(BOUNDS))}"
    if len(order.points) == 2 and order.points[0][1] == order.points[1][1]:
        return "both points are the same solution"
    # How far it is off in the middle of what was measured: far from it an offset means nothing.
    middle = sum(known for _, known in order.points) / max(1, len(order.points))
    off = abs(middle - (middle - offset) / gain) if isfinite(gain) and gain else float("inf")
    low, high = bounds.gains
    if not low <= gain <= high:
        slope = 100 / gain if gain else 0
        return f"a slope of {slope:.0f} % is no good probe: clean it, use fresh solution, or replace it"
    limit = bounds.offset if order.kind != "ec" else max(bounds.offset, 0.4 * middle)
    return "" if off <= limit else f"it is off by {off:.2f}: clean it, use fresh solution, or replace it"


def _shows(draft: Draft, sensor: Sensor, gain: float, offset: float) -> float | None:
    """What it would say now, with this correction; None when nothing fresh came from it."""
    sample = draft.state.image.get(sensor.channel)
    if sample is None or not 0 <= draft.now.mono - sample.at <= sensor.max_age + 500 * MS:
        return None
    value = gain * sensor.scaled(sample.value) + offset
    return round(value, 4) if isfinite(value) else None


def _elsewhere(sensor: Sensor, order: Calibrate, before: float | None, shows: float | None) -> str:
    if shows is None:
        return f"{sensor.name} says nothing: put it back and look at its cable"
    if before is None:
        return ""
    alike = ALIKE_PH if order.kind == "ph" else max(ALIKE * abs(before), ALIKE_PH)
    if abs(shows - before) <= alike:
        return ""
    return (
        f"{sensor.name} shows {shows:g} and read {before:g} before it was taken out: is it back in its place? "
        "If it is, say --accept"
    )


def _pump(draft: Draft, order: Calibrate, written: float) -> None:
    """What a dosing pump gave into a measure: noted, and said when the site file says something else."""
    (seconds, ml), *_ = order.points or ((0.0, 0.0),)
    if order.step is not Step.FINISH or seconds <= 0 or ml <= 0:
        why = "a pump is calibrated by the seconds that it ran and the ml in the measure, both above zero"
        draft.effect(Answer(token=order.token, ok=False, code="not_to_be_calibrated", body={"why": why}))
        return
    found = round(ml / seconds, 4)
    draft.put(
        Latch(
            name=f"calibrated:{order.subject}",
            held=True,
            since=draft.now.wall,
            who=order.who,
            why=f"pump, {ml:g} ml in {seconds:g} s",
            value=found,
        )
    )
    doser = draft.state.site.actuators[order.subject].doser
    due = iso(draft.now.wall + ((doser and doser.calibrate_every) or USUAL["pump"]))
    differs = abs(found - written) > PUMP_OFF * written
    body: dict[str, Any] = {
        "actuator": order.subject,
        "before": written,
        "after": found,
        "differs": differs,
        "due": due,
    }
    draft.note("CALIBRATED", who=order.who, method="pump", points=[[seconds, ml]], **body)
    draft.effect(Answer(token=order.token, ok=True, code="ok", body=body))
