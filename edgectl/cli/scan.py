"""`edgectl bus scan` and `bus probe`: who is on a line. Reads only, and only while no daemon drives it."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgectl.cli.client import refuse, show
from edgectl.cli.lines import alone, baud_option, line_of, meant_by_site, parity_option, site_option, where
from edgectl.cli.progress import progress

if TYPE_CHECKING:
    from edgectl.drivers.discover import Found
    from edgectl.drivers.wiring import SerialLine, Wire


@click.command()
@click.argument("line")
@click.option("--units", default="1..32", show_default=True, help="The addresses to ask, for example 1..247 or 5.")
@click.option("--every-speed", is_flag=True, help="Ask at each usual speed and parity of a serial line; takes long.")
@site_option
@baud_option
@parity_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def scan(
    line: str, units: str, every_speed: bool, site: Path, baud: int | None, parity: str | None, as_json: bool
) -> None:
    """Ask each address of LINE, a bus of the site file, a port such as /dev/ttyUSB0, or HOST:PORT, who is there."""
    from dataclasses import replace

    from edgectl.drivers import discover
    from edgectl.drivers.discover import body
    from edgectl.drivers.talk import UnfitPort
    from edgectl.drivers.wiring import SerialLine

    numbers = _units(units)
    kind, first = line_of(line, site, baud, parity)
    ways = _ways(first) if every_speed else [first]
    rows: list[tuple[Wire, Found]] = []
    for number, way in enumerate(ways, 1):
        which = f" ({number} of {len(ways)})" if every_speed else ""
        label = f"scanning {where(way)}{which}  units {units}  reads only"
        try:
            with (
                alone(way, may_be_unfit=every_speed) as talk,
                progress(label, numbers) as bar,
            ):
                there = [(way, found) for found in discover.scan(talk, kind, bar) if found.there]
        except UnfitPort as unfit:
            click.echo(f"{unfit}: left out{which}", err=True)
            continue
        # Told at once: all speeds take long, and who has seen his device ends it.
        _told([] if as_json else there, speed=every_speed)
        rows += there
        if there and there[-1][1].text:
            break
    if not rows and isinstance(first, SerialLine) and (name := circuit_on(first)):
        rows = [(replace(first, baudrate=9600, parity="N"), discover.Found(unit=0, text=name))]
        _told([] if as_json else rows, speed=every_speed)
    if show([{"line": where(way), **body(found)} for way, found in rows], as_json):
        return
    if not rows:
        click.echo(f"nobody answered on {where(first)}")
        click.echo("  check 24 V, swap A and B, try --every-speed; docs/commissioning.md, part 4")


def _told(rows: "list[tuple[Wire, Found]]", *, speed: bool) -> None:
    for place, (way, found) in enumerate(rows):
        if speed and place == 0:
            click.echo(where(way))
        for text in story(found):
            click.echo(text)


@click.command()
@click.argument("line")
@click.argument("unit", type=click.IntRange(1, 254))
@site_option
@baud_option
@parity_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def probe(line: str, unit: int, site: Path, baud: int | None, parity: str | None, as_json: bool) -> None:
    """Ask one UNIT of LINE what it is and what it reads now."""
    from edgectl.drivers import discover
    from edgectl.drivers.discover import body

    kind, way = line_of(line, site, baud, parity)
    with alone(way) as talk:
        found = discover.probe(talk, kind, unit)
    meant = meant_by_site(line, site, unit)
    if not show({**body(found), "site_file": meant}, as_json):
        for text in story(found, whole=True):
            click.echo(text)
        fits = [guess.profile for guess in found.guesses]
        if meant is not None and found.functions and meant not in fits:
            click.echo(f"the site file says that it is a {meant}: {unlike(meant, fits)}")
    if not found.there:
        refuse(f"unit {unit} is silent on {where(way)}", f"edgectl bus scan {line} shows who answers")


def unlike(meant: str, fits: list[str]) -> str:
    """Why a device is not what the site file says, as far as its registers tell."""
    from edgectl.drivers import registry

    clones = [name for name in registry.find(meant).clones if name in fits]
    if clones:
        return f"its numbers are impossible under that profile, and possible as {clones[0]}, which counts otherwise"
    return f"that does not fit; {' or '.join(fits) or 'no profile'} does"


def circuit_on(line: "SerialLine") -> str:
    """What an EZO circuit says when it is asked for its kind; empty where nobody says anything."""
    from edgectl.drivers.circuit import ask_kind
    from edgectl.drivers.links.seam import LinkDown

    try:
        kind, firmware = ask_kind(line.port)
    except (LinkDown, OSError):
        return ""
    return f"EZO {kind}, firmware {firmware}" if kind else ""


def story(found: "Found", *, whole: bool = False) -> list[str]:
    """One unit in words."""
    if found.text:
        return [
            f"this line speaks in words, not in Modbus ({found.text!r}), as an EZO circuit does",
            "  write it as a bus of type ezo-uart; edgectl device identify with the port asks for its kind",
        ]
    if found.noise:
        clear = " ".join(f"FC{function:02d}" for function in found.functions)
        how = f"answers {clear} and garbles the rest" if clear else "two answers collide, or the line is noisy"
        return [
            f"unit {found.unit:<3}  {how}: two devices may share this address",
            f"          heard {found.noise}; take one of them off the line, ask again, and give it another address",
        ]
    if not found.there:
        return []
    answers = " ".join(f"FC{function:02d}" for function in found.functions)
    head = f"unit {found.unit:<3}  answers {answers:<14}"
    if not found.guesses:
        return [f"{head}  no profile fits; edgectl device new LINE {found.unit} NAME reads its registers"]
    best, *others = found.guesses
    sure = "is a" if best.proven else "could be a"
    lines = [f"{head}  {sure} {best.profile}{_reads(best.values, whole)}"]
    # What proves itself needs no rivals; where nothing does, a person has to look at what each would mean.
    rivals = others if whole or not best.proven else []
    return lines + [f"{'':<33}  or a {guess.profile}{_reads(guess.values, whole)}" for guess in rivals]


def _reads(values: tuple[tuple[str, float, str], ...], whole: bool) -> str:
    shown = values if whole else values[:3]
    told = ", ".join(f"{name} {value:g}{f' {unit}' if unit else ''}" for name, value, unit in shown)
    return f": {told}{', …' if len(shown) < len(values) else ''}" if told else ""


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
