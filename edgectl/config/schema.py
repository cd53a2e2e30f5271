"""The language of the site file: which keys there are and what each may hold."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edgectl.config.quantities import ClockTime, Duration, Rate, Volume, When
from edgectl.model.site import Role

NAME = r"^[a-z][a-z0-9_-]{0,39}$"
Name = Annotated[str, Field(pattern=NAME)]
Channel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*\.[a-z][a-z0-9_]*$")]
Pair = Annotated[list[float], Field(min_length=2, max_length=2)]
Scale = Annotated[list[float], Field(min_length=4, max_length=4)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class SiteInfo(_Strict):
    """The greenhouse itself."""

    id: Name
    name: str = Field(min_length=1, max_length=80)
    timezone: str
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


class RtuBus(_Strict):
    """Modbus over a serial line."""

    type: Literal["modbus-rtu"]
    port: str = Field(min_length=1)
    baudrate: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    parity: Literal["none", "even", "odd"] = "none"
    stopbits: Literal[1, 2] = 1
    timeout: Duration | None = None


class TcpBus(_Strict):
    """Modbus TCP."""

    type: Literal["modbus-tcp"]
    host: str = Field(min_length=1)
    port: int = Field(default=502, ge=1, le=65535)
    timeout: Duration | None = None


class EzoBus(_Strict):
    """One Atlas EZO circuit on a serial line."""

    type: Literal["ezo-uart"]
    port: str = Field(min_length=1)


class MqttBus(_Strict):
    """Nodes behind a broker."""

    type: Literal["mqtt"]
    url: str = Field(pattern=r"^mqtts?://.+")
    protocol: Literal["hydro2"]


Bus = Annotated[RtuBus | TcpBus | EzoBus | MqttBus, Field(discriminator="type")]


class Secret(_Strict):
    """A secret by the name of its credential; never the secret itself."""

    credential: Name


class Device(_Strict):
    """One device on a bus."""

    bus: str
    profile: str
    unit: int | None = Field(default=None, ge=1, le=247)
    node: str | None = None
    zone: str | None = None
    secret: Secret | None = None


class Sensor(_Strict):
    """A named measurement."""

    from_: Channel = Field(alias="from")
    unit: str | None = None
    scale: Scale | None = None
    max_age: Duration = 10_000_000_000
    poll: Duration | None = None
    range: Pair | None = None
    max_rate: Rate | None = None


class Actuator(_Strict):
    """A named output with its limits."""

    to: Channel
    role: Role = Field(strict=False)
    max_on: Duration | None = None
    min_off: Duration = 0
    travel: Duration | None = None
    run_down: Duration | None = None
    requires: list[When] = []
    stop_if: list[When] = []
    accept: list[Literal["no_hardware_end"]] = []
    ml_per_s: float | None = Field(default=None, gt=0)
    max_dose: Volume | None = None
    max_per_hour: Volume | None = None
    max_per_day: Volume | None = None


class Interlock(_Strict):
    """Outputs that exclude one another."""

    never_together: list[str] = Field(min_length=2)


class Fallback(_Strict):
    """What keeps the plants alive when nothing else does."""

    duration: Duration
    every: Duration
    max_per_day: int = Field(ge=1)


class Zone(_Strict):
    """What is watered and lit together."""

    number: int = Field(ge=1)
    workflow: Literal["irrigation"] = "irrigation"
    pump: str | None = None
    valve: str | None = None
    tank: str | None = None
    flow: str | None = None
    meter: str | None = None
    light: str | None = None
    max_gap: Duration | None = None
    fallback: Fallback | None = None


class Window(_Strict):
    """A state to hold."""

    start: ClockTime
    photoperiod: Duration | None = None
    end: ClockTime | None = None


class CatchUp(_Strict):
    """What becomes of missed runs."""

    policy: Literal["skip", "replay_limited"]
    max: int = Field(default=1, ge=1, le=100)
    within: Duration = 7_200_000_000_000


class Schedule(_Strict):
    """When a zone gets what."""

    zone: str
    task: Literal["irrigation", "lighting"]
    cron: str | None = None
    every: Duration | None = None
    window: Window | None = None
    duration: Duration | None = None
    catch_up: CatchUp | None = None
    queue_patience: Duration = 15_000_000_000


class Central(_Strict):
    """The central database."""

    dsn: Secret


Declaration = Literal["anti_siphon", "air_gap", "overflow", "motor_overload", "frost_thermostat", "emergency_stop"]


class SiteFile(_Strict):
    """The whole file."""

    site: SiteInfo
    buses: dict[Name, Bus]
    devices: dict[Name, Device]
    sensors: dict[Name, Sensor] = {}
    actuators: dict[Name, Actuator] = {}
    interlocks: list[Interlock] = []
    zones: dict[Name, Zone] = {}
    schedules: dict[Name, Schedule] = {}
    central: Central | None = None
    declare: list[Declaration] = []
