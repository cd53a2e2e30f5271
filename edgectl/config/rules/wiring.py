"""Rules about the wires behind an output: what it does without current, what feeds it, what shares its pipe."""

from collections.abc import Iterable

from edgectl.config.findings import nearest
from edgectl.config.parts import Parts
from edgectl.config.rules.outputs import outlet_of
from edgectl.config.schema import ActuatorEntry
from edgectl.model.site import DANGEROUS, LOADS, Role

WATERY = frozenset({Role.VALVE, Role.MOTOR_VALVE})


def contact_is_a_relay(parts: Parts) -> None:
    """Only a relay has a contact that can be wired the other way round, and only a valve rests open."""
    for name, actuator in parts.actuators.items():
        outlet, path = outlet_of(parts, actuator), ("actuators", name)
        if actuator.contact == "nc" and outlet is not None and not outlet.relay:
            what = f"means nothing for {actuator.to}: it is no relay"
            parts.findings.key((*path, "contact"), what, "remove it")
        if actuator.valve is not None and actuator.kind not in WATERY:
            what = f"belongs to role valve, and {name} is a {actuator.role}"
            parts.findings.key((*path, "valve"), what, "remove it, or correct the role")


def on_without_power(parts: Parts) -> None:
    """What runs, floods or stays open when the power fails is refused, unless a person has taken the risk by name."""
    for name, actuator in parts.actuators.items():
        risk = runs_without_power(actuator)
        if not risk or actuator.kind not in DANGEROUS or "on_without_power" in (actuator.accept or ()):
            continue
        path = ("actuators", name, "valve" if actuator.valve in ("no", "motor") else "contact")
        if not parts.findings.refused(("actuators", name, "accept")):
            hint = "use a part that rests shut, or write accept: [on_without_power]"
            parts.findings.value(path, f"{risk}, and {name} is a {actuator.role}", hint)


def runs_without_power(actuator: ActuatorEntry) -> str:
    """What becomes of it when the power fails, in words; empty when it falls."""
    if actuator.valve == "no":
        return "it opens when the power fails"
    if actuator.valve == "motor":
        return "it stays where it is when the power fails"
    return "it runs when its relay board has no power" if actuator.contact == "nc" else ""


def gas_needs_a_detector(parts: Parts) -> None:
    """People breathe there: no program is the only thing between them and the gas."""
    for name, actuator in parts.actuators.items():
        if actuator.kind is Role.CO2 and "co2_detector" not in parts.declare:
            what = f"{name} lets out a gas that people suffocate in, and no wired room detector is declared"
            hint = "wire a room detector that shuts the gas by itself, then write declare: [co2_detector]"
            parts.findings.value(("actuators", name, "role"), what, hint)


def siren_sounds_alone(parts: Parts) -> None:
    """A siren that only sounds while somebody lives to sound it is no alarm for a dead controller."""
    for name, actuator in parts.actuators.items():
        outlet = outlet_of(parts, actuator)
        if actuator.kind is not Role.SIREN or outlet is None:
            continue
        path = ("actuators", name)
        if not outlet.timed(inverted=False):
            what = f"{actuator.to} has no timer: nothing would let {name} sound when edgectl is dead"
            parts.findings.value((*path, "to"), what, "use an output with a timer")
        elif actuator.contact != "nc" and not parts.findings.refused((*path, "contact")):
            what = f"{name} would be silent when edgectl is dead"
            hint = "hang it on the normally closed contact and write contact: nc"
            parts.findings.value((*path, "contact"), what, hint)


def power_keys(parts: Parts) -> None:
    """What starts at one time fits into the supply; a rest for cooling belongs to a lamp."""
    most = None if parts.site is None else parts.site.max_inrush
    for name, actuator in parts.actuators.items():
        path = ("actuators", name)
        for key in ("inrush", "priority"):
            if getattr(actuator, key) is not None and actuator.kind not in LOADS:
                roles = ", ".join(sorted(role.value for role in LOADS))
                what = f"means nothing for a {actuator.role}: it is for {roles}"
                parts.findings.key((*path, key), what, "remove it")
        if actuator.hid is not None and actuator.kind is not Role.LIGHT:
            parts.findings.key((*path, "hid"), f"belongs to role light, and {name} is a {actuator.role}", "remove it")
        if most is not None and actuator.inrush is not None and actuator.inrush > most:
            what = f"{actuator.inrush:g} A is more than max_inrush {most:g} A of the site: it could never start"
            parts.findings.value((*path, "inrush"), what, "correct one of the two")


def known_backup(parts: Parts) -> None:
    """What feeds an output is a contactor of this file, and feeds no contactor."""
    for name, actuator in parts.actuators.items():
        if actuator.backup is None:
            continue
        path, feeder = ("actuators", name, "backup"), parts.actuators.get(actuator.backup)
        if actuator.backup not in parts.names["actuators"]:
            hint = nearest(actuator.backup, parts.names["actuators"], "add it under actuators")
            parts.findings.value(path, f"there is no actuator '{actuator.backup}'", hint)
        elif feeder is not None and feeder.kind is not Role.CONTACTOR:
            what = f"{actuator.backup} has role {feeder.role}, not contactor"
            parts.findings.value(path, what, "name an actuator with role contactor")
        elif actuator.kind is Role.CONTACTOR:
            parts.findings.key(path, "means nothing for a contactor", "remove it")


def known_in_group(parts: Parts) -> None:
    """A group names valves of this file, each once, and lets fewer be open than there are."""
    for group, entry in parts.valve_groups.items():
        path = ("valve_groups", group)
        for place, name in enumerate(entry.valves):
            _member(parts, (*path, "valves", place), name, entry.valves[:place])
        if entry.max_open >= len(set(entry.valves)):
            what = f"{entry.max_open} keeps nothing shut: the group has {len(entry.valves)} valves"
            parts.findings.value((*path, "max_open"), what, "write a smaller number, or remove the group")


def _member(parts: Parts, path: tuple[str | int, ...], name: str, before: Iterable[str]) -> None:
    actuator = parts.actuators.get(name)
    if name not in parts.names["actuators"]:
        hint = nearest(name, parts.names["actuators"], "add it under actuators")
        parts.findings.value(path, f"there is no actuator '{name}'", hint)
    elif name in before:
        parts.findings.value(path, f"{name} is named twice", "name each valve once")
    elif actuator is not None and actuator.kind is not Role.VALVE:
        parts.findings.value(path, f"{name} has role {actuator.role}, not valve", "name an actuator with role valve")


RULES = (
    contact_is_a_relay,
    on_without_power,
    gas_needs_a_detector,
    siren_sounds_alone,
    power_keys,
    known_backup,
    known_in_group,
)
