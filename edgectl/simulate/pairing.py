"""A second controller beside a simulated house, and promise 18: epochs only grow, and nobody speaks in an older one.

The two state machines are the real ones (`edgectl/model/lease.py`); the row they quarrel about lies in memory. While
all is well a sign follows the other and nobody looks; around each trouble time goes second by second. A trouble is a
process that stands still, a line to the lease that is cut, or a death, whatever the house is doing then. The other
controller makes the house safe when it leads, and orders nothing.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from edgectl.model.inputs import AskState, Effect, MakeSafe, Send
from edgectl.model.lease import Lead, Leading, Terms, Waiting
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.at_once import at_once
from edgectl.simulate.leases import LeaseTable, MemoryLease

if TYPE_CHECKING:
    from edgectl.simulate.invariants import Met
    from edgectl.simulate.world import World

HOUR: Nanos = 3600 * SECOND
LONGEST_STANDSTILL_S, LONGEST_CUT_S, LONGEST_REIGN_S = 120, 180, 600
DRIFT = 0.02  # of the clock of the other one
SLOW: Nanos = 3 * SECOND  # who wakes up turns for a while before the lease is asked about


@dataclass(frozen=True, slots=True, kw_only=True)
class Reign:
    """Somebody began to lead."""

    at: Nanos
    ours: bool
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Something of ours left for the field, in the epoch under which it was decided (an OFF: under which we live)."""

    at: Nanos
    epoch: int


