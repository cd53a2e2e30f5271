"""`edgectl device identify` and `device write`: what a device is, and its address, speed or correction set.

Two rules. Only what the profile declares under `settings` is written, once, and looked at afterwards. And the line in
the timeline before the write is on the disk before the write leaves: where a daemon drives the bus, the daemon writes
both, and refuses while anything may be ordered of the device.
"""

import getpass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgectl.cli.aside import aside
from edgectl.cli.client import DEFAULT_STATE, Refused, ask, refuse, show
from edgectl.cli.driven import DEVICE_WITHIN_S, wait_option, watched
from edgectl.cli.found import story
from edgectl.cli.lines import (
    Unit,
    alone,
    baud_option,
    line_of,
    meant_by_site,
    names_driven,
    parity_option,
    site_option,
    where,
)
from edgectl.cli.scan import circuit_on, unit_on
from edgectl.model.events import Event

if TYPE_CHECKING:
    from edgectl.drivers.discover import Found
    from edgectl.drivers.settle import Meant
    from edgectl.drivers.wiring import Wire

ADDRESS, SPEED = "address", "baud"
ALONE = "take all other new devices off the line, then try again; --only-one says yes"


@click.command()
@click.argument("line")
@click.argument("unit", type=Unit(1, 254), required=False)
@site_option
@baud_option
@parity_option
@wait_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def identify(
    line: str, unit: int | None, site: Path, baud: int | None, parity: str | None, wait_s: float, as_json: bool
) -> None:
    """What UNIT of LINE is: every profile that fits, with its marks and what it would read; an EZO circuit needs no
    UNIT."""
    if unit is None:
        _circuit(line_of(line, site, baud, parity, also=("ezo-uart",))[1], as_json)
        return
    found, place = unit_on(line, unit, site, baud, parity, wait_s)
    _identified(found, f"unit {unit} is silent on {place}", line, as_json)


def _identified(found: "Found", silent: str, line: str, as_json: bool) -> None:
    from edgectl.drivers.discover import body

    if not found.there:
        refuse(silent, f"edgectl bus scan {line} shows who answers")
    if show(body(found), as_json):
        return
    for text in story(found, whole=True):
        click.echo(text)
    for guess in found.guesses:
        for what, value in guess.marks:
            click.echo(f"          {guess.profile}: {what} is {value:g}")
    if len(found.guesses) > 1 and not found.guesses[0].proven:
        click.echo("more than one fits: change what it measures, ask again, and see which values follow")


def _circuit(way: "Wire", as_json: bool) -> None:
    from edgectl.drivers import registry
    from edgectl.drivers.wiring import SerialLine

    said = circuit_on(way) if isinstance(way, SerialLine) else ""
    if not said:
        refuse(f"no EZO circuit answers on {where(way)}", "a Modbus device has an address: name it as UNIT")
    kind = said.split()[1].rstrip(",")
    profiles = [registry.find(name) for name in registry.names()]
    fits = [one.name for one in profiles if kind.lower() in (word.lower() for word in one.circuit)]
    if not show({"says": said, "profiles": fits}, as_json):
        click.echo(f"{said}: {', '.join(fits) or 'no profile fits'}")


