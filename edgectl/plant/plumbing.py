"""Tanks, pumps and valves: who pushes how much water where, and for how long it pushed none.

Two rules. Flows change only at events (a switch, a tank full or dry, a dose arriving, a pump spun up), so the time
between two events is one step of any length. And a pump without a way out or without water is counted, not excused.
"""

from dataclasses import replace
from math import ceil

from edgectl.model.time import SECOND, Nanos
from edgectl.plant.dosing import DosePump
from edgectl.plant.faults import Breakage, Fault
from edgectl.plant.layout import MAINS, ZONE, Layout, PumpPart, ValvePart
from edgectl.plant.pump import SPIN_UP, Pump, flow_at
from edgectl.plant.tank import BRIM_L, REST, Flows, Tank
from edgectl.plant.water import NOTHING, Solute

PRIME_L = 1.0  # a dry suction draws again when the tank is this far above it
LEAK_L_S = 0.5 / 60
PASSING_L_S = 1 / 60  # what a leaking valve lets through while closed


class Plumbing:
    """All that water passes through. Instants are integer nanoseconds and never go back."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.tanks = {
            part.name: Tank(
                capacity_l=part.capacity_l,
                dead_l=part.dead_l,
                volume_l=max(part.start_l, part.dead_l),
                litre=part.litre,
            )
            for part in layout.tanks
        }
        self.pumps = {part.name: Pump(part) for part in layout.pumps}
        self.doses = {part.name: DosePump(part) for part in layout.doses}
        self.position = {valve.name: 0.0 for valve in layout.valves}
        self.broken: set[Breakage] = set()
        self.mains_l = self.zone_l = 0.0
        self.at: Nanos = 0
        self._unprimed = {name for name, tank in self.tanks.items() if tank.volume_l < tank.dead_l + PRIME_L}
        self._flows: dict[str, Flows] = {}
        self._moves: dict[str, dict[str, float]] = {}  # from where to where, L/s; a target may be the zone
        self._event: Nanos | None = None
        self._planned = False

    def set(self, name: str, position: float) -> None:
        """Switch a pump or a dosing pump, or move a valve (0 closed to 1 open), at the instant reached so far."""
        self._planned = False
        if name in self.doses:
            self.doses[name].set(position > 0, self.at)
        elif name in self.pumps:
            pump = self.pumps[name]
            pump.since = (self.at if pump.since is None else pump.since) if position > 0 else None
        else:
            self.position[name] = min(1.0, max(0.0, position))

    def break_part(self, breakage: Breakage, broken: bool) -> None:
        """Break or mend a part at the instant reached so far."""
        self._planned = False
        (self.broken.add if broken else self.broken.discard)(breakage)
        if breakage.fault is Fault.DOSE_LINE_EMPTY:
            self.doses[breakage.of].break_line(broken, self.at)

    def advance(self, to: Nanos) -> None:
        """Let time pass up to this instant, in as many steps as there are events."""
        while self.at < to:
            self.settle()
            end = to if self._event is None else min(to, self._event)
            self._pass(end - self.at)
            self.at = end
            if end == self._event:
                self._planned = False

    def fed(self, tank: str) -> bool:
        """Does anything that is on bring water into a tank from elsewhere? What seeps from the mains does not count."""
        mains = any(
            self.position[valve.name] for valve in self.layout.valves if (valve.source, valve.target) == (MAINS, tank)
        )
        return (mains and not self._is(Fault.MAINS_DRY)) or any(moves.get(tank) for moves in self._moves.values())

    def settle(self) -> None:
        """Find the flows as they are at the instant reached; `advance` alone leaves them as they were before it."""
        if not self._planned:
            self._plan()

    def _plan(self) -> None:
        """Find the flows that hold from now on, and the instant of the next event."""
        into, out, circling, leak = (dict.fromkeys(self.tanks, 0.0) for _ in range(4))
        self._moves = {}
        for valve in self.layout.valves:
            if valve.source == MAINS and not self._is(Fault.MAINS_DRY):
                opening = self.position[valve.name] * valve.rate_l_min / 60
                into[valve.target] += max(opening, self._seepage(valve))
        for pump in self.pumps.values():
            self._plan_pump(pump, out, circling)
        for part in self.layout.tanks:
            if self._is(Fault.TANK_LEAK, part.name) and part.name not in self._unprimed:
                leak[part.name] = LEAK_L_S
        events: list[Nanos] = []
        self._flows = {}
        given = dict.fromkeys(self.tanks, 0.0)
        for moves in self._moves.values():
            for target, rate in moves.items():
                if target != ZONE:
                    given[target] += rate
        for part in self.layout.tanks:
            name, tank = part.name, self.tanks[part.name]
            leaving = out[name] + leak[name]
            trickle = part.trickle_l_min / 60
            if tank.volume_l >= tank.capacity_l - BRIM_L:
                trickle = min(trickle, max(0.0, leaving - into[name] - given[name]))
            into[name] += trickle
            dose, dose_l = self._dose(name)
            stirs = into[name] or leaving or circling[name] or dose_l or part.evaporation_l_h
            self._flows[name] = (
                REST
                if not stirs
                else Flows(
                    into=into[name],
                    inlet=self.layout.mains,
                    out=out[name],
                    leak=leak[name],
                    round=circling[name],
                    dose=dose,
                    dose_l=dose_l,
                    evaporation=part.evaporation_l_h / 3600,
                )
            )
            events += self._level_event(name, into[name] + given[name] - leaving)
        events += [a for a in (dose.next_arrival() for dose in self.doses.values()) if a is not None]
        events += [p.since + SPIN_UP for p in self.pumps.values() if p.since is not None]
        self._event = min((event for event in events if event > self.at), default=None)
        self._planned = True

    def _plan_pump(self, pump: Pump, out: dict[str, float], circling: dict[str, float]) -> None:
        """What a pump moves now: from each tank to each tank and to the zone."""
        pump.flow_l_s, pump.dry, pump.closed = 0.0, False, False
        if pump.since is None:
            return
        name = pump.part.name
        wet = {n: g for n, g in self._suctions(pump.part).items() if n not in self._unprimed}
        ways = self._ways([valve for valve in self.layout.valves if valve.source == name], to_target=True)
        pump.dry = not wet or self._is(Fault.SUCTION_BLOCKED, name)
        pump.closed = not ways
        if pump.dry or pump.closed or self.at < pump.since + SPIN_UP:
            return
        pull, push = sum(wet.values()), sum(ways.values())
        flow = flow_at(pump.part, pull, push, worn=self._is(Fault.PUMP_WORN, name))
        for opening in (pull, push):  # a closed valve that leaks passes its litre a minute and no more
            if opening < 2 * PASSING_L_S * 60 / pump.part.rate_l_min:
                flow = min(flow, opening * pump.part.rate_l_min / 60)
        pump.flow_l_s = flow
        for source, suction in wet.items():
            moves = self._moves.setdefault(source, {})
            for target, way in ways.items():
                moved = flow * suction / pull * way / push
                if source == target:
                    circling[source] += moved
                else:
                    out[source] += moved
                    moves[target] = moves.get(target, 0.0) + moved

    def _suctions(self, part: PumpPart) -> dict[str, float]:
        found = self._ways([valve for valve in self.layout.valves if valve.target == part.name], to_target=False)
        return found | {part.tank: 1.0} if part.tank else found

    def _ways(self, valves: list[ValvePart], *, to_target: bool) -> dict[str, float]:
        """Where the open ones of these valves lead, and how far they are open; a leaking one is a little open."""
        found: dict[str, float] = {}
        for valve in valves:
            opening = max(self.position[valve.name], self._seepage(valve) * 60 / valve.rate_l_min)
            if opening:
                end = valve.target if to_target else valve.source
                found[end] = found.get(end, 0.0) + opening
        return found

    def _seepage(self, valve: ValvePart) -> float:
        return PASSING_L_S if self._is(Fault.VALVE_LEAKING, valve.name) else 0.0

    def _dose(self, tank: str) -> tuple[Solute, float]:
        """What the dosing lines bring to a tank each second, and its litres."""
        brought, litres = NOTHING, 0.0
        for dose in self.doses.values():
            if dose.arrives(self.at) and dose.part.tank == tank:
                brought, litres = brought.plus(dose.brings), litres + dose.part.ml_s / 1000
        return brought, litres

    def _level_event(self, name: str, rise_l_s: float) -> list[Nanos]:
        """When this tank gets full, dry, or wet again."""
        tank = self.tanks[name]
        marks = [tank.capacity_l] if rise_l_s > 0 else [tank.dead_l]
        if rise_l_s > 0 and name in self._unprimed:
            marks.append(tank.dead_l + PRIME_L)
        # What is nearer than the brim is reached: rounding must not make steps of a nanosecond without end.
        gaps = [mark - tank.volume_l for mark in marks if abs(mark - tank.volume_l) > BRIM_L]
        ahead = [gap / rise_l_s for gap in gaps] if rise_l_s else []
        return [self.at + max(1, ceil(spent_s * SECOND)) for spent_s in ahead if spent_s > 0]

    def _pass(self, spent: Nanos) -> None:
        """Let time pass under the planned flows. Tanks that give come before those that take."""
        spent_s = spent / SECOND
        given: dict[str, list[tuple[float, Solute]]] = {}
        for name, tank in self.tanks.items():
            flows = self._flows[name]
            if flows is REST and name not in given:
                tank.pass_time(spent_s, REST)
                continue
            self.mains_l += flows.into * spent_s
            for rate, litre in given.get(name, ()):
                whole = flows.into + rate
                inlet = flows.inlet.times(flows.into / whole).plus(litre.times(rate / whole))
                flows = replace(flows, into=whole, inlet=inlet)
            gone = tank.pass_time(spent_s, flows)
            for target, rate in self._moves.get(name, {}).items():
                if target == ZONE:
                    self.zone_l += rate * spent_s
                else:
                    given.setdefault(target, []).append((rate, gone.drawn.times(1 / gone.drawn_l)))
            if tank.volume_l <= tank.dead_l + 1e-6:
                self._unprimed.add(name)
            elif tank.volume_l >= tank.dead_l + PRIME_L - 1e-6:
                self._unprimed.discard(name)
        for pump in self.pumps.values():
            pump.moved_l += pump.flow_l_s * spent_s
            pump.dry_spell.count(pump.dry, spent)
            pump.dead_head.count(pump.closed, spent)
        for dose in self.doses.values():
            if dose.arrives(self.at):
                dose.arrived_ml += dose.part.ml_s * spent_s

    def _is(self, fault: Fault, of: str = "") -> bool:
        return bool(self.broken) and Breakage(fault=fault, of=of) in self.broken
