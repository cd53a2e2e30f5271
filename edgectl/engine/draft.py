"""What a turn has decided so far.

Rules read through the draft and put whole new values into it, so a later rule sees what an earlier one did and the
state itself does not move until the turn is over. A move that the transition tables do not allow is our own mistake
and stops the turn.
"""

from collections.abc import Hashable
from typing import Any

from edgectl.engine.fixed import PUSHING
from edgectl.engine.senses import sense
from edgectl.engine.state import Decision, State
from edgectl.model.changed import replace
from edgectl.model.channel import Absence, Missing, Reading, Use
from edgectl.model.command import COMMAND_MOVES, Command, CommandState
from edgectl.model.inputs import WAITS_FOR_DISK, Answer, Effect
from edgectl.model.ledger import Ledger
from edgectl.model.output import Output
from edgectl.model.task import TASK_MOVES, Task
from edgectl.model.time import Nanos, Now
from edgectl.model.timeline import Alarm, Change, Cursor, Entry, Latch

ALARMS_RAISED = "alarms:raised"  # the ledger by which a flood of alarms is seen


class Draft:
    """One turn's overlay on the state."""

    def __init__(self, state: State, now: Now) -> None:
        self.state = state
        self.now = now
        # One overlay per kind: most turns touch none of them, and then reading costs nothing.
        self._tasks: dict[str, Task] = {}
        self._commands: dict[str, Command] = {}
        self._outputs: dict[str, Output] = {}
        self._cursors: dict[str, Cursor] = {}
        self._latches: dict[str, Latch] = {}
        self._alarms: dict[str, Alarm] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._open_tasks: dict[str, Task] | None = None
        self._of_task: dict[str, list[str]] | None = None  # the orders of each task
        self.keyed: dict[str, list[str]] | None = None  # what may run once at a time -> the open tasks that are it
        # What goes round without end and is all that a task waits for -> since when it does, by the wall clock.
        self.asked_for: dict[str, Nanos] = {}
        self.taken: dict[str, str] | None = None  # part -> the running task that one of its stages opens it for
        self.entries: list[Entry] = []
        self.effects: list[Effect] = []
        self._said: set[Effect] = set()  # the same; an answer holds what cannot stand in a set
        self.wake_at: Nanos | None = None
        self.version = 0
        self.quiet = state.quiet
        self.naps = state.naps
        self.insisted = state.insisted
        self.holding = state.holding
        self.unordered = state.unordered
        self.balances = state.balances
        self.airing = state.airing
        self.service = False  # a person stands beside it with a measure, or with an ear on the pump
        self._in_hand: set[str] = set()  # sensors that were taken out in this very turn
        # What was read is kept for the turn: image, traces, calibrations and the instant stand still until it is over.
        self._sensed: dict[tuple[str, Use], Reading | Missing] = {}
        self.eager = False
        self.calendar_work = 0  # what this turn has done for the calendar, in looks
        self._stirred: dict[str, int] = {}  # task -> how often something of its own has been put
        self._disturbed = 0  # how often something was put that may concern everybody
        self._still: dict[str, tuple[int, int]] = {}  # what was looked at in vain, and how these two stood then

    # -- reading

    def tasks(self) -> list[Task]:
        """Open tasks, the oldest first."""
        if self._open_tasks is None:
            merged = {**self.state.tasks, **self._tasks} if self._tasks else self.state.tasks
            open_ = [task for task in merged.values() if not task.terminal]
            ordered = sorted(open_, key=lambda task: (task.created_at, task.task_id))
            self._open_tasks = {task.task_id: task for task in ordered}
        return list(self._open_tasks.values())

    def task(self, task_id: str) -> Task:
        """One task by its id."""
        return self._tasks.get(task_id) or self.state.tasks[task_id]

    def commands(self, task_id: str | None = None) -> list[Command]:
        """Known commands, of one task or of all."""
        if task_id is None:
            return list(({**self.state.commands, **self._commands} if self._commands else self.state.commands).values())
        if self._of_task is None:
            self._of_task = {}
            for known in (
                {**self.state.commands, **self._commands} if self._commands else self.state.commands
            ).values():
                if known.task_id is not None:
                    self._of_task.setdefault(known.task_id, []).append(known.cmd_id)
        ids = self._of_task.get(task_id, ())
        return [self._commands.get(one) or self.state.commands[one] for one in ids]

    def command(self, cmd_id: str | None) -> Command | None:
        """One command, or None when it is long over."""
        return None if cmd_id is None else (self._commands.get(cmd_id) or self.state.commands.get(cmd_id))

    def output(self, name: str) -> Output | None:
        """The debt of an actuator, if it ever had one."""
        return self._outputs.get(name) or self.state.outputs.get(name)

    def owed(self) -> list[Output]:
        """Outputs that must still be proven off, pumps first: that is the order in which things stop."""
        merged = {**self.state.outputs, **self._outputs} if self._outputs else self.state.outputs
        owed = [output for output in merged.values() if output.owed_off]
        if len(owed) > 1:
            actuators = self.state.site.actuators
            owed.sort(key=lambda output: actuators[output.name].role not in PUSHING)
        return owed

    def dangerous(self) -> tuple[str, ...]:
        """Every output whose only safe value is off, pumps first."""
        return self.state.fixed.dangerous

    def cursor(self, schedule: str) -> Cursor | None:
        """How far a schedule has been answered for."""
        return self._cursors.get(schedule) or self.state.cursors.get(schedule)

    def latch(self, name: str) -> Latch | None:
        """A latch, held or not."""
        return self._latches.get(name) or self.state.latches.get(name)

    @property
    def nothing_held(self) -> bool:
        """True while no latch at all is held, which is how most houses stand most of the time."""
        return not self._latches and not self.state.held

    def held(self, name: str) -> bool:
        """True while the latch is held."""
        if not self._latches and name not in self.state.held:
            return False
        latch = self.latch(name)
        return latch is not None and latch.held

    def holding_latches(self, prefix: str) -> list[str]:
        """The names of the latches of one kind that hold. Mostly there are none."""
        held = self.state.held
        if not self._latches:
            return [name for name in held if name.startswith(prefix)] if held else []
        return [name for name in {*held, *self._latches} if name.startswith(prefix) and self.held(name)]

    def latches(self) -> list[tuple[str, Latch]]:
        """Every latch by its name, held or not."""
        merged = {**self.state.latches, **self._latches} if self._latches else self.state.latches
        return sorted(merged.items())

    def alarm(self, alarm_id: str) -> Alarm | None:
        """An alarm that is active or not yet acknowledged."""
        return self._alarms.get(alarm_id) or self.state.alarms.get(alarm_id)

    def ledger(self, actuator: str) -> Ledger:
        """What the actuator has given within the last day."""
        return self._ledgers.get(actuator) or self.state.ledgers.get(actuator) or Ledger(name=actuator)

    def ledgers(self) -> list[Ledger]:
        """Every account."""
        return list({**self.state.ledgers, **self._ledgers}.values())

    def spend(self, actuator: str, amount: float, until: Nanos) -> None:
        """Enter an amount, in the decision that lets it out. It counts from the instant at which it is all out."""
        state = self.state
        self.put(self.ledger(actuator).add(amount, until, self.now, state.boot_id, state.started))

    def spent(self, actuator: str, span: Nanos) -> float:
        """What the actuator has given in the last `span`."""
        return self.ledger(actuator).total(span, self.now, self.state.boot_id, self.state.started)

    def alarms(self) -> list[Alarm]:
        """Every alarm that is active or not yet acknowledged."""
        return list(({**self.state.alarms, **self._alarms} if self._alarms else self.state.alarms).values())

    @property
    def latches_changed(self) -> bool:
        """True when this turn has touched a latch."""
        return bool(self._latches)

    @property
    def plans_changed(self) -> bool:
        """True when this turn has touched a task, a cursor or a latch."""
        return bool(self._tasks or self._cursors or self._latches)

    def read(self, sensor_name: str, use: Use = Use.GUARD) -> Reading | Missing:
        """The sensor's value now, if it is good enough for this use."""
        if self._in_hand and sensor_name in self._in_hand:
            return Missing(sensor=sensor_name, reason=Absence.IN_CALIBRATION)
        known = self._sensed.get((sensor_name, use))
        if known is None:
            known = self._sensed[sensor_name, use] = sense(self.state, sensor_name, self.now, use)
        return known

    def since(self, what: Hashable) -> Nanos:
        """Since when something has been seen to hold without a break, from now on if it is new."""
        since = self.holding.get(what)
        if since is None:
            since = self.now.mono
            self.holding = {**self.holding, what: since}
        return since

    def forget_since(self, what: Hashable) -> None:
        """It does not hold, or nobody can see it."""
        if what in self.holding:
            self.holding = {key: at for key, at in self.holding.items() if key != what}

    def forget_all_of(self, task_id: str) -> None:
        """The task is over: what was seen to hold for it alone is of no use to anybody."""
        kept = {key: at for key, at in self.holding.items() if not (isinstance(key, tuple) and task_id in key)}
        if len(kept) < len(self.holding):
            self.holding = kept

    def rests(self, what: str, task_id: str) -> bool:
        """Was it looked at in this turn in vain, and has nothing been put since that it could go by? Field and clock
        stand still in a turn. What stirs a task is its own; what stirs everybody is a latch, an account, an output that
        goes off, an alarm. The order that another task is given sets nothing right and nothing wrong with this one."""
        return self._still.get(what) == (self._disturbed, self._stirred.get(task_id, 0))

    def found_still(self, what: str, task_id: str) -> None:
        """It was looked at, and nothing was to be done."""
        self._still[what] = (self._disturbed, self._stirred.get(task_id, 0))

    def _stir(self, task_id: str | None, *, alone: bool = True) -> None:
        if task_id is None or not alone:
            self._disturbed += 1
        else:
            self._stirred[task_id] = self._stirred.get(task_id, 0) + 1

    # -- writing

    def put(self, change: Change) -> None:
        """Put a whole new value. A move that the transition tables do not allow is our own mistake."""
        match change:
            case Task():
                before = self._tasks.get(change.task_id) or self.state.tasks.get(change.task_id)
                if before is not None and before.status is not change.status:
                    assert change.status in TASK_MOVES[before.status], f"{before.status} -> {change.status}"
                if before is None:
                    self.keyed = None
                self._stir(change.task_id, alone=not change.terminal)
                self._tasks[change.task_id] = replace(change, updated_at=self.now.wall)
                self._place(self._tasks[change.task_id])
            case Command():
                old = self.command(change.cmd_id)
                if old is not None and old.state is not change.state:
                    assert change.state in COMMAND_MOVES[old.state], f"{old.state} -> {change.state}"
                if old is None and self._of_task is not None and change.task_id is not None:
                    self._of_task.setdefault(change.task_id, []).append(change.cmd_id)
                self._stir(change.task_id)
                self._commands[change.cmd_id] = change
            case Output():
                self._stir(change.task_id, alone=change.owed_off and change.closing is None)
                self._outputs[change.name] = change
            case Cursor():
                self._cursors[change.schedule] = change
            case Latch():
                self._disturbed += 1
                self._latches[change.name] = change
                if change.held and change.name.startswith("in_calibration:"):
                    self._in_hand.add(change.name.partition(":")[2])
            case Alarm():
                self._disturbed += 1
                self._alarms[change.alarm_id] = change
            case Ledger():
                self._disturbed += 1
                self._ledgers[change.name] = change
        self.version += 1

    def _place(self, task: Task) -> None:
        """A task that is known keeps its place among the open ones; a new one is put in order at the next look."""
        if task.terminal:
            self.taken = None
        if self._open_tasks is None:
            return
        if task.terminal:
            self._open_tasks.pop(task.task_id, None)
        elif task.task_id in self._open_tasks:
            self._open_tasks[task.task_id] = task
        else:
            self._open_tasks = None

    def end_command(self, command: Command, state: CommandState, evidence: str = "") -> None:
        """Move a command to its end and write that down."""
        self.put(replace(command, state=state, ended_at=self.now.mono, evidence=evidence or command.evidence))
        event = {
            CommandState.DONE: "COMMAND_CONFIRMED",
            CommandState.TIMEOUT: "COMMAND_TIMEOUT",
            CommandState.NO_EFFECT: "COMMAND_EFFECT_NOT_CONFIRMED",
        }.get(state, "COMMAND_FAILED")
        self.note(
            event,
            task_id=command.task_id,
            zone=command.zone,
            cmd_id=command.cmd_id,
            actuator=command.actuator,
            terminal_status=state.value,
            evidence=evidence or command.evidence,
        )

    def note(self, event_type: str, *, task_id: str | None = None, zone: str | None = None, **details: Any) -> None:
        """Append a line to the timeline."""
        self.entries.append(
            Entry(
                seq=self.state.seq + len(self.entries) + 1,
                event_type=event_type,
                wall=self.now.wall,
                mono=self.now.mono,
                boot_id=self.state.boot_id,
                task_id=task_id,
                zone=zone,
                details=details,
            )
        )
        self.version += 1

    def alert(self, code: str, subject: str, message: str, advice: str) -> None:
        """Raise an alarm once; raising it again while it is active says nothing new."""
        alarm_id = f"{code}:{subject}"
        before = self.alarm(alarm_id)
        if before is not None and before.active:
            return
        fresh = Alarm(
            alarm_id=alarm_id, code=code, subject=subject, raised_at=self.now.wall, message=message, advice=advice
        )
        if before is not None:
            fresh = fresh.after(before)
        self.put(fresh)
        if fresh.shelved_until is not None:
            self.note("ALARM_RAISED", alarm=alarm_id, message=message, advice=advice, shelved=True)
            return  # whoever silenced it has silenced what comes and goes too
        self.spend(ALARMS_RAISED, 1.0, self.now.mono)
        self.note("ALARM_RAISED", alarm=alarm_id, message=message, advice=advice)

    def calm(self, code: str, subject: str) -> None:
        """The cause of an alarm is gone; it stays on the list until somebody has seen it."""
        if not self._alarms and not self.state.alarms:
            return  # nothing is called for, as nearly always
        alarm = self.alarm(f"{code}:{subject}")
        if alarm is not None and alarm.active:
            self.put(replace(alarm, active=False))
            self.note("ALARM_CLEARED", alarm=alarm.alarm_id)

    def effect(self, effect: Effect) -> None:
        """Ask for something outside. An identical effect in the same turn leaves once."""
        if not isinstance(effect, Answer):
            if effect in self._said:
                return
            self._said.add(effect)
        elif effect in self.effects:
            return
        self.effects.append(effect)
        self.version += 1

    def wake(self, at: Nanos) -> None:
        """Some rule waits for this instant."""
        if at > self.now.mono and (self.wake_at is None or at < self.wake_at):
            self.wake_at = at

    def decision(self) -> Decision:
        """The finished turn."""
        if not self.version:  # most turns only look
            return self._decided((), (), ())
        return self._decided(
            (
                *self._tasks.values(),
                *self._commands.values(),
                *self._outputs.values(),
                *self._cursors.values(),
                *self._latches.values(),
                *self._alarms.values(),
                *self._ledgers.values(),
            ),
            tuple(e for e in self.effects if not isinstance(e, WAITS_FOR_DISK)),
            tuple(e for e in self.effects if isinstance(e, WAITS_FOR_DISK)),
        )

    def _decided(
        self, changes: tuple[Change, ...], at_once: tuple[Effect, ...], after_commit: tuple[Effect, ...]
    ) -> Decision:
        return Decision(
            changes=changes,
            entries=tuple(self.entries),
            at_once=at_once,
            after_commit=after_commit,
            wake_at=self.wake_at,
            quiet=self.quiet,
            naps=self.naps,
            insisted=self.insisted,
            holding=self.holding,
            unordered=self.unordered,
            balances=self.balances,
            airing=self.airing,
            eager=self.eager,
        )
