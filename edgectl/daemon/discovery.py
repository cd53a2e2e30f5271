"""What Home Assistant is told of a site: one device with its sensors and outputs, to look at and never to switch. Pure.

One retained message describes all of it (device discovery). Source of the keys: home-assistant.io, "MQTT", device
discovery payload, and "MQTT Sensor"; the schema of its MQTT integration (`schemas.py`) asks for `device` with an
identifier, `origin` with a name, and `components`, each with a `platform`. A component needs a `unique_id`, and a
sensor a `state_topic`.
"""

import math
from typing import Any

from edgectl.model.site import Site
from edgectl.model.time import SECOND, Nanos

ALIVE, DEAD = "true", "false"
ON, OFF = "ON", "OFF"
OUTPUT_LASTS_S = 30  # an output is read back every two seconds; who hears nothing for so long knows nothing
# Our units in the spelling of Home Assistant, with the class that takes such a unit (sensor, "device class").
UNITS: dict[str, tuple[str | None, str | None]] = {
    "degC": ("°C", "temperature"),
    "%RH": ("%", "humidity"),
    "pH": (None, "ph"),
    "mS/cm": ("mS/cm", "conductivity"),
    "L/min": ("L/min", "volume_flow_rate"),
    "W": ("W", "power"),
    "V": ("V", "voltage"),
    "A": ("A", "current"),
    "Hz": ("Hz", "frequency"),
    "W/m2": ("W/m²", "irradiance"),
}


def root(site: str) -> str:
    """The topics of the mirror begin so."""
    return f"edgectl/1/{site}"


def topic(site: str, prefix: str) -> str:
    """Where Home Assistant looks for the description."""
    return f"{prefix}/device/edgectl_{site}/config"


def describe(site: Site, version: str, tick: Nanos) -> dict[str, Any]:
    """The whole site as one device. `tick` is how long a new value may wait before it is told."""
    name, base = f"edgectl_{site.site_id}", root(site.site_id)
    components: dict[str, Any] = {}
    for sensor in site.sensors.values():
        lasts = math.ceil((sensor.max_age + tick) / SECOND)  # after it there is no reading here either
        components[f"sensor_{sensor.name}"] = {
            "platform": "sensor",
            "unique_id": f"{name}_{sensor.name}",
            "name": sensor.name,
            "state_topic": f"{base}/sensor/{sensor.name}",
            "state_class": "measurement",
            "expire_after": lasts,
            **_unit(sensor.unit),
        }
    for output in site.actuators:
        components[f"output_{output}"] = _binary(name, base, "output", output, expire_after=OUTPUT_LASTS_S)
    components["needs_you"] = _binary(name, base, "needs_you", "", device_class="problem")
    return {
        "device": {
            "identifiers": [name],
            "name": site.name,
            "manufacturer": "edgectl",
            "model": "greenhouse controller",
            "sw_version": version,
        },
        "origin": {"name": "edgectl", "sw_version": version},
        "availability_topic": f"{base}/alive",
        "payload_available": ALIVE,
        "payload_not_available": DEAD,
        "components": components,
    }


def _binary(name: str, base: str, kind: str, which: str, **more: Any) -> dict[str, Any]:
    place = f"{kind}/{which}" if which else kind
    return {
        "platform": "binary_sensor",
        "unique_id": f"{name}_{place.replace('/', '_')}",
        "name": which or kind.replace("_", " "),
        "state_topic": f"{base}/{place}",
        "payload_on": ON,
        "payload_off": OFF,
        **more,
    }


def _unit(unit: str) -> dict[str, str]:
    spelled, kind = UNITS.get(unit, (unit or None, None))
    named = {"unit_of_measurement": spelled, "device_class": kind}
    return {key: value for key, value in named.items() if value is not None}
