"""What the doors show beyond the state of now: tasks by search and by contract, the past of a sensor, a day."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol, TypeVar

from edgectl.api.house import Body, Unavailable
from edgectl.api.leisure import Leisure
from edgectl.daemon import foreseen, task_views
from edgectl.daemon.air_views import CHOICES_PCT
from edgectl.daemon.automation_state import automation_state
from edgectl.daemon.offers import offer
from edgectl.engine.draft import Draft
from edgectl.engine.rules.drives import there_s
from edgectl.engine.state import State
from edgectl.engine.turn import Stepper
from edgectl.journal.reads import LeftOut
from edgectl.model.codes import SENTENCES
from edgectl.model.command import Command
from edgectl.model.ports import Clock
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, Now, from_datetime, iso
from edgectl.model.timeline import Entry
from edgectl.observe.history import EVERY, History
from edgectl.scheduler.preview import Course, Foreseen, foresee

T = TypeVar("T")
DAY: Nanos = 86_400 * SECOND
MOST_OF_A_DAY = 500
SEARCH_LONGEST = 100
AT_ONCE = 10  # tasks of one piece: about half a millisecond
OUTPUTS_AT_ONCE = 5  # whose guards are asked in one piece: as much
FIRST_YEAR, LAST_YEAR = 2000, 2200  # what fits into the journal's instants, and more than is ever asked for
BY_HAND = frozenset({"cli", "page"})  # who asked a moment ago knows what came of it: that run was nobody's plan


class PastReads(Protocol):
    """The read side of the journal, for the past."""

    async def search(self, words: str, codes: set[str], *, preset: str, zone: str | None, limit: int) -> list[Task]:
        """Tasks that hold the words or one of the codes."""

    async def tasks(self, *, preset: str, zone: str | None, limit: int) -> list[Task]:
        """Tasks, the newest first."""

    async def task(self, task_id: str) -> Task | None:
        """One task."""

    async def commands(self, task_id: str) -> list[Command]:
        """Its orders."""

    async def timeline(self, task_id: str, limit: int) -> list[Entry]:
        """Its lines."""

    async def links(self, task_id: str, limit: int) -> dict[int, str]:
        """The hash that each of them follows."""

    async def tasks_between(self, begin: Nanos, end: Nanos, limit: int) -> list[Task]:
        """Tasks accepted between two instants."""

    async def entries_between(self, event_type: str, begin: Nanos, end: Nanos, limit: int) -> list[Entry]:
        """Lines of a type between two instants."""

    async def left_out(self) -> list[LeftOut]:
        """The newest runs that never began, the newest first."""


class Knows(Protocol):
    """Whoever knows the state: the running controller, or a journal that is read while nobody drives."""

    @property
    def stepper(self) -> Stepper:
        """The engine that holds it."""


class DaemonLooks:
    """Reads of a controller. `guarded` wraps each read of the journal and translates what goes wrong."""

    def __init__(
        self,
        control: Knows,
        reads: PastReads,
        clock: Clock,
        history: History,
        guarded: Callable[[Awaitable[Any]], Awaitable[Any]],
        leisure: Leisure | None = None,
    ) -> None:
        self._leisure = leisure or Leisure()
        self._control, self._reads, self._clock, self._history = control, reads, clock, history
        self._guarded = guarded
        self._foreseen: tuple[Nanos, tuple[Foreseen, ...]] = (-DAY, ())

    @property
    def _state(self) -> State:
        return self._control.stepper.state

    async def tasks(
        self, preset: str, zone: str | None, search: str, limit: int, codes: Collection[str] = ()
    ) -> list[Body]:
        """Tasks of a preset that hold the words or one of the codes, the newest first."""
        name = None if zone is None else self._zone(zone)
        if search:
            words = search[:SEARCH_LONGEST].strip()
            about = codes_about(words) | set(codes)
            reading = self._reads.search(words, about, preset=preset, zone=name, limit=limit)
            found: list[Task] = await self._guarded(reading)
        else:
            found = await self._guarded(self._reads.tasks(preset=preset, zone=name, limit=limit))
        return await self._rows(found)

    async def task(self, task_id: str) -> Body:
        """One task with everything about it."""
        found: Task | None = await self._guarded(self._reads.task(task_id))
        if found is None:
            raise Unavailable(404, "unknown_task", f"there is no task {task_id[:140]}", "edgectl tasks lists them")
        return await self._contract(found, 500)

    async def zone_tasks(self, zone: str, limit: int, *, timeline: bool) -> list[Body]:
        """As the task contract names it."""
        name = self._zone(zone)
        found: list[Task] = await self._guarded(self._reads.tasks(preset="all", zone=name, limit=limit))
        return [await self._contract(item, 200 if timeline else None) for item in found]

    async def zone_task(self, zone: str, task_id: str) -> Body:
        """One task of a zone."""
        name = self._zone(zone)
        found: Task | None = await self._guarded(self._reads.task(task_id))
        if found is None or found.zone != name:
            message = f"zone {name} has no task {task_id[:140]}"
            raise Unavailable(404, "unknown_task", message, "edgectl tasks lists them")
        return await self._contract(found, 500)

    def automation_state(self, zone: str) -> Body:
        """What a zone's water is doing, and what follows."""
        return automation_state(self._state, self._zone(zone), self._clock.now())

    def curve(self, sensor: str) -> tuple[list[int], list[float | None]]:
        """What a sensor showed in the last hours."""
        return self._history.of(sensor)

    async def by_hand(self, outputs: Sequence[str]) -> dict[str, Body]:
        """What may be switched on now, and for how long."""
        found: dict[str, Body] = {}
        async for some in self._leisure.pieces(outputs, OUTPUTS_AT_ONCE):
            draft = Draft(self._state, self._clock.now())
            found |= {name: offer(draft, self._state.site.actuators[name]) for name in some}
        return found

    async def vents_reach(self, zone: str) -> dict[int, float]:
        """How many seconds its vents would take to each place that is offered. Each is looked ahead way by way: that
        is for the form where one chooses, and not for every picture of the house."""
        place, found = self._state.site.zones[self._zone(zone)], dict[int, float]()
        async for some in self._leisure.pieces(CHOICES_PCT, 1):
            draft = Draft(self._state, self._clock.now())
            found |= {pct: there_s(draft, place, pct) for pct in some}
        return found

    async def past(self, sensor: str) -> Body:
        """What a sensor showed, with the tasks of that time."""
        known = self._state.site.sensors.get(sensor)
        if known is None:
            message = f"there is no sensor {sensor[:60]!r}"
            raise Unavailable(404, "unknown_sensor", message, "edgectl channel read lists them")
        at, values = self._history.whole(sensor)
        now = self._clock.now().wall
        begin = at[0] * SECOND if at else now
        ran: list[Task] = await self._guarded(self._reads.tasks_between(begin, now + SECOND, MOST_OF_A_DAY))
        bands = [
            {
                "task_id": task.task_id,
                "zone": task.zone,
                "task_type": task.task_type,
                "begin": task.created_at // SECOND,
                "end": (task.updated_at if task.terminal else now) // SECOND,
            }
            for task in ran
            if task.outcome is None or task.outcome.action_required
        ]
        return {"sensor": sensor, "unit": known.unit, "at": at, "values": values, "tasks": bands}

    async def day(self, date: str | None) -> Body:
        """The last and the next 24 hours, or a day of the site's calendar."""
        at = self._clock.now()
        now = at.wall
        begin, end = (now - DAY, now + DAY) if date is None else self._bounds(date)
        ran: list[Task] = await self._guarded(self._reads.tasks_between(begin, end, MOST_OF_A_DAY))
        reading = self._reads.entries_between("SCHEDULE_SKIPPED", begin, end + DAY, MOST_OF_A_DAY)
        skips: list[Entry] = await self._guarded(reading)
        types = {schedule.name: schedule.task_type for schedule in self._state.schedules}
        rows = ({**row, "task_type": types.get(row["schedule"])} for row in map(skip, skips))
        left_out = [row for row in rows if begin <= row["scheduled_wall"] < end]
        planned = await self._planned(at, (begin, end)) if begin < now + DAY and end > now else []
        return {
            "cut": max(len(ran), len(skips)) >= MOST_OF_A_DAY,  # there was more: only the newest is told
            "from": iso(begin),
            "to": iso(end),
            "now": iso(now),
            "runs": await self._rows(ran),
            "skipped": left_out,
            "planned": planned,
        }

    async def missed(self) -> list[Body]:
        """Of each zone the newest run of the last 24 h that should have been and was not, and why."""
        now = self._clock.now().wall
        reading = self._reads.entries_between("SCHEDULE_SKIPPED", now - DAY, now + SECOND, MOST_OF_A_DAY)
        skips: list[Entry] = await self._guarded(reading)
        failed: list[Task] = await self._guarded(self._reads.tasks(preset="failed", zone=None, limit=MOST_OF_A_DAY))
        rows = [row for row in map(skip, skips) if now - DAY <= row["scheduled_wall"]]
        rows += [lost(task) for task in failed if task.created_at >= now - DAY and task.source not in BY_HAND]
        newest: dict[str, Body] = {}
        for row in sorted(rows, key=lambda row: int(row["scheduled_wall"])):
            newest[str(row["zone"])] = row
        return [newest[zone] for zone in self._state.site.zones if zone in newest]

    async def left_out(self, schedule: str | None, limit: int) -> list[Body]:
        """The newest runs that never began, the newest first. Raises Unavailable when there is no such schedule."""
        zones = {one.name: one.zone for one in self._state.schedules}
        known = sorted(zones)
        if schedule is not None and schedule not in known:
            message = f"there is no schedule {schedule[:60]!r}; there are: {', '.join(known)}"
            raise Unavailable(404, "unknown_schedule", message, "edgectl schedule list names them")
        runs: list[LeftOut] = await self._guarded(self._reads.left_out())
        mine = [run for run in runs if schedule is None or run.schedule == schedule][:limit]
        return [never_began(run, zones.get(run.schedule, "")) for run in mine]

    # -- inside

    async def _rows(self, tasks: Sequence[Task]) -> list[Body]:
        """Piece by piece: there may be five hundred."""
        rows: list[Body] = []
        async for some in self._leisure.pieces(tasks, AT_ONCE):
            rows += [task_views.task(item, self._state.site) for item in some]
        return rows

    async def _contract(self, item: Task, lines: int | None) -> Body:
        timeline: Sequence[Entry] = await self._guarded(self._reads.timeline(item.task_id, lines or 200))
        commands = await self._guarded(self._reads.commands(item.task_id)) if lines else ()
        links = await self._guarded(self._reads.links(item.task_id, lines)) if lines else {}
        view = task_views.whole(item, self._state.site, commands, timeline, links)
        if lines is None:
            view.pop("timeline")
            view.pop("commands")
        return view

    async def _planned(self, now: Now, day: tuple[Nanos, Nanos]) -> list[Body]:
        """What the calendar holds of a day, the first of it. Foreseen once a minute at most, on another thread."""
        state = self._state
        if now.wall - self._foreseen[0] >= EVERY:
            seldom = foreseen.seldom(state.schedules)
            numbers = {zone.name: zone.number for zone in state.site.zones.values()}
            course = Course(begin=now.wall, span=foreseen.span(seldom))
            seen = await asyncio.to_thread(foresee, seldom, state.zone_info, numbers, course)
            self._foreseen = now.wall, seen.rows
        return foreseen.ahead(state, now, self._foreseen[1], day, MOST_OF_A_DAY)

    def _zone(self, wanted: str) -> str:
        zones = self._state.site.zones
        name = next((z.name for z in zones.values() if wanted in (z.name, str(z.number))), None)
        if name is None:
            message = f"there is no zone {wanted[:60]!r}; there are: {', '.join(sorted(zones))}"
            raise Unavailable(404, "unknown_zone", message, "edgectl status names the zones")
        return name

    def _bounds(self, text: str) -> tuple[Nanos, Nanos]:
        try:
            day = date.fromisoformat(text)
            if not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise ValueError(f"{day.year} is not a year of this house")
            zone = self._state.zone_info
            begin = datetime(day.year, day.month, day.day, tzinfo=zone)
            after = day + timedelta(days=1)
            end = datetime(after.year, after.month, after.day, tzinfo=zone)
            return from_datetime(begin), from_datetime(end)
        except (ValueError, OverflowError) as error:
            message = f"date: {text[:40]!r} is no day"
            raise Unavailable(422, "payload_invalid", message, "write it as 2026-06-01") from error


