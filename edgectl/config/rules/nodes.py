"""Rules about nodes behind a broker: names that fit into topics, a secret for whoever is ordered, TLS as a whole."""

import re
from urllib.parse import urlsplit

from edgectl.config import defaults
from edgectl.config.parts import Parts
from edgectl.config.schema import MqttBus

_IN_A_TOPIC = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


def names_fit_into_topics(parts: Parts) -> None:
    """Node and zone are words of a topic."""
    for name, device in parts.devices.items():
        if not _speaks_hydro2(parts, device.bus):
            continue
        if device.node is not None and device.zone is None and not parts.findings.refused(("devices", name, "zone")):
            hint = "add zone: the zone in the node's topics, hydro/HOUSE/ZONE/NODE/…"
            parts.findings.value(("devices", name, "zone"), "is missing", hint)
        for key, word in (("node", device.node), ("zone", device.zone)):
            if word is not None and not _IN_A_TOPIC.fullmatch(word):
                what = f"'{word[:40]}' cannot stand in a topic"
                parts.findings.value(("devices", name, key), what, "letters, digits, _ . : and -, at most 64")


def orders_are_signed(parts: Parts) -> None:
    """A node takes no order that its own secret has not signed."""
    ordered = {actuator.to.split(".", 1)[0] for actuator in parts.actuators.values()}
    for name, device in parts.devices.items():
        if _speaks_hydro2(parts, device.bus) and name in ordered and device.secret is None:
            if parts.findings.refused(("devices", name, "secret")):
                continue
            hint = "add secret: {credential: NAME}, and put the node's secret into that credential"
            parts.findings.value(("devices", name, "secret"), "is missing: nobody could switch its outputs off", hint)


def nothing_but_a_name(parts: Parts) -> None:
    """Tasmota and Shelly devices have a topic of their own and sign nothing."""
    for name, device in parts.devices.items():
        bus = parts.buses.get(device.bus)
        if not isinstance(bus, MqttBus) or bus.protocol == "hydro2":
            continue
        for key in ("zone", "secret"):
            if getattr(device, key) is not None:
                hint = "remove it; node is the topic of the device"
                parts.findings.key(("devices", name, key), f"means nothing for protocol {bus.protocol}", hint)


def rests_shut(parts: Parts) -> None:
    """A node knows on and off of its outputs, and nothing of a valve that is open when its output is off."""
    for name, actuator in parts.actuators.items():
        device = parts.devices.get(actuator.to.split(".", 1)[0])
        if device is not None and isinstance(parts.buses.get(device.bus), MqttBus) and defaults.inverted(actuator):
            what = f"{actuator.to} is an output of a node, and a node closes what it switches off"
            key = "valve" if actuator.valve is not None else "contact"
            parts.findings.value(("actuators", name, key), what, "use a valve that rests shut")


def _speaks_hydro2(parts: Parts, bus: str) -> bool:
    entry = parts.buses.get(bus)
    return isinstance(entry, MqttBus) and entry.protocol == "hydro2"


def tls_is_whole(parts: Parts) -> None:
    """Certificates belong to mqtts, a certificate to its key, a password to a name; and a port is a number."""
    for name, bus in parts.buses.items():
        if not isinstance(bus, MqttBus):
            continue
        path = ("buses", name)
        try:
            place = urlsplit(bus.url)
            broken = place.hostname is None or place.port == 0
        except ValueError:
            broken = True
        if broken or "@" in bus.url:
            hint = "write mqtt://HOST or mqtts://HOST:PORT; the name and the password have keys of their own"
            parts.findings.value((*path, "url"), f"'{bus.url[:60]}' names no broker", hint)
            continue
        for key in ("ca", "certificate", "key"):
            if getattr(bus, key) is not None and place.scheme != "mqtts":
                parts.findings.key((*path, key), "means nothing without TLS", "write url: mqtts://…")
        for key, other in (("certificate", "key"), ("key", "certificate"), ("password", "username")):
            if getattr(bus, key) is not None and getattr(bus, other) is None:
                parts.findings.key((*path, key), f"means nothing without {other}", f"add {other}")


def alarms_have_a_broker(parts: Parts) -> None:
    """Alarms are told, and Home Assistant is shown the site, on a broker that the file names."""
    wanted = {
        "alarms": None if parts.alarms is None else parts.alarms.mqtt,
        "home_assistant": None if parts.home_assistant is None else parts.home_assistant.mqtt,
    }
    for section, name in wanted.items():
        if name is not None and not isinstance(parts.buses.get(name), MqttBus):
            brokers = ", ".join(bus for bus, entry in parts.buses.items() if isinstance(entry, MqttBus))
            hint = f"there are: {brokers}" if brokers else "add one to buses: {type: mqtt, url: …}"
            parts.findings.value((section, "mqtt"), f"'{name[:40]}' is no bus of type mqtt", hint)


RULES = (
    alarms_have_a_broker,
    names_fit_into_topics,
    orders_are_signed,
    nothing_but_a_name,
    rests_shut,
    tls_is_whole,
)
