"""What people put on a house is kept: nothing moves under a lock, a stop or an open emergency stop, holds end, every
act has its author. And what plants were promised: no zone goes without water for too long in silence.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from edgectl.model.inputs import Mode
from edgectl.model.ledger import DAY
from edgectl.model.site import Site, Zone
from edgectl.model.task import Task
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.model.timeline import Entry
from edgectl.simulate.draughts import Span
from edgectl.simulate.invariants import Met
from edgectl.simulate.world import World

ON_ITS_WAY: Nanos = 200 * MS  # an order that had left the controller before
PATIENCE: Nanos = 600 * SECOND  # a disk that refuses for a while, a restart
THIRSTY = 0.8  # of max_gap; the controller calls at half of it
UNLOCKS = ("dosing_locked:dosing", "output_lockout:dosing")  # the second after too many releases from afar
# What a person did, and what of it has to be written down.
ACTS = {
    "MANUAL_ON": ("who", "actuator"),
    "MANUAL_OFF": ("who", "actuator"),
    "STOP_ALL": ("who",),
    "STOP_WATER": ("who",),
    "RESUMED": ("who",),
    "LOCK_SET": ("who", "why"),
    "LOCK_RELEASED": ("who",),
    "HOLD_SET": ("who",),
    "MODE_CHANGED": ("who", "before", "after"),
    "ALARM_ACKNOWLEDGED": ("who", "alarm"),
    "ALARM_SHELVED": ("who", "alarm"),
    "ALARM_UNSHELVED": ("who", "alarm"),
    "TASK_CANCEL_ORDERED": ("who",),
    "TASK_APPROVED": ("who",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bond:
    """These outputs must not go on between two instants."""

    names: frozenset[str]
    begin: Nanos
    end: Nanos
    why: str


def broken_bonds(world: World, met: Met) -> list[str]:
    """19, 20, 27, 29 and 30: every one that does not hold, as a sentence."""
    return [
        *_authors(world, met),
        *_holds(world, met),
        *_thirst(world, met),
        *_under_bonds(world, met),
        *_by_itself(world, met),
        *_begun_anew(world, met),
    ]


def _authors(world: World, met: Met) -> list[str]:
    """19: every act of a person names them, and what was before and after where it changes something."""
    found: list[str] = []
    for entry in world.journal.timeline:
        for key in ACTS.get(entry.event_type, ()):
            met["19"] += 1
            if not entry.details.get(key):
                found.append(f"19: entry {entry.seq} {entry.event_type} does not say {key}")
    return found


def _holds(world: World, met: Met) -> list[str]:
    """20: no hold outlives its end while somebody lives to end it."""
    found: list[str] = []
    for name, latch in world.state.latches.items():
        if name.startswith("hold:"):
            met["20"] += 1
            late = latch.boot_id == world.state.boot_id and world.now > latch.until_mono + PATIENCE
            if latch.held and late:
                found.append(f"20: {name} was to end at {latch.until_mono / SECOND:.0f} s and holds still")
    return found


def _under_bonds(world: World, met: Met) -> list[str]:
    """30: no effect under a service lock, a stop, or an open emergency stop."""
    found: list[str] = []
    tied = list(bonds(world.site, world.journal.timeline, world.now))
    starts = [move for move in world.field.trace if move.on]
    for bond in tied:
        met["30"] += 1
        for move in starts:
            if move.name in bond.names and bond.begin + ON_ITS_WAY < move.at < bond.end:
                found.append(f"30: {move.name} went on at {move.at / SECOND:.1f} s under {bond.why}")
    return found


def _by_itself(world: World, met: Met) -> list[str]:
    """30: no run of a schedule is begun in a zone that people hold, or that only they start work in."""
    found: list[str] = []
    kept: dict[str, str] = {}  # zone -> what keeps it
    tasks = {value.task_id: value for value in world.journal.values.values() if isinstance(value, Task)}
    for entry in world.journal.timeline:
        zone, details = entry.zone or "", entry.details
        task = tasks.get(entry.task_id or "")
        match entry.event_type:
            case "MODE_CHANGED" | "HOLD_SET" if "schedule" not in details:
                word = "hold" if entry.event_type == "HOLD_SET" else str(details["after"])
                kept[f"{zone} {entry.event_type}"] = "" if word == Mode.AUTO.value else word
            case "HOLD_ENDED" if "schedule" not in details:
                kept[f"{zone} HOLD_SET"] = ""
            case "DECISION_MADE" if task is not None and task.source == "schedule" and details["decision"] == "run":
                held, mode = kept.get(f"{zone} HOLD_SET", ""), kept.get(f"{zone} MODE_CHANGED", "")
                met["30"] += 1
                if (held and task.task_type != "lighting") or (mode and not task.approved):
                    found.append(f"30: entry {entry.seq} began {task.task_type} by itself under {held or mode}")
    return found


def nothing_moves(world: World) -> list[Span]:
    """When nothing of a house was moved: under a lock or a stop. A controller that only watches shuts its vents."""
    return [(bond.begin, bond.end) for bond in bonds(world.site, world.journal.timeline, world.now)]


def bonds(site: Site, timeline: list[Entry], now: Nanos) -> Iterator[_Bond]:
    """Every lock, stop and open emergency stop."""
    ends = {"LOCK_SET": "LOCK_RELEASED", "STOP_ALL": "RESUMED", "ESTOP_OPENED": "ESTOP_CLOSED"}
    for number, entry in enumerate(timeline):
        over = ends.get(entry.event_type)
        if over is None:
            continue
        later = (e.mono for e in timeline[number:] if e.event_type == over and e.zone == entry.zone)
        names = frozenset(site.actuators) if entry.zone is None else site.zones[entry.zone].actuators
        yield _Bond(names=names, begin=entry.mono, end=next(later, now), why=entry.event_type.lower())


def _thirst(world: World, met: Met) -> list[str]:
    """29: a zone without water for most of what its plants bear has called a person; so have roots in a film."""
    found: list[str] = []
    for zone in world.site.zones.values():
        if zone.max_gap is not None:
            wet = [*_wet(world, zone), world.now]
            found += _uncalled(world, met, f"zone_thirsty:{zone.name}", pairwise(wet), round(THIRSTY * zone.max_gap))
        for one in zone.rounds:
            if world.site.actuators[one.output].dangerous:
                found += _uncalled(world, met, f"circulation_off:{one.output}", _off(world, one.output), one.max_off)
    return found


def _uncalled(world: World, met: Met, alarm: str, gaps: Iterable[Span], longest: Nanos) -> Iterator[str]:
    for last, following in gaps:
        at = last + longest + PATIENCE
        if following <= at or any(last < reboot < at for reboot in world.report.rebooted_at):
            continue  # how long the machine was gone is not always known
        met["29"] += 1
        if not _called(world.journal.timeline, alarm, at):
            yield f"29: no water from {last / SECOND:.0f} s on, and no {alarm} called anybody"


def _off(world: World, pump: str) -> Iterator[Span]:
    """From when until when a pump stood."""
    since: Nanos | None = None
    for move in world.field.trace:
        if move.name == pump:
            if move.on and since is not None:
                yield since, move.at
            since = None if move.on else since or move.at
    if since is not None:
        yield since, world.now


def _wet(world: World, zone: Zone) -> list[Nanos]:
    """The instants at which water began to run into a zone."""
    found: list[Nanos] = []
    on: set[str] = set()
    parts = {name for name in (zone.pump, zone.valve) if name is not None}
    for move in world.field.trace:
        (on.add if move.on else on.discard)(move.name)
        if move.on and move.name in parts and parts <= on:
            found.append(move.at)
    return found


def _begun_anew(world: World, met: Met) -> list[str]:
    """27: a journal that was begun anew says so, and doses nothing for a day, or until somebody has looked."""
    timeline = world.journal.timeline
    if not world.report.lost_journals or all(entry.event_type != "READY" for entry in timeline):
        return []
    met["27"] += 1
    dosers = {name for name, actuator in world.site.actuators.items() if actuator.doser is not None}
    found = [] if _ever_called(timeline, "journal_lost:journal") else ["27: a journal was lost and nobody was told"]
    if dosers and not _ever_called(timeline, "dosing_locked:dosing"):
        found.append("27: a journal was lost and dosing was not locked")
    locked_until: Nanos = 0
    for entry in timeline:
        if entry.event_type == "DOSING_LOCKED" and entry.zone is None:  # of a zone it is a probe's or a bottle's
            locked_until = entry.mono + DAY
        elif entry.event_type == "ALARM_ACKNOWLEDGED" and entry.details["alarm"] in UNLOCKS:
            locked_until = 0
        elif entry.event_type == "COMMAND_DISPATCHED" and entry.details["actuator"] in dosers:
            met["27"] += 1
            if entry.mono < locked_until:
                found.append(f"27: {entry.details['actuator']} was ordered on under the lock in entry {entry.seq}")
    return found


def _ever_called(timeline: list[Entry], alarm: str) -> bool:
    return any(entry.event_type == "ALARM_RAISED" and entry.details["alarm"] == alarm for entry in timeline)


def _called(timeline: list[Entry], alarm: str, at: Nanos) -> bool:
    """Was this alarm active at that instant?"""
    active = False
    for entry in timeline:
        if entry.mono > at:
            break
        if entry.event_type in ("ALARM_RAISED", "ALARM_CLEARED") and entry.details["alarm"] == alarm:
            active = entry.event_type == "ALARM_RAISED"
    return active
