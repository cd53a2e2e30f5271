"""`edgectl device`: one device on a line, or on a bus that a daemon drives. Only `write` changes anything."""

import contextlib
import re
from pathlib import Path

import click

from edgectl.cli.client import ask, refuse, show
from edgectl.cli.driven import DEVICE_WITHIN_S, wait_option, watched
from edgectl.cli.groups import Group
from edgectl.cli.lines import (
    Unit,
    alone,
    baud_option,
    line_of,
    names_driven,
    parity_option,
    site_option,
    where,
)
from edgectl.cli.part import broken_off
from edgectl.cli.progress import progress
from edgectl.cli.scan_driven import DrivenLine
from edgectl.cli.setting import identify, write

KINDS = {"coils": 1, "inputs": 2, "holding": 3, "input-registers": 4}


@click.group(cls=Group)
def device() -> None:
    """One device, by its line and unit: what it is, its settings and registers, a profile for one that nobody knows."""


device.add_command(identify)
device.add_command(write)


@device.command()
@click.argument("line")
@click.argument("unit", type=Unit(1, 254))
@click.argument("address", type=click.IntRange(0, 65535))
@click.option("--count", type=click.IntRange(1, 100), default=1, show_default=True, help="How many in a row.")
@click.option(
    "--kind", type=click.Choice(list(KINDS)), default="holding", show_default=True, help="Which of its rooms."
)
@site_option
@baud_option
@parity_option
@wait_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def read(
    line: str,
    unit: int,
    address: int,
    count: int,
    kind: str,
    site: Path,
    baud: int | None,
    parity: str | None,
    wait_s: float,
    as_json: bool,
) -> None:
    """Read registers or bits of UNIT on LINE, from ADDRESS on, counted from 0 as they go on the wire."""
    from edgectl.drivers.codecs import modbus
    from edgectl.drivers.codecs.modbus import BadReply

    if wrong := modbus.beyond(address, count):
        refuse(wrong, "ask for fewer, or from a lower one on")
    if names_driven(line):
        place = f"/buses/{line}/units/{unit}/registers/{kind}?address={address}&count={count}&wait_s={wait_s:.0f}"
        with watched(line):
            held = ask("GET", place, within_s=DEVICE_WITHIN_S + wait_s)["values"]
        _read_out(held, as_json, bits=kind in ("coils", "inputs"))
        return
    _, way = line_of(line, site, baud, parity)
    function = KINDS[kind]
    with alone(way) as talk:
        try:
            reply = talk.exchange(modbus.read(unit, function, address, count))
        except BadReply as bad:
            place = f"unit {unit} on {where(way)}, {kind} {address}"
            refuse(f"{place}: {bad}", "edgectl bus probe shows what it answers")
    if function in (1, 2):
        values = [int(bit) for bit in modbus.bits(reply, count)]
    else:
        values = [int(modbus.number(reply, index, "u16")) for index in range(count)]
    rows = [{"address": address + index, "value": value} for index, value in enumerate(values)]
    _read_out(rows, as_json, bits=function in (1, 2))


def _read_out(rows: list[dict[str, int]], as_json: bool, *, bits: bool) -> None:
    if not show(rows, as_json):
        for row in rows:
            more = "" if bits else f"  0x{row['value']:04X}  as s16 {_signed(row['value'])}"
            click.echo(f"{row['address']:>5}  {row['value']}{more}")


@device.command()
@click.argument("line")
@click.argument("unit", type=Unit(1, 254))
@click.argument("name")
@click.option(
    "--last", type=click.IntRange(0, 9999), default=127, show_default=True, help="The last register to ask for."
)
@site_option
@baud_option
@parity_option
@wait_option
def new(
    line: str, unit: int, name: str, last: int, site: Path, baud: int | None, parity: str | None, wait_s: float
) -> None:
    """Read every register of UNIT and write the beginning of a profile into NAME.yaml here. Overwrites nothing."""
    from edgectl.drivers import sweep
    from edgectl.drivers.discover import Asks

    ours: contextlib.AbstractContextManager[Asks]
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        refuse(f"{name!r} is no name of a profile", "short words a buyer would say, with dashes: my-level-probe")
    file = Path(f"{name}.yaml")
    if file.exists():
        refuse(f"{file} exists already; nothing was read", "take another name, or move the file away")
    if names_driven(line) and not (baud or parity):
        place, ours = f"bus {line}", contextlib.nullcontext[Asks](DrivenLine(line, wait_s))
    else:
        _, way = line_of(line, site, baud, parity)
        place, ours = where(way), alone(way)
    words: list[sweep.Word] = []
    upto = "holding 0"
    label = f"reading unit {unit} on {place}"
    with ours as talk, broken_off() as ended, progress(label, length=2 * (last + 1)) as bar:
        for part in sweep.sweep(talk, unit, last):
            words += part.words
            upto = f"{sweep.ROOM[part.function]} {part.first + part.count - 1}"
            bar.update(part.count)
    missing = f"{ended[0]} after {upto}; the rest up to input {last} was not read" if ended else ""
    if not words:
        what = missing or f"it answered for none of the registers 0 to {last}"
        refuse(f"unit {unit} on {place}: {what}", "" if ended else "try a larger --last")
    file.write_text(sweep.draft(name, unit, words, missing))
    click.echo(f"{len(words)} registers answered; they stand in {file} with the values that they held")
    if missing:
        refuse(missing, f"what answered is in {file}; to read all of it move that file away, and begin anew")
    click.echo("  change what the device measures, read again, and name the registers that followed")
    click.echo(f"  then move it to {site.parent / 'profiles'}: edgectl check judges it, edgectl profiles lists it")


def _signed(value: int) -> int:
    return value - 65536 if value > 32767 else value
