"""What a person does with the hands: another value for a while, and a sensor or a pump against something known."""

from dataclasses import dataclass
from enum import StrEnum

from edgectl.model.time import Nanos


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
