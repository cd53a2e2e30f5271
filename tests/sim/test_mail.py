"""Promise 23 in virtual time: what a house has written is at its centre once, in order and whole.

And each bug that is planted into the uplink, the outbox or the rule of the readings is seen.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from edgectl.engine.draft import Draft
from edgectl.journal.minutes import Kept
from edgectl.model.parcel import Parcel
from edgectl.simulate.arrivals import Arrivals
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.mail import Outbox
from edgectl.simulate.world import DAY, World
from edgectl.sync.uplink import Uplink
from tests.sim.judged import broken_in_one_of_six

Patch = pytest.MonkeyPatch


def lived(seed: int) -> tuple[World, list[str]]:
    """Six days with crashes, and a journal that is lost in their middle."""
    world = World(example_site(), example_schedules(), seed, crash=0.003, people=True, mail=True)
    assert world.mail is not None
    found: list[str] = []
    for days in (3, 6):
        world.run(days * DAY)
        found += world.mail.broken(Counter(), whole=False)
        if days == 3:
            world.lose_journal()
    world.mail.end()
    return world, [*found, *world.mail.broken(Counter(), whole=True)]


@pytest.mark.parametrize("seed", range(2))
def test_each_line_is_at_the_centre_once_and_in_order(seed: int) -> None:
    world, found = lived(seed)
    assert found == []
    assert world.mail is not None
    assert set(world.mail.met) >= {"line to the centre cut", "acknowledgement of the centre lost"}
    assert len(world.mail.arrivals.lines) == 2, "of both journals"
    arrived, gone = len(world.mail.arrivals.minutes), world.mail.met["readings dropped for room"]
    assert arrived + gone >= world.mail._number > 500, "each is there, or went for room while the line was cut"
    assert arrived > 100


def test_a_house_with_a_centre_lives_the_days_of_one_without(monkeypatch: Patch) -> None:
    monkeypatch.setattr(World, "tell", lambda self, item: None)
    one, other = (World(example_site(), example_schedules(), 4, crash=0.003, people=True, mail=mail) for mail in (0, 1))
    for world in (one, other):
        world.run(3 * DAY)
    assert one.journal.timeline == other.journal.timeline
    assert one.field.trace == other.field.trace


# -- planted bugs


def _trust_the_note(patch: Patch) -> None:
    """Do not ask the centre how far it is."""

    async def believing(self: Uplink, session: Any, shelf: Any) -> None:
        return None

    patch.setattr(Uplink, "_agree", believing)


def _note_before_it_arrived(patch: Patch) -> None:
    """Note a parcel as arrived when it leaves, and believe the note."""
    _trust_the_note(patch)
    parcel = Outbox.parcel

    async def early(self: Outbox, journal_id: str, after: int, *, lines: int, size: int) -> Parcel | None:
        found = await parcel(self, journal_id, after, lines=lines, size=size)
        if found is not None:
            self.noted[journal_id] = found.last
        return found

    patch.setattr(Outbox, "parcel", early)


def _take_twice(patch: Patch) -> None:
    """Let the centre put in whatever comes."""

    def greedy(self: Arrivals, parcel: Parcel) -> int:
        held = self.lines.setdefault(parcel.journal_id, [])
        held.extend(parcel.lines)
        return held[-1].seq

    patch.setattr(Arrivals, "take", greedy)


def _take_out_of_order(patch: Patch) -> None:
    """Send the newest lines first."""
    take = Arrivals.take

    def backwards(self: Arrivals, parcel: Parcel) -> int:
        held = self.lines.setdefault(parcel.journal_id, [])
        if not held:
            held.extend(reversed(parcel.lines))
            return parcel.last
        return take(self, parcel)

    patch.setattr(Arrivals, "take", backwards)


def _leave_the_old_journal(patch: Patch) -> None:
    """Send what the journal in use holds, and nothing of the one that was put aside."""
    shelves = Outbox.shelves

    async def newest(self: Outbox) -> Any:
        return (await shelves(self))[-1:]

    patch.setattr(Outbox, "shelves", newest)


def _drop_uncounted(patch: Patch) -> None:
    """Make room for readings and count nothing."""
    make_room = Kept.make_room

    def silent(self: Kept, *args: Any) -> int:
        make_room(self, *args)
        return 0

    patch.setattr(Kept, "make_room", silent)


def _drop_untold(patch: Patch) -> None:
    """Count what was dropped and write no line of it."""
    note = Draft.note

    def quiet(self: Draft, event_type: str, **details: Any) -> None:
        if event_type != "TELEMETRY_DROPPED":
            note(self, event_type, **details)

    patch.setattr(Draft, "note", quiet)


def _forget_readings_first(patch: Patch) -> None:
    """Forget readings when they leave."""
    minutes = Outbox.minutes

    async def hasty(self: Outbox, most: int) -> Any:
        found = await minutes(self, most)
        if found and most < 1 << 20:
            await self.forget_minutes(found[-1].number)
        return found

    patch.setattr(Outbox, "minutes", hasty)


PLANTS = [
    _trust_the_note,
    _note_before_it_arrived,
    _take_twice,
    _take_out_of_order,
    _leave_the_old_journal,
    _drop_uncounted,
    _drop_untold,
    _forget_readings_first,
]


@pytest.mark.parametrize("plant", PLANTS)
def test_the_judge_of_the_centre_catches_the_planted_bug(plant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    plant(monkeypatch)
    assert broken_in_one_of_six(23, lived), plant.__doc__
