"""Does a condition of a stage hold? Yes, no, or nobody can see it."""

from collections.abc import Iterator
from enum import StrEnum

from edgectl.engine.draft import Draft
from edgectl.engine.rules.dosing import kept_off
from edgectl.engine.workflows.need import awaited
from edgectl.engine.workflows.stage import (
    Above,
    All,
    Any,
    Below,
    Elapsed,
    InBand,
    Metered,
    OutOfBand,
    Stage,
    Until,
    Volume,
)
from edgectl.model.channel import Missing
from edgectl.model.site import Site
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos

FIRST_LOOK: Nanos = 120 * SECOND  # by then every sensor has been read after a start, or is late


class Sight(StrEnum):
    """Three values: what cannot be seen is not a no."""

    YES = "yes"
    NO = "no"
    BLIND = "blind"


def met(draft: Draft, task: Task, until: Until, began: Nanos) -> Sight:
    """Look at a condition. `began` is when the stage came to hold, on the monotonic clock."""
    match until:
        case Elapsed(after=after):
            end = began + max(0, after - task.held)
            draft.wake(end)
            return _sight(draft.now.mono >= end)
        case Above() | Below():
            return _compare(draft, until)
        case Volume(meter=meter, litres=litres):
            reading = draft.read(meter)
            if isinstance(reading, Missing) or task.meter_at_start is None:
                return Sight.BLIND
            return _sight(reading.value - task.meter_at_start >= litres)
        case Metered(meter=meter, litres=litres, since=since):
            reading, begun = draft.read(meter), task.spent.get(f"{since} from ml")
            if isinstance(reading, Missing) or begun is None:
                return Sight.NO
            return _sight(reading.value - begun / 1000 >= litres)
        case InBand():
            return _in_band(draft, until)
        case OutOfBand():
            return _out_of_band(draft, task, until)
        case All(parts=parts):
            sights = [met(draft, task, part, began) for part in parts]
            if Sight.NO in sights:
                return Sight.NO
            return Sight.BLIND if Sight.BLIND in sights else Sight.YES
        case Any(parts=parts):
            sights = [met(draft, task, part, began) for part in parts]
            if Sight.YES in sights:
                return Sight.YES
            return Sight.BLIND if Sight.BLIND in sights else Sight.NO


def awaits_first_look(draft: Draft, task: Task, stage: Stage) -> bool:
    """A stage that a restart came back to opens nothing, and calls nothing unseen, before its sensors have been read
    once in this life."""
    if not task.held or draft.now.mono > draft.state.started + FIRST_LOOK:
        return False
    return awaited(draft, looks_at(draft.state.site, stage))


def looks_at(site: Site, stage: Stage) -> tuple[str, ...]:
    """Every sensor that a stage, or a guard of what it opens, goes by."""
    found = [*_named(stage.until), *(name for door in stage.doors for name in _named(door.when))]
    for part in (site.actuators[name] for name in stage.opens):
        found += [condition.sensor for condition in (*part.requires, *part.stop_if)]
    return tuple(dict.fromkeys(found))


def _named(until: Until) -> Iterator[str]:
    match until:
        case Above(sensor=sensor) | Below(sensor=sensor):
            yield sensor
        case InBand(ph=ph, ec=ec) | OutOfBand(band=InBand(ph=ph, ec=ec)):
            yield from (name for name in (ph, ec) if name is not None)
        case All(parts=parts) | Any(parts=parts):
            for part in parts:
                yield from _named(part)
        case _:
            pass  # a clock is always seen, and a meter that cannot be is no door


def _compare(draft: Draft, wish: Above | Below) -> Sight:
    reading = draft.read(wish.sensor)
    if isinstance(reading, Missing):
        draft.forget_since(wish)
        return Sight.BLIND
    holds = reading.value > wish.limit if isinstance(wish, Above) else reading.value < wish.limit
    draft.wake(reading.at + draft.state.site.sensors[wish.sensor].max_age + 1)
    if not wish.held:
        return _sight(holds)
    if not holds:
        draft.forget_since(wish)
        return Sight.NO
    since = draft.since(wish)
    draft.wake(since + wish.held)
    return _sight(draft.now.mono >= since + wish.held)


def _in_band(draft: Draft, wish: InBand) -> Sight:
    sights: list[Sight] = []
    for sensor, target, share in (
        (wish.ph, wish.target_ph, wish.ph_share),
        (wish.ec, wish.target_ec, wish.ec_share),
    ):
        if sensor is None:
            continue
        reading = draft.read(sensor)
        if isinstance(reading, Missing):
            return Sight.BLIND  # whoever cannot see one of the two does not correct the other
        sights.append(_sight(abs(reading.value - target) <= share * target))
    return Sight.NO if Sight.NO in sights else Sight.YES


def _out_of_band(draft: Draft, task: Task, wish: OutOfBand) -> Sight:
    since = (wish, task.task_id, task.cycle)
    if kept_off(draft, task.zone) or _in_band(draft, wish.band) is not Sight.NO:
        draft.forget_since(since)
        return Sight.NO
    left = draft.since(since) + wish.held
    draft.wake(left)
    return _sight(draft.now.mono >= left)


def _sight(holds: bool) -> Sight:
    return Sight.YES if holds else Sight.NO
