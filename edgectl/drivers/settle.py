"""One setting of one device: what is meant is made certain, written once, and looked at afterwards.

It asks over any line that carries one question after the other: a port that nobody else has, or a bus of the daemon.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from edgectl.drivers import discover, registry, seat
from edgectl.drivers.codecs import modbus
from edgectl.drivers.codecs.modbus import BadReply
from edgectl.drivers.discover import Asks, Found
from edgectl.drivers.profile import Writable
from edgectl.drivers.wiring import Device

ADDRESS, SPEED = "address", "baud"
DESCRIBED = "edgectl profiles NAME lists what can be set"


class NotDone(Exception):
    """Nothing was written, and why. `hint` says what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A register and what it is to hold. `before` is what it held."""

    unit: int
    knob: Writable
    raw: int
    before: int

    @property
    def was(self) -> str:
        """What it held, in words."""
        return self.knob.told(self.before)


def meant(
    line: Asks,
    kind: str,
    unit: int,
    setting: str,
    value: str,
    wanted: str | None,
    place: str,
    seat_at: Callable[[int], Device | None],
) -> Meant:
    """Which register a person means, and what goes there. `seat_at` tells whom the site file has at an address. Raises
    NotDone unless that is certain."""
    found = discover.probe(line, kind, unit)
    knob = _knob(found, wanted, setting, place)
    try:
        raw = knob.raw(value)
    except ValueError as wrong:
        raise NotDone(f"{wrong}; nothing was written", DESCRIBED) from None
    try:
        before = read(line, unit, knob)
    except BadReply as bad:
        held = f"unit {unit}, holding register {knob.address} ({knob.name})"
        hint = "the device may be another one than it seems"
        raise NotDone(f"{held} cannot be read: {bad}; nothing was written", hint) from None
    if before == raw:
        raise NotDone(f"{setting} is {value} already; nothing was written")
    if setting == ADDRESS and raw != unit and discover.probe(line, kind, raw).there:
        hint = "edgectl bus scan shows which are free"
        raise NotDone(f"somebody answers at {raw} already; nothing was written", hint)
    if setting == ADDRESS and raw != unit and (takes := seat_at(raw)) is not None:
        why, hint = seat.refused(line, unit, takes)
        if why:
            raise NotDone(f"{why}; nothing was written", hint)
    return Meant(unit=unit, knob=knob, raw=raw, before=before)


def send(line: Asks, what: Meant) -> None:
    """Once. Whether it was taken is for the read-back to say: some devices answer from their new address already."""
    with contextlib.suppress(BadReply):
        line.exchange(modbus.write_register(what.unit, what.knob.address, what.raw))


def seen(line: Asks, what: Meant) -> tuple[int, int | None]:
    """Where it answers now, and what it holds there; None where nobody answers."""
    new = what.raw if what.knob.name == ADDRESS else what.unit
    for place in dict.fromkeys((new, what.unit)):
        for _ in range(2):
            try:
                return place, read(line, place, what.knob)
            except BadReply:
                continue
    return what.unit, None


def read(line: Asks, unit: int, knob: Writable) -> int:
    """What a setting holds. Raises BadReply."""
    return int(modbus.number(line.exchange(modbus.read(unit, 3, knob.address, 1)), 0, "u16"))


def _knob(found: Found, wanted: str | None, setting: str, place: str) -> Writable:
    if not found.there or found.noise or found.text:
        what = "garbles its answers: two devices may share its address" if found.noise else "does not answer"
        raise NotDone(f"unit {found.unit} on {place} {what}; nothing was written", "edgectl bus scan shows who answers")
    fits = [guess.profile for guess in found.guesses]
    if wanted is not None and wanted not in fits:
        hint = f"what fits it: {', '.join(fits) or 'no profile'}"
        raise NotDone(f"unit {found.unit} on {place} is no {wanted}; nothing was written", hint)
    if wanted is None and len(fits) != 1 and not (found.guesses and found.guesses[0].proven):
        hint = f"say which it is: --profile {' or --profile '.join(fits)}" if fits else DESCRIBED
        raise NotDone(f"it is not certain what unit {found.unit} on {place} is; nothing was written", hint)
    known = registry.find(wanted or fits[0])
    if setting not in known.settings:
        hint = f"it knows: {', '.join(known.settings)}" if known.settings else "its profile knows no setting"
        raise NotDone(f"{known.name} has no setting {setting!r}; nothing was written", hint)
    return known.settings[setting]
