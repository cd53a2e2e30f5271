"""`edgectl device identify` and `device write`: what a device is, and its address, speed or correction set.

Two rules. Only what the profile declares under `settings` is written, once, and looked at afterwards. And it is written
while no daemon leads: the line in the timeline before the write is on the disk before the write leaves.
"""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgectl.cli.aside import Note, aside
from edgectl.cli.client import DEFAULT_STATE, refuse, show
from edgectl.cli.lines import alone, baud_option, line_of, parity_option, site_option, where
from edgectl.cli.scan import body, circuit_on, story
from edgectl.model.events import Event

if TYPE_CHECKING:
    from edgectl.drivers.discover import Found
    from edgectl.drivers.profile import Profile, Writable
    from edgectl.drivers.talk import Talk
    from edgectl.drivers.wiring import Wire

ADDRESS, SPEED = "address", "baud"
DESCRIBED = "edgectl profiles NAME lists what can be set"


@click.command()
@click.argument("line")
@click.argument("unit", type=click.IntRange(1, 247), required=False)
@site_option
@baud_option
@parity_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def identify(line: str, unit: int | None, site: Path, baud: int | None, parity: str | None, as_json: bool) -> None:
    """What UNIT of LINE is: every profile that fits, with its marks and what it would read; an EZO circuit needs no
    UNIT."""
    from edgectl.drivers import discover

    kind, way = line_of(line, site, baud, parity, also=("ezo-uart",))
    if unit is None:
        _circuit(way, as_json)
        return
    with alone(way) as talk:
        found = discover.probe(talk, kind, unit)
    if not found.there:
        refuse(f"unit {unit} is silent on {where(way)}", f"edgectl bus scan {line} shows who answers")
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
@click.argument("unit", type=click.IntRange(1, 247))
@click.argument("setting")
@click.argument("value")
@click.option("--profile", help="What the device is, where more than one profile fits.")
@click.option("--only-one", is_flag=True, help="Ask nothing: one device alone has this address.")
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
    state: Path,
    site: Path,
    baud: int | None,
    parity: str | None,
    as_json: bool,
) -> None:
    """Set SETTING of UNIT on LINE to VALUE and read it back: address, baud, whatever its profile lists.

    Only while no daemon leads. Both what was meant and what came of it stand in the timeline.
    """
    from edgectl.drivers import discover

    with aside(state) as note:
        kind, way = line_of(line, site, baud, parity)
        with alone(way) as talk:
            knob = _knob(discover.probe(talk, kind, unit), profile, setting, where(way))
            raw = _raw(knob, value)
            before = _held(talk, unit, knob)
            if before == raw:
                refuse(f"{setting} is {value} already; nothing was written")
            if setting == ADDRESS:
                _one_alone(talk, kind, unit, raw, sure=only_one)
            done = {"line": where(way), "unit": unit, "setting": setting, "value": value, "who": getpass.getuser()}
            note(Event.DEVICE_WRITE_MEANT, **done, before=knob.told(before))
            _send(talk, unit, knob, raw)
            place, held = unit, None
            if setting != SPEED:
                place, held = _seen(talk, unit, raw if setting == ADDRESS else unit, knob, raw)
        if setting == SPEED:
            held = _at_speed(way, int(value), unit, knob)
        _tell(note, knob, raw, {**done, "before": knob.told(before)}, place, held, as_json=as_json)


def _knob(found: "Found", wanted: str | None, setting: str, place: str) -> "Writable":
    """The register that is meant. Exits 1 unless it is certain what the device is."""
    from edgectl.drivers import registry

    if not found.there or found.noise or found.text:
        what = "garbles its answers: two devices may share its address" if found.noise else "does not answer"
        refuse(f"unit {found.unit} on {place} {what}; nothing was written", "edgectl bus scan shows who answers")
    fits = [guess.profile for guess in found.guesses]
    if wanted is not None and wanted not in fits:
        hint = f"what fits it: {', '.join(fits) or 'no profile'}"
        refuse(f"unit {found.unit} on {place} is no {wanted}; nothing was written", hint)
    if wanted is None and len(fits) != 1 and not (found.guesses and found.guesses[0].proven):
        hint = f"say which it is: --profile {' or --profile '.join(fits)}" if fits else DESCRIBED
        refuse(f"it is not certain what unit {found.unit} on {place} is; nothing was written", hint)
    known: Profile = registry.find(wanted or fits[0])
    if setting not in known.settings:
        hint = f"it knows: {', '.join(known.settings)}" if known.settings else "its profile knows no setting"
        refuse(f"{known.name} has no setting {setting!r}; nothing was written", hint)
    return known.settings[setting]


