"""Each profile of a node against what the firmware of such nodes prints and takes: every channel read, every output
switched on and off in a word that the node knows.

Written from the firmware (channel maps, telemetry engine, registered commands) and not from the profiles.
"""

import json
from dataclasses import dataclass

import pytest

from edgectl.drivers import registry
from edgectl.drivers.codecs import hydro2_orders, hydro2_read
from edgectl.drivers.nodes.hydro2 import Hydro2
from edgectl.drivers.nodes.owner import NodeOwner
from edgectl.drivers.registry import find
from edgectl.drivers.sim.node import Node, Say
from edgectl.drivers.wiring import Broker, Bus, Device
from edgectl.model.inputs import Input, MakeSafe, NodeNews, ReadBack, Reply, ReplyStatus, Samples, Send
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import MS, SECOND, Nanos, Now

WALL = 1_737_355_112 * SECOND
FLOATS = ("level_clean_min", "level_clean_max", "level_solution_min", "level_solution_max")
VALVES = ("valve_clean_fill", "valve_clean_supply", "valve_solution_fill", "valve_solution_supply", "valve_irrigation")


@dataclass(frozen=True, kw_only=True)
class Firmware:
    """`prints` has for each channel its word and its number; `dimmed` are outputs that hang on the PWM driver."""

    kind: str
    prints: dict[str, tuple[str, float]]
    outputs: tuple[str, ...] = ()
    dimmed: frozenset[str] = frozenset()


CLIMATE = {"temperature": ("air_temp_c", 21.5), "humidity": ("air_rh", 61.25), "co2": ("co2_ppm", 812)}
FIRMWARE = {
    "hydro2-climate": Firmware(
        kind="climate",
        prints={
            **CLIMATE,
            "air_temp_c": ("air_temp_c", 22.5),
            "air_rh": ("air_rh", 62.25),
            "co2_ppm": ("co2_ppm", 813),
            "outside_temp": ("OUTSIDE_TEMP", -7.8),
            "wind_speed": ("WIND_SPEED", 3.4),
        },
        outputs=("fan_air", "heater", "heater_air"),
    ),
    "hydro2-climate-pwm": Firmware(
        kind="climate", prints=CLIMATE, outputs=("fan_air", "heater", "heater_air"), dimmed=frozenset({"fan_air"})
    ),
    "hydro2-ec": Firmware(
        kind="ec",
        prints={"ec_sensor": ("ec", 1.625), "solution_temp_c": ("solution_temp_c", 19.5)},
        outputs=("pump_a", "pump_b", "pump_c", "pump_d"),
    ),
    "hydro2-irrig": Firmware(
        kind="irrig",
        prints={
            **{name: ("WATER_LEVEL_SWITCH", float(index % 2)) for index, name in enumerate(FLOATS)},
            "pump_bus_current": ("ina209_ma", 220.5),
            "flow_present": ("flow_present", 3.5),
            "soil_moisture": ("SOIL_MOISTURE", 41.25),
            "soil_temp": ("SOIL_TEMP", 18.5),
        },
        outputs=("pump_main", "pump_in", *VALVES),
    ),
    "hydro2-light": Firmware(
        kind="light",
        prints={"light": ("light", 900), "light_level": ("light_level", 901)},
        outputs=("white_light", "uv_light"),
    ),
    "hydro2-ph": Firmware(
        kind="ph",
        prints={"ph_sensor": ("ph", 5.875), "solution_temp_c": ("solution_temp_c", 20.5)},
        outputs=("pump_acid", "pump_base", "ph_doser_down", "ph_doser_up"),
    ),
}


