"""Every register of a unit that answers, for a device that no profile knows yet. Reads only."""

from collections.abc import Callable
from dataclasses import dataclass

from edgectl.drivers.codecs import modbus
from edgectl.drivers.codecs.modbus import BadReply, DeviceRefused
from edgectl.drivers.discover import Asks

CHUNK = 16  # registers asked at once; a chunk that is refused is asked one by one
FUNCTIONS = (3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One register and what it held."""

    function: int
    address: int
    value: int


def sweep(line: Asks, unit: int, last: int, tick: Callable[[int], None]) -> list[Word]:
    """The registers 0 to `last` of both kinds that answer. `tick` hears how many more have been asked for."""
    words: list[Word] = []
    for function in FUNCTIONS:
        for first in range(0, last + 1, CHUNK):
            count = min(CHUNK, last + 1 - first)
            words += _chunk(line, unit, function, first, count)
            tick(count)
    return words


def _chunk(line: Asks, unit: int, function: int, first: int, count: int) -> list[Word]:
    try:
        reply = line.exchange(modbus.read(unit, function, first, count))
    except DeviceRefused:
        if count == 1:
            return []
        return [word for address in range(first, first + count) for word in _chunk(line, unit, function, address, 1)]
    except BadReply:
        return []
    values = [int(modbus.number(reply, index, "u16")) for index in range(count)]
    return [Word(function=function, address=first + index, value=value) for index, value in enumerate(values)]


def draft(name: str, unit: int, words: list[Word]) -> str:
    """The beginning of a profile: one channel for each register. A person names them and says how they are known."""
    lines = [
        f"title: {name}, as it answered at unit {unit}",
        "buses: [modbus-rtu, modbus-rtu-over-tcp, modbus-tcp]",
        "evidence: inferred",
        "source: a sweep of its registers; write the maker's manual here",
        "channels:",
    ]
    for word in words:
        kind = "holding" if word.function == 3 else "input"
        place = f"{{function: {word.function}, address: {word.address}, type: u16, unit: ''}}"
        lines.append(f"  {kind}_{word.address}: {place} # held {word.value} (0x{word.value:04X})")
    return "\n".join(lines) + "\n"
