"""No water into a tank that is full, by whoever's order: its upper float says so, or its level where it has no float.

Two rules. What cannot be seen counts as full, for then nobody sees it run over; who fills by hand meanwhile stands at
the tap. And a stage that is to end by this very mark ends by itself: it looks in the same turn, and closes in order.
"""

from collections.abc import Iterator

from edgectl.engine.draft import Draft
from edgectl.engine.workflows.stage import Above
from edgectl.model.channel import Missing
from edgectl.model.site import Actuator
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import WET, Inflow, Tank


def veto(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    """Why it may not start: with it water would run into a full tank."""
    return next((why for way in _flowing(draft, actuator) if (why := _no_room(draft, actuator, way.tank))), None)


def runs_over(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    """Why it may not stay on. Its pump is off first, and its valves have to close only against one that goes on."""
    tanks = (way.tank for way in _flowing(draft, actuator) if not _ends(draft, actuator, way.tank))
    return next((why for tank in tanks if (why := _no_room(draft, actuator, tank))), None)


def looked_at(draft: Draft, actuator: Actuator) -> list[str]:
    """The sensors that spoke for the room in the tanks that it fills now."""
    return [way.tank.mark[0] for way in _flowing(draft, actuator) if way.tank.mark is not None]


def _flowing(draft: Draft, actuator: Actuator) -> Iterator[Inflow]:
    """The ways into tanks on which water moves when this output is on. What is not seen off may be open."""
    for way, others in draft.state.fixed.inflows.get(actuator.name, ()):
        if all(any(_may_be_on(draft, name) for name in side) for side in others):
            yield way


def _may_be_on(draft: Draft, name: str) -> bool:
    output = draft.output(name)
    return output is not None and output.owed_off


def _ends(draft: Draft, actuator: Actuator, tank: Tank) -> bool:
    """Is it on for a stage that ends when this tank is full?"""
    output = draft.output(actuator.name)
    if output is None or output.task_id is None or tank.mark is None:
        return False
    if not (table := draft.state.tables.get(output.task_id)):
        return False
    ends = [stage.until for stage in table if stage.name == draft.task(output.task_id).stage]
    return any(isinstance(until, Above) and until.sensor == tank.mark[0] for until in ends)


def _no_room(draft: Draft, actuator: Actuator, tank: Tank) -> str | None:
    if tank.mark is None:
        return None
    name, (sensor, limit) = actuator.name, tank.mark
    reading = draft.read(sensor)
    if isinstance(reading, Missing):
        gone = reading.reason.value.replace("_", " ")
        age = "" if reading.age is None else f", aged {reading.age / SECOND:.1f} s"
        return (
            f"nobody sees whether {name} makes {tank.name} run over: {sensor} {gone}{age}; "
            "look at it and its cable, and fill at the tap until then"
        )
    draft.wake(reading.at + draft.state.site.sensors[sensor].max_age + 1)
    if reading.value <= limit:
        return None
    shown, age_s = f"{reading.value:g}", f"{reading.age / SECOND:.1f}"
    low = None if tank.high is None or tank.low is None else draft.read(tank.low)
    if low is not None and not isinstance(low, Missing) and low.value <= WET:
        return (
            f"{name} fills nothing while the floats of {tank.name} contradict each other: {sensor} shows {shown}, "
            f"aged {age_s} s, and {tank.low} is dry; free the one that hangs"
        )
    return (
        f"{name} would make {tank.name} run over: {sensor} shows {shown}, aged {age_s} s; "
        f"draw from it first, or free {sensor} if it hangs"
    )
