"""What reading a site file gives. It stands alone, so that whoever only uses it loads nothing of what reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from edgectl.drivers.wiring import Bus
from edgectl.model.lease import Terms
from edgectl.model.site import Central, Shown, Site, Tell
from edgectl.scheduler.schedule import Schedule

if TYPE_CHECKING:
    from edgectl.config.feasibility import Load
    from edgectl.config.origins import Effective


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSection:
    """This host is one of two. `credential` names the connection string of the database that says which one drives."""

    credential: str
    terms: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSection:
    """The door to the network. Without `listen` it is where it usually is; with `metrics` the numbers have one of their
    own as well; `credential` names the file of its key and its certificate."""

    listen: tuple[str, int] | None = None
    metrics: tuple[str, int] | None = None
    credential: str = ""
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A site that may be started, and what a person should know about it.

    `buses` are the driven ones; `undriven` names the others; `kinds` has the type of each. `ignored` are paths that are
    valid and that this version does not act on. `accepted` are risks taken by name, `endless` the dangerous outputs
    among them.
    """

    file: FilePath
    site: Site
    schedules: tuple[Schedule, ...]
    buses: tuple[Bus, ...]
    undriven: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    endless: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    loads: "tuple[Load, ...]" = ()
    central: Central | None = None
    tell: Tell | None = None
    shown: Shown | None = None
    effective: "tuple[Effective, ...]" = ()
    entries: Mapping[str, str] = field(default_factory=dict)  # each entry of the file as one line
    outside_scheduler: bool = False
    door: DoorSection = DoorSection()
    pair: PairSection | None = None
