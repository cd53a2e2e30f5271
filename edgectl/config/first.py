"""The text of a first site file, from what a person has answered. Pure: values in, text out.

It holds what the person said and the few lines without which it would be refused or dangerous.
"""

import re
from dataclasses import dataclass

from edgectl.config.quantities import show
from edgectl.drivers import registry
from edgectl.model.site import FailSafe
from edgectl.model.time import SECOND, Nanos

MINUTE: Nanos = 60 * SECOND
PUMP_LIMIT, VALVE_LIMIT, OTHER_LIMIT = 10 * MINUTE, 11 * MINUTE, 5 * MINUTE  # no pump pushes against a shut valve
START_ABOVE, STOP_BELOW = 15, 10  # percent of the tank
LIMITED = {"pump": PUMP_LIMIT, "valve": VALVE_LIMIT, "fog": OTHER_LIMIT, "co2": OTHER_LIMIT}
# Words that mean themselves in YAML; every other is written between quotes.
PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*|[0-9]+(ms|s|m|h|d)|[0-9]{1,3}(\.[0-9]{1,3}){3}")
MEANT = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})  # to one reader of YAML or another
DIGITS = re.compile("[1-9][0-9]{0,4}")
CAPS = "max_dose: 20ml, max_per_hour: 60ml, max_per_day: 200ml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A wire. `place` is a port, HOST:PORT, or the address of a broker, whose nodes speak `protocol`; before the
    HOST:PORT of a box that passes a serial line on as it is stands rtu://."""

    name: str
    kind: str  # modbus-rtu, modbus-tcp, modbus-rtu-over-tcp, ezo-uart, serial-lines, mqtt
    place: str
    baudrate: int = 9600
    parity: str = "N"
    protocol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device on a wire; what has a line of its own has no unit. A node behind a broker has its name there instead,
    and where `signed` its orders need a secret."""

    name: str
    line: str
    profile: str
    unit: int | None = None
    node: str = ""
    signed: bool = False

    @property
    def secret(self) -> str:
        """The name of the credential that signs its orders; empty where none does."""
        return f"node-{self.name}" if self.signed else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One channel. With `empty` and `full` it is the level of a tank, in percent; with `hz` a flow sensor, which gives
    so many pulses a second at 1 L/min."""

    name: str
    source: str
    empty: float | None = None
    full: float | None = None
    hz: float | None = None

    @property
    def level(self) -> bool:
        """True for a tank in percent."""
        return self.empty is not None and self.full is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What hangs on an output. `ml_per_s` is for a dosing pump."""

    name: str
    to: str
    role: str
    ml_per_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """Everything that was answered. `water_at` is a time of day, empty for no schedule."""

    site_id: str
    name: str
    timezone: str
    lines: tuple[Line, ...]
    devices: tuple[Device, ...]
    sensors: tuple[Sensor, ...] = ()
    outputs: tuple[Output, ...] = ()
    zone: str = "zone-1"
    water_at: str = ""
    water_for: str = "60s"

    def first(self, role: str) -> str:
        """The first output of a role, empty where there is none."""
        return next((output.name for output in self.outputs if output.role == role), "")

    @property
    def tank(self) -> str:
        """The first sensor that is a level in percent."""
        return next((sensor.name for sensor in self.sensors if sensor.level), "")


def write(first: First) -> str:
    """The site file."""
    parts = [
        ["# Begun by edgectl init. Check it after every change: edgectl check"],
        [f"site: {{id: {_word(first.site_id)}, name: {_quoted(first.name)}, timezone: {_word(first.timezone)}}}"],
        _section("buses", [f"{_word(line.name)}: {_line(line)}" for line in first.lines]),
        _section("devices", [f"{_word(device.name)}: {_device(device, first)}" for device in first.devices]),
        _section("sensors", [f"{_word(sensor.name)}: {_sensor(sensor)}" for sensor in first.sensors]),
        _section("actuators", [f"{_word(output.name)}: {_output(output, first)}" for output in first.outputs]),
        _section("zones", _zone(first)),
        _section("schedules", _schedule(first)),
        ["# What the wiring does by itself goes here, once it is built and tried: declare: [air_gap, overflow, …]"],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _section(name: str, entries: list[str]) -> list[str]:
    return [f"{name}:", *(f"  {entry}" for entry in entries)] if entries else []


def _line(line: Line) -> str:
    if line.kind == "mqtt":
        return f"{{type: mqtt, url: {_quoted(line.place)}, protocol: {_word(line.protocol)}}}"
    if line.kind in ("modbus-tcp", "modbus-rtu-over-tcp"):
        host, _, port = line.place.removeprefix("rtu://").rpartition(":")
        where = f"host: {_word(host)}, port: {port if DIGITS.fullmatch(port) else _quoted(port)}"
        speed = f", baudrate: {line.baudrate}" if line.kind == "modbus-rtu-over-tcp" else ""
        return f"{{type: {line.kind}, {where}{speed}}}"
    odd = f", parity: {line.parity}" if line.parity != "N" else ""
    return f"{{type: {line.kind}, port: {_word(line.place)}, baudrate: {line.baudrate}{odd}}}"


def _device(device: Device, first: First) -> str:
    where = "" if device.unit is None else f", unit: {device.unit}"
    if device.node:
        where = f", node: {_word(device.node)}"
    if device.signed:
        where += f", zone: {_word(first.zone)}, secret: {{credential: {_word(device.secret)}}}"
    return f"{{bus: {_word(device.line)}, profile: {_word(device.profile)}{where}}}"


def _sensor(sensor: Sensor) -> str:
    source = _word(sensor.source)
    if sensor.hz is not None:
        return f"{{from: {source}, unit: L/min, scale: [0, {sensor.hz:g}, 0, 1], range: [0, 60], max_age: 4s}}"
    if not sensor.level:
        return f"{{from: {source}, max_age: 60s}}"
    scale = f"[{sensor.empty:g}, {sensor.full:g}, 0, 100]"
    return f'{{from: {source}, unit: "%", scale: {scale}, range: [0, 100], max_age: 10s}}'


def _output(output: Output, first: First) -> str:
    words = [f"to: {_word(output.to)}", f"role: {_word(output.role)}"]
    if output.role in LIMITED:
        words.append(f"max_on: {show(_limit(output, first))}")
    if output.role == "dosing":
        words += [f"ml_per_s: {output.ml_per_s:g}", CAPS]
    if output.role == "pump" and first.tank:
        words += [f"requires: [{_tank(first, '>', START_ABOVE)}]", f"stop_if: [{_tank(first, '<', STOP_BELOW)}]"]
    return f"{{{', '.join(words)}}}"


def _limit(output: Output, first: First) -> Nanos:
    """The usual one of its role, or as long as the timer of its device counts."""
    device, _, channel = output.to.partition(".")
    profiles = [one.profile for one in first.devices if one.name == device and one.profile in registry.names()]
    outlet = registry.find(profiles[0]).outlets.get(channel) if profiles else None
    timer = outlet.pulse_max if outlet is not None and outlet.fail_safe is FailSafe.PULSE else None
    return LIMITED[output.role] if timer is None else min(LIMITED[output.role], timer)


def _zone(first: First) -> list[str]:
    parts = {"pump": first.first("pump"), "valve": first.first("valve"), "light": first.first("light")}
    if parts["pump"] and first.tank:
        parts["tank"] = first.tank
    if parts["pump"] and (flow := next((sensor.name for sensor in first.sensors if sensor.hz is not None), "")):
        parts["flow"] = flow
    named = [f"{key}: {_word(name)}" for key, name in parts.items() if name]
    return [f"{_word(first.zone)}: {{number: 1, {', '.join(named)}}}"] if named else []


def _schedule(first: First) -> list[str]:
    if not (first.water_at and first.first("pump")):
        return []
    when = f"at: [{_quoted(first.water_at)}]"
    return [f"watering: {{zone: {_word(first.zone)}, task: irrigation, {when}, duration: {_word(first.water_for)}}}"]


def _tank(first: First, sign: str, percent: int) -> str:
    words = f"{first.tank} {sign} {percent}"
    return words if _word(first.tank) == first.tank else _quoted(words)


def _word(text: str) -> str:
    """As it is, or between quotes where YAML would read something else into it."""
    return text if PLAIN.fullmatch(text) and text.lower() not in MEANT else _quoted(text)


def _quoted(words: str) -> str:
    return '"' + "".join(map(_escaped, words)) + '"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    return sign if sign.isprintable() else f"\\U{ord(sign):08x}"
