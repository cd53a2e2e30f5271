"""P17: the calendar at its limits: 1,000 schedules due in one second, a year of 1,000 planned, 10,000 loaded.

Nothing here waits for anybody, so all of it is told in the time of the processor."""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim
from rows import Goal, main, spread

from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.journal.memory import MemoryJournal
from edgectl.model.inputs import ReadBack
from edgectl.model.site import Site, Zone
from edgectl.model.time import SECOND, Now, from_datetime
from edgectl.model.timeline import Cursor
from edgectl.scheduler import cadence
from edgectl.scheduler.preview import Course, foresee
from edgectl.scheduler.schedule import At, Cron, Schedule
from edgectl.simulate.example import example_site

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = from_datetime(datetime(2026, 6, 1, 4, tzinfo=UTC))  # six o'clock there
YEAR = 365 * 86_400 * SECOND
CRONS = 100


def house(many: int) -> Site:
    """So many zones, each with a pump and a valve of its own."""
    site = example_site()
    pump, valve = (replace(site.actuators[name], requires=(), stop_if=()) for name in ("pump", "valve"))
    actuators, zones = {}, {}
    for n in range(many):
        actuators[f"p{n}"] = replace(pump, name=f"p{n}", channel=f"b{n}.relay_1")
        actuators[f"v{n}"] = replace(valve, name=f"v{n}", channel=f"b{n}.relay_2")
        zones[f"z{n}"] = Zone(name=f"z{n}", number=n + 1, pump=f"p{n}", valve=f"v{n}")
    return replace(site, sensors={}, actuators=actuators, zones=zones)


def crontab(n: int) -> Cron:
    """Once a day, each at a minute of its own."""
    return Cron(expression=f"{n % 60} {n // 60 % 24} * * *")


def watering(n: int, zones: int, when: At | Cron) -> Schedule:
    return Schedule(
        name=f"s{n}", zone=f"z{n % zones}", task_type="irrigation", cadence=when, payload={"duration_s": 60.0}
    )


def ready(site: Site, schedules: tuple[Schedule, ...], cursors: tuple[Cursor, ...]) -> Stepper:
    stored = replace(MemoryJournal().load(), cursors=cursors)
    state = State.begin(site=site, schedules=schedules, stored=stored, boot_id="b", started=0)
    state.phase = Phase.READY
    state.unproven.clear()
    for name in site.actuators:
        state.seen[name] = ReadBack(actuator=name, on=False, at=1)
    return Stepper(state)


def commit(stepper: Stepper, now: Now) -> None:
    """One turn, and its rows on a disk that takes no time."""
    stepper.turn(now)
    if stepper.next_batch() is not None:
        stepper.committed(now)


def same_second(many: int) -> tuple[float, float, int]:
    """So many schedules strike at once. Seconds until each of them has its task and its first order, the longest single
    turn of these, and the tasks."""
    schedules = tuple(watering(n, many, At(minutes=(360,))) for n in range(many))
    cursors = tuple(Cursor(schedule=s.name, position=BEGIN - 3600 * SECOND) for s in schedules)
    stepper = ready(house(many), schedules, cursors)
    hour = 10 * 3600 * SECOND  # the loads of a start are back
    commit(stepper, Now(mono=hour, wall=BEGIN - SECOND))
    turns: list[float] = []
    while len(stepper.state.commands) < many and len(turns) < many:
        now = Now(mono=hour + SECOND + len(turns), wall=BEGIN + len(turns))
        begin = time.process_time()
        stepper.turn(now)
        turns.append(time.process_time() - begin)
        if stepper.next_batch() is not None:
            stepper.committed(now)
    return sum(turns), max(turns), len(stepper.state.tasks)


def year_of(many: int, when: Callable[[int], At | Cron]) -> tuple[float, int]:
    """Seconds to foresee a year, and the occurrences in it."""
    schedules = tuple(watering(n, many, when(n)) for n in range(many))
    numbers = {f"z{n}": n + 1 for n in range(many)}
    cadence._RUNS.clear()
    cadence._first.cache_clear()
    begin = time.process_time()
    rows = foresee(schedules, BERLIN, numbers, Course(begin=BEGIN, span=YEAR)).rows
    return time.process_time() - begin, len(rows)


