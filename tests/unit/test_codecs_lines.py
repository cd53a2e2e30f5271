"""Frames of bytes as profiles declare them, pinned by the bytes of the makers and of public drivers."""

import random

import pytest

from edgectl.drivers.codecs import lines
from edgectl.drivers.profile import Form, Panel
from edgectl.drivers.registry import find, names
from edgectl.drivers.sim.streams import Console, Gas, Relays, Sonar

LINES = [name for name in names() if "serial-lines" in find(name).buses]
# An ACK and a packet as a console sent it, with the numbers that public code reads in it.
RECORDED = (
    "06 4c4f4f14003e032175da0239d10204056301ffffffffffffffffffffffffffffff4effffffffffffff0000ffff7f0000ffff"
    "000000000000000000000000ffffffffffffff0000000000000000000000000000000000002703064b26023e070a0d1163"
)
SONAR, GAS = find("a02yyuw"), find("mh-z19")


def form(name: str) -> Form:
    found = find(name).form
    assert found is not None
    return found


def panel(name: str) -> Panel:
    found = find(name).panel
    assert found is not None
    return found


def sonar(frame: bytes) -> bool:
    return 30 <= frame[1] * 256 + frame[2] <= 4500


def test_every_profile_of_a_line_is_whole() -> None:
    assert {"a02yyuw", "mh-z19", "davis-vantage", "lcus-relay-2ch", "lcus-relay-4ch", "lcus-relay-8ch"} <= set(LINES)
    for name in LINES:
        profile = find(name)
        assert (profile.form is None) is not (profile.panel is None)
        for channel in profile.channels.values():
            assert profile.form is not None
            assert channel.spot is not None
            assert channel.spot.at + channel.spot.width < profile.form.length, "the last byte is the sum"
        for place, outlet in enumerate(profile.outlets.values(), 1):
            assert outlet.number == place
            for on, said in ((1, outlet.says_on), (0, outlet.says_off)):
                assert said == bytes([0xA0, place, on, 0xA0 + place + on])


@pytest.mark.parametrize(
    ("name", "channel", "frame", "value"),
    [
        ("a02yyuw", "distance", "ff 07 a1 a7", 1953),  # the example of the SEN0311 page
        ("mh-z19", "co2", "ff 86 02 60 47 00 00 00 d1", 608),  # of the MH-Z19 manual
        ("mh-z19", "co2", "ff 86 02 20 00 00 00 00 58", 544),  # of the MH-Z19B manual, page 7
        ("mh-z19", "temperature", "ff 86 02 60 47 00 00 00 d1", 31),
        ("davis-vantage", "humidity", RECORDED, 78),
        ("davis-vantage", "humidity_inside", RECORDED, 57),
        ("davis-vantage", "wind_direction", RECORDED, 355),
        ("davis-vantage", "radiation", RECORDED, 32767),  # it has no such sensor
        ("davis-vantage", "temperature", RECORDED, pytest.approx((72.1 - 32) / 1.8)),
        ("davis-vantage", "temperature_inside", RECORDED, pytest.approx((73.0 - 32) / 1.8)),
        ("davis-vantage", "wind_speed", RECORDED, pytest.approx(4 * 0.44704)),
        ("davis-vantage", "pressure", RECORDED, pytest.approx(29.985 * 3.386389)),
    ],
)
def test_the_examples_of_the_makers_are_read(name: str, channel: str, frame: str, value: float) -> None:
    spot = find(name).channels[channel].spot
    assert spot is not None
    data = bytes.fromhex(frame)
    assert lines.whole(form(name), data)
    assert lines.number(spot, data) == value
    for at in range(len(data)):
        for other in range(256):
            if other != data[at]:
                assert not lines.whole(form(name), data[:at] + bytes([other]) + data[at + 1 :]), (
                    "one wrong byte is seen"
                )


def test_a_frost_is_below_zero() -> None:
    spot = find("davis-vantage").channels["temperature"].spot
    assert spot is not None
    frame = bytearray(Console().frame())
    frame[13:15] = (-40).to_bytes(2, "little", signed=True)  # 4 degrees Fahrenheit below their zero
    assert lines.number(spot, bytes(frame)) == pytest.approx(-20.0)


def test_the_bytes_that_leave_are_those_of_the_makers() -> None:
    assert form("mh-z19").ask.hex(" ") == "ff 01 86 00 00 00 00 00 79"
    assert form("davis-vantage").ask == b"\nLOOP 1\n"
    first = find("lcus-relay-4ch").outlets["relay_1"]
    assert (first.says_on.hex(" "), first.says_off.hex(" ")) == ("a0 01 01 a2", "a0 01 00 a1")
    assert panel("lcus-relay-4ch").ask == b"\xff"


def test_an_answer_is_found_behind_noise_and_never_in_half_a_frame() -> None:
    good = Gas().frame()
    assert lines.answered(form("mh-z19"), b"\xff\x86\x00\xff" + good) == good
    assert all(lines.answered(form("mh-z19"), good[:length]) is None for length in range(len(good)))


def test_one_frame_of_a_device_that_speaks_by_itself_is_not_enough() -> None:
    device = Sonar()
    first, second = device.frame(), device.frame()
    assert lines.said_twice(form("a02yyuw"), first, sonar) is None
    assert lines.said_twice(form("a02yyuw"), first + b"\0" + second, sonar) is None
    assert lines.said_twice(form("a02yyuw"), first + second, sonar) == second


def test_wherever_the_listening_begins_no_other_number_is_heard() -> None:
    # 511 mm is FF 01 FF FF: its last byte is like a head, and the bytes from there make a frame with a good sum.
    for value in (511, 767, 255, 4351, 1023, 30, 4500):
        body = bytes([0xFF, value >> 8, value & 0xFF])
        stream = 6 * (body + bytes([sum(body) & 0xFF]))
        for begin in range(4):
            for end in range(begin, len(stream)):
                heard = lines.said_twice(form("a02yyuw"), stream[begin:end], sonar)
                assert heard in (None, stream[:4]), (value, begin, end)


def test_a_distance_that_cannot_be_is_told_as_one_when_nothing_else_is_there() -> None:
    body = bytes([0xFF, 0, 12])
    frame = body + bytes([sum(body) & 0xFF])
    assert lines.said_twice(form("a02yyuw"), 3 * frame, sonar) is None
    assert lines.said_twice(form("a02yyuw"), 4 * frame, sonar) == frame


def test_noise_makes_no_distance() -> None:
    rng = random.Random(3)
    for _ in range(300):
        assert lines.said_twice(form("a02yyuw"), rng.randbytes(200), sonar) is None


def test_a_board_shows_every_relay_once_in_order_and_nothing_else() -> None:
    board = Relays(4, lambda _number, _on: None)
    board.hear(bytes.fromhex("a00301a4"))
    text, numbers = board.hear(b"\xff"), (1, 2, 3, 4)
    how = panel("lcus-relay-4ch")
    assert lines.shown(how, numbers, text) == {1: False, 2: False, 3: True, 4: False}
    assert lines.shown(how, numbers, text.replace(b" \r", b"\r").replace(b":", b": ")) is not None, "another firmware"
    assert all(lines.shown(how, numbers, text[:length]) is None for length in range(len(text)))
    for other in (b"x" + text, text + text, text.replace(b"CH2", b"CH5"), text.replace(b"ON", b"O\xce"), b"\r\n" * 300):
        assert lines.shown(how, numbers, other) is None
    for fewer in ((1, 2), (1, 2, 3, 4, 5, 6, 7, 8)):
        assert lines.shown(how, fewer, text) is None, "a board of another size"
