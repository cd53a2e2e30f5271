"""The ordered record of everything that happened, and the whole values that a turn puts into the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edgectl.model.command import Command
from edgectl.model.ledger import Ledger
from edgectl.model.output import Output
from edgectl.model.quick import quick
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, Now, Trust

ASTRAY: Nanos = 3600 * SECOND  # a clock that was ahead by less makes a restraint outlast its end by no more than that


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the timeline. Order is `seq`; nobody reorders it."""

    seq: int
    event_type: str
    wall: Nanos
    mono: Nanos
    boot_id: str
    task_id: str | None = None
    zone: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far one schedule has been answered for. `position` (wall) never goes back within one `round`, and a new round
    begins only where a clock that was wrong had carried it into another year."""

    schedule: str
    position: Nanos
    round: int = 0
    last_finished: Nanos | None = None  # mono of the last finished run in this boot
    unmet: bool = False  # the last run did not bring about what a window wants to hold
    waits: str = ""  # why the oldest run that is unanswered has to wait
    waits_since: Nanos | None = None  # mono: since when a clock that can be believed is waited for
    late_at: Nanos | None = None  # mono: that run, being late, does not begin before
    light: float = 0.0  # J/cm2 since the last run, as last written down
    light_from: float = 0.0  # what the sum of this life of the controller was when it began to count


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """Something that stays until somebody clears it: `stop_all`, `lockout:main_pump`, `trips:main_pump`."""

    name: str
    held: bool
    since: Nanos  # wall
    who: str
    why: str
    since_mono: Nanos = 0  # of a lamp that burns: the same on the monotonic clock of `boot_id`
    count: int = 0
    until: Nanos | None = None  # wall: it ends by itself
    until_mono: Nanos = 0  # the same on the monotonic clock of `boot_id`
    boot_id: str = ""
    synced: bool = False  # the wall clock could be believed when it was set
    value: float | None = None  # of an override; of a calibration its offset; before one, what a sensor read
    factor: float = 1.0  # of a calibration
    owner: str = ""  # of a service lock: how the door knew whoever put it on, whatever name they gave

    def over(self, now: Now, boot_id: str) -> bool:
        """Has its own end come? After a restart of the machine a restraint with an end is over, unless the wall clock
        could be believed then and can be now: nobody is to be bound by a forgotten one. One that was put on in what is
        still to come was put on by a clock that ran astray, and would bind until that year."""
        if self.until is None:
            return False
        if self.boot_id == boot_id:
            return now.mono >= self.until_mono
        believed = self.synced and now.trust is Trust.SYNCED
        return not believed or now.wall >= self.until or now.wall < self.since - ASTRAY

    def ends_at(self, now: Now, boot_id: str) -> Nanos | None:
        """When it ends by itself, by the wall clock as it stands now: within a boot no setting of that clock moves the
        end."""
        if self.until is None or self.boot_id != boot_id:
            return self.until
        return now.wall_at(self.until_mono)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What a person must know. It stays until it is over and acknowledged, and no shelf is left of it. One that comes
    and goes meanwhile is the same one again: `times` since `first_at`, last at `raised_at`."""

    alarm_id: str  # "code:subject"
    code: str
    subject: str
    raised_at: Nanos  # wall
    message: str
    advice: str
    active: bool = True
    acknowledged_by: str | None = None
    told_at: Nanos = 0  # wall: when it was told last; 0 is when it was raised
    escalated: bool = False
    shelved_until: Nanos | None = None  # wall
    shelved_by: str = ""
    first_at: Nanos = 0  # wall: when it was raised for the first time; 0 is when it was raised
    times: int = 1

    @property
    def stands(self) -> bool:
        """Is there anything left of it? The journal keeps the answer beside the row: see `rows.beside`."""
        return self.active or self.acknowledged_by is None or self.shelved_until is not None

    @property
    def untold(self) -> bool:
        """Did it begin on a shelf, and has nobody been told since?"""
        return 0 < self.told_at < self.raised_at

    def after(self, before: "Alarm") -> "Alarm":
        """This one, when `before` still stood: the same one again, and silent as long as that one has a shelf."""
        silent = before.shelved_until is not None and self.raised_at < before.shelved_until
        return replace(
            self,
            told_at=min(before.told_at or before.raised_at, self.raised_at - 1) if silent else 0,
            shelved_until=before.shelved_until if silent else None,
            shelved_by=before.shelved_by,
            first_at=before.first_at or before.raised_at,
            times=before.times + 1,
        )


Change = Task | Command | Output | Cursor | Latch | Alarm | Ledger


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one turn, or several that waited for the disk together, puts into the journal: all of it or nothing."""

    changes: tuple[Change, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """That a copy was put in the place of a journal: what happened behind its newest line is not known to it."""

    journal_id: str  # of what came of it; minted when it was put back
    former: str  # the journal that it is a copy of
    upto: int  # the newest line of the copy
    newest: Nanos  # wall: of that line
    at: Nanos  # wall: when it was put back
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a journal gives back at start. `tasks`, `commands`, `outputs` are the open ones only."""

    journal_id: str
    last_seq: int
    tasks: tuple[Task, ...] = ()
    commands: tuple[Command, ...] = ()
    outputs: tuple[Output, ...] = ()
    cursors: tuple[Cursor, ...] = ()
    latches: tuple[Latch, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    ledgers: tuple[Ledger, ...] = ()
    wall_high_water: Nanos = 0
    lost: bool = False  # the journal before this one could not be read
    put_back: PutBack | None = None  # how it last came of a copy


def key_of(change: Change) -> tuple[str, str]:
    """What a whole value replaces: the kind and the name of the thing."""
    match change:
        case Task():
            return "Task", change.task_id
        case Command():
            return "Command", change.cmd_id
        case Output():
            return "Output", change.name
        case Cursor():
            return "Cursor", change.schedule
        case Latch():
            return "Latch", change.name
        case Alarm():
            return "Alarm", change.alarm_id
        case Ledger():
            return "Ledger", change.name
