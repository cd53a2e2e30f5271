"""An intent with deadlines, and the only ways its status may move."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from edgectl.model.time import Nanos


class TaskStatus(StrEnum):
    """Owned by the engine. Terminal is final."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"


TASK_MOVES: dict[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.ACCEPTED: frozenset({TaskStatus.RUNNING, TaskStatus.FAILED, TaskStatus.REJECTED, TaskStatus.EXPIRED}),
    TaskStatus.RUNNING: frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED}),
    TaskStatus.COMPLETED: frozenset(),
    TaskStatus.FAILED: frozenset(),
    TaskStatus.REJECTED: frozenset(),
    TaskStatus.EXPIRED: frozenset(),
}


class PhysicalEffect(StrEnum):
    """What happened to the plants, as far as anyone can know."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Veto:
    """A rule that stopped an order, by its name, and its sentence."""

    rule: str
    actuator: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a task ended, in the words of the task contract."""

    success: bool
    action_required: bool
    decision: str  # run | skip | retry | fail
    reason_code: str
    error_code: str | None = None
    physical_effect: PhysicalEffect = PhysicalEffect.NONE
    effect_amounts: Mapping[str, float] = field(default_factory=dict)  # "main_pump_s", "meter_l"
    commands_total: int = 0
    commands_submitted: int = 0  # handed to the bus
    commands_effect_confirmed: int = 0
    commands_failed: int = 0
    run_mode: str = ""  # run_full | run_reduced | skip, empty when nothing came of it
    next_due_at: Nanos | None = None  # wall: when its schedule asks again
    vetoes: tuple[Veto, ...] = ()
    before: tuple[Mapping[str, Any], ...] = ()  # the samples that the decision was made on
    after: tuple[Mapping[str, Any], ...] = ()  # the same sensors at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """How far a stage has come in correcting a solution. Instants are monotonic; `expected` and `before` are in the
    unit of `quantity`, which is ec or ph."""

    doses: int = 0
    pending: str = ""  # the order of a dose that has not ended
    actuator: str = ""
    quantity: str = ""
    before: float = 0.0
    expected: float = 0.0
    wait_until: Nanos = 0
    gate: str = ""  # the last answer to whether the solution may be corrected
    ineffective: int = 0  # doses in a row that changed too little
    factors: Mapping[str, float] = field(default_factory=dict)  # how much stronger than its gain a dose turned out
    queue: tuple[tuple[str, float], ...] = ()  # nutrients of this round that are still to come, in ml


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task. Wall instants are for people; `due`, `expires`, `act_until` are the same on the monotonic clock."""

    task_id: str
    zone: str
    task_type: str
    source: str
    correlation_id: str
    payload: Mapping[str, Any]
    fingerprint: str
    scheduled_for: Nanos  # wall
    due_at: Nanos  # wall
    expires_at: Nanos  # wall
    created_at: Nanos  # wall
    due: Nanos  # mono
    expires: Nanos  # mono
    schedule: str | None = None
    who: str = ""  # the person who asked for it; nobody where the house did
    status: TaskStatus = TaskStatus.ACCEPTED
    updated_at: Nanos = 0  # wall
    started: Nanos | None = None  # mono
    act_until: Nanos | None = None  # mono
    stage: str = ""
    phase: str = ""  # open | hold | close
    stage_since: Nanos = 0  # mono: when the phase began
    held: Nanos = 0  # how long this stage had held before its last restart
    leaving: str = ""  # the exit that is taken once the stage's outputs are proven off
    cycle: int = 0  # how often a stage was entered; it makes the orders of each time distinct
    taken: Mapping[str, int] = field(default_factory=dict)  # how often an exit with a bound was taken
    interrupted: tuple[str, ...] = ()  # orders that a restart cut off, of stages that were resumed
    spent: Mapping[str, int] = field(default_factory=dict)  # stage -> how long it held, where a stage is come back to
    run_mode: str = ""  # how much of what was asked for is done: run_full | run_reduced
    attempt: int = 0
    retry_at: Nanos | None = None  # mono
    waits_for: str = ""  # the reason code of the last attempt, while the task waits for the next
    meter_at_start: float | None = None  # litres
    meter_at_end: float | None = None  # litres, where its pump was handed on to another task
    beyond: Nanos = 0  # how much longer than its own run its orders last, for those that waited
    enqueued: bool = False  # its time has not come: no deadline binds before it is handed over
    begins: Nanos = 0  # mono: when that is, if nobody sets the clock meanwhile
    approved: bool = False  # by a person, where the zone only proposes
    stopping: str = ""  # the reason code that ends the task once its outputs are proven off
    correction: Correction | None = None
    vetoes: tuple[Veto, ...] = ()  # the newest ones
    looked_at: tuple[Mapping[str, Any], ...] = ()  # samples of the decision
    outcome: Outcome | None = None

    @property
    def terminal(self) -> bool:
        """True once the status can move no more."""
        return not TASK_MOVES[self.status]
