"""The language of the site file, as strict models. JSON Schema comes from here, and so does every "did you mean".

The models say what may be written; `rules` says what makes sense together. Descriptions double as hints, so they tell a
person what to write.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from edgectl.config.schema_air import ClimateEntry
from edgectl.config.schema_dispatch import ApiSection, Credential, Lease
from edgectl.config.schema_times import ClockSection, ScheduleEntry
from edgectl.config.schema_water import BalanceEntry, ChemistryEntry, CircuitEntry, RoundEntry, TankEntry
from edgectl.config.written import (
    Above,
    Clock,
    Conditions,
    Duration,
    FlowRate,
    Gain,
    Name,
    Pair,
    Point,
    Rate,
    SomeTime,
    Strict,
    Volume,
    Words,
)
from edgectl.model.site import Role


class SiteSection(Strict):
    """Which greenhouse this is."""

    id: Name = Field(description="a short word for this greenhouse, for example gh-1")
    name: Words = Field(description="what people call it, for example North house")
    timezone: Words = Field(description="a name such as Europe/Berlin")
    estop: Name | None = Field(None, description="a sensor that reads 1 while the wired emergency stop is not pressed")
    restarts_allowed: int = Field(
        5, ge=2, le=1000, description="unplanned restarts within ten minutes; one more, and edgectl only observes"
    )
    max_inrush: float | None = Field(None, gt=0, le=10000, description="in A, of everything that starts at one time")
    latitude: float | None = Field(None, ge=-90, le=90, description="degrees, north is positive")
    longitude: float | None = Field(None, ge=-180, le=180, description="degrees, east is positive")


Port = Annotated[str, Field(pattern=r"^/[^\s]{1,250}$")]
Baud = Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200]


class RtuBus(Strict):
    """Modbus RTU on a serial port."""

    type: Literal["modbus-rtu"]
    port: Port = Field(description="a port name that survives a replug, for example /dev/serial/by-id/…")
    baudrate: Baud = Field(9600, description="the speed that the devices are set to")
    parity: Literal["N", "E", "O"] = Field("N", description="N, E or O")
    stopbits: Literal[1, 2] = Field(1, description="1 or 2")


class TcpBus(Strict):
    """Modbus TCP."""

    type: Literal["modbus-tcp"]
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,253}$")] = Field(
        description="an address or a host name, without the port"
    )
    port: int = Field(502, ge=1, le=65535, description="a TCP port, 502 unless told otherwise")


class GatewayBus(Strict):
    """Modbus RTU behind a network box that carries the bytes of the serial line as they are."""

    type: Literal["modbus-rtu-over-tcp"]
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,253}$")] = Field(
        description="an address or a host name, without the port"
    )
    port: int = Field(ge=1, le=65535, description="the TCP port of the box, for example 4196")
    baudrate: Baud = Field(9600, description="the speed of the serial line behind the box")


class EzoBus(Strict):
    """One Atlas EZO circuit on a serial port."""

    type: Literal["ezo-uart"]
    port: Port = Field(description="a port name that survives a replug, for example /dev/serial/by-id/…")
    baudrate: Baud = Field(9600, description="the speed that the circuit is set to")


class LinesBus(Strict):
    """One device that speaks frames of bytes, on a serial port."""

    type: Literal["serial-lines"]
    port: Port = Field(description="a port name that survives a replug, for example /dev/serial/by-path/…")
    baudrate: Baud = Field(9600, description="the speed of the device")


class MqttBus(Strict):
    """Nodes behind an MQTT broker."""

    type: Literal["mqtt"]
    url: Annotated[str, Field(pattern=r"^mqtts?://[^\s]{1,250}$")] = Field(description='"mqtt://127.0.0.1:1883"')
    protocol: Literal["hydro2", "tasmota", "shelly"] = Field(description="the language that the nodes speak")
    username: Words | None = Field(None, description="who this controller is at the broker")
    password: Credential | None = Field(None, description="password: {credential: NAME}")
    ca: Credential | None = Field(None, description="who signs the broker's certificate: {credential: NAME}")
    certificate: Credential | None = Field(None, description="this controller's certificate: {credential: NAME}")
    key: Credential | None = Field(None, description="the key of that certificate: {credential: NAME}")


Bus = Annotated[RtuBus | TcpBus | GatewayBus | EzoBus | LinesBus | MqttBus, Field(discriminator="type")]


class DeviceEntry(Strict):
    """A device on a bus."""

    bus: Name = Field(description="the name of a bus of this file")
    profile: Words = Field(description="what kind of device it is: edgectl profiles")
    unit: int | None = Field(None, description="the Modbus address, 1..247")
    node: Name | None = Field(None, description="the name of the node on MQTT")
    zone: Name | None = Field(None, description="the zone in the node's topics")
    secret: Credential | None = Field(None, description="secret: {credential: NAME}")


class SensorEntry(Strict):
    """A measurement: one channel, or the median of several."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["from"]}, {"required": ["median_of"]}]})

    source: Point | None = Field(None, alias="from", description="device.channel, for example level.level")
    median_of: Annotated[list[Point], Field(min_length=2, max_length=8)] | None = Field(
        None, description="a list of two to eight channels instead of from, for example [ph1.ph, ph2.ph]"
    )
    agree_within: Above | None = Field(None, description="how far apart channels of median_of may be, for example 0.3")
    unit: Annotated[str, Field(max_length=20)] | None = Field(None, description="the unit after scaling")
    scale: Annotated[list[float], Field(min_length=4, max_length=4)] | None = Field(
        None, description="[in_lo, in_hi, out_lo, out_hi]"
    )
    max_age: SomeTime | None = Field(None, description="a reading older than this is no reading")
    stand_in: Name | None = Field(None, description="the float that speaks for this level when it cannot be seen")
    debounce: Literal["device"] | None = Field(None, description="device, when a float's input steadies its contact")
    balance: BalanceEntry | None = Field(None, description="{volume: 200l, lasts: 2h}: how it is reckoned then")
    range: Pair | None = Field(None, description="[lowest, highest] value to believe")
    max_rate: Rate | None = Field(None, description="the fastest change to believe, for example 0.5/min")
    noise: Above | None = Field(None, description="the usual step from one reading to the next, for example 0.02")
    frozen_after: SomeTime | None = Field(
        None, description="a value that stays the same for longer, to the last digit, is dead; for example 60m"
    )
    calibrate_every: SomeTime | None = Field(None, description="how long a calibration is good for, for example 30d")

    @property
    def points(self) -> tuple[str, ...]:
        """Every channel that was written, the first one first."""
        return tuple(self.median_of or ()) if self.source is None else (self.source,)


