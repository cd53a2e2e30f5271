"""A person sets a register of a device while the controller runs. Nothing may be ordered of it meanwhile.

So its outputs are off, and every zone that needs it is under a service lock: the lock, and no rule of its own, is what
keeps every source away until the person takes it off.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import latch_name
from edgectl.model.events import Event
from edgectl.model.hands import Handwork
from edgectl.model.inputs import Answer, Restraint
from edgectl.model.named import devices_under


def handwork(draft: Draft, work: Handwork) -> None:
    """Let a write begin, or say why not; or write down what came of it. The answer waits for the disk."""
    if not work.done:
        for code, why in _refusals(draft, work.device):
            draft.effect(Answer(token=work.token, ok=False, code=code, body={"why": why}))
            return
    event = Event.DEVICE_WRITTEN if work.done else Event.DEVICE_WRITE_MEANT
    draft.note(event.value, device=work.device or None, who=work.who, **work.details)
    draft.effect(Answer(token=work.token, ok=True, code="ok", body=dict(work.details)))


def _refusals(draft: Draft, device: str) -> list[tuple[str, str]]:
    site, found = draft.state.site, []
    own = sorted(name for name, actuator in site.actuators.items() if device and actuator.device == device)
    owed = {output.name for output in draft.owed()}
    for name in own:
        seen = draft.state.seen.get(name)
        if name in owed or seen is None or seen.on:
            found.append(("device_in_use", f"{name} of {device} is on, or not seen off; nothing was written"))
    for zone in site.zones.values():
        locked = draft.held(latch_name(Restraint.LOCK, zone.name))
        if device and not locked and device in devices_under(site, zone):
            found.append(("zone_not_locked", f"{zone.name} needs {device} and is not locked; nothing was written"))
    return found
