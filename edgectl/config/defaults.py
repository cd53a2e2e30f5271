"""What holds when the site file does not say: one function per default, each with the reason it can give."""

import math
from collections.abc import Mapping

from edgectl.config.schema import ActuatorEntry, SensorEntry, ZoneEntry
from edgectl.config.schema_times import CatchUpEntry, ClockSection, ScheduleEntry, WindowEntry
from edgectl.config.schema_water import RoundEntry
from edgectl.drivers.profile import Channel, Outlet
from edgectl.model.site import DANGEROUS, DRIVES, FailSafe, Role
from edgectl.model.time import MS, SECOND, Nanos, seconds
from edgectl.scheduler.schedule import CatchUp, Policy

CLOCK_PATIENCE: Nanos = 600 * SECOND
MAX_AGE: Nanos = 10 * SECOND
LONGEST_RUN: Nanos = 600 * SECOND  # of one watering
LONGEST_RUN_OF_ALL: Nanos = 4 * 3600 * SECOND  # as long as a person may leave a pump on
FASTEST_POLL: Nanos = 500 * MS
VALVE_TRAVEL: Nanos = 3 * SECOND
PUMP_RUN_DOWN: Nanos = 2 * SECOND
LONGEST_PRIME: Nanos = 15 * SECOND
# Orders, echoes and read-backs of a whole run on a slow bus: the engine's leases of a valve include the same slack.
RUN_SLACK: Nanos = 15 * SECOND
ROUND_PULSE: Nanos = 1800 * SECOND  # of a pump that goes round without end: some 50 starts a day
HID_COOLS: Nanos = 900 * SECOND  # a hot discharge lamp does not strike
# Who comes back first after a start: roots suffocate before leaves freeze, and light can wait.
PRIORITY: Mapping[Role, int] = {Role.AIR_PUMP: 10, Role.FAN: 20, Role.HEATER: 30, Role.PUMP: 40, Role.LIGHT: 60}
LEAST_EC = 0.2  # mS/cm: less is air, unless the water is that pure and the file says so
# A target without its sensor is never asked for; a target with its sensor has to be written.
TARGET_PH, TARGET_EC = 5.8, 1.5
DAY = (6 * 60, 20 * 60)  # minutes, local time: when the set-points of the day hold
OVERHEAT = 38.0  # °C
UNSEEN_OPEN = 20.0  # %, of vents whose weather cannot be seen
DAY_MINUTES = 24 * 60
REPLAY_ONE = CatchUp(policy=Policy.REPLAY_LIMITED, max=1, within=2 * 3600 * SECOND)

# Wiring that has to exist because no program can close a valve after its host has died.
WIRING: Mapping[str, tuple[frozenset[Role], str]] = {
    "anti_siphon": (frozenset({Role.DOSING}), "anti-siphon on the dosing line"),
    "air_gap": (frozenset({Role.VALVE, Role.PUMP}), "an air gap to the mains"),
    "overflow": (frozenset({Role.VALVE, Role.PUMP}), "an overflow on each tank"),
    "motor_overload": (frozenset({Role.PUMP}), "motor overload protection of the pumps"),
    "co2_detector": (frozenset({Role.CO2}), "a wired detector in the room that shuts the gas"),
    "frost_thermostat": (frozenset({Role.HEATER}), "a wired frost thermostat"),
    "emergency_stop": (DANGEROUS, "an emergency stop that cuts the outputs"),
}


def clock_patience(entry: ClockSection | None) -> Nanos:
    """Ten minutes: what a modem needs to find its network and the network a time server."""
    return CLOCK_PATIENCE if entry is None else entry.patience


def longest_run(entry: ZoneEntry) -> Nanos:
    """Ten minutes: what runs longer has been thought about and is written down."""
    return LONGEST_RUN if entry.longest_run is None else entry.longest_run


def max_age(entry: SensorEntry) -> Nanos:
    """Ten seconds."""
    return MAX_AGE if entry.max_age is None else entry.max_age