class ActuatorEntry(Strict):
    """An output."""

    to: Point = Field(description="device.output, for example board.relay_1")
    role: Literal[
        "pump",
        "valve",
        "dosing",
        "fog",
        "heater",
        "air_pump",
        "light",
        "fan",
        "motor",
        "vent",
        "screen",
        "motor_valve",
        "co2",
        "contactor",
        "siren",
    ] = Field(description="what it is for: the role decides what safe means")
    max_on: SomeTime | None = Field(None, description="the longest it may ever stay on, for example 10m")
    min_off: Duration | None = Field(None, description="the shortest rest, for example 5s")
    travel: Duration | None = Field(None, description="the time a valve needs to open")
    run_down: Duration | None = Field(None, description="the time a stopped pump still pushes")
    prime: Duration | None = Field(None, description="the time a pump needs to draw the water up, for example 4s")
    requires: Conditions | None = Field(None, description="a list such as [solution_level > 15]")
    stop_if: Conditions | None = Field(None, description="a list such as [solution_level < 10 for 5s]")
    ml_per_s: float | None = Field(None, gt=0, le=1000, description="what a dosing pump delivers, by calibration")
    calibrate_every: SomeTime | None = Field(None, description="how long ml_per_s is good for, for example 90d")
    gain: Gain | None = Field(
        None, description="what 1 ml changes in the whole tank: pH of an acid or a base, mS/cm of a nutrient: 0.03/ml"
    )
    total: Name | None = Field(None, description="a sensor in ml: what a dosing pump has counted by itself")
    max_dose: Volume | None = Field(None, description="the largest single dose, for example 20ml")
    max_per_hour: Volume | None = Field(None, description="for example 60ml")
    max_per_day: Volume | None = Field(None, description="for example 200ml")
    current: Name | None = Field(None, description="a sensor in A that shows what the motor draws")
    min_current: float | None = Field(None, gt=0, description="in A: below it the motor pushes nothing")
    max_current: float | None = Field(None, gt=0, description="in A: above it the motor is blocked")
    starts_per_hour: int | None = Field(None, ge=1, le=1000, description="how often it may start in any hour")
    safe: Literal["off", "on", "keep", "position"] | None = Field(None, description="the state when in doubt")
    on_restart: Literal["safe", "reconcile"] | None = Field(None, description="safe or reconcile")
    fail_safe: Literal["wired"] | None = Field(None, description="wired, when a hardware limit ends every ON")
    contact: Literal["no", "nc"] | None = Field(None, description="the contact of the relay: no or nc")
    valve: Literal["no", "nc", "motor"] | None = Field(
        None, description="without power it opens (no), shuts (nc) or stays (motor)"
    )
    priority: int | None = Field(None, ge=1, le=99, description="after a start the smaller number comes back first")
    inrush: float | None = Field(None, gt=0, le=10000, description="in A, while it starts")
    hid: bool | None = Field(None, description="true for a lamp that has to cool for 15 min before it strikes again")
    min_flow: FlowRate | None = Field(None, description="what a pump has to be able to push, for example 15l/min")
    bypass: Name | None = Field(None, description="the valve that leads back to its source what a small zone leaves")
    bypass_rate: FlowRate | None = Field(None, description="what the bypass lets through, as measured: 12l/min")
    hands_on: bool | None = Field(None, description="true for a pump that goes on running for the next zone")
    backup: Name | None = Field(None, description="a contactor that falls when this output cannot be switched off")
    accept: list[Literal["no_hardware_end", "on_without_power"]] | None = Field(
        None, description="risks accepted by name"
    )

    @property
    def kind(self) -> Role:
        """The role as the core knows it."""
        return Role(self.role)


