"""The bus owner against scripted bytes: who speaks first, what is believed, and what a silent device costs."""

import re
from dataclasses import dataclass, field, replace

import pytest

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.codecs.modbus import read, rtu_frame
from edgectl.drivers.profile import Outlet
from edgectl.drivers.registry import find
from edgectl.drivers.wiring import Bus, Device, SerialLine, TcpHost
from edgectl.model.inputs import AskState, DeviceHealth, Input, MakeSafe, ReadBack, Reply, ReplyStatus, Samples, Send
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import MS, SECOND, Nanos

SITE = Site(
    site_id="s",
    name="s",
    timezone="UTC",
    sensors={
        "level": Sensor(name="level", channel="level.level", unit="cm"),
        "air": Sensor(name="air", channel="air.temperature", unit="degC"),
    },
    actuators={
        "pump": Actuator(name="pump", channel="board.relay_1", role=Role.PUMP, fail_safe=FailSafe.PULSE),
        "valve": Actuator(name="valve", channel="board.relay_2", role=Role.VALVE, fail_safe=FailSafe.PULSE),
    },
    zones={},
)
DEVICES = (
    Device(name="board", unit=1, profile=find("waveshare-relay-8ch")),
    Device(name="level", unit=5, profile=find("qdy30a-level")),
    Device(name="air", unit=7, profile=find("xy-md02")),
)
RELAY_2 = DEVICES[0].profile.outlets["relay_2"]
RTU = Bus(name="relays", kind="modbus-rtu", line=SerialLine(port="/dev/x"), devices=DEVICES)
TCP = Bus(name="net", kind="modbus-tcp", line=TcpHost(host="127.0.0.1"), devices=DEVICES)
OFF_PUMP, OFF_VALVE = "01 05 00 00 00 00 cd ca", "01 05 00 01 00 00 9c 0a"


def crc(body: str) -> bytes:
    """A serial frame from the bytes before its checksum."""
    raw = bytes.fromhex(body)
    value = 0xFFFF
    for byte in raw:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return raw + value.to_bytes(2, "little")


GOOD = {  # request body -> reply body
    "01 03 80 00 00 01": "01 03 02 00 c8",
    "01 03 10 00 00 08": "01 03 10" + " 00" * 16,
    "01 01 00 00 00 02": "01 01 01 00",
    "05 03 00 02 00 01": "05 03 02 00 01",
    "05 03 00 03 00 01": "05 03 02 00 01",
    "05 03 00 03 00 02": "05 03 04 00 01 06 07",
    "07 04 00 01 00 01": "07 04 02 00 e1",
}


@dataclass
class Desk:
    """A bus on the desk: time passes when we say so, and the devices answer from a table unless they are dead."""

    owner: BusOwner = field(default_factory=lambda: BusOwner(RTU, SITE))
    now: Nanos = 100 * SECOND
    dead: set[int] = field(default_factory=set)
    replies: dict[str, bytes] = field(default_factory=lambda: {k: crc(v) for k, v in GOOD.items()})
    sent: list[tuple[Nanos, str]] = field(default_factory=list)
    news: list[Input] = field(default_factory=list)

    def up(self) -> "Desk":
        self.owner.link(True, self.now)
        return self

    def turn(self) -> str | None:
        """One step. Returns the frame that left."""
        frame = self.owner.step(self.now)
        self.news += self.owner.news()
        if frame is None:
            return None
        self.sent.append((self.now, frame.hex(" ")))
        return frame.hex(" ")

    def hear(self, data: bytes, after: Nanos = 20 * MS) -> None:
        self.now += after
        self.owner.hear(data, self.now)
        self.news += self.owner.news()

    def run(self, duration: Nanos) -> None:
        """Let time pass; devices answer after 20 ms."""
        until = self.now + duration
        while self.now < until:
            frame = self.turn()
            if frame is not None:
                body = frame[:-6]
                if int(frame[:2], 16) not in self.dead:
                    echo = bytes.fromhex(frame) if frame[3:5] == "05" else None
                    if (reply := self.replies.get(body, echo)) is not None:
                        self.hear(reply)
                        continue
            wake = self.owner.wake_at(self.now)
            assert wake is None or frame is not None or wake > self.now, "the owner spins"
            self.now = min(until, max(self.now + 1, until if wake is None else wake))

    def frames(self) -> list[str]:
        return [frame for _, frame in self.sent]

    def of(self, kind: type) -> list:
        return [item for item in self.news if isinstance(item, kind)]


