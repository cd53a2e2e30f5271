"""The site file is an order too: what it changed since the last start stands in the timeline, before and after.

And the alarm of a part that has left it is calmed, for no reading will ever do that. A service lock and a probe that is
in somebody's hands stay as they are: a name that is misspelt for one start takes nobody's lock off.
"""

import json
from collections.abc import Iterator

from edgectl.engine.draft import Draft
from edgectl.model.codes import Code
from edgectl.model.site import Site
from edgectl.model.timeline import Latch

MOST_TOLD = 50  # entries in one line of the timeline; how many more there are is said
LONGEST = 400  # characters of one entry
# Alarms that the part itself calms, when it is well again. What a person has to have seen ends with that word.
OF_PARTS = frozenset(
    {
        Code.BIZ_CONFIG_ERROR,
        Code.BIZ_HIGH_EC,
        Code.BIZ_HIGH_HUMIDITY,
        Code.BIZ_HIGH_PH,
        Code.BIZ_HIGH_TEMP,
        Code.BIZ_LIGHT_FAILURE,
        Code.BIZ_LOW_EC,
        Code.BIZ_LOW_HUMIDITY,
        Code.BIZ_LOW_PH,
        Code.BIZ_LOW_TEMP,
        Code.BIZ_LOW_WATER,
        Code.BIZ_NODE_OFFLINE,
        Code.BIZ_PUMP_STUCK_ON,
        Code.BUS_SILENT,
        Code.CALIBRATION_DUE,
        Code.CALIBRATION_FORGOTTEN,
        Code.CIRCULATION_OFF,
        Code.CLIMATE_BLIND,
        Code.CO2_HIGH,
        Code.DEVICE_SILENT,
        Code.FALLBACK_WATERING,
        Code.FLOAT_PROOF_DUE,
        Code.FLOW_LOW,
        Code.FLOW_METER_SUSPECT,
        Code.FOREIGN_MASTER,
        Code.FROST_RISK,
        Code.HEATER_NO_GAIN,
        Code.LEVEL_BY_BALANCE,
        Code.LEVEL_BY_FLOAT,
        Code.LIT_TOO_LONG,
        Code.OUTPUT_MAY_BE_ON,
        Code.PROBE_RESTLESS,
        Code.SCHEDULE_FAILED,
        Code.WRONG_SCALE,
        Code.ZONE_THIRSTY,
    }
)


def tell(draft: Draft) -> None:
    """Compare the file of this start with that of the last one. The first file of a journal changes all of it."""
    _part_with_what_is_gone(draft)
    after, latch = dict(draft.state.config), draft.latch("config")
    before = {} if latch is None else _read(latch.why)
    if not after or after == before:
        return
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    draft.note(
        "CONFIG_CHANGED",
        who="the site file",
        why="it was read at the start",
        first=latch is None,
        changed=[
            {"path": path, "before": _short(before.get(path)), "after": _short(after.get(path))}
            for path in changed[:MOST_TOLD]
        ],
        more=max(0, len(changed) - MOST_TOLD),
    )
    draft.put(
        Latch(
            name="config", held=True, since=draft.now.wall, who="the site file", why=json.dumps(after, sort_keys=True)
        )
    )


def _part_with_what_is_gone(draft: Draft) -> None:
    """Calm what nobody else can calm any more."""
    known = {*_names(draft.state.site), *(schedule.name for schedule in draft.state.schedules)}
    for alarm in draft.alarms():
        gone = alarm.active and alarm.code in OF_PARTS and alarm.subject not in known
        # What may still be on somewhere is not over before somebody has looked.
        if gone and (alarm.code != Code.OUTPUT_MAY_BE_ON or alarm.acknowledged_by is not None):
            draft.calm(alarm.code, alarm.subject)


def _names(site: Site) -> Iterator[str]:
    """Everything that a site file names and an alarm may be about."""
    yield from (*site.sensors, *site.actuators, *site.zones, *site.buses, *site.nodes)
    for devices in site.buses.values():
        yield from devices
    yield from (actuator.device for actuator in site.actuators.values())
    for sensor in site.sensors.values():
        yield from sensor.devices
    for zone in site.zones.values():
        yield from () if zone.circuit is None else (tank.name for tank in zone.circuit.tanks)


def _read(why: str) -> dict[str, str]:
    """What the last start wrote. A row in which a bit has flipped names no entry: all of them are told anew."""
    try:
        entries = json.loads(why)
    except ValueError:
        return {}
    return {str(path): str(line) for path, line in entries.items()} if isinstance(entries, dict) else {}


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST else f"{text[:LONGEST]}…"
