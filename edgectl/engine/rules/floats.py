"""Floats: what starts by one waits until it has rested, and one that never moves is asked to prove that it can.

Two rules. What stops by a float stops at the first look; what starts by one waits until it has shown the same for five
seconds. And no float is the only end of a fill: its time and its litres end it as well, so a float that hangs is told
to a person, and nobody goes thirsty for it.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.senses import glance
from edgectl.model.channel import Missing
from edgectl.model.site import Actuator
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Latch
from edgectl.model.water import WET, Tank

STABLE: Nanos = 5 * SECOND
UNPROVEN = 3  # fills that ended otherwise than by the upper float, without it having moved


def look(draft: Draft) -> None:
    """See each float move or rest, before anybody is heard who wants to start something by it."""
    for tank in draft.state.fixed.floated:
        for name in (tank.low, tank.high):
            if name is not None:
                _look(draft, name)


def watch(draft: Draft) -> None:
    """Call for a proof of an upper float that has not moved for too long."""
    for tank in draft.state.fixed.floated:
        if tank.high is not None:
            _prove(draft, tank, tank.high)


def settled_at(draft: Draft, actuator: Actuator) -> Nanos:
    """From when on the floats by which this output starts have rested; the past when nothing starts by one."""
    moved = [draft.holding[key] for key in _keys(draft, actuator) if key in draft.holding]
    return max(moved, default=-STABLE) + STABLE


def veto(draft: Draft, actuator: Actuator) -> str | None:
    """Why it does not start yet: a float has just moved."""
    rested = settled_at(draft, actuator)
    if draft.now.mono >= rested:
        return None
    draft.wake(rested)
    name = max((draft.holding[key], key[1]) for key in _keys(draft, actuator) if key in draft.holding)[1]
    return f"{name} has just moved; wait until it has shown the same for {STABLE // SECOND} s"


def filled(draft: Draft, float_: str, *, by_it: bool) -> None:
    """A fill has ended, by its upper float or by something else."""
    latch = draft.latch(f"float:{float_}")
    if latch is not None and not by_it:
        draft.put(replace(latch, count=latch.count + 1))


def _look(draft: Draft, name: str) -> None:
    before = draft.latch(f"float:{name}")
    if before is not None and (plain := glance(draft.state, name)) is not None and float(plain > WET) == before.value:
        return  # whatever this word is worth, it tells of no move: so it is in most turns
    reading = draft.read(name)
    if isinstance(reading, Missing):
        return
    wet = float(reading.value > WET)
    if before is not None and before.value == wet:
        return
    # Only what holds or counts outlives the process: it counts the move itself, and the fills after it.
    draft.put(Latch(name=f"float:{name}", held=False, since=draft.now.wall, who="engine", why="", value=wet, count=1))
    if before is not None:
        draft.forget_since(("float", name))
        draft.since(("float", name))
        draft.calm("float_proof_due", name)


def _prove(draft: Draft, tank: Tank, name: str) -> None:
    latch = draft.latch(f"float:{name}")
    if latch is None:
        return
    rests = draft.now.wall - latch.since
    if latch.count > UNPROVEN:
        why = f"{name} has not moved, and {latch.count - 1} fills of {tank.name} ended without it"
    elif tank.prove_every is not None and rests >= tank.prove_every:
        why = f"{name} has not moved for {rests / (86_400 * SECOND):.0f} days"
    else:
        if tank.prove_every is not None:
            draft.wake(draft.now.mono + tank.prove_every - rests)
        return
    advice = f"lift {name} by hand and let it down again, edgectl has to see both; then look at its cable"
    draft.alert("float_proof_due", name, why, advice)


def _keys(draft: Draft, actuator: Actuator) -> list[tuple[str, str]]:
    if not draft.holding:
        return []
    circuits = [
        zone.circuit
        for zone in draft.state.site.zones.values()
        if zone.circuit is not None and actuator.name in (zone.circuit.fill, *(way.pump for way in zone.ways))
    ]
    tanks = [tank for circuit in circuits for tank in circuit.tanks]
    return [("float", name) for tank in tanks for name in (tank.low, tank.high) if name is not None]
