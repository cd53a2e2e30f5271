"""`edgectl bus scan` and `bus probe`: who is on a line. Reads only; where a daemon drives the line, it asks."""

import contextlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgectl.cli.client import refuse, show
from edgectl.cli.driven import ask_unit, wait_option
from edgectl.cli.found import story, tell_part, unlike
from edgectl.cli.lines import (
    OVER_RTU,
    Unit,
    alone,
    baud_option,
    line_of,
    meant_by_site,
    names_driven,
    only_port,
    parity_option,
    site_option,
    where,
)
from edgectl.cli.part import broken_off, look
from edgectl.cli.progress import progress
from edgectl.cli.scan_driven import scan_driven

if TYPE_CHECKING:
    from edgectl.drivers.discover import Found
    from edgectl.drivers.wiring import SerialLine, Wire


@click.command()
@click.argument("line", required=False)
@click.option("--units", default="1..32", show_default=True, help="The addresses to ask, for example 1..247 or 5.")
@click.option("--every-speed", is_flag=True, help="Ask at each usual speed and parity of a serial line; takes long.")
@site_option
@baud_option
@parity_option
@wait_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def scan(
    line: str | None,
    units: str,
    every_speed: bool,
    site: Path,
    baud: int | None,
    parity: str | None,
    wait_s: float,
    as_json: bool,
) -> None:
    """Ask each address of LINE who is there: a bus of the site file, a port such as /dev/ttyUSB0, HOST:PORT of a box
    that speaks Modbus TCP, or rtu://HOST:PORT of one that passes a serial line on as it is. Without LINE the one
    serial adapter that is plugged in."""
    from dataclasses import replace

    from edgectl.drivers import discover
    from edgectl.drivers.discover import body
    from edgectl.drivers.talk import UnfitPort
    from edgectl.drivers.wiring import SerialLine

    numbers, line = _units(units), line or only_port()
    if not (every_speed or baud or parity) and names_driven(line):
        scan_driven(line, units, numbers, wait_s, partial(_part, units), as_json=as_json)
        return
    kind, first = line_of(line, site, baud, parity)
    ways = _ways(first) if every_speed else [first]
    rows: list[tuple[Wire, Found]] = []
    for number, way in enumerate(ways, 1):
        which = f" ({number} of {len(ways)})" if every_speed else ""
        label = f"scanning {where(way)}{which}  units {units}  reads only"
        there: list[tuple[Wire, Found]] = []
        asked = asking = 0
        try:
            with (
                alone(way, may_be_unfit=every_speed) as talk,
                broken_off() as ended,
                progress(label, numbers) as bar,
            ):
                for asking in bar:
                    found = discover.probe(talk, kind, asking)
                    asked = found.unit
                    there += [(way, found)] if found.there else []
                    if found.text:
                        break
        except UnfitPort as unfit:
            click.echo(f"{unfit}: left out{which}", err=True)
            continue
        # Told at once: all speeds take long, and who has seen his device ends it.
        _told([] if as_json else there, speed=every_speed)
        rows += there
        if ended:
            so_far = [{"line": where(way), **body(found)} for way, found in rows]
            hint = f"go on with --units {_rest(asked, numbers)}"
            refuse(f"{ended[0]}: {_part(units, asked, asking)}{which}", hint, so_far=so_far)
        if there and there[-1][1].text:
            break
    if not rows and isinstance(first, SerialLine) and (name := circuit_on(first)):
        rows = [(replace(first, baudrate=9600, parity="N"), discover.Found(unit=0, text=name))]
        _told([] if as_json else rows, speed=every_speed)
    if show([{"line": where(way), **body(found)} for way, found in rows], as_json):
        return
    if not rows:
        click.echo(f"nobody answered on {where(first)}")
        click.echo(f"  {_nobody(first)}; docs/commissioning.md, part 4")