def settled(owner: BusOwner | None = None) -> Desk:
    """A desk on which all devices have shown who they are; nothing in flight."""
    desk = (Desk() if owner is None else Desk(owner=owner)).up()
    desk.run(SECOND)
    while desk.owner._flight is not None:
        desk.run(10 * MS)
    desk.sent.clear()
    desk.news.clear()
    return desk


def pump_on(desk: Desk, cmd_id: str = "c1", lease: Nanos = 90 * SECOND) -> Send:
    return Send(cmd_id=cmd_id, actuator="pump", on=True, lease=lease, not_after=desk.now + 5 * SECOND)


def test_an_off_is_the_first_thing_on_the_wire() -> None:
    desk = Desk()
    desk.owner.take(AskState(actuator="pump"), desk.now)
    desk.owner.take(MakeSafe(actuator="pump", reason="start"), desk.now)
    desk.owner.take(MakeSafe(actuator="valve", reason="start"), desk.now)
    desk.up().run(SECOND)
    assert desk.frames()[:2] == [OFF_PUMP, OFF_VALVE]
    assert not any(frame.startswith("01 05 02") for frame in desk.frames())


def test_a_timed_on_is_one_frame_with_its_end_inside() -> None:
    desk = settled()
    desk.owner.take(pump_on(desk, lease=700 * MS), desk.now)
    desk.run(100 * MS)
    assert "01 05 02 00 00 07 8d b0" in desk.frames()
    assert [r.status for r in desk.of(Reply)] == [ReplyStatus.SENT, ReplyStatus.ECHO]


def test_an_off_overtakes_everything_but_the_frame_on_the_wire() -> None:
    desk = settled()
    desk.run(1900 * MS)
    desk.sent.clear()
    desk.owner.take(AskState(actuator="pump"), desk.now)
    first = desk.turn()
    assert first is not None
    desk.owner.take(pump_on(desk), desk.now)
    desk.owner.take(MakeSafe(actuator="valve", reason="x"), desk.now)
    assert desk.turn() is None, "one request at a time"
    desk.hear(desk.replies[first[:-6]])
    desk.run(500 * MS)
    assert desk.frames()[1] == OFF_VALVE


def test_an_off_takes_a_waiting_on_back() -> None:
    desk = settled()
    desk.owner.take(pump_on(desk), desk.now)
    desk.owner.take(MakeSafe(actuator="pump", reason="x"), desk.now)
    desk.run(SECOND)
    (reply,) = desk.of(Reply)
    assert reply.status is ReplyStatus.SEND_FAILED
    assert "overtaken" in reply.evidence
    assert not any(frame.startswith("01 05 02") for frame in desk.frames())


def test_an_on_that_waited_too_long_is_dropped() -> None:
    desk = settled()
    order = pump_on(desk)
    desk.now = order.not_after + 1
    desk.owner.take(order, desk.now)
    desk.run(SECOND)
    (reply,) = desk.of(Reply)
    assert reply.status is ReplyStatus.SEND_FAILED


def test_an_on_is_sent_once_and_an_off_until_it_is_echoed() -> None:
    desk = settled()
    desk.dead = {1}
    desk.owner.take(pump_on(desk), desk.now)
    desk.run(SECOND)
    desk.owner.take(MakeSafe(actuator="pump", reason="x"), desk.now)
    desk.run(30 * SECOND)
    frames = desk.frames()
    assert sum(frame.startswith("01 05 02") for frame in frames) == 1
    assert desk.of(Reply)[-1].status is ReplyStatus.TIMEOUT
    assert frames.count(OFF_PUMP) >= 6
    desk.dead = set()
    desk.run(6 * SECOND)
    desk.sent.clear()
    desk.run(20 * SECOND)
    assert OFF_PUMP not in desk.frames(), "echoed: the debt of the bus is paid"


def test_an_off_that_was_seen_is_not_sent_again_into_the_next_run() -> None:
    desk = settled()
    desk.owner.take(MakeSafe(actuator="pump", reason="x"), desk.now)
    assert desk.turn() == OFF_PUMP
    desk.now += 400 * MS  # the echo is lost, the relay obeyed
    desk.turn()
    desk.owner.take(AskState(actuator="pump"), desk.now)
    desk.now += 350 * MS
    assert desk.turn() == "01 01 00 00 00 02 bd cb"
    desk.hear(crc("01 01 01 00"))
    desk.owner.take(pump_on(desk), desk.now)
    desk.run(5 * SECOND)
    assert desk.frames().count(OFF_PUMP) == 1


