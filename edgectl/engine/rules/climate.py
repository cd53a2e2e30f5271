"""The air of each zone, kept where its set-points are: the arithmetic is in `air`, the orders are here.

Two rules. Nothing is switched more often than its rest allows, but what the wind asks for does not wait. And a heater,
a motor and a fog valve carry their own end; a fan keeps its state, whoever lives.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edgectl.engine import air
from edgectl.engine.air import Seen, Wanted
from edgectl.engine.airing import Airing
from edgectl.engine.draft import Draft
from edgectl.engine.ramps import ramped
from edgectl.engine.rules import air_alarms, drives, gas, storms, weather
from edgectl.engine.rules.guards import rests_until
from edgectl.engine.rules.latched import OBSERVES, forbids, mode_of
from edgectl.engine.rules.orders import REPLY_WITHIN, order_off, switch_off, switch_on
from edgectl.engine.rules.overrides import in_force, overridden
from edgectl.engine.senses import cited
from edgectl.engine.shade import with_shade
from edgectl.engine.workflows.airs import is_aired
from edgectl.engine.workflows.need import awaited
from edgectl.model.air import Climate
from edgectl.model.channel import Missing, Reading, Use
from edgectl.model.codes import Code
from edgectl.model.inputs import AskState, Mode
from edgectl.model.output import Output
from edgectl.model.site import Zone
from edgectl.model.time import SECOND, Nanos, to_datetime

LOOK: Nanos = 30 * SECOND
STAGE_REST: Nanos = 120 * SECOND  # between two changes of fans or heaters
HEAT_PULSE: Nanos = 900 * SECOND
FOG_PULSE, FOG_REST = 8 * SECOND, 90 * SECOND
GAS_PULSE, GAS_REST = 30 * SECOND, 30 * SECOND
FROST = 6.0  # degC: what heats begins 1.5 below it


def run(draft: Draft) -> None:
    """Look at the air of every zone that has set-points."""
    for zone in draft.state.fixed.airs:
        if zone.climate is not None:
            _zone(draft, zone, _frost_and_storm(zone.climate) if draft.held(OBSERVES) else zone.climate)


def _frost_and_storm(climate: Climate) -> Climate:
    """All that is left of the climate while the controller only observes: it does not freeze, and wind and rain shut
    its vents. Fans keep their state."""
    warm = (FROST, FROST)
    bare = replace(climate, fans=(), fog=None, screens=(), mixers=(), gas=None)
    return replace(bare, heat=warm, vent=None, driest=None, wettest=None)


def _zone(draft: Draft, zone: Zone, climate: Climate) -> None:
    now = draft.now.mono
    before = draft.airing.get(zone.name, Airing())
    memory = drives.follow(draft, climate, before)
    due = memory.looked_at + LOOK
    if not memory.looked_at or memory.anew or now >= due or weather.turned(draft, climate, memory):
        memory = _look(draft, zone, climate, memory)
        due = now + LOOK
    draft.wake(due)
    if mode_of(draft, zone.name) is Mode.MANUAL:
        vents = replace(climate, screens=(), mixers=())
        by_hand = in_force(draft, zone.name, "vent") is not None
        memory = drives.move(draft, zone, vents, memory, only_shuts=not by_hand)
    else:
        memory = _act(draft, zone, climate, memory)
    if memory != before:
        draft.airing = {**draft.airing, zone.name: memory}


def _look(draft: Draft, zone: Zone, climate: Climate, memory: Airing) -> Airing:
    now = draft.now.mono
    climate = overridden(draft, zone.name, ramped(climate, _minute(draft)))
    uses = {climate.wind: Use.WIND, climate.rain: Use.WEATHER, climate.outside: Use.WEATHER}
    uses[climate.radiation] = Use.WEATHER
    found = {name: draft.read(name, uses.get(name, Use.CLIMATE)) for name in climate.sensors}
    seen = Seen(
        temperature=_value(found, climate.temperature),
        humidity=_value(found, climate.humidity),
        outside=_value(found, climate.outside),
        wind=_value(found, climate.wind),
        rain=_value(found, climate.rain),
        radiation=_value(found, climate.radiation),
        co2=_value(found, None if climate.gas is None else climate.gas.sensor),
    )
    memory, night = storms.minded(draft, zone, seen.wind, memory), _night(draft, climate)
    after = _wanted(draft, zone, climate, seen, memory.wanted, night=night, stormy=now < memory.stormy_until)
    if after.why == Code.CLIMATE_EXTERNAL_NODES_UNAVAILABLE and awaited(draft, _weather_of(climate)):
        after = replace(after, why="")  # nobody has answered yet, and nobody has failed to
    if _told(after) != _told(memory.wanted):
        draft.note(
            "CLIMATE_DECIDED",
            zone=zone.name,
            vent=round(after.vent, 2),
            fans=after.fans,
            heaters=after.heaters,
            fog=after.fog,
            **_more(climate, after),
            reason_code=after.why,
            samples=[cited(reading) for reading in found.values()],
        )
    memory = replace(memory, wanted=after, looked_at=now, anew=False)
    air_alarms.watch(draft, zone, climate, found, seen, night=night)
    return air_alarms.warms(draft, zone, seen, memory)


def _wanted(
    draft: Draft, zone: Zone, climate: Climate, seen: Seen, before: Wanted, *, night: bool, stormy: bool
) -> Wanted:
    """What the air needs, or what is left of that where somebody else decides: no vent stands open in a storm. In
    manual mode vents go where a person has set them for a while, and else stay where they are."""
    by_hand = in_force(draft, zone.name, "vent")
    if mode_of(draft, zone.name) is Mode.MANUAL:
        most, why = air.bound_by_weather(climate, seen, stormy=stormy)
        asked = most if by_hand is None else by_hand / 100
        told = why if by_hand is None or asked > most else ""
        return Wanted(vent=min(asked, most), most=most, urgent=by_hand is None, why=told, own=before.unasked)
    after = air.wanted(climate, seen, before, night=night, stormy=stormy)
    if by_hand is not None:
        after = air.by_hand(climate, seen, after, by_hand / 100, stormy=stormy)
    elif is_aired(draft, zone):
        after = air.aired(climate, seen, after, stormy=stormy)
    if draft.held(OBSERVES):
        most, why = air.bound_by_weather(climate, seen, stormy=stormy)
        after = replace(after, vent=most, most=most, why=why, urgent=True, own=after.unasked)
    return with_shade(climate, seen, after, before, night=night)


def _weather_of(climate: Climate) -> tuple[str, ...]:
    return tuple(name for name in (climate.wind, climate.rain) if name is not None)


def _more(climate: Climate, wanted: Wanted) -> dict[str, Any]:
    """What only some houses have."""
    more: dict[str, Any] = {}
    if climate.screens:
        more["screens"] = [round(opening, 1) for opening in wanted.screens]
    if climate.mixers:
        more["mix"] = round(wanted.mix, 2)
    if climate.gas is not None:
        more["gas"] = wanted.gas
    return more


def _told(wanted: Wanted) -> tuple[object, ...]:
    """What is worth a line of the timeline: a drive in steps of ten percent."""
    drives = (wanted.vent, wanted.mix, *wanted.screens)
    return *(round(one * 10) for one in drives), wanted.fans, wanted.heaters, wanted.fog, wanted.gas, wanted.why


def _act(draft: Draft, zone: Zone, climate: Climate, memory: Airing) -> Airing:
    now, wanted = draft.now.mono, memory.wanted
    memory = drives.move(draft, zone, climate, memory, only_shuts=draft.held(OBSERVES))
    rested = now - memory.staged_at >= STAGE_REST or wanted.urgent or not memory.staged_at
    for number, fan in enumerate(climate.fans):
        if rested and _keep(draft, zone, fan, on=number < wanted.fans):
            memory, rested = replace(memory, staged_at=now), wanted.urgent
    for number, heater in enumerate(climate.heaters):
        memory = _heat(draft, zone, heater, memory, on=number < wanted.heaters)
    if climate.fog is not None and wanted.fog:
        if now - memory.fogged_at >= FOG_REST or not memory.fogged_at:
            if _pulse(draft, zone, climate.fog, FOG_PULSE):
                memory = replace(memory, fogged_at=now)
        else:
            draft.wake(memory.fogged_at + FOG_REST)
    return memory if climate.gas is None else _feed(draft, zone, climate.gas.valve, memory)


def _feed(draft: Draft, zone: Zone, valve: str, memory: Airing) -> Airing:
    """Gas comes in pulses with a rest between, in which the probe can follow. A vent that opens ends it at once."""
    now, output = draft.now.mono, draft.output(valve)
    if not memory.wanted.gas:
        if output is not None and _runs_by_itself(draft, output):
            switch_off(draft, output, planned=True, why="enough gas, or the house is aired")
        return memory
    if memory.gassed_at and now - memory.gassed_at < GAS_PULSE + GAS_REST:
        draft.wake(memory.gassed_at + GAS_PULSE + GAS_REST)
        return memory
    actuator = draft.state.site.actuators[valve]
    if gas.veto(draft, actuator) is not None:
        return memory  # a vent that still runs shut: nobody asked for it, so nobody is told
    lease = GAS_PULSE if actuator.max_on is None else min(GAS_PULSE, actuator.max_on)
    return replace(memory, gassed_at=now) if _pulse(draft, zone, valve, lease) else memory


def _heat(draft: Draft, zone: Zone, heater: str, memory: Airing, *, on: bool) -> Airing:
    output = draft.output(heater)
    burning = output is not None and output.owed_off
    if not on:
        if output is not None and _runs_by_itself(draft, output):
            switch_off(draft, output, planned=True, why="warm enough")
        return memory
    now = draft.now.mono
    if burning or (memory.staged_at and now - memory.staged_at < STAGE_REST and not _was_on(draft, heater)):
        return memory
    longest = draft.state.site.actuators[heater].max_on
    lease = HEAT_PULSE if longest is None else min(HEAT_PULSE, longest)
    return replace(memory, staged_at=now) if _pulse(draft, zone, heater, lease) else memory


def _runs_by_itself(draft: Draft, output: Output) -> bool:
    """On by an order of the climate. What a task or a hand has switched on ends by its own end, or by a guard."""
    command = draft.command(output.cmd_id)
    own = command is None or command.stage == weather.BY_CLIMATE
    return output.owed_off and output.closing is None and output.task_id is None and own


def _was_on(draft: Draft, name: str) -> bool:
    """Its last pulse has just ended by itself: the next one is no new stage."""
    output = draft.output(name)
    return output is not None and output.off_at is not None and draft.now.mono - output.off_at < STAGE_REST


def _keep(draft: Draft, zone: Zone, name: str, *, on: bool) -> bool:
    """Bring an output that keeps its state into another one. True when it was ordered."""
    seen = draft.state.seen.get(name)
    if seen is None:
        draft.effect(AskState(actuator=name))  # nobody has looked since the start
        return False
    if seen.on is on or _busy(draft, name):
        return False
    cmd_id, now = _cmd_id(draft, zone, name), draft.now.mono
    if not on:
        order_off(draft, actuator_name=name, cmd_id=cmd_id, stage=weather.BY_CLIMATE, task_id=None, zone=zone.name)
        return True
    actuator = draft.state.site.actuators[name]
    if forbids(draft, actuator):
        return False
    if (rested := rests_until(draft, actuator)) > now:
        draft.wake(rested)
        return False
    veto = switch_on(
        draft,
        actuator_name=name,
        lease=None,
        cmd_id=cmd_id,
        stage=weather.BY_CLIMATE,
        task_id=None,
        zone=zone.name,
        not_after=now + REPLY_WITHIN,
    )
    return veto is None


def _pulse(draft: Draft, zone: Zone, name: str, lease: Nanos) -> bool:
    """Order one ON with its end, unless somebody forbids it or it is on its way already."""
    return drives.pulse(draft, zone, name, lease, _cmd_id(draft, zone, name))


def _busy(draft: Draft, name: str) -> bool:
    output = draft.output(name)
    held = output is not None and output.owed_off  # by a task that airs the house, or by hand
    return held or any(c.actuator == name and not c.terminal for c in draft.commands())


def _cmd_id(draft: Draft, zone: Zone, name: str) -> str:
    return f"air-{zone.number}-{name}-{draft.state.seq + len(draft.entries) + 1}"


def _minute(draft: Draft) -> float:
    """Of the local day."""
    local = to_datetime(draft.now.wall).astimezone(draft.state.zone_info)
    return local.hour * 60 + local.minute + local.second / 60


def _night(draft: Draft, climate: Climate) -> bool:
    minute, (begin, end) = _minute(draft), climate.day
    return not (begin <= minute < end if begin <= end else minute >= begin or minute < end)


def _value(found: Mapping[str, Reading | Missing], name: str | None) -> float | None:
    reading = None if name is None else found[name]
    return reading.value if isinstance(reading, Reading) else None