def _raw(knob: "Writable", value: str) -> int:
    try:
        return knob.raw(value)
    except ValueError as wrong:
        refuse(f"{wrong}; nothing was written", DESCRIBED)


def _held(talk: "Talk", unit: int, knob: "Writable") -> int:
    """What it holds now. Exits 1 when it has no such register."""
    from edgectl.drivers.codecs.modbus import BadReply

    try:
        return _read(talk, unit, knob)
    except BadReply as bad:
        place = f"unit {unit}, holding register {knob.address} ({knob.name})"
        refuse(f"{place} cannot be read: {bad}; nothing was written", "the device may be another one than it seems")


def _read(talk: "Talk", unit: int, knob: "Writable") -> int:
    from edgectl.drivers.codecs import modbus

    return int(modbus.number(talk.exchange(modbus.read(unit, 3, knob.address, 1)), 0, "u16"))


def _one_alone(talk: "Talk", kind: str, unit: int, new: int, *, sure: bool) -> None:
    """A new address is free, and one device alone takes it: two at one address would both move, and stay two."""
    from edgectl.drivers import discover

    if new != unit and discover.probe(talk, kind, new).there:
        refuse(f"somebody answers at {new} already; nothing was written", "edgectl bus scan shows which are free")
    if not sure and not _said_yes(f"is the device at {unit} the only one with this address on the line?"):
        refuse("nothing was written", "take all other new devices off the line, then try again; --only-one says yes")


def _said_yes(question: str) -> bool:
    try:
        return click.confirm(question, default=False, err=True)
    except click.Abort:  # nobody is there to answer
        return False


def _send(talk: "Talk", unit: int, knob: "Writable", raw: int) -> None:
    """Once. Whether it was taken is for the read-back to say: some devices answer from their new address already."""
    import contextlib

    from edgectl.drivers.codecs import modbus
    from edgectl.drivers.codecs.modbus import BadReply

    with contextlib.suppress(BadReply):
        talk.exchange(modbus.write_register(unit, knob.address, raw))


def _seen(talk: "Talk", unit: int, new: int, knob: "Writable", raw: int) -> tuple[int, int | None]:
    """Where it answers now, and what it holds there; None where nobody answers."""
    from edgectl.drivers.codecs.modbus import BadReply

    for place in dict.fromkeys((new, unit)):
        for _ in range(2):
            try:
                return place, _read(talk, place, knob)
            except BadReply:
                continue
    return unit, None


def _at_speed(way: "Wire", speed: int, unit: int, knob: "Writable") -> int | None:
    """What it holds, asked at its new speed; at the old one it would not answer any more."""
    from dataclasses import replace

    from edgectl.drivers.wiring import SerialLine

    if isinstance(way, SerialLine):
        way = replace(way, baudrate=speed)
    with alone(way) as talk:
        return _seen(talk, unit, unit, knob, 0)[1]


def _tell(
    note: Note, knob: "Writable", raw: int, done: dict[str, Any], place: int, held: int | None, *, as_json: bool
) -> None:
    after = None if held is None else knob.told(held)
    taken = held == raw
    in_force = taken and (knob.name != ADDRESS or place == raw)
    note(Event.DEVICE_WRITTEN, **done, after=after, answers_at=place, taken=taken)
    if show({**done, "after": after, "answers_at": place, "taken": taken, "in_force": in_force}, as_json):
        if not taken:
            raise SystemExit(1)
    elif not taken:
        found = "nobody answers any more" if after is None else f"it holds {after}"
        hint = "power it off and on, then edgectl bus scan LINE --units 1..247; some lock their settings by a switch"
        refuse(f"{knob.name} was written and not read back: {found}", hint)
    elif in_force:
        click.echo(f"{knob.name} was {done['before']} and is {after}, read back; write it on the device")
    else:
        click.echo(f"{knob.name} is stored as {after}, and the device still answers at {place}")
        click.echo(f"  power it off and on; then edgectl bus probe LINE {raw}")
