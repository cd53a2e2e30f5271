"""The owner of an MQTT bus against nodes that tell the truth, and against every lie that real ones have told.

Time is an argument here. What leaves is checked as a node would check it; what comes in is what nodes print.
"""

import hashlib
import hmac
import json
from typing import Any

import pytest

from edgectl.drivers.nodes.books import MOST_ENDED
from edgectl.drivers.nodes.hydro2 import Hydro2
from edgectl.drivers.nodes.owner import ANSWER_WITHIN, ASK_EVERY, NodeOwner
from edgectl.drivers.nodes.presence import FIRST_WORD, TAKEN_UP, WORD_WITHIN
from edgectl.drivers.nodes.seam import Publish
from edgectl.drivers.nodes.speech import BURST
from edgectl.drivers.registry import find
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
from edgectl.model.ports import NoCredential
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import MS, SECOND, Nanos, Now

WALL = 1_737_355_112 * SECOND
SECRET = b"s3cret"
IRRIG = "hydro/gh-1/zone-1/nd-1"
PH = "hydro/gh-1/zone-1/nd-ph"


def site() -> Site:
    def output(name: str, to: str, role: Role) -> Actuator:
        return Actuator(name=name, channel=to, role=role, fail_safe=FailSafe.PULSE, max_on=3600 * SECOND)

    outputs = [
        output("pump", "irrig.pump_main", Role.PUMP),
        output("valve", "irrig.valve_irrigation", Role.VALVE),
        output("acid", "ph.pump_acid", Role.DOSING),
    ]
    return Site(
        site_id="gh-1",
        name="T",
        timezone="UTC",
        sensors={
            "low": Sensor(name="low", channel="irrig.level_solution_min", unit=""),
            "ph": Sensor(name="ph", channel="ph.ph_sensor", unit="pH"),
        },
        actuators={actuator.name: actuator for actuator in outputs},
        zones={},
        nodes=frozenset({"irrig", "ph"}),
    )


class Bench:
    """An owner, a clock, and the messages that left."""

    def __init__(self, *, secrets: bool = True) -> None:
        broker = Broker(host="h", port=1, protocol="hydro2", house="gh-1")
        devices = (
            Device(name="irrig", unit=None, profile=find("hydro2-irrig"), node="nd-1", zone="zone-1", secret="one"),
            Device(name="ph", unit=None, profile=find("hydro2-ph"), node="nd-ph", zone="zone-1", secret="two"),
        )
        bus = Bus(name="nodes", kind="mqtt", line=broker, devices=devices)
        self.why_not: NoCredential | None = None
        self.believed = [SECRET]
        self.secrets = {"one": SECRET, "two": SECRET} if secrets else {}
        self.owner = NodeOwner(bus, site(), Hydro2(bus, self._secret_of), life="0123abcd")
        self.now = 100 * SECOND
        self.sent: list[Publish] = []
        self.told: list[Input] = []
        self.state: dict[str, bool] | None = {}  # what the node shows when it is asked; None while it is silent
        self.kept = 0  # messages that must be on the disk before they are acknowledged
        self.owner.link(True, self.now)
        self.run()
        self.run(SECOND - self.now % SECOND)
        self.sent.clear()
        self.told.clear()

    def _secret_of(self, device: Device) -> bytes:
        if device.secret not in self.secrets:
            raise self.why_not or NoCredential(
                f"there is no credential {device.secret}", f"write it to /etc/{device.secret}"
            )
        return self.secrets[device.secret]

    @property
    def clocks(self) -> Now:
        return Now(mono=self.now, wall=WALL + self.now)

    def run(self, span: Nanos = 0, *, room: bool = True) -> None:
        """Let time pass, at the instants that the owner asks for."""
        end = self.now + span
        for _ in range(10_000):
            new = self.owner.step(self.clocks, room=room)
            self.sent += new
            self.told += self.owner.news()
            for asked in [m for m in new if "/storage_state/" in m.topic and self.state is not None]:
                self._answer(asked, "DONE", details={"snapshot": self.state})
                self.told += self.owner.news()
            wake = self.owner.wake_at(self.now)
            if wake is None or wake > end:
                self.now = end
                return
            self.now = max(wake, self.now + MS)
        raise AssertionError("the owner does not come to rest")

    def hear(self, topic: str, body: Any, *, retained: bool = False) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.kept += self.owner.hear(topic, payload, retained=retained, now=self.clocks)
        self.run()

    def answer(self, publish: Publish, status: str, **more: Any) -> None:
        self._answer(publish, status, **more)
        self.run()

    def _answer(self, publish: Publish, status: str, **more: Any) -> None:
        order = json.loads(publish.payload)
        topic = publish.topic.removesuffix("/command") + "/command_response"
        body = {"cmd_id": order["cmd_id"], "status": status, "ts": 1737355112000, **more}
        self.owner.hear(topic, json.dumps(body).encode(), retained=False, now=self.clocks)

    def shows(self, *, pump: bool = False, valve: bool = False, low: bool = True) -> None:
        """Ask for the state as the engine does, and answer."""
        self.state = {"pump_main": pump, "valve_irrigation": valve, "solution_level_min": low}
        self.owner.take(AskState(actuator="pump"), self.now)
        self.run(300 * MS)

    def orders(self, cmd: str) -> list[Publish]:
        """Every order of a kind that left, each with a signature that a node believes."""
        found = []
        for message in self.sent:
            if message.topic.endswith("/command"):
                assert any(signed_by(message, secret) for secret in self.believed)
                if json.loads(message.payload)["cmd"] == cmd:
                    found.append(message)
        return found

    def replies(self) -> list[ReplyStatus]:
        return [item.status for item in self.told if isinstance(item, Reply)]

    def seen(self, name: str) -> list[bool | None]:
        return [item.on for item in self.told if isinstance(item, ReadBack) and item.actuator == name]

    def journaled(self, what: str) -> list[NodeNews]:
        return [item for item in self.told if isinstance(item, NodeNews) and item.what == what]

    def switch(self, name: str = "pump", lease: Nanos = 60 * SECOND, cmd_id: str = "st-1-water-pump") -> Publish:
        """Order an ON and return the message."""
        send = Send(cmd_id=cmd_id, actuator=name, on=True, lease=lease, not_after=self.now + 5 * SECOND)
        before = len(self.sent)
        self.owner.take(send, self.now)
        self.run()
        return next(m for m in self.sent[before:] if "/storage_state/" not in m.topic)


