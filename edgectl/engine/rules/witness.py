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
WEAK = 0.75  # of the commissioned rate
STEADY_AFTER: Nanos = 15 * SECOND
LASTS: Nanos = 5 * SECOND
RUNS_ON: Nanos = 10 * SECOND  # what a closing valve and an emptying pipe may let through


def unordered_flow(draft: Draft) -> Mapping[str, Nanos]:
    """The flow sensors that see water while nothing on their lines is owed an OFF, and since when without a break."""
    found: dict[str, Nanos] = {}
    for name in draft.state.fixed.watched_flows:
        reading = draft.read(name)
        if not isinstance(reading, Missing) and reading.value > NO_FLOW_L_MIN and not _ordered(draft, name):
            found[name] = draft.unordered.get(name, draft.now.mono)
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


def weak(draft: Draft) -> None:
    """Call a person for a pump that moves far less than it did when it was commissioned: plants that are watered by
    time get less than they should. One that feeds a bypass as well is not judged."""
    for zone in draft.state.site.zones.values():
        if zone.flow is None or zone.rate_l_min is None or not _runs_into(draft, zone):
            continue
        reading, since = draft.read(zone.flow), ("weak", zone.name)
        if isinstance(reading, Missing) or reading.value <= NO_FLOW_L_MIN:
            continue
        if reading.value >= WEAK * zone.rate_l_min:
            draft.forget_since(since)
            draft.calm(Code.FLOW_LOW, zone.name)
        elif draft.now.mono - draft.since(since) >= LASTS:
            draft.alert(
                Code.FLOW_LOW,
                zone.name,
                f"{zone.flow} sees {reading.value:.3g} L/min into {zone.name}, commissioned were {zone.rate_l_min:g}",
                "look at the filter, the emitters and the pump; a run by time gives less until then",
            )
        else:
            draft.wake(draft.since(since) + LASTS)


def _pushes(draft: Draft, zone: Zone) -> bool:
    """Has the pump run into this zone for long enough, and does its current say that it moves water?"""
    pump = None if zone.pump is None else draft.state.site.actuators[zone.pump]
    if pump is None or pump.draws is None or pump.draws.least is None or not _runs_into(draft, zone):
        return False
    amps = draft.read(pump.draws.sensor)
    return not isinstance(amps, Missing) and amps.value >= pump.draws.least


def _runs_into(draft: Draft, zone: Zone) -> bool:
    """Has the pump run into this zone alone, and for long enough to be judged by its flow?"""
    names = [name for name in (zone.pump, zone.valve) if name is not None]
    outputs = [draft.output(name) for name in names]
    if zone.pump is None or any(o is None or not o.owed_off or o.closing is not None for o in outputs):
        return False
    pump, command = draft.state.site.actuators[zone.pump], draft.command(outputs[0].cmd_id if outputs[0] else None)
    if command is None or command.ack_at is None or pump.least_flow is not None:
        return False
    steady = command.ack_at + STEADY_AFTER
    draft.wake(steady)
    return draft.now.mono >= steady


def _shut_again(draft: Draft, flow: str) -> None:
    """An OFF may have been lost on its way to a contact, and where the contact is welded its feeder has to fall."""
    for part in sorted(_parts(draft, flow)):
        draft.effect(MakeSafe(actuator=part, reason="water moves without an order"))
        backups.fall(draft, part, f"{Code.FLOW_WITHOUT_ORDER}:{flow}", f"{flow} sees water that nobody ordered")


def _parts(draft: Draft, flow: str) -> frozenset[str]:
    return draft.state.fixed.watched_flows.get(flow, frozenset())


def _ordered(draft: Draft, flow: str) -> bool:
    """True while anything that lets water past this sensor has not been seen off."""
    outputs = [draft.output(name) for name in _parts(draft, flow)]
    return any(output is not None and output.owed_off for output in outputs)


def _still(draft: Draft, flow: str) -> bool:
    if flow not in draft.state.site.sensors:
        return True  # the sensor has left the site file, and nobody else can calm this
    reading = draft.read(flow)
    return not isinstance(reading, Missing) and reading.value <= NO_FLOW_L_MIN
