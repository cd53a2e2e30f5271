"""Rules about the lease of a redundant pair."""

from edgectl.config.parts import Parts
from edgectl.config.quantities import show
from edgectl.config.schema_dispatch import PostgresLease
from edgectl.model.lease import LONGEST, SHORTEST


def a_lease_is_neither_a_blink_nor_a_drought(parts: Parts) -> None:
    """Too short, and a slow disk of the database stops the water; too long, and nobody waters after a death."""
    lease = parts.lease
    if not isinstance(lease, PostgresLease) or lease.ttl is None or SHORTEST <= lease.ttl <= LONGEST:
        return
    what = f"{show(lease.ttl)} is no time for a lease: it has to be from {show(SHORTEST)} to {show(LONGEST)}"
    parts.findings.value(("lease", "ttl"), what, "write ttl: 15s")


RULES = (a_lease_is_neither_a_blink_nor_a_drought,)
