"""Nodes whose secret is not there yet: the site file is right without it, and nothing can be ordered of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgectl.host.credentials import CredentialMissing, credential_file

if TYPE_CHECKING:
    from edgectl.drivers.wiring import Bus


def notes(buses: "Sequence[Bus]") -> list[str]:
    """A sentence for each. Of one that only the service may read nothing is known, and nothing said."""
    found = []
    for device in (device for bus in buses for device in bus.devices if device.secret):
        try:
            credential_file(device.secret)
        except CredentialMissing as missing:
            if not isinstance(missing.__cause__, PermissionError):
                found.append(f"{device.name} takes no order that is not signed, and {missing}: {missing.hint}")
    return found
