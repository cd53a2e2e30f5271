"""What the lines of an EZO circuit mean as an answer to one question. Pure: lines in, an outcome or None out.

Two rules. An answer that names its question is complete with the `*OK` behind it; what came before it is older. A
reading names nothing and is believed only as exactly one line and its `*OK`: any other line beside it spoils it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edgectl.drivers.askplan import Ask
from edgectl.drivers.codecs import ezo
from edgectl.drivers.codecs.ezo import RESTARTS, Bare, Done, Event, Happened, Line, Named, No, Ok
from edgectl.drivers.languages.seam import Differs, Fits, Lost, Measured, Outcome, Refused, Shown, Taken
from edgectl.drivers.profile import Channel, Setting
from edgectl.model.inputs import ReplyStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A channel, and the place of its number among the fields of an answer."""

    full: str
    channel: Channel
    place: int
    count: int


def stopped(said: tuple[Line, ...]) -> Outcome | None:
    """An OFF counts when the pump says how much it gave. A bare *OK may be of another order, and an *ER answers what
    the circuit had half heard before: the OFF is owed on, until it is repeated with success or the pump seen to stand.
    """
    lost = event(said)
    if lost is not None and lost.restarted:
        return lost
    if any(isinstance(item, Done) for item in said):
        return Taken()
    code = next(("*OK" if isinstance(item, Ok) else "*ER" for item in said if item in (Ok(), No(code="*ER"))), None)
    return None if code is None else Refused(status=ReplyStatus.ERROR, why=f"{code} does not say that it has stopped")


def taken(said: tuple[Line, ...]) -> Outcome | None:
    """An order counts with its *OK, and only when nothing else was said."""
    if (lost := event(said)) is not None:
        return lost
    why = ""
    for item in said:
        match item:
            case Ok() if not why:
                return Taken()
            case No(code="*ER"):
                return Refused(status=ReplyStatus.INVALID, why=f"the circuit answers {why}*ER")
            case No():
                why += f"{item.code} "
            case Done():
                pass  # the end of the dose before
            case _:
                return _crossed(item)
    return None


def set_up(said: tuple[Line, ...], setting: Setting) -> Outcome | None:
    """A setting. What a circuit in continuous mode prints in between is passed over: it is being told to stop."""
    if not setting.name:
        if (lost := event(said)) is not None:
            return lost
        refusal = next((item for item in said if isinstance(item, No) and item.code == "*ER"), None)
        if refusal is not None:
            return Refused(status=ReplyStatus.INVALID, why=f"the circuit answers *ER to {setting.command}")
        return Fits() if any(isinstance(item, Ok) for item in said) else None
    answer = named(said, setting.name)
    if not isinstance(answer, Named):
        return answer
    spoken = ",".join(answer.fields[:1] if setting.first else answer.fields)
    if spoken.lower() in setting.answers:
        return Fits()
    return Differs(why=f"{setting.what} is {spoken or 'nothing'}, it must be {' or '.join(setting.answers)}")


def running(said: tuple[Line, ...], ask: Ask) -> Outcome | None:
    """Whether a pump dispenses: the last field, 1 or 0."""
    answer = named(said, ask.name)
    if not isinstance(answer, Named):
        return answer
    if answer.fields[-1:] not in (("0",), ("1",)):
        return Lost(why=f"no believable answer to {ask.command}: {','.join(answer.fields)}")
    return Shown(states=tuple((name, answer.fields[-1] == "1") for name in ask.outputs))


def measured(said: tuple[Line, ...], ask: Ask, wanted: tuple[Wanted, ...]) -> Outcome | None:
    """The numbers of one answer, each held against the range of its channel."""
    if ask.name:
        answer = named(said, ask.name)
        if not isinstance(answer, Named):
            return answer
        return Measured(values=tuple((item.full, _value(answer.fields, item)) for item in wanted))
    if (lost := event(said)) is not None:
        return lost
    texts: tuple[str, ...] | None = None
    for place, item in enumerate(said):
        match item:
            case Bare() if texts is None:
                texts = item.texts
            case Bare():
                return Lost(why="speaks unasked: two readings to one question", anew=True)
            case Ok() if texts is not None and place == len(said) - 1:
                return Measured(values=tuple((one.full, _value(texts, one)) for one in wanted))
            case No():
                return Refused(status=ReplyStatus.ERROR, why=f"the circuit answers {item.code} to {ask.command}")
            case _:
                return _crossed(item)
    return None


def _value(texts: tuple[str, ...], wanted: Wanted) -> float | str:
    channel = wanted.channel
    assert channel.asked is not None
    if len(texts) != wanted.count:
        return f"{','.join(texts)} has {len(texts)} fields, {wanted.count} are expected"
    value = ezo.number(texts[wanted.place], channel.asked.decimals)
    if value is None:
        return f"{texts[wanted.place]} is no number of the form that this circuit prints"
    if (channel.low is not None and value < channel.low) or (channel.high is not None and value > channel.high):
        return f"{value:g} {channel.unit} is impossible for this device"
    return value


def named(said: tuple[Line, ...], name: str) -> Named | Outcome | None:
    """The answer that bears this name, once its *OK has come. What was said before it is older and passed over."""
    if (lost := event(said)) is not None:
        return lost
    for place, item in enumerate(said):
        if isinstance(item, Named) and item.name == name:
            after = [other for other in said[place + 1 :] if not isinstance(other, Done)]
            if not after:
                return None
            return item if isinstance(after[0], Ok) else _crossed(after[0])
    if said and said[-1] == No(code="*ER"):
        return Refused(status=ReplyStatus.ERROR, why=f"the circuit answers *ER to the question for {name}")
    return None


def event(said: Iterable[Line]) -> Lost | None:
    """What the circuit says of itself, when that spoils the exchange."""
    for item in said:
        if isinstance(item, Happened):
            code = item.event.value
            if item.event in RESTARTS:
                return Lost(why=f"has restarted ({code}); what it was doing is unknown", anew=True, restarted=True)
            if item.event in (Event.OVERVOLTAGE, Event.UNDERVOLTAGE):
                return Lost(why=f"its supply voltage is out of range ({code})")
            return Lost(why=f"has slept ({code})", anew=True)
    return None


def _crossed(item: Line) -> Lost:
    return Lost(why=f"no believable answer: {item}")
