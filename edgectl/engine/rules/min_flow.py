"""A pump that is strong for many valves must not push through too few: it heats, and pipes burst.

What is open is counted by the commissioned rates. A bypass leads what a small zone does not take back into the tank.
"""

from collections.abc import Mapping

from edgectl.engine.draft import Draft
from edgectl.engine.rules.paths import DEAD_HEAD, is_open, open_until
from edgectl.model.site import Actuator, Site
from edgectl.model.time import Nanos

ROUNDING = 1e-9  # L/min


def ways(site: Site, pump: Actuator) -> Mapping[str, float]:
    """What each valve behind a pump lets through, L/min."""
    found: dict[str, float] = {}
    for zone in site.zones.values():
        watered, circuit = zone.rate_l_min or 0.0, zone.circuit
        beside = watered if zone.chemistry is None else zone.chemistry.rate_l_min
        if circuit is not None and circuit.fill_pump == pump.name:
            beside = circuit.solution_l_min or 0.0
        for way in zone.ways:
            if way.pump == pump.name:
                found.update({valve: watered if valve in zone.outlets else beside for valve in way.pushes})
    least = pump.least_flow
    if least is not None and least.bypass is not None:
        found[least.bypass] = least.bypass_l_min
    return found


def _unshut(site: Site, pump: Actuator) -> float:
    """What flows into zones that have no valve, L/min: these ways are open."""
    return sum(zone.rate_l_min or 0.0 for zone in site.zones.values() if zone.pump == pump.name and zone.valve is None)


def veto(draft: Draft, pump: Actuator, lease: Nanos | None) -> str | None:
    """Why it may not start: too few ways stay open for as long as it would run."""
    if pump.least_flow is None or lease is None or lease <= DEAD_HEAD:
        return None
    until = draft.now.mono + lease
    return _short(draft, pump, {name for name in ways(draft.state.site, pump) if open_until(draft, name) >= until})


def starved(draft: Draft, pump: Actuator) -> str | None:
    """Why it may not stay on: too few ways have been open for longer than it can take."""
    output = draft.output(pump.name)
    command = None if output is None else draft.command(output.cmd_id)
    if pump.least_flow is None or command is None or command.ack_at is None:
        return None
    valves = {name: draft.output(name) for name in ways(draft.state.site, pump)}
    why = _short(draft, pump, {name for name, valve in valves.items() if valve is not None and is_open(valve)})
    if why is None:
        return None
    closed = [valve.closing for valve in valves.values() if valve is not None and valve.closing is not None]
    since = max([command.ack_at, *closed])
    if draft.now.mono >= since + DEAD_HEAD:
        return why
    draft.wake(since + DEAD_HEAD)
    return None


def _short(draft: Draft, pump: Actuator, open_: set[str]) -> str | None:
    least, through = pump.least_flow, ways(draft.state.site, pump)
    assert least is not None
    total = sum(through[name] for name in open_) + _unshut(draft.state.site, pump)
    if total >= least.l_min - ROUNDING:
        return None
    shut = " or ".join(sorted(set(through) - open_)) or "another way"
    return (
        f"{pump.name} needs ways for {least.l_min:g} L/min, and what is open lets {total:g} L/min through: "
        f"open {shut} as well"
    )
