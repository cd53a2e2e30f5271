"""Random houses with random schedules, and a day and a quarter in which things come between: what the plan says of it,
and what the simulated daemon then does.

The daemon is the real stepper in virtual time, on a field that does what it is told: a plan foresees no faults.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

from edgectl.engine.workflows.effort import efforts
from edgectl.model.inputs import ReadBack
from edgectl.model.site import Actuator, FailSafe, Role, Site, Zone
from edgectl.model.task import Task
from edgectl.model.time import MS, SECOND, Nanos, from_datetime, iso
from edgectl.model.timeline import Batch, Cursor
from edgectl.plant.layout import Layout
from edgectl.plant.water import SOFT
from edgectl.scheduler.cadence import window_state
from edgectl.scheduler.days import Days
from edgectl.scheduler.occurrence import Verdict
from edgectl.scheduler.preview import ClockStep, Course, Fate, Foreseen, Gap, foresee
from edgectl.scheduler.schedule import (
    At,
    Cadence,
    CatchUp,
    Cron,
    Every,
    Overlap,
    Policy,
    Schedule,
    Sun,
    SunEvent,
    Window,
)
from edgectl.simulate.field import SimField
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World

MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE
SPAN: Nanos = 30 * HOUR
SETTLES: Nanos = 79 * MS  # of the simulated start: the questions, their answers, the first commit
NEVER: Nanos = 1 << 62
LONGEST_WAIT: Nanos = 11 * MINUTE  # of a run for the parts that it opens
DOUBT: Nanos = 100 * MS  # what a plan cannot know of the length of one run
ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Tokyo")
# The evening before each kind of change of the clocks in one of those zones, and a plain day.
EVENINGS = ((2026, 3, 28), (2026, 10, 24), (2026, 3, 7), (2026, 10, 31), (2026, 4, 4), (2026, 9, 5), (2028, 2, 28))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One house and one course of events."""

    site: Site
    schedules: tuple[Schedule, ...]
    course: Course

    @property
    def numbers(self) -> dict[str, int]:
        """The numbers of the zones."""
        return {name: zone.number for name, zone in self.site.zones.items()}


def scene(seed: int) -> Scene:
    """Drawn by its seed."""
    random = Random(seed)
    site = _site(random)
    year, month, day = random.choice(EVENINGS)
    begin = from_datetime(datetime(year, month, day, random.randint(8, 23), random.randint(0, 59), 7, tzinfo=UTC))
    schedules = tuple(_schedule(random, site, n) for n in range(random.randint(2, 5)))
    lamps = [name for name, zone in site.zones.items() if zone.light is not None]
    schedules += tuple(_lamp(random, name) for name in lamps if random.random() < 0.5)
    gaps, steps = list[Gap](), list[ClockStep]()
    at = begin
    for _ in range(random.randint(1, 2)):
        at += random.randint(20 * 60, 14 * 3600) * SECOND
        lasts = random.choice([random.randint(2, 600), random.randint(600, 5 * 3600), 8 * 3600]) * SECOND
        if seed % 4:
            lasts = min(lasts, begin + SPAN - MINUTE - at)  # the others may reach over the end of the plan
        if lasts > 0:
            gaps.append(Gap(begin=at, end=at + lasts, boots=random.random() < 0.4))
        at += max(0, lasts)
    if random.random() < 0.3:
        by = random.choice([-1, 1]) * random.choice([30, 400, 3600, 7300, 20_000, 200_000]) * SECOND
        steps.append(ClockStep(at=begin + random.randint(3600, 29 * 3600) * SECOND + 500 * MS, by=by))
    return Scene(
        site=site,
        schedules=schedules,
        course=Course(begin=begin, span=SPAN, gaps=tuple(gaps), steps=tuple(steps), settles=SETTLES),
    )


