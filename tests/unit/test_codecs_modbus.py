"""Frames byte for byte, and replies that must not be believed."""

import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgectl.drivers.codecs import modbus
from edgectl.model.time import MS, SECOND


def test_the_makers_own_pulse_example() -> None:
    frame = modbus.rtu_frame(modbus.pulse_coil(1, 0x0200, 700 * MS))
    assert frame == bytes.fromhex("01 05 02 00 00 07 8D B0")


def test_a_pulse_is_rounded_up_and_bounded() -> None:
    assert modbus.pulse_coil(1, 0x0200, 701 * MS).pdu[-1] == 8
    with pytest.raises(ValueError, match="does not fit"):
        modbus.pulse_coil(1, 0x0200, 3277 * SECOND)
    with pytest.raises(ValueError, match="does not fit"):
        modbus.pulse_coil(1, 0x0200, 0)


def _answer(request: modbus.Request, body: bytes) -> bytes:
    return modbus.rtu_frame(modbus.Request(unit=request.unit, pdu=body, reply_length=0))


@given(st.integers(0, 0xFFFF), st.sampled_from([3, 4]))
def test_a_register_comes_back_as_it_was(value: int, function: int) -> None:
    request = modbus.read(5, function, 4, 1)
    pdu = modbus.rtu_reply(request, _answer(request, struct.pack(">BBH", function, 2, value)))
    assert modbus.number(pdu, 0, "u16") == value


def test_word_orders() -> None:
    request = modbus.read(6, 4, 60, 2)
    pdu = modbus.checked(request, b"\x04\x04\x00\x01\x00\x02")
    assert modbus.number(pdu, 0, "u32") == 0x00010002
    assert modbus.number(pdu, 0, "u32", low_word_first=True) == 0x00020001


def test_not_a_number_is_no_value() -> None:
    request = modbus.read(6, 3, 0, 2)
    pdu = modbus.checked(request, b"\x03\x04" + struct.pack(">f", float("nan")))
    with pytest.raises(modbus.BadReply, match="no number"):
        modbus.number(pdu, 0, "f32")


@given(st.binary(max_size=12))
def test_no_other_bytes_pass_for_the_echo_of_an_order(noise: bytes) -> None:
    request = modbus.write_coil(1, 2, True)
    assume(noise != modbus.rtu_frame(request))
    with pytest.raises(modbus.BadReply):
        modbus.rtu_reply(request, noise)


@given(st.integers(0, 6), st.integers(1, 255))
def test_one_damaged_byte_is_noticed(index: int, flip: int) -> None:
    request = modbus.read(5, 3, 4, 1)
    frame = bytearray(_answer(request, b"\x03\x02\x01\x02"))
    frame[index] ^= flip
    with pytest.raises(modbus.BadReply):
        modbus.rtu_reply(request, bytes(frame))


def test_an_exception_names_its_code() -> None:
    request = modbus.read(5, 3, 4, 1)
    with pytest.raises(modbus.DeviceRefused) as refused:
        modbus.rtu_reply(request, _answer(request, b"\x83\x02"))
    assert refused.value.code == 2


@pytest.mark.parametrize(("unit", "why"), [(4, "unit 4 answers instead of unit 5")])
def test_a_crossed_reply_names_the_wrong_unit(unit: int, why: str) -> None:
    request = modbus.read(5, 3, 4, 1)
    crossed = modbus.rtu_frame(modbus.Request(unit=unit, pdu=b"\x03\x02\x01\x02", reply_length=0))
    with pytest.raises(modbus.BadReply, match=why):
        modbus.rtu_reply(request, crossed)
