"""Work on air and water that lasts a while and ends by the clock: airing or warming a house, a mist, a circulation.

Each function gives the rows of one workflow. The weather has the same say here as in the climate rule.
"""

from dataclasses import replace

from edgectl.engine.air import STORM, Seen, most_open
from edgectl.engine.airing import Airing
from edgectl.engine.draft import Draft
from edgectl.engine.senses import cited
from edgectl.engine.workflows import times
from edgectl.engine.workflows.execution import duration_of
from edgectl.engine.workflows.need import RETRY, RUN, SKIP, Need, awaited
from edgectl.engine.workflows.stage import Above, Door, Elapsed, Exit, Stage, Table
from edgectl.engine.workflows.tanks import dry_door, recirculation
from edgectl.model.channel import Missing, Reading, Use
from edgectl.model.codes import Code, required
from edgectl.model.site import Site, Zone
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, seconds

MIST: Nanos = 8 * SECOND
AIRS = "ventilate"  # the stage in which a task airs a house
AIRING: Nanos = 600 * SECOND
CIRCULATION: Nanos = 900 * SECOND
HEATING: Nanos = 600 * SECOND
OVERHEAT_ROOM = 3.0  # degC: nobody heats a house to where it is aired against the heat


def ventilation(site: Site, task: Task) -> Table:
    """The fans run for a while, and the climate keeps the vents as open as wind and rain allow; a storm ends it."""
    zone = site.zones[task.zone]
    climate = zone.climate
    assert climate is not None
    blown = Exit(code=Code.WIND_BLOCKED, error=Code.EXECUTION_FAILED)
    storm: tuple[Door, ...] = ()
    if climate.wind is not None:
        storm = (Door(name="storm", when=Above(sensor=climate.wind, limit=STORM), exit=blown),)
    return (_lasting(AIRS, climate.fans, _duration(task, AIRING), Code.VENTILATION_REQUIRED, storm),)


def heating(site: Site, task: Task) -> Table:
    """The heaters run for a while, or until it is as warm as was asked for; the air is never overheated by it."""
    climate = site.zones[task.zone].climate
    assert climate is not None
    target = task.payload.get("target_c")
    done = Exit(code=Code.CLIMATE_REQUIRED)
    most = climate.overheat - OVERHEAT_ROOM
    warm = Above(sensor=climate.temperature, limit=most if target is None else min(most, float(target)))
    opens = climate.heaters
    longest = times.longest(site, opens)
    duration = _duration(task, HEATING)
    stage = _lasting(
        "heat",
        opens,
        duration if longest is None else min(duration, longest),
        Code.CLIMATE_REQUIRED,
        (Door(name="warm", when=warm, exit=done),),
    )
    unseen = Exit(code=Code.STALE, error=Code.EXECUTION_FAILED)
    return (replace(stage, blind=unseen),)


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


def is_aired(draft: Draft, zone: Zone) -> bool:
    """Does a task air this zone now?"""
    return any(task.zone == zone.name and task.stage == AIRS and not task.stopping for task in draft.tasks())


def air_need(draft: Draft, task: Task) -> Need:
    """Airing makes sense when the weather lets it, and when it is cooler outside. Where wind and rain let the vents be
    open a little only, or cannot be seen, the fans run all the same, and the run is a reduced one."""
    zone = draft.state.site.zones[task.zone]
    climate = zone.climate
    assert climate is not None
    uses = {climate.temperature: Use.CLIMATE, climate.outside: Use.WEATHER, climate.wind: Use.WIND}
    uses[climate.rain] = Use.WEATHER
    sensors = tuple(name for name in uses if name is not None)
    if awaited(draft, sensors):
        return Need("wait", Code.VENTILATION_REQUIRED)
    found = {name: draft.read(name, uses[name]) for name in sensors}
    samples = tuple(cited(reading) for reading in found.values())
    seen = {name: reading.value for name, reading in found.items() if isinstance(reading, Reading)}
    weather = Seen(wind=seen.get(climate.wind or ""), rain=seen.get(climate.rain or ""))
    stormy = draft.now.mono < draft.airing.get(zone.name, Airing()).stormy_until
    most, why = most_open(climate, weather, stormy=stormy)
    if most <= 0.0:
        return Need(SKIP, Code.WIND_BLOCKED, samples=samples)
    outside, inside = seen.get(climate.outside or ""), seen.get(climate.temperature)
    if outside is not None and inside is not None and outside >= inside:
        return Need(SKIP, Code.OUTSIDE_TEMP_BLOCKED, samples=samples)
    if not why or not climate.vents:
        return Need(RUN, Code.VENTILATION_REQUIRED, samples=samples)
    reduced = f"the vents are open {most:.0%} at most ({why})"
    return Need(RUN, Code.VENTILATION_REQUIRED, samples=samples, run_mode="run_reduced", why=reduced)


def heat_need(draft: Draft, task: Task) -> Need:
    """Heat makes sense while it is colder than asked for, and only where the temperature can be seen."""
    climate = draft.state.site.zones[task.zone].climate
    assert climate is not None
    if awaited(draft, (climate.temperature,)):
        return Need("wait", Code.CLIMATE_REQUIRED)
    reading = draft.read(climate.temperature, Use.CLIMATE)
    samples = (cited(reading),)
    if isinstance(reading, Missing):
        return Need(RETRY, Code.STALE, Code.STALE, samples=samples)
    target = task.payload.get("target_c")
    if target is not None and reading.value >= float(target):
        return Need(SKIP, Code.TARGET_ALREADY_MET, samples=samples)
    if reading.value >= climate.overheat - OVERHEAT_ROOM:
        return Need(SKIP, Code.CLIMATE_NOT_REQUIRED, samples=samples)
    return Need(RUN, Code.CLIMATE_REQUIRED, samples=samples)


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
    asked = duration_of(task.payload)
    return usual if asked is None else seconds(float(asked))
