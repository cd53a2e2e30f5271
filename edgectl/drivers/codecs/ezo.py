"""Atlas EZO circuits as bytes: ASCII lines that end with a carriage return, both ways.

Two rules. Nothing here raises: a line is one of the kinds below or a `Fault` with its bytes. A number is one only when
it has the plain form that the circuits print ("9.560", never "nan", "1e3" or "012"), so that a line that lost its head
does not pass for a smaller value. There is no checksum: what a line is worth is for its reader to decide.

Source: Atlas Scientific datasheets of EZO pH v5.8, EC v6.2, DO v4.1 and PMP; framing also Raspberry-Pi-sample-code,
uart.py.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

END = b"\r"
LONGEST_LINE = 60  # characters; the longest line of these circuits has about 40
LONGEST_ORDER = 40
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,6})(?:\.[0-9]{1,4})?")
_PRINTABLE = re.compile(rb"[\x20-\x7e]+")


class Event(StrEnum):
    """What a circuit says of itself, asked or not."""

    OVERVOLTAGE = "*OV"
    UNDERVOLTAGE = "*UV"
    RESET = "*RS"
    READY = "*RE"
    ASLEEP = "*SL"
    AWAKE = "*WA"


RESTARTS = frozenset({Event.RESET, Event.READY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ok:
    """The command was carried out, and everything that it prints has been printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class No:
    """The command was refused. `*TOOFAST` and `*MINVOL` say why before the `*ER` itself comes."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event of the circuit."""

    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A pump has ended a job, by itself or by `X`. `ml` is what it gave."""

    ml: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An answer that names its question: "?ATV,434.50" has the name "atv" and one field. Names are in lower case."""

    name: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """Numbers that name no question: a reading, or what continuous mode prints. The texts keep their decimals."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A line that must not be believed, with its bytes."""

    why: str
    raw: bytes

    def __str__(self) -> str:
        return f"{self.why} ({self.raw[:LONGEST_LINE].hex(' ') or 'no bytes'})"


Line = Ok | No | Happened | Done | Named | Bare | Fault


def command(text: str) -> bytes:
    """One command as it goes on the line. A command is ours, so a wrong one is a mistake here."""
    data = text.encode("ascii")
    assert _PRINTABLE.fullmatch(data), f"{text!r} is no command"
    assert len(data) <= LONGEST_ORDER, f"{text!r} is no command"
    return data + END


def dispense(ml: float, minutes: float) -> str:
    """Give a volume in ml spread over a time in minutes; the pump ends it by itself ("D,25.0,10" in the datasheet).

    Negative volumes, which run the pump backwards, are not ours to order. Raises ValueError for what cannot be written.
    """
    volume, span = f"{ml:.2f}", f"{minutes:.4f}"
    if not (float(volume) > 0 and float(span) > 0 and _NUMBER.fullmatch(volume) and _NUMBER.fullmatch(span)):
        raise ValueError(f"{ml:g} ml in {minutes * 60:g} s cannot be ordered from a dosing pump")
    return f"D,{volume},{span}"


def lines(heard: bytes) -> tuple[Line, ...]:
    """Every complete line. What stands after the last end is still to come, unless it is too long to become a line."""
    *whole, rest = heard.split(END)
    found = tuple(line(raw) for raw in whole)
    if len(rest) > LONGEST_LINE:
        return (*found, Fault(why="the line has no end", raw=rest))
    return found


def line(raw: bytes) -> Line:
    """What one line says, without its end."""
    if len(raw) > LONGEST_LINE:
        return Fault(why="the line is too long", raw=raw)
    if not _PRINTABLE.fullmatch(raw):
        return Fault(why="the line is not plain text" if raw else "the line is empty", raw=raw)
    text = raw.decode("ascii")
    if text.startswith("*"):
        return _code(text, raw)
    if text.startswith("?"):
        # Some answers of the DO circuit are printed as "?,O,%,mg" and not as "?O,%,mg".
        name, *fields = text[1:].removeprefix(",").split(",")
        return Named(name=name.lower(), fields=tuple(fields)) if name else Fault(why="the answer has no name", raw=raw)
    texts = tuple(text.split(","))
    if all(_NUMBER.fullmatch(item) for item in texts):
        return Bare(texts=texts)
    return Fault(why="the line is no answer", raw=raw)


def number(text: str, decimals: int | None = None) -> float | None:
    """The number in a field, or None. With `decimals` it has exactly so many, as the circuit always prints them."""
    if not _NUMBER.fullmatch(text):
        return None
    printed = len(text.partition(".")[2])
    return float(text) if decimals is None or printed == decimals else None


def _code(text: str, raw: bytes) -> Line:
    if text == "*OK":
        return Ok()
    if text in ("*ER", "*TOOFAST", "*MINVOL"):
        return No(code=text)
    if text in _EVENTS:
        return Happened(event=_EVENTS[text])
    word, _, volume = text.partition(",")
    ml = number(volume)
    if word == "*DONE" and ml is not None:
        return Done(ml=ml)
    return Fault(why="the code is not known", raw=raw)


_EVENTS = {event.value: event for event in Event}
