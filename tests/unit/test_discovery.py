"""What Home Assistant is told, held against what its MQTT integration publishes that it takes."""

import json
import re
from typing import Any

import pytest

from edgectl.config.loader import load
from edgectl.daemon import discovery
from edgectl.daemon.mirror import news, tick_of
from edgectl.engine.state import State
from edgectl.model.channel import Sample
from edgectl.model.time import SECOND, Now, Trust
from edgectl.simulate.example import example_site
from tests.unit.site_files import EXAMPLES

# From home-assistant/core, components/mqtt/schemas.py (DEVICE_DISCOVERY_SCHEMA, MQTT_ENTITY_DEVICE_INFO_SCHEMA,
# MQTT_ORIGIN_INFO_SCHEMA) and from the pages "MQTT Sensor" and "MQTT binary sensor" of home-assistant.io.
DEVICE = {"identifiers", "connections", "manufacturer", "model", "name", "hw_version", "serial_number", "sw_version"}
ORIGIN = {"name", "sw_version", "support_url"}
SHARED = {"availability_topic", "payload_available", "payload_not_available", "device", "origin", "components"}
SENSOR = {"platform", "unique_id", "name", "state_topic", "state_class", "expire_after", "unit_of_measurement"}
BINARY = {"platform", "unique_id", "name", "state_topic", "payload_on", "payload_off", "expire_after"}
NEEDED = {"platform", "unique_id", "state_topic"}
TOPIC = re.compile(r"homeassistant/(?P<component>\w+)/(?P<object_id>[a-zA-Z0-9_-]+)/config")
# The page "Sensor", device classes: which unit each of them takes.
CLASSES = {
    "temperature": {"°C", "°F", "K"},
    "humidity": {"%"},
    "ph": {None},
    "conductivity": {"S/cm", "mS/cm", "μS/cm"},
    "volume_flow_rate": {"m³/h", "L/min", "L/s"},
    "power": {"W", "kW"},
    "voltage": {"V", "mV"},
    "current": {"A", "mA"},
    "frequency": {"Hz", "kHz"},
    "irradiance": {"W/m²"},
}


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.yaml")))
def test_every_example_is_described_in_the_words_of_the_schema(name: str) -> None:
    site = load(EXAMPLES / name).site
    told: dict[str, Any] = json.loads(json.dumps(discovery.describe(site, "0.1.0", SECOND)))
    assert set(told) == SHARED
    assert set(told["device"]) <= DEVICE
    assert told["device"]["identifiers"], "at least one identifying value"
    assert set(told["origin"]) <= ORIGIN
    assert told["origin"]["name"]
    components = told["components"]
    assert len({one["unique_id"] for one in components.values()}) == len(components)
    for key, one in components.items():
        assert set(one) >= NEEDED, key
        assert set(one) <= (SENSOR if one["platform"] == "sensor" else BINARY) | {"device_class"}, key
        assert not [word for word in one if "command" in word], "it can be looked at, and not ordered"
        assert isinstance(one.get("expire_after", 1), int)
        assert one.get("expire_after", 1) > 0
        if one["platform"] == "sensor" and "device_class" in one:
            assert one.get("unit_of_measurement") in CLASSES[one["device_class"]], key
        assert one["state_topic"].startswith(f"edgectl/1/{site.site_id}/")
        assert not set("+#") & set(one["state_topic"])
    assert len(components) == len(site.sensors) + len(site.actuators) + 1
    where = TOPIC.fullmatch(discovery.topic(site.site_id, "homeassistant"))
    assert where is not None
    assert where["component"] == "device"


def test_a_reading_expires_there_when_it_does_here() -> None:
    site = example_site()
    told = discovery.describe(site, "0", tick_of(10 * SECOND))["components"]
    for sensor in site.sensors.values():
        lasts = told[f"sensor_{sensor.name}"]["expire_after"]
        assert sensor.max_age / SECOND <= lasts <= sensor.max_age / SECOND + 5


def test_a_reading_is_told_once_and_one_that_is_too_old_is_not() -> None:
    state = State.begin(site=example_site(), schedules=(), stored=_empty(), boot_id="b", started=0)
    name, sensor = next(iter(state.site.sensors.items()))
    state.image[sensor.channel] = Sample(sample_id=1, channel=sensor.channel, value=50.0, at=100 * SECOND)
    told: dict[str, object] = {}

    def topics(at_s: int) -> list[str]:
        now = Now(mono=at_s * SECOND, wall=at_s * SECOND, trust=Trust.SYNCED)
        return [message.topic for message in news(state, now, told)]

    place = f"edgectl/1/{state.site.site_id}/sensor/{name}"
    assert place in topics(101)
    assert place not in topics(102), "the same reading"
    state.image[sensor.channel] = Sample(sample_id=2, channel=sensor.channel, value=50.0, at=103 * SECOND)
    assert place in topics(103), "the same value, read again"
    told.clear()
    assert place not in topics(100_000), "nobody can believe it any more"


def _empty() -> Any:
    from edgectl.model.timeline import Stored

    return Stored(journal_id="j", last_seq=0)
