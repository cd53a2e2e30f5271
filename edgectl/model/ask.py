"""What the centre asks of this site, and what of it only a centre asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgectl.model.time import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One row of the centre's requests. It is answered once, by a line of the timeline. Instants are wall. `flaw` is
    why the row cannot be read; then nothing else of it counts but who asked."""

    request_id: str
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    due_at: Nanos
    expires_at: Nanos
    correlation_id: str | None = None
    created_by: str = ""
    flaw: str = ""

    @property
    def who(self) -> str:
        """The name under which it acts here."""
        return f"centre:{self.created_by}"[:200]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tighten:
    """Tighter limits, all of them at once, under a number that grows. `back`: those that were in force before."""

    token: int
    revision: int
    limits: Mapping[str, Any]
    who: str
    back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRaw:
    """For a while the samples of these sensors travel as they were read; without names, those of every sensor."""

    token: int
    name: str
    sensors: tuple[str, ...]
    lasts: Nanos
    who: str
