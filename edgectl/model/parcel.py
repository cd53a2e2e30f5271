"""What travels to the centre: lines as they are stored, and the values that they touched as these are now."""

from dataclasses import dataclass
from enum import StrEnum

from edgectl.model.command import Command
from edgectl.model.output import Output
from edgectl.model.task import Task
from edgectl.model.time import Nanos
from edgectl.model.timeline import Alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a timeline. `body` is the text that the journal holds, `hash` binds it to all lines before it."""

    seq: int
    wall: Nanos
    event_type: str
    task_id: str | None
    zone: str | None
    body: str
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One journal with lines for the centre: the one in use, or one that was put aside. `head` is its newest line;
    `oldest` is the wall instant of the first that the centre has not heard, when there was one at the last look. Its
    lines are those behind `begins`: what stands before them in its file is another journal's. `cut` is a journal of
    which only a copy is here: it may have gone on, and the centre may know more of it."""

    journal_id: str
    head: int
    acknowledged: int
    in_use: bool
    oldest: Nanos | None = None
    begins: int = 0
    cut: bool = False

    def beyond(self, arrived: int) -> bool:
        """Has more of it arrived than the copy holds? Then there is nothing here to hold against it."""
        return self.cut and arrived > self.head


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Lines of one journal in order, at least one, and the whole values that they speak of.

    `after` is the line that they follow; the values are as they were at line `head`.
    """

    journal_id: str
    after: int
    head: int
    lines: tuple[Line, ...]
    tasks: tuple[Task, ...] = ()
    commands: tuple[Command, ...] = ()
    outputs: tuple[Output, ...] = ()
    alarms: tuple[Alarm, ...] = ()

    @property
    def first(self) -> int:
        """The oldest line in it."""
        return self.lines[0].seq

    @property
    def last(self) -> int:
        """The newest line in it."""
        return self.lines[-1].seq


EVER = "0001-01-01"  # from the first day on


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySum:
    """What a day holds, by one side: how many lines, from where to where, and a hash over all of them."""

    journal_id: str
    day: str  # UTC, 2026-06-01
    lines: int
    first: int
    last: int
    digest: bytes


class Contact(StrEnum):
    """How it stands with the centre."""

    OFFLINE = "offline"  # it does not answer; it is asked again
    CONNECTING = "connecting"
    ONLINE = "online"
    REJECTED = "rejected"  # it answers and says no: a person has to do something


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The uplink at a glance. `why` and `advice` are empty while all is well; instants are monotonic."""

    contact: Contact
    since: Nanos
    why: str = ""
    advice: str = ""
    again_at: Nanos | None = None
    heard_at: Nanos | None = None  # the last word of the centre
    sent: int = 0  # lines since the start
    refused: int = 0  # values that the centre did not take; their lines are there
