"""What a person does with the hands: another value for a while, and a sensor or a pump against something known."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from edgectl.model.events import Event
from edgectl.model.time import SECOND, Nanos

# After how long a calibration is usually made anew, where the site file says nothing: monthly for what hangs in the
# solution, four times a year for a pump, whose tube wears, once a year for a level.
USUAL: Mapping[str, Nanos] = MappingProxyType(
    {kind: days * 86_400 * SECOND for kind, days in {"ph": 30, "ec": 30, "pump": 90, "level": 365}.items()}
)

# A probe counts as steady when so many looks in a row lie so close together, in its unit; by what it is calibrated as.
STEADY = {"ph": 0.03, "ec": 0.03, "level": 0.5}
ENOUGH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelve:
    """A person silences an alarm for a while. It comes back by itself; with `lasts` None it comes back now."""

    token: int
    alarm_id: str
    lasts: Nanos | None
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person gives a setting of a zone another value for a while, or with None takes it back."""

    token: int
    zone: str
    setting: str
    value: float | None
    lasts: Nanos
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A person has pressed an output and says whether the load behind it moved. `read_back`: the board showed both."""

    token: int
    actuator: str
    moved: bool
    read_back: bool
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handwork:
    """A person sets a register of a device: before it leaves, and when it is `done`. `device` is empty for one that the
    site does not name; `takes` is the one that the site file has at the address which is given. Who `follows` it says
    that the old one is out, without power and without loads."""

    token: int
    device: str
    who: str
    details: Mapping[str, Any]
    done: bool
    takes: str = ""
    follows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Why a person's question may not leave now. `until` (mono) is when that ends at the latest, where it is known;
    `for_good` says that no waiting helps."""

    why: str
    until: Nanos | None = None
    for_good: bool = False


class Step(StrEnum):
    """A calibration begins, brings a result, or is left without one."""

    BEGIN = "begin"
    FINISH = "finish"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrate:
    """A person calibrates a sensor (`kind` ph, ec or level), or a dosing pump. `points` are what was shown and what was
    known, in the sensor's unit; of a pump the seconds that it ran and the ml in the measure. Without points the device
    was calibrated in itself. With `accept` a person vouches for a sensor that reads otherwise than before."""

    token: int
    subject: str
    step: Step
    who: str
    kind: str = ""
    points: tuple[tuple[float, float], ...] = ()
    accept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChanged:
    """Somebody let a program or a phone in, offered that by a code, or took it back. `event` is the line that it makes;
    `name` and `role` are whose access it is."""

    token: int
    event: Event
    who: str
    name: str
    role: str
    token_id: str = ""
