"""The uplink: a task of its own that brings the timeline to the centre.

Two rules. Nothing it does costs the control loop a turn: it reads on other threads, sends in small parcels, and every
wait has an end. And only the centre says what has arrived: a cursor here is a note, the truth is asked for at each
contact.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from edgectl.model.parcel import EVER, Contact, Shelf, Standing
from edgectl.model.time import SECOND, Nanos
from edgectl.sync.errors import CentreAway, CentreError, CentreRefuses
from edgectl.sync.inbound import Desk, hear
from edgectl.sync.parity import Gap, compare
from edgectl.sync.seam import Centre, Outbox, Session

LOG = logging.getLogger("edgectl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much at once and how often. Seconds and bytes."""

    lines: int = 250  # of one parcel: about 1 ms of the loop
    size: int = 256 * 1024
    minutes: int = 60  # of readings in one parcel
    reels: int = 4  # of samples as they were read: up to a minute each
    gather_s: float = 0.2  # what is said within it travels together
    beat_s: float = 20.0  # an idle line is asked whether it still lives
    first_rest_s: float = 1.0
    longest_rest_s: float = 60.0
    refused_rest_s: float = 300.0  # a person has to do something first
    parity_every_s: float = 3600.0


class Uplink:
    """Keeps the centre informed. `standing` says how it goes; it never raises for anything that the centre does."""

    def __init__(
        self,
        outbox: Outbox,
        centre: Centre,
        *,
        desk: Desk | None = None,
        mono: Callable[[], Nanos],
        random: Random,
        tell: Callable[["Uplink"], None] = lambda _: None,
        pace: Pace | None = None,
    ) -> None:
        self._outbox, self._centre, self._desk, self._tell = outbox, centre, desk, tell
        self._mono, self._random, self._pace = mono, random, pace or Pace()
        self._said = asyncio.Event()
        self._hurry = asyncio.Event()
        self._failures = 0
        self._checked: Nanos | None = None
        self._even: dict[str, str] = {}  # by journal, the last day up to which both sides add up
        self.standing = Standing(contact=Contact.OFFLINE, since=mono(), why="it was not asked yet")
        self.shelves: tuple[Shelf, ...] = ()
        self.gaps: tuple[Gap, ...] = ()

    @property
    def waiting(self) -> int:
        """How many lines the centre has not heard yet, as far as is known."""
        return sum(max(0, shelf.head - shelf.acknowledged) for shelf in self.shelves)

    @property
    def oldest(self) -> Nanos | None:
        """When the oldest of them happened, as far as is known."""
        return min((s.oldest for s in self.shelves if s.oldest is not None and s.head > s.acknowledged), default=None)

    def nudge(self, head: int) -> None:
        """A commit has succeeded: the journal in use has grown to this line."""
        if self.shelves:
            self.shelves = (*self.shelves[:-1], replace(self.shelves[-1], head=head))
        self._said.set()

    def hurry(self) -> None:
        """A person waits: do not rest any longer, and add the days up now."""
        self._checked = None
        self._hurry.set()
        self._said.set()

    async def run(self) -> None:
        """Keep contact until cancelled."""
        while True:
            self.shelves = tuple(await self._outbox.shelves())  # since when what waits has waited
            self._stand(Contact.CONNECTING)
            try:
                async with self._centre.session() as session:
                    await self._converse(session)
            except CentreAway as away:
                self._stand(Contact.OFFLINE, away)
            except CentreError as no:
                self._stand(Contact.REJECTED, no)
            await self._rest()

    async def drain(self, session: Session) -> int:
        """Send everything that waits. Returns how many lines that were."""
        sent = 0
        for shelf in self.shelves:
            sent += await self._empty(session, shelf.journal_id)
        return sent

    async def agree(self, session: Session) -> None:
        """The first words of a conversation: each side says how far it is."""
        self.shelves = tuple(await self._outbox.shelves())
        for shelf in self.shelves:
            if not await self._agree(session, shelf):
                self.shelves = tuple(other for other in self.shelves if other.journal_id != shelf.journal_id)

    async def bring(self, session: Session) -> None:
        """Everything that waits goes to the centre: what happened first, then what it asks for, then readings."""
        await self.drain(session)
        if self._desk is not None and await hear(session, self._desk):
            await self.drain(session)  # the answers
        await self._send_readings(session)

    async def _converse(self, session: Session) -> None:
        await self.agree(session)
        await session.listen(self._said.set)
        while True:
            await self.bring(session)
            self._failures = 0
            self._stand(Contact.ONLINE)
            await self._check_days(session)
            await self._listen(session)

    async def _agree(self, session: Session, shelf: Shelf) -> bool:
        """The centre says how far it is. It may know less than we thought, or more; it must not know otherwise. False
        where it knows more of a journal than the copy that is here: then there is nothing to say of it."""
        arrived, theirs = await session.arrived(shelf.journal_id)
        if shelf.beyond(arrived):
            await self._outbox.acknowledge(shelf.journal_id, shelf.head)
            return False
        if arrived:
            ours = await self._outbox.hash_at(shelf.journal_id, arrived)
            if ours != theirs:
                raise CentreRefuses(
                    f"the centre holds another line {arrived} of journal {shelf.journal_id} than this site",
                    "edgectl central parity names what differs; was an old copy of the journal put back?",
                )
        arrived = max(arrived, shelf.begins)
        if arrived != shelf.acknowledged:
            await self._outbox.acknowledge(shelf.journal_id, arrived)
            self._arrived(shelf.journal_id, arrived)
        return True

    async def _empty(self, session: Session, journal_id: str) -> int:
        sent, after = 0, next(s.acknowledged for s in self.shelves if s.journal_id == journal_id)
        while True:
            parcel = await self._outbox.parcel(journal_id, after, lines=self._pace.lines, size=self._pace.size)
            if parcel is None:
                return sent
            arrived, refused = await session.push(parcel)
            if refused:
                LOG.warning("the centre did not take %d values; the lines that tell of them are there", refused)
            await self._outbox.acknowledge(journal_id, arrived)
            self._arrived(journal_id, arrived)
            sent += max(0, arrived - after)
            after = arrived
            self._stand(Contact.ONLINE)
            self.standing = replace(
                self.standing,
                heard_at=self._mono(),
                sent=self.standing.sent + len(parcel.lines),
                refused=self.standing.refused + refused,
            )

    async def _send_readings(self, session: Session) -> None:
        """Readings, after everything that happened; samples as they were read are the last. What happens meanwhile
        goes first again."""
        while minutes := await self._outbox.minutes(self._pace.minutes):
            await session.push_minutes(minutes)
            await self._outbox.forget_minutes(minutes[-1].number)
            if self._said.is_set():
                return
            if len(minutes) < self._pace.minutes:
                break
        while reels := await self._outbox.reels(self._pace.reels):
            await session.push_reels(reels)
            await self._outbox.forget_reels(reels[-1].number)
            if self._said.is_set() or len(reels) < self._pace.reels:
                return

    async def _check_days(self, session: Session) -> None:
        """Once in a while: does what left add up to what arrived?"""
        now = self._mono()
        if self._checked is not None and now - self._checked < self._pace.parity_every_s * SECOND:
            return
        gaps: list[Gap] = []
        for shelf in self.shelves:
            since = self._even.get(shelf.journal_id, EVER)
            ours = await self._outbox.day_sums(shelf.journal_id, since=since, upto=shelf.acknowledged)
            odd = compare(ours, await session.day_sums(shelf.journal_id, since=since))
            await session.state_days(ours)
            if ours and not odd:
                self._even[shelf.journal_id] = ours[-1].day  # what lies before it is not added up every hour
            gaps += odd
        self.gaps, self._checked = tuple(gaps), now
        self._tell(self)

    async def _listen(self, session: Session) -> None:
        """Until there is something to say, or the line has been silent for long enough to be doubted."""
        try:
            async with asyncio.timeout(self._pace.beat_s):
                await self._said.wait()
        except TimeoutError:
            await session.ping()
            self.standing = replace(self.standing, heard_at=self._mono())
            return
        await asyncio.sleep(self._pace.gather_s)
        self._said.clear()

    async def _rest(self) -> None:
        """Later each time, and never all sites of a centre at the same instant."""
        refused = self.standing.contact is Contact.REJECTED
        longest = self._pace.refused_rest_s if refused else self._pace.longest_rest_s
        rest = min(longest, self._pace.first_rest_s * 2 ** min(self._failures, 20))
        rest *= 0.5 + self._random.random() / 2
        self._failures += 1
        self.standing = replace(self.standing, again_at=self._mono() + round(rest * SECOND))
        try:
            async with asyncio.timeout(rest):
                await self._hurry.wait()
        except TimeoutError:
            pass
        self._hurry.clear()

    def _arrived(self, journal_id: str, seq: int) -> None:
        self.shelves = tuple(
            replace(shelf, acknowledged=seq, head=max(shelf.head, seq), oldest=None)
            if shelf.journal_id == journal_id
            else shelf
            for shelf in self.shelves
        )

    def _stand(self, contact: Contact, error: CentreError | None = None) -> None:
        before = self.standing
        why, advice = ("", "") if error is None else (str(error), error.hint)
        if contact is Contact.CONNECTING:
            why, advice = before.why, before.advice  # what was wrong is worth reading until it is not
        if (contact is not before.contact and contact is not Contact.CONNECTING) or why != before.why:
            LOG.log(logging.INFO if not why else logging.WARNING, "centre: %s%s", contact.value, why and f", {why}")
        since = before.since if contact is before.contact else self._mono()
        self.standing = replace(before, contact=contact, since=since, why=why, advice=advice, again_at=None)
        if contact is not before.contact:
            self._tell(self)