def _site(random: Random) -> Site:
    """Up to three zones; some share a pump, some have a lamp."""
    actuators, zones = dict[str, Actuator](), dict[str, Zone]()
    shared = random.random() < 0.4
    for number in range(1, random.randint(1, 3) + 1):
        pump = "pump" if shared else f"pump-{number}"
        valve = f"valve-{number}" if shared or random.random() < 0.5 else None
        lamp = f"lamp-{number}" if random.random() < 0.5 else None
        run_down = random.choice([0, 2]) * SECOND
        actuators.setdefault(pump, _output(pump, Role.PUMP, len(actuators), run_down=run_down))
        if valve is not None:
            travel = random.choice([0, 3, 12]) * SECOND
            actuators[valve] = _output(valve, Role.VALVE, len(actuators), travel=travel)
        if lamp is not None:
            actuators[lamp] = _output(lamp, Role.LIGHT, len(actuators))
        name = f"zone-{number}"
        zones[name] = Zone(name=name, number=number, pump=pump, valve=valve, light=lamp)
    return Site(
        site_id="drawn", name="Drawn", timezone=random.choice(ZONES), sensors={}, actuators=actuators, zones=zones
    )


def _output(name: str, role: Role, relay: int, *, travel: Nanos = 0, run_down: Nanos = 0) -> Actuator:
    pulse = FailSafe.NONE if role is Role.LIGHT else FailSafe.PULSE
    return Actuator(
        name=name, channel=f"board.relay_{relay}", role=role, fail_safe=pulse, travel=travel, run_down=run_down
    )


def _schedule(random: Random, site: Site, n: int) -> Schedule:
    policy = random.choice(list(Policy))
    rule = CatchUp(
        policy=policy,
        max=random.randint(1, 4) if policy is Policy.REPLAY_LIMITED else 0,
        within=0 if policy is Policy.SKIP else random.choice([HOUR, 3 * HOUR, 12 * HOUR]),
        jitter=random.choice([0, 10 * SECOND]),
    )
    return Schedule(
        name=f"s{n}",
        zone=random.choice(sorted(site.zones)),
        task_type="irrigation",
        cadence=_cadence(random),
        days=Days(week=frozenset(random.sample(range(7), random.choice([4, 6, 7, 7])))),
        payload={"duration_s": random.choice([1.0, 4.0, 9.0, 40.0, 70.0])},
        catch_up=rule,
        overlap=random.choice(list(Overlap)),
        queue_patience=random.choice([15 * SECOND, 15 * SECOND, 10 * MINUTE]),
    )


def _cadence(random: Random) -> Cadence:
    match random.randint(0, 4):
        case 0:
            often = ["30 2 * * *", "0 */3 * * *", "15,45 1-3 * * *", "0 6-20/2 * * *", "0,1 4,5 * * *", "7 */4 * * *"]
            return Cron(expression=random.choice(often))
        case 1:
            minutes = random.sample(range(0, 1440, random.choice([1, 15])), random.randint(1, 5))
            return At(minutes=tuple(sorted(minutes)))
        case 2:
            return Sun(
                event=random.choice(list(SunEvent)),
                latitude=random.choice([52.52, 69.65, -36.8]),
                longitude=13.4,
                offset=random.randint(-12, 12) * HOUR // 2,
            )
        case 3:
            start = random.randint(0, 1000)
            return At(minutes=tuple(range(start, start + random.randint(4, 14))))  # each one meets the next
    return Every(interval=random.choice([97 * MINUTE, 3 * HOUR, 5 * HOUR]))


def _lamp(random: Random, zone: str) -> Schedule:
    window = Window(start_minute=random.randint(0, 95) * 15, length=random.randint(1, 23) * HOUR)
    return Schedule(name=f"lamp of {zone}", zone=zone, task_type="lighting", cadence=window)


# -- what the plan says


Told = tuple[str, str, str, str]  # schedule, original time, verdict, reason


def planned(drawn: Scene, shift: Nanos = 0) -> tuple[Foreseen, ...]:
    """The rows of the plan; with a shift each run takes that much longer."""
    asked = {
        name: replace(effort, takes=max(0, effort.takes + shift))
        for name, effort in efforts(drawn.site, drawn.schedules).items()
    }
    return foresee(drawn.schedules, ZoneInfo(drawn.site.timezone), drawn.numbers, drawn.course, asked).rows


