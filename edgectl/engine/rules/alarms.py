"""What becomes of an alarm that nobody has seen: told again, told to others, silenced for a while, or told as one.

A critical alarm is told again after five minutes and escalates after fifteen; any other is told again after twelve
hours. More than ten within ten minutes are a flood, for an hour at most; a bus on which nobody answers is one fault.
"""

from dataclasses import replace

from edgectl.engine.draft import ALARMS_RAISED, Draft
from edgectl.model.codes import Code
from edgectl.model.codes.alarms import priority
from edgectl.model.hands import Shelve
from edgectl.model.inputs import Answer
from edgectl.model.site import Site
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Alarm

MINUTE: Nanos = 60 * SECOND
AGAIN: Nanos = 5 * MINUTE  # the first repeat of a critical alarm
ESCALATE: Nanos = 15 * MINUTE
THEN: Nanos = 60 * MINUTE  # each further one
OTHERS: Nanos = 12 * 60 * MINUTE
LONGEST_SHELF: Nanos = 24 * 60 * MINUTE
FLOOD, FLOOD_WITHIN = 10, 10 * MINUTE
LONGEST_FLOOD: Nanos = 60 * MINUTE  # one that comes and goes for days must not make the others silent for days
SILENCES = frozenset({Code.DEVICE_SILENT, Code.BIZ_NODE_OFFLINE})
REMINDED = frozenset({"stop_latched", "service_lock_reminder"})  # told again by what holds them
FEW_BACK: Nanos = 30 * SECOND  # of a bus that speaks again: who is silent still is told by name


def watch(draft: Draft) -> None:
    """Tell again what nobody has seen, end shelves, and notice a flood."""
    for known in draft.alarms():
        if known.active and known.code in SILENCES and _speaks(draft, known.subject):
            draft.note("DEVICE_BACK", device=known.subject)
            draft.calm(known.code, known.subject)
            continue
        alarm = _by_this_clock(draft, known)
        if alarm.active and alarm.acknowledged_by is None and alarm.shelved_until is None:
            _tell_again(draft, alarm)
    for bus in draft.state.site.buses:
        _part_again(draft, bus)
    _notice_a_flood(draft)


def shelve(draft: Draft, order: Shelve) -> None:
    """A person silences an alarm for a while. It stays on the list, and comes back by itself."""
    alarm = draft.alarm(order.alarm_id)
    if alarm is None:
        why = f"there is no alarm {order.alarm_id[:80]!r}"
        draft.effect(Answer(token=order.token, ok=False, code="unknown_alarm", body={"why": why}))
        return
    if order.lasts is None:
        _unshelve(draft, alarm, order)
        return
    critical = priority(alarm.code) == "critical"
    if critical or not 0 < order.lasts <= LONGEST_SHELF:
        why = (
            f"{alarm.alarm_id} is critical and cannot be silenced; whoever has seen it says so, and it is told no more"
            if critical
            else "an alarm is silenced for more than 0 s and at most 24 h"
        )
        draft.effect(Answer(token=order.token, ok=False, code="not_to_be_shelved", body={"why": why}))
        return
    draft.put(replace(alarm, shelved_until=draft.now.wall + order.lasts, shelved_by=order.who))
    draft.note("ALARM_SHELVED", alarm=alarm.alarm_id, who=order.who, seconds=order.lasts / SECOND)
    draft.effect(Answer(token=order.token, ok=True, code="ok", body={"alarm": alarm.alarm_id}))


def _unshelve(draft: Draft, alarm: Alarm, order: Shelve) -> None:
    """A person ends the silence before its time."""
    if alarm.shelved_until is None:
        why = f"{alarm.alarm_id} is not silenced"
        draft.effect(Answer(token=order.token, ok=False, code=Code.NOT_HELD, body={"why": why}))
        return
    draft.note("ALARM_UNSHELVED", alarm=alarm.alarm_id, who=order.who)
    told_at = alarm.told_at
    if alarm.active and alarm.acknowledged_by is None:
        # The shelf may have swallowed the call: who is told in the morning alone has heard nothing of it.
        told_at = draft.now.wall
        draft.note("ALARM_REPEATED", alarm=alarm.alarm_id, message=alarm.message)
    draft.put(replace(alarm, shelved_until=None, told_at=told_at))
    draft.effect(Answer(token=order.token, ok=True, code="ok", body={"alarm": alarm.alarm_id}))


def silence(site: Site, device: str) -> str:
    """By which name the silence of a device is called."""
    return "biz_node_offline" if device in site.nodes else "device_silent"


