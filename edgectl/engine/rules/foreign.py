"""Another master on a bus: two who order cannot both be right, so nothing is energised there until one is gone."""

from edgectl.engine.draft import Draft
from edgectl.model.inputs import AskState, ForeignMaster, MakeSafe
from edgectl.model.site import Actuator


def heard(draft: Draft, news: ForeignMaster) -> None:
    """Somebody else began to ask on a bus, or has fallen silent for long enough."""
    if not news.heard:
        draft.calm("foreign_master", news.bus)
        return
    draft.alert(
        "foreign_master",
        news.bus,
        f"bus {news.bus}: {news.evidence}",
        "find the other master (a laptop, a panel, a second controller) and unplug it; nothing on this bus is switched "
        "on until it has been silent for a while",
    )
    devices = draft.state.site.buses.get(news.bus, frozenset())
    for name in draft.dangerous():
        # Also what we did not switch on: the other one may have.
        if draft.state.site.actuators[name].device in devices:
            draft.effect(MakeSafe(actuator=name, reason="another master is on the bus"))
            draft.effect(AskState(actuator=name))


def veto(draft: Draft, actuator: Actuator) -> str | None:
    """Why nothing on this bus may be on."""
    foreign = draft.state.foreign
    bus = draft.state.site.bus_of(actuator.device) if foreign else None
    return f"bus {bus}: {foreign[bus]}" if bus is not None and bus in foreign else None