def signed_by(message: Publish, secret: bytes) -> bool:
    body = json.loads(message.payload)
    sig = body.pop("sig")
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return bool(sig == hmac.new(secret, text.encode(), hashlib.sha256).hexdigest())


@pytest.fixture
def bench() -> Bench:
    return Bench()


# ---------------------------------------------------------------- the plain way


def test_a_run_is_ordered_once_with_its_end_and_confirmed_by_what_the_node_shows(bench: Bench) -> None:
    order = bench.switch()
    body = json.loads(order.payload)
    assert (order.topic, body["cmd"], body["params"]) == (
        f"{IRRIG}/pump_main/command",
        "run_pump",
        {"duration_ms": 60000},
    )
    assert body["cmd_id"] == "st-1-water-pump"
    assert body["ts"] == (WALL + bench.now) // SECOND
    assert order.lives == 5 * SECOND, "no broker keeps it longer than it is meant"
    bench.answer(order, "ACK")
    bench.shows(pump=True)
    bench.run(60 * SECOND)
    bench.answer(order, "DONE", details={"state": False})
    bench.shows(pump=False)
    assert bench.replies() == [ReplyStatus.SENT, ReplyStatus.ECHO, ReplyStatus.DONE]
    assert (bench.seen("pump")[0], bench.seen("pump")[-1]) == (True, False)
    assert len(bench.orders("run_pump")) == 1
    assert bench.journaled("NODE_CONTRADICTED") == []


def test_a_valve_is_told_its_end_and_closed_by_the_owner_as_well(bench: Bench) -> None:
    order = bench.switch("valve", lease=10 * SECOND)
    assert json.loads(order.payload)["params"] == {"state": True, "duration_ms": 10000}
    bench.answer(order, "DONE", details={"state": True})  # firmware that only latches
    assert bench.replies() == [ReplyStatus.SENT, ReplyStatus.DONE]
    assert bench.journaled("NODE_CONTRADICTED") == [], "that is its way of saying that it is open"
    bench.run(11 * SECOND)
    off = bench.orders("set_relay")[1]
    assert json.loads(off.payload)["params"] == {"state": False}


