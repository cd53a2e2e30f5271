"""Every register of a unit that answers, for a device that no profile knows yet. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgectl.drivers.codecs import modbus
from edgectl.drivers.codecs.modbus import BadReply, DeviceRefused
from edgectl.drivers.discover import Asks

CHUNK = 16  # registers asked at once; a chunk that is refused is asked one by one
ROOM = {3: "holding", 4: "input"}  # by the function that reads it


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One register and what it held."""

    function: int
    address: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """A few registers in a row that have been asked for, and those that answered."""

    function: int
    first: int
    count: int
    words: tuple[Word, ...]


def sweep(line: Asks, unit: int, last: int) -> Iterator[Swept]:
    """The registers 0 to `last` of both kinds, a few at a time."""
    for function in ROOM:
        for first in range(0, last + 1, CHUNK):
            yield from _few(line, unit, function, first, min(CHUNK, last + 1 - first))


def _few(line: Asks, unit: int, function: int, first: int, count: int) -> Iterator[Swept]:
    words: tuple[Word, ...] = ()
    try:
        reply = line.exchange(modbus.read(unit, function, first, count))
    except DeviceRefused:
        if count > 1:
            for address in range(first, first + count):
                yield from _few(line, unit, function, address, 1)
            return
    except BadReply:
        pass  # nobody answers for these
    else:
        values = [int(modbus.number(reply, index, "u16")) for index in range(count)]
        words = tuple(Word(function=function, address=first + n, value=value) for n, value in enumerate(values))
    yield Swept(function=function, first=first, count=count, words=words)


def draft(name: str, unit: int, words: list[Word], missing: str = "") -> str:
    """The beginning of a profile: one channel for each register. A person names them and says how they are known.
    `missing` says which were not asked for."""
    lines = [f"# A part: {missing}"] if missing else []
    lines += [
        f"title: {name}, as it answered at unit {unit}",
        "buses: [modbus-rtu, modbus-rtu-over-tcp, modbus-tcp]",
        "evidence: inferred",
        "source: a sweep of its registers; write the maker's manual here",
        "channels:",
    ]
    for word in words:
        place = f"{{function: {word.function}, address: {word.address}, type: u16, unit: ''}}"
        lines.append(f"  {ROOM[word.function]}_{word.address}: {place} # held {word.value} (0x{word.value:04X})")
    return "\n".join(lines) + "\n"
