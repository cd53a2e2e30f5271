"""What the engine knows between two turns.

Journaled facts (tasks, commands, outputs, cursors, latches, alarms) change only by whole new values; the image of the
field (samples, their traces, read-backs, silent devices) is never journaled and starts empty at each start.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from edgectl.engine import envelope
from edgectl.engine.airing import Airing
from edgectl.engine.fixed import Fixed
from edgectl.engine.lightsum import LightSum, sums_of
from edgectl.engine.trace import Traces, traces_of
from edgectl.engine.workflows.stage import Table
from edgectl.model.channel import Sample
from edgectl.model.command import Command
from edgectl.model.inputs import Effect, ReadBack
from edgectl.model.lease import Lead
from edgectl.model.ledger import Ledger
from edgectl.model.output import Output
from edgectl.model.quick import quick
from edgectl.model.site import Site
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, Trust
from edgectl.model.timeline import Alarm, Change, Cursor, Entry, Latch, PutBack, Stored
from edgectl.model.water import Seen
from edgectl.scheduler.schedule import Schedule

V = TypeVar("V")


LOSS_SETTLED = "loss_settled"  # a latch that stays: what a lost journal costs has been paid
PUT_BACK_SETTLED = "put_back_settled"  # the same of a copy that was put back; it says of which
KEPT_AFTER_END: Nanos = 600 * SECOND


class Phase(StrEnum):
    """Nothing is energised while settling or stopping."""

    SETTLING = "settling"
    READY = "ready"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """No schedule has anything to do before `until`, as long as the wall clock keeps its distance from the other."""

    until: Nanos  # mono
    distance: Nanos  # wall - mono
    trust: Trust


@dataclass(frozen=True, slots=True)
class Nap:
    """A schedule with this cursor had nothing to do, and has nothing before `until`; None is for ever."""

    cursor: Cursor
    open_: bool  # a run of it had not ended
    until: Nanos | None  # mono


@dataclass(frozen=True, slots=True, kw_only=True)
class Naps:
    """Which schedules need not be asked, as long as the clock keeps its distance and nobody touches a latch."""

    distance: Nanos = 0  # wall - mono
    trust: Trust = Trust.SYNCED
    of: Mapping[str, Nap] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one turn wants: values to journal, effects that leave at once, effects that wait for the disk."""

    changes: tuple[Change, ...]
    entries: tuple[Entry, ...]
    at_once: tuple[Effect, ...]
    after_commit: tuple[Effect, ...]
    wake_at: Nanos | None
    quiet: Quiet | None = None
    naps: Naps = Naps()
    insisted: Nanos | None = None
    holding: Mapping[Hashable, Nanos] = field(default_factory=dict)
    unordered: Mapping[str, Nanos] = field(default_factory=dict)
    balances: Mapping[str, Seen] = field(default_factory=dict)
    airing: Mapping[str, Airing] = field(default_factory=dict)
    eager: bool = False


