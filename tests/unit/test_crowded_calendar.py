"""A file of ten thousand schedules is checked without a walk along each calendar and without a search through each
mistake, and nothing of what is said changes by that."""

import random
import time
from itertools import islice, pairwise

import pytest

from edgectl.config import calendars
from edgectl.config.findings import Findings
from edgectl.config.problems import Mark
from edgectl.config.source import Path, Table
from edgectl.model.time import SECOND
from edgectl.scheduler.cadence import strikes
from edgectl.scheduler.days import ANY_DAY
from edgectl.scheduler.schedule import Cron

MINUTES = ["0", "30", "5,50", "*/20", "59", "0-3", "*", "7/13"]
HOURS = ["0", "6", "23", "0,23", "6-20/2", "*", "*/5", "8-9"]
DAYS = ["*", "1", "15", "L", "*/2", "31"]
WEEKDAYS = ["*", "1", "1-5", "0,6", "5L", "1#2"]


def crontabs(many: int) -> list[str]:
    lot = random.Random(3)
    pick = lot.choice
    return [
        f"{pick(MINUTES)} {pick(HOURS)} {pick(DAYS)} {pick(['*', '2', '4-9'])} {pick(WEEKDAYS)}" for _ in range(many)
    ]


def test_no_calendar_strikes_closer_than_the_quick_look_says() -> None:
    met = 0
    for crontab in crontabs(60):
        found = list(islice(strikes(Cron(expression=crontab), calendars.ANY_DAY, calendars.ANYWHERE, ANY_DAY), 60))
        gap = min(b - a for a, b in pairwise(found))
        assert calendars.never_closer(crontab) <= gap, crontab
        assert gap == calendars.least_gap(crontab), crontab
        met += calendars.never_closer(crontab) == gap
    assert met > 20, "a look that sees nothing but one second would pass too"


def test_patience_is_the_same_with_and_without_the_quick_look(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [Cron(expression=crontab) for crontab in crontabs(40)]
    quick = [calendars.queue_patience(one, ANY_DAY, shared=True) for one in cases]
    monkeypatch.setattr(calendars, "never_closer", lambda crontab: SECOND)
    assert quick == [calendars.queue_patience(one, ANY_DAY, shared=True) for one in cases]
    assert len(set(quick)) > 3


def test_thirty_thousand_mistakes_are_found_by_their_place() -> None:
    findings = Findings(Table(mark=Mark(file="f", line=1, column=1)))
    places: list[Path] = [("schedules", f"s{n}", "zone") for n in range(30_000)]
    begin = time.process_time()
    for place in places:
        assert not findings.refused(place)
        findings.value(place, "is wrong")
    # A search through all of them for each of them takes a minute.
    assert time.process_time() - begin < 10
    assert all(findings.refused(place) and findings.refused(place[:2]) for place in places)
    assert findings.refused(())
    assert not findings.refused(("schedules", "s1", "zone", "deeper"))
    assert not findings.refused(("schedules", "other"))
