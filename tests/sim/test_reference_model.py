"""The stepper against a small book of its own: tasks, commands and owed OFFs, driven by anything that may happen.

The book knows nothing of stages, guards or schedules. It knows what a status may become, what counts as evidence, and
that a debt is paid by a read-back alone. `EDGECTL_EXAMPLES=2000` looks longer and elsewhere.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Phases
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from edgectl.engine import turn
from edgectl.engine.draft import Draft
from edgectl.engine.rules import admission, guards, interlock, replies
from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.journal.memory import MemoryJournal
from edgectl.model.channel import Sample
from edgectl.model.command import Command, CommandState
from edgectl.model.inputs import (
    Answer,
    AskState,
    Cancel,
    Effect,
    Input,
    MakeSafe,
    ManualOff,
    ManualOn,
    ReadBack,
    Reply,
    ReplyStatus,
    Restrain,
    Restraint,
    Resume,
    Samples,
    Send,
    Shutdown,
    StopAll,
    TaskRequest,
)
from edgectl.model.output import Output
from edgectl.model.task import Task
from edgectl.model.time import MS, SECOND, Nanos, Now, Trust
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import EPOCH

LONG = "EDGECTL_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("EDGECTL_EXAMPLES", "80"))
TRIP, SILENCE, POLL = 60 * MS, 500 * MS, 2 * SECOND
SITE = example_site()
PARTS = sorted(SITE.actuators)
DANGEROUS = {"pump", "valve"}

# Written down here a second time, on purpose: what the engine calls its moves is not asked.
TASKS = {
    None: {"accepted", "running", "completed", "failed", "rejected", "expired"},
    "accepted": {"running", "completed", "failed", "rejected", "expired"},  # several moves may share one commit
    "running": {"completed", "failed"},
}
COMMANDS = {
    None: {"QUEUED", "SENT", "ACK", "DONE", "NO_EFFECT", "BUSY", "INVALID", "ERROR", "TIMEOUT", "SEND_FAILED"},
    "QUEUED": {"SENT", "ACK", "DONE", "NO_EFFECT", "BUSY", "INVALID", "ERROR", "TIMEOUT", "SEND_FAILED"},
    "SENT": {"ACK", "DONE", "NO_EFFECT", "BUSY", "INVALID", "ERROR", "TIMEOUT", "SEND_FAILED"},
    "ACK": {"DONE", "NO_EFFECT", "BUSY", "INVALID", "ERROR", "TIMEOUT", "SEND_FAILED"},
}


@dataclass
class Relay:
    """The hardware: on or off, and when it ends its own pulse."""

    on: bool = False
    until: Nanos | None = None


@dataclass
class Book:
    """What may be believed of the engine, from what it was told and what it did."""

    tasks: dict[str, str] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    echoed: set[str] = field(default_factory=set)
    seen_on: dict[str, Nanos] = field(default_factory=dict)  # output -> newest read-back that told the engine "on"
    seen_off: dict[str, Nanos] = field(default_factory=dict)  # ... and "off": when that read began
    ordered_off: dict[str, Nanos] = field(default_factory=dict)  # output -> when its last debt was called
    owed: set[str] = field(default_factory=set)
    asked: dict[str, tuple[str, str]] = field(default_factory=dict)  # correlation -> fingerprint, task
    stopped: bool = False
    locked: bool = False


class Engine(RuleBasedStateMachine):
    """Everything that may happen, in any order."""

    @initialize()
    def begin(self) -> None:
        self.now: Nanos = 0
        self.wall_step: Nanos = 4 * 3600 * SECOND  # eight in the morning: a run is due soon
        self.relays = {name: Relay() for name in PARTS}
        self.journal = MemoryJournal()
        self.book = Book()
        self.line = "good"
        self.level = 80.0
        self.blocked = False
        self.samples = 0
        self.tokens = 0
        self.token_of: dict[int, tuple[str, str]] = {}
        self.news: list[tuple[Nanos, int, Input]] = []
        self.count = 0
        self.start()
        self.time_passes(1)

    def start(self) -> None:
        """A new life: safe writes, the journal, the questions."""
        self.news.clear()
        self.token_of.clear()
        for name in DANGEROUS:
            self.act(MakeSafe(actuator=name, reason="start"))
        self.now += 1
        state = State.begin(
            site=SITE,
            schedules=example_schedules(),
            stored=self.journal.load(),
            boot_id="model",
            started=self.now,
        )
        self.book.seen_off.clear()
        self.book.seen_on.clear()
        self.stepper = Stepper(state)
        for name in sorted(state.unproven):
            self.act(AskState(actuator=name))
        self.stepper.wake_at = self.now

    # -- what may happen

    @rule(seconds=st.sampled_from([0.05, 0.5, 3, 10, 45, 150, 1200]))
    def time_passes(self, seconds: float) -> None:
        end = self.now + round(seconds * SECOND)
        while self.now < end:
            wake = self.stepper.wake_at
            nexts = [end, self.now + POLL, *(at for at, _, _ in self.news)]
            self.now = max(self.now + 1, min([*nexts, *([wake] if wake is not None else [])]))
            self.turn()

    @rule(line=st.sampled_from(["good", "good", "lost_request", "lost_reply", "stuck", "busy"]))
    def the_wire_changes(self, line: str) -> None:
        self.line = line

    @rule(level=st.sampled_from([80.0, 80.0, 5.0, float("nan")]), blocked=st.booleans())
    def the_field_changes(self, level: float, blocked: bool) -> None:
        self.level, self.blocked = level, blocked

    @rule(number=st.integers(0, 4), seconds=st.sampled_from([5.0, 20.0]))
    def somebody_asks_for_water(self, number: int, seconds: float) -> None:
        correlation, wall = f"asked-{number:04d}", EPOCH + 10**15  # the same wish whenever it is asked
        self.tokens += 1
        values = self.journal.values.values()
        known = next((v for v in values if isinstance(v, Task) and v.correlation_id == correlation), None)
        self.token_of[self.tokens] = (correlation, f"{seconds}")
        self.offer(
            TaskRequest(
                token=self.tokens,
                zone="zone-1",
                task_type="irrigation",
                payload={"duration_s": seconds},
                source="cli",
                correlation_id=correlation,
                scheduled_for=wall,
                due_at=wall + 3600 * SECOND,
                expires_at=wall + 7200 * SECOND,
                known=known,
            )
        )

    @rule(name=st.sampled_from(PARTS), seconds=st.sampled_from([1.0, 8.0, 700.0]))
    def somebody_presses_on(self, name: str, seconds: float) -> None:
        self.offer(ManualOn(token=0, actuator=name, lease=round(seconds * SECOND), who="Ana"))

    @rule(name=st.sampled_from(PARTS))
    def somebody_presses_off(self, name: str) -> None:
        self.offer(ManualOff(token=0, actuator=name, who="Ana"))

    @rule()
    def somebody_stops_everything(self) -> None:
        self.offer(StopAll(token=0, who="Ana"))

    @rule()
    def somebody_resumes(self) -> None:
        self.offer(Resume(token=0, who="Ana"))

    @rule(on=st.booleans())
    def somebody_locks_or_unlocks(self, on: bool) -> None:
        self.offer(Restrain(token=0, what=Restraint.LOCK, on=on, who="Ana", zone="zone-1", why="filter"))

    @precondition(lambda self: bool(self.stepper.state.tasks))
    @rule()
    def somebody_cancels(self) -> None:
        self.offer(Cancel(token=0, task_id=sorted(self.stepper.state.tasks)[0], who="Ana"))

    @rule(by=st.sampled_from([-86_400, -60, 60, 7200, 86_400]))
    def the_wall_clock_is_set(self, by: int) -> None:
        self.wall_step += by * SECOND
        self.turn()

    @rule(settles=st.booleans())
    def the_controller_dies(self, settles: bool) -> None:
        self.start()
        self.time_passes(1 if settles else 0.05)

    @precondition(lambda self: self.stepper.state.phase is Phase.READY)
    @rule(committed=st.booleans())
    def it_dies_within_a_turn(self, committed: bool) -> None:
        self.turn(dies="after" if committed else "before")
        self.time_passes(1)

    @rule()
    def the_disk_refuses_once(self) -> None:
        self.turn(dies="disk")

    @precondition(lambda self: self.stepper.state.phase is Phase.READY)
    @rule()
    def it_is_ended_and_started(self) -> None:
        self.offer(Shutdown(why="an update"))
        self.start()
        self.time_passes(1)

    # -- how it is carried out

    def offer(self, item: Input) -> None:
        self.stepper.offer(item)
        self.turn()

    def clock(self) -> Now:
        return Now(mono=self.now, wall=EPOCH + self.now + self.wall_step, trust=Trust.SYNCED)

    def turn(self, dies: str = "") -> None:
        """One turn of the stepper, and what comes of it."""
        self.pulses_end()
        self.stepper.offer(self.poll())
        due = sorted((entry for entry in self.news if entry[0] <= self.now), key=lambda entry: entry[:2])
        self.news = [entry for entry in self.news if entry[0] > self.now]
        for _, _, item in due:
            self.hear(item)
            self.stepper.offer(item)
        for effect in self.stepper.turn(self.clock()):
            assert not isinstance(effect, Send | Answer), "it left before it was written"
            self.act(effect)
        if dies == "before":
            self.start()
            return
        batch = self.stepper.next_batch()
        if batch is None:
            return
        if dies == "disk":
            self.stepper.commit_failed("the disk refused")
            return
        self.journal.commit(batch)
        self.read_book()
        if dies == "after":
            self.start()
            return
        for effect in self.stepper.committed(self.clock()):
            self.act(effect)

    def poll(self) -> Samples:
        self.samples += 3
        flows = self.relays["pump"].on and self.relays["valve"].on and not self.blocked
        values = {"level.level": self.level, "meter.flow": 10.0 if flows else 0.0, "meter.volume": self.now / SECOND}
        block = [
            Sample(sample_id=self.samples + number, channel=channel, value=value, at=self.now)
            for number, (channel, value) in enumerate(values.items())
        ]
        return Samples(block=tuple(block))

    def pulses_end(self) -> None:
        for relay in self.relays.values():
            if relay.until is not None and relay.until <= self.now:
                relay.on, relay.until = False, None

    def act(self, effect: Effect) -> None:
        """The hardware, and the wire in front of it."""
        match effect:
            case Send():
                self.check_send(effect)
                self.carry(effect)
            case MakeSafe(actuator=name):
                self.book.ordered_off.setdefault(name, self.now)
                if self.line != "lost_request":
                    self.relays[name] = Relay()
            case AskState(actuator=name):
                self.pulses_end()
                lost = self.line in ("lost_request", "lost_reply")
                on = None if lost else self.relays[name].on
                self.tell(SILENCE if lost else TRIP, ReadBack(actuator=name, on=on, at=self.now))
            case Answer(token=token):
                self.check_answer(token, effect)

    def carry(self, effect: Send) -> None:
        name, cmd_id = effect.actuator, effect.cmd_id
        self.tell(MS, Reply(cmd_id=cmd_id, status=ReplyStatus.SENT, at=self.now))
        if self.line == "busy":
            self.tell(TRIP, Reply(cmd_id=cmd_id, status=ReplyStatus.BUSY, at=self.now + TRIP))
            return
        if self.line not in ("lost_request", "stuck"):
            until = None if effect.lease is None or not effect.on else self.now + effect.lease
            self.relays[name] = Relay(on=effect.on, until=until)
        if self.line in ("lost_request", "lost_reply"):
            self.tell(SILENCE, Reply(cmd_id=cmd_id, status=ReplyStatus.TIMEOUT, at=self.now + SILENCE))
        else:
            self.tell(TRIP, Reply(cmd_id=cmd_id, status=ReplyStatus.ECHO, at=self.now + TRIP))

    def tell(self, after: Nanos, item: Input) -> None:
        self.count += 1
        self.news.append((self.now + after, self.count, item))

    def hear(self, item: Input) -> None:
        """What the engine is about to be told: the evidence that the book accepts."""
        match item:
            case Reply(cmd_id=cmd_id, status=ReplyStatus.ECHO):
                self.book.echoed.add(cmd_id)
            case ReadBack(actuator=name, on=True, at=at):
                self.book.seen_on[name] = max(at, self.book.seen_on.get(name, at))
            case ReadBack(actuator=name, on=False, at=at):
                self.book.seen_off[name] = max(at, self.book.seen_off.get(name, at))

    # -- the book

    def check_send(self, effect: Send) -> None:
        command = self.journal.values.get(("Command", effect.cmd_id))
        assert isinstance(command, Command), "sent, and not in the journal"
        assert effect.cmd_id not in self.book.sent, "sent twice"
        assert self.now <= effect.not_after, "sent after its time"
        assert self.stepper.state.phase is Phase.READY or not effect.on
        if effect.on:
            assert not self.book.stopped, "switched on under a stop"
            assert not self.book.locked, "switched on under a lock"
        if effect.on and effect.actuator in DANGEROUS:
            assert effect.lease is not None, "an ON without an end"
            assert effect.actuator in self.book.owed, "an ON that owes no OFF"
        self.book.sent.add(effect.cmd_id)

    def check_answer(self, token: int, answer: Answer) -> None:
        if token not in self.token_of:
            return
        correlation, wish = self.token_of.pop(token)
        first = self.book.asked.get(correlation)
        if first is None:
            if answer.ok:
                self.book.asked[correlation] = (wish, answer.body["task_id"])
                assert ("Task", answer.body["task_id"]) in self.journal.values, "acknowledged and not written"
        elif first[0] == wish:
            assert answer.ok
            assert answer.body["task_id"] == first[1]
        else:
            assert str(answer.code) == "idempotency_payload_mismatch"

    def read_book(self) -> None:
        """What the last commit says, held against what was known before it."""
        for key, value in self.journal.values.items():
            match value:
                case Task(task_id=task_id, status=status):
                    self.move(self.book.tasks, TASKS, task_id, status.value)
                case Command():
                    before = self.book.commands.get(key[1])
                    self.move(self.book.commands, COMMANDS, key[1], value.state.value)
                    if value.state.value == "DONE" and before != "DONE":
                        self.check_done(value)
                case Output(name=name, owed_off=owed):
                    if owed and name not in self.book.owed:
                        self.book.ordered_off.pop(name, None)
                        self.book.owed.add(name)
                    elif not owed and name in self.book.owed:
                        self.check_paid(name)
                        self.book.owed.discard(name)
        latches = self.stepper.state.latches
        self.book.stopped = "stop_all" in latches and latches["stop_all"].held
        self.book.locked = "lock:zone-1" in latches and latches["lock:zone-1"].held

    def move(self, known: dict[str, str], moves: dict[Any, set[str]], name: str, state: str) -> None:
        before = known.get(name)
        if before != state:
            assert state in moves.get(before, set()), f"{name}: {before} became {state}"
            known[name] = state

    def check_done(self, command: Command) -> None:
        assert command.cmd_id in self.book.echoed, "DONE without an echo"
        name = command.actuator
        if command.lease is None:
            seen = self.book.seen_on if command.order.value.lower() == "on" else self.book.seen_off
            assert name in seen, "DONE and nobody looked"
        else:
            assert name in self.book.seen_off, "DONE and not seen off"
            assert command.lease <= SECOND or name in self.book.seen_on, "DONE and never seen on"

    def check_paid(self, name: str) -> None:
        ordered = self.book.ordered_off.get(name)
        assert ordered is not None, "paid, and nobody ordered it off"
        assert self.book.seen_off.get(name, -1) >= ordered, "paid without a read-back that began after the OFF"

    @invariant()
    def no_debt_is_forgotten(self) -> None:
        """Whatever may be on is owed an OFF, or its life has just ended and the next one has not looked yet."""
        if self.stepper.state.phase is not Phase.READY:
            return
        for name in DANGEROUS:
            output = self.stepper.state.outputs.get(name)
            if self.relays[name].on:
                assert output is not None, f"{name} is on and nobody knows"
                assert output.owed_off, f"{name} is on and nobody owes an OFF"

    def teardown(self) -> None:
        """With an honest wire and some time everything comes to its end."""
        if not hasattr(self, "book"):
            return
        self.line, self.level, self.blocked = "good", 80.0, False
        self.offer(StopAll(token=0, who="Ana"))
        for _ in range(4):
            self.time_passes(45)
        assert not any(relay.on for name, relay in self.relays.items() if name in DANGEROUS)
        assert not self.owing(self.stepper.state.outputs.values())
        assert all(task.status.value == "accepted" for task in self.stepper.state.tasks.values())

    def owing(self, outputs: Iterable[Output]) -> list[str]:
        return [output.name for output in outputs if output.owed_off]


TestEngine = Engine.TestCase
TestEngine.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=50,
    deadline=None,
    derandomize=not LONG,  # the same examples in every run; a long look looks elsewhere
    database=None,
    suppress_health_check=list(HealthCheck),
)


def _acts_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    decide = turn.decide

    def hasty(*given: Any) -> Any:
        decision = decide(*given)
        sends = tuple(effect for effect in decision.after_commit if isinstance(effect, Send))
        return replace(decision, at_once=decision.at_once + sends)

    patch.setattr(turn, "decide", hasty)


def _closes_a_debt_unseen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(interlock, "_prove_off", interlock._close)


def _takes_the_echo_for_the_effect(patch: pytest.MonkeyPatch) -> None:
    on_reply = replies.on_reply

    def believing(draft: Draft, reply: Reply) -> None:
        on_reply(draft, reply)
        command = draft.command(reply.cmd_id)
        if command is not None and command.state is CommandState.ACK and command.lease is None:
            draft.end_command(command, CommandState.DONE)

    patch.setattr(replies, "on_reply", believing)


def _forgets_a_lock(patch: pytest.MonkeyPatch) -> None:
    for table in ("STARTING", "STAYING"):  # either alone keeps it off
        patch.setattr(guards, table, tuple(row for row in getattr(guards, table) if row[0] != "restraint"))


def _sends_again_what_was_lost(patch: pytest.MonkeyPatch) -> None:
    committed = Stepper.committed

    def twice(self: Stepper, now: Now) -> tuple[Effect, ...]:
        effects = committed(self, now)
        return effects + tuple(effect for effect in effects if isinstance(effect, Send))

    patch.setattr(Stepper, "committed", twice)


def _compares_no_wishes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(admission, "fingerprint", lambda *_: "same")


PLANTS = [
    _acts_before_the_commit,
    _closes_a_debt_unseen,
    _takes_the_echo_for_the_effect,
    _forgets_a_lock,
    _sends_again_what_was_lost,
    _compares_no_wishes,
]


@pytest.mark.parametrize("plant", PLANTS)
def test_the_book_notices_a_planted_bug(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    quick = settings(TestEngine.settings, phases=[Phases.generate], print_blob=False)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Engine, settings=quick)
