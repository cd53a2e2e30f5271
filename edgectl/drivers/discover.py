"""Who is on a Modbus line: asks, never writes. A unit that answers is held against every profile.

An exception is an answer too: the device lives, it only has no such register. Bytes that never make a frame are two
devices that talk at once, or noise. What a device is called is a guess from its registers, as good as its profile.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from edgectl.drivers import registry
from edgectl.drivers.codecs import modbus
from edgectl.drivers.codecs.modbus import BadReply, DeviceRefused, Request
from edgectl.drivers.decode import mismatch, values_of
from edgectl.drivers.pollplan import Block
from edgectl.drivers.profile import Channel, Check, Profile
from edgectl.drivers.talk import NoReply

QUESTIONS = (3, 4, 1)  # holding registers, input registers, coils: every device knows one of them
MOST_GUESSES = 3


class Asks(Protocol):
    """A line that carries one question after the other."""

    def exchange(self, request: Request) -> bytes:
        """The reply PDU. Raises BadReply; NoReply when nothing came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A profile that fits, and what the device reads under it. `proven` counts marks that only such a device has."""

    profile: str
    proven: int
    values: tuple[tuple[str, float, str], ...]  # channel, value, unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one unit said. `functions` are those that it answered; `noise` are bytes that made no frame."""

    unit: int
    functions: tuple[int, ...] = ()
    noise: str = ""
    guesses: tuple[Guess, ...] = ()

    @property
    def there(self) -> bool:
        """True when something spoke."""
        return bool(self.functions or self.noise)


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


def scan(line: Asks, kind: str, units: Iterable[int]) -> Iterator[Found]:
    """Ask each unit whether it is there. Yields every unit, also the silent ones: somebody watches."""
    for unit in units:
        yield probe(line, kind, unit)


def probe(line: Asks, kind: str, unit: int) -> Found:
    """One unit, whole."""
    functions, noises = [], []
    for function in QUESTIONS:
        try:
            line.exchange(modbus.read(unit, function, 0, 1))
        except DeviceRefused:
            functions.append(function)
        except NoReply:
            pass
        except BadReply as bad:
            noises.append(bad.reply.hex(" "))
        else:
            functions.append(function)
    if not functions:
        # One garbled answer is a bad moment; two are two devices.
        return Found(unit=unit, noise=noises[-1] if len(noises) > 1 else "")
    return Found(unit=unit, functions=tuple(sorted(functions)), guesses=tuple(guesses(line, kind, unit)))


def guesses(line: Asks, kind: str, unit: int) -> list[Guess]:
    """The profiles that fit this unit, the best first: what is proven counts before what can merely be read."""
    line = _Remembers(line)
    profiles = (registry.find(name) for name in registry.names())
    fits = [(guess, size) for profile in profiles if kind in profile.buses for guess, size in _fit(line, unit, profile)]
    fits.sort(key=lambda fit: (-fit[0].proven, -fit[1], fit[0].profile))
    return [guess for guess, _ in fits[:MOST_GUESSES]]


def _fit(line: Asks, unit: int, profile: Profile) -> Iterator[tuple[Guess, int]]:
    """The guess and how much of the profile was seen; nothing where anything of it is missing or impossible."""
    try:
        for check in profile.checks:
            assert isinstance(check, Check)
            register = check.register
            reply = line.exchange(modbus.read(unit, register.function, register.address, check.count * register.width))
            if mismatch(check, reply) is not None:
                return
        values = [(c.name, _value(line, unit, profile, c), c.unit) for c in profile.channels.values()]
        coils = [outlet.coil for outlet in profile.outlets.values() if outlet.coil is not None]
        if coils:
            line.exchange(modbus.read(unit, 1, min(coils), max(coils) - min(coils) + 1))
    except (BadReply, ValueError):
        return
    yield Guess(profile=profile.name, proven=len(profile.checks), values=tuple(values)), len(values) + len(coils)


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
    ((_, value),) = values_of(
        block, profile, line.exchange(modbus.read(unit, block.function, block.address, block.count))
    )
    if isinstance(value, str):
        raise ValueError(value)
    return value
