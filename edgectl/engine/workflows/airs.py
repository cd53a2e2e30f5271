"""Work on air and water that lasts a while and ends by the clock: airing a house, a mist, a circulation.

Each function gives the rows of one workflow. The weather has the same say here as in the climate rule.
"""

from edgectl.engine.air import STORM
from edgectl.engine.draft import Draft
from edgectl.engine.senses import cited
from edgectl.engine.workflows import times
from edgectl.engine.workflows.need import RUN, SKIP, Need, awaited
from edgectl.engine.workflows.stage import Above, Door, Elapsed, Exit, Stage, Table
from edgectl.engine.workflows.tanks import dry_door, recirculation
from edgectl.model.channel import Missing, Reading, Use
from edgectl.model.codes import Code, required
from edgectl.model.site import Site
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, seconds

MIST: Nanos = 8 * SECOND
AIRING: Nanos = 600 * SECOND
CIRCULATION: Nanos = 900 * SECOND


def ventilation(site: Site, task: Task) -> Table:
    """The fans run for a while; a storm ends it."""
    zone = site.zones[task.zone]
    climate = zone.climate
    assert climate is not None
    blown = Exit(code=Code.WIND_BLOCKED, error=Code.EXECUTION_FAILED)
    storm: tuple[Door, ...] = ()
    if climate.wind is not None:
        storm = (Door(name="storm", when=Above(sensor=climate.wind, limit=STORM), exit=blown),)
    return (_lasting("ventilate", climate.fans, _duration(task, AIRING), Code.VENTILATION_REQUIRED, storm),)


def mist(site: Site, task: Task) -> Table:
    """One pulse of fog, ended by the device itself."""
    fog = fog_of(site, task)
    assert fog is not None
    duration = _duration(task, MIST)
    done = Exit(code=Code.MIST_REQUIRED)
    return (
        Stage(
            name="mist",
            opens=(fog,),
            until=Elapsed(after=duration),
            pulse=duration,
            done=done,
            limit=duration,
            late=done,
        ),
    )


def circulate(site: Site, task: Task) -> Table:
    """The solution goes round for a while, as far as its outputs may go in one run."""
    zone = site.zones[task.zone]
    opens = recirculation(zone)
    most = times.longest(site, opens)
    duration = _duration(task, CIRCULATION)
    return (
        _lasting(
            "circulate",
            opens,
            duration if most is None else min(duration, most),
            Code.CIRCULATE_REQUIRED,
            dry_door(zone),
        ),
    )


def fog_of(site: Site, task: Task) -> str | None:
    """The fog valve of the zone."""
    zone = site.zones[task.zone]
    return zone.fog or (zone.climate.fog if zone.climate is not None else None)


def air_need(draft: Draft, task: Task) -> Need:
    """Airing makes sense when the weather lets it, and when it is cooler outside."""
    climate = draft.state.site.zones[task.zone].climate
    assert climate is not None
    sensors = tuple(name for name in (climate.temperature, climate.outside, climate.wind) if name is not None)
    if awaited(draft, sensors):
        return Need("wait", Code.VENTILATION_REQUIRED)
    found = {name: draft.read(name, Use.WEATHER) for name in sensors}
    samples = tuple(cited(reading) for reading in found.values())
    wind = None if climate.wind is None else found[climate.wind]
    if isinstance(wind, Missing):
        return Need(SKIP, Code.CLIMATE_EXTERNAL_NODES_UNAVAILABLE, samples=samples)
    if wind is not None and wind.value >= STORM:
        return Need(SKIP, Code.WIND_BLOCKED, samples=samples)
    outside = None if climate.outside is None else found[climate.outside]
    inside = found[climate.temperature]
    if isinstance(outside, Reading) and isinstance(inside, Reading) and outside.value >= inside.value:
        return Need(SKIP, Code.OUTSIDE_TEMP_BLOCKED, samples=samples)
    return Need(RUN, Code.VENTILATION_REQUIRED, samples=samples)


def plain(draft: Draft, task: Task) -> Need:
    """Somebody asked for it, and nothing speaks against it but the guards."""
    return Need(RUN, required(task.task_type))


def _lasting(name: str, opens: tuple[str, ...], duration: Nanos, code: Code, doors: tuple[Door, ...]) -> Stage:
    done = Exit(code=code)
    return Stage(
        name=name,
        opens=opens,
        until=Elapsed(after=duration),
        done=done,
        limit=duration + SECOND,
        late=done,
        doors=doors,
    )


def _duration(task: Task, usual: Nanos) -> Nanos:
    asked = task.payload.get("duration_s")
    return usual if asked is None else seconds(float(asked))