def together(draft: Draft, device: str) -> bool:
    """One more device has fallen silent. True when it is the last one of its bus: then the bus is the fault."""
    site, silent = draft.state.site, draft.state.silent
    bus = site.bus_of(device)
    if bus is None or len(site.buses[bus]) < 2 or not site.buses[bus] <= set(silent):
        return False
    draft.alert(
        "bus_silent",
        bus,
        f"none of the {len(site.buses[bus])} devices on bus {bus} answers: {silent[device]}",
        "check the adapter, the power of the bus and its cable; what hangs on it stays off until it speaks again",
    )
    for name in sorted(site.buses[bus]):
        alarm = draft.alarm(f"{silence(site, name)}:{name}")
        if alarm is not None and alarm.active:
            answered_by(draft, alarm, f"bus_silent:{bus}")
    return True


def answered_by(draft: Draft, alarm: Alarm, cause: str) -> None:
    """Another alarm says what this one meant: there is nothing left to see to, and nobody has to acknowledge it."""
    draft.put(replace(alarm, active=False, acknowledged_by=cause))
    draft.note("ALARM_CLEARED", alarm=alarm.alarm_id, because=cause)


def _speaks(draft: Draft, device: str) -> bool:
    """Has it been heard in this life, and not ceased since? One that was put right while nobody drove the house was
    never silent in this life, so that nothing tells that it is back."""
    state = draft.state
    if device in state.silent:
        return False
    shown = (state.site.actuators[name].device for name in state.seen if name in state.site.actuators)
    return device in shown or any(channel.partition(".")[0] == device for channel in state.image)


def _notice_a_flood(draft: Draft) -> None:
    many, flood = draft.spent(ALARMS_RAISED, FLOOD_WITHIN) > FLOOD, draft.alarm("alarm_flood:site")
    if flood is not None and flood.active:
        if many and draft.now.wall - flood.raised_at < LONGEST_FLOOD:
            draft.wake(draft.now.mono + MINUTE)
        else:
            draft.calm("alarm_flood", "site")
    elif many:
        draft.alert(
            "alarm_flood",
            "site",
            f"more than {FLOOD} alarms began within {FLOOD_WITHIN // MINUTE} min",
            "look for the one thing that they have in common: power, a bus, the water, the disk",
        )
        draft.wake(draft.now.mono + MINUTE)


def _part_again(draft: Draft, bus: str) -> None:
    """A bus that spoke again: all of it, or somebody on it is silent for a reason of his own."""
    alarm = draft.alarm(f"bus_silent:{bus}")
    if alarm is None or not alarm.active:
        return
    site, silent = draft.state.site, draft.state.silent
    still = sorted(site.buses[bus] & set(silent))
    if not still:
        draft.forget_since(("bus_back", bus))
        draft.calm("bus_silent", bus)
    elif len(still) < len(site.buses[bus]):
        since = draft.since(("bus_back", bus))
        if draft.now.mono - since < FEW_BACK:
            draft.wake(since + FEW_BACK)
            return
        draft.forget_since(("bus_back", bus))
        draft.calm("bus_silent", bus)
        for name in still:
            draft.alert(silence(site, name), name, f"{name}: {silent[name]}", "its neighbours answer: look at it alone")


def _by_this_clock(draft: Draft, alarm: Alarm) -> Alarm:
    """The alarm without a shelf that is over, and without times that have not come yet: after a clock came back nobody
    would be called again before it has caught up, and that may be years."""
    wall, until = draft.now.wall, alarm.shelved_until
    if until is not None:
        until = min(until, wall + LONGEST_SHELF) if wall < until else None
    if until is not None:
        draft.wake(draft.now.mono + until - wall)
    raised, told = min(alarm.raised_at, wall), min(alarm.told_at, wall - alarm.untold)
    if (raised, told, until) == (alarm.raised_at, alarm.told_at, alarm.shelved_until):
        return alarm
    found = replace(alarm, raised_at=raised, told_at=told, shelved_until=until)
    draft.put(found)
    return found


def _tell_again(draft: Draft, alarm: Alarm) -> None:
    now = draft.now
    told_at, critical = alarm.told_at or alarm.raised_at, priority(alarm.code) == "critical"
    if critical and not alarm.escalated and now.wall - alarm.raised_at >= ESCALATE:
        draft.put(replace(alarm, escalated=True, told_at=now.wall))
        draft.note("ALARM_ESCALATED", alarm=alarm.alarm_id, message=alarm.message)
        draft.wake(now.mono + THEN)
        return
    if alarm.code in REMINDED:
        return
    every = 0 if alarm.untold else OTHERS if not critical else AGAIN if told_at == alarm.raised_at else THEN
    due = told_at + every
    if critical and not alarm.escalated:
        due = min(due, alarm.raised_at + ESCALATE)
    if now.wall >= told_at + every:
        draft.put(replace(alarm, told_at=now.wall))
        draft.note("ALARM_REPEATED", alarm=alarm.alarm_id, message=alarm.message)
        draft.wake(now.mono + MINUTE)
    else:
        draft.wake(now.mono + due - now.wall)
