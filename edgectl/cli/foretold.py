"""What a plan says, in the words and the order in which people read it: by the time of the plan, one line each."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from edgectl.cli.words import table
from edgectl.model.codes import SENTENCES, Code
from edgectl.model.time import SECOND, Nanos, to_datetime

if TYPE_CHECKING:
    from edgectl.scheduler.preview import Course, Foreseen
    from edgectl.scheduler.schedule import CatchUp

A_WEEK: Nanos = 7 * 86_400 * SECOND


def table_of(foreseen: tuple["Foreseen", ...], course: "Course", zone: ZoneInfo) -> list[str]:
    """One line for each occurrence, by its original time."""
    tell = _Clock(course, zone)
    ordered = sorted(foreseen, key=lambda one: (one.occurrence.scheduled_for, one.decided))
    return table(
        [[tell(one.occurrence.scheduled_for), one.schedule.name, _fate(one), _why(one, tell)] for one in ordered]
    )


def line(text: str) -> str:
    """One line, whatever a name holds."""
    return " ".join(text.split())


class _Clock:
    """Weekday and time of the house; with the date where a weekday comes twice, and with the name of the time where
    the clocks are changed in between."""

    def __init__(self, course: "Course", zone: ZoneInfo) -> None:
        self._zone = zone
        ends = (to_datetime(at).astimezone(zone) for at in (course.begin, course.begin + course.span))
        first, last = (moment.tzname() for moment in ends)
        self._form = "%a %d %b %Y" if course.span >= A_WEEK else "%a"
        self._name = " %Z" if first != last else ""

    def __call__(self, at: Nanos) -> str:
        return to_datetime(at).astimezone(self._zone).strftime(f"{self._form} {self.clock(at)}{self._name}")

    def clock(self, at: Nanos) -> str:
        """The time of day, with seconds where it has some."""
        moment = to_datetime(at).astimezone(self._zone)
        return moment.strftime("%H:%M:%S" if moment.second else "%H:%M")


def _fate(one: "Foreseen") -> str:
    if one.schedule.task_type == "lighting" and one.occurrence.verdict.value == "run":
        return "on" if one.occurrence.payload.get("on") else "off"
    return one.occurrence.verdict.value


def _why(one: "Foreseen", tell: _Clock) -> str:
    row = one.occurrence
    match row.verdict.value:
        case "skip":
            words = _left_out(one)
            return f"{words}; this row stands for all that were missed before it too" if row.folded else words
        case "replay":
            words = f"at about {tell.clock(one.begun or one.decided)}, original time kept"
        case _:
            words = _begins(one, tell)
    if one.begun is None:
        # It was accepted, and nobody let it in before its patience ended.
        parts = "what it opens is in use"
        return f"{parts} until after it was due: rejected" if not words else f"{words}; {parts}: rejected"
    return words


def _begins(one: "Foreseen", tell: _Clock) -> str:
    row = one.occurrence
    waited = one.begun is not None and one.begun - max(row.scheduled_for, one.decided) >= SECOND
    if row.reason == "reconciled":
        return "reconciled: the window still holds" if row.payload.get("on") else "reconciled: the window is over"
    if row.reason == "queued":
        return f"at about {tell.clock(one.begun or one.decided)}, after the run before it"
    if row.cancels:
        return "the run before it is ended for it"
    if row.reason == "max_gap":
        return "at the latest: whatever is measured may ask for it sooner"
    if waited and one.begun is not None:
        return f"at about {tell.clock(one.begun)}, when the parts that it opens are free"
    if one.decided - row.scheduled_for >= SECOND:
        return f"at about {tell.clock(one.decided)}"
    return ""


def _left_out(one: "Foreseen") -> str:
    reason = one.occurrence.reason
    if reason == Code.CATCHUP_SKIPPED.value:
        return f"down; {_policy(one.schedule.catch_up)}"
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
