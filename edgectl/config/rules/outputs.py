"""Rules about actuators: what could flood, poison, dry up or burn has an end that does not depend on this program."""

from itertools import pairwise

from edgectl.config import defaults
from edgectl.config.build_water import rate_of
from edgectl.config.findings import nearest
from edgectl.config.parts import Parts
from edgectl.config.quantities import show
from edgectl.config.rules.sensors import point_exists, same_unit
from edgectl.config.rules.units import known_sensor, unit_of
from edgectl.config.rules.wires import profile_of
from edgectl.config.schema import ActuatorEntry
from edgectl.drivers.profile import Outlet
from edgectl.drivers.wiring import DRIVEN, drives
from edgectl.model.site import DANGEROUS, FailSafe, Role

DOSING_KEYS = ("ml_per_s", "max_dose", "max_per_hour", "max_per_day")
CAPS = DOSING_KEYS[1:]


def outlet_of(parts: Parts, entry: ActuatorEntry) -> Outlet | None:
    """The output behind `to`, when it is known."""
    device, name = entry.to.split(".", 1)
    profile = profile_of(parts, device)
    return None if profile is None else profile.outlets.get(name)


def known_output(parts: Parts) -> None:
    """An actuator drives an output that its device has."""
    for name, actuator in parts.actuators.items():
        point_exists(parts, ("actuators", name, "to"), actuator.to, outlet=True)


def driven_bus(parts: Parts) -> None:
    """An output that cannot be switched off is not taken into service."""
    for name, actuator in parts.actuators.items():
        device = parts.devices.get(actuator.to.split(".", 1)[0])
        bus = None if device is None else parts.buses.get(device.bus)
        protocol = getattr(bus, "protocol", "")
        if device is not None and bus is not None and not drives(bus.type, protocol):
            kind = f"{bus.type}, {protocol}" if protocol else bus.type
            what = f"sits on {device.bus} ({kind}), which this version does not drive: nobody could switch it off"
            parts.findings.value(("actuators", name, "to"), what, f"use an output on {' or '.join(sorted(DRIVEN))}")


def one_actuator_on_an_output(parts: Parts) -> None:
    """Two names for one relay would fight over it."""
    taken: dict[str, str] = {}
    for name, actuator in parts.actuators.items():
        first = taken.setdefault(actuator.to, name)
        if first != name:
            path = ("actuators", name, "to")
            where = parts.findings.place(("actuators", first), path)
            what = f"{first} and {name} are both on {actuator.to} ({where})"
            parts.findings.value(path, what, "give one of them another output")


def limit_on_danger(parts: Parts) -> None:
    """A dangerous output has a longest time."""
    rounds = {output for zone in parts.zones.values() for output in zone.circulation or {}}
    for name, actuator in parts.actuators.items():
        if name in rounds:
            continue  # its pulses have a length of their own, and its witness ends what moves no water
        longest, _ = defaults.max_on(actuator)
        path = ("actuators", name, "max_on")
        broken = any(parts.findings.refused(("actuators", name, key)) for key in ("max_on", "max_dose", "ml_per_s"))
        if actuator.kind not in DANGEROUS or longest is not None or broken:
            continue
        hint = "add max_on: the longest it may ever stay on, for example 10m"
        if actuator.kind is Role.DOSING:
            hint = "add max_dose and ml_per_s (for example 20ml and 1.1), or max_on"
        parts.findings.value(path, f"is missing: {name} ({actuator.role}) left on would do harm", hint)


def limit_within_timer(parts: Parts) -> None:
    """The device's own timer reaches as far as max_on."""
    for name, actuator in parts.actuators.items():
        outlet, (longest, _) = outlet_of(parts, actuator), defaults.max_on(actuator)
        if actuator.role == "light":
            continue  # its windows are no pulses: edgectl itself watches how long it burns
        if outlet is None or outlet.fail_safe is not FailSafe.PULSE or longest is None or outlet.pulse_max is None:
            continue
        if longest > outlet.pulse_max:
            path = ("actuators", name, "max_on" if actuator.max_on is not None else "max_dose")
            what = f"{show(longest)} is longer than the timer of {actuator.to} can count ({show(outlet.pulse_max)})"
            parts.findings.value(path, what, f"write at most {show(outlet.pulse_max)}")


