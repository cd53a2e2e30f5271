"""On which days a schedule counts at all: days of the week, and a part of the year."""

from dataclasses import dataclass
from datetime import date, timedelta

EVERY_WEEKDAY = frozenset(range(7))
LONGEST_WAIT = 41 * 366  # days: 29 February meets each day of the week within forty years, also across 2100


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """From one (month, day) to another, both included. It wraps over New Year when the first is the later one."""

    first: tuple[int, int]
    last: tuple[int, int]

    def holds(self, day: date) -> bool:
        """Does the day belong to the season?"""
        here = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Local days. `week` counts from Monday as 0."""

    week: frozenset[int] = EVERY_WEEKDAY
    season: Season | None = None

    @property
    def all(self) -> bool:
        """True when no day is left out."""
        return self.season is None and self.week == EVERY_WEEKDAY

    def allow(self, day: date) -> bool:
        """Does the schedule count on this day?"""
        return day.weekday() in self.week and (self.season is None or self.season.holds(day))

    def following(self, day: date) -> date | None:
        """The first day after this one on which the schedule counts; None when there is none for forty years."""
        later = (day + timedelta(days=n) for n in range(1, LONGEST_WAIT))
        return next((one for one in later if self.allow(one)), None)


ANY_DAY = Days()
