"""What a bus owner must know of a language.

The owner knows lanes, deadlines and health; a language knows bytes. An outcome is typed: what does not fit one of these
is no answer, and the owner goes on waiting until the deadline of the question.
"""

from dataclasses import dataclass
from typing import Protocol

from edgectl.drivers.profile import Demand, Profile, Put
from edgectl.drivers.purpose import Purpose
from edgectl.drivers.wiring import Device
from edgectl.model.inputs import ReplyStatus
from edgectl.model.quick import quick
from edgectl.model.time import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The device took the order."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The state of outputs, by actuator."""

    states: tuple[tuple[str, bool], ...]


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A value for each full channel name, or the sentence that says why it has none."""

    values: tuple[tuple[str, float | str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fits:
    """What was demanded of the device is so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """What was demanded of the device is not so. `puts` is what would make it so, where a write can."""

    why: str
    puts: tuple[Put, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The device answers, and says no."""

    status: ReplyStatus
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """There will be no answer to believe. `anew`: the device is not set up any more, or never was. `restarted`: it has
    started again besides, so what it was doing is unknown."""

    why: str
    anew: bool = False
    restarted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The bytes have left for a device that acknowledges nothing: only what it shows afterwards says more."""


Outcome = Taken | Left | Shown | Measured | Fits | Differs | Refused | Lost


class Question(Protocol):
    """One question to one device. `wait` is from the first byte sent to the last chance of an answer; `patience` is
    how long after that a late answer can still come."""

    @property
    def wait(self) -> Nanos:
        """How long the exchange may take."""

    @property
    def patience(self) -> Nanos:
        """How long the line rests when nothing came."""

    def frame(self) -> bytes:
        """The bytes that leave."""

    def outcome(self, heard: bytes) -> Outcome | None:
        """What the bytes since the question mean; None while the answer is not complete. Never raises."""

    def unheard(self) -> Outcome | None:
        """What it means that no answer came: nothing good, or that none was to come."""


class Language(Protocol):
    """One way to talk on a bus. `silence` keeps exchanges apart. `late` is true where an answer may come after its
    time and cannot be told from the answer to a later question: such a line rests after a time-out."""

    silence: Nanos
    late: bool

    def demands(self, profile: Profile) -> tuple[Demand, ...]:
        """What must be so before a device is believed, in the order of asking."""

    def fence(self, profile: Profile) -> tuple[Demand, ...]:
        """What is asked again between any two exchanges, where answers do not name their question."""

    def question(self, device: Device, purpose: Purpose) -> Question:
        """Put a purpose into words. Raises ValueError for an order that the device cannot carry out."""

    def requests(self, heard: bytes) -> tuple[bytes, ...]:
        """Whole requests among the bytes of the line: somebody asked. Empty where no other master can be heard."""

    def overheard(self, heard: bytes) -> Lost | None:
        """What came unasked, when it means that a device has to be set up anew; None when it means nothing."""
