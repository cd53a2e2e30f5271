"""What may be sent: the bodies of requests. Unknown fields are refused, so that a misspelt one is never ignored."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

LONGEST_WAIT_S = 3600  # for a rest of a bus


class Wish(BaseModel):
    """A body. Strict: "5" is no number, and no field may be misspelt."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Nothing(Wish):
    """An empty object."""


class OnWish(Wish):
    """an ON needs its end"""

    seconds: float = Field(allow_inf_nan=False)
    service: bool = Field(default=False, description="a dosing pump gives into a measure, or a pump is bumped")


class SettingWish(Wish):
    """what a setting is to hold"""

    value: str = Field(min_length=1, max_length=40)
    profile: str | None = Field(default=None, max_length=60, description="what the device is, where several fit")
    only_one: bool = Field(default=False, description="one device alone has this address")
    follows: bool = Field(default=False, description="the old device at the new address is out, without power")
    wait_s: int = Field(default=0, ge=0, le=LONGEST_WAIT_S, description="how long it may wait for a rest of the bus")
    who: str = Field(default="", max_length=200)


class ShelfWish(Wish):
    """a shelf needs its end"""

    seconds: float = Field(allow_inf_nan=False)


class Reason(Wish):
    """Why, in a few words."""

    why: str = Field(default="", max_length=1000)
    who: str | None = Field(default=None, max_length=1000, description="the name that shall stand there")


class RestraintWish(Reason):
    """A lock says why; a hold says how long."""

    seconds: float | None = Field(default=None, allow_inf_nan=False)


Pair = Annotated[list[float], Field(min_length=2, max_length=2, description="[shown, known]")]


class CalibrationWish(Reason):
    """A step of a calibration, with what was shown and what was known."""

    step: Literal["begin", "finish", "cancel"]
    kind: Literal["", "ph", "ec", "level", "pump"] = ""
    points: list[Pair] = Field(default_factory=list, max_length=2)
    accept: bool = False


class TriedWish(Reason):
    """What was seen when an output was pressed."""

    moved: bool = Field(description="the load behind it moved, and it alone")
    read_back: bool = Field(description="the board showed it on, and off again")


class OverrideWish(Reason):
    """Another value needs its end."""

    value: float = Field(allow_inf_nan=False)
    seconds: float = Field(allow_inf_nan=False)


class SeenWish(Wish):
    """Somebody has seen an alarm, perhaps standing in front of what it is about."""

    here: bool = False


class HoldWish(Reason):
    """a hold needs its end"""

    seconds: float = Field(allow_inf_nan=False)


class RunWish(Wish):
    """A run out of its turn; while the schedule or its zone is held it needs your word"""

    anyway: bool = Field(default=False, description="run it though somebody holds it")


class ModeWish(Wish):
    """Who starts the work of a zone."""

    mode: Literal["auto", "semi", "manual"]


class TaskWish(BaseModel):
    """A task, as the contract names its fields. Who names no times asks for now."""

    zone: str | int = Field(description="the zone's name or number")
    task_type: str = "irrigation"
    payload: dict[str, Any] = Field(default_factory=dict, description='irrigation: {"duration_s": 90}')
    source: Literal["api", "centre", "cli", "page"] = "api"
    correlation_id: str | None = Field(default=None, min_length=8, max_length=128)
    scheduled_for: str | None = None
    due_at: str | None = None
    expires_at: str | None = None


class TokenWish(Wish):
    """A new token."""

    name: str = Field(min_length=1, max_length=60)
    role: Literal["viewer", "operator", "engineer"]


class PairWish(Wish):
    """A code for a phone."""

    name: str = Field(default="phone", min_length=1, max_length=60)
    role: Literal["viewer", "operator", "engineer"] = "operator"


class BootstrapWish(BaseModel):
    """A scheduler introduces itself."""

    scheduler_id: str = Field(min_length=1, max_length=64)
    protocol_version: str = Field(description='"2.x"')
    scheduler_version: str | None = None
    started_at: str | None = None
    capabilities: Any = None


class HeartbeatWish(BaseModel):
    """A scheduler is alive."""

    scheduler_id: str = Field(min_length=1, max_length=64)
    lease_id: str


class SchedulerTaskWish(BaseModel):
    """A task, as the contract names its fields. The lease stands in the headers."""

    zone_id: int
    task_type: str
    payload: dict[str, Any] = Field(default_factory=dict)
    scheduled_for: str | None = None
    due_at: str
    expires_at: str
    correlation_id: str = Field(min_length=8, max_length=128)


class EnqueueWish(BaseModel):
    """A task for later."""

    zone_id: int
    task_type: str
    payload: dict[str, Any] = Field(default_factory=dict)
    scheduled_for: str | None = None
    expires_at: str | None = None
    correlation_id: str | None = None
    source: str | None = None
