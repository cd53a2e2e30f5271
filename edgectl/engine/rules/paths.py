"""Where a pump draws from and pushes to. It needs an open way on both sides, for longer than it runs.

A pump has one way out per zone, and one back into the solution tank; where supplies can be chosen it needs one of them.
A zone without a valve is an open way, and then nothing is known here.
"""

from edgectl.engine.draft import Draft
from edgectl.model.output import Output
from edgectl.model.site import Actuator
from edgectl.model.time import SECOND, Nanos

DEAD_HEAD: Nanos = 5 * SECOND // 2  # a pump against a closed valve: with the reaction, three seconds
STOP_ORDER_PATIENCE: Nanos = 2 * SECOND  # a pump that cannot be seen off does not hold its valves open for ever


def shuts_first(draft: Draft, pump: Actuator, lease: Nanos) -> str | None:
    """The ends that the boards hold must be in order, for nobody may be left to stop the pump."""
    if lease <= DEAD_HEAD:
        return None
    for side in draft.state.fixed.sides(pump.name):
        if not any(open_until(draft, name) >= draft.now.mono + lease for name in side):
            valves = " or ".join(side)
            return f"{pump.name} would push against a closed valve: switch {valves} on first, for longer than the pump"
    return None


def dead_head(draft: Draft, pump: Actuator) -> str | None:
    """A pump that pushes against closed valves for longer than it can take, whoever switched it on."""
    output = draft.output(pump.name)
    command = None if output is None else draft.command(output.cmd_id)
    if command is None or command.ack_at is None:
        return None
    for side in draft.state.fixed.sides(pump.name):
        valves = [valve for valve in map(draft.output, side) if valve is not None]
        if any(is_open(valve) for valve in valves):
            continue
        since = max([command.ack_at, *(valve.closing for valve in valves if valve.closing is not None)])
        if draft.now.mono >= since + DEAD_HEAD:
            return f"{pump.name} pushes against a closed valve; open {' or '.join(side)} first"
        draft.wake(since + DEAD_HEAD)
    return None


def closes_at(draft: Draft, valve: str) -> Nanos:
    """Until when a valve that has to close waits for a pump that is just being stopped: until it has run down, and two
    seconds at most. A pump that is welded then pushes against it; the other way it would empty the tank over the floor,
    and run dry after that (docs/adr/0021)."""
    until = 0
    for pump in draft.state.fixed.pumps_of.get(valve, ()):
        output = draft.output(pump)
        if output is None or output.closing is None:
            continue
        latest = output.closing + STOP_ORDER_PATIENCE
        if output.owed_off:
            until = max(until, latest)
        elif output.off_at is not None and output.boot_id == draft.state.boot_id:
            until = max(until, min(latest, output.off_at + draft.state.site.actuators[pump].run_down))
    return until


def pushes_against_shut(draft: Draft, pump: str) -> bool:
    """Is there a side of this pump on which every valve is shut?"""
    outputs = [[draft.output(name) for name in side] for side in draft.state.fixed.sides(pump)]
    return any(not any(valve is not None and is_open(valve) for valve in side) for side in outputs)


def is_open(valve: Output) -> bool:
    """On, and nobody has ordered it off."""
    return valve.owed_off and valve.closing is None


def open_until(draft: Draft, name: str) -> Nanos:
    """The end that the valve's own order carries; 0 when it is not open."""
    valve = draft.output(name)
    if valve is None or not is_open(valve):
        return 0
    command = draft.command(valve.cmd_id)
    if command is None or command.ack_at is None or command.lease is None:
        return 0
    return command.ack_at + command.lease
