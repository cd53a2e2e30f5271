"""A scan and a sweep of a bus that a daemon drives: its owner asks, one unit after the other, between its own reads."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import click

from edgectl.cli.client import Refused, Unreachable, ask, clear_line, complain, show
from edgectl.cli.driven import DEVICE_WITHIN_S, watched
from edgectl.cli.found import story
from edgectl.cli.part import LineKept, broken_off
from edgectl.host.clock import mono
from edgectl.model.time import SECOND

if TYPE_CHECKING:
    from edgectl.drivers.codecs.modbus import Request
    from edgectl.drivers.discover import Found

Part = Callable[[int, int], str]  # what a scan was at: the last unit that was asked whole, and the one in the middle


def scan_driven(line: str, units: str, numbers: range, wait_s: float, part: Part, *, as_json: bool) -> None:
    """Who answers among the units. Each is told when it is known, for a person who looks on. Exits 1 with what was
    found where it is broken off, or where the bus has no rest for it, and 3 where the daemon ends meanwhile."""
    from edgectl.drivers.discover import body, found_in

    click.echo(f"scanning bus {line} through the daemon that drives it  units {units}  reads only", err=True)
    rows: list[Found] = []
    last, rests = 0, _Rests(wait_s)

    def ended(why: str, hint: str = "", code: object = 1) -> NoReturn:
        told = [{"line": f"bus {line}", **body(found)} for found in rows]
        go_on = f"go on with --units {min(last + 1, numbers[-1]) if last else numbers[0]}..{numbers[-1]}"
        complain(f"{why}: {part(last, asking)}", f"{hint}; {go_on}" if hint else go_on, so_far=told)
        raise SystemExit(code)

    asking = numbers[0]
    with watched(line, units), broken_off() as stopped:
        for asking in numbers:
            left = rests.left_s
            place = f"/buses/{line}/units/{asking}?wait_s={left:.0f}"
            try:
                found = found_in(ask("GET", place, within_s=DEVICE_WITHIN_S + left, kept=lambda _: True))
            except (Refused, Unreachable) as no:
                ended(no.message, no.hint, no.code)
            last = asking
            rows += [found] if found.there else []
            clear_line()
            for text in [] if as_json else story(found):
                click.echo(text)
    if stopped:
        ended(stopped[0])
    if not show([{"line": f"bus {line}", **body(found)} for found in rows], as_json) and not rows:
        click.echo(f"nobody answered on bus {line}")
        click.echo("  edgectl bus list shows the devices of the site file, and since when each is silent")


class DrivenLine:
    """A bus that a daemon drives, for whoever reads registers one question after the other; `wait_s` is for all of
    them together."""

    def __init__(self, line: str, wait_s: float) -> None:
        self._line, self._rests = line, _Rests(wait_s)

    def exchange(self, request: "Request") -> bytes:
        """The reply PDU to a read of registers. Raises BadReply, and LineKept where the bus has no rest for it, or no
        daemon any more."""
        from edgectl.drivers.codecs.modbus import BadReply, DeviceRefused

        function, address, count = request.pdu[0], *(int.from_bytes(request.pdu[at : at + 2]) for at in (1, 3))
        left = self._rests.left_s
        room = {3: "holding", 4: "input-registers"}[function]
        place = f"/buses/{self._line}/units/{request.unit}/registers/{room}"
        query = f"address={address}&count={count}&wait_s={left:.0f}"
        try:
            held = ask("GET", f"{place}?{query}", within_s=DEVICE_WITHIN_S + left, kept=lambda _: True)["values"]
        except Unreachable as gone:
            raise LineKept(gone.message) from None
        except Refused as no:
            if "exception" in no.detail:
                raise DeviceRefused(no.detail["exception"], b"") from None
            if no.detail.get("no_reply"):
                raise BadReply(no.message, b"") from None
            raise LineKept(no.message) from None
        return bytes([function, 2 * count]) + b"".join(int(row["value"]).to_bytes(2) for row in held)


class _Rests:
    """For how long the questions may wait for a rest of the bus, all of them together."""

    def __init__(self, wait_s: float) -> None:
        self._until = mono() + round(wait_s * SECOND)

    @property
    def left_s(self) -> float:
        """What is left of it."""
        return max(0.0, (self._until - mono()) / SECOND)
