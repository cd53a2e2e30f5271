"""Who is on a Modbus line: asks, never writes. A unit that answers is held against every profile.

What is known of a unit grows answer by answer, so that whoever is broken off in the middle keeps what he has.

An exception is an answer too: the device lives, it only has no such register. Bytes that never make a frame, and do not
when they are asked for again, are two devices that talk at once, or noise; words that can be read are a line that
speaks no Modbus at all. What a device is called is a guess from its registers, as good as its profile.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from edgectl.drivers import registry
from edgectl.drivers.codecs import modbus
from edgectl.drivers.codecs.modbus import BadReply, DeviceRefused, Request
from edgectl.drivers.decode import mismatch, readers_of, values_of
from edgectl.drivers.pollplan import Block, shown_at
from edgectl.drivers.profile import Channel, Check, Profile
from edgectl.drivers.talk import NoReply

QUESTIONS = (3, 4, 1)  # holding registers, input registers, coils: every device knows one of them
MOST_GUESSES = 6
_WORDS = re.compile(rb"[\x20-\x7e]{2,60}\r")  # what an EZO circuit or a console says; no checksum looks like it twice


class Asks(Protocol):
    """A line that carries one question after the other."""

    def exchange(self, request: Request) -> bytes:
        """The reply PDU. Raises BadReply; NoReply when nothing came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A profile that fits, and what the device reads under it. `marks` are what only such a device holds so."""

    profile: str
    marks: tuple[tuple[str, float], ...]  # what it is, and the value
    values: tuple[tuple[str, float, str], ...]  # channel, value, unit

    @property
    def proven(self) -> int:
        """How many marks it has."""
        return len(self.marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one unit said. `functions` are those that it answered; `noise` are bytes that made no frame; `text` is what
    the line said instead in plain words, whoever was asked. It is `whole` when nothing is left to ask."""

    unit: int
    functions: tuple[int, ...] = ()
    noise: str = ""
    text: str = ""
    guesses: tuple[Guess, ...] = ()
    whole: bool = True

    @property
    def there(self) -> bool:
        """True when something spoke."""
        return bool(self.functions or self.noise or self.text)


class _Remembers:
    """Asks one device each question once: many profiles ask the same, and all of them must see the same moment."""

    def __init__(self, line: Asks) -> None:
        self._line = line
        self._known: dict[bytes, bytes | BadReply] = {}

    def exchange(self, request: Request) -> bytes:
        """The reply of the first time."""
        if request.pdu not in self._known:
            try:
                self._known[request.pdu] = self._line.exchange(request)
            except BadReply as bad:
                self._known[request.pdu] = bad
        known = self._known[request.pdu]
        if isinstance(known, BadReply):
            raise known
        return known


def body(found: Found) -> dict[str, Any]:
    """One unit as JSON."""
    return {
        "unit": found.unit,
        "answers": list(found.functions),
        "collides": bool(found.noise),
        "speaks": found.text or None,
        "whole": found.whole,
        "guesses": [
            {
                "profile": g.profile,
                "proven": g.proven,
                "marks": dict(g.marks),
                "reads": {name: value for name, value, _ in g.values},
                "units": {name: unit for name, _, unit in g.values},
            }
            for g in found.guesses
        ],
    }


def found_in(told: dict[str, Any]) -> Found:
    """One unit from its JSON, as a daemon tells it."""
    guesses = tuple(
        Guess(
            profile=row["profile"],
            marks=tuple(row["marks"].items()),
            values=tuple((name, value, row.get("units", {}).get(name, "")) for name, value in row["reads"].items()),
        )
        for row in told["guesses"]
    )
    noise = "bytes that made no frame" if told["collides"] else ""
    return Found(
        unit=told["unit"],
        functions=tuple(told["answers"]),
        noise=noise,
        text=told["speaks"] or "",
        guesses=guesses,
        whole=told["whole"],
    )


def scan(line: Asks, kind: str, units: Iterable[int]) -> Iterator[Found]:
    """Ask each unit whether it is there. Yields every unit, also the silent ones: somebody watches. A line that speaks
    in words ends it."""
    for unit in units:
        found = probe(line, kind, unit)
        yield found
        if found.text:
            return


def probe(line: Asks, kind: str, unit: int) -> Found:
    """One unit, whole."""
    *_, found = growing(line, kind, unit)
    return found


