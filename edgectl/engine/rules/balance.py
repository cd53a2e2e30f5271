"""A level that cannot be seen is reckoned from what was drawn and let in since it was seen last; a person is called.

Two rules. It reckons low: what may have been drawn or passed on was, a tenth more than was counted, what nobody counts
did not come in, and where something takes water out that nobody counts there is nothing to reckon from. And it speaks
for the water of plants alone, never for a dose: not for longer than the site file says, and not after a start, for
nobody knows what flowed before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules import stand_in
from edgectl.model.channel import Missing, Reading
from edgectl.model.codes import Code
from edgectl.model.site import Actuator, Compare, Condition, Sensor, Zone
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Seen

MORE, LESS = 1.1, 0.9  # a counter that nobody has calibrated is a tenth off
LOOK: Nanos = 5 * SECOND  # while something runs on it


@dataclass(frozen=True, slots=True)
class Reckoned:
    """Percent now, and how it stood when it was seen last."""

    pct: float
    seen: Seen


def follow(draft: Draft) -> None:
    """Remember each level that is seen, and count what is drawn while one is not."""
    for sensor in draft.state.fixed.balanced:
        reading, emptied = draft.read(sensor.name), _emptied(draft, sensor)
        seen = draft.balances.get(sensor.name)
        if isinstance(reading, Reading):
            draft.calm(Code.LEVEL_BY_BALANCE, sensor.name)
        if seen is not None and seen.at <= emptied:
            draft.balances = {name: one for name, one in draft.balances.items() if name != sensor.name}
        elif isinstance(reading, Reading) and reading.at > emptied:
            counters = _shown(draft, {*_meters(draft, sensor), sensor.balance.into if sensor.balance else None})
            _keep(draft, sensor, Seen(pct=reading.value, at=reading.at, followed=reading.at, counters=counters))
        elif seen is not None:
            spent_min, now = (draft.now.mono - seen.followed) / (60 * SECOND), draft.now.mono
            drawn_l = seen.drawn_l + spent_min * sum(_drawing(draft, sensor))
            passed_l = seen.passed_l + spent_min * sum(_passing(draft, sensor))
            _keep(draft, sensor, replace(seen, followed=now, drawn_l=drawn_l, passed_l=passed_l))


def reckon(draft: Draft, name: str) -> Reckoned | None:
    """How full the tank is at the least; None where nobody can say."""
    sensor, seen = draft.state.site.sensors[name], draft.balances.get(name)
    if sensor.balance is None or seen is None or draft.now.mono - seen.at > sensor.balance.lasts:
        return None
    out_l = MORE * (seen.passed_l + max(seen.drawn_l, _counted(draft, seen, _meters(draft, sensor))))
    in_l = LESS * max(0.0, _counted(draft, seen, {sensor.balance.into}))
    return Reckoned(pct=seen.pct - 100 * (out_l - in_l) / sensor.balance.volume_l, seen=seen)


def speaks_for(draft: Draft, condition: Condition, *, wanted: bool) -> bool:
    """True when the reckoned level satisfies a condition that asks whether there is enough."""
    if (condition.compare is Compare.ABOVE) is not wanted or condition.lasts:
        return False
    reckoned = reckon(draft, condition.sensor)
    if reckoned is None:
        return False
    draft.wake(draft.now.mono + LOOK)
    return condition.holds(reckoned.pct) is wanted


def enough(draft: Draft, name: str, least_pct: float) -> bool:
    """The same for the limits that hold where the site file names none."""
    reckoned = reckon(draft, name)
    if reckoned is None:
        return False
    draft.wake(draft.now.mono + LOOK)
    return reckoned.pct >= least_pct


def tell(draft: Draft, actuator: Actuator, task_id: str | None, zone: str | None) -> None:
    """Call a person for each run that begins on a reckoned level."""
    asked = {condition.sensor for condition in (*actuator.requires, *actuator.stop_if)}
    for name in sorted(asked | set(draft.state.fixed.sources(actuator))):
        by_float = not isinstance(draft.read(name), Missing) or stand_in.enough(draft, name) is not None
        reckoned = None if by_float else reckon(draft, name)
        if reckoned is None:
            continue
        age_s = (draft.now.mono - reckoned.seen.at) / SECOND
        draft.note(
            "LEVEL_RECKONED",
            task_id=task_id,
            zone=zone,
            sensor=name,
            actuator=actuator.name,
            seen_pct=round(reckoned.seen.pct, 2),
            reckoned_pct=round(reckoned.pct, 2),
            age_s=round(age_s),
        )
        draft.calm(Code.LEVEL_BY_BALANCE, name)
        draft.alert(
            Code.LEVEL_BY_BALANCE,
            name,
            f"{name} cannot be believed; it showed {reckoned.seen.pct:.0f} % {age_s / 60:.0f} min ago, "
            f"and {actuator.name} runs on the {reckoned.pct:.0f} % that are reckoned since",
            f"look at {name} and its cable, and into the tank; a leak is not reckoned",
        )


def _emptied(draft: Draft, sensor: Sensor) -> Nanos:
    """Until when something that nobody counts has let water out: a drain, or a pump whose rate nobody has measured.
    What was seen before is no level to reckon from."""
    until: Nanos = -1
    for name in (name for out in draft.state.fixed.outflows[sensor.name] if out.l_min is None for name in out.by):
        output = draft.output(name)
        if output is not None and output.owed_off:
            return draft.now.mono
        if output is not None and output.off_at is not None and output.boot_id == draft.state.boot_id:
            until = max(until, output.off_at)
    return until


def _keep(draft: Draft, sensor: Sensor, seen: Seen) -> None:
    draft.balances = {**draft.balances, sensor.name: seen}


def _zones(draft: Draft, sensor: Sensor) -> list[Zone]:
    return [zone for zone in draft.state.site.zones.values() if zone.tank == sensor.name]


def _drawing(draft: Draft, sensor: Sensor) -> Iterator[float]:
    """The commissioned rate of each zone into which water may be flowing now."""
    for zone in _zones(draft, sensor):
        parts = [zone.pump] if not zone.outlets else [zone.pump, *zone.outlets]
        on = [name for name in parts if name and (output := draft.output(name)) is not None and output.owed_off]
        if zone.pump in on and (not zone.outlets or len(on) > 1):
            yield zone.rate_l_min or 0.0


def _passing(draft: Draft, sensor: Sensor) -> Iterator[float]:
    """The commissioned rate of each way on which water may be leaving for another tank, or for a bed that does not say
    whose water it is."""
    for out in draft.state.fixed.outflows[sensor.name]:
        on = any(output is not None and output.owed_off for output in map(draft.output, out.by))
        if on and out.l_min is not None:
            yield out.l_min


def _meters(draft: Draft, sensor: Sensor) -> set[str | None]:
    """The counters of what is drawn. Where a circuit is behind the pump they count its round too, and are not asked."""
    return {zone.meter for zone in _zones(draft, sensor) if zone.circuit is None}


def _shown(draft: Draft, names: set[str | None]) -> Mapping[str, float]:
    readings = {name: draft.read(name) for name in names if name is not None}
    return {name: reading.value for name, reading in readings.items() if isinstance(reading, Reading)}


def _counted(draft: Draft, seen: Seen, names: set[str | None]) -> float:
    """What these counters have counted since; one that cannot be read has counted nothing."""
    now = _shown(draft, names)
    return sum(now[name] - seen.counters[name] for name in now if name in seen.counters)
