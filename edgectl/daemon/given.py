"""What a life of the controller is given before it begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgectl.daemon.pair import PairTerms
from edgectl.drivers.wiring import Bus
from edgectl.model.site import Central, Shown, Site, Tell
from edgectl.scheduler.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Where things are and what is to be run."""

    site: Site
    schedules: tuple[Schedule, ...]
    buses: tuple[Bus, ...]
    state: Path
    socket: Path
    http: tuple[str, int]
    metrics: tuple[str, int] | None = None  # numbers and health at a door of their own, too
    outside_scheduler: bool = False
    names: frozenset[str] = frozenset()  # host names by which browsers may ask
    certificate: tuple[Path, Path] | None = None  # with its key
    credential: str = ""  # or the name of a file that holds both
    proxied: bool = False
    central: Central | None = None
    pair: PairTerms | None = None
    config: Mapping[str, str] = field(default_factory=dict)  # each entry of the site file as one line
    tell: Tell | None = None
    shown: Shown | None = None
    made_from: str = ""  # what the site file was, so that its plan is followed only as long as it is that