def test_without_a_timed_pulse_the_bus_ends_the_on_itself() -> None:
    plain = Outlet(name="relay_1", fail_safe=FailSafe.NONE, coil=0)
    board = replace(DEVICES[0], profile=replace(DEVICES[0].profile, outlets={"relay_1": plain, "relay_2": RELAY_2}))
    desk = settled(BusOwner(replace(RTU, devices=(board, *DEVICES[1:])), SITE))
    desk.owner.take(pump_on(desk, lease=3 * SECOND), desk.now)
    desk.run(10 * SECOND)
    on = next(at for at, frame in desk.sent if frame.startswith("01 05 00 00 ff"))
    off = next(at for at, frame in desk.sent if frame == OFF_PUMP)
    assert 3 * SECOND <= off - on < 3100 * MS


# ---------------------------------------------------------------- what is believed

READ_LEVEL = read(5, 3, 3, 2)


def ask_level(desk: Desk) -> None:
    """Bring the desk to the instant after a level read has left."""
    while True:
        frame = desk.turn()
        if frame == rtu_frame(READ_LEVEL).hex(" "):
            desk.news.clear()
            return
        if frame is not None:
            desk.hear(desk.replies[frame[:-6]])
        else:
            wake = desk.owner.wake_at(desk.now)
            assert wake is not None
            desk.now = max(desk.now, wake)


LEVEL = crc("05 03 04 00 01 06 07")


@pytest.mark.parametrize(
    "bytes_",
    [
        LEVEL[:-1],  # truncated
        LEVEL[:-1] + b"\x00",  # checksum
        crc("07 03 04 00 01 06 07"),  # another unit
        crc("05 04 04 00 01 06 07"),  # another function
        crc("05 03 02 06 07"),  # another length: the reply to an older request
        bytes(range(60)),  # garbage
        b"",
    ],
    ids=["truncated", "checksum", "unit", "function", "length", "garbage", "silence"],
)
def test_what_is_not_the_answer_is_never_a_value(bytes_: bytes) -> None:
    desk = settled()
    ask_level(desk)
    desk.hear(bytes_)
    desk.turn()
    desk.now += 400 * MS
    desk.turn()
    assert not desk.of(Samples)
    assert desk.owner.log.timeouts == 1
    evidence = [line.note for line in desk.owner.log.lines if line.direction == "!"][-1]
    assert ("no believable reply" if bytes_ else "no reply") in evidence


def test_noise_before_a_good_reply_costs_nothing_and_pieces_are_put_together() -> None:
    desk = settled()
    ask_level(desk)
    desk.hear(b"\x00\xff\x05")
    desk.hear(LEVEL[:3], 2 * MS)
    desk.hear(LEVEL[3:], 2 * MS)
    (block,) = desk.of(Samples)
    assert block.block[0].value == pytest.approx(154.3)


def test_a_sample_is_as_old_as_the_beginning_of_its_read() -> None:
    desk = settled()
    ask_level(desk)
    began = desk.now
    desk.hear(LEVEL, 250 * MS)
    assert desk.of(Samples)[0].block[0].at == began


def test_after_a_time_out_the_line_rests_until_no_late_reply_can_come() -> None:
    desk = settled()
    ask_level(desk)
    desk.owner.take(AskState(actuator="pump"), desk.now)
    deadline = desk.owner.wake_at(desk.now)
    assert deadline is not None
    assert desk.owner.awaits, "most likely the answer comes before"
    desk.now = deadline
    assert desk.turn() is None
    assert not desk.owner.awaits, "nothing comes before the next read"
    desk.hear(LEVEL, 100 * MS)  # late: nobody waits for it any more
    assert not desk.of(Samples)
    while desk.turn() is None:
        wake = desk.owner.wake_at(desk.now)
        assert wake is not None
        desk.now = wake
    assert desk.now - deadline >= RTU.timeout
    assert desk.frames()[-1].startswith("01 01")


def test_an_off_does_not_wait_for_the_rest() -> None:
    desk = settled()
    ask_level(desk)
    deadline = desk.owner.wake_at(desk.now)
    assert deadline is not None
    desk.now = deadline
    desk.turn()
    desk.owner.take(MakeSafe(actuator="pump", reason="x"), desk.now)
    assert desk.turn() == OFF_PUMP
    desk.hear(LEVEL + bytes.fromhex(OFF_PUMP))  # the late reply and the echo together
    desk.run(5 * SECOND)
    assert desk.frames().count(OFF_PUMP) == 1


