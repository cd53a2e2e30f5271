"""Tasmota and Shelly through the owner of an MQTT bus, against devices that were made from their makers' pages.

Time is an argument. Each device answers what it is told; the tests drop, repeat, delay and forge what it says.
"""

import json
import math
import random
from collections.abc import Callable

import pytest

from edgectl.drivers.codecs.tasmota import pulse_time
from edgectl.drivers.nodes.choice import protocol_of
from edgectl.drivers.nodes.owner import ANSWER_WITHIN, NodeOwner
from edgectl.drivers.nodes.seam import Publish
from edgectl.drivers.nodes.speech import BURST
from edgectl.drivers.registry import find, names
from edgectl.drivers.sim.plugs import Said, ShellyPlug, TasmotaPlug
from edgectl.drivers.wiring import Broker, Bus, Device
from edgectl.model.inputs import (
    AskState,
    DeviceHealth,
    Input,
    MakeSafe,
    NodeNews,
    ReadBack,
    Reply,
    ReplyStatus,
    Samples,
    Send,
)
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import MS, SECOND, Nanos, Now

WALL = 1_737_355_112 * SECOND
PROFILE = {"tasmota": "tasmota-plug", "shelly": "shelly-plus-1pm"}
PLUGS = {"tasmota": TasmotaPlug, "shelly": ShellyPlug}


class Bench:
    """One device, its owner, a clock, and what stands between the two. `between` may change what the device says."""

    def __init__(self, kind: str, profile: str = "", *, relays: int = 1) -> None:
        self.kind = kind
        self.plug = PLUGS[kind](name="plug", relays=relays, watts=46.0)
        found = find(profile or PROFILE[kind])
        device = Device(name="it", unit=None, profile=found, node="plug")
        broker = Broker(host="h", port=1, protocol=kind, house="gh-1")
        bus = Bus(name="nodes", kind="mqtt", line=broker, devices=(device,))
        pump = Actuator(name="pump", channel="it.relay_1", role=Role.PUMP, fail_safe=FailSafe.PULSE)
        site = Site(
            site_id="gh-1",
            name="T",
            timezone="UTC",
            sensors={name: Sensor(name=name, channel=f"it.{name}", unit="") for name in found.channels},
            actuators={"pump": pump} if found.outlets else {},
            zones={},
            nodes=frozenset({"it"}),
        )
        self.owner = NodeOwner(bus, site, protocol_of(bus), life="0123abcd")
        self.now = 100 * SECOND
        self.sent: list[Publish] = []
        self.said: list[Said] = []  # everything that the device ever said
        self.told: list[Input] = []
        self.between: Callable[[list[Said]], list[Said]] = lambda said: said
        self.owner.link(True, self.now)
        self.run(12 * SECOND)
        self.sent.clear()
        self.told.clear()

    @property
    def clocks(self) -> Now:
        return Now(mono=self.now, wall=WALL + self.now)

    def run(self, span: Nanos) -> None:
        """Let time pass; the device answers at once."""
        end = self.now + span
        while self.now < end:
            said = self.plug.advance(self.now)
            for message in self.owner.step(self.clocks):
                self.sent.append(message)
                if message.topic.partition("/")[2] and not message.retain:
                    said += self.between(self.plug.hear(message.topic, message.payload.decode(), self.now))
            self.told += self.owner.news()
            self.said += said
            for topic, payload, retained in said:
                self.hear(topic, payload, retained=retained)
            wake = self.owner.wake_at(self.now)
            ends = min(self.plug.ends.values(), default=end)
            self.now = min(end, max(self.now + MS, min(end if wake is None else wake, ends)))

    def hear(self, topic: str, payload: str | bytes, *, retained: bool = False) -> None:
        data = payload if isinstance(payload, bytes) else payload.encode()
        self.owner.hear(topic, data, retained=retained, now=self.clocks)
        self.told += self.owner.news()

    def on(self, lease: Nanos | None = 60 * SECOND, cmd_id: str = "st-1-pump") -> None:
        self.owner.take(
            Send(cmd_id=cmd_id, actuator="pump", on=True, lease=lease, not_after=self.now + 5 * SECOND), self.now
        )
        self.run(500 * MS)

    def look(self) -> bool | None:
        """What is seen of the relay when somebody asks."""
        before = len(self.told)
        self.owner.take(AskState(actuator="pump"), self.now)
        self.run(SECOND)
        seen = [item.on for item in self.told[before:] if isinstance(item, ReadBack)]
        return seen[-1] if seen else None

    def replies(self) -> list[ReplyStatus]:
        return [item.status for item in self.told if isinstance(item, Reply)]

    def journaled(self, what: str) -> list[NodeNews]:
        return [item for item in self.told if isinstance(item, NodeNews) and item.what == what]

    def values(self) -> dict[str, float]:
        samples = [sample for item in self.told if isinstance(item, Samples) for sample in item.block]
        return {sample.channel: sample.value for sample in samples}

    def ill(self) -> list[str]:
        return [item.reason for item in self.told if isinstance(item, DeviceHealth) and not item.healthy]


