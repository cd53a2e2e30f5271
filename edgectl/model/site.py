"""What one greenhouse consists of, as frozen values.

The site file is turned into these by `config`; the engine, the simulator and the drivers read nothing else.
Missing limits are None; durations are nanoseconds.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from edgectl.model.air import Climate
from edgectl.model.telemetry import RawHours
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Balance, Chemistry, Circuit, Doser, Way


class Role(StrEnum):
    """What an actuator is for. The role decides what safe means (see `DANGEROUS`)."""

    PUMP = "pump"
    VALVE = "valve"
    DOSING = "dosing"
    FOG = "fog"
    HEATER = "heater"
    AIR_PUMP = "air_pump"
    LIGHT = "light"
    FAN = "fan"
    MOTOR = "motor"  # one way of a drive that is not told further
    VENT = "vent"  # one way of a vent
    SCREEN = "screen"  # one way of a screen
    MOTOR_VALVE = "motor_valve"  # one way of a valve that stays where its motor leaves it
    CO2 = "co2"
    SIREN = "siren"
    CONTACTOR = "contactor"  # feeds other outputs; it falls when one of them cannot be switched off


# One way of something that is opened and closed: the output is on while it moves.
DRIVES = frozenset({Role.MOTOR, Role.VENT, Role.SCREEN, Role.MOTOR_VALVE})
# Left on by mistake, each of these floods, poisons, dries up, burns or breaks: off is their only safe value.
DANGEROUS = frozenset({Role.PUMP, Role.VALVE, Role.DOSING, Role.FOG, Role.CO2}) | DRIVES
# What a site draws much power for: after a start these come back one after the other.
LOADS = frozenset({Role.AIR_PUMP, Role.FAN, Role.HEATER, Role.PUMP, Role.LIGHT})


class FailSafe(StrEnum):
    """Who ends an ON when the controller is gone."""

    PULSE = "pulse"
    WATCHDOG = "watchdog"
    WIRED = "wired"
    NONE = "none"


class Compare(StrEnum):
    """The two comparisons of the condition grammar."""

    ABOVE = ">"
    BELOW = "<"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`sensor > limit` or `sensor < limit`, in the sensor's own unit, without a break for as long as `lasts`."""

    sensor: str
    compare: Compare
    limit: float
    lasts: Nanos = 0

    def holds(self, value: float) -> bool:
        """True when the value satisfies the condition; a value on the limit does not."""
        return value > self.limit if self.compare is Compare.ABOVE else value < self.limit

    def __str__(self) -> str:
        lasts = f" for {self.lasts / SECOND:g} s" if self.lasts else ""
        return f"{self.sensor} {self.compare.value} {self.limit:g}{lasts}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """A named measurement: one device channel, or the median of several, scaled, with the limits of belief."""

    name: str
    channel: str  # "device.channel"; of a median the first
    unit: str
    scale: tuple[float, float, float, float] | None = None  # in_lo, in_hi, out_lo, out_hi
    max_age: Nanos = 10 * SECOND
    poll_every: Nanos = 2 * SECOND
    low: float | None = None  # values outside [low, high] are no measurement
    high: float | None = None
    max_rate: float | None = None  # units per minute: a faster change is not believed
    noise: float | None = None  # the usual deviation from one sample to the next
    frozen_after: Nanos | None = None  # a live sensor is never the same, bit for bit, for longer
    median_of: tuple[str, ...] = ()  # "device.channel" of each, when there are two or more
    agree_within: float | None = None  # channels further apart than this disagree
    calibrate_every: Nanos | None = None
    stand_in: str | None = None  # the float that speaks for this level when it cannot be seen
    balance: Balance | None = None  # how it is reckoned then

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel that it reads."""
        return self.median_of or (self.channel,)

    @property
    def devices(self) -> frozenset[str]:
        """The devices that carry its channels."""
        return frozenset(channel.split(".", 1)[0] for channel in self.channels)

    @property
    def remembers(self) -> bool:
        """True when a single sample does not tell how good it is: the past of its channels is needed."""
        return bool(self.median_of) or any(x is not None for x in (self.max_rate, self.noise, self.frozen_after))

    def scaled(self, raw: float) -> float:
        """The raw channel value in the sensor's unit."""
        if self.scale is None:
            return raw
        in_lo, in_hi, out_lo, out_hi = self.scale
        return out_lo + (raw - in_lo) * (out_hi - out_lo) / (in_hi - in_lo)

    def shows(self, value: float) -> bool:
        """Can the sensor show this value at all?"""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def unscaled(self, value: float) -> float:
        """What the channel shows when the sensor's value is this."""
        if self.scale is None:
            return value
        in_lo, in_hi, out_lo, out_hi = self.scale
        return in_lo + (value - out_lo) * (in_hi - in_lo) / (out_hi - out_lo)

    @property
    def gain(self) -> float:
        """What one raw unit is in the sensor's unit, without its sign."""
        if self.scale is None:
            return 1.0
        in_lo, in_hi, out_lo, out_hi = self.scale
        return abs((out_hi - out_lo) / (in_hi - in_lo))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """What a motor draws while it runs, in A: below or above it something is wrong."""

    sensor: str
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """How much water an output may let through in a day, and how fast it does, as commissioned."""

    litres: float
    l_min: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastFlow:
    """What a pump has to be able to push, L/min. `bypass` leads back to its source what a small zone does not take."""

    l_min: float
    bypass: str | None = None
    bypass_l_min: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Actuator:
    """One output with its limits. `fail_safe` says what ends an ON when this program cannot."""

    name: str
    channel: str  # "device.channel"
    role: Role
    fail_safe: FailSafe
    max_on: Nanos | None = None
    min_off: Nanos = 0
    travel: Nanos = 0  # time a valve needs to open before water may be pushed through it
    run_down: Nanos = 0  # time a stopped pump still pushes
    prime: Nanos = 0  # time a pump needs to draw the water up before any can be seen
    requires: tuple[Condition, ...] = ()
    stop_if: tuple[Condition, ...] = ()
    starts_per_hour: int | None = None
    doser: Doser | None = None
    draws: Draws | None = None
    daily: Daily | None = None
    inverted: bool = False  # the contact, or the valve behind it, makes a relay that has fallen mean on
    falls: bool = False  # goes off at every start and end, though its role would let it be
    priority: int = 50  # after a start the smaller number comes back first
    inrush: float = 0.0  # A, while it starts
    backup: str | None = None  # what is switched off when this one cannot be
    least_flow: LeastFlow | None = None  # of a pump
    hands_on: bool = False  # a pump that goes on running when the next zone waits for it

    @property
    def device(self) -> str:
        """The device that carries the output."""
        return self.channel.split(".", 1)[0]

    @property
    def dangerous(self) -> bool:
        """True when off is the only safe value."""
        return self.role in DANGEROUS or self.falls


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """The plain timer of a zone whose schedule does not water it."""

    duration: Nanos
    every: Nanos
    max_per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A pump or a bubbler that is wanted on without end; one ON of a pump lasts for `pulse` at the most. With `on` it
    takes turns, with `off` between them. Off for longer than `max_off` is a hazard."""

    output: str
    max_off: Nanos
    pulse: Nanos
    on: Nanos | None = None
    off: Nanos = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """What is watered or lit together."""

    name: str
    number: int
    pump: str | None = None
    valve: str | None = None
    then: tuple[str, ...] = ()  # valves of its other sections, watered one after the other in one run of the pump
    tank: str | None = None  # level sensor of the source
    flow: str | None = None  # flow sensor, L/min, proves that water moves
    meter: str | None = None  # volume counter, L, proves how much moved
    soil: str | None = None  # soil moisture, percent: it advises
    soil_band: tuple[float, float] | None = None  # percent: watered below, not needed above
    light: str | None = None
    radiation: str | None = None  # sensor of the light that the plants get, W/m2
    drain: str | None = None  # sensor of the share of the last watering that ran through, percent
    fog: str | None = None
    rate_l_min: float | None = None  # commissioned rate of the pump into this zone
    longest_run: Nanos = 600 * SECOND  # no watering lasts longer, whatever it is measured by
    max_gap: Nanos | None = None  # the longest that its plants may go without water
    fallback: Fallback | None = None
    rounds: tuple[Round, ...] = ()
    circuit: Circuit | None = None
    chemistry: Chemistry | None = None
    climate: Climate | None = None

    @property
    def outlets(self) -> tuple[str, ...]:
        """The valves through which its water leaves, in the order of a run."""
        return self.then if self.valve is None else (self.valve, *self.then)

    @property
    def ways(self) -> tuple[Way, ...]:
        """Each of its pumps with the valves on its two sides, the one that waters first."""
        if self.pump is None:
            return ()
        watering = Way(pump=self.pump, pushes=self.outlets, flow=self.flow)
        return (watering,) if self.circuit is None else self.circuit.ways(watering)

    @property
    def mixes_l_min(self) -> float | None:
        """The commissioned rate of the pump that moves its solution round; None where nobody has measured it."""
        if self.chemistry is not None:
            return self.chemistry.rate_l_min
        return self.rate_l_min if self.circuit is None or self.circuit.mix_pump is None else None

    @property
    def fills_l_min(self) -> float | None:
        """The same of what fills its solution tank: a pump, or the mains where it is the only one."""
        if self.circuit is None or self.circuit.clean is None:
            return None if self.circuit is None else self.circuit.fill_l_min
        return self.mixes_l_min if self.circuit.fill_pump is None else self.circuit.solution_l_min

    @property
    def mixing(self) -> Way | None:
        """The pump that moves its solution round."""
        mixer = self.pump if self.circuit is None else self.circuit.mixer(self.pump)
        return next((way for way in self.ways if way.pump == mixer), None)

    @property
    def actuators(self) -> frozenset[str]:
        """Every output that belongs to this zone, shared ones too."""
        circuit, chemistry = self.circuit, self.chemistry
        names = [self.pump, self.light, self.fog, *self.outlets, *(one.output for one in self.rounds)]
        if circuit is not None:
            names += circuit.outputs
        if chemistry is not None:
            names += chemistry.dosers
        if self.climate is not None:
            names += self.climate.outputs
        return frozenset(name for name in names if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValveGroup:
    """Valves behind one pipe: how many may be open at once."""

    name: str
    valves: frozenset[str]
    max_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Central:
    """Where the centre's connection string is kept, whether a pooler stands before it, how long one answer may take."""

    credential: str
    pooled: bool = False
    patience: Nanos = 20 * SECOND
    telemetry_budget: int = 64 << 20  # bytes of readings that may wait for it
    raw_budget: int = 16 << 20  # the same for samples as they were read
    raw: tuple[RawHours, ...] = ()  # when they are sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Where the list of services that are told of alarms is kept, the bus on whose broker they stand, and the address
    of an outside watcher. `quiet` are minutes of the local day between which what is not urgent waits."""

    services: str | None = None
    broker: str | None = None
    quiet: tuple[int, int] | None = None
    heartbeat: str | None = None
    every: Nanos = 60 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The bus on whose broker Home Assistant is shown the site, and the first word of the topic where it looks."""

    broker: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The whole greenhouse."""

    site_id: str
    name: str
    timezone: str
    sensors: dict[str, Sensor]
    actuators: dict[str, Actuator]
    zones: dict[str, Zone]
    never_together: tuple[frozenset[str], ...] = ()
    clock_patience: Nanos = 600 * SECOND  # how long the calendar waits for a clock that can be believed
    estop: str | None = None  # the sensor that reads 1 while the wired emergency stop is not pressed
    buses: dict[str, frozenset[str]] = field(default_factory=dict)  # the devices that share each pair of wires
    groups: tuple[ValveGroup, ...] = ()
    restarts_allowed: int | None = None  # unplanned, within ten minutes; one more, and the controller only observes
    max_inrush: float | None = None  # A, of everything that starts at one time
    nodes: frozenset[str] = frozenset()  # the devices behind a broker

    def bypass_of(self, pump: str | None) -> str | None:
        """The valve that leads a pump's surplus back, where it has one."""
        least = None if pump is None else self.actuators[pump].least_flow
        return None if least is None else least.bypass

    def bus_of(self, device: str) -> str | None:
        """The bus of a device."""
        return next((bus for bus, devices in self.buses.items() if device in devices), None)
