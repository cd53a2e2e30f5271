"""What is wrong with an answer of a person who writes the first site file: a sentence, or nothing.

An answer is judged where it is given. Whoever mistypes one of forty must not lose the other thirty-nine.
"""

import re
from collections.abc import Callable, Collection
from pathlib import Path
from zoneinfo import available_timezones

Judge = Callable[[str], str]


def zone(text: str) -> str:
    """A time zone by its name."""
    from edgectl.config.rules.places import alike

    return "" if text in available_timezones() else f"there is no time zone {text!r}: {alike(text)}"


def place(text: str) -> str:
    """A serial port that is there, HOST:PORT of a box, or a broker. Empty ends the list."""
    if not text or re.fullmatch(r"(mqtts?://|rtu://)?[A-Za-z0-9_.-]{1,253}:\d{1,5}", text):
        return ""
    if text.startswith("/"):
        return "" if Path(text).exists() else f"there is no {text} on this machine"
    return (
        f"{text!r} is no line: a port begins with /dev/, a box on the network is HOST:PORT, or rtu://HOST:PORT where "
        "it passes a serial line on as it is, a broker mqtt://HOST:PORT"
    )


def addresses(text: str) -> str:
    """One address of a line, or a range of them."""
    found = re.fullmatch(r"(\d{1,3})(?:\.\.(\d{1,3}))?", text)
    good = found is not None and 1 <= int(found[1]) <= int(found[2] or found[1]) <= 247
    return "" if good else "write one address or a range between 1 and 247: 1..32"


def node(text: str) -> str:
    """The name of a node behind a broker, or nothing."""
    good = not text or re.fullmatch("[A-Za-z][A-Za-z0-9_-]{0,47}", text)
    return "" if good else "a node has a name of letters, digits, - and _ in its topics: nd-irrig-1"


def one_of(known: Collection[str]) -> Judge:
    """One of a few words."""
    return lambda text: "" if text in known else f"there is no {text!r}; there are {', '.join(known)}"


def channels(known: Collection[str]) -> Judge:
    """Names of channels of one device, all, or a dash."""

    def judge(text: str) -> str:
        strange = [word for word in re.split(r"[\s,]+", text) if word not in (*known, "all", "-")]
        return f"it has no {', '.join(strange)}; there are {', '.join(known)}" if strange else ""

    return judge


def number(text: str) -> str:
    """A number, or nothing."""
    try:
        return "" if not text or -1e9 < float(text) < 1e9 else f"{text} is out of all bounds"
    except ValueError:
        return f"{text!r} is not a number"


def time_of_day(text: str) -> str:
    """07:30, or nothing."""
    return "" if not text or re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text) else f"{text!r} is no time of day: 07:30 is"
