"""The steps of the centre's schema: numbered files, each applied once, whole or not at all, and never changed after."""

import hashlib
from dataclasses import dataclass
from importlib import resources

# What this edgectl writes into. A centre that is further on says itself whether this is still enough for it.
WRITES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One numbered file."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """What the centre remembers of it."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def steps() -> tuple[Step, ...]:
    """All of them, in order."""
    folder = resources.files("edgectl.sync") / "sql"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    return tuple(
        Step(number=int(name.split("_", 1)[0]), name=name.removesuffix(".sql"), text=(folder / name).read_text())
        for name in names
    )
