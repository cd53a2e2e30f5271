"""What the plant's own water allows of an acid beside the cap of the hour: millilitres by the litres that were filled.

Told by the relays alone: as long as every part on the way into the solution tank was on, it filled at its rate at most.
"""

from edgectl.model.ledger import DAY
from edgectl.model.site import Site, Zone
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.field import SimField

Fill = tuple[Nanos, Nanos]  # from, to


class Allowance:
    """One acid of one house."""

    def __init__(self, site: Site, field: SimField, acid: str) -> None:
        zones = [zone for zone in site.zones.values() if zone.chemistry is not None and zone.chemistry.acid == acid]
        self._each = [
            (zone.chemistry.acid_per_litre, _rate(zone), _fills(field, zone)) for zone in zones if zone.chemistry
        ]

    def at(self, instant: Nanos) -> float:
        """ml that the litres of the day before this instant allow."""
        begin = instant - DAY
        return sum(
            each * rate * sum(max(0, min(to, instant) - max(since, begin)) for since, to in fills) / (60 * SECOND)
            for each, rate, fills in self._each
            if each
        )


def _rate(zone: Zone) -> float:
    circuit, chemistry = zone.circuit, zone.chemistry
    assert circuit is not None
    assert chemistry is not None
    if circuit.clean is None:
        return circuit.fill_l_min or 0.0
    return (chemistry.rate_l_min if circuit.fill_pump is None else circuit.solution_l_min) or 0.0


def _fills(field: SimField, zone: Zone) -> list[Fill]:
    circuit = zone.circuit
    assert circuit is not None
    parts = {circuit.clean_supply, circuit.solution_fill, circuit.filler(zone.pump)} - {None}
    needed = parts if circuit.clean is not None else {circuit.fill}
    found: list[Fill] = []
    on: set[str] = set()
    since: Nanos | None = None
    for move in field.trace:
        (on.add if move.on else on.discard)(move.name)
        flows = needed <= on
        if flows and since is None:
            since = move.at
        elif not flows and since is not None:
            found.append((since, move.at))
            since = None
    return found if since is None else [*found, (since, field.trace[-1].at)]
