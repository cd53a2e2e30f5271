"""What the doors see: reads from the engine's state and the journal, writes through the inbox."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from edgectl.api.house import Body, Unavailable
from edgectl.daemon import hands, task_views, views
from edgectl.daemon.buses import frames
from edgectl.daemon.centre import TASK, CentreLine
from edgectl.daemon.control import Control, Refused
from edgectl.daemon.field import Field
from edgectl.daemon.numbers import gauges, look, of_the_field
from edgectl.daemon.picture import Picture, leisure_of, sights
from edgectl.daemon.refusals import HINTS, HTTP
from edgectl.daemon.service import ServiceDesk
from edgectl.daemon.supervise import Supervisor
from edgectl.engine.rules.latched import OBSERVES
from edgectl.engine.state import Phase
from edgectl.journal.errors import JournalError, JournalUnreadable
from edgectl.model.command import Command
from edgectl.model.hands import Shelve
from edgectl.model.inputs import (
    Acknowledge,
    Answer,
    Approve,
    Cancel,
    Input,
    ManualOff,
    ManualOn,
    Mode,
    Restrain,
    Restraint,
    Resume,
    SetMode,
    StopAll,
    TaskRequest,
)
from edgectl.model.ports import Clock
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, from_datetime, seconds
from edgectl.model.timeline import Entry
from edgectl.observe.metrics import Gauge, Ledger, render

T = TypeVar("T")
ANSWER_WITHIN_S = 10.0
CONTROL_SILENT = 3 * SECOND
PATIENCE = 120 * SECOND  # who names no times waits for whatever waters before
SOURCES = frozenset({"centre", "api", "cli", "page"})
EXPIRY = 105 * SECOND
LATER_EXPIRY = 2 * 3600 * SECOND  # of a task for later whose asker names no end
EARLIEST, LATEST = (from_datetime(datetime(year, 1, 1, tzinfo=UTC)) for year in (2000, 2200))


class Reads(Protocol):
    """The read side of the journal."""

    async def tasks(self, *, preset: str, zone: str | None, limit: int) -> list[Task]:
        """Tasks, the newest first."""

    async def task(self, task_id: str) -> Task | None:
        """One task."""

    async def task_by_correlation(self, correlation_id: str) -> Task | None:
        """The task that bears a correlation id."""

    async def commands(self, task_id: str) -> list[Command]:
        """The orders of a task."""

    async def timeline(self, task_id: str) -> list[Entry]:
        """The lines of a task, in order."""

    async def links(self, task_id: str) -> dict[int, str]:
        """The hash that each of them follows."""


class DaemonHouse:
    """The running controller behind the doors."""

    def __init__(
        self,
        control: Control,
        field: Field,
        reads: Reads,
        clock: Clock,
        supervisor: Supervisor,
        ledger: Ledger,
        *,
        damaged: Callable[[str], None],
    ) -> None:
        self._damaged = damaged
        self._control = control
        self._field = field
        self._reads = reads
        self._clock = clock
        self._supervisor = supervisor
        self._ledger = ledger
        self.leisure = leisure_of(control, clock)
        self._sight, self._lines = sights(control.stepper.state, field, clock, self.leisure)
        self._picture = Picture(self._draw, lambda: control.stepper.state.seq, lambda: clock.now().mono)
        self.service: ServiceDesk | None = None
        self.counted: list[Callable[[], list[Gauge]]] = []  # by what runs beside the doors
        self.centre: CentreLine | None = None

    @property
    def timezone(self) -> str:
        """The time zone of the site."""
        return self._control.stepper.state.site.timezone

    def readiness(self) -> tuple[bool, Mapping[str, Mapping[str, Any]]]:
        """Journal, control loop, outputs settled, a bus to speak on. A missing device is its zone's affair."""
        state = self._control.stepper.state
        age = self._clock.now().mono - self._control.last_turn
        lines = self._field.tasks
        dead = {name: task.reason for name, task in lines.items() if not task.up}
        down = {name: why for name, why in self._supervisor.down.items() if name != TASK}  # the centre never counts
        checks = {
            "journal": _check(state.storage_ok, "it does not take entries"),
            "control": _check(age < CONTROL_SILENT, f"no turn for {age / SECOND:.1f} s"),
            "outputs": _check(state.phase is Phase.READY, f"{state.phase.value}: outputs are not proven off yet"),
            "command_bus": _check(not lines or len(dead) < len(lines), "; ".join(dead.values())),
            "leading": _check(OBSERVES not in state.held, "it has restarted too often and only watches"),
            "tasks": _check(not down, "; ".join(f"{name}: {why}" for name, why in down.items())),
        }
        return all(check["ok"] for check in checks.values()), checks

    async def metrics(self) -> bytes:
        """Numbers of now, rendered off the loop."""
        seen = await look(self._control, self._clock, self.leisure)
        ready, _ = self.readiness()
        state = self._control.stepper.state
        numbers = gauges(self._control, self._field, self._supervisor, self._clock.now(), ready=ready)
        numbers += self._ledger.gauges()
        numbers += [] if self.centre is None else self.centre.gauges()
        numbers += [gauge for told in self.counted for gauge in told()]
        service = [] if self.service is None else await self.service.numbers()
        site, silent = state.site, frozenset(state.silent)
        return await asyncio.to_thread(lambda: render([*numbers, *of_the_field(site, silent, seen), *service]))

    async def prepare(self) -> None:
        """Look at what is large, piece by piece: whoever asks next finds it done."""
        await self._sight.prepare()
        await self._lines.prepare()

    def status(self) -> Body:
        """The whole site."""
        return self._picture.now()

    def _draw(self) -> Body:
        ready, checks = self.readiness()
        now = self._clock.now()
        body = views.status(self._control.stepper.state, now, self._sight.now())
        failed = [f"{name}: {check['reason']}" for name, check in checks.items() if not check["ok"]]
        return {
            **body,
            "ready": ready,
            "not_ready_because": failed,
            "buses": self._lines.now(),
            "centre": self.central(),
        }

    def central(self, *, hurry: bool = False) -> Body | None:
        """How it stands with the centre, None when the site has none. `hurry` ends a rest between two tries."""
        return None if self.centre is None else self.centre.body(hurry=hurry)

    def channels(self) -> list[Body]:
        """Sensors and outputs in one list."""
        return [*self._sight.now(), *views.outputs(self._control.stepper.state, self._clock.now())]

    def alarms(self) -> list[Body]:
        """What a person must know."""
        return views.alarms(self._control.stepper.state)

    async def tasks(self, preset: str, zone: str | None, limit: int) -> list[Body]:
        """Tasks from the journal."""
        known = self._control.stepper.state.site.zones
        if zone is not None and zone not in known:
            message = f"there is no zone {zone[:60]!r}; there are: {', '.join(sorted(known))}"
            raise Unavailable(404, "unknown_zone", message, HINTS["unknown_zone"])
        found = await self._read(self._reads.tasks(preset=preset, zone=zone, limit=limit))
        site = self._control.stepper.state.site
        return [task_views.task(item, site) for item in found]

    async def task(self, task_id: str) -> Body:
        """One task with everything about it."""
        found = await self._read(self._reads.task(task_id))
        if found is None:
            raise Unavailable(404, "unknown_task", f"there is no task {task_id}", "edgectl tasks lists them")
        commands = await self._read(self._reads.commands(task_id))
        timeline = await self._read(self._reads.timeline(task_id))
        links = await self._read(self._reads.links(task_id))
        return task_views.whole(found, self._control.stepper.state.site, commands, timeline, links)

    async def submit(self, request: Body, who: str, *, later: bool = False) -> Body:
        """Ask for a task. Not while the controller is not ready: nothing may wait for that unseen. Who names a
        `scheduled_for` has it wait until then; with `later` its patience begins only when it is handed over."""
        ready, checks = self.readiness()
        if not ready:
            failed = {name: check["reason"] for name, check in checks.items() if not check["ok"]}
            raise Unavailable(503, "not_ready", f"the controller is not ready: {failed}", "try again soon", failed)
        now = self._clock.now()
        correlation = str(request.get("correlation_id") or f"{who}:{uuid4().hex}")
        known = await self._read(self._reads.task_by_correlation(correlation))
        # Who names no times asks for "now"; asked again under the same name it is the same wish, not a later one.
        scheduled = instant_of(request, "scheduled_for", now.wall if known is None else known.scheduled_for)
        patience = 0 if later else PATIENCE
        due = instant_of(request, "due_at", scheduled + patience if known is None or later else known.due_at)
        lasts = LATER_EXPIRY if later else EXPIRY
        expires = instant_of(request, "expires_at", due + lasts if known is None else known.expires_at)
        payload = request.get("payload", {})
        if not isinstance(payload, dict):
            raise Unavailable(422, "payload_invalid", "payload must be an object", HINTS["payload_invalid"])
        zone = self._zone(request.get("zone"))

        def make(token: int) -> Input:
            return TaskRequest(
                token=token,
                zone=zone,
                task_type=str(request.get("task_type", "irrigation")),
                payload=payload,
                source="self" if later else _source(request.get("source", "api")),
                correlation_id=correlation,
                scheduled_for=scheduled,
                due_at=due,
                expires_at=expires,
                who="" if later else who,
                known=known,
                later=later or request.get("scheduled_for") is not None,
            )

        return await self._ask(make)

    async def output_on(self, name: str, seconds_: float, who: str, *, service: bool = False) -> Body:
        """A manual ON with its end."""
        lease = seconds(seconds_) if 0 < seconds_ < 1e6 else 0
        return await self._ask(
            lambda token: ManualOn(token=token, actuator=name, lease=lease, who=who, service=service)
        )

    async def calibrate(self, subject: str, request: Body, who: str) -> Body:
        """One step of a calibration."""
        return await self._ask(hands.calibration(subject, request, who))

    async def tried(self, name: str, request: Body, who: str) -> Body:
        """What a person saw when an output was pressed."""
        return await self._ask(hands.tried(name, request, who))

    async def output_off(self, name: str, who: str) -> Body:
        """A manual OFF."""
        return await self._ask(lambda token: ManualOff(token=token, actuator=name, who=who))

    async def stop_all(self, who: str) -> Body:
        """Everything dangerous off."""
        return await self._ask(lambda token: StopAll(token=token, who=who))

    async def resume(self, who: str) -> Body:
        """Release the stop."""
        return await self._ask(lambda token: Resume(token=token, who=who))

    async def restrain(
        self, what: str, zone: str, request: Body, *, on: bool, who: str, engineer: bool = False
    ) -> Body:
        """A water stop, a service lock or a hold."""
        # The water stop is for the whole site; it has a door of its own, and no zone in front of it.
        if what not in Restraint.__members__.values() or (what == Restraint.STOP_WATER and zone):
            raise Unavailable(404, "unknown_restraint", f"a zone knows no {what}", "lock and hold")
        lasts = request.get("seconds")
        number = isinstance(lasts, int | float) and not isinstance(lasts, bool) and math.isfinite(lasts)
        if lasts is not None and not number:
            raise Unavailable(422, "payload_invalid", "seconds must be a number", 'send {"seconds": 3600}')
        kind, why = Restraint(what), str(request.get("why", ""))[: hands.LONGEST_WORDS]
        place = self._zone(zone) if kind is not Restraint.STOP_WATER else ""
        # A service lock bears the name that the person gave: it may hang there after everybody else has gone home.
        person = str(request.get("who") or who)[: hands.LONGEST_WORDS]
        return await self._ask(
            lambda token: Restrain(
                token=token,
                what=kind,
                on=on,
                who=person,
                zone=place,
                why=why,
                lasts=None if lasts is None else seconds(min(max(lasts, 0), 1e8)),
                known_as=who,
                engineer=engineer,
            )
        )

    async def set_mode(self, zone: str, mode: str, who: str) -> Body:
        """Who starts the work of a zone."""
        if mode not in Mode.__members__.values():
            raise Unavailable(422, "payload_invalid", f"there is no mode {mode!r}", "auto, semi or manual")
        place = self._zone(zone)
        return await self._ask(lambda token: SetMode(token=token, zone=place, mode=Mode(mode), who=who))

    async def override(self, zone: str, setting: str, request: Body, who: str) -> Body:
        """Another value for a setting, for a while; without a value it is taken back."""
        return await self._ask(hands.override(self._zone(zone), setting, request, who))

    async def cancel(self, task_id: str, who: str) -> Body:
        """End a task before its time."""
        return await self._ask(lambda token: Cancel(token=token, task_id=task_id, who=who))

    async def approve(self, task_id: str, who: str) -> Body:
        """Release a proposed task."""
        return await self._ask(lambda token: Approve(token=token, task_id=task_id, who=who))

    async def acknowledge(self, alarm_id: str, request: Body, who: str) -> Body:
        """Take note of an alarm."""
        here = request.get("here") is True
        return await self._ask(lambda token: Acknowledge(token=token, alarm_id=alarm_id, who=who, here=here))

    async def shelve(self, alarm_id: str, seconds_: float | None, who: str) -> Body:
        """Silence an alarm for a while; None ends the silence."""
        lasts = None if seconds_ is None else seconds(min(max(seconds_, 0.0), 1e8))
        return await self._ask(lambda token: Shelve(token=token, alarm_id=alarm_id, lasts=lasts, who=who))

    def frames(self, bus: str, after: int) -> Body:
        """What passed over a bus."""
        task = self._field.tasks.get(bus)
        if task is None:
            names = ", ".join(self._field.tasks) or "none"
            raise Unavailable(404, "unknown_bus", f"there is no driven bus {bus}", f"driven buses: {names}")
        return frames(task, after, self._clock.now())

    async def read(self, reading: Awaitable[T]) -> T:
        """One read of the journal, for whoever shows more of it than we do. Raises Unavailable."""
        return await self._read(reading)

    async def ask(self, make: Callable[[int], Input]) -> Body:
        """One order, for whoever takes others than we do. Raises Unavailable."""
        return await self._ask(make)

    # -- inside

    async def _read(self, reading: Awaitable[T]) -> T:
        try:
            return await reading
        except JournalUnreadable as error:
            # What cannot be read was not kept either: nothing more is promised on it.
            self._damaged(str(error).splitlines()[0])
            raise Unavailable(503, "journal_unreadable", str(error).splitlines()[0], error.hint) from error
        except JournalError as error:
            raise Unavailable(503, "journal_unreadable", str(error).splitlines()[0], error.hint) from error

    async def _ask(self, make: Callable[[int], Input]) -> Body:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answer: Answer = await self._control.ask(make)
        except TimeoutError:
            message = "the journal has not taken the entry yet; if it was an OFF, it has left already"
            raise Unavailable(503, "no_answer", message, "look at edgectl status") from None
        except Refused as refused:
            raise Unavailable(503, refused.code, str(refused.body.get("why", "")), HINTS["busy"]) from None
        body = dict(answer.body)
        if not answer.ok:
            status = HTTP.get(answer.code, 409 if "mismatch" in answer.code else 422)
            message = str(body.get("why") or answer.code.replace("_", " "))
            raise Unavailable(status, str(answer.code), message, HINTS.get(str(answer.code), ""), body)
        return {"result": str(answer.code), **body}

    def _zone(self, wanted: object) -> str:
        zones = self._control.stepper.state.site.zones
        if isinstance(wanted, int) and not isinstance(wanted, bool):
            return next((zone.name for zone in zones.values() if zone.number == wanted), str(wanted))
        return str(wanted)


def _source(raw: object) -> str:
    if not isinstance(raw, str) or raw not in SOURCES:
        known = ", ".join(sorted(SOURCES))
        raise Unavailable(422, "payload_invalid", f"source {str(raw)[:40]!r} is not known", f"one of {known}")
    return raw


def _check(ok: bool, reason: str) -> dict[str, Any]:
    return {"ok": ok, "reason": "" if ok else reason}


def instant_of(request: Body, name: str, default: Nanos, code: str = "") -> Nanos:
    """An instant of a request. Raises Unavailable."""
    raw = request.get(name)
    if raw is None:
        return default
    code = code or (f"{name}_invalid" if name == "scheduled_for" else f"{name}_required_or_invalid")
    hint = "write it with an offset, 2026-06-01T06:00:00+00:00"
    try:
        moment = datetime.fromisoformat(str(raw))
        # At this door a time without an offset is UTC; inside there is none.
        at = from_datetime(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise Unavailable(422, code, f"{name}: {str(raw)[:40]!r} is no instant", hint) from error
    if not EARLIEST <= at <= LATEST:
        raise Unavailable(422, code, f"{name}: {str(raw)[:40]!r} lies outside of 2000 to 2200", hint)
    return at