class Interlock(Strict):
    """Outputs that must never be on together."""

    never_together: Annotated[list[Name], Field(min_length=2, max_length=50)] = Field(
        description="a list of two or more actuators"
    )


class ValveGroup(Strict):
    """Valves behind one pipe."""

    valves: Annotated[list[Name], Field(min_length=2, max_length=50)] = Field(
        description="a list of two or more actuators with role valve"
    )
    max_open: int = Field(ge=1, le=50, description="how many of them may be open at once")


class Fallback(Strict):
    """What a zone gets when its advisory readings are missing."""

    duration: SomeTime = Field(description="for example 60s")
    every: SomeTime = Field(description="for example 4h")
    max_per_day: int = Field(ge=1, le=288, description="runs in a day")


class ZoneEntry(Strict):
    """What is watered or lit together."""

    number: int = Field(ge=1, le=9999, description="a number of its own, from 1")
    workflow: Literal["irrigation"] = Field("irrigation", description="irrigation")
    pump: Name | None = Field(None, description="an actuator with role pump")
    valve: Name | None = Field(None, description="an actuator with role valve")
    then: Annotated[list[Name], Field(min_length=1, max_length=50)] | None = Field(
        None, description="valves of its other sections, in the order in which a run waters them: [bed_2, bed_3]"
    )
    light: Name | None = Field(None, description="an actuator with role light")
    radiation: Name | None = Field(None, description="a sensor in W/m2: the light that its plants get")
    drain: Name | None = Field(None, description="a sensor in percent: how much of the last watering ran through")
    tank: Name | None = Field(None, description="the sensor of the source's level")
    flow: Name | None = Field(None, description="a sensor in L/min that proves that water moves")
    meter: Name | None = Field(None, description="a sensor in L that counts the water")
    soil: Name | None = Field(None, description="a sensor in percent: wet soil is not watered")
    soil_band: Pair | None = Field(None, description="[driest, wettest] in percent: watered below, not needed above")
    rate: FlowRate | None = Field(None, description="what the pump moves into the zone, as measured: 20l/min")
    longest_run: SomeTime | None = Field(None, description="no watering lasts longer, 10m unless told")
    circuit: CircuitEntry | None = Field(None, description="the tanks of the zone and the valves between them")
    circulation: Annotated[dict[Name, RoundEntry], Field(min_length=1, max_length=20)] | None = Field(
        None, description="what goes round without end, by output: {film_pump: {max_off: 10m}}"
    )
    chemistry: ChemistryEntry | None = Field(None, description="targets of the solution and the pumps that reach them")
    climate: ClimateEntry | None = Field(None, description="set-points of the air, and what moves it")
    max_gap: SomeTime | None = Field(None, description="the longest the plants may go without water, for example 24h")
    fallback: Fallback | None = Field(None, description="{duration: 60s, every: 4h, max_per_day: 3}")


class RawEntry(Strict):
    """A part of each day in which readings go to the centre as they are read."""

    sensors: Annotated[list[Name], Field(min_length=1, max_length=200)] | None = Field(
        None, description="a list such as [ph, ec]; without it every sensor"
    )
    start: Clock = Field(description='a time of day in quotes, for example "06:00"')
    lasts: SomeTime = Field(description="how long, for example 10m")


