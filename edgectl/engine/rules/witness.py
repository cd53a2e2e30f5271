"""What one instrument says about another. A witness never switches anything on: it tells a person, orders off once more
what is off already, and drops what feeds it.

Missing is not flow, and it is not the absence of flow either: a meter that falls silent neither raises nor calms.
"""

from collections.abc import Mapping

from edgectl.engine.draft import Draft
from edgectl.engine.rules import backups
from edgectl.engine.rules.flow import NO_FLOW_L_MIN
from edgectl.model.channel import Missing
from edgectl.model.codes import Code
from edgectl.model.inputs import MakeSafe
from edgectl.model.site import Zone
from edgectl.model.time import SECOND, Nanos

HALF = 0.5  # of the commissioned rate
STEADY_AFTER: Nanos = 15 * SECOND
RUNS_ON: Nanos = 10 * SECOND  # what a closing valve and an emptying pipe may let through


def unordered_flow(draft: Draft) -> Mapping[str, Nanos]:
    """The flow sensors that see water while nothing on their lines is owed an OFF, and since when without a break."""
    found: dict[str, Nanos] = {}
    for zone in draft.state.site.zones.values():
        if zone.flow is None or zone.flow in found:
            continue
        reading = draft.read(zone.flow)
        if not isinstance(reading, Missing) and reading.value > NO_FLOW_L_MIN and not _ordered(draft, zone.flow):
            found[zone.flow] = draft.unordered.get(zone.flow, draft.now.mono)
    return found


def watch(draft: Draft) -> None:
    """Call a person when water has moved for too long without an order, until the meter has seen it stop."""
    draft.unordered = unordered_flow(draft)
    for name, since in draft.unordered.items():
        reading, sensor = draft.read(name), draft.state.site.sensors[name]
        assert not isinstance(reading, Missing)
        if reading.at <= since + RUNS_ON:
            draft.wake(since + RUNS_ON + sensor.max_age + 1)  # by then a reading is newer than that, or there is none
            continue
        alarm = draft.alarm(f"{Code.FLOW_WITHOUT_ORDER}:{name}")
        if alarm is None or not alarm.active:
            _shut_again(draft, name)
        draft.alert(
            Code.FLOW_WITHOUT_ORDER,
            name,
            f"{name} sees {reading.value:.3g} {sensor.unit} and nothing was ordered to let water through",
            "shut the water off by hand, then look for a valve that does not close, a leak, or a switch left in hand",
        )
    for alarm in draft.state.alarms.values():
        if alarm.code == Code.FLOW_WITHOUT_ORDER and alarm.active and _still(draft, alarm.subject):
            draft.calm(Code.FLOW_WITHOUT_ORDER, alarm.subject)


def suspect(draft: Draft) -> None:
    """A meter that shows far less than the pump surely moves: its current says that it pushes water."""
    for zone in draft.state.site.zones.values():
        if zone.flow is None or zone.rate_l_min is None or not _pushes(draft, zone):
            continue
        reading = draft.read(zone.flow)
        if isinstance(reading, Missing):
            continue
        if reading.value >= HALF * zone.rate_l_min:
            draft.calm(Code.FLOW_METER_SUSPECT, zone.flow)
        elif reading.value > NO_FLOW_L_MIN:
            draft.alert(
                Code.FLOW_METER_SUSPECT,
                zone.flow,
                f"{zone.flow} sees {reading.value:.3g} L/min and {zone.pump} moves about {zone.rate_l_min:g}",
                "clean or replace the meter; look for a filter that is nearly shut; until then runs end by their time",
            )


def _pushes(draft: Draft, zone: Zone) -> bool:
    """Has the pump run into this zone for long enough, and does its current say that it moves water?"""
    names = [name for name in (zone.pump, zone.valve) if name is not None]
    outputs = [draft.output(name) for name in names]
    if zone.pump is None or any(o is None or not o.owed_off or o.closing is not None for o in outputs):
        return False
    pump, command = draft.state.site.actuators[zone.pump], draft.command(outputs[0].cmd_id if outputs[0] else None)
    if pump.draws is None or pump.draws.least is None or command is None or command.ack_at is None:
        return False
    if draft.now.mono < command.ack_at + STEADY_AFTER:
        return False
    amps = draft.read(pump.draws.sensor)
    return not isinstance(amps, Missing) and amps.value >= pump.draws.least


def _shut_again(draft: Draft, flow: str) -> None:
    """An OFF may have been lost on its way to a contact, and where the contact is welded its feeder has to fall."""
    for part in sorted(_parts(draft, flow)):
        draft.effect(MakeSafe(actuator=part, reason="water moves without an order"))
        backups.fall(draft, part, f"{Code.FLOW_WITHOUT_ORDER}:{flow}", f"{flow} sees water that nobody ordered")


def _parts(draft: Draft, flow: str) -> set[str]:
    zones = [zone for zone in draft.state.site.zones.values() if zone.flow == flow]
    return {name for zone in zones for name in (zone.pump, *zone.outlets) if name is not None}


def _ordered(draft: Draft, flow: str) -> bool:
    """True while anything that lets water past this sensor has not been seen off."""
    outputs = [draft.output(name) for name in _parts(draft, flow)]
    return any(output is not None and output.owed_off for output in outputs)


def _still(draft: Draft, flow: str) -> bool:
    if flow not in draft.state.site.sensors:
        return True  # the sensor has left the site file, and nobody else can calm this
    reading = draft.read(flow)
    return not isinstance(reading, Missing) and reading.value <= NO_FLOW_L_MIN
