"""From the image of the field to a value that a rule may use, or the reason why there is none.

Two rules. What is stale, frozen, impossible or contradicted is Missing, whatever it is wanted for.
Quality is the weakest of what speaks for a value, never a mean: nine good reasons do not outweigh a bad one.

    freshness    1 up to half of max_age, 0.5 at max_age
    rate         0 for one max_age after a change faster than max_rate
    noise        1 up to the declared noise, 0.5 at twice that
    agreement    0.5 when only one channel of several is left
    calibration  1 until it is due, 0.5 when it is due for the second time
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from edgectl.engine.agreement import agreeing, middle
from edgectl.engine.state import State
from edgectl.engine.trace import Trace
from edgectl.model.channel import LIMITS, Absence, Missing, Reading, Sample, Use
from edgectl.model.site import Sensor
from edgectl.model.time import MS, Nanos, Now, Trust

ALONE = 0.5  # what is left of a median when nobody confirms it: good enough to water, not to dose

NO_MORE = LIMITS[Use.GUARD]


def sense(state: State, sensor_name: str, now: Now, use: Use = Use.GUARD) -> Reading | Missing:
    """The sensor's value now, if it is good enough for this use."""
    sensor = state.site.sensors[sensor_name]
    limit = NO_MORE if use is Use.GUARD else LIMITS[use]  # most reads are for a guard, and looking it up is not free
    if sensor_name in state.in_calibration:
        return Missing(sensor=sensor_name, reason=Absence.IN_CALIBRATION)
    max_age = sensor.max_age if limit.max_age is None else min(sensor.max_age, limit.max_age)
    if sensor.median_of:
        found = _together(sensor, [_one(state, sensor, channel, now.mono, max_age) for channel in sensor.median_of])
    else:
        found = _one(state, sensor, sensor.channel, now.mono, max_age)
    if isinstance(found, Missing):
        return found
    if sensor.calibrate_every is not None and sensor_name in state.calibrations:
        found = _weakened(found, "calibration", _calibration(sensor, state.calibrations[sensor_name].since, now))
    if found.quality < limit.quality:
        return Missing(sensor=sensor_name, reason=Absence.LOW_QUALITY, age=found.age)
    return found


def glance(state: State, sensor_name: str) -> float | None:
    """What a sensor of one channel showed last, in its unit and with its correction, good for anything or not; None
    where it has shown nothing, or where several channels have to agree. For whoever only asks whether it has moved."""
    sensor = state.site.sensors[sensor_name]
    sample = None if sensor.median_of else state.image.get(sensor.channel)
    return None if sample is None else _value(state, sensor, sample)


def _value(state: State, sensor: Sensor, sample: Sample) -> float:
    value = sensor.scaled(sample.value)
    corrected = state.calibrations.get(sensor.name)
    return value if corrected is None else corrected.factor * value + (corrected.value or 0.0)


def _one(state: State, sensor: Sensor, channel: str, now: Nanos, max_age: Nanos) -> Reading | Missing:
    name = sensor.name
    sample = state.image.get(channel)
    if sample is None:
        return Missing(sensor=name, reason=Absence.NEVER_READ)
    age = now - sample.at
    if age < 0:
        return Missing(sensor=name, reason=Absence.FROM_THE_FUTURE, age=age)
    if age > max_age:
        return Missing(sensor=name, reason=Absence.STALE, age=age)
    if sample.why is not None:
        return Missing(sensor=name, reason=sample.why, age=age)
    value = _value(state, sensor, sample)
    if not isfinite(value):
        return Missing(sensor=name, reason=Absence.NOT_A_NUMBER, age=age)
    if (sensor.low is not None and value < sensor.low) or (sensor.high is not None and value > sensor.high):
        return Missing(sensor=name, reason=Absence.OUT_OF_RANGE, age=age)
    half = max_age // 2
    quality, weakest = (1.0, "") if age <= half else (1.0 - 0.5 * (age - half) / (max_age - half), "freshness")
    trace = state.traces[channel].get(name) if channel in state.traces else None
    if trace is not None:
        if sensor.frozen_after is not None and sample.at - trace.same_since > sensor.frozen_after:
            return Missing(sensor=name, reason=Absence.FROZEN, age=age)
        if (found := _rate(sensor, trace, now)) < quality:
            quality, weakest = found, "rate"
        if sensor.noise is not None and (found := _noise(sensor, trace)) < quality:
            quality, weakest = found, "noise"
    return Reading(
        sensor=name,
        value=value,
        sample_id=sample.sample_id,
        at=sample.at,
        age=age,
        quality=quality,
        weakest=weakest,
    )


def _together(sensor: Sensor, voices: Sequence[Reading | Missing]) -> Reading | Missing:
    """The median of the channels that have a value and agree."""
    heard = sorted((voice for voice in voices if isinstance(voice, Reading)), key=lambda voice: voice.value)
    if not heard:
        missing = (voice for voice in voices if isinstance(voice, Missing))
        return min(missing, key=lambda voice: (voice.age is None, voice.age))
    kept = [heard[index] for index in agreeing([voice.value for voice in heard], sensor.agree_within)]
    if not kept:
        return Missing(sensor=sensor.name, reason=Absence.DISAGREES, age=max(voice.age for voice in heard))
    # A median lies between the better half of the voices: the best of the worse half says how good it is.
    judge = sorted(kept, key=lambda voice: -voice.quality)[len(kept) // 2]
    value, age = middle([voice.value for voice in kept]), max(voice.age for voice in kept)
    if not isfinite(value):
        return Missing(sensor=sensor.name, reason=Absence.NOT_A_NUMBER, age=age)
    central = kept[len(kept) // 2]
    found = Reading(
        sensor=sensor.name,
        value=value,
        sample_id=central.sample_id,
        at=min(voice.at for voice in kept),
        age=age,
        quality=judge.quality,
        weakest=judge.weakest,
        others=tuple(voice.sample_id for voice in kept if voice is not central),
    )
    return _weakened(found, "agreement", 1.0 if len(kept) > 1 else ALONE)


def _weakened(found: Reading, factor: str, quality: float) -> Reading:
    return found if quality >= found.quality else replace(found, quality=quality, weakest=factor)


def _rate(sensor: Sensor, trace: Trace, now: Nanos) -> float:
    return 0.0 if trace.jumped_at is not None and now - trace.jumped_at <= sensor.max_age else 1.0


def _noise(sensor: Sensor, trace: Trace) -> float:
    deviation = None if sensor.noise is None else trace.deviation
    if deviation is None or sensor.noise is None or deviation <= sensor.noise:
        return 1.0
    return sensor.noise / deviation


def _calibration(sensor: Sensor, done_at: Nanos, now: Now) -> float:
    assert sensor.calibrate_every is not None
    if now.trust is Trust.UNTRUSTED:
        return 1.0  # nobody knows what day it is
    over = (now.wall - done_at - sensor.calibrate_every) / sensor.calibrate_every
    return 1.0 - 0.5 * min(max(over, 0.0), 1.0)


def cited(reading: Reading | Missing) -> Mapping[str, Any]:
    """A reading, or its absence, as the timeline cites it."""
    if isinstance(reading, Missing):
        return {"sensor": reading.sensor, "missing": reading.reason.value}
    return {
        "sensor": reading.sensor,
        "value": round(reading.value, 4),
        "sample": reading.sample_id,
        "age_ms": reading.age // MS,
        "quality": round(reading.quality, 3),
    }