@pytest.fixture(params=["tasmota", "shelly"])
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(request.param)


# ---------------------------------------------------------------- the plain way


def test_a_run_bears_its_end_and_is_confirmed_by_what_the_device_shows(bench: Bench) -> None:
    bench.on(60 * SECOND)
    assert bench.replies()[0] is ReplyStatus.SENT
    assert bench.replies()[-1] is ReplyStatus.DONE
    assert bench.plug.ends, "the device itself would end it"
    assert bench.look() is True
    bench.run(60 * SECOND)
    assert bench.plug.on == [False]
    assert bench.look() is False
    assert (bench.plug.orders, len(bench.plug.moved)) == (1, 2)
    assert bench.journaled("NODE_CONTRADICTED") == []


def test_without_a_controller_the_device_ends_it(bench: Bench) -> None:
    bench.on(5 * SECOND)
    began = bench.plug.moved[0][0]
    bench.plug.advance(began + 4 * SECOND)
    assert bench.plug.on == [True]
    bench.plug.advance(began + 5 * SECOND)
    assert bench.plug.on == [False]


def test_an_on_without_an_end_leaves_no_old_one_in_the_device(bench: Bench) -> None:
    bench.on(2 * SECOND)
    bench.run(5 * SECOND)
    bench.on(None, "lamp-on")
    assert (bench.plug.on, bench.plug.ends) == ([True], {})


def test_an_off_is_repeated_until_it_is_shown(bench: Bench) -> None:
    bench.on(600 * SECOND)
    bench.plug.faults.add("deaf")
    bench.owner.take(MakeSafe(actuator="pump", reason="stop"), bench.now)
    bench.run(9 * SECOND)
    assert not bench.owner.offs_delivered
    assert bench.plug.on == [True]
    bench.plug.faults.clear()
    bench.run(10 * SECOND)
    assert bench.plug.on == [False]
    assert bench.owner.offs_delivered


def test_what_it_measures_comes_with_each_question(bench: Bench) -> None:
    bench.run(6 * SECOND)
    assert bench.values()["it.power"] == 46.0
    assert bench.values()["it.current"] == pytest.approx(0.2)
    bench.plug.watts = 99_999.0
    bench.run(6 * SECOND)
    assert math.isnan(bench.values()["it.power"]), "an impossible number is none"


def test_a_device_that_only_measures_is_asked_as_well() -> None:
    bench = Bench("tasmota", "tasmota-am2301", relays=0)
    bench.run(6 * SECOND)
    assert bench.values() == {"it.temperature": 21.5, "it.humidity": 55.5}
    sensor = json.dumps({"Time": "2026-01-01T00:00:00", "AM2301": {"Temperature": 30.5, "Humidity": None}})
    bench.hear("tele/plug/SENSOR", sensor)
    assert bench.values()["it.temperature"] == 30.5
    assert math.isnan(bench.values()["it.humidity"])