def lost(task: Task) -> Body:
    """A run that began and came to nothing, or came too late to begin."""
    outcome = task.outcome
    code = None if outcome is None else outcome.error_code or outcome.reason_code
    return {
        "zone": task.zone,
        "schedule": task.schedule,
        "task_type": task.task_type,
        "task_id": task.task_id,
        "status": task.status.value,
        "scheduled_for": iso(task.scheduled_for),
        "scheduled_wall": task.scheduled_for,
        "reason_code": code,
        "reason": SENTENCES.get(code) if code is not None else None,  # type: ignore[call-overload]  # a StrEnum is its text
        "why": outcome.vetoes[0].why if outcome is not None and outcome.vetoes else None,
        "attempts": task.attempt,
        "effect": None if outcome is None else outcome.physical_effect.value,
        "folded": 1,
    }


def never_began(run: LeftOut, zone: str) -> Body:
    """A run that was left out, or came too late to begin."""
    row = {"schedule": run.schedule, "zone": zone, "scheduled_for": run.scheduled_for, "at": iso(run.at)}
    reason = SENTENCES.get(run.reason)  # type: ignore[call-overload]  # a StrEnum is its text
    return {**row, "reason_code": run.reason, "reason": reason, "why": run.why or None, "who": run.who or None}


def skip(entry: Entry) -> Body:
    """A run that was left out."""
    details = entry.details
    planned = str(details.get("scheduled_for") or iso(entry.wall))
    wall = from_datetime(datetime.fromisoformat(planned))
    return {
        "zone": entry.zone,
        "schedule": details.get("schedule"),
        "scheduled_for": planned,
        "scheduled_wall": wall,
        "reason_code": details.get("reason_code"),
        "reason": SENTENCES.get(details.get("reason_code")),  # type: ignore[arg-type]  # a StrEnum is its text
        "why": details.get("why"),
        "who": details.get("who"),
        "kept_since": details.get("kept_since"),
        "kept_until": details.get("kept_until"),
        "folded": details.get("folded", 1),
        "seq": entry.seq,
    }


def codes_about(words: str) -> set[str]:
    """The codes whose sentence holds the words: people search for what they have read."""
    wanted = words.lower()
    return {code.value for code, sentence in SENTENCES.items() if wanted in sentence.lower()}