@click.command()
@click.argument("line")
@click.argument("unit", type=Unit(1, 254))
@click.argument("setting")
@click.argument("value")
@click.option("--profile", help="What the device is, where more than one profile fits.")
@click.option("--only-one", is_flag=True, help="Ask nothing: one device alone has this address.")
@click.option(
    "--follows",
    is_flag=True,
    help="It takes the place of a device that is dead: that one is out, without power, its loads are on this one.",
)
@wait_option
@click.option("--state", type=click.Path(path_type=Path), envvar="EDGECTL_STATE", default=DEFAULT_STATE)
@site_option
@baud_option
@parity_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def write(
    line: str,
    unit: int,
    setting: str,
    value: str,
    profile: str | None,
    only_one: bool,
    follows: bool,
    wait_s: float,
    state: Path,
    site: Path,
    baud: int | None,
    parity: str | None,
    as_json: bool,
) -> None:
    """Set SETTING of UNIT on LINE to VALUE and read it back.

    A bus that a daemon drives is named as in the site file; its zones have to be locked. Both what was meant and what
    came of it stand in the timeline.
    """
    if names_driven(line):
        wish: dict[str, Any] = {"value": value, "profile": profile, "only_one": only_one}
        wish |= {"follows": follows, "wait_s": round(wait_s), "who": getpass.getuser()}
        _say(_written_by(line, unit, setting, wish), setting, as_json=as_json)
        return
    from edgectl.drivers import settle
    from edgectl.drivers.settle import NotDone

    with aside(state) as note:
        kind, way = line_of(line, site, baud, parity)
        with alone(way) as talk:
            try:
                seat_at = partial(meant_by_site, line, site)
                what = settle.meant(talk, kind, unit, setting, value, profile, where(way), seat_at)
            except NotDone as no:
                refuse(str(no), no.hint)
            if setting == ADDRESS and not only_one and not _alone_there(unit):
                refuse("nothing was written", ALONE)
            done = {"line": where(way), "unit": unit, "setting": setting, "value": value, "who": getpass.getuser()}
            note(Event.DEVICE_WRITE_MEANT, **done, before=what.was)
            settle.send(talk, what)
            place, held = (unit, None) if setting == SPEED else settle.seen(talk, what)
        if setting == SPEED:
            held = _at_speed(way, int(value), what)
        taken, after = held == what.raw, None if held is None else what.knob.told(held)
        told = {**done, "before": what.was, "after": after, "answers_at": place, "taken": taken}
        note(Event.DEVICE_WRITTEN, **told)
        _say({**told, "in_force": taken and (setting != ADDRESS or place == what.raw)}, setting, as_json=as_json)


def _written_by(line: str, unit: int, setting: str, wish: dict[str, Any]) -> Any:
    """The daemon writes. A person is asked for nothing before everything else is right: then it comes a second time."""
    place, within_s = f"/buses/{line}/units/{unit}/settings/{setting}", DEVICE_WITHIN_S + wish["wait_s"]
    try:
        with watched(line):
            return ask("POST", place, wish, within_s=within_s, kept=lambda detail: detail.get("missing") == "only_one")
    except Refused as no:
        if no.detail.get("missing") != "only_one":
            raise
    if not _alone_there(unit):
        refuse("nothing was written", ALONE)
    with watched(line):
        return ask("POST", place, wish | {"only_one": True}, within_s=within_s)


def _alone_there(unit: int) -> bool:
    """Two at one address would both move, and stay two."""
    return _said_yes(f"is the device at {unit} the only one with this address on the line?")


def _said_yes(question: str) -> bool:
    try:
        return click.confirm(question, default=False, err=True)
    except click.Abort:  # nobody is there to answer
        return False


def _at_speed(way: "Wire", speed: int, what: "Meant") -> int | None:
    """What it holds, asked at its new speed; at the old one it would not answer any more."""
    from dataclasses import replace

    from edgectl.drivers import settle
    from edgectl.drivers.wiring import SerialLine

    if isinstance(way, SerialLine):
        way = replace(way, baudrate=speed)
    with alone(way) as talk:
        return settle.seen(talk, what)[1]


def _say(told: dict[str, Any], setting: str, *, as_json: bool) -> None:
    """What came of a write. Exits 1 when it was not read back."""
    after = told["after"]
    if show(told, as_json):
        if not told["taken"]:
            raise SystemExit(1)
    elif not told["taken"]:
        found = "nobody answers any more" if after is None else f"it holds {after}"
        hint = "power it off and on, then edgectl bus scan LINE --units 1..247; some lock their settings by a switch"
        refuse(f"{setting} was written and not read back: {found}", hint)
    elif told["in_force"]:
        click.echo(f"{setting} was {told['before']} and is {after}, read back; write it on the device")
    else:
        click.echo(f"{setting} is stored as {after}, and the device still answers at {told['answers_at']}")
        click.echo(f"  power it off and on; then edgectl bus probe LINE {told['value']}")