def test_a_number_that_nobody_can_hold_is_not_believed() -> None:
    """It broke the connection of the whole bus, and again at each subscription where the broker kept it."""
    bench = Bench("tasmota", "tasmota-am2301", relays=0)
    for retained in (False, True):
        bench.hear("tele/plug/SENSOR", '{"AM2301": {"Temperature": ' + "9" * 401 + "}}", retained=retained)
    assert "401 digits is no number" in bench.journaled("NODE_MISTRUSTED")[0].details["why"]
    assert not bench.values()


@pytest.mark.parametrize(
    ("lease_s", "number"), [(0.05, 1), (0.7, 7), (11.1, 111), (11.11, 112), (12, 112), (59.4, 160), (64800, 64900)]
)
def test_pulse_time_counts_as_its_page_says(lease_s: float, number: int) -> None:
    assert pulse_time(round(lease_s * SECOND)) == number


def test_what_its_timer_cannot_count_is_refused(bench: Bench) -> None:
    bench.on(90_000 * SECOND)
    assert bench.replies() == [ReplyStatus.INVALID]
    assert bench.plug.orders == 0


def test_the_bytes_are_those_of_the_makers_pages(bench: Bench) -> None:
    bench.on(2500 * MS, "c-1")
    order = next(message for message in bench.sent if b"c-1" in message.payload)
    if bench.kind == "tasmota":
        assert order.topic == "cmnd/plug/Backlog0"
        assert order.payload == b"Publish stat/plug/EDGECTL c-1 relay_1 ON; PulseTime1 25; Power1 ON"
    else:
        assert order.topic == "plug/rpc"
        assert json.loads(order.payload) == {
            "id": "c-1",
            "src": "edgectl-answers/gh-1/nodes",
            "method": "Switch.Set",
            "params": {"id": 0, "on": True, "toggle_after": 2.5},
        }
    assert order.lives is not None
    assert order.lives <= 5 * SECOND, "no broker keeps it longer than it is meant"


# ---------------------------------------------------------------- devices that lie, and wires that do


@pytest.mark.parametrize("fault", ["stuck", "noop"])
def test_a_relay_that_did_not_move_is_seen_not_to_have(bench: Bench, fault: str) -> None:
    bench.plug.faults.add(fault)
    if fault == "noop" and bench.kind == "tasmota":
        bench.plug.faults.add("stuck")  # it says ON and nothing moves
    bench.on()
    assert bench.look() is False


def test_everything_twice_is_one_run(bench: Bench) -> None:
    bench.between = lambda said: said + said
    bench.plug.faults.add("double")
    bench.on(60 * SECOND)
    assert bench.look() is True
    assert [reply for reply in bench.replies() if reply is ReplyStatus.DONE] == [ReplyStatus.DONE]
    assert len([message for message in bench.sent if b"st-1-pump" in message.payload]) == 1
    assert len(bench.plug.moved) == 1


def test_silence_is_a_time_out_and_the_device_is_told_of(bench: Bench) -> None:
    bench.plug.faults.add("deaf")
    bench.on()
    bench.run(20 * SECOND)
    assert ReplyStatus.TIMEOUT in bench.replies()
    assert any("silent" in reason for reason in bench.ill())
    assert len([message for message in bench.sent if b"st-1-pump" in message.payload]) == 1, "an ON is never repeated"
    bench.plug.faults.clear()
    bench.run(20 * SECOND)
    assert any(isinstance(item, DeviceHealth) and item.healthy for item in bench.told)