def measured_dose(parts: Parts) -> None:
    """An output that is ordered in ml needs to know how fast, and can go only so fast and so slowly."""
    for name, actuator in parts.actuators.items():
        outlet, (longest, _) = outlet_of(parts, actuator), defaults.max_on(actuator)
        if outlet is None or (metered := outlet.metered) is None:
            continue
        path, limits = ("actuators", name), f"{metered.slowest / 60:.4f} to {metered.fastest / 60:g}"
        if actuator.kind is not Role.DOSING:
            what = f"'{actuator.role}' is refused: {actuator.to} gives measured doses"
            parts.findings.value((*path, "role"), what, "write role: dosing")
        elif actuator.ml_per_s is None:
            if not parts.findings.refused((*path, "ml_per_s")):
                what = f"is missing: {actuator.to} is ordered in ml over a time"
                parts.findings.value((*path, "ml_per_s"), what, f"add ml_per_s, for this pump {limits}")
        elif not metered.slowest <= actuator.ml_per_s * 60 <= metered.fastest:
            what = f"{actuator.ml_per_s:g} ml/s is beyond this pump"
            parts.findings.value((*path, "ml_per_s"), what, f"write {limits}")
        elif longest is not None and longest < metered.least:
            key = "max_on" if actuator.max_on is not None else "max_dose"
            what = f"a dose of {show(longest)} is over before {actuator.to} can be seen to run"
            parts.findings.value(
                (*path, key), what, f"allow {show(metered.least)} or more, or write a smaller ml_per_s"
            )


def hardware_end(parts: Parts) -> None:
    """Without this program, something else has to end an ON; or a person has taken the risk by name."""
    for name, actuator in parts.actuators.items():
        outlet = outlet_of(parts, actuator)
        if outlet is None or actuator.kind not in DANGEROUS or "no_hardware_end" in (actuator.accept or ()):
            continue
        path = ("actuators", name, "to")
        if defaults.fail_safe(actuator, outlet) is FailSafe.NONE and not parts.findings.refused((*path[:2], "accept")):
            what = f"nothing ends an ON of {actuator.to} when the controller is gone, and {name} is a {actuator.role}"
            hint = "use an output with a timer, write fail_safe: wired if there is one, or accept: [no_hardware_end]"
            parts.findings.value(path, what, hint)


def off_is_safe(parts: Parts) -> None:
    """For a dangerous role, off is the only safe value."""
    for name, actuator in parts.actuators.items():
        if actuator.kind not in DANGEROUS:
            continue
        usual = defaults.safe_state(actuator.kind)
        for key, only, own in zip(("safe", "on_restart"), ("off", "safe"), usual, strict=True):
            written = getattr(actuator, key)
            if written not in (None, only, own):
                what = f"'{written}' is refused: a {actuator.role} left on would do harm"
                parts.findings.value(("actuators", name, key), what, f"write {only}, or leave it out")


def keys_of_the_role(parts: Parts) -> None:
    """A limit on the wrong kind of output protects nothing."""
    for name, actuator in parts.actuators.items():
        owners = dict.fromkeys(("ml_per_s", "max_dose", "max_per_hour", "gain", "total"), Role.DOSING)
        owners |= {
            "travel": Role.VALVE,
            **dict.fromkeys(("run_down", "prime", "min_flow", "bypass", "bypass_rate"), Role.PUMP),
        }
        for key, role in owners.items():
            if getattr(actuator, key) is not None and actuator.kind is not role:
                what = f"belongs to role {role.value}, and {name} is a {actuator.role}"
                parts.findings.key(("actuators", name, key), what, "remove it, or correct the role")


