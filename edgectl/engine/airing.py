"""What the engine remembers of the air between two turns. It is not journaled: a start looks at everything anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgectl.engine.air import Wanted
from edgectl.model.time import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """How far something is open, 0..1, as far as the time of its runs can tell; None until it has been run home."""

    position: float | None = None
    order: str = ""  # the command that moves it
    opening: bool = False
    moved_at: Nanos = 0  # when it was last ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class Airing:
    """One zone. Instants are monotonic."""

    wanted: Wanted = field(default_factory=Wanted)
    looked_at: Nanos = 0
    anew: bool = False  # a person has set something: the next look does not wait
    staged_at: Nanos = 0  # when a fan or a heater was last switched
    fogged_at: Nanos = 0
    gassed_at: Nanos = 0
    stormy_until: Nanos = 0
    blown_at: Nanos = 0  # when the storm, or its lull, was last seen to blow
    heating_since: Nanos | None = None
    heating_from: float = 0.0  # degC when the heating began
    drives: Mapping[str, Drive] = field(default_factory=dict)