def bare_year(many: int) -> float:
    """Seconds that the library alone takes to name the instants of so many crontabs."""
    begin = time.process_time()
    for n in range(many):
        start = datetime(2026, 6, 1, 6, tzinfo=BERLIN)
        for at in CronSim(crontab(n).expression, start):
            if (at - start).days >= 365:
                break
    return time.process_time() - begin


def first_turn(many: int) -> tuple[float, float]:
    """Seconds until a start has answered for all its schedules, and of a later turn in which nothing is due."""
    schedules = tuple(watering(n, 100, crontab(n)) for n in range(many))
    cursors = tuple(Cursor(schedule=s.name, position=BEGIN - 60 * SECOND) for s in schedules)
    cadence._RUNS.clear()
    cadence._first.cache_clear()
    site = house(100)
    begin, turns = time.process_time(), 1
    stepper = ready(site, schedules, cursors)
    commit(stepper, Now(mono=SECOND, wall=BEGIN + 30 * SECOND))
    while stepper.wake_at == SECOND + turns:  # the next turn goes on with the rest of them
        commit(stepper, Now(mono=SECOND + turns, wall=BEGIN + 30 * SECOND + turns))
        turns += 1
    started = time.process_time() - begin
    commit(stepper, Now(mono=2 * SECOND, wall=BEGIN + 31 * SECOND))
    begin = time.process_time()
    stepper.turn(Now(mono=3 * SECOND, wall=BEGIN + 32 * SECOND))
    return started, time.process_time() - begin


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    dues: dict[int, list[tuple[float, float]]] = {100: [], 1000: []}
    years: dict[str, list[float]] = {"one": [], "own": [], "cron": [], "bare": []}
    starts: list[tuple[float, float]] = []
    accepted, told = 0, dict[str, int]()
    for _ in range(3):
        for many, took in dues.items():  # interleaved, so that a busy moment meets both
            whole, longest, accepted = same_second(many)
            took.append((whole, longest))
        for kind, many, when in (
            ("one", 1000, lambda _: At(minutes=(360,))),
            ("own", 1000, lambda n: At(minutes=(n,))),
            ("cron", CRONS, crontab),
        ):
            seconds, told[kind] = year_of(many, when)
            years[kind].append(seconds)
        years["bare"].append(bare_year(CRONS))
        starts.append(first_turn(10_000))
    each = {many: statistics.median(whole for whole, _ in took) / many for many, took in dues.items()}
    middle = {kind: statistics.median(took) for kind, took in years.items()}
    longest = [1000 * one for _, one in dues[1000]]
    return [
        ("1,000 due in one second: the longest turn, ms", spread(longest)),
        ("1,000 due in one second: until each has its first order, ms", spread([1000 * s for s, _ in dues[1000]])),
        ("1,000 due in one second: tasks accepted", str(accepted)),
        ("a year of 1,000 schedules at one time of day, s", spread(years["one"])),
        ("a year of 1,000 schedules, each at its own minute, s", spread(years["own"])),
        ("a year of 100 crontabs, s", spread(years["cron"])),
        ("cronsim alone, naming the instants of 100 crontabs, s", spread(years["bare"])),
        ("occurrences of these years", ", ".join(str(number) for number in told.values())),
        ("10,000 schedules: from nothing until each is answered for, s", spread([a for a, _ in starts])),
        ("10,000 schedules: a turn in which nothing is due, ms", spread([1000 * b for _, b in starts])),
    ], [
        Goal(
            row="P17",
            what="schedules answered for, each with its first order",
            value=accepted,
            limit=1000,
            at_most=False,
        ),
        Goal(row="P17", what="the longest turn meanwhile, ms", value=statistics.median(longest), limit=50),
        Goal(row="P17", what="cost of one due schedule, 1,000 against 100", value=each[1000] / each[100], limit=1.2),
        Goal(row="P17", what="a year of 100 crontabs against cronsim", value=middle["cron"] / middle["bare"], limit=3),
        Goal(
            row="P17",
            what="a year of 1,000 schedules against cronsim for as many crontabs",
            value=middle["own"] / (middle["bare"] * 1000 / CRONS),
            limit=3,
        ),
        Goal(row="P17", what="turn with 10,000 idle schedules, ms", value=1000 * min(b for _, b in starts), limit=2),
    ]


if __name__ == "__main__":
    main("P17 calendar", measure)