def poll_every(age: Nanos) -> Nanos:
    """Four reads within the freshness limit, so that three may fail; not faster than twice a second."""
    return max(FASTEST_POLL, age // 4)


def limits(entry: SensorEntry, channel: Channel | None) -> tuple[float | None, float | None]:
    """The range that was written, else what the device can mean, as long as nothing scales it."""
    if entry.range is not None:
        return entry.range[0], entry.range[1]
    if entry.scale is None and channel is not None:
        return channel.low, channel.high
    return None, None


def max_on(entry: ActuatorEntry) -> tuple[Nanos | None, str]:
    """For a dosing pump the time of its largest dose, rounded up to the 100 ms that relay timers count in."""
    if entry.max_on is not None:
        return entry.max_on, "the site file"
    if entry.kind is Role.DOSING and entry.max_dose is not None and entry.ml_per_s is not None:
        # One part in a billion less, or 11 ml at 1.1 ml/s would take 10.1 s by the rounding of binary fractions.
        ticks = math.ceil(entry.max_dose / entry.ml_per_s * 10 * (1 - 1e-9))
        return max(1, ticks) * 100 * MS, "max_dose / ml_per_s"
    return None, "no limit"


def pulse(entry: RoundEntry, actuator: ActuatorEntry, outlet: Outlet | None) -> Nanos:
    """Half an hour, or as long as the pump may be on, as its turn lasts, or as the timer of its board can count."""
    timer = outlet.pulse_max if outlet is not None and outlet.fail_safe is FailSafe.PULSE else None
    limits = (entry.pulse or ROUND_PULSE, actuator.max_on, entry.on, timer)
    return min(limit for limit in limits if limit is not None)


def travel(role: Role) -> Nanos:
    """Three seconds for a valve."""
    return VALVE_TRAVEL if role is Role.VALVE else 0


def run_down(role: Role) -> Nanos:
    """Two seconds for a pump."""
    return PUMP_RUN_DOWN if role is Role.PUMP else 0


def fail_safe(entry: ActuatorEntry, outlet: Outlet) -> FailSafe:
    """What the device does by itself; a declared hardware limit counts where the device does nothing. A relay that has
    to be drawn for the output to rest is ended by a timer that draws it, or by nothing."""
    found = outlet.fail_safe
    if inverted(entry) and (found is FailSafe.WATCHDOG or outlet.pulse_off is None):
        found = FailSafe.NONE
    return FailSafe.WIRED if found is FailSafe.NONE and entry.fail_safe == "wired" else found


def inverted(entry: ActuatorEntry) -> bool:
    """Does a relay that has fallen mean that the output is on?"""
    return (entry.contact == "nc") is not (entry.valve == "no")


def min_off(entry: ActuatorEntry) -> tuple[Nanos, str]:
    """None, but for a lamp that has to cool."""
    if entry.min_off is not None:
        return entry.min_off, "the site file"
    return (HID_COOLS, "hid lamp") if entry.hid else (0, "default")


def priority(entry: ActuatorEntry) -> int:
    """By what suffers first."""
    return PRIORITY.get(entry.kind, 50) if entry.priority is None else entry.priority


def safe_state(role: Role) -> tuple[str, str]:
    """`safe` and `on_restart` of a role."""
    if role in DRIVES:
        return "position", "reconcile"
    if role is Role.SIREN:
        return "on", "reconcile"
    if role in DANGEROUS:
        return "off", "safe"
    return ("off", "reconcile") if role in (Role.HEATER, Role.CONTACTOR) else ("keep", "reconcile")


def falls(entry: ActuatorEntry) -> bool:
    """Is it to be off at every start and end, though its role would let it be?"""
    return entry.kind not in DANGEROUS and entry.safe == "off" and entry.on_restart == "safe"


def catch_up(entry: ScheduleEntry) -> CatchUp:
    """A missed watering is worth one late run within two hours; other events are not repeated."""
    if entry.catch_up is None:
        return REPLAY_ONE if entry.task == "irrigation" and has_instants(entry) else CatchUp()
    return _written(entry.catch_up)


def has_instants(entry: ScheduleEntry) -> bool:
    """Does it strike at instants of a calendar, which can be missed?"""
    return entry.cron is not None or entry.at is not None or entry.sun is not None


def _written(entry: CatchUpEntry) -> CatchUp:
    if entry.policy == "skip":
        return CatchUp()
    most = REPLAY_ONE.max if entry.max is None else entry.max
    return CatchUp(
        policy=Policy(entry.policy),
        max=most if entry.policy == "replay_limited" else 0,
        within=REPLAY_ONE.within if entry.within is None else entry.within,
        jitter=REPLAY_ONE.jitter if entry.jitter is None else entry.jitter,
    )


def window_length(window: WindowEntry) -> Nanos | None:
    """How long the window lasts; None when neither or both of its ends were given."""
    if (window.photoperiod is None) == (window.end is None):
        return None
    if window.photoperiod is not None:
        return window.photoperiod
    assert window.end is not None
    return seconds((window.end - window.start) % DAY_MINUTES * 60)
