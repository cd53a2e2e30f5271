"""One schedule lived through in virtual time: runs that take a while, downtime, new boots, clocks that step.

Whatever is done to it, each look holds the promises of the calendar: no occurrence twice, none without a row, the
cursor never backwards, late runs as the policy says, one run at a time.
"""

from dataclasses import dataclass, field, replace
from itertools import takewhile
from zoneinfo import ZoneInfo

from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.model.timeline import Cursor
from edgectl.scheduler.ahead import AHEAD, brought_back
from edgectl.scheduler.cadence import strikes
from edgectl.scheduler.catchup import RATE
from edgectl.scheduler.occurrence import Occurrence, Verdict
from edgectl.scheduler.plan import due, wake_at
from edgectl.scheduler.schedule import Every, Policy, Schedule


@dataclass(slots=True, kw_only=True)
class Life:
    """`mono` and `wall` go on together until somebody steps the one or boots the machine. A run lasts `takes`."""

    schedule: Schedule
    zone: ZoneInfo
    wall: Nanos
    mono: Nanos = 0
    takes: Nanos = 90 * SECOND
    room: int = RATE
    cursor: Cursor | None = None
    trust: Trust = Trust.SYNCED
    rows: list[tuple[Occurrence, Nanos]] = field(default_factory=list)  # and the wall instant of the look
    names: list[tuple[int, Nanos]] = field(default_factory=list)  # a calendar that is brought back begins a round
    ends: Nanos | None = None  # mono

    def look(self) -> tuple[Occurrence, ...]:
        """One turn."""
        if self.ends is not None and self.mono >= self.ends:
            self._finish()
        now = Now(mono=self.mono, wall=self.wall, trust=self.trust)
        self.cursor = brought_back(self.schedule, self.cursor, now) or self.cursor
        before, busy = self.cursor, self.ends is not None
        planned = due(
            self.schedule,
            before,
            now,
            self.zone,
            busy=busy,
            lost=False,
            room=self.room,
        )
        self.cursor = planned.cursor
        self._hold_promises(before, planned.occurrences, busy)
        self.rows += [(one, self.wall) for one in planned.occurrences]
        self.names += [
            (self.cursor.round, one.scheduled_for) for one in planned.occurrences if one.reason != "reconciled"
        ]
        if any(one.verdict is not Verdict.SKIP for one in planned.occurrences):
            self.ends = self.mono + self.takes
        return planned.occurrences

    def live(self, span: Nanos) -> None:
        """Time passes; the daemon looks whenever the plan asks for it."""
        until = self.mono + span
        while True:
            self.look()
            assert self.cursor is not None
            wake = None
            if self.trust is Trust.SYNCED or isinstance(self.schedule.cadence, Every):
                wake = wake_at(self.schedule, self.cursor, Now(mono=self.mono, wall=self.wall), self.zone)
            upcoming = min([until, *(at for at in (wake, self.ends) if at is not None and at > self.mono)])
            self.wall += upcoming - self.mono
            self.mono = upcoming
            if upcoming == until:
                self.look()
                return

    def down(self, span: Nanos, *, boot: bool = False) -> None:
        """The daemon is off; a run that was on has ended when it is back. A boot begins the monotonic clock anew."""
        self.wall += span
        self.mono = 5 * SECOND if boot else self.mono + span
        if self.ends is not None:
            self._finish()

    def doubt(self, span: Nanos) -> None:
        """Nobody knows for a while what time it is."""
        self.trust = Trust.UNTRUSTED
        self.live(span)
        self.trust = Trust.SYNCED

    def step(self, by: Nanos) -> None:
        """Somebody sets the wall clock."""
        self.wall += by

    def of(self, verdict: Verdict) -> list[Nanos]:
        """The original times of all rows with a verdict."""
        return [row.scheduled_for for row, _ in self.rows if row.verdict is verdict]

    def unanswered(self, since: Nanos) -> list[Nanos]:
        """Strikes that the cursor has passed and no row stands for."""
        assert self.cursor is not None
        assert not isinstance(self.schedule.cadence, Every)
        passed = self.cursor.position
        found = strikes(self.schedule.cadence, since, self.zone, self.schedule.days)
        answered = {row.scheduled_for for row, _ in self.rows}
        covered = []
        times = [row.scheduled_for for row, _ in self.rows]
        for index, (row, _) in enumerate(self.rows):
            if row.folded:
                covered.append((times[index - 1] if index else since, row.scheduled_for))
        return [
            at
            for at in takewhile(lambda at: at <= passed, found)
            if at not in answered and not any(low < at <= high for low, high in covered)
        ]

    def _finish(self) -> None:
        assert self.cursor is not None
        self.cursor = replace(self.cursor, last_finished=self.mono)
        self.ends = None

    def _hold_promises(self, before: Cursor | None, rows: tuple[Occurrence, ...], busy: bool) -> None:
        assert self.cursor is not None
        low = self.wall - 1 if before is None else before.position
        trusted = self.trust is not Trust.UNTRUSTED
        assert not trusted or self.cursor.position - self.wall <= AHEAD, "it sleeps until another day"
        assert self.cursor.position >= low, "the cursor went back"
        # What brings a window about anew stands for no time of the calendar.
        times = [row.scheduled_for for row in rows if row.reason != "reconciled"]
        assert times == sorted(set(times)), "an occurrence twice, or out of order"
        assert all(low < at <= self.cursor.position for at in times), "a row for what was answered, or for what is not"
        started = [row for row in rows if row.verdict is not Verdict.SKIP]
        assert len(started) <= 1, "more than one run at a time"
        assert not started or not busy or started[0].reason == "window" or started[0].cancels, "two runs at a time"
        for row in started:
            if row.verdict is Verdict.REPLAY:
                self._keeps_policy(row)

    def _keeps_policy(self, row: Occurrence) -> None:
        rule, cadence = self.schedule.catch_up, self.schedule.cadence
        assert not isinstance(cadence, Every)
        assert rule.policy is not Policy.SKIP
        assert self.wall - row.scheduled_for <= rule.within, "older than the policy allows"
        assert row.payload["catchup_policy"] == rule.policy.value
        if rule.policy is Policy.REPLAY_LIMITED:
            owed = takewhile(
                lambda at: at <= self.wall, strikes(cadence, row.scheduled_for - 1, self.zone, self.schedule.days)
            )
            assert len(list(owed)) <= rule.max, "more than the policy allows"
