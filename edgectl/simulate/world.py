"""Virtual time: the same stepper as the daemon's, a simulated field, and crashes between any two of its steps."""

import heapq
from dataclasses import dataclass, field
from random import Random

from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.journal.memory import MemoryJournal
from edgectl.model.deadman import Sound
from edgectl.model.inputs import Answer, AskState, ClockStepped, DeviceHealth, Effect, Input, MakeSafe, Send
from edgectl.model.site import Role, Site
from edgectl.model.task import Task
from edgectl.model.time import MS, SECOND, Nanos, Now, Trust
from edgectl.model.timeline import key_of
from edgectl.scheduler.schedule import Schedule
from edgectl.simulate.boots import on_this_clock
from edgectl.simulate.desk import Desk
from edgectl.simulate.field import Faults, SimField
from edgectl.simulate.ground import Ground
from edgectl.simulate.mail import Mail
from edgectl.simulate.mishaps import Mishaps
from edgectl.simulate.pairing import Pairing
from edgectl.simulate.people import People

POLL = 2 * SECOND
COMMIT = 4 * MS
DAY = 86_400 * SECOND
EPOCH: Nanos = 1_780_272_000 * SECOND  # 2026-06-01T00:00Z
NOTICED: Nanos = 6 * SECOND  # after so long the owner of a bus says that a device is silent
INSISTS = 8  # times in the seconds that are left of a lease
ASTRAY: Nanos = 7200 * SECOND  # how far a clock without a time server may be wrong after a power cut


@dataclass(slots=True, kw_only=True)
class Report:
    """What a run did. The counters prove that it proved something."""

    turns: int = 0
    crashes: int = 0
    rebooted_at: list[Nanos] = field(default_factory=list)
    untrusted: int = 0  # of these, with a clock that nobody can believe for a while
    steps: int = 0  # of the wall clock
    lost_commits: int = 0  # that the disk refused
    lost_journals: int = 0
    ready_at: list[tuple[Nanos, Nanos]] = field(default_factory=list)  # start, ready
    lives: list[tuple[Nanos, int]] = field(default_factory=list)  # start, number of its first sample


class _Crash(Exception):
    pass


class World:
    """One greenhouse in virtual time."""

    def __init__(
        self,
        site: Site,
        schedules: tuple[Schedule, ...],
        seed: int,
        *,
        faults: Faults | None = None,
        crash: float = 0.0,
        people: bool = False,
        disk: float = 0.0,
        mishaps: bool = False,
        desk: bool = False,
        reboots: float = 0.0,
        mail: bool = False,
        pair: bool = False,
        ground: Ground | None = None,
    ) -> None:
        self.site, self.schedules = site, schedules
        self.random = Random(seed)
        self.field = SimField(site, self.random, faults or Faults(), ground)
        self.journal = MemoryJournal()
        self.counts_from: Nanos | None = EPOCH  # of the wall clock: what struck before is not in this journal
        self.crash = crash
        self.report = Report()
        self.now: Nanos = 0
        self.disk, self.reboots = disk, reboots
        self.boots = 0
        self._written: dict[tuple[str, str], int] = {}  # value of the journal -> the boot that wrote it
        self._trusted_at: Nanos = 0
        self._astray: Nanos = 0
        self.people = People(self, Random(seed + 1)) if people else None
        self.mishaps = Mishaps(self, Random(seed + 3)) if mishaps else None
        self.desk = Desk(self, Random(seed + 4)) if desk else None
        self.mail = Mail(self, Random(seed + 5)) if mail else None
        self.pairing = Pairing(self, Random(seed + 6)) if pair else None
        self._actors = [actor for actor in (self.people, self.mishaps, self.desk, self.pairing) if actor is not None]
        self._wall_step: Nanos = 0
        self._disk_bad_until: Nanos = 0
        self._life = 0
        self._count = 0
        self._heap: list[tuple[Nanos, int, int, Input | None]] = []
        self._begin()

    def run(self, until: Nanos) -> Report:
        """Let virtual time pass up to an instant."""
        while self.now < until:
            upcoming = [self._heap[0][0]] if self._heap else []
            if self._stepper.wake_at is not None:
                upcoming.append(self._stepper.wake_at)
            poll_at = self._next_poll()
            upcoming.append(poll_at)
            upcoming += [actor.next_at for actor in self._actors]
            if self._astray:
                upcoming.append(self._trusted_at)
            if self.now < self._disk_bad_until:
                upcoming.append(self.now + SECOND)
            self.now = max(self.now, min(*upcoming, until))
            self._deliver(poll_at)
            for actor in self._actors:
                if self.now >= actor.next_at:
                    actor.act()
            if self._astray and self.now >= self._trusted_at:
                self.step_wall(-self._astray)
                self._astray = 0
            try:
                self._step()
            except _Crash:
                self._die()
                if self.reboots and self.random.random() < self.reboots:
                    self._reboot()
                self._begin()
        self.field.advance(until)
        return self.report

    def offer(self, item: Input) -> None:
        """Put an input in, as a person or a bus would, beside fresh readings; the next step is now."""
        self._polled = self.now
        self._stepper.offer(self.field.poll(self.now))
        self._stepper.offer(item)
        self._stepper.wake_at = self.now

    def step_wall(self, by: Nanos) -> None:
        """Somebody, or a time server, sets the wall clock."""
        self._wall_step += by
        self.report.steps += 1
        self._stepper.offer(ClockStepped(seconds=by / SECOND, believed=not self._astray))
        self._stepper.wake_at = self.now

    @property
    def wall(self) -> Nanos:
        """The wall clock now."""
        return EPOCH + self.now + self._wall_step

    def lose_journal(self) -> None:
        """The controller dies, and its journal is unreadable. What is held from now on is held against the new one."""
        self._die()
        self.journal, self.counts_from = MemoryJournal(lost=True), None
        self.report.lost_journals += 1
        self.report.ready_at.clear()
        self.report.lives.clear()
        self.field.trace.clear()
        if self.people is not None:
            self.people.told.clear()
        self._begin()

    def hear_of(self, device: str, *, healthy: bool) -> None:
        """The owner of its bus will say in a while that a device is silent, or back, if this life lasts so long."""
        at = self.now + NOTICED
        news = DeviceHealth(device=device, healthy=healthy, at=at, reason="" if healthy else "no answer")
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, self._life, news))

    @property
    def life(self) -> int:
        """How often the controller has begun."""
        return self._life

    def tell(self, item: Input) -> None:
        """Put something in that no turn is hurried for."""
        self._stepper.offer(item)

    def stand_down(self) -> None:
        """Somebody else leads, or may soon: everything goes off while this one may speak, and a new life waits."""
        self._all_off()
        for _ in range(INSISTS):
            if not any(self.field.relays[name].on for name in self.dangerous):
                break
            self.now += SECOND // 2
            self.field.advance(self.now)
            self._all_off()
        self._die()
        self._begin()

    @property
    def dangerous(self) -> list[str]:
        """Every output whose only safe value is off, pumps first."""
        parts = [(part.role is not Role.PUMP, name) for name, part in self.site.actuators.items() if part.dangerous]
        return [name for _, name in sorted(parts)]

    def _all_off(self) -> None:
        orders = tuple(MakeSafe(actuator=name, reason="the lease is over") for name in self.dangerous)
        self._release(orders, self.now)

    def known(self, correlation_id: str) -> Task | None:
        """The task that bears this name already, as the shell looks it up."""
        values = self.journal.values.values()
        return next((v for v in values if isinstance(v, Task) and v.correlation_id == correlation_id), None)

    def alarms(self) -> list[str]:
        """What the alarm list shows now."""
        return sorted(self.state.alarms)

    def open_tasks(self) -> list[str]:
        """What the task list shows as open."""
        return sorted(self.state.tasks)

    @property
    def state(self) -> State:
        """What the engine holds now."""
        return self._stepper.state

    # -- one life

    def _die(self) -> None:
        self.report.crashes += 1
        if self.pairing is not None:
            self.pairing.died()
        self.field.advance(self.now)
        self.field.ground.watched = False
        self.now += round(self.random.uniform(0.2, 40) * SECOND)

    def _begin(self) -> None:
        """Start as the daemon does: safe writes first, then the journal, then the questions."""
        self._life += 1
        lead = None if self.pairing is None else self.pairing.lead()
        self.field.advance(self.now)
        self.field.ground.watched = self.field.in_reach
        self._heap.clear()
        self._polled = self.now - POLL
        for name, actuator in sorted(self.site.actuators.items(), key=lambda item: item[1].role != "pump"):
            if actuator.dangerous:
                self.field.make_safe(MakeSafe(actuator=name, reason="start"), self.now)
        started, boot_id = self.now + 1, "sim" if not self.boots else f"sim-{self.boots}"
        state = State.begin(
            site=self.site,
            schedules=self.schedules,
            stored=on_this_clock(self.journal.load(), self._written, self.boots, boot_id),
            boot_id=boot_id,
            started=started,
            lead=lead,
        )
        self._stepper = Stepper(state)
        for name in sorted(self.site.actuators):
            self._release((AskState(actuator=name),), self.now + 100 * MS)
        self._stepper.wake_at = self.now + 1
        self._born = self.now
        self.report.lives.append((self.now, self.field.samples + 1))
        for device in sorted(self.field.silent):
            self.hear_of(device, healthy=False)
        if self.people is not None:
            self.people.forget()

    def _reboot(self) -> None:
        """The machine itself was gone: another boot, and perhaps a clock that lost its way."""
        self.boots += 1
        self.report.rebooted_at.append(self.now)
        if not self._astray and self.random.random() < 0.3:
            self.report.untrusted += 1
            self._astray = round(self.random.uniform(-1, 1) * ASTRAY) or SECOND
            self._wall_step += self._astray
            self._trusted_at = self.now + round(self.random.uniform(5, 1800) * SECOND)

    def _step(self) -> None:
        now = self._clock()
        was = self.state.phase
        at_once = self._stepper.turn(now)
        self.report.turns += 1
        if was is Phase.SETTLING and self.state.phase is Phase.READY:
            self.report.ready_at.append((self._born, self.now))
        if self.counts_from is None and self.state.phase is Phase.READY and not self._astray:
            self.counts_from = self.wall
        self._release(at_once, self.now)
        self._maybe_crash()
        batch = self._stepper.next_batch()
        if batch is None:
            return
        self._maybe_crash()
        if self.now >= self._disk_bad_until and self.disk and self.random.random() < self.disk:
            self._disk_bad_until = self.now + round(self.random.uniform(1, 300) * SECOND)
        if self.now < self._disk_bad_until:
            self.report.lost_commits += 1
            self._stepper.commit_failed("disk I/O error")
            return
        self.journal.commit(batch)
        self._written.update((key_of(change), self.boots) for change in batch.changes)
        self.now += COMMIT
        self._maybe_crash()
        if self.pairing is not None:
            self.pairing.stand_still()
        self._release(self._stepper.committed(self._clock()), self.now)
        self._maybe_crash()
        if self.mail is not None and self.now >= self.mail.next_at:
            self.mail.act()

    def _release(self, effects: tuple[Effect, ...], at: Nanos) -> None:
        for effect in effects:
            if self.pairing is not None and not self.pairing.may_speak(effect, at):
                continue
            match effect:
                case Send():
                    news = self.field.send(effect, at)
                case MakeSafe():
                    self.field.make_safe(effect, at)
                    news = []
                case Sound():
                    news = []  # the siren of a simulated house is heard by nobody
                case AskState():
                    news = self.field.ask(effect, at)
                case Answer():
                    news = []
                    if self.people is not None:
                        self.people.hear(effect)
            for when, item in news:
                self._count += 1
                heapq.heappush(self._heap, (when, self._count, self._life, item))

    def _deliver(self, poll_at: Nanos) -> None:
        while self._heap and self._heap[0][0] <= self.now:
            _, _, life, item = heapq.heappop(self._heap)
            if life == self._life and item is not None:
                self._stepper.offer(item)
        if poll_at <= self.now:
            self._polled = self.now
            self._stepper.offer(self.field.poll(self.now))

    def _next_poll(self) -> Nanos:
        """Polls that cannot change a decision are skipped: while the engine is idle, only the next turn is read for."""
        regular, wake = self._polled + POLL, self._stepper.wake_at
        return max(regular, wake) if self._stepper.idle and wake is not None else regular

    def _maybe_crash(self) -> None:
        if self.crash and self.random.random() < self.crash:
            raise _Crash

    def _clock(self) -> Now:
        return Now(mono=self.now, wall=self.wall, trust=Trust.UNTRUSTED if self._astray else Trust.SYNCED)
