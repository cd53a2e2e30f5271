"""Everything that can enter a turn, and everything that can leave one.

Effects come in two kinds. Energising ones wait for the disk. Safe-going ones never wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from edgectl.model.ask import Ask, SendRaw, Tighten
from edgectl.model.channel import Sample
from edgectl.model.deadman import DeviceSet, Sound
from edgectl.model.hands import AccessChanged, Calibrate, Handwork, Override, Shelve, Tried
from edgectl.model.quick import quick
from edgectl.model.task import Task
from edgectl.model.time import Nanos


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """One block per bus poll."""

    block: tuple[Sample, ...]


class ReplyStatus(StrEnum):
    """What the driver can know about an order."""

    SENT = "SENT"  # the bytes are leaving
    ECHO = "ECHO"  # the device repeated the order
    DONE = "DONE"  # the device says that it carried the order out; only a look at it confirms that
    NO_EFFECT = "NO_EFFECT"  # the device says that nothing came of it
    BUSY = "BUSY"
    INVALID = "INVALID"  # the device refuses such an order
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"
    SEND_FAILED = "SEND_FAILED"  # no byte left the port


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """News of one command. `code` is the word by which the device itself calls a refusal."""

    cmd_id: str
    status: ReplyStatus
    at: Nanos
    evidence: str = ""
    code: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """The state of an output as the device reports it; None when it did not answer. `at` is when the read began."""

    actuator: str
    on: bool | None
    at: Nanos
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHealth:
    """A device began or ceased to answer. `asked_by` is how a person asks it, `advice` what to do instead."""

    device: str
    healthy: bool
    at: Nanos
    reason: str = ""
    asked_by: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeNews:
    """Something that a node said and that is to be remembered. `what` is the type of its line in the timeline."""

    device: str
    what: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignMaster:
    """Another master began or ceased to ask on a bus."""

    bus: str
    heard: bool
    at: Nanos
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """Somebody asks for a task. `known` is the task that already bears the correlation id, looked up by the shell."""

    token: int
    zone: str
    task_type: str
    payload: Mapping[str, Any]
    source: str
    correlation_id: str
    scheduled_for: Nanos  # wall
    due_at: Nanos  # wall
    expires_at: Nanos  # wall
    who: str = ""  # the person who asks, where it is one
    known: Task | None = None
    later: bool = False  # it waits for `scheduled_for`; of its own the house asks for now, whatever the clock does


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualOn:
    """A person switches an output on for a while. `service`: a dosing pump gives into a measure, a pump is bumped."""

    token: int
    actuator: str
    lease: Nanos
    who: str
    service: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualOff:
    """A person switches an output off."""

    token: int
    actuator: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAll:
    """Everything off, and latched."""

    token: int
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Release the latched stop. It resumes no task."""

    token: int
    who: str


class Restraint(StrEnum):
    """What a person may put on the site or on a zone. Each is a latch, and none of them disables a guard."""

    STOP_WATER = "stop_water"  # pumps, valves and dosing of the whole site
    LOCK = "lock"  # somebody works there: no source may order anything; it never ends by itself
    HOLD = "hold"  # no scheduled work for a while


class Mode(StrEnum):
    """Who starts the work of a zone."""

    AUTO = "auto"
    SEMI = "semi"  # the engine proposes, a person releases each task
    MANUAL = "manual"  # only what people order


@dataclass(frozen=True, slots=True, kw_only=True)
class Restrain:
    """A person puts a restraint on, or takes it off. `zone` is empty for the whole site; a hold has its end. `who` is
    the name they gave, `known_as` the one that the door knows: a lock belongs to the latter."""

    token: int
    what: Restraint
    on: bool
    who: str
    zone: str = ""
    why: str = ""
    lasts: Nanos | None = None
    known_as: str = ""
    engineer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSchedule:
    """A person holds one schedule for a while, or releases it."""

    token: int
    schedule: str
    on: bool
    who: str
    why: str = ""
    lasts: Nanos | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNow:
    """A person runs a schedule once, out of its turn. `anyway` says that they know of the hold on it."""

    token: int
    schedule: str
    who: str
    anyway: bool = False
    source: str = "cli"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMode:
    """A person decides who starts the work of a zone."""

    token: int
    zone: str
    mode: Mode
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """A person ends a task before its time."""

    token: int
    task_id: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """A person releases a task that a zone in semi mode has proposed."""

    token: int
    task_id: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """A person has seen an alarm; a lock-out of the same subject is released with it. `here`: he stands before it."""

    token: int
    alarm_id: str
    who: str
    here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The disk failed a commit, or took one again."""

    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveUsed:
    """A commit fitted only because the reserve on the disk was given up; or the reserve is there (`back`)."""

    back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStepped:
    """The wall clock jumped by so many seconds; negative is back. Had it been believed until then?"""

    seconds: float
    believed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutdown:
    """The controller is asked to end."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """Something beside the control loop calls a person, or needs nobody any more. It becomes an alarm."""

    code: str
    subject: str
    active: bool
    message: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryDropped:
    """So many minutes of readings, or samples as they were read, had to go before the centre had them: they outgrew
    their budget of bytes."""

    minutes: int = 0
    samples: int = 0
    budget: int


Wish = TaskRequest | Restrain | Override | Cancel | Tighten | SendRaw


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreRequest:
    """The centre asks for something. `wish` is what it comes to, with the same token; without one, `code` and `refusal`
    say why it could not be understood."""

    token: int
    ask: Ask
    wish: Wish | None = None
    code: str = ""
    refusal: str = ""


Input = (
    Samples
    | Reply
    | ReadBack
    | DeviceHealth
    | NodeNews
    | ForeignMaster
    | DeviceSet
    | TaskRequest
    | ManualOn
    | ManualOff
    | StopAll
    | Resume
    | Acknowledge
    | Shelve
    | Restrain
    | HoldSchedule
    | RunNow
    | SetMode
    | Override
    | Calibrate
    | Tried
    | Handwork
    | Cancel
    | Approve
    | Storage
    | Shutdown
    | ReserveUsed
    | ClockStepped
    | Concern
    | AccessChanged
    | CentreRequest
    | Tighten
    | SendRaw
    | TelemetryDropped
)

# ---------------------------------------------------------------- effects


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Energise (or a plain order to an output that is not dangerous). Waits for the commit."""

    cmd_id: str
    actuator: str
    on: bool
    lease: Nanos | None
    not_after: Nanos
    epoch: int = 0  # of the lease under which it was decided; the bus carries none below the highest it has seen


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSafe:
    """Switch an output off. Leaves at decide time and never expires."""

    actuator: str
    reason: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class AskState:
    """Read an output back."""

    actuator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the asker is told, after the commit that makes it true."""

    token: int
    ok: bool
    code: str
    body: Mapping[str, Any] = field(default_factory=dict)


Carried = Send | MakeSafe | AskState | Sound  # what goes to a bus
Effect = Carried | Answer
WAITS_FOR_DISK = (Send, Answer)