def test_an_answer_that_comes_too_late_shows_nothing_that_was_not_asked(bench: Bench) -> None:
    kept: list[Said] = []
    bench.between = lambda said: kept.extend(said) or []  # type: ignore[func-returns-value]
    bench.look()
    bench.run(ANSWER_WITHIN)
    bench.between = lambda said: said
    bench.on(600 * SECOND)
    assert bench.look() is True
    before = len(bench.told)
    for topic, payload, _ in kept:
        bench.hear(topic, payload)  # it says OFF, of before
    assert [item for item in bench.told[before:] if isinstance(item, ReadBack)] == []
    assert bench.look() is True


def test_retained_words_are_refused_and_orders_cleared_away(bench: Bench) -> None:
    topic = "cmnd/plug/POWER1" if bench.kind == "tasmota" else "plug/rpc"
    bench.hear(topic, b"ON", retained=True)
    bench.run(SECOND)
    assert any(m.topic == topic and m.retain and not m.payload for m in bench.sent), "cleared away at the broker"
    answers = [said for said in bench.said if "LWT" not in said[0] and "online" not in said[0]][-4:]
    before = len(bench.told)
    for place, payload, _ in answers:
        bench.hear(place, payload, retained=True)
    assert all(isinstance(item, NodeNews) and item.what == "NODE_MISTRUSTED" for item in bench.told[before:])


def test_somebody_else_s_order_is_written_down(bench: Bench) -> None:
    topic, order = ("cmnd/plug/POWER1", b"ON") if bench.kind == "tasmota" else ("plug/rpc", b'{"method":"Switch.Set"}')
    bench.hear(topic, order)
    assert "somebody else" in bench.journaled("NODE_MISTRUSTED")[0].details["why"]
    bench.hear("cmnd/plug/POWER1" if bench.kind == "tasmota" else "plug/rpc", b"")
    assert len(bench.journaled("NODE_MISTRUSTED")) == 1, "a question is no order"


def test_a_finger_on_the_button_is_told_and_looked_at(bench: Bench) -> None:
    plug = bench.plug
    said = plug.press(1, bench.now) if isinstance(plug, ShellyPlug) else plug.hear("x/POWER1", "ON", bench.now)
    for topic, payload, _ in said:
        bench.hear(topic, payload)
    assert bench.journaled("NODE_EVENT")[0].details["channel"] == "relay_1"
    before = len(bench.told)
    bench.run(SECOND)
    assert [item.on for item in bench.told[before:] if isinstance(item, ReadBack)] == [True], "it is asked at once"


def test_a_device_that_comes_back_on_after_a_power_cut_is_not_used_until_it_is_set_right(bench: Bench) -> None:
    bench.plug.restores = True
    bench.owner.link(False, bench.now, "gone")
    bench.owner.link(True, bench.now)
    bench.run(12 * SECOND)
    assert any("when its power returns" in reason for reason in bench.ill())
    assert bench.journaled("NODE_DIFFERS")
    bench.plug.restores = False
    bench.run(12 * SECOND)
    assert bench.journaled("NODE_FITS")
    assert bench.told[-1] is not None
    assert any(isinstance(item, DeviceHealth) and item.healthy for item in bench.told)


def test_settings_that_somebody_changes_are_seen_with_the_next_look(bench: Bench) -> None:
    bench.plug.restores = True
    bench.run(12 * SECOND)
    assert bench.journaled("NODE_DIFFERS")


def test_a_reboot_in_the_middle_of_a_pulse_is_seen_and_leaves_nothing_on(bench: Bench) -> None:
    bench.on(600 * SECOND)
    assert bench.look() is True
    plug = bench.plug
    topic, payload, _ = plug.will
    bench.hear(topic, payload)
    plug.turn(1, False, "power", bench.now)
    plug.ends.clear()
    for topic, payload, _ in plug.hello():
        bench.hear(topic, payload)
    before = len(bench.told)
    bench.run(SECOND)
    assert [item.on for item in bench.told[before:] if isinstance(item, ReadBack)][:1] == [False], "it is asked at once"
    assert len([message for message in bench.sent if b"st-1-pump" in message.payload]) == 1, "and not ordered again"