def test_an_off_overtakes_an_order_that_waits_and_is_repeated_under_a_new_id(bench: Bench) -> None:
    send = Send(cmd_id="a", actuator="pump", on=True, lease=SECOND, not_after=bench.now + 5 * SECOND)
    bench.owner.take(send, bench.now)
    bench.owner.take(MakeSafe(actuator="pump", reason="stop"), bench.now)
    bench.run(10 * SECOND)
    assert bench.orders("run_pump") == []
    assert bench.replies() == [ReplyStatus.SEND_FAILED]
    offs = bench.orders("set_relay")
    assert len(offs) >= 3
    assert len({json.loads(off.payload)["cmd_id"] for off in offs}) == len(offs), (
        "a node is silent when an id comes twice"
    )
    assert not bench.owner.offs_delivered
    bench.answer(offs[-1], "DONE", details={"state": False})
    assert bench.owner.offs_delivered


def test_without_room_at_the_broker_only_an_off_leaves(bench: Bench) -> None:
    bench.owner.take(Send(cmd_id="a", actuator="pump", on=True, lease=SECOND, not_after=bench.now + SECOND), bench.now)
    bench.owner.take(MakeSafe(actuator="valve", reason="stop"), bench.now)
    bench.run(2 * SECOND, room=False)
    assert bench.orders("set_relay")
    assert not bench.orders("run_pump")
    bench.run()
    assert not bench.orders("run_pump"), "its time has passed"
    assert bench.replies() == [ReplyStatus.SEND_FAILED]


def test_an_id_that_nodes_cannot_bear_gets_one_that_is_always_the_same(bench: Bench) -> None:
    long = "self:zone/1:" + "x" * 80
    first, second = bench.switch(cmd_id=long), Bench().switch(cmd_id=long)
    one, other = json.loads(first.payload)["cmd_id"], json.loads(second.payload)["cmd_id"]
    assert one == other
    assert len(one) <= 63
    bench.answer(first, "ACK")
    assert (
        next(item for item in bench.told if isinstance(item, Reply) and item.status is ReplyStatus.ECHO).cmd_id == long
    )


def test_the_first_words_to_every_node_are_the_time_and_off() -> None:
    bench = Bench()
    bench.owner.link(False, bench.now, "gone")
    bench.owner.take(MakeSafe(actuator="pump", reason="start"), bench.now)
    bench.sent.clear()
    bench.owner.link(True, bench.now)
    bench.run()
    assert [message.topic.split("/")[-2:] for message in bench.sent[:2]] == [
        ["time", "response"],
        ["pump_main", "command"],
    ]


def test_a_node_without_a_secret_is_heard_and_not_ordered() -> None:
    bench = Bench(secrets=False)
    bench.owner.take(MakeSafe(actuator="acid", reason="stop"), bench.now)
    bench.owner.take(Send(cmd_id="a", actuator="acid", on=True, lease=SECOND, not_after=bench.now + SECOND), bench.now)
    bench.run()
    assert [m for m in bench.sent if m.topic.endswith("/command")] == []
    (reply,) = [item for item in bench.told if isinstance(item, Reply)]
    assert (reply.status, reply.evidence) == (ReplyStatus.INVALID, "there is no credential two")