@dataclass(slots=True, kw_only=True)
class State:
    """All of it. `unproven` are outputs that no read-back since the start has shown off."""

    site: Site  # with the limits that are in force
    local: Site  # as its file has it, never tighter than `site`
    schedules: tuple[Schedule, ...]
    zone_info: ZoneInfo
    boot_id: str
    started: Nanos  # mono
    phase: Phase = Phase.SETTLING
    storage_ok: bool = True
    journal_lost: bool = False  # this journal does not know everything
    loss_untold: bool = False  # the one before it could not be read, and nobody has been told
    put_back: PutBack | None = None  # it is a copy that was put in the place of another, and this is its first start
    lead: Lead | None = None  # under which lease of a pair it acts; None where no other controller can lead
    seq: int = 0
    tasks: dict[str, Task] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    latches: dict[str, Latch] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)  # the names of those that hold: every guard asks, and mostly in vain
    alarms: dict[str, Alarm] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)  # task -> its stages: they follow from site and request
    drawn_up: dict[str, tuple[Task, Site, Table]] = field(default_factory=dict)  # the same while they wait
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    image: dict[str, Sample] = field(default_factory=dict)
    traces: Traces = field(default_factory=dict)
    sums: Mapping[str, LightSum] = field(default_factory=dict)  # channel -> the light of this life
    calibrations: dict[str, Latch] = field(default_factory=dict)  # sensor -> its correction, and when it was made
    in_calibration: set[str] = field(default_factory=set)  # sensors in a person's hands: Missing for every rule
    seen: dict[str, ReadBack] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)  # device -> why
    foreign: dict[str, str] = field(default_factory=dict)  # bus -> who else asks on it
    unproven: set[str] = field(default_factory=set)
    turned_at: Nanos | None = None  # mono: the last turn
    woke_at: Nanos | None = None  # mono: the last turn that came after a gap
    insisted: Nanos | None = None  # mono: when the unproven outputs were last ordered off and asked for
    holding: Mapping[Hashable, Nanos] = field(default_factory=dict)  # condition -> mono: seen to hold since
    unordered: Mapping[str, Nanos] = field(default_factory=dict)  # flow sensor -> mono: sees water nobody ordered since
    balances: Mapping[str, Seen] = field(default_factory=dict)  # level -> as it was seen last in this life
    airing: Mapping[str, Airing] = field(default_factory=dict)  # zone -> what is remembered of its air
    naps: Naps = Naps()
    eager: bool = False  # some task looks at the field in every turn
    quiet: Quiet | None = None  # what the last look at the schedules found; forgotten when a task or a cursor changes
    config: Mapping[str, str] = field(default_factory=dict)  # each entry of the site file as one line
    cut_off: frozenset[str] = frozenset()  # outputs that the life before this one, of the same boot, had on
    strangers: tuple[Task | Output, ...] = ()  # open in the journal, and no longer in the site file
    _fixed: Fixed | None = None

    @classmethod
    def begin(
        cls,
        *,
        site: Site,
        schedules: tuple[Schedule, ...],
        stored: Stored,
        boot_id: str,
        started: Nanos,
        former: tuple[Output, ...] = (),
        lead: Lead | None = None,
        config: Mapping[str, str] | None = None,
    ) -> "State":
        """The state of a fresh start: what the journal holds, and not one assumption about the field.

        `former` are outputs that an older site file knew and that could not be seen off.
        """
        tasks = {task.task_id: task for task in stored.tasks if task.zone in site.zones}
        outputs = {
            output.name: _of_this_life(output, boot_id) for output in stored.outputs if output.name in site.actuators
        }
        limits = next((latch.why for latch in stored.latches if latch.name == envelope.NAME), "{}")
        loss_untold = stored.lost and LOSS_SETTLED not in {latch.name for latch in stored.latches}
        settled = next((latch.why for latch in stored.latches if latch.name == PUT_BACK_SETTLED), "")
        put_back = stored.put_back if stored.put_back and stored.put_back.journal_id != settled else None
        state = cls(
            site=envelope.tightened(site, envelope.read(limits)),
            local=site,
            schedules=schedules,
            zone_info=ZoneInfo(site.timezone),
            boot_id=boot_id,
            started=started,
            # A loss is dealt with once; and after somebody else has led, this journal is as good as a new one.
            journal_lost=loss_untold or put_back is not None or (lead is not None and lead.took_over),
            loss_untold=loss_untold,
            put_back=put_back,
            lead=lead,
            seq=stored.last_seq,
            tasks=tasks,
            commands={c.cmd_id: _before(c, started) for c in stored.commands if c.actuator in site.actuators},
            outputs=outputs,
            # The sums of light begin anew in each life; what was written down of them is carried over.
            cursors={c.schedule: replace(c, light_from=-c.light) if c.light else c for c in stored.cursors},
            latches={latch.name: latch for latch in stored.latches},
            held={latch.name for latch in stored.latches if latch.held},
            alarms={alarm.alarm_id: alarm for alarm in stored.alarms},
            ledgers={ledger.name: ledger for ledger in stored.ledgers},
            traces=traces_of(site),
            sums=sums_of(site, schedules),
            config=config or {},
            cut_off=frozenset(one.name for one in stored.outputs if one.owed_off and one.boot_id == boot_id),
            unproven={name for name, actuator in site.actuators.items() if actuator.dangerous},
            strangers=(
                *(task for task in stored.tasks if task.zone not in site.zones),
                *(output for output in stored.outputs if output.owed_off and output.name not in site.actuators),
                *former,
            ),
        )
        for latch in stored.latches:
            state._index(latch)
        return state

    @property
    def fixed(self) -> Fixed:
        """What follows from the site in force."""
        if self._fixed is None or self._fixed.site is not self.site:
            self._fixed = Fixed(self.site)
        return self._fixed

    @property
    def epoch(self) -> int:
        """Of the lease; 0 where there is none."""
        return 0 if self.lead is None else self.lead.epoch

    def put(self, change: Change) -> None:
        """Take one journaled value in. What is over leaves memory."""
        match change:
            case Task():
                self.quiet = None
                _keep(self.tasks, change.task_id, change, not change.terminal)
            case Command():
                _keep(self.commands, change.cmd_id, change, True)
                if change.terminal and change.task_id not in self.tasks:
                    self._let_go(change)
            case Output():
                self.outputs[change.name] = change
            case Cursor():
                self.quiet = None
                self.cursors[change.schedule] = change
            case Latch():
                self.quiet = None
                self.naps = Naps()
                self.latches[change.name] = change
                if change.name == envelope.NAME:
                    self.site = envelope.tightened(self.local, envelope.read(change.why))
                self._index(change)
                (self.held.add if change.held else self.held.discard)(change.name)
            case Alarm():
                _keep(self.alarms, change.alarm_id, change, change.stands)
            case Ledger():
                self.ledgers[change.name] = change

    def _index(self, latch: Latch) -> None:
        """What every reading asks about is found without looking for its name."""
        kind, _, subject = latch.name.partition(":")
        if kind == "calibrated":
            self.calibrations[subject] = latch
        elif kind == "in_calibration":
            (self.in_calibration.add if latch.held else self.in_calibration.discard)(subject)

    def _let_go(self, ended: Command) -> None:
        """Orders without an open task leave memory some time after their end: nobody asks for them any more."""
        since = (ended.ended_at or 0) - KEPT_AFTER_END
        owed = {output.cmd_id for output in self.outputs.values() if output.owed_off}
        for cmd_id, old in list(self.commands.items()):
            of_open_task = old.task_id in self.tasks
            if not of_open_task and old.terminal and (old.ended_at or 0) < since and cmd_id not in owed:
                del self.commands[cmd_id]

    def forget(self, task_id: str) -> None:
        """Drop the commands of a task that has ended; their outputs are closed or carry their own debt."""
        self.tables.pop(task_id, None)
        self.drawn_up.pop(task_id, None)
        for cmd_id in [c.cmd_id for c in self.commands.values() if c.task_id == task_id and c.terminal]:
            del self.commands[cmd_id]


def _of_this_life(output: Output, boot_id: str) -> Output:
    """A debt as this life finds it. An OFF that the last life ordered proves nothing now and is ordered anew; and the
    instants of another boot are none on the clock of this one, where they may lie weeks ahead."""
    if output.boot_id != boot_id:
        return replace(output, closing=None, off_at=None)
    return replace(output, closing=None) if output.owed_off else output


def _before(command: Command, started: Nanos) -> Command:
    """An order of a former life: whatever became of it had done so by this start. What its clock says later is of
    another boot, and whoever waited for that instant would wait for as long as the machine had been up then."""
    names = ("queued_at", "not_after", "sent_at", "ack_at", "asked_at", "seen_at", "ended_at", "running_since")
    known = {name: at for name in names if (at := getattr(command, name)) is not None}
    return replace(command, **{name: min(at, started) for name, at in known.items()})


def _keep(table: dict[str, V], key: str, value: V, open_: bool) -> None:
    if open_:
        table[key] = value
    else:
        table.pop(key, None)