class Pairing:
    """Both sides of the lease, from one seeded source."""

    def __init__(self, world: "World", random: Random) -> None:
        self.world, self.random = world, random
        self.terms = Terms()
        self.table = LeaseTable(lambda: world.now)
        self.ours, self.theirs = MemoryLease(self.table), MemoryLease(self.table)
        self.drift = random.uniform(-DRIFT, DRIFT)
        self.reigns = list[Reign]()
        self.woke_at = list[Nanos]()  # after each time that we stood still
        self.words = list[Word]()
        self.met: Counter[str] = Counter()
        self.leading: Leading | None = None
        self.next_at: Nanos = 1 << 62
        self._floor = 0  # the highest epoch that we have led in: lease.json
        self._theirs_until: Nanos | None = None  # the other one leads until then
        self._waits: Waiting | None = None  # the other one's wait
        self._silent_since: Nanos = 0  # our last sign
        self._cut_until: Nanos = 0
        self._stands_still = False

    # -- what the world asks

    def lead(self) -> Lead:
        """A life begins: wait until it may lead. Time passes, and the other one uses it."""
        began, holder = self.world.now, f"ours:{self.world.boots}"
        self._meanwhile(self._silent_since, began)
        waiting = Waiting(holder=holder, terms=self.terms, since=began)
        while True:
            now = self.world.now
            self._other(now)
            if now >= self._cut_until:
                waiting = waiting.look(at_once(self.ours.look()), now)
                if waiting.may_take(now):
                    take = self.ours.take(waiting.seen, holder, self._floor, self.terms.ttl)
                    if (epoch := at_once(take)) is not None:
                        break
            self.world.now += SECOND
        self._silent_since, self._waits = 0, None
        took_over, self._floor = epoch != self._floor + 1, epoch
        self.leading = Leading(epoch=epoch, terms=self.terms, until=now + self.terms.ttl)
        self.reigns.append(Reign(at=now, ours=True, epoch=epoch))
        self.next_at = now + round(self.random.uniform(1, 8) * HOUR)
        return Lead(epoch=epoch, took_over=took_over, waited=now - began, why_late="not_leader" if took_over else "")

    def may_speak(self, effect: Effect, at: Nanos) -> bool:
        """Asked where a word leaves for the field."""
        if not isinstance(effect, Send | MakeSafe | AskState):
            return True
        leading = self.leading
        if leading is None or not self._well(at).may_speak(at):
            return False
        epoch = effect.epoch if isinstance(effect, Send) else leading.epoch
        self.words.append(Word(at=at, epoch=epoch))
        return True

    def stand_still(self) -> None:
        """Between two steps: a trouble that was drawn begins here."""
        if not self._stands_still:
            return
        self._stands_still = False
        self.met["controller of a pair stood still"] += 1
        begins = self.world.now
        self.world.now += round(self.random.uniform(1, LONGEST_STANDSTILL_S) * SECOND)
        self.world.field.ground.watched = False
        self.woke_at.append(self.world.now)
        self._meanwhile(self._silent_since, self.world.now)
        self.next_at = self.world.now + round(self.random.random() * SLOW)
        assert begins >= self._silent_since

    def act(self) -> None:
        """A trouble begins, or the lease is asked about after one."""
        now = self.world.now
        assert self.leading is not None
        if self._silent_since == 0:
            self._last_sign(now)
            if self.random.random() < 0.5:
                self._stands_still, self.next_at = True, 1 << 62
                return
            self.met["line to the lease cut"] += 1
            self._cut_until = now + round(self.random.uniform(5, LONGEST_CUT_S) * SECOND)
            self.next_at = min(self._cut_until, self.leading.stands_down_at)
            return
        self.world.field.ground.watched = self.world.field.in_reach
        holder = f"ours:{self.world.boots}"
        renewed = now >= self._cut_until and now < self.leading.stands_down_at
        if renewed and at_once(self.ours.renew(holder, self.leading.epoch, self.terms.ttl)):
            self.leading = self.leading.renewed(now)
            self._silent_since = 0
            self.next_at = now + round(self.random.uniform(1, 8) * HOUR)
            return
        self.world.stand_down()

    def died(self) -> None:
        """The process is gone; whoever comes next asks anew."""
        if self._silent_since == 0:
            self._last_sign(self.world.now)
        self.leading, self._stands_still = None, False

    # -- inside

    def _well(self, at: Nanos) -> Leading:
        """While all is well a sign is at most a fifth of the time old."""
        assert self.leading is not None
        return self.leading if self._silent_since else self.leading.renewed(at)

    def _last_sign(self, now: Nanos) -> None:
        """All was well until now: the last sign was given a moment ago, and the other one has seen it."""
        assert self.leading is not None
        last = now - round(self.random.random() * self.terms.renew_every)
        self._silent_since = last = max(last, self.reigns[-1].at)
        taken = Leading(epoch=self.leading.epoch, terms=self.terms, until=self.reigns[-1].at + self.terms.ttl)
        self.leading = taken.renewed(last)
        self.table.sign(last)
        seen = last + round(self.random.random() * SECOND)
        self._waits = Waiting(holder="theirs", terms=self.terms, since=self._their(seen), seen=self.table.row())

    def _their(self, now: Nanos) -> Nanos:
        return round(now * (1 + self.drift))

    def _meanwhile(self, since: Nanos, until: Nanos) -> None:
        """What the other one did while we did nothing."""
        at, now = since, self.world.now
        while at and at + SECOND <= until:
            at += SECOND
            self.world.now = at
            self._other(at)
        self.world.now = now

    def _other(self, now: Nanos) -> None:
        """One look of the other controller."""
        if self._theirs_until is not None:
            epoch = self.reigns[-1].epoch
            if now < self._theirs_until:
                self._keep_off(now)
                at_once(self.theirs.renew("theirs", epoch, self.terms.ttl))
                return
            if self.random.random() < 0.5:
                at_once(self.theirs.give_back("theirs", epoch))
            self._theirs_until, self._waits = None, None
            return
        if self._waits is None:
            return  # it has led, and does not want to again before we have
        self._waits = self._waits.look(at_once(self.theirs.look()), self._their(now))
        if self._waits.may_take(self._their(now)):
            epoch = at_once(self.theirs.take(self._waits.seen, "theirs", 0, self.terms.ttl))
            if epoch is not None:
                self._begins_to_reign(now, epoch)

    def _begins_to_reign(self, now: Nanos, epoch: int) -> None:
        self.met["lease taken over"] += 1
        self.reigns.append(Reign(at=now, ours=False, epoch=epoch))
        self._theirs_until = now + round(self.random.uniform(5, LONGEST_REIGN_S) * SECOND)
        for name in self.world.dangerous:
            self.world.field.make_safe(MakeSafe(actuator=name, reason="another controller leads"), now)

    def _keep_off(self, now: Nanos) -> None:
        """What it has not seen off it orders off again."""
        for name in self.world.dangerous:
            if self.world.field.relays[name].on:
                self.world.field.make_safe(MakeSafe(actuator=name, reason="not yet seen off"), now)

    # -- what is held against it

    def broken(self, met: "Met") -> list[str]:
        """18: epochs grow with each reign, and no word of ours left after another one had begun."""
        met["18"] += len(self.words) + len(self.reigns)
        found = [
            f"18: epoch {after.epoch} began at {after.at / SECOND:.0f} s after epoch {before.epoch}"
            for before, after in pairwise(self.reigns)
            if after.epoch <= before.epoch
        ]
        reigns = iter([*self.reigns[1:], Reign(at=1 << 62, ours=True, epoch=0)])
        now, following = self.reigns[0], next(reigns)
        for word in self.words:
            while following.at <= word.at:
                now, following = following, next(reigns)
            if word.epoch < now.epoch or not now.ours:
                found.append(f"18: at {word.at / SECOND:.1f} s a word of epoch {word.epoch} left in epoch {now.epoch}")
                break
        return found + self._unlocked(met)

    def _unlocked(self, met: "Met") -> list[str]:
        """Whoever leads after somebody else knows not what was dosed, and says so."""
        timeline = self.world.journal.timeline
        found: list[str] = []
        epochs = [entry.details["epoch"] for entry in timeline if entry.event_type == "LEASE_TAKEN"]
        if epochs != sorted(set(epochs)):
            found.append(f"18: the timeline tells of the epochs {epochs}")
        dosers = any(part.doser is not None for part in self.world.site.actuators.values())
        theirs = {after.epoch for before, after in pairwise(self.reigns) if not before.ours and after.ours}
        for number, entry in enumerate(timeline):
            if entry.event_type != "LEASE_TAKEN" or entry.details["epoch"] not in theirs:
                continue
            met["18"] += 1
            said = {(later.event_type, later.zone) for later in timeline[number : number + 3]}
            if not entry.details["took_over"] or (dosers and ("DOSING_LOCKED", None) not in said):
                found.append(f"18: epoch {entry.details['epoch']} goes on as if nobody else had led")
        return found
