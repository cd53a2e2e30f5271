"""A campaign: houses drawn by lot, everything that can go wrong at once, every promise held against each of them.

A house is a number: its site file, its wire, its people and its bad luck follow from it, so any house that breaks a
promise is lived in again by its number alone, and a campaign that was cut off goes on with the next one. What was
injected, held and reached is counted, because a campaign that met nothing has proven nothing.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from edgectl.config.loaded import Loaded
from edgectl.config.loader import load
from edgectl.model.command import Command
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import Nanos
from edgectl.plant.faults import Fault
from edgectl.plant.water import HARD, RO, SOFT
from edgectl.simulate.budgets import broken_budgets
from edgectl.simulate.doses import broken_doses
from edgectl.simulate.draughts import broken_air
from edgectl.simulate.drawn_sites import drawn_site
from edgectl.simulate.estate import estate
from edgectl.simulate.field import Faults
from edgectl.simulate.invariants import broken
from edgectl.simulate.kept import nothing_moves
from edgectl.simulate.promises import broken_promises
from edgectl.simulate.world import DAY, World

DAYS, AIR_DAYS = 8, 1  # that one house is lived in; the air is looked at every 30 s and costs the most
ENOUGH = 400  # days after which every kind of fault must have been met
SAYS = {"reason_code": "code", "stage": "stage", "rule": "veto", "terminal_status": "command"}
# The kinds that a campaign has to meet. Beside them stands every fault of the plant.
KINDS = (
    "crash between two steps",
    "reboot of the machine",
    "clock that cannot be believed",
    "clock step",
    "commit refused by the disk",
    "journal that could not be read",
    "limits from the centre",
    "lost_request",
    "lost_reply",
    "stuck_relay",
    "bad_level",
    "blocked",
    "refused",
    "doubled",
    "silent_device",
    "estop",
    "line to the centre cut",
    "acknowledgement of the centre lost",
    "parcel delivered twice",
    "centre put back to an older day",
    "readings dropped for room",
    "controller of a pair stood still",
    "line to the lease cut",
    "lease taken over",
)
PROMISES = (*map(str, (*range(1, 25), 27, 29, 30)), "H2", "H24")
LOSERS = 7  # one house in so many loses its journal in the middle of its days


@dataclass(slots=True)
class Tally:
    """What a campaign has met."""

    houses: int = 0
    days: int = 0
    turns: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    reached: dict[str, Counter[str]] = field(default_factory=dict)

    def reach(self, kind: str, name: str) -> None:
        """One more state, transition, stage or code that somebody came through."""
        self.reached.setdefault(kind, Counter())[name] += 1

    def add(self, other: "Tally") -> None:
        """What another part of the same campaign has met."""
        self.houses += other.houses
        self.days += other.days
        self.turns += other.turns
        self.injected.update(other.injected)
        self.people.update(other.people)
        self.held.update(other.held)
        for kind, names in other.reached.items():
            self.reached.setdefault(kind, Counter()).update(names)

    def missing(self) -> list[str]:
        """What a campaign of this length should have met and has not."""
        kinds = (*KINDS, *(fault.value for fault in Fault))
        found = [f"no {kind} was injected" for kind in kinds if not self.injected[kind]]
        found += [f"promise {promise} was held against nothing" for promise in PROMISES if not self.held[promise]]
        statuses = self.reached.get("status", Counter())
        return found + [f"no task ended {status}" for status in _ENDS if not statuses[status]]


_ENDS = tuple(status.value for status in TaskStatus if status not in (TaskStatus.ACCEPTED, TaskStatus.RUNNING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """One house of a campaign after its days."""

    number: int
    days: int
    world: World
    found: tuple[str, ...]


def campaign(days: int, first: int, tally: Tally) -> Iterator[Lived]:
    """Live in house after house until so many days have passed."""
    number, until = first, tally.days + days
    while tally.days < until:
        lived = live(number, until - tally.days, tally)
        yield lived
        number += 1


def live(number: int, most_days: int, tally: Tally) -> Lived:
    """Live in the house of this number, and count what it met."""
    world = settle(number)
    days = min(most_days, AIR_DAYS if any(zone.climate for zone in world.site.zones.values()) else DAYS)
    found: list[str] = []
    if number % LOSERS == 0:
        found += _lived(world, round(Random(f"loss {number}").uniform(0.1, 0.9) * days * DAY), tally)
        world.lose_journal()
    found += _lived(world, days * DAY, tally)
    if world.mail is not None:
        world.mail.end()
        found += world.mail.broken(tally.held, whole=True)
    _count(world, days, tally)
    return Lived(number=number, days=days, world=world, found=tuple(found))


def _lived(world: World, until: Nanos, tally: Tally) -> list[str]:
    """What does not hold of the life of one journal."""
    crashed: list[str] = []
    try:
        world.run(until)
    except AssertionError as error:
        crashed = [f"5: the engine refused to go on: {error}"]
    _reach(world, tally)
    return [*crashed, *judge(world, tally.held)]


def settle(number: int) -> World:
    """A drawn house on its first morning, with its own bad luck."""
    random = Random(f"life {number}")
    loaded = drawn(number)
    air = any(zone.climate is not None for zone in loaded.site.zones.values())
    mishaps = random.random() < 0.6 or air or loaded.site.estop is not None
    often = random.choice((0.5, 1.0, 2.0))  # how rough its wire is
    faults = Faults(
        lost_request=0.01 * often,
        lost_reply=0.015 * often,
        stuck_relay=0.01 * often,
        bad_level=0.005 * often,
        refused=0.005 * often,
        doubled=0.01 * often,
        # Two lies at once may agree: where probes lie no suction is blocked behind their backs.
        blocked=0.0 if mishaps else random.choice((0.0, 0.05, 0.4)),
    )
    clean = random.random() < 0.1  # a good line shows what a bad one would excuse
    return World(
        loaded.site,
        loaded.schedules,
        number,
        faults=Faults() if clean else faults,
        crash=random.choice((0.0, 0.002, 0.005, 0.01)),
        people=random.random() < 0.85,
        disk=random.choice((0.0, 0.0, 0.002)),
        mishaps=mishaps,
        desk=random.random() < 0.3,
        reboots=random.choice((0.0, 0.3)),
        mail=Random(f"mail {number}").random() < 0.35,
        # Nobody moves the vents while two controllers sort out who leads: what a storm does then is not this one's.
        pair=Random(f"pair {number}").random() < 0.15 and not air,
        ground=estate(loaded.site, Random(number + 2), random.choice((RO, SOFT, HARD))),
    )


def drawn(number: int) -> Loaded:
    """The drawn site file, through the same door as anybody's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"drawn-{number}.yaml"
        path.write_text(drawn_site(number))
        return load(path)