def told(rows: tuple[Foreseen, ...]) -> list[Told]:
    """In the words of the journal."""
    return [
        (one.schedule.name, iso(one.occurrence.scheduled_for), one.occurrence.verdict.value, one.occurrence.reason)
        for one in rows
    ]


def in_the_way(rows: tuple[Foreseen, ...]) -> set[tuple[str, str, str]]:
    """Runs by the calendar that had to wait, or waited in vain, and the schedule whose run they waited for."""
    return {
        (one.schedule.name, iso(one.occurrence.scheduled_for), one.behind.schedule)
        for one in rows
        if one.behind is not None
        and one.fate in (Fate.WAITS, Fate.REJECTED)
        and not isinstance(one.schedule.cadence, Every)  # its instant follows the end of a run, to the millisecond
    }


def never_begun(rows: tuple[Foreseen, ...]) -> set[tuple[str, str]]:
    """Runs of the plan that nobody let begin in time."""
    runs = [one for one in rows if one.occurrence.verdict is not Verdict.SKIP and one.begun is None]
    return {(one.schedule.name, iso(one.occurrence.scheduled_for)) for one in runs}


def comparable(drawn: Scene, rows: list[Told]) -> list[Told]:
    """In one order, and without the instants of intervals: these follow the end of a run, to the millisecond."""
    rests = {one.name for one in drawn.schedules if isinstance(one.cadence, Every)}
    return sorted((row[0], "", *row[2:]) if row[0] in rests else row for row in rows)


def on_an_edge(drawn: Scene) -> bool:
    """Would a tenth of a second in the length of a run change a row? No plan can promise that, and none does."""
    seen = [(comparable(drawn, told(rows)), never_begun(rows)) for rows in (planned(drawn, s) for s in (-DOUBT, DOUBT))]
    return seen[0] != seen[1]


# -- what the daemon does


class Spring(Ground):
    """A house in which there is always water, and nothing to measure."""

    def __init__(self, random: Random, names: tuple[str, ...]) -> None:
        super().__init__(Layout(tanks=(), pumps=(), valves=(), doses=(), gauges=(), mains=SOFT, idle=names), random)

    def switched(self, name: str, on: bool, at: Nanos) -> None:
        """Nothing hangs on it."""

    def advance(self, to: Nanos) -> None:
        """Nothing changes."""


