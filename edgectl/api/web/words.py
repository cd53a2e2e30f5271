"""Words that a grower uses, in English and in Russian. English stands in the templates and in the dictionary of codes;
the Russian of both stands in ru.json, and a test finds what is missing there."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from edgectl.api.web.plurals import fitted
from edgectl.api.web.told import in_russian, russian
from edgectl.model.codes import MEANINGS, Code
from edgectl.model.events import HAPPENINGS, Event
from edgectl.model.kept import BEHIND, WAS_KEPT

LANGUAGES = {"en": "English", "ru": "Русский"}
_DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "ru": ("пн", "вт", "ср", "чт", "пт", "сб", "вс"),
}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}
# Words of the machine for which English has better ones.
_ENGLISH = {
    "effect none": "none",
    "effect partial": "partial",
    "effect full": "full",
    "effect unknown": "unknown",
    "mode auto": "itself, by its schedules",
    "mode semi": "it proposes, a person releases",
    "mode manual": "people alone",
    "missed failed": "failed",
    "missed rejected": "rejected",
    "missed expired": "expired",
    "missed left out": "left out",
    "kept hold": "on hold",
    "kept lock": "locked for service",
    "kept stop all": "everything is stopped",
    "kept stop water": "the water is stopped",
    "kept manual": "people alone",
    "kept semi": "it proposes, a person releases",
    **{f"behind {rule.replace('_', ' ')}": until for rule, until in BEHIND.items()},
    **{
        f"was {what.replace('_', ' ')}": f"{was[0].upper()}{was[1:]}."
        for what, was in WAS_KEPT.items()
        if what != "hold"
    },
    "priority critical": "critical",
    "priority high": "important",
    "priority low": "can wait",
    "water": "watering",
    "mist": "misting",
    "prepare": "preparing the solution",
    "recover": "putting the solution right",
    "judge": "judging the solution",
    "refill": "topping up",
    "clean fill": "filling clean water",
    "solution fill": "filling the solution tank",
    "irrigation fill": "filling the plants' tank",
    "await water": "waiting for water",
    "drain": "draining",
    "drain shut": "shutting the drain",
    "ventilate": "ventilating",
    "heat": "heating",
    "circulate": "circulating",
    "switch": "switching",
    "page": "this page",
    "api": "a program",
    "cli": "the command line",
    "self": "the controller itself",
    "centre": "the centre",
}
_UNLOCK = re.compile(r"release it with: edgectl unlock \S+")
_CODES = {code.value for code in Code}
_EVENTS = {event.value for event in Event}


class Words:
    """One language at one site."""

    def __init__(self, language: str, timezone: str) -> None:
        self.language = language if language in LANGUAGES else "en"
        self.timezone, self._zone = timezone, ZoneInfo(timezone)
        self._page: Mapping[str, str] = russian()["page"] if self.language == "ru" else _ENGLISH

    def __call__(self, text: str, **fields: Any) -> str:
        """A phrase of the page."""
        said = self._page.get(text, text)
        return fitted(said, fields, self.language).format(**fields) if fields else said

    def sentence(self, code: str | None) -> str:
        """A code in words; a code that nobody knows stands for itself."""
        if code is None or code not in _CODES:
            return code or ""
        english = MEANINGS[Code(code)].sentence
        return str(russian()["codes"].get(code, english)) if self.language == "ru" else english

    def advice(self, code: str | None) -> str:
        """What to do about a code."""
        if code is None or code not in _CODES or (advice := MEANINGS[Code(code)].advice) is None:
            return ""
        return str(russian()["advice"].get(code, "")) if self.language == "ru" else advice

    def told(self, text: str) -> str:
        """A sentence of an alarm or a guard, with its numbers, or a code; a shape that nobody knows stays English."""
        if text in _CODES:
            return self.sentence(text)
        if self.language == "en":
            text = text.replace("release it with: edgectl resume", "release the stop at the top of this page first")
            return _UNLOCK.sub("only they take the lock off, or an engineer", text)
        return in_russian(text, self, russian()["codes"]) or text

    def event(self, kind: str) -> str:
        """A type of line in words."""
        if kind not in _EVENTS:
            return kind
        english = HAPPENINGS[Event(kind)].sentence
        return str(russian()["events"].get(kind, english)) if self.language == "ru" else english

    def codes_about(self, text: str) -> set[str]:
        """The codes whose sentence holds these words."""
        wanted = text.strip().lower()
        return {code for code in _CODES if wanted and wanted in self.sentence(code).lower()}

    def hint(self, text: str) -> str:
        """What to do next, for whoever has the page alone: no command, and nothing in a language that is not theirs."""
        said = self(text)
        return "" if "edgectl" in text or (said == text and self.language != "en") else said

    def named(self, word: str) -> str:
        """A word of the machine that has a word of people: a type of task, a stage, a role, a status."""
        return self(word.replace("_", " "))

    def kept(self, why: str) -> str:
        """What keeps a run, in words that no button has; what a guard said instead is told as it is."""
        phrase = f"kept {why.replace('_', ' ')}"
        said = self(phrase)
        return self.told(why) if said == phrase else said

    def left_out(self, code: str | None, why: str | None) -> str:
        """Why a run was left out. One code stands for whatever people put on: which of it that was is said alone."""
        if why is None or why in ("", code):
            return self.sentence(code)
        was = self(f"was {why.replace('_', ' ')}")
        if code == Code.HOLD.value and was != f"was {why.replace('_', ' ')}":
            return was
        return f"{self.sentence(code)} ({self.kept(why)})"

    def number(self, value: float) -> str:
        """A measurement with as many digits as anybody reads, and the comma of the language."""
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        text = f"{value:.{digits}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace(".", ",") if self.language == "ru" else text

    def fine(self, value: float) -> str:
        """A number as it is measured when it matters: three digits behind the point at most."""
        text = f"{value:.3f}".rstrip("0").rstrip(".")
        return text.replace(".", ",") if self.language == "ru" else text

    def unit(self, unit: str) -> str:
        """A unit as people write it."""
        return self({"degC": "°C", "m3": "m³", "l": "L"}.get(unit, unit))

    def amount(self, name: str, value: float) -> str:
        """How much of something moved: `pump_s` and 3 are pump 3 s."""
        what, _, unit = name.rpartition("_")
        return f"{(what or name).replace('_', ' ')} {self.number(value)} {self.unit(unit) if what else ''}".rstrip()

    def span(self, seconds: float | None) -> str:
        """A duration at a glance."""
        if seconds is None:
            return self("never")
        seconds = max(0.0, seconds)
        for size, unit, part, next_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
            if seconds >= size:
                whole, rest = divmod(int(seconds), size)
                more = f" {rest // part} {self(next_unit)}" if rest // part else ""
                return f"{whole} {self(unit)}{more}"
        return f"{seconds:.0f} {self('s')}"

    def minutes(self, seconds: float) -> str:
        """A time ahead that nobody counts in seconds: in whole minutes, rather too long."""
        return self.span(-(-seconds // 60) * 60)

    def left(self, until: str, now: str) -> str:
        """How long it is until then."""
        return self.span((datetime.fromisoformat(until) - datetime.fromisoformat(now)).total_seconds())

    def clock(self, iso: str | None, *, millis: bool = False) -> str:
        """The time of day at the site."""
        if iso is None:
            return ""
        moment = self._local(iso)
        return moment.strftime("%H:%M:%S") + (f".{moment.microsecond // 1000:03d}" if millis else "")

    def minute(self, iso: str | None) -> str:
        """Day and minute, as one says it."""
        if iso is None:
            return ""
        moment = self._local(iso)
        return f"{_DAYS[self.language][moment.weekday()]} {moment:%H:%M}"

    def date(self, iso: str) -> str:
        """The day of the site's calendar, as 2026-06-01."""
        return self._local(iso).date().isoformat()

    def long_date(self, day: str) -> str:
        """A day of the calendar, as one says it: Wed 25 November 2026."""
        at = date.fromisoformat(day)
        return f"{_DAYS[self.language][at.weekday()]} {at.day} {_MONTHS[self.language].split()[at.month - 1]} {at.year}"

    def _local(self, iso: str) -> datetime:
        return datetime.fromisoformat(iso).astimezone(self._zone)


def language_of(query: str | None, cookie: str, accepted: str) -> str:
    """What a reader reads: what was asked for, else what was chosen before, else what the browser prefers."""
    for wanted in (query or "", cookie, *(part.strip()[:2].lower() for part in accepted.split(","))):
        if wanted in LANGUAGES:
            return wanted
    return "en"
