"""What a checked reply means: samples, output states, and whether the device is the one that is meant."""

import math
import struct
from collections.abc import Callable, Iterator
from functools import partial

from edgectl.drivers.clones import Clone, impossible, possible
from edgectl.drivers.codecs import modbus
from edgectl.drivers.codecs.modbus import BadReply
from edgectl.drivers.pollplan import Block
from edgectl.drivers.profile import Arm, Channel, Check, Profile, Put, Register
from edgectl.drivers.wirelog import WireLog
from edgectl.model.channel import Absence, Sample
from edgectl.model.time import Nanos

MOST_DECIMALS = 6
Readers = tuple[tuple[str, Callable[[bytes], float | str]], ...]


def readers_of(block: Block, profile: Profile) -> Readers:
    """How each channel of a block is read out of a reply, by full name: made once for all its replies."""
    return tuple((full, _reader(block, profile, profile.channels[full.split(".", 1)[1]])) for full in block.channels)


def values_of(readers: Readers, pdu: bytes) -> tuple[tuple[str, float | str], ...]:
    """Every channel of a block with its value, or with the sentence that says why it has none."""
    return tuple([(full, read(pdu)) for full, read in readers])


def samples_of(
    values: tuple[tuple[str, float | str], ...], began: Nanos, ids: Iterator[int], log: WireLog
) -> tuple[Sample, ...]:
    """A sample of each. A channel without a possible value becomes NaN: the old value must not live on."""
    samples = []
    for full, value in values:
        why = None
        if isinstance(value, str):
            log.note(f"{full}: {value}", began)
            why, value = Absence.WRONG_SCALE if isinstance(value, Clone) else None, math.nan
        samples.append(Sample(sample_id=next(ids), channel=full, value=value, at=began, why=why))
    return tuple(samples)


def mismatch(check: Check, pdu: bytes) -> str | None:
    """Why the device cannot be the one of the site file, or None when it fits."""
    for index in range(check.count):
        value = modbus.number(pdu, index * check.register.width, check.register.kind) * check.register.scale
        if not check.low <= value <= check.high:
            wanted = f"{check.low:g}" if check.low == check.high else f"{check.low:g} to {check.high:g}"
            return f"{check.what} is {value:g}, it must be {wanted}"
    return None


def unarmed(arm: Arm, pdu: bytes) -> tuple[Put, ...]:
    """The writes that are missing for the device to fall safe by itself."""
    held = [modbus.number(pdu, index, "u16") for index in range(arm.count)]
    return tuple(
        Put(what=arm.what, address=arm.register.address + index, value=arm.value, before=value)
        for index, value in enumerate(held)
        if value != arm.value
    )


def _reader(block: Block, profile: Profile, channel: Channel) -> Callable[[bytes], float | str]:
    """Nearly every register is a whole number times a scale: that is read in one go, and whatever is odd about it the
    long way, which has the sentence."""
    closely, register = partial(_value, block, profile, channel), channel.register
    form = None if register is None or register.decimals_at is not None else modbus.WHOLE.get(register.kind)
    if register is None or form is None or register.low_word_first:
        return closely
    unpack, start = form.unpack_from, modbus.HEAD + 2 * (register.address - block.address)
    scale, offset = register.scale, register.offset
    low = -math.inf if channel.low is None else channel.low
    high = math.inf if channel.high is None else channel.high

    def read(pdu: bytes) -> float | str:
        try:
            value: float = unpack(pdu, start)[0] * scale + offset
        except struct.error:
            return closely(pdu)
        return value if low <= value <= high else closely(pdu)

    return read


def _value(block: Block, profile: Profile, channel: Channel, pdu: bytes) -> float | str:
    assert channel.register is not None
    try:
        value = _number(block, channel.register, pdu)
    except BadReply as bad:
        return str(bad)
    return value if possible(channel, value) else impossible(profile, channel, value)


def _number(block: Block, register: Register, pdu: bytes) -> float:
    offset = register.address - block.address
    if register.kind == "bit":
        return float(modbus.bits(pdu, block.count)[offset])
    raw = modbus.number(pdu, offset, register.kind, low_word_first=register.low_word_first)
    if register.decimals_at is not None:
        decimals = modbus.number(pdu, register.decimals_at - block.address, "u16")
        if decimals > MOST_DECIMALS:
            raise BadReply(f"{decimals:g} decimals cannot be", pdu)
        raw /= 10**decimals
    return raw * register.scale + register.offset