class CentralSection(Strict):
    """The database of the centre."""

    dsn: Credential = Field(description="dsn: {credential: NAME}")
    pooled: bool = Field(False, description="true when a pooler such as pgbouncer in transaction mode stands before it")
    patience: Duration | None = Field(None, description="how long one answer may take, for example 20s")
    telemetry_mb: int = Field(
        64, ge=1, le=100_000, description="how many MB of readings may wait for it, for example 64"
    )
    raw: Annotated[list[RawEntry], Field(max_length=24)] = Field(
        default_factory=list, description='a list such as [{sensors: [ph], start: "06:00", lasts: 10m}]'
    )
    raw_mb: int = Field(16, ge=1, le=100_000, description="how many MB of such readings may wait, for example 16")


class AlarmsSection(Strict):
    """Who is called when something is wrong, beyond the page and the command line."""

    tell: Credential | None = Field(
        None, description="tell: {credential: NAME}, a list of services as apprise reads it"
    )
    mqtt: Name | None = Field(None, description="a bus of type mqtt: alarms stand there under edgectl/SITE/alarms")
    quiet: tuple[Clock, Clock] | None = Field(None, description='["22:00", "06:00"]: what is not urgent waits')
    heartbeat: Credential | None = Field(None, description="heartbeat: {credential: NAME}, the address of a watcher")
    every: SomeTime | None = Field(None, description="how often the watcher hears from here, for example 1m")


class HomeAssistantSection(Strict):
    """What Home Assistant may see."""

    mqtt: Name = Field(description="a bus of type mqtt whose broker Home Assistant listens to")
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,48}$")] = Field(
        "homeassistant", description="its discovery prefix, homeassistant unless it was changed there"
    )


Declaration = Literal[
    "air_gap",
    "anti_siphon",
    "co2_detector",
    "emergency_stop",
    "frost_thermostat",
    "hand_off_auto",
    "motor_overload",
    "overflow",
]


class SiteFile(Strict):
    """One greenhouse: everything edgectl has to know before it starts."""

    site: SiteSection = Field(description="{id: gh-1, name: North house, timezone: Europe/Berlin}")
    buses: dict[Name, Bus] = Field(description="a name and its wires, for example relays: {type: modbus-rtu, port: …}")
    devices: dict[Name, DeviceEntry] = Field(description="board: {bus: relays, profile: …, unit: 1}")
    sensors: dict[Name, SensorEntry] = Field(default_factory=dict, description="level: {from: level.level, …}")
    actuators: dict[Name, ActuatorEntry] = Field(default_factory=dict, description="pump: {to: board.relay_1, …}")
    interlocks: list[Interlock] = Field(default_factory=list, description="a list such as [{never_together: [a, b]}]")
    valve_groups: dict[Name, ValveGroup] = Field(
        default_factory=dict, description="manifold: {valves: [bed_1, bed_2], max_open: 1}"
    )
    tanks: dict[Name, TankEntry] = Field(default_factory=dict, description="solution: {volume: 100l, level: …}")
    zones: dict[Name, ZoneEntry] = Field(default_factory=dict, description="zone-1: {number: 1, …}")
    schedules: dict[Name, ScheduleEntry] = Field(default_factory=dict, description="morning: {zone: zone-1, …}")
    clock: ClockSection | None = Field(None, description="{patience: 10m}")
    central: CentralSection | None = Field(None, description="{dsn: {credential: NAME}}")
    lease: Lease | None = Field(None, description="{type: host}, or {type: postgres, dsn: {credential: NAME}}")
    alarms: AlarmsSection | None = Field(None, description="{tell: {credential: NAME}}")
    home_assistant: HomeAssistantSection | None = Field(None, description="{mqtt: nodes}")
    api: ApiSection | None = Field(None, description="{outside_scheduler: true}")
    declare: list[Declaration] = Field(default_factory=list, description="a list such as [anti_siphon, air_gap]")


ENTRIES: dict[str, Any] = {
    "buses": Bus,
    "devices": DeviceEntry,
    "sensors": SensorEntry,
    "actuators": ActuatorEntry,
    "valve_groups": ValveGroup,
    "tanks": TankEntry,
    "zones": ZoneEntry,
    "schedules": ScheduleEntry,
}


class _Export(GenerateJsonSchema):
    """A key is left out or has a value; null is never written, although the models use None inside."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the whole file, for editors."""
    schema = SiteFile.model_json_schema(by_alias=True, schema_generator=_Export)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
