"""The questions of `edgectl init`: where the lines are, who answers there, what hangs on which output."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgectl.cli import answers
from edgectl.cli.answers import Judge
from edgectl.cli.found import story
from edgectl.cli.init import here, line_of
from edgectl.cli.lines import OVER_RTU, REPLY_WITHIN_S, alone, ports_here
from edgectl.cli.lines import line_of as wire_of
from edgectl.cli.part import broken_off
from edgectl.cli.progress import progress
from edgectl.cli.scan import circuit_on

if TYPE_CHECKING:
    from edgectl.config.first import Device, First, Line, Output, Sensor
    from edgectl.drivers.discover import Found
    from edgectl.drivers.profile import Profile

ROLES = ("pump", "valve", "dosing", "light", "fan", "heater", "air_pump", "fog")
LENGTHS = ("cm", "mm", "m")
LEFT = "  its name, - to leave it out"
HIGHEST = 247  # address of a Modbus line
SILENT_S = 3 * REPLY_WITHIN_S  # what an address costs at which nobody is
AS_IT_IS = "nobody answers in Modbus TCP; ask as a serial line that the box passes on as it is (modbus-rtu-over-tcp)?"
MANY = 8  # channels; who has more is asked for the first, not for all


def ask_all(
    file: Path,
    site_id: str | None,
    name: str | None,
    timezone: str | None,
    lines: tuple[str, ...],
    more: dict[str, Any],
) -> "First":
    """Everything, in the order in which a person walks through a house. Raises click.Abort."""
    from edgectl.config.first import First

    site_id = site_id or _ask("a short word for this greenhouse", "gh-1")
    name = name or _ask("what people call it", "Greenhouse")
    timezone = timezone or _ask("its time zone", here(), answers.zone)
    found: list[Line] = []
    devices: list[Device] = []
    for text in lines or _lines():
        line, there = _look(file, text, devices)
        found.append(line)
        devices += there
    sensors: list[Sensor] = []
    outputs: list[Output] = []
    for device in devices:
        sensors += _sensors(device, sensors)
    for device in devices:
        outputs += _outputs(device, outputs)
    first = First(
        site_id=site_id,
        name=name,
        timezone=timezone,
        lines=tuple(line for line in found if any(device.line == line.name for device in devices)),
        devices=tuple(devices),
        sensors=tuple(sensors),
        outputs=tuple(outputs),
        **more,
    )
    if first.first("pump") and not first.water_at:
        at = _ask("water every day at (07:30; Enter for never)", "", answers.time_of_day)
        return First(**{**{key: getattr(first, key) for key in First.__slots__}, "water_at": at})
    return first


def _lines() -> "list[str]":
    if ports := ports_here():
        click.echo("serial ports here: " + ", ".join(ports), err=True)
    named: list[str] = []
    asked = "a line: a serial port, HOST:PORT of a box, or mqtt://HOST:PORT of a broker; Enter when there is no more"
    while place := _ask(asked, "", answers.place):
        usual = "field" if place.startswith("/") else "nodes" if place.startswith("mqtt") else "network"
        taken = sum(one.startswith(usual) for one in named)
        name = _name("  its name", f"{usual}{taken + 1 if taken else ''}")
        named.append(f"{name}={place}")
    return named


def _look(file: Path, text: str, known: "list[Device]") -> "tuple[Line, list[Device]]":
    """Who answers on a line, and what each is to be called."""
    from dataclasses import replace

    from edgectl.config.first import Device
    from edgectl.drivers.wiring import SerialLine

    line = line_of(text, ())
    if line.kind == "mqtt":
        nodes = _nodes(line.name, known)
        return line_of(text, tuple(nodes)), nodes
    kind, way = wire_of(line.place, file, None, None)
    said = circuit_on(way) if isinstance(way, SerialLine) else ""
    if said:
        circuit = said.split()[1].rstrip(",").lower()
        profile = _of_circuit(circuit)
        click.echo(f"{line.place}: {said}, {profile or 'no profile fits'}", err=True)
        name = _free(_name(LEFT, circuit), known)
        one = [Device(name=name, line=line.name, profile=profile)] if profile and name != "-" else []
        return replace(line, kind="ezo-uart"), one
    there = _scan(file, line, kind)
    if not there and kind == "modbus-tcp" and click.confirm(f"  {AS_IT_IS}", default=True, err=True):
        line = line_of(f"{line.name}={OVER_RTU}{line.place}", ())
        there = _scan(file, line, line.kind)
    devices: list[Device] = []
    for found in there:
        for words in story(found):
            click.echo(words, err=True)
        if (profile := _choice(found)) and (name := _name(LEFT, _short(profile))) != "-":
            devices.append(
                Device(name=_free(name, [*known, *devices]), line=line.name, profile=profile, unit=found.unit)
            )
    return line, devices


def _nodes(line: str, known: "list[Device]") -> "list[Device]":
    """The nodes behind a broker: a person knows them by their labels. One line has nodes of one language."""
    from edgectl.config.first import Device
    from edgectl.drivers import registry

    kinds = {one.name: one.protocol for one in map(registry.find, registry.names()) if one.protocol}
    nodes: list[Device] = []
    while node := _ask("  a node, by its name at the broker; Enter when there is no more", "", answers.node):
        if not nodes:
            click.echo(f"  profiles of nodes: {', '.join(kinds)}", err=True)
        spoken = [name for name in kinds if not nodes or kinds[name] == kinds[nodes[0].profile]]
        profile = _ask("  its profile", spoken[0], answers.one_of(spoken))
        name = _free(_name("  its name", _short(profile)), [*known, *nodes])
        signed = kinds[profile] == "hydro2"
        nodes.append(Device(name=name, line=line, profile=profile, node=node, signed=signed))
    return nodes


def _scan(file: Path, line: "Line", kind: str) -> "list[Found]":
    """Who answers. A person knows how many there should be, so the rest is looked at where one is missed."""
    asked = f"  which addresses of {line.name}, of 1..{HIGHEST}"
    first, last = _range(_ask(asked, "1..32", answers.addresses))
    found = _asked(file, line, kind, range(first, last + 1))
    beyond = range(last + 1, HIGHEST + 1)
    if beyond and (found or kind != "modbus-tcp"):
        minutes = max(1, round(len(beyond) * SILENT_S / 60))
        here = f"  {len(found)} answered at {first}..{last}; is that all of {line.name}? n looks at the rest"
        if not click.confirm(f"{here}, {beyond[0]}..{HIGHEST}, about {minutes} min", default=True, err=True):
            found += _asked(file, line, kind, beyond)
    return found


def _asked(file: Path, line: "Line", kind: str, units: range) -> "list[Found]":
    """Who answers among these. Ctrl-C ends the look, and not the questions of `init`."""
    from edgectl.drivers import discover

    found: list[Found] = []
    _, way = wire_of(line.place, file, None, None)
    label = f"scanning {line.place}, {units[0]}..{units[-1]}, reads only; Ctrl-C goes on with who has answered"
    with alone(way) as talk, broken_off() as ended, progress(label, units) as bar:
        for one in discover.scan(talk, kind, bar):
            found += [one] if one.there else []
    if ended:
        click.echo(f"  {ended[0]}", err=True)
    return found


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("..")
    return int(first), int(last or first)


def _choice(found: "Found") -> str:
    """The profile of a unit, by the number that a person chose; empty where none is to be had."""
    fits = [guess.profile for guess in found.guesses]
    if not fits or found.guesses[0].proven or len(fits) == 1:
        return fits[0] if fits else ""
    numbered = {str(number): profile for number, profile in enumerate(fits, 1)}
    listed = ", ".join(f"{number} {profile}" for number, profile in numbered.items())
    said = _ask(f"  which is it: {listed}; - leaves it out", "", answers.one_of([*numbered, *fits, "-"]))
    return said if said in fits else numbered.get(said, "")


def _sensors(device: "Device", known: "list[Sensor]") -> "list[Sensor]":
    from dataclasses import replace

    from edgectl.config.first import Sensor

    profile = _profile(device)
    if not profile.channels:
        return []
    names = ", ".join(profile.channels)
    usual = "-" if profile.outlets else "all" if len(profile.channels) <= MANY else next(iter(profile.channels))
    asked = f"what {device.name} measures: {names}. Which are wanted: names, all, or - for none"
    said = _ask(asked, usual, answers.channels(profile.channels))
    wanted = list(profile.channels) if said == "all" else re.split(r"[\s,]+", said)
    sensors: list[Sensor] = []
    for channel in (name for name in wanted if name in profile.channels):
        name = device.name if channel == device.name else f"{device.name}_{channel}"
        sensor = Sensor(name=name, source=f"{device.name}.{channel}")
        if profile.channels[channel].unit in LENGTHS:
            sensor = _tank(sensor, profile.channels[channel].unit)
        elif channel.startswith("frequency_"):
            sensor = _flow(sensor)
        sensors.append(replace(sensor, name=_free(sensor.name, [*known, *sensors])))
    return sensors


def _tank(sensor: "Sensor", unit: str) -> "Sensor":
    """A length becomes the level of a tank, when a person knows its ends."""
    from dataclasses import replace

    full = _ask(f"  {sensor.source} in {unit} when the tank is full (Enter: it is no tank)", "", answers.number)
    empty = _ask(f"  {sensor.source} in {unit} when it is empty", "0", answers.number) if full else ""
    return replace(sensor, empty=float(empty), full=float(full)) if full else sensor


def _flow(sensor: "Sensor") -> "Sensor":
    """Pulses become litres a minute, when a person knows the flow sensor behind them."""
    from dataclasses import replace

    asked = f"  {sensor.source}: Hz of the flow sensor at 1 L/min, 7.5 for a YF-S201 (Enter: it is none)"
    said = _ask(asked, "", answers.number)
    return replace(sensor, hz=float(said), name="flow") if said else sensor


def _outputs(device: "Device", known: "list[Output]") -> "list[Output]":
    from edgectl.config.first import Output

    outputs: list[Output] = []
    for outlet in _profile(device).outlets:
        asked = f"what hangs on {device.name}.{outlet}: {', '.join(ROLES)}; Enter for nothing, q for nothing more"
        role = click.prompt(
            asked, type=click.Choice(["", "q", *ROLES]), default="", show_choices=False, show_default=False, err=True
        )
        if role == "q":
            break
        if role:
            there = [*known, *outputs]
            name = _name("  its name", _free(role, there))
            while name in {output.name for output in there}:
                click.echo(f"  there is a {name} already", err=True)
                name = _name("  its name", _free(role, there))
            outputs.append(Output(name=name, to=f"{device.name}.{outlet}", role=role))
    return outputs


def _profile(device: "Device") -> "Profile":
    from edgectl.drivers import registry

    return registry.find(device.profile)


def _of_circuit(kind: str) -> str:
    from edgectl.drivers import registry

    profiles = (registry.find(name) for name in registry.names())
    return next((one.name for one in profiles if kind in (word.lower() for word in one.circuit)), "")


def _short(profile: str) -> str:
    """The last word of a profile's name that is a word: level, relay, soil."""
    words = [word for word in profile.split("-") if word.isalpha() and len(word) > 3]
    return words[-1] if words else profile.replace("-", "_")


def _free(name: str, known: "Sequence[Device | Sensor | Output]") -> str:
    """A name that nobody has yet."""
    taken = {one.name for one in known}
    return next(one for one in [name, *(f"{name}_{n}" for n in range(2, 999))] if one not in taken)


def _ask(question: str, usual: str, wrong: Judge = lambda _: "") -> str:
    """An answer that nothing is wrong with: the question is put again until it is one."""
    while True:
        answer = str(click.prompt(question, default=usual, show_default=bool(usual), err=True)).strip()
        if not (why := wrong(answer)):
            return answer
        click.echo(f"  {why}", err=True)


def _name(question: str, usual: str) -> str:
    """A name as the site file takes it, or a dash."""
    while not re.fullmatch(r"-|[A-Za-z][A-Za-z0-9_-]*", name := _ask(question, usual)):
        click.echo("  a name begins with a letter and holds letters, digits, - and _", err=True)
    return name
