"""The words in which a workflow is written: stages, conditions, exits. Data only; `walk` gives them their meaning.

Two rules. A stage names everything that it energises; leaving it by any door takes that energy away and sees it gone.
And what a condition cannot see is neither true nor false: it is a door of its own.
"""

from dataclasses import dataclass

from edgectl.model.codes import Code
from edgectl.model.time import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """The sensor is above a limit, in its own unit, and has been for `held`."""

    sensor: str
    limit: float
    held: Nanos = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """The sensor is below a limit, in its own unit, and has been for `held`."""

    sensor: str
    limit: float
    held: Nanos = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Elapsed:
    """The stage has held for so long."""

    after: Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """The meter has counted so many litres since the task began."""

    meter: str
    litres: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """The meter has counted so many litres since the stage `since` began, its retries and restarts included. A meter
    that cannot be seen is no door: float and time end the stage then."""

    meter: str
    litres: float
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InBand:
    """pH and EC lie within a share of their targets: 0.15 means 15 %. A sensor that is None is not asked."""

    ph: str | None
    target_ph: float
    ph_share: float
    ec: str | None
    target_ec: float
    ec_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfBand:
    """pH or EC has been outside its band for `held`, and somebody could correct it. What cannot be seen is not outside:
    the plants get water from an unseen solution rather than none."""

    band: InBand
    held: Nanos


@dataclass(frozen=True, slots=True)
class All:
    """Every one holds."""

    parts: tuple["Until", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one holds."""

    parts: tuple["Until", ...]


Until = Above | Below | Elapsed | Volume | Metered | InBand | OutOfBand | All | Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """Where a door leads. `to` is the next stage; without it the task ends, completed unless `error` says why not.

    An exit with `cycles` may be taken so many times in one task; after that it leads to `spent`.
    """

    code: Code
    to: str | None = None
    error: Code | None = None
    event: str = ""
    cycles: int | None = None
    spent: "Exit | None" = None
    locks: str | None = None  # the part that is locked out when this exit is taken for the second time in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A reason to leave early. It is looked at before `until`."""

    name: str
    when: Until
    exit: Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One row of the table.

    `opens` in the order of the start: valves, then pumps. `until` ends the hold by `done`, `limit` ends it by `late`;
    `blind` is taken when `until` or a door cannot be seen, and without it such a blindness is only waited for. `dry` is
    taken when its pump moves no water, as long as that has not locked the pump; without it the task ends.
    `pulse` is the exact time that the last opened part runs, when the device itself is to end it. `turns` are valves
    that follow one another while the stage holds, each for its share; the first of them is opened with the stage.
    """

    name: str
    until: Until
    done: Exit
    limit: Nanos
    late: Exit
    opens: tuple[str, ...] = ()
    doors: tuple[Door, ...] = ()
    blind: Exit | None = None
    dry: Exit | None = None
    asks: str = ""  # a workflow of the zone that is asked for when the stage begins, as a task of its own
    pulse: Nanos | None = None
    turns: tuple[str, ...] = ()
    looks_first: bool = False  # nothing is opened when `until` holds already
    resumes: bool = False
    corrects: bool = False
    metered: str | None = None  # the counter of what it lets in: its litres are counted from the first entry on
    proves: str | None = None  # the upper float that is to end it
    keeps_time: bool = False  # whoever comes back to it finds only the time that it has left
    failed: Code | None = None  # how the task ends when an order of this stage fails; else by how the order ended
    entered: tuple[str, Code] | None = None  # the event and its reason when the stage begins
    going: Code | None = None  # the reason that stands on the task while the stage holds

    @property
    def parts(self) -> tuple[str, ...]:
        """Everything that it may energise."""
        return (*self.opens, *self.turns[1:])


Table = tuple[Stage, ...]


def main_line(table: Table) -> tuple[Stage, ...]:
    """The stages that are gone through when all goes well."""
    line: list[Stage] = []
    following: str | None = table[0].name if table else None
    while following is not None and following not in {stage.name for stage in line}:
        line.append(row(table, following))
        following = line[-1].done.to
    return tuple(line)


def ahead(table: Table, name: str) -> tuple[Stage, ...]:
    """The stage of that name, and all that may follow it by any door."""
    names, found = [name], list[Stage]()
    while names:
        stage = row(table, names.pop())
        if stage not in found:
            found.append(stage)
            ways = (stage.done, stage.late, stage.blind, stage.dry, *(door.exit for door in stage.doors))
            exits = [way for way in ways if way is not None]
            exits += [way.spent for way in exits if way.spent is not None]
            names += [way.to for way in exits if way.to is not None]
    return tuple(found)


def row(table: Table, name: str) -> Stage:
    """The stage of that name. A table without it is our own mistake."""
    for stage in table:
        if stage.name == name:
            return stage
    raise LookupError(f"no stage {name}")
