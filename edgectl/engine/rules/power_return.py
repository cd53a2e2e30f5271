"""After a start the loads of the house come back one after the other: a breaker that trips helps nobody.

Two rules. Who comes when is arithmetic over the site file, so that no order of asking changes it: by priority, 5 s
apart, and together only as far as the declared inrush allows. And nothing that starts later may be more than that.
"""

from collections.abc import Mapping

from edgectl.engine.draft import Draft
from edgectl.model.command import Order
from edgectl.model.site import LOADS, Actuator, Site
from edgectl.model.time import SECOND, Nanos

APART: Nanos = 5 * SECOND


def turn_of(site: Site, name: str) -> int:
    """The place of a load in the queue; those that may start together share one."""
    return _queue(site).get(name, 0)


_KNOWN: dict[int, tuple[Site, Mapping[str, int]]] = {}  # of the site files of this process, mostly one


def _queue(site: Site) -> Mapping[str, int]:
    known = _KNOWN.get(id(site))
    if known is None or known[0] is not site:
        _KNOWN.clear()
        known = _KNOWN[id(site)] = site, _queued(site)
    return known[1]


def _queued(site: Site) -> Mapping[str, int]:
    place, drawn, places = -1, 0.0, dict[str, int]()
    for load in sorted((a for a in site.actuators.values() if a.role in LOADS), key=lambda a: (a.priority, a.name)):
        joins = site.max_inrush is not None and load.inrush and drawn and drawn + load.inrush <= site.max_inrush
        place, drawn = (place, drawn + load.inrush) if joins else (place + 1, load.inrush)
        places[load.name] = place
    return places


def returns_at(draft: Draft, actuator: Actuator) -> Nanos:
    """When it may start: its turn after the start of the controller, and room for its inrush."""
    if actuator.role not in LOADS:
        return 0
    now, site = draft.now.mono, draft.state.site
    turn = draft.state.started + APART * turn_of(site, actuator.name) if now < draft.state.started + _all(site) else 0
    return max(turn, _room_at(draft, actuator))


def veto(draft: Draft, actuator: Actuator) -> str | None:
    """Why a load has to wait for its turn."""
    at = returns_at(draft, actuator)
    if at <= draft.now.mono:
        return None
    draft.wake(at)
    left = (at - draft.now.mono) / SECOND
    return f"{actuator.name} must not start for another {left:.1f} s: loads come on one after the other"


def _all(site: Site) -> Nanos:
    return APART * len(_queue(site))


def _room_at(draft: Draft, actuator: Actuator) -> Nanos:
    """When what has just started draws no more than it runs on."""
    most = draft.state.site.max_inrush
    if most is None or not actuator.inrush:
        return 0
    actuators, started = draft.state.site.actuators, dict[str, Nanos]()
    for command in draft.commands():
        since = command.ack_at or command.queued_at
        if command.order is Order.ON and command.actuator in actuators and command.actuator != actuator.name:
            started[command.actuator] = max(since, started.get(command.actuator, 0))
    drawn, free_at = actuator.inrush, 0
    for since, name in sorted(((at, name) for name, at in started.items()), reverse=True):
        if draft.now.mono >= since + APART:
            break
        drawn += actuators[name].inrush
        if drawn > most:
            free_at = max(free_at, since + APART)
    return free_at