def prime_ends_in_time(parts: Parts) -> None:
    """Seals that turn dry for longer than that crack, water or no water."""
    for name, actuator in parts.actuators.items():
        if actuator.prime is not None and actuator.prime > defaults.LONGEST_PRIME:
            what = f"{show(actuator.prime)} is longer than a pump bears to run dry"
            hint = f"write at most {show(defaults.LONGEST_PRIME)}, and mend the foot valve"
            parts.findings.value(("actuators", name, "prime"), what, hint)


def day_of_water(parts: Parts) -> None:
    """A day's litres are counted by a rate that somebody measured."""
    for name, actuator in parts.actuators.items():
        path = ("actuators", name, "max_per_day")
        if actuator.max_per_day is None or actuator.kind is Role.DOSING or parts.findings.refused(path):
            continue
        if actuator.kind not in (Role.PUMP, Role.VALVE):
            parts.findings.key(path, f"means nothing for a {actuator.role}", "remove it, or correct the role")
        elif rate_of(name, parts) is None:
            what = f"needs the rate of {name}, and no zone tells it"
            parts.findings.value(path, what, "add rate: 20l/min to its zone, or fill_rate to the circuit that it fills")


def current_is_whole(parts: Parts) -> None:
    """A current has a sensor in A and at least one bound, and the lower lies below the upper."""
    for name, actuator in parts.actuators.items():
        path = ("actuators", name)
        bounds = [key for key in ("min_current", "max_current") if getattr(actuator, key) is not None]
        if actuator.current is None:
            for key in bounds:
                parts.findings.key((*path, key), "means nothing without current", "add current: SENSOR")
            continue
        if not known_sensor(parts, (*path, "current"), actuator.current):
            continue
        unit = unit_of(parts, actuator.current)
        if unit is not None and not same_unit(unit, "A"):
            what = f"{actuator.current} is measured in {unit or 'no unit'}, and current speaks A"
            parts.findings.value((*path, "current"), what, f"scale {actuator.current} to A, or name another")
        if not bounds:
            parts.findings.key((*path, "current"), "guards nothing", "add max_current or min_current")
        low, high = actuator.min_current, actuator.max_current
        if low is not None and high is not None and low >= high:
            parts.findings.value((*path, "max_current"), f"{high:g} is not above {low:g}", "write a larger number")


def dose_limits_agree(parts: Parts) -> None:
    """A larger limit holds the smaller one, and the largest dose fits into max_on."""
    for name, actuator in parts.actuators.items():
        steps = [(key, amount) for key in CAPS if (amount := getattr(actuator, key)) is not None]
        for (small_key, small), (large_key, large) in pairwise(steps):
            if small > large:
                path = ("actuators", name, small_key)
                what = f"{small:g}ml is more than {large_key} {large:g}ml"
                parts.findings.value(path, what, f"write at most {large:g}ml")
        dose, _ = defaults.max_on(actuator.model_copy(update={"max_on": None}))
        if dose is not None and actuator.max_on is not None and dose > actuator.max_on:
            what = f"{show(actuator.max_on)} is too short for max_dose, which takes {show(dose)}"
            parts.findings.value(("actuators", name, "max_on"), what, f"write {show(dose)}, or a smaller max_dose")


def known_in_interlock(parts: Parts) -> None:
    """An interlock names actuators of this file, each once."""
    for index, lock in enumerate(parts.interlocks):
        for place, name in enumerate(lock.never_together):
            path = ("interlocks", index, "never_together", place)
            if name not in parts.names["actuators"]:
                hint = nearest(name, parts.names["actuators"], "add it under actuators")
                parts.findings.value(path, f"there is no actuator '{name}'", hint)
            elif name in lock.never_together[:place]:
                parts.findings.value(path, f"{name} is named twice", "name two different actuators")


RULES = (
    known_output,
    driven_bus,
    one_actuator_on_an_output,
    limit_on_danger,
    limit_within_timer,
    measured_dose,
    hardware_end,
    off_is_safe,
    keys_of_the_role,
    prime_ends_in_time,
    day_of_water,
    current_is_whole,
    dose_limits_agree,
    known_in_interlock,
)