class LivedPlan(World):
    """The simulated daemon in a scene: it goes down and comes back, and its clock is set."""

    def __init__(self, drawn: Scene, ground: Callable[[], Ground] | None = None) -> None:
        self._ground = ground or (lambda: Spring(Random(1), tuple(drawn.site.actuators)))
        self._course, self._booted, self._boots = drawn.course, drawn.course.begin, 0
        self._end, self._boots_at = drawn.course.begin + drawn.course.span, {"boot-0": drawn.course.begin}
        super().__init__(drawn.site, (), 1, ground=self._ground())
        self.schedules = drawn.schedules
        # The house has run before: it is ready, nothing is owed, and no interval is over.
        self.run(SECOND)
        self.state.schedules = drawn.schedules
        cursors = tuple(Cursor(schedule=s.name, position=self._booted, last_finished=0) for s in drawn.schedules)
        self.journal.commit(Batch(changes=cursors, entries=()))
        for cursor in cursors:
            self.state.put(cursor)
        for schedule in drawn.schedules:
            lamp = drawn.site.zones[schedule.zone].light
            if isinstance(schedule.cadence, Window) and lamp is not None:
                on = window_state(schedule.cadence, self.wall, self.state.zone_info, schedule.days)
                self.field.relays[lamp].on = on
                self.state.seen[lamp] = ReadBack(actuator=lamp, on=on, at=self.now)
        self._stepper.wake_at = self.now

    def live(self, rows: tuple[Foreseen, ...]) -> None:
        """Through the whole course, and on until what fell due in it has its row."""
        acts = [(gap.begin, gap) for gap in self._course.gaps] + [(step.at, step) for step in self._course.steps]
        for at, act in sorted(acts, key=lambda one: one[0]):
            if at >= self._end:
                break
            if isinstance(act, Gap):
                self.run(at - self._booted)
                self._be_off(act)
            elif at > self.now + self._booted:
                self.run(at - self._booted)
                self.step_wall(act.by)
        last = max([self._end, *(one.decided - self._wall_step for one in rows)])
        self.run(last - self._booted + (0 if last == self._end and all(one.begun for one in rows) else LONGEST_WAIT))

    def _of_the_course(self, true: Nanos, scheduled_for: Nanos) -> bool:
        """Was it decided before the end of the course, or had it fallen due by then?"""
        return true < self._end or scheduled_for < self._end + self._wall_step

    def _be_off(self, gap: Gap) -> None:
        back = max(self.now + self._booted, gap.end)
        if gap.boots:
            # The power was off: every relay has fallen, and the monotonic clock begins anew.
            self._boots, self._booted = self._boots + 1, back
            self._boots_at[f"boot-{self._boots}"] = back
            self.field = SimField(self.site, self.random, self.field.faults, self._ground())
        self.now = back - self._booted
        # What was done to the clock meanwhile is found at the start.
        self._wall_step += sum(step.by for step in self._course.steps if gap.begin < step.at <= back)
        self._begin()

    def _begin(self) -> None:
        super()._begin()
        self.state.boot_id = f"boot-{self._boots}"

    @property
    def wall(self) -> Nanos:
        """The wall clock now."""
        return self._booted + self.now + self._wall_step

    def _next_poll(self) -> Nanos:
        return super()._next_poll() if self.site.sensors else NEVER  # in a drawn house there is nothing to read

    def rows(self) -> list[Told]:
        """What the journal says of each occurrence."""
        told = list[Told]()
        for entry in self.journal.timeline:
            details = entry.details
            planned = details.get("scheduled_for")
            true = self._boots_at[entry.boot_id] + entry.mono
            if planned is None or not self._of_the_course(true, from_datetime(datetime.fromisoformat(planned))):
                continue
            if entry.event_type == "SCHEDULE_SKIPPED":
                told.append((details["schedule"], details["scheduled_for"], "skip", details["reason_code"]))
            elif entry.event_type == "TASK_RECEIVED" and details["schedule"] is not None:
                verdict, reason = details["verdict"], details["reason_code"]
                told.append((details["schedule"], details["scheduled_for"], verdict, reason))
        return told

    def in_the_way(self) -> set[tuple[str, str, str]]:
        """Of each run that waited: the schedules whose runs ended just when it began, or had not when its time was
        over."""
        spans = self._spans()
        found = set[tuple[str, str, str]]()
        for schedule, planned, begun, over in spans:
            until = begun or over
            for holder, _, since, ended in spans:
                ran = since is not None and since < until and ended > until - SECOND
                if ran and (begun is None or ended <= begun):
                    found.add((schedule, planned, holder))
        return found

    def _spans(self) -> list[tuple[str, str, Nanos | None, Nanos]]:
        """Each task of a schedule: its original time, when it began and when it was over, in true time."""
        told, begun, over = dict[str, tuple[str, str]](), dict[str, Nanos](), dict[str, Nanos]()
        for entry in self.journal.timeline:
            true = self._boots_at[entry.boot_id] + entry.mono
            match entry.event_type:
                case "TASK_RECEIVED" if entry.details["schedule"] is not None:
                    told[str(entry.task_id)] = (entry.details["schedule"], entry.details["scheduled_for"])
                case "TASK_STARTED":
                    begun[str(entry.task_id)] = true
                case "TASK_FINISHED":
                    over[str(entry.task_id)] = true
        return [(*names, begun.get(task), over.get(task, NEVER)) for task, names in told.items()]

    def never_began(self) -> set[tuple[str, str]]:
        """Runs that could not begin in time, because others held what they open."""
        ended = [value for value in self.journal.values.values() if isinstance(value, Task) and value.outcome]
        late = [
            task
            for task in ended
            if task.status.value in ("rejected", "expired")
            and self._of_the_course(task.created_at - self._wall_step, task.scheduled_for)
        ]
        return {(str(task.schedule), iso(task.scheduled_for)) for task in late}
