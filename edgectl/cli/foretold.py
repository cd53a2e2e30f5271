"""What a plan says, in the words and the order in which people read it: by the time of the plan, one line each."""

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from edgectl.cli.words import table
from edgectl.model.codes import SENTENCES, Code
from edgectl.model.time import SECOND, Nanos, to_datetime

if TYPE_CHECKING:
    from edgectl.scheduler.preview import Again, Course, Foreseen, Outlook
    from edgectl.scheduler.schedule import CatchUp

_LAST: Nanos = 1 << 62
A_WEEK: Nanos = 7 * 86_400 * SECOND


def table_of(outlook: "Outlook", course: "Course", zone: ZoneInfo) -> list[str]:
    """One line for each occurrence, by its original time; and one for each time that a clock shows twice."""
    tell = _Clock(course, zone)
    told = [
        # Of two that fall due together the one that goes first stands first.
        (
            (one.occurrence.scheduled_for, one.decided, one.begun or _LAST),
            [one.schedule.name, _fate(one), one.schedule.zone, _what(one), _why(one, tell)],
        )
        for one in outlook.rows
    ]
    told += [
        (
            (one.at, one.step.at, 0),
            [one.schedule.name, "not again", one.schedule.zone, one.schedule.task_type, _twice(one)],
        )
        for one in outlook.again
    ]
    tell.exact = any(tell.on(at).second for (at, _, _), _ in told)
    return table([[tell(at), *words] for (at, _, _), words in sorted(told, key=lambda one: one[0])])


def line(text: str) -> str:
    """One line, whatever a name holds."""
    return " ".join(text.split())


class _Clock:
    """Weekday and time of the house; with the date where a weekday comes twice, and with the name of the time where
    the clocks are changed in between."""

    def __init__(self, course: "Course", zone: ZoneInfo) -> None:
        from edgectl.scheduler.preview import jumps

        self._zone = zone
        ends = (to_datetime(at).astimezone(zone) for at in (course.begin, course.begin + course.span))
        first, last = (moment.tzname() for moment in ends)
        wide = course.span + sum(abs(step.by) for step in course.steps)
        self._form = "%a %d %b %Y" if wide >= A_WEEK else "%a"
        self._name = " %Z" if first != last else ""
        self._jumps = jumps(course)
        self.exact = False  # with seconds throughout: a column of times reads alike

    def __call__(self, at: Nanos) -> str:
        return self.on(at).strftime(f"{self._form} {self.clock(at)}{self._name}")

    def on(self, at: Nanos) -> datetime:
        """As people at the site read it."""
        return to_datetime(at).astimezone(self._zone)

    def clock(self, at: Nanos) -> str:
        """The time of day, with seconds where it has some."""
        return self.on(at).strftime("%H:%M:%S" if self.exact or self.on(at).second else "%H:%M")

    def then(self, at: Nanos, planned: Nanos) -> str:
        """The time of day of what comes of a planned time, with its day where that is another one."""
        day, other = (to_datetime(one).astimezone(self._zone).date() for one in (planned, at))
        return self.clock(at) if day == other else self(at)

    def jumped(self, at: Nanos) -> bool:
        """Was the clock set past this time?"""
        return any(before < at <= after for before, after in self._jumps)


def _twice(one: "Again") -> str:
    return f"it has its row from before the clock is set back by {_span(-one.step.by)}"


def _fate(one: "Foreseen") -> str:
    if one.schedule.task_type == "lighting" and one.occurrence.verdict.value == "run":
        return "on" if one.occurrence.payload.get("on") else "off"
    if one.fate.value == "rejected" or (one.fate.value == "waits" and one.occurrence.verdict.value == "run"):
        return one.fate.value
    return one.occurrence.verdict.value


def _what(one: "Foreseen") -> str:
    """What it does, and how much of it: irrigation 90 s, irrigation 12 L, diagnostics startup."""
    payload = one.occurrence.payload
    amounts = [f"{payload['duration_s']:g} s"] if payload.get("duration_s") is not None else []
    amounts += [f"{payload['volume_l']:g} L"] if payload.get("volume_l") is not None else []
    amounts += [str(payload["workflow"])] if payload.get("workflow") else []
    return " ".join([one.schedule.task_type, *amounts])


def _why(one: "Foreseen", tell: _Clock) -> str:
    row = one.occurrence
    match row.verdict.value:
        case "skip":
            words = _left_out(one, tell)
            return f"{words}; this row stands for all that were missed before it too" if row.folded else words
        case "replay":
            words = f"at about {tell.then(one.begun or one.decided, row.scheduled_for)}, original time kept"
        case _:
            words = _begins(one, tell)
    if one.fate.value == "rejected":
        # It was accepted, and nobody let it in before its patience ended.
        return f"{_in_use(one, tell)}, longer than it may wait: queue_patience {_span(one.schedule.queue_patience)}"
    return words


def _begins(one: "Foreseen", tell: _Clock) -> str:
    row = one.occurrence
    waited = one.begun is not None and one.begun - max(row.scheduled_for, one.decided) >= SECOND
    if row.reason == "reconciled":
        return "reconciled: the window still holds" if row.payload.get("on") else "reconciled: the window is over"
    if row.reason == "queued":
        return f"at about {tell.then(one.begun or one.decided, row.scheduled_for)}, after the run before it"
    if row.cancels:
        return "the run before it is ended for it"
    if row.reason == "max_gap":
        return "at the latest: whatever is measured may ask for it sooner"
    if one.fate.value == "waits" and one.begun is not None:
        return f"{_in_use(one, tell)}; begins at about {tell.then(one.begun, row.scheduled_for)}"
    if waited and one.begun is not None:
        return f"at about {tell.then(one.begun, row.scheduled_for)}, when its turn has come after the start"
    if one.decided - row.scheduled_for >= SECOND:
        return f"at about {tell.then(one.decided, row.scheduled_for)}"
    return ""


def _in_use(one: "Foreseen", tell: _Clock) -> str:
    """Whom a run waits for."""
    if one.behind is None:
        return "what it opens is in use"
    what = one.behind.part or f"{one.schedule.task_type} of {one.schedule.zone}"
    return (
        f"{what} is in use by {one.behind.schedule} until {tell.then(one.behind.until, one.occurrence.scheduled_for)}"
    )


def _left_out(one: "Foreseen", tell: _Clock) -> str:
    reason = one.occurrence.reason
    if reason == Code.CATCHUP_SKIPPED.value:
        cause = "the clock is set past it" if tell.jumped(one.occurrence.scheduled_for) else "down"
        return f"{cause}; {_policy(one.schedule.catch_up)}"
    return SENTENCES[Code(reason)].rstrip(".").lower()


def _policy(rule: "CatchUp") -> str:
    match rule.policy.value:
        case "replay_limited":
            newest = "the newest" if rule.max == 1 else f"the newest {rule.max}"
            return f"replay takes only {newest} within {_span(rule.within)}"
        case "replay_all":
            return f"replay takes only what is not older than {_span(rule.within)}"
    return "what was missed is not repeated"


def _span(nanos: Nanos) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if nanos % (size * SECOND) == 0:
            return f"{nanos // (size * SECOND)} {unit}"
    return f"{nanos / SECOND:g} s"