def test_a_secret_that_is_not_there_is_told_once_and_taken_up_when_it_comes() -> None:
    """Each refused OFF called the node silent, and each of its readings called it back: an alarm each second."""
    bench = Bench(secrets=False)
    for _ in range(30):
        bench.owner.take(MakeSafe(actuator="acid", reason="stop"), bench.now)
        bench.hear(f"{PH}/ph_sensor/telemetry", {"metric_type": "PH", "value": 6, "ts": bench.clocks.wall // SECOND})
        bench.run(2 * SECOND)
    bench.owner.link(False, bench.now, "the broker went")
    bench.owner.link(True, bench.now)
    bench.hear(f"{PH}/heartbeat", {"uptime": 100, "free_heap": 1})
    assert bench.sent == [m for m in bench.sent if "time" in m.topic], "nothing was ordered"
    (ill,) = [item for item in bench.told if isinstance(item, DeviceHealth)]
    assert ill.reason.endswith("there is no credential two, and a node takes no order that is not signed")
    assert ill.advice == f"write it to /etc/two; {TAKEN_UP}"
    assert any(isinstance(item, Samples) for item in bench.told), "its readings are as good as ever"
    bench.told.clear()
    bench.secrets["two"] = SECRET
    bench.run(5 * SECOND)
    bench.answer(bench.orders("set_relay")[-1], "DONE")  # the OFF that was owed left
    assert [item.healthy for item in bench.told if isinstance(item, DeviceHealth)] == [True]
    bench.run(120 * SECOND)
    assert bench.orders("activate_sensor_mode"), "and its probe is woken"
    (ill,) = [item for item in bench.told if isinstance(item, DeviceHealth) and not item.healthy]
    assert "orders unanswered" in ill.reason, "from now on its silence is its own"


def test_the_alarm_of_a_secret_says_why_it_is_not_there_now() -> None:
    """It was written and belongs to somebody else: whoever looks at the file must not be told that there is none."""
    bench = Bench(secrets=False)
    bench.owner.take(MakeSafe(actuator="acid", reason="stop"), bench.now)
    bench.run(10 * SECOND)
    bench.why_not = NoCredential("others can read the credential two", "chmod 600 two")
    bench.run(20 * SECOND)
    told = [item for item in bench.told if isinstance(item, DeviceHealth) and item.device == "ph"]
    assert [item.healthy for item in told] == [False, True, False], "each reason once"
    assert "others can read the credential two" in told[-1].reason
    assert told[-1].advice == f"chmod 600 two; {TAKEN_UP}"


def test_a_secret_that_the_node_refuses_is_told_and_read_anew() -> None:
    """Half a file, or one that was exchanged in the node: the first answer was kept until the next start, the alarm
    went as soon as an order had left, and no OFF reached the node."""
    bench = Bench(secrets=False)
    bench.secrets["two"] = b"half a file"
    bench.believed.append(b"half a file")
    bench.owner.take(MakeSafe(actuator="acid", reason="stop"), bench.now)
    bench.run()
    for _ in range(5):
        bench.answer(bench.orders("set_relay")[-1], "ERROR", error_code="time_not_synced")
        bench.run(6 * SECOND)
        bench.answer(bench.orders("set_relay")[-1], "ERROR", error_code="invalid_signature")
        bench.run(6 * SECOND)
    (ill,) = [item for item in bench.told if isinstance(item, DeviceHealth) and item.device == "ph"]
    assert "it refuses what the credential two signs" in ill.reason
    assert ill.advice == f"write the secret that the node has into the credential two; {TAKEN_UP}"
    refused = {item.details["error_code"] for item in bench.journaled("NODE_REFUSED")}
    assert refused == {"time_not_synced"}, "of the signature the alarm says it once"
    bench.secrets["two"] = SECRET
    bench.answer(bench.orders("set_relay")[-1], "ERROR", error_code="invalid_signature")
    bench.run(6 * SECOND)
    off = bench.orders("set_relay")[-1]
    assert signed_by(off, SECRET), "and the secret that is there now signs the OFF"
    bench.answer(off, "DONE")
    assert [item.healthy for item in bench.told if isinstance(item, DeviceHealth)][-1]
    bench.run(20 * SECOND)
    assert bench.orders("set_relay")[-1] is off


def test_a_node_that_does_not_answer_is_told_as_silent_and_no_longer_by_its_secret() -> None:
    bench = Bench(secrets=False)
    bench.owner.take(MakeSafe(actuator="acid", reason="stop"), bench.now)
    bench.run(10 * SECOND)
    bench.secrets["two"] = SECRET
    bench.run(60 * SECOND)
    told = [item for item in bench.told if isinstance(item, DeviceHealth) and item.device == "ph"]
    assert [item.healthy for item in told] == [False, True, False]
    assert "orders unanswered" in told[-1].reason
    assert not told[-1].advice


def test_a_secret_that_is_missing_is_told_in_the_place_of_a_broker_that_was() -> None:
    bench = Bench(secrets=False)
    bench.owner.link(False, bench.now, "nobody answers there")
    bench.owner.link(True, bench.now)
    bench.owner.take(MakeSafe(actuator="acid", reason="start"), bench.now)
    bench.run()
    told = [item for item in bench.told if isinstance(item, DeviceHealth) and item.device == "ph"]
    assert [item.healthy for item in told] == [False, True, False]
    assert "credential two" in told[-1].reason


# ---------------------------------------------------------------- nodes that lie


def test_ack_ack_done_busy_counts_as_one_run(bench: Bench) -> None:
    order = bench.switch(lease=5 * SECOND)
    for status in ("ACK", "ACK"):
        bench.answer(order, status)
    bench.run(5 * SECOND)
    for status in ("DONE", "DONE", "BUSY"):
        bench.answer(order, status)
    assert bench.replies() == [ReplyStatus.SENT, ReplyStatus.ECHO, ReplyStatus.DONE]
    (told,) = bench.journaled("NODE_CONTRADICTED")
    assert dict(told.details) == {"cmd_id": "st-1-water-pump", "first": "DONE", "then": "BUSY"}


def test_a_done_at_the_start_is_written_down_and_the_outputs_are_looked_at(bench: Bench) -> None:
    order = bench.switch(lease=60 * SECOND)
    bench.answer(order, "DONE")
    (told,) = bench.journaled("NODE_CONTRADICTED")
    assert told.details["of_s"] == 60
    assert bench.seen("pump") == [], "its word is no proof of anything"
    bench.shows(pump=True)
    assert bench.seen("pump") == [True]


def test_a_done_for_nothing_shows_as_nothing(bench: Bench) -> None:
    bench.answer(bench.switch(), "DONE", details={"note": "already in the requested state"})
    bench.shows(pump=False)
    assert bench.seen("pump") == [False]


def test_silence_until_the_deadline_is_a_time_out_and_a_late_answer_is_told_as_late(bench: Bench) -> None:
    order = bench.switch()
    bench.run(ANSWER_WITHIN)
    assert bench.replies() == [ReplyStatus.SENT, ReplyStatus.TIMEOUT]
    bench.run(4 * SECOND)
    bench.answer(order, "ACK")
    assert bench.replies()[-1] is ReplyStatus.ECHO, "the engine writes down that it came late"
    assert len(bench.orders("run_pump")) == 1, "an order to switch on is never sent twice"


def test_an_answer_under_another_topic_is_nobody_s(bench: Bench) -> None:
    order = bench.switch()
    body = {"cmd_id": json.loads(order.payload)["cmd_id"], "status": "ACK", "ts": 1737355112000}
    bench.hear(f"{IRRIG}/valve_irrigation/command_response", body)
    bench.hear(f"{PH}/pump_main/command_response", body)
    bench.run(ANSWER_WITHIN)
    assert ReplyStatus.TIMEOUT in bench.replies()


@pytest.mark.parametrize("code", ["pump_queue_full", "estop_active", "invalid_signature", "a_new_one"])
def test_a_refusal_is_quoted_with_the_node_s_own_word(bench: Bench, code: str) -> None:
    bench.answer(bench.switch(), "ERROR", error_code=code, error_message="so it is")
    reply = next(item for item in bench.told if isinstance(item, Reply) and item.status is ReplyStatus.ERROR)
    assert reply.code == code
    assert "so it is" in reply.evidence


@pytest.mark.parametrize("status", ["BUSY", "INVALID", "NO_EFFECT", "TIMEOUT"])
def test_each_last_word_has_its_reply(bench: Bench, status: str) -> None:
    bench.answer(bench.switch(), status)
    assert bench.replies() == [ReplyStatus.SENT, ReplyStatus[status]]


def test_a_node_that_does_not_know_the_time_is_told_and_asked_again(bench: Bench) -> None:
    bench.owner.take(MakeSafe(actuator="pump", reason="stop"), bench.now)
    bench.run()
    bench.answer(bench.orders("set_relay")[0], "ERROR", error_code="time_not_synced")
    bench.run(SECOND)
    assert any(message.topic == "hydro/time/response" for message in bench.sent)
    assert len(bench.orders("set_relay")) == 2


def test_without_a_look_at_its_outputs_the_word_of_the_node_is_all_there_is(bench: Bench) -> None:
    order = bench.switch("acid", lease=5 * SECOND)
    bench.owner.take(AskState(actuator="acid"), bench.now)
    bench.run()
    assert bench.seen("acid") == [None], "nothing was said yet"
    bench.answer(order, "ACK")
    bench.run(5 * SECOND)
    bench.answer(order, "DONE")
    assert bench.seen("acid") == [None, True, False]
    bench.owner.take(MakeSafe(actuator="acid", reason="stop"), bench.now)
    bench.run()
    bench.run(SECOND)
    bench.answer(bench.orders("set_relay")[-1], "DONE")
    last = [item for item in bench.told if isinstance(item, ReadBack)][-1]
    assert (last.on, last.at) == (False, bench.now - SECOND), "as old as the order that it answers"
    assert all(IRRIG in message.topic for message in bench.orders("state")), "such a node is not asked"


def test_a_run_longer_than_the_node_allows_is_not_ordered(bench: Bench) -> None:
    report = {"node_id": "nd-1", "version": 3, "type": "irrig", "gh_uid": "gh-1", "zone_uid": "zone-1"}
    channel = {"name": "pump_main", "type": "ACTUATOR", "safe_limits": {"max_duration_ms": 5000}}
    bench.hear(f"{IRRIG}/config_report", {**report, "channels": [channel]})
    send = Send(cmd_id="a", actuator="pump", on=True, lease=6 * SECOND, not_after=bench.now + SECOND)
    bench.owner.take(send, bench.now)
    bench.run()
    assert bench.replies() == [ReplyStatus.INVALID]
    assert not bench.orders("run_pump")


def test_a_node_of_another_kind_is_no_node_of_the_site_file_until_it_reports_anew(bench: Bench) -> None:
    report = {"node_id": "nd-1", "version": 3, "gh_uid": "gh-1", "zone_uid": "zone-1", "channels": []}
    bench.hear(f"{IRRIG}/config_report", {**report, "type": "ph"})
    assert bench.journaled("NODE_DIFFERS")[0].details["why"] == "is a node of type ph, hydro2-irrig is irrig"
    bench.hear(f"{IRRIG}/level_solution_min/telemetry", telemetry(bench, 1, "WATER_LEVEL_SWITCH"))
    assert [s.block[0].value == 1 for s in bench.told if isinstance(s, Samples)] == [False], "not believed"
    assert [h.healthy for h in bench.told if isinstance(h, DeviceHealth)] == [False]
    bench.hear(f"{IRRIG}/config_report", {**report, "type": "irrig"})
    assert bench.journaled("NODE_FITS")
    assert [h.healthy for h in bench.told if isinstance(h, DeviceHealth)] == [False, True]


# ---------------------------------------------------------------- readings, presence, and whoever else speaks


def telemetry(bench: Bench, value: float, metric: str = "PH", *, ago_s: int = 0, **more: Any) -> dict[str, Any]:
    return {"metric_type": metric, "value": value, "ts": (WALL + bench.now) // SECOND - ago_s, **more}


def values(bench: Bench) -> list[tuple[float, Nanos]]:
    return [(s.value, s.at) for item in bench.told if isinstance(item, Samples) for s in item.block]


def test_a_reading_is_as_old_as_its_own_clock_says(bench: Bench) -> None:
    bench.hear(f"{PH}/ph_sensor/telemetry", telemetry(bench, 5.9))
    bench.hear(f"{PH}/ph_sensor/telemetry", telemetry(bench, 5.8, ago_s=7))
    assert values(bench) == [(5.9, bench.now), (5.8, bench.now - 7 * SECOND)]
    assert bench.kept == 0, "a reading is acknowledged at once"


@pytest.mark.parametrize(
    ("body", "journaled"),
    [
        ({"stub": True}, False),
        ({"stable": False}, False),
        ({"value": 15.0}, False),
        ({"metric_type": "EC"}, True),
        ({"ts": 1737355112 + 1000}, True),
    ],
)
def test_what_cannot_be_a_reading_is_none(bench: Bench, body: dict[str, Any], journaled: bool) -> None:
    bench.hear(f"{PH}/ph_sensor/telemetry", {**telemetry(bench, 5.9), **body})
    assert all(value != value for value, _ in values(bench))
    assert bool(bench.journaled("NODE_MISTRUSTED")) is journaled


def test_the_floats_of_a_snapshot_come_before_its_outputs(bench: Bench) -> None:
    bench.shows(pump=True, low=False)
    kinds = [type(item).__name__ for item in bench.told if isinstance(item, Samples | ReadBack)]
    assert kinds == ["Samples", "ReadBack", "ReadBack"]
    assert values(bench)[0][0] == 0


def test_an_event_is_remembered_and_the_outputs_are_looked_at(bench: Bench) -> None:
    ts = (WALL + bench.now) // SECOND
    body = {"event_code": "clean_fill_completed", "ts": ts, "snapshot": {"solution_level_min": True}}
    bench.hear(f"{IRRIG}/storage_state/event", body)
    assert (bench.kept, values(bench)[0][0]) == (1, 1)
    bench.run(300 * MS)
    assert bench.orders("state")


@pytest.mark.parametrize(
    "topic",
    ["pump_main/command_response", "storage_state/event", "level_solution_min/telemetry", "heartbeat", "config_report"],
)
def test_what_a_broker_kept_is_refused(bench: Bench, topic: str) -> None:
    order = bench.switch()
    cmd_id = json.loads(order.payload)["cmd_id"]
    body = {"cmd_id": cmd_id, "status": "DONE", "ts": 1737355112000, "event_code": "x", "uptime": 1, "free_heap": 1}
    bench.hear(f"{IRRIG}/{topic}", body, retained=True)
    assert bench.replies() == [ReplyStatus.SENT]
    assert "retained" in bench.journaled("NODE_MISTRUSTED")[0].details["why"]


def test_a_retained_order_is_cleared_away_and_somebody_else_s_is_told(bench: Bench) -> None:
    bench.hear(f"{IRRIG}/pump_main/command", {"cmd": "run_pump"}, retained=True)
    bench.hear(f"{IRRIG}/pump_main/command", {"cmd": "run_pump"})
    bench.run()
    assert Publish(topic=f"{IRRIG}/pump_main/command", payload=b"", retain=True) in bench.sent
    assert "somebody else gives orders" in bench.journaled("NODE_MISTRUSTED")[1].details["why"]


def test_a_kept_online_beside_a_kept_offline_decides_nothing_and_a_fresh_word_does(bench: Bench) -> None:
    bench.hear(f"{PH}/status", {"status": "ONLINE", "ts": 1}, retained=True)
    bench.hear(f"{PH}/lwt", b"offline", retained=True)
    bench.run(FIRST_WORD - 2 * SECOND)
    assert [h for h in bench.told if isinstance(h, DeviceHealth) and h.device == "ph"] == []
    bench.run(2 * SECOND)
    (ill,) = [h for h in bench.told if isinstance(h, DeviceHealth) and h.device == "ph"]
    assert not ill.healthy
    bench.hear(f"{PH}/heartbeat", {"uptime": 1, "free_heap": 1})
    bench.hear(f"{PH}/lwt", b"offline")
    assert [h.healthy for h in bench.told if isinstance(h, DeviceHealth) and h.device == "ph"] == [False, True, False]


def test_a_node_without_a_word_is_silent_and_one_that_answers_nothing_too(bench: Bench) -> None:
    bench.state = None
    bench.run(WORD_WITHIN + SECOND)
    ill = {h.device: h.reason for h in bench.told if isinstance(h, DeviceHealth)}
    assert "silent" in ill["ph"]
    assert "3 orders unanswered" in ill["irrig"]
    assert "node nd-1 on nodes" in ill["irrig"]


def test_a_node_of_nobody_is_told_its_place_and_a_stranger_is_only_told(bench: Bench) -> None:
    hello = {
        "message_type": "node_hello",
        "hardware_id": "nd-1",
        "node_type": "irrig",
        "fw_version": "1",
        "hardware_revision": "1",
        "capabilities": [],
        "provisioning_meta": {},
    }
    bench.state = None
    bench.hear(f"{IRRIG}/lwt", b"offline")
    for body in (hello, hello, {**hello, "hardware_id": "esp32-x"}):
        bench.hear("hydro/node_hello", body)
    bench.run()
    (config,) = [message for message in bench.sent if message.topic.endswith("/config")]
    assert config.topic == "hydro/gh-temp/zn-temp/nd-1/config"
    assert [news.details["bound"] for news in bench.journaled("NODE_HELLO")] == [True, False]
    bench.run(11 * SECOND)
    bench.hear("hydro/gh-temp/zn-temp/nd-1/heartbeat", {"uptime": 1, "free_heap": 1})
    assert len([message for message in bench.sent if message.topic.endswith("/config")]) == 2


def test_the_time_is_told_once_a_second_however_many_ask(bench: Bench) -> None:
    for _ in range(50):
        bench.hear("hydro/time/request", b"{}")
    times = [message for message in bench.sent if message.topic == "hydro/time/response"]
    assert len(times) == 1
    assert json.loads(times[0].payload)["unix_ts"] == (WALL + bench.now) // SECOND


def test_a_flood_is_bounded_and_counted(bench: Bench) -> None:
    ts = (WALL + bench.now) // SECOND
    for number in range(5000):
        bench.hear(f"{IRRIG}/storage_state/event", {"event_code": f"e{number}", "ts": ts})
        bench.hear(f"{IRRIG}/pump_main/command_response", {"cmd_id": f"x{number}", "status": "DONE", "ts": ts * 1000})
    assert len(bench.told) <= BURST + 40
    assert bench.kept <= BURST
    bench.run(5 * SECOND)
    bench.hear(f"{IRRIG}/storage_state/event", {"event_code": "last", "ts": ts})
    assert bench.journaled("NODE_FLOODS")[0].details["left_out"] > 9000


def test_what_is_remembered_of_orders_has_a_bound(bench: Bench) -> None:
    for number in range(2 * MOST_ENDED):
        bench.answer(bench.switch(cmd_id=f"c{number}"), "BUSY")
    assert len(bench.owner._books._ended) == MOST_ENDED
    assert len(bench.owner._books.all()) <= 2


def test_when_the_broker_goes_what_was_sent_is_unknown_and_what_waits_is_over(bench: Bench) -> None:
    bench.switch()
    bench.owner.take(AskState(actuator="pump"), bench.now)
    bench.owner.link(False, bench.now, "it closed the connection")
    send = Send(cmd_id="b", actuator="pump", on=True, lease=SECOND, not_after=bench.now + SECOND)
    bench.owner.take(send, bench.now)
    bench.owner.take(AskState(actuator="acid"), bench.now)
    bench.run(SECOND)
    assert bench.replies() == [ReplyStatus.SENT, ReplyStatus.TIMEOUT, ReplyStatus.SEND_FAILED]
    assert {h.device for h in bench.told if isinstance(h, DeviceHealth) and not h.healthy} == {"irrig", "ph"}
    assert bench.seen("acid") == [None]
    before = len(bench.sent)
    bench.run(10 * SECOND)
    assert len(bench.sent) == before, "nothing is sent into nowhere"


def test_outputs_are_asked_for_again_and_again(bench: Bench) -> None:
    bench.run(4 * ASK_EVERY)
    assert 4 <= len(bench.orders("state")) <= 5


def wakes(bench: Bench) -> list[Publish]:
    return bench.orders("activate_sensor_mode")


def test_a_node_that_sleeps_is_told_to_measure_until_it_answers_and_again_when_it_comes_back() -> None:
    bench = Bench()
    bench.owner.link(True, bench.now)
    bench.run(60 * SECOND)
    assert [message.topic for message in wakes(bench)] == [f"{PH}/system/command"] * 3
    assert json.loads(wakes(bench)[0].payload)["params"] == {"stabilization_time_sec": 60}
    bench.answer(wakes(bench)[-1], "ERROR", error_code="time_not_synced")
    bench.run(30 * SECOND)
    assert len(wakes(bench)) == 4, "it had to be told the time first"
    bench.answer(wakes(bench)[-1], "DONE")
    bench.run(40 * SECOND)
    assert len(wakes(bench)) == 4
    bench.hear(f"{PH}/status", {"status": "ONLINE", "ts": (WALL + bench.now) // SECOND})
    assert len(wakes(bench)) == 5


def test_the_monitor_shows_what_was_said(bench: Bench) -> None:
    bench.switch()
    bench.hear(f"{PH}/heartbeat", b"\x1b[2J" + b"\xff" * 9000)
    *_, order, heard, why = bench.owner.log.lines
    assert (order.direction, f'{IRRIG}/pump_main/command {{"cmd":"run_pump"' in order.note) == (">", True)
    assert (heard.direction, len(heard.note) < 600) == ("<", True)
    assert "no JSON" in why.note
    assert all(line.note.isprintable() for line in bench.owner.log.lines), "no node commands a terminal"


def test_words_of_a_node_command_no_terminal(bench: Bench) -> None:
    ts = (WALL + bench.now) // SECOND
    bench.hear(f"{IRRIG}/storage_state/event", {"event_code": "a\x1b[2Jb", "ts": ts})
    bench.answer(bench.switch(), "ERROR", error_code="x\n", error_message="y\x07")
    (event,) = bench.journaled("NODE_EVENT")
    reply = next(item for item in bench.told if isinstance(item, Reply) and item.status is ReplyStatus.ERROR)
    assert all(text.isprintable() for text in (event.details["event_code"], reply.evidence, reply.code))