class House:
    """One node and the owner of its bus, with nothing between them but time."""

    def __init__(self, profile: str) -> None:
        facts = FIRMWARE[profile]
        device = Device(name="it", unit=None, profile=find(profile), node="nd-1", zone="zone-1", secret="s")
        line = Broker(host="h", port=1, protocol="hydro2", house="gh-1")
        bus = Bus(name="nodes", kind="mqtt", line=line, devices=(device,))
        site = Site(
            site_id="gh-1",
            name="T",
            timezone="UTC",
            sensors={n: Sensor(name=n, channel=f"it.{n}", unit="") for n in device.profile.channels},
            actuators={
                n: Actuator(name=n, channel=f"it.{n}", role=Role.PUMP, fail_safe=FailSafe.NONE)
                for n in device.profile.outlets
            },
            zones={},
            nodes=frozenset({"it"}),
        )
        self.node = Node(name="nd-1", kind=facts.kind, secret="s3cret", dimmed=facts.dimmed, synced=True)
        self.node.outputs = dict.fromkeys(facts.outputs, False)
        self.owner = NodeOwner(bus, site, Hydro2(bus, lambda device: b"s3cret"), life="0123abcd")
        self.now = 100 * SECOND
        self.told: list[Input] = []
        self.owner.link(True, self.now)
        self.run(SECOND)

    @property
    def clocks(self) -> Now:
        return Now(mono=self.now, wall=WALL + self.now)

    def run(self, span: Nanos) -> None:
        end = self.now + span
        while self.now < end:
            for message in self.owner.step(self.clocks):
                if message.topic.endswith("/command"):
                    channel = message.topic.split("/")[4]
                    self._hear(self.node.order(channel, message.payload, self.now, self.clocks.wall // SECOND))
            self._hear(self.node.advance(self.now, self.clocks.wall // SECOND))
            self.told += self.owner.news()
            self.now += 50 * MS

    def _hear(self, said: list[Say]) -> None:
        for one in said:
            self.hear(one.topic, one.body)

    def hear(self, topic: str, body: object) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.owner.hear(f"hydro/gh-1/zone-1/nd-1/{topic}", payload, retained=False, now=self.clocks)
        self.told += self.owner.news()

    def prints(self, channel: str, word: str, value: float) -> None:
        """As the telemetry engine prints it."""
        ts = self.clocks.wall // SECOND
        self.hear(f"{channel}/telemetry", f'{{"metric_type":"{word}","value":{value:.3f},"ts":{ts}}}'.encode())

    def mistrusted(self) -> list[object]:
        return [item.details["why"] for item in self.told if isinstance(item, NodeNews)]


def test_every_profile_of_a_node_has_its_firmware() -> None:
    assert set(FIRMWARE) == {name for name in registry.names() if name.startswith("hydro2-")}


@pytest.mark.parametrize("name", FIRMWARE)
def test_each_channel_is_read_in_the_words_of_the_firmware(name: str) -> None:
    house, prints = House(name), FIRMWARE[name].prints
    assert set(prints) == set(find(name).channels)
    for channel, (word, value) in prints.items():
        house.prints(channel, word, value)
    read = {s.channel: s.value for i in house.told if isinstance(i, Samples) for s in i.block}
    assert read == {f"it.{channel}": pytest.approx(value) for channel, (_, value) in prints.items()}
    assert house.mistrusted() == []


@pytest.mark.parametrize("name", FIRMWARE)
def test_each_output_goes_on_and_off_in_a_word_that_the_node_knows(name: str) -> None:
    house = House(name)
    assert set(FIRMWARE[name].outputs) == set(find(name).outlets)
    for output, outlet in find(name).outlets.items():
        lease = 5 * SECOND if outlet.pulse_max is not None else None
        house.told.clear()
        send = Send(cmd_id=f"st-{output}", actuator=output, on=True, lease=lease, not_after=house.now + SECOND)
        house.owner.take(send, house.now)
        house.run(SECOND)
        assert house.node.outputs[output], f"{output}: {house.told}"
        house.owner.take(MakeSafe(actuator=output, reason="t"), house.now)
        house.run(6 * SECOND)
        assert not house.node.outputs[output]
        replies = [item.status for item in house.told if isinstance(item, Reply)]
        assert ReplyStatus.ECHO in replies or ReplyStatus.DONE in replies
        assert [i.on for i in house.told if isinstance(i, ReadBack) and i.actuator == output][-1] is False
    assert house.mistrusted() == []


def test_a_dimmed_fan_is_never_driven_at_a_value_that_means_two_things() -> None:
    """The firmware takes 80 for 80 %, the pages for 80 parts of 255."""
    for how in ("set_relay", "set_pwm", "light"):
        for on in (True, False):
            cmd, params = hydro2_orders.switched(how, on)
            assert cmd != "set_pwm" or params["value"] in (0, 255)


@pytest.mark.parametrize("word", ["light", "light_level", "co2_ppm"])
def test_without_the_words_of_the_firmware_its_node_is_not_believed(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(hydro2_read._METRICS, word)  # type: ignore[arg-type]
    name = "hydro2-climate" if word == "co2_ppm" else "hydro2-light"
    with pytest.raises(AssertionError):
        test_each_channel_is_read_in_the_words_of_the_firmware(name)


def test_a_fan_that_is_told_of_a_relay_does_not_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hydro2_orders, "switched", lambda how, on, ms=None: hydro2_orders.set_relay(on, ms))
    with pytest.raises(AssertionError):
        test_each_output_goes_on_and_off_in_a_word_that_the_node_knows("hydro2-climate-pwm")
