"""Frames of bytes and lines of text as a profile declares them: what is a frame, what stands in it, what a board shows.

Two rules. Nothing here raises: what is not exactly in the declared form is no frame. A device that speaks by itself is
believed when it has said two frames without a byte in between: the last byte of one frame may look like the head of
the next, and a sum of eight bits lets every 256th accident pass.
"""

import binascii
from collections.abc import Callable

from edgectl.drivers.profile import Form, Panel, Spot

LONGEST_TEXT = 400  # bytes of what a board shows of itself


def whole(form: Form, frame: bytes) -> bool:
    """True when head, length and sum are right."""
    if len(frame) != form.length or not frame.startswith(form.head):
        return False
    if form.crc16:
        return binascii.crc_hqx(frame[form.sum_from :], 0) == 0  # over the CRC itself nothing is left
    total = sum(frame[form.sum_from : -1])
    return frame[-1] == (-total if form.negated else total) & 0xFF


def answered(form: Form, heard: bytes) -> bytes | None:
    """The first whole frame among the bytes, wherever it begins."""
    at = heard.find(form.head)
    while at >= 0:
        if whole(form, frame := heard[at : at + form.length]):
            return frame
        at = heard.find(form.head, at + 1)
    return None


def said_twice(form: Form, heard: bytes, possible: Callable[[bytes], bool]) -> bytes | None:
    """The second of two whole frames that follow one another, with numbers that the device can mean.

    One with impossible numbers is given back only when nothing better can be hidden in other places of the bytes.
    """
    strange = None
    for at in range(len(heard) - 2 * form.length + 1):
        first, second = heard[at : at + form.length], heard[at + form.length : at + 2 * form.length]
        if whole(form, first) and whole(form, second):
            if possible(first) and possible(second):
                return second
            strange = strange or second
    return strange if len(heard) >= 4 * form.length else None


def number(spot: Spot, frame: bytes) -> float:
    """The number at a place of a frame."""
    raw = frame[spot.at : spot.at + spot.width]
    return int.from_bytes(raw, "little" if spot.low_first else "big", signed=spot.signed) * spot.scale + spot.offset


def shown(panel: Panel, numbers: tuple[int, ...], heard: bytes) -> dict[int, bool] | None:
    """What a board shows of its outputs; None unless it shows each of them once, in order, and nothing else."""
    if len(heard) > LONGEST_TEXT or not heard.endswith(b"\n"):
        return None
    lines = [line for text in heard.decode("ascii", "replace").split("\n") if (line := text.strip())]
    if len(lines) != len(numbers):
        return None
    found = {}
    for place, line in zip(numbers, lines, strict=True):
        label = panel.label.replace("{n}", str(place))
        word = line[len(label) :].strip()
        if not line.startswith(label) or word not in (panel.on, panel.off):
            return None
        found[place] = word == panel.on
    return found