def judge(world: World, held: Counter[str]) -> list[str]:
    """Every promise that does not hold in this house."""
    world.field.advance(world.now)
    mishaps = world.mishaps
    seen = sum(
        entry.event_type == "ALARM_ACKNOWLEDGED" and str(entry.details["alarm"]).startswith("fill_overrun:")
        for entry in world.journal.timeline
    )
    held["H24"] += world.field.ground.draughts is not None
    return [
        *broken(world.site, world.journal, world.field.trace, world.report.ready_at, held),
        *broken_promises(world, held),
        *broken_budgets(world, held),
        *([] if world.pairing is None else world.pairing.broken(held)),
        *([] if world.mail is None else world.mail.broken(held, whole=False)),
        *broken_doses(
            world.site,
            world.field,
            held,
            lies=0 if mishaps is None else mishaps.lies * (1 + seen),
            leaks=mishaps is not None and mishaps.met[Fault.VALVE_LEAKING.value] > 0,
        ),
        *broken_air(
            world.field.ground,
            begins_anew=2 if world.report.crashes or world.field.injected or world.people else 0,
            excused=nothing_moves(world),
            since=world.report.lives[0][0],
        ),
    ]


def _count(world: World, days: int, tally: Tally) -> None:
    report = world.report
    tally.houses += 1
    tally.days += days
    tally.turns += report.turns
    tally.injected.update(world.field.met)
    tally.injected["crash between two steps"] += report.crashes
    tally.injected["reboot of the machine"] += len(report.rebooted_at)
    tally.injected["clock that cannot be believed"] += report.untrusted
    tally.injected["clock step"] += report.steps
    tally.injected["commit refused by the disk"] += report.lost_commits
    tally.injected["limits from the centre"] += 0 if world.desk is None else world.desk.sent
    tally.injected["journal that could not be read"] += report.lost_journals
    if world.mail is not None:
        tally.injected.update(world.mail.met)
    if world.pairing is not None:
        tally.injected.update(world.pairing.met)
    if world.mishaps is not None:
        tally.injected.update(world.mishaps.met)
    if world.people is not None:
        tally.people.update(world.people.did)


def _reach(world: World, tally: Tally) -> None:
    """What the life of this journal came through."""
    for value in world.journal.values.values():
        if isinstance(value, Task):
            tally.reach("status", value.status.value)
            began = "accepted" if value.started is None else "running"
            tally.reach("transition", f"{began} to {value.status.value}" if value.terminal else "still open")
        elif isinstance(value, Command):
            tally.reach("command", value.state.value)
    for entry in world.journal.timeline:
        tally.reach("event", entry.event_type)
        for key, kind in SAYS.items():
            if isinstance(word := entry.details.get(key), str) and word:
                tally.reach(kind, word)
        if entry.event_type == "ALARM_RAISED":
            tally.reach("alarm", str(entry.details["alarm"]).partition(":")[0])
