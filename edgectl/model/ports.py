"""The seams: what each implementation must guarantee."""

from typing import Protocol

from edgectl.model.time import Now
from edgectl.model.timeline import Batch, Stored


class Clock(Protocol):
    """Both clocks, read together."""

    def now(self) -> Now:
        """The instant. Nothing below the shell may ask for it."""


class Journal(Protocol):
    """The durable memory. One writer."""

    def load(self) -> Stored:
        """Everything that is still open. Bounded by what is open, not by what ever happened."""

    def commit(self, batch: Batch) -> None:
        """The whole batch is on the disk when this returns, or none of it and an error is raised."""


class NoCredential(Exception):
    """A secret that is not there or that others could read. `hint` says where it should be, or what to do about it."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint
