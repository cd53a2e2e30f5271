"""`edgectl run`: the order of a start and of an end.

Start: lock, safe plan on the disk, OFF on every bus, then the journal, then proof, then READY, then the doors.
End: nothing new, everything off and proven, journal flushed, then the doors and the buses.
"""

import asyncio
import contextlib
import importlib
import logging
import signal
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from edgectl.daemon import former, safeplan, stumbles
from edgectl.daemon.centre import TASK, CentreLine
from edgectl.daemon.control import Control
from edgectl.daemon.desk import CentreDesk
from edgectl.daemon.farewell import leave_soon
from edgectl.daemon.field import Field
from edgectl.daemon.former import Former
from edgectl.daemon.given import House
from edgectl.daemon.pair import Pair, leading
from edgectl.daemon.stall import StallGuard
from edgectl.daemon.supervise import Supervisor
from edgectl.daemon.telemetry import Telemetry
from edgectl.engine.rules import raw
from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.host import memory, notify
from edgectl.host.clock import SystemClock, boot_id, mono
from edgectl.host.ends import ENDS
from edgectl.host.timer import Alarm
from edgectl.journal.errors import JournalTooNew, JournalUnwritable
from edgectl.journal.writer import JournalWriter
from edgectl.model.inputs import ClockStepped, Input, MakeSafe, Samples, Shutdown
from edgectl.model.lease import Lead
from edgectl.model.site import Role
from edgectl.model.time import Nanos
from edgectl.model.timeline import Entry, Stored
from edgectl.observe import log
from edgectl.observe.metrics import Ledger

LOG = logging.getLogger("edgectl")
OPEN_AGAIN_S = 2.0
SAFE_WITHIN_S = 5.0
FLUSH_WITHIN_S = 3.0
SHARES_S = 0.0005
EXIT_BROKEN = 70
MOST_EARLY = 4096
EXIT_STOOD_DOWN = 75  # the other controller of the pair may lead: the service manager starts this one again, to wait


class Daemon:
    """One life of the controller."""

    def __init__(
        self,
        house: House,
        plan: dict[str, Any],
        left: Former,
        clock: SystemClock,
        *,
        pair: Pair | None = None,
        lead: Lead | None = None,
    ) -> None:
        self.house, self._pair, self._lead = house, pair, lead
        self._plan = left.kept_in(plan)
        self._left = left
        self.clock = clock
        self.supervisor = Supervisor()
        self.ledger = Ledger()
        self._listeners: list[Callable[[tuple[Entry, ...]], None]] = [self.ledger.read, log.tell]
        # What the field says before the journal is open; of too much the newest is kept.
        self._early: deque[tuple[Input, Callable[[], None] | None]] = deque(maxlen=MOST_EARLY)
        self._control: Control | None = None
        self._centre: CentreLine | None = None
        self._telemetry: Telemetry | None = None
        self._stop: asyncio.Event = asyncio.Event()
        self._why = ""
        self._proven = False
        self._exit = 0

    async def run(self) -> int:
        """Live until asked to end. Returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in ENDS:
            loop.add_signal_handler(number, self._end, signal.Signals(number).name, 0)
        house = self.house
        started = self._mono()
        led = {} if self._pair is None else {"may_speak": self._pair.may_speak}
        alarm = partial(Alarm, loop)
        field = Field(house.site, house.buses, now=self.clock.now, deliver=self._deliver, alarm=alarm, **led)
        async with asyncio.TaskGroup() as group:
            keepers = [group.create_task(self.supervisor.keep(f"bus {n}", t.run)) for n, t in field.tasks.items()]
            keepers.append(group.create_task(self.supervisor.keep("stall guard", StallGuard(mono).run)))
            if self._pair is not None:
                keepers.append(group.create_task(self._stand_down(self._pair)))
            field.make_safe_first()
            writer = JournalWriter(house.state / "journal.db")
            opening = group.create_task(self._open(writer))
            await asyncio.sleep(0)
            ending = group.create_task(self._stop.wait())
            await asyncio.wait({opening, ending}, return_when=asyncio.FIRST_COMPLETED)
            if opening.done() and (stored := opening.result()) is not None:
                doors = await self._live(group, keepers, field, writer, stored, started)
                await self._stop.wait()
                self._proven = await self._make_safe(field)
                for door in doors:
                    door.should_exit = True
            opening.cancel()
            leave_soon(self._exit, seen_off=self._proven)
            notify.stopping()
            for keeper in [*keepers, ending]:
                keeper.cancel()
            await asyncio.wait(keepers, timeout=2)  # their last words belong into the journal
            await writer.close()
        if self._pair is not None:
            await self._pair.end(proven=self._proven)
        LOG.info("ended: %s", self._why)
        return self._exit

    async def _stand_down(self, pair: Pair) -> None:
        """The lease ends: what is on goes off while we still may speak."""
        await pair.over.wait()
        self._end(pair.why, EXIT_STOOD_DOWN)

    async def _live(
        self,
        group: asyncio.TaskGroup,
        keepers: list[asyncio.Task[None]],
        field: Field,
        writer: JournalWriter,
        stored: Stored,
        started: Nanos,
    ) -> list[Any]:
        house = self.house
        self.clock.remember(stored.wall_high_water)
        try:
            state = State.begin(
                site=house.site,
                schedules=house.schedules,
                stored=stored,
                boot_id=boot_id(),
                started=started,
                former=self._left.debts,
                lead=self._lead,
                config=house.config,
            )
        except Exception as error:
            self._stumble(writer, f"nothing can be decided on what it holds: {type(error).__name__}: {error}")
            raise
        control = Control(
            Stepper(state),
            self.clock,
            writer,
            field.carry,
            on_entries=self._on_entries,
            storage_errors=(JournalUnwritable,),
        )
        self._control = control
        control.wake_by(Alarm(asyncio.get_running_loop(), control.nudge))
        for item, then in self._early:
            control.offer(item, then)
        control.nudge()
        keepers.append(group.create_task(self._keep_control(control, writer)))
        notify.ready()
        self._call_centre(group, keepers, writer, control)
        keepers.append(group.create_task(self._feed_watchdog(control)))
        # Seconds on a slow board that has no bytecode yet: the loop goes on turning meanwhile.
        await asyncio.to_thread(_load_web)
        doors = self._open_doors(group, keepers, field, writer, control)
        LOG.info("%s: journal %s, %d open tasks", house.site.name, stored.journal_id, len(stored.tasks))
        memory.settle()
        return doors

    def _call_centre(
        self, group: asyncio.TaskGroup, keepers: list[asyncio.Task[None]], writer: JournalWriter, control: Control
    ) -> None:
        from edgectl.journal.reads import JournalReads

        house = self.house
        if house.central is None:
            return
        journal = house.state / "journal.db"
        desk = CentreDesk(control, JournalReads(journal), self.clock)
        latch = control.stepper.state.latches.get
        centre = CentreLine(
            house.site,
            house.central,
            journal,
            writer,
            desk=desk,
            mono=self._mono,
            offer=control.offer,
            latch=latch,
        )
        self._centre = centre
        self._listeners.append(centre.on_entries)
        state = control.stepper.state
        asked = lambda: raw.wanted(state.latches)  # noqa: E731  what is in force when it is asked
        self._telemetry = Telemetry(house.site, house.central, writer, self.clock, offer=control.offer, asked=asked)
        centre.telemetry = self._telemetry
        keepers.append(group.create_task(self.supervisor.keep("telemetry", self._telemetry.run)))
        keepers.append(group.create_task(self.supervisor.keep(TASK, centre.run)))

    def _open_doors(
        self,
        group: asyncio.TaskGroup,
        keepers: list[asyncio.Task[None]],
        field: Field,
        writer: JournalWriter,
        control: Control,
    ) -> list[Any]:
        from edgectl.daemon.doors import Doors
        from edgectl.daemon.house import DaemonHouse
        from edgectl.daemon.openings import Openings
        from edgectl.daemon.outside import SchedulerDesk
        from edgectl.journal.reads import JournalReads

        reads = JournalReads(self.house.state / "journal.db")
        house = DaemonHouse(
            control, field, reads, self.clock, self.supervisor, self.ledger, damaged=partial(self._damaged, writer)
        )
        desk = SchedulerDesk(house, self.clock.now, allowed=self.house.outside_scheduler)
        house.centre = self._centre
        doors = Doors(self.house, house, control, reads, writer, self.clock, desk, field)
        self._listeners.append(doors.publish)
        keepers += [group.create_task(self.supervisor.keep(name, run)) for name, run in doors.beside]
        openings = Openings(group, self.supervisor)
        openings.servers.append(doors)
        for name, open_ in doors.each:
            if not openings.open(name, open_):
                keepers.append(group.create_task(openings.again(name, open_)))
        return openings.servers

    async def _open(self, writer: JournalWriter) -> Stored | None:
        """Open the journal. A disk that refuses is asked again; until then outputs stay off and nothing is ready."""
        while True:
            try:
                # What must be on the disk before anything can be energised: how to switch it off without us.
                safeplan.write(self.house.state, self._plan)
                return await writer.start()
            except OSError as error:
                self._wait_for_disk(f"the state folder {self.house.state} takes no writes: {error.strerror or error}")
                await asyncio.sleep(OPEN_AGAIN_S)
            except JournalTooNew as newer:
                LOG.error("%s", newer)
                self._end(str(newer).splitlines()[0], 1)
                return None
            except JournalUnwritable as error:
                self._wait_for_disk(str(error))
                await asyncio.sleep(OPEN_AGAIN_S)

    def _damaged(self, writer: JournalWriter, why: str) -> None:
        """A reader found the journal damaged: the loop ends as it does when a writer finds it."""
        writer.found(why)
        self._end(f"the journal is damaged: {why}", EXIT_BROKEN)

    def _wait_for_disk(self, why: str) -> None:
        """The outputs are off and stay off; a restart by the service manager would change nothing."""
        LOG.error("%s", why)
        notify.ready()
        notify.status(why.splitlines()[0])
        notify.watchdog()

    def _stumble(self, writer: JournalWriter, why: str) -> None:
        """A start that broke at once breaks again at the same place, unless the journal is what it broke on."""
        if stumbles.stumbled(self.house.state):
            writer.found(f"{why}; {stumbles.MOST} starts in a row broke on it")
            stumbles.walks(self.house.state)

    async def _keep_control(self, control: Control, writer: JournalWriter) -> None:
        """The loop that decides is not restarted in place: its memory may be wrong. All goes safe, the process ends."""
        try:
            await control.run()
        except Exception as error:  # whatever it is, the next start begins with OFF
            LOG.exception("the control loop broke")
            # A turn may break on what somebody asks for as well, and that proves nothing against the journal.
            if control.turns < stumbles.FIRST_TURNS and not control.asked:
                self._stumble(writer, f"the control loop broke on it: {type(error).__name__}: {error}")
            control.stepper.state.phase = Phase.STOPPING
            self._end(f"the control loop broke: {type(error).__name__}: {error}", EXIT_BROKEN)

    async def _feed_watchdog(self, control: Control) -> None:
        """The service manager hears from us only while the control loop turns."""
        turns = -1
        while True:
            if control.turns != turns:
                if turns < stumbles.FIRST_TURNS <= control.turns:
                    stumbles.walks(self.house.state)
                turns = control.turns
                notify.watchdog()
            if (step := self.clock.stepped()) is not None:
                control.offer(ClockStepped(seconds=step.seconds, believed=step.believed))
            await asyncio.sleep(1.0)

    async def _make_safe(self, field: Field) -> bool:
        """Everything off and seen off, then on the disk; a device that does not answer is not waited for for ever.
        True when all of it was seen off."""
        control = self._control
        assert control is not None
        for actuator in sorted(field.site.actuators.values(), key=lambda a: a.role is not Role.PUMP):
            if actuator.dangerous:
                # The bus first, and directly: this must work even when the loop that decides is broken.
                try:
                    field.carry(MakeSafe(actuator=actuator.name, reason=self._why))
                except Exception:  # one bus that cannot even take the order keeps no other output on
                    LOG.exception("%s could not be ordered off", actuator.name)
        control.offer(Shutdown(why=self._why))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAFE_WITHIN_S):
                # A loop that decides nothing any more sees no read-back either: the echo of the bus has to do.
                blind = self._exit == EXIT_BROKEN
                await self._until(lambda: (blind or not self._owed(control)) and self._delivered(field))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_WITHIN_S):
                await control.flush()
        control.abandon(f"the controller is ending: {self._why}")
        owed = sorted(self._owed(control))
        if owed and self._exit == EXIT_BROKEN:
            LOG.error("ordered off, nobody is left to look at it: %s; the next start begins with OFF", ", ".join(owed))
        elif owed:
            LOG.error("not seen off at the end: %s; the next start begins with OFF", ", ".join(owed))
        return not owed

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():  # noqa: ASYNC110  once in a life, for at most seconds: not worth an event
            await asyncio.sleep(0.02)

    def _owed(self, control: Control) -> set[str]:
        return {output.name for output in control.stepper.state.outputs.values() if output.owed_off}

    def _delivered(self, field: Field) -> bool:
        return all(not task.up or task.owner.offs_delivered for task in field.tasks.values())

    def _deliver(self, item: Input, then: Callable[[], None] | None = None) -> None:
        if self._telemetry is not None and isinstance(item, Samples):
            self._telemetry.take(item)
        if self._control is None:
            self._early.append((item, then))
        else:
            self._control.offer(item, then)

    def _on_entries(self, entries: tuple[Entry, ...]) -> None:
        for listener in self._listeners:
            listener(entries)

    def _end(self, why: str, code: int) -> None:
        if not self._stop.is_set():
            self._why, self._exit = why, code
            self._stop.set()

    def _mono(self) -> Nanos:
        return self.clock.now().mono


def live(house: House) -> int:
    """Run the daemon on uvloop until it ends. Returns the exit code."""
    import uvloop

    # What another thread computes (the text of a scrape, a search) may hold the interpreter so long while orders wait.
    sys.setswitchinterval(SHARES_S)

    return uvloop.run(_live(house))


def _load_web() -> None:
    """The web stack takes longer to load than the first safe writes may wait, and than a loop may stand still."""
    for module in ("edgectl.api.server", "edgectl.daemon.doors", "edgectl.daemon.house", "edgectl.daemon.outside"):
        importlib.import_module(module)


async def _live(house: House) -> int:
    clock = SystemClock()
    plan = safeplan.plan_of(house.site, house.buses)
    if house.pair is None:
        plan = {**plan, "made_from": house.made_from}
        return await Daemon(house, plan, former.switch_off(house.state, plan), clock).run()
    async with leading(house.pair, house.site.site_id, house.state, clock) as (pair, lead):
        if lead is None:
            return 0
        left = await asyncio.to_thread(former.switch_off, house.state, plan)
        return await Daemon(house, plan, left, clock, pair=pair, lead=lead).run()
