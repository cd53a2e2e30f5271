"""How an order is called on the wire: by its own id where nodes can bear it, else by one made from it."""

import hashlib

from edgectl.drivers.codecs.hydro2 import WIRE_ID
from edgectl.drivers.codecs.hydro2_orders import LONGEST_ID


def wire_id_of(cmd_id: str) -> str:
    """The same for the same order, in every life."""
    if WIRE_ID.fullmatch(cmd_id) and len(cmd_id) <= LONGEST_ID:
        return cmd_id
    return f"e-{hashlib.sha256(cmd_id.encode()).hexdigest()[:40]}"
