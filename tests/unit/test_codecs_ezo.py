"""EZO lines: the maker's examples to the byte, and a fuzz that finds neither an exception nor a value in garbage."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.drivers.codecs import ezo
from edgectl.drivers.codecs.ezo import Bare, Done, Event, Fault, Happened, Named, No, Ok

EXAMPLES = [  # what the datasheets print
    (b"9.560", Bare(texts=("9.560",))),  # pH v5.8, single reading
    (b"7.012", Bare(texts=("7.012",))),
    (b"1413", Bare(texts=("1413",))),
    (b"1413,706,0.70,1.000", Bare(texts=("1413", "706", "0.70", "1.000"))),  # EC with every field switched on
    (b"-12.345", Bare(texts=("-12.345",))),  # RTD
    (b"?i,pH,2.16", Named(name="i", fields=("pH", "2.16"))),
    (b"?I,RTD,2.01", Named(name="i", fields=("RTD", "2.01"))),
    (b"?i,D.O.,1.98", Named(name="i", fields=("D.O.", "1.98"))),
    (b"?C,0", Named(name="c", fields=("0",))),
    (b"?S,c", Named(name="s", fields=("c",))),
    (b"?,O,%,mg", Named(name="o", fields=("%", "mg"))),  # DO v4.1, page 55
    (b"?O,EC", Named(name="o", fields=("EC",))),
    (b"?D,10.50,1", Named(name="d", fields=("10.50", "1"))),
    (b"?MAXRATE,58.5", Named(name="maxrate", fields=("58.5",))),  # PMP, page 26
    (b"?ATV,434.50", Named(name="atv", fields=("434.50",))),
    (b"*DONE,10.50", Done(ml=10.5)),
    (b"*OK", Ok()),
    (b"*ER", No(code="*ER")),
    (b"*TOOFAST", No(code="*TOOFAST")),
    (b"*MINVOL", No(code="*MINVOL")),
    *((event.value.encode(), Happened(event=event)) for event in Event),
]


@pytest.mark.parametrize(("raw", "meaning"), EXAMPLES, ids=lambda v: v.decode() if isinstance(v, bytes) else "")
def test_the_maker_s_examples(raw: bytes, meaning: ezo.Line) -> None:
    assert ezo.line(raw) == meaning
    assert ezo.lines(raw + b"\r*OK\r") == (meaning, Ok())
    assert ezo.lines(raw) == (), "a line without its end is still to come"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nan",
        b"NaN",
        b"inf",
        b"-inf",
        b"1e3",
        b"+7.0",
        b" 7.0",
        b"7.0 ",
        b"7.",
        b".012",
        b"012",  # "7.012" without its head
        b"--7",
        b"7,",
        b"7,,7",
        b"7.0.1",
        b"0x10",
        b"12345678",
        b"7.01234567",
        b"7.0\xb12",
        b"7.012\n",
        b"\x007.012",
        b"\xff\xfe",
        b"?",
        b"?,",
        b"*",
        b"*ok",
        b"*OKAY",
        b"*DONE",
        b"*DONE,",
        b"*DONE,nan",
        b"no output",
        b"7" * 61,
    ],
)
def test_what_is_no_answer_is_a_fault_with_its_bytes(raw: bytes) -> None:
    fault = ezo.line(raw)
    assert isinstance(fault, Fault)
    assert fault.raw == raw
    assert str(fault)


def test_a_line_that_never_ends_is_a_fault() -> None:
    assert ezo.lines(b"7" * 60) == ()
    (fault,) = ezo.lines(b"7" * 61)
    assert isinstance(fault, Fault)


def test_a_number_keeps_the_form_in_which_the_circuit_prints_it() -> None:
    assert ezo.number("9.560", 3) == 9.56
    assert ezo.number("560", 3) is None, "9.560 without its head"
    assert ezo.number("9.56", 3) is None
    assert ezo.number("1413") == 1413
    assert ezo.number("nan") is None


def test_orders_to_the_byte() -> None:
    assert ezo.command("R") == b"R\r"
    assert ezo.command("C,0") == b"C,0\r"
    assert ezo.command(ezo.dispense(25, 10)) == b"D,25.00,10.0000\r"
    assert ezo.dispense(10.5, 0.15) == "D,10.50,0.1500"


@pytest.mark.parametrize(
    ("ml", "minutes"), [(0, 1), (-5, 1), (math.nan, 1), (math.inf, 1), (5, 0), (5, -1), (0.004, 1), (1e8, 1)]
)
def test_a_dose_that_cannot_be_written_is_not_ordered(ml: float, minutes: float) -> None:
    with pytest.raises(ValueError, match="cannot be ordered"):
        ezo.dispense(ml, minutes)


@given(st.floats(0.01, 9_999), st.floats(0.001, 999))
def test_a_dose_reads_back_as_it_was_ordered(ml: float, minutes: float) -> None:
    word, volume, span = ezo.dispense(ml, minutes).split(",")
    assert word == "D"
    assert float(volume) == pytest.approx(ml, abs=0.0051)
    assert float(span) == pytest.approx(minutes, abs=0.000051)


# Bytes near to what a circuit sends find more than bytes at large: pieces of good lines, cut, doubled and spoilt.
_PIECES = st.sampled_from(
    [raw for raw, _ in EXAMPLES] + [b"\r", b"\r\r", b"\x00", b"\xff", b"nan", b",", b"?", b"*", b"-"]
)
_NOISE = st.one_of(st.binary(max_size=80), st.lists(_PIECES, max_size=8).map(b"".join))
PLAIN = re.compile(rb"-?[0-9]+(\.[0-9]+)?(,-?[0-9]+(\.[0-9]+)?)*")


def _believable(heard: bytes) -> None:
    said = ezo.lines(heard)
    assert len(said) <= heard.count(b"\r") + 1
    for raw, item in zip(heard.split(b"\r"), said, strict=False):
        if isinstance(item, Bare):
            assert PLAIN.fullmatch(raw)
            assert all(math.isfinite(ezo.number(text) or 0.0) for text in item.texts)
        elif isinstance(item, Done):
            assert math.isfinite(item.ml)
            assert PLAIN.fullmatch(raw.removeprefix(b"*DONE,"))
        elif isinstance(item, Fault):
            assert item.raw == raw


@given(_NOISE, _NOISE)
@settings(max_examples=2000, deadline=None)
def test_no_bytes_raise_and_none_become_a_value_that_was_not_printed(head: bytes, tail: bytes) -> None:
    _believable(head + tail)


def test_a_hundred_thousand_spoilt_lines() -> None:
    """The maker's examples with each byte in turn replaced, with a byte put in between, and cut at both ends."""
    cases = 0
    for raw, _ in EXAMPLES:
        whole = raw + b"\r*OK\r"
        for place in range(len(whole)):
            for byte in range(256):
                _believable(whole[:place] + bytes([byte]) + whole[place + 1 :])
            for byte in (13, *range(32, 127)):
                _believable(whole[:place] + bytes([byte]) + whole[place:])
            for last in range(place, len(whole)):
                _believable(whole[place:last])
            cases += 256 + 96 + len(whole) - place
    assert cases >= 100_000