@pytest.mark.parametrize("reply", ["05 03 04 00 01 7f ff", "05 03 04 ff ff 06 07"], ids=["range", "decimals"])
def test_an_impossible_value_ends_the_old_one(reply: str) -> None:
    desk = settled()
    ask_level(desk)
    desk.hear(crc(reply))
    value = desk.of(Samples)[0].block[0].value
    assert value != value, "not a number: nobody can go on with the value before it"


def test_frames_keep_their_silence() -> None:
    desk = settled()
    desk.run(20 * SECOND)
    heard = [line.at for line in desk.owner.log.lines if line.direction == "<"]
    for at, _ in desk.sent[1:]:
        before = [h for h in heard if h <= at]
        assert not before or at - before[-1] >= desk.owner.language.silence


# ---------------------------------------------------------------- devices that are not well


def test_a_dead_device_is_reported_once_and_costs_the_others_little() -> None:
    desk = settled()
    desk.dead = {5}
    desk.run(60 * SECOND)
    (ill,) = desk.of(DeviceHealth)
    assert ill.device == "level"
    assert not ill.healthy
    told = re.fullmatch(r"unit 5 on relays silent for (\d+) s, 3 requests unanswered \(no reply\)", ill.reason)
    assert told is not None, ill.reason
    assert 2 <= int(told[1]) <= 8, "since it was last heard, and not since it was asked first in vain"
    assert ill.asked_by == "edgectl bus probe relays 5"
    assert sum(frame.startswith("05") for frame in desk.frames()) <= 14
    assert sum(frame.startswith("07") for frame in desk.frames()) >= 26
    desk.dead = set()
    desk.run(15 * SECOND)
    assert desk.of(DeviceHealth)[-1].healthy
    assert desk.of(Samples)[-1] is not None


def test_a_dead_board_with_two_owed_offs_leaves_the_bus_to_the_others() -> None:
    desk = settled()
    desk.dead = {1}
    for name in ("pump", "valve"):
        desk.owner.take(MakeSafe(actuator=name, reason="x"), desk.now)
    desk.run(20 * SECOND)
    desk.sent.clear()
    desk.run(60 * SECOND)
    assert sum(frame in (OFF_PUMP, OFF_VALVE) for frame in desk.frames()) <= 13
    assert sum(frame.startswith("07") for frame in desk.frames()) >= 24


@pytest.mark.parametrize(
    ("asked", "said", "words"),
    [
        ("01 03 80 00 00 01", "01 03 02 00 01", "software version of a Waveshare board is 1"),
        ("01 03 10 00 00 08", "01 03 10" + " 00" * 13 + " 01 00 00", "control mode of each relay"),
        ("05 03 00 02 00 01", "05 03 02 00 02", "unit code (1 = cm) is 2"),
        ("05 03 00 02 00 01", "05 83 02", "has no unit code"),
    ],
)
def test_a_device_that_is_another_one_gets_nothing_but_an_off(asked: str, said: str, words: str) -> None:
    desk = Desk()
    desk.replies[asked] = crc(said)
    desk.up().run(2 * SECOND)
    wrong = "board" if asked.startswith("01") else "level"
    ill = next(item for item in desk.of(DeviceHealth) if item.device == wrong)
    assert words in ill.reason
    if wrong == "level":
        assert not [s for block in desk.of(Samples) for s in block.block if s.channel == "level.level"]
        return
    desk.owner.take(pump_on(desk), desk.now)
    desk.owner.take(MakeSafe(actuator="valve", reason="x"), desk.now)
    desk.run(2 * SECOND)
    assert OFF_VALVE in desk.frames()
    assert not any(frame.startswith("01 05 02") for frame in desk.frames())
    assert desk.of(Reply)[-1].status is ReplyStatus.SEND_FAILED
    assert not [r for r in desk.of(ReadBack) if r.on is not None], "its coils are not our outputs"


def test_a_line_that_goes_takes_orders_back_but_no_off() -> None:
    desk = settled()
    desk.owner.take(pump_on(desk), desk.now)
    desk.owner.take(MakeSafe(actuator="valve", reason="x"), desk.now)
    desk.owner.link(False, desk.now, "unplugged")
    desk.news += desk.owner.news()
    assert desk.of(Reply)[-1].status is ReplyStatus.SEND_FAILED
    assert {item.device for item in desk.of(DeviceHealth)} == {"board", "level", "air"}
    desk.owner.take(pump_on(desk, "c2"), desk.now)
    desk.news += desk.owner.news()
    assert desk.of(Reply)[-1].cmd_id == "c2"
    desk.now += 60 * SECOND
    desk.up().run(2 * SECOND)
    assert desk.frames()[0] == OFF_VALVE
    assert not any(frame.startswith("01 05 02") for frame in desk.frames())
    assert all(item.healthy for item in desk.of(DeviceHealth)[3:])


