"""A person sets a register of a device while the controller runs. Nothing may be ordered of it meanwhile.

So its outputs are off, and every zone that needs it is under a service lock: the lock, and no rule of its own, is what
keeps every source away until the person takes it off. Whoever gives a device the address of another that the site file
names puts it in that one's place, so both are judged. A new board at the address of a dead one is such a case: nobody
will ever see the outputs of the old one off. It may follow when the old one is silent, when nothing of it is meant to
be on, and when a person says that it is out and without power; what is owed to it is then proven on the new one.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import latch_name
from edgectl.model.changed import replace
from edgectl.model.events import Event
from edgectl.model.hands import Handwork
from edgectl.model.inputs import Answer, Restraint
from edgectl.model.time import Nanos
from edgectl.model.timeline import Latch

BEGUN = "device_write:"  # a latch per bus that holds from the intent to the outcome: one person writes there at a time


def handwork(draft: Draft, work: Handwork) -> None:
    """Let a write begin, or say why not; or write down what came of it. The answer waits for the disk."""
    if not work.done:
        for code, why in refusals(draft, work.device, work.takes, work.follows):
            draft.effect(Answer(token=work.token, ok=False, code=code, body={"why": why}))
            return
    event = Event.DEVICE_WRITTEN if work.done else Event.DEVICE_WRITE_MEANT
    for latch in kept(event, work.details, work.who, draft.now.wall):
        draft.put(latch)
    draft.note(event.value, device=work.device or None, who=work.who, **work.details)
    draft.effect(Answer(token=work.token, ok=True, code="ok", body=dict(work.details)))


def kept(event: Event, details: Mapping[str, Any], who: str, wall: Nanos) -> tuple[Latch, ...]:
    """What was meant is kept in the same commit, until its outcome is: whoever dies in between leaves it behind for the
    next start. Also the tool that writes while no daemon runs."""
    if event not in (Event.DEVICE_WRITE_MEANT, Event.DEVICE_WRITTEN):
        return ()
    name, held = f"{BEGUN}{details.get('line', '')}", event is Event.DEVICE_WRITE_MEANT
    return (Latch(name=name, held=held, since=wall, who=who, why=json.dumps(dict(details)) if held else ""),)


def close(draft: Draft) -> None:
    """A write that the last life began, and whose outcome it did not live to see: it may have left or not."""
    for name in draft.holding_latches(BEGUN):
        latch = draft.latch(name)
        assert latch is not None
        done = json.loads(latch.why)
        line, unit, setting = done.get("line", ""), done.get("unit", ""), done.get("setting", "")
        why = "the controller ended before it was read back"
        told = {**done, "who": latch.who, "after": None, "taken": False, "why": why}
        draft.note(Event.DEVICE_WRITTEN.value, **told)
        draft.put(replace(latch, held=False))
        draft.alert(
            "device_write_unseen",
            f"{line}-{unit}",
            f"{setting} of unit {unit} on {line} was being written as edgectl ended, and nobody saw the outcome",
            f"look where it is and what it holds: edgectl bus scan {line}, then edgectl device identify",
        )


def refusals(draft: Draft, device: str, takes: str = "", follows: bool = False) -> list[tuple[str, str]]:
    """Why this device, or the one whose address it takes, may not be written to now: codes and sentences."""
    found = []
    for one in _named(device, takes):
        whose = f"the address is that of {one}: " if one != device else ""
        if not (follows and one == takes != device):
            found += [("device_in_use", f"{whose}{why}") for why in _not_seen_off(draft, one)]
        elif answers(draft, one):
            found.append(("device_in_use", f"{whose}{one} still answers; nothing was written"))
        else:
            found += [("device_in_use", f"{whose}{why}") for why in _meant_on(draft, one)]
        for zone in _zones(draft, one):
            if not draft.held(latch_name(Restraint.LOCK, zone)):
                found.append(("zone_not_locked", f"{whose}{zone} needs {one} and is not locked; nothing was written"))
    return found


def _not_seen_off(draft: Draft, device: str) -> Iterator[str]:
    owed = {output.name for output in draft.owed()}
    for name in _outputs(draft, device):
        seen = draft.state.seen.get(name)
        if name in owed or seen is None or seen.on:
            yield f"{name} of {device} is on, or not seen off; nothing was written"


def _meant_on(draft: Draft, device: str) -> Iterator[str]:
    """Outputs that were ordered on and not yet off again. A silent device is ordered off in the same turn."""
    meant = {output.name for output in draft.owed() if output.closing is None}
    for name in _outputs(draft, device):
        if name in meant:
            yield f"{name} of {device} is ordered on; nothing was written"


def answers(draft: Draft, device: str) -> bool:
    """Whether it is known to live: the controller hears from it."""
    return device not in draft.state.silent and _asked(draft, device)


def _asked(draft: Draft, device: str) -> bool:
    """Whether the controller hears from it again and again. One of which nothing is used may be dead and nobody knows:
    whoever takes its place asks it before the write leaves."""
    site = draft.state.site
    channels = (channel for sensor in site.sensors.values() for channel in sensor.channels)
    return bool(_outputs(draft, device)) or any(channel.split(".", 1)[0] == device for channel in channels)


def _outputs(draft: Draft, device: str) -> list[str]:
    return sorted(name for name, actuator in draft.state.site.actuators.items() if actuator.device == device)


def locks(draft: Draft, device: str, takes: str = "") -> tuple[Latch | None, ...]:
    """The locks under which it may be written to: another look tells whether they are the same still."""
    zones = dict.fromkeys(zone for one in _named(device, takes) for zone in _zones(draft, one))
    return tuple(draft.latch(latch_name(Restraint.LOCK, zone)) for zone in zones)


def _named(device: str, takes: str) -> list[str]:
    return [one for one in dict.fromkeys((device, takes)) if one]


def _zones(draft: Draft, device: str) -> list[str]:
    """The zones that need it."""
    return [zone for zone, devices in draft.state.fixed.rests_on.items() if device in devices]