def growing(line: Asks, kind: str, unit: int) -> Iterator[Found]:
    """One unit as it is known after each answer; the last one is whole."""
    functions: tuple[int, ...] = ()
    noise, known = "", Found(unit=unit, whole=False)
    for function in QUESTIONS:
        # One garbled answer is a bad moment; the same question garbled again is two devices.
        answered, garbled = _ask(line, unit, function)
        if garbled:
            answered, garbled = _ask(line, unit, function)
        if garbled and (said := _WORDS.search(garbled)):
            yield Found(unit=unit, text=said[0].decode().strip())
            return
        functions = tuple(sorted((*functions, function))) if answered else functions
        noise = garbled.hex(" ") or noise
        known = Found(unit=unit, functions=functions, noise=noise, whole=False)
        yield known
    if functions and not noise:
        for fits in _fitting(line, kind, unit):
            known = replace(known, guesses=fits)
            yield known
    yield replace(known, whole=True)


def fits(line: Asks, unit: int, profile: Profile) -> bool:
    """Whether one unit can be what one profile says: nothing of it is missing, and nothing impossible."""
    return bool(list(_fit(line, unit, profile)))


def _ask(line: Asks, unit: int, function: int) -> tuple[bool, bytes]:
    """Whether it answered, and what came instead."""
    try:
        line.exchange(modbus.read(unit, function, 0, 1))
    except DeviceRefused:
        return True, b""
    except BadReply as bad:
        return False, bad.reply
    return True, b""


def guesses(line: Asks, kind: str, unit: int) -> list[Guess]:
    """The profiles that fit this unit, the best first: what is proven counts before what can merely be read."""
    return list([(), *_fitting(line, kind, unit)][-1])


def _fitting(line: Asks, kind: str, unit: int) -> Iterator[tuple[Guess, ...]]:
    """Those that fit among the profiles that were tried, each time that one more does."""
    line, fits = _Remembers(line), []
    for profile in map(registry.find, registry.names()):
        found = list(_fit(line, unit, profile)) if kind in profile.buses else []
        if found:
            fits += found
            fits.sort(key=lambda fit: (-fit[0].proven, -fit[1], fit[0].profile))
            yield tuple(guess for guess, _ in fits[:MOST_GUESSES])


def _fit(line: Asks, unit: int, profile: Profile) -> Iterator[tuple[Guess, int]]:
    """The guess and how much of the profile was seen; nothing where anything of it is missing or impossible."""
    marks = []
    try:
        for check in profile.checks:
            assert isinstance(check, Check)
            register = check.register
            try:
                reply = line.exchange(
                    modbus.read(unit, register.function, register.address, check.count * register.width)
                )
            except (DeviceRefused, NoReply):
                if check.own:
                    continue
                raise
            if mismatch(check.at(unit), reply) is not None:
                return
            if not check.own:  # many kinds hold their address there: it tells a stranger, and makes none certain
                marks.append((check.what, modbus.number(reply, 0, register.kind) * register.scale))
        values = [(c.name, _value(line, unit, profile, c), c.unit) for c in profile.channels.values()]
        shown = relays(line, unit, profile)
    except (BadReply, ValueError):
        return
    yield Guess(profile=profile.name, marks=tuple(marks), values=tuple(values)), len(values) + len(shown)


def relays(line: Asks, unit: int, profile: Profile) -> dict[str, int]:
    """What its outputs show, by name: 0 is at rest. Raises BadReply."""
    shown = {name: place for name, outlet in profile.outlets.items() if (place := shown_at(outlet)) is not None}
    states = {}
    for function in sorted({function for function, _ in shown.values()}):
        places = {name: address for name, (one, address) in shown.items() if one == function}
        first = min(places.values())
        count = max(places.values()) - first + 1
        reply = line.exchange(modbus.read(unit, function, first, count))
        held = modbus.bits(reply, count) if function == 1 else [modbus.number(reply, n, "u16") for n in range(count)]
        states.update({name: int(held[address - first]) for name, address in places.items()})
    return states


def _value(line: Asks, unit: int, profile: Profile, channel: Channel) -> float:
    """Raises ValueError when it cannot be what the profile says."""
    register = channel.register
    if register is None:
        raise ValueError(f"{channel.name} is no register")
    first = min(register.address, register.address if register.decimals_at is None else register.decimals_at)
    last = max(register.address + register.width - 1, register.decimals_at or 0)
    block = Block(
        device="it",
        function=register.function,
        address=first,
        count=last - first + 1,
        every=0,
        channels=("it." + channel.name,),
    )
    reply = line.exchange(modbus.read(unit, block.function, block.address, block.count))
    ((_, value),) = values_of(readers_of(block, profile), reply)
    if isinstance(value, str):
        raise ValueError(value)
    return value