def _nobody(line: "Wire") -> str:
    """What to look at where nobody answers."""
    from edgectl.drivers.wiring import TcpHost

    if isinstance(line, TcpHost):
        other = f"edgectl bus scan {OVER_RTU}{line.host}:{line.port}"
        return f"a box that passes a serial line on as it is speaks otherwise: {other}; check 24 V, swap A and B"
    return "check 24 V, swap A and B, try --every-speed"


def _part(units: str, asked: int, asking: int) -> str:
    """How far a scan came: the last unit that was asked to the end, and whom it was asking then."""
    last = f"whole up to {asked}" if asked else "nobody was asked to the end"
    return f"a part of {units}, {last}" + (f"; unit {asking} was being asked" if asking not in (0, asked) else "")


def _rest(asked: int, numbers: range) -> str:
    return f"{min(asked + 1, numbers[-1]) if asked else numbers[0]}..{numbers[-1]}"


def _told(rows: "list[tuple[Wire, Found]]", *, speed: bool) -> None:
    for place, (way, found) in enumerate(rows):
        if speed and place == 0:
            click.echo(where(way))
        for text in story(found):
            click.echo(text)


@click.command()
@click.argument("line")
@click.argument("unit", type=Unit(1, 254))
@site_option
@baud_option
@parity_option
@wait_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def probe(line: str, unit: int, site: Path, baud: int | None, parity: str | None, wait_s: float, as_json: bool) -> None:
    """Ask one UNIT of LINE what it is and what it reads now; on a bus that a daemon drives, between its own reads."""
    found, place = unit_on(line, unit, site, baud, parity, wait_s)
    device = meant_by_site(line, site, unit)
    meant = None if device is None else device.profile.name
    from edgectl.drivers.discover import body

    if not show({**body(found), "site_file": meant}, as_json):
        for text in story(found, whole=True):
            click.echo(text)
        fits = [guess.profile for guess in found.guesses]
        if meant is not None and found.functions and meant not in fits:
            click.echo(f"the site file says that it is a {meant}: {unlike(meant, fits)}")
    if not found.there:
        refuse(f"unit {unit} is silent on {place}", f"edgectl bus scan {line} shows who answers")


def unit_on(
    line: str, unit: int, site: Path, baud: int | None, parity: str | None, wait_s: float
) -> "tuple[Found, str]":
    """What a unit is, whole, and the line in words: asked by the daemon that drives the line, or by ourselves. Exits 1
    with what was found so far where it was broken off."""
    from edgectl.drivers.discover import body, found_in

    if names_driven(line):
        return found_in(ask_unit(line, unit, wait_s)), f"bus {line}"
    kind, way = line_of(line, site, baud, parity)
    with alone(way) as talk:
        found, ended = look(talk, kind, unit)
    if ended:
        tell_part(body(found))
        refuse(ended, f"edgectl device identify {line} {unit} asks anew", so_far=body(found))
    return found, where(way)


def circuit_on(line: "SerialLine") -> str:
    """What an EZO circuit says when it is asked for its kind; empty where nobody says anything."""
    from edgectl.drivers.circuit import ask_kind
    from edgectl.drivers.links.seam import LinkDown

    try:
        kind, firmware = ask_kind(line.port)
    except (LinkDown, OSError):
        return ""
    return f"EZO {kind}, firmware {firmware}" if kind else ""


def _units(text: str) -> range:
    first, dots, last = text.partition("..")
    with contextlib.suppress(ValueError):
        numbers = range(int(first), int(last if dots else first) + 1)
        if numbers and numbers[0] >= 1 and numbers[-1] <= 247:
            return numbers
    raise click.BadParameter(
        f"{text!r} is no range of addresses; write 5 or 1..32, within 1..247", param_hint="--units"
    )


def _ways(line: "Wire") -> "list[Wire]":
    from dataclasses import replace

    from edgectl.drivers.wiring import SerialLine

    if not isinstance(line, SerialLine):
        return [line]
    usual = [(baud, parity) for baud in (9600, 19200, 4800, 115200, 38400, 2400) for parity in ("N", "E")]
    return [replace(line, baudrate=baud, parity=parity) for baud, parity in usual]