def test_a_firmware_that_does_not_know_how_it_is_told_is_named() -> None:
    bench = Bench("tasmota")
    bench.between = lambda said: [("stat/plug/RESULT", '{"Command":"Unknown"}', False)] if said else []
    bench.on()
    bench.run(20 * SECOND)
    assert any("does not know Backlog0" in news.details["why"] for news in bench.journaled("NODE_MISTRUSTED"))
    assert any("silent" in reason for reason in bench.ill())


def test_a_device_with_fewer_relays_is_not_the_one_that_is_meant() -> None:
    for kind, profile in (("tasmota", "tasmota-relay-4ch"), ("shelly", "shelly-pro-4pm")):
        bench = Bench(kind, profile, relays=2)
        bench.run(12 * SECOND)
        assert bench.owner.health["it"].down
        assert "relay_3" in bench.owner.health["it"].why


def test_presence_is_decided_by_fresh_words(bench: Bench) -> None:
    topic, gone, there = (
        ("tele/plug/LWT", b"Offline", b"Online") if bench.kind == "tasmota" else ("plug/online", b"false", b"true")
    )
    bench.plug.faults.add("deaf")
    bench.hear(topic, there, retained=True)
    bench.hear(topic, gone)
    assert any("off the air" in reason for reason in bench.ill())
    bench.hear(topic, there, retained=True)
    assert bench.owner.health["it"].down, "what a broker has kept brings nobody back"
    bench.hear(topic, there)
    assert not bench.owner.health["it"].down


def test_a_flood_costs_a_bounded_number_of_lines(bench: Bench) -> None:
    topic, word = ("stat/plug/RESULT", "{") if bench.kind == "tasmota" else ("plug/events/rpc", "{")
    for _ in range(5000):
        bench.hear(topic, word)
    assert len(bench.told) <= BURST + 1


# ---------------------------------------------------------------- what was recorded


def test_nothing_that_was_recorded_or_bent_moves_a_command_or_shows_a_relay(bench: Bench) -> None:
    for number in range(12):
        bench.on(SECOND, f"st-{number}")
        bench.run(2 * SECOND)
    recorded = [(topic, payload.encode()) for topic, payload, _ in bench.said]
    bench.on(600 * SECOND, "open-one")
    assert bench.look() is True
    bench.told.clear()
    rng, different = random.Random(22), 0
    for _ in range(50_000):  # a hundred thousand between the two kinds
        topic, payload = rng.choice(recorded)
        if rng.random() < 0.7:
            at = rng.randrange(len(payload) or 1)
            bent = payload[:at] + rng.choice([b"", b"1", b"\xff", payload[at : at + 4] * 2]) + payload[at + 1 :]
            different += bent != payload
            payload = bent
        if b"open-one" not in payload:
            bench.hear(topic, payload, retained=rng.random() < 0.05)
    assert different > 25_000
    assert [item for item in bench.told if isinstance(item, ReadBack)] == []
    assert [item for item in bench.told if isinstance(item, Reply) and item.cmd_id == "open-one"] == []
    if bench.kind == "shelly":  # what a Tasmota says of itself (SENSOR) bears no mark, so it is as old as it comes
        assert [item for item in bench.told if isinstance(item, Samples)] == []
    assert len([item for item in bench.told if not isinstance(item, Samples)]) <= BURST + 3
    assert bench.look() is True, "and afterwards it is seen as it is"


@pytest.mark.parametrize("name", [name for name in names() if find(name).protocol in PLUGS])
def test_each_profile_finds_its_relays_and_its_channels(name: str) -> None:
    profile = find(name)
    bench = Bench(profile.protocol, name, relays=len(profile.outlets))
    bench.run(12 * SECOND)
    assert not bench.ill()
    assert set(bench.values()) == {f"it.{channel}" for channel in profile.channels}
    assert not any(math.isnan(value) for value in bench.values().values())
    assert [outlet.number for outlet in profile.outlets.values()] == list(range(1, len(profile.outlets) + 1))