def test_the_device_says_no() -> None:
    for code, status in (("02", ReplyStatus.INVALID), ("06", ReplyStatus.BUSY), ("04", ReplyStatus.ERROR)):
        desk = settled()
        desk.replies["01 05 02 00 03 84"] = crc(f"01 85 {code}")
        desk.owner.take(pump_on(desk), desk.now)
        desk.run(100 * MS)
        assert desk.of(Reply)[-1].status is status


# ---------------------------------------------------------------- TCP


def test_over_tcp_an_old_transaction_is_known_at_sight() -> None:
    desk = Desk(owner=BusOwner(TCP, SITE))
    desk.up()
    first = desk.turn()
    assert first is not None
    number = int(first[:5].replace(" ", ""), 16)
    stale = bytes.fromhex(f"{number - 1 & 0xFFFF:04x} 0000 0005 01 03 02 00 63")
    good = bytes.fromhex(f"{number:04x} 0000 0005 01 03 02 00 c8")
    desk.hear(stale + good[:4])
    assert desk.owner._flight is not None
    desk.hear(good[4:])
    assert desk.owner._flight is None
    assert desk.turn() is not None


INVERTED = replace(
    SITE,
    actuators={**SITE.actuators, "valve": replace(SITE.actuators["valve"], inverted=True)},
)


def test_an_output_that_runs_when_its_relay_falls_is_ended_by_a_timer_that_draws_it() -> None:
    desk = settled(BusOwner(RTU, INVERTED))
    desk.owner.take(Send(cmd_id="c", actuator="valve", on=True, lease=700 * MS, not_after=desk.now + SECOND), desk.now)
    desk.owner.take(MakeSafe(actuator="pump", reason="x"), desk.now)
    desk.run(100 * MS)
    assert crc("01 05 04 01 00 07").hex(" ") in desk.frames(), "the board lets the relay fall for 700 ms"
    desk.owner.take(MakeSafe(actuator="valve", reason="x"), desk.now)
    desk.run(100 * MS)
    assert crc("01 05 00 01 ff 00").hex(" ") in desk.frames(), "off is a relay that is drawn"
    assert crc("01 05 00 00 00 00").hex(" ") in desk.frames(), "its neighbour is wired as usual"


def test_a_read_back_honours_the_wiring() -> None:
    desk = settled(BusOwner(RTU, INVERTED))
    desk.owner.take(AskState(actuator="valve"), desk.now)
    desk.run(100 * MS)
    shown = {read_back.actuator: read_back.on for read_back in desk.of(ReadBack)}
    assert shown == {"pump": False, "valve": True}, "both relays have fallen, and the valve is open"


def test_without_a_timer_that_lets_it_fall_the_owner_ends_it() -> None:
    outlets = {"relay_2": replace(RELAY_2, pulse_off=None)}
    board = replace(DEVICES[0], profile=replace(DEVICES[0].profile, outlets=DEVICES[0].profile.outlets | outlets))
    desk = settled(BusOwner(replace(RTU, devices=(board, *DEVICES[1:])), INVERTED))
    desk.owner.take(Send(cmd_id="c", actuator="valve", on=True, lease=700 * MS, not_after=desk.now + SECOND), desk.now)
    desk.run(600 * MS)
    assert crc("01 05 00 01 00 00").hex(" ") in desk.frames()
    assert crc("01 05 00 01 ff 00").hex(" ") not in desk.frames()
    desk.run(400 * MS)
    assert crc("01 05 00 01 ff 00").hex(" ") in desk.frames()


def test_a_board_that_hears_and_is_not_heard_gets_every_off_not_only_the_first() -> None:
    desk = settled()
    desk.dead.add(1)
    desk.sent.clear()
    for name in ("pump", "valve"):
        desk.owner.take(MakeSafe(actuator=name, reason="test"), desk.now)
    asked_at = desk.now
    desk.run(SECOND)
    first = {frame: at - asked_at for at, frame in reversed(desk.sent)}
    assert first[OFF_PUMP] == 0
    assert first[OFF_VALVE] <= 500 * MS, "no second output waits for the echo of the first"
    desk.run(60 * SECOND)
    counts = [desk.frames().count(frame) for frame in (OFF_PUMP, OFF_VALVE)]
    assert abs(counts[0] - counts[1]) <= 1, "they take turns"
