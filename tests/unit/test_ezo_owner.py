"""The bus owner with one EZO circuit: what it says first, what it believes, and how a pump stops."""

import math
from dataclasses import dataclass, field

import pytest

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.registry import find
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.inputs import AskState, DeviceHealth, Input, MakeSafe, ReadBack, Reply, ReplyStatus, Samples, Send
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import MS, SECOND, Nanos

SETUP = ["*OK,1", "C,0", "C,?", "i"]


def owner_of(kind: str, *channels: str) -> BusOwner:
    """A bus with one circuit "c", whose channels somebody reads; a pump has its actuator "acid" at 0.5 ml/s."""
    acid = Actuator(name="acid", channel="c.pump", role=Role.DOSING, fail_safe=FailSafe.PULSE)
    site = Site(
        site_id="s",
        name="s",
        timezone="UTC",
        sensors={name: Sensor(name=name, channel=f"c.{name}", unit="") for name in channels},
        actuators={"acid": acid} if kind == "pmp" else {},
        zones={},
    )
    device = Device(name="c", unit=None, profile=find(f"atlas-ezo-{kind}"), ml_per_s={"pump": 0.5})
    return BusOwner(Bus(name="probe", kind="ezo-uart", line=SerialLine(port="/dev/x"), devices=(device,)), site)


@dataclass
class Desk:
    """Time passes when we say so; the circuit answers from a table after 300 ms, and a list is used up."""

    owner: BusOwner
    answers: dict[str, list[str]] = field(default_factory=dict)
    now: Nanos = 100 * SECOND
    sent: list[str] = field(default_factory=list)
    news: list[Input] = field(default_factory=list)

    def turn(self) -> str | None:
        frame = self.owner.step(self.now)
        self.news += self.owner.news()
        if frame is None:
            return None
        assert frame.endswith(b"\r")
        self.sent.append(frame[:-1].decode())
        return self.sent[-1]

    def hear(self, text: str, after: Nanos = 300 * MS) -> None:
        self.now += after
        self.owner.hear(text.encode("latin-1").replace(b"\n", b"\r"), self.now)
        self.news += self.owner.news()

    def run(self, duration: Nanos) -> None:
        until = self.now + duration
        while self.now < until:
            asked = self.turn()
            if asked is not None and (said := self.answers.get(asked, self.answers.get(asked.split(",")[0]))):
                self.hear(said.pop(0) if len(said) > 1 else said[0])
                continue
            wake = self.owner.wake_at(self.now)
            assert wake is None or asked is not None or wake > self.now, "the owner spins"
            self.now = min(until, max(self.now + 1, until if wake is None else wake))

    def until(self, asked: str) -> None:
        """Stop right after this command has left."""
        for _ in range(40):
            if self.sent[-1:] == [asked]:
                return
            if (last := self.turn()) is None:
                wake = self.owner.wake_at(self.now)
                assert wake is not None
                self.now = max(self.now + 1, wake)
            elif last != asked:
                self.hear(self.answers[last][0])
        raise AssertionError(f"{asked} is never sent: {self.sent}")

    def of(self, kind: type) -> list:
        return [item for item in self.news if isinstance(item, kind)]

    def values(self) -> list[float]:
        return [sample.value for item in self.of(Samples) for sample in item.block]


def desk_of(kind: str, *channels: str, **answers: str) -> Desk:
    named = {"ph": "pH", "ec": "EC", "do": "D.O.", "rtd": "RTD", "pmp": "PMP"}[kind]
    table = {
        "*OK,1": "*OK\n",
        "C,0": "*OK\n",
        "C,?": "?C,0\n*OK\n",
        "i": f"?i,{named},2.16\n*OK\n",
        "R": "9.560\n*OK\n",
        "S,?": "?S,c\n*OK\n",
        "O,?": "?O,EC\n*OK\n",
        "D,?": "?D,10.50,0\n*OK\n",
        "ATV,?": "?ATV,434.50\n*OK\n",
        "X": "*DONE,0.00\n",
    }
    desk = Desk(owner_of(kind, *channels), {key: [value] for key, value in table.items()})
    for key, value in answers.items():
        desk.answers[key] = [value]
    desk.owner.link(True, desk.now)
    return desk


def dose(desk: Desk, lease: Nanos = 20 * SECOND, cmd_id: str = "c1") -> Send:
    return Send(cmd_id=cmd_id, actuator="acid", on=True, lease=lease, not_after=desk.now + 5 * SECOND)


# ---------------------------------------------------------------- who speaks, and when it is believed


def test_a_circuit_is_set_up_and_names_itself_before_it_is_read_and_again_before_each_reading() -> None:
    desk = desk_of("ph", "ph")
    desk.run(8 * SECOND)
    assert desk.sent[:5] == [*SETUP, "R"]
    assert desk.sent[5:9] == ["i", "R", "i", "R"]
    assert set(desk.values()) == {9.56}


def test_an_off_goes_before_the_circuit_is_set_up() -> None:
    desk = desk_of("pmp")
    desk.owner.take(MakeSafe(actuator="acid", reason="start"), desk.now)
    desk.run(3 * SECOND)
    assert desk.sent[:5] == ["X", *SETUP]
    assert desk.sent.count("X") == 1
    assert desk.owner.offs_delivered


@pytest.mark.parametrize(
    "said",
    [
        "",
        "*OK\n",
        "9.560\n",
        "9.560",
        "560\n*OK\n",
        ".560\n*OK\n",
        "9.56\n*OK\n",
        "nan\n*OK\n",
        "9.5\xb10\n*OK\n",
        "*OK\n9.560\n",
        "9.560\n9.561\n*OK\n",
        "9.560\n*OK\n9.561\n",
        "\x00\xff\n9.560\n*OK\n",
        "9.560,25.0\n*OK\n",
        "?i,pH,2.16\n*OK\n",
        "*ER\n",
        "9.560\n*UV\n*OK\n",
        "*RS\n9.560\n*OK\n",
        "*WA\n",
        "7" * 200,
        "14.001\n*OK\n",
        "0.000\n*OK\n",
    ],
)
def test_what_is_not_the_answer_is_never_a_value(said: str) -> None:
    desk = desk_of("ph", "ph")
    desk.until("R")
    desk.answers["R"] = ["7.000\n*OK\n"]
    desk.hear(said)
    desk.run(20 * SECOND)
    assert {value for value in desk.values() if not math.isnan(value)} == {7.0}


def test_pieces_of_an_answer_are_put_together() -> None:
    desk = desk_of("ph", "ph")
    desk.until("R")
    for piece in ("9.", "560", "\n*O", "K\n"):
        assert not desk.values()
        desk.hear(piece, 5 * MS)
    assert desk.values() == [9.56]


def test_a_late_reading_is_not_taken_for_the_next_one() -> None:
    desk = desk_of("ph", "ph")
    desk.until("R")
    deadline = desk.owner.wake_at(desk.now)
    assert deadline is not None
    desk.now = deadline
    assert desk.turn() is None, "the line rests"
    desk.until("i")
    desk.hear("7.100\n*OK\n", 100 * MS)  # later than the rest is long: the circuit has not named itself yet
    assert not desk.values()
    desk.hear("?i,pH,2.16\n*OK\n")
    desk.until("R")
    desk.hear("7.200\n*OK\n")
    assert desk.values() == [7.2]


def test_what_speaks_unasked_is_told_to_stop() -> None:
    desk = desk_of("ph", "ph")
    desk.run(2200 * MS)
    desk.sent.clear()
    desk.hear("7.012\n", 100 * MS)
    desk.run(6 * SECOND)
    assert desk.sent[:5] == [*SETUP, "R"]
    assert not desk.of(DeviceHealth)


def test_continuous_mode_cannot_be_left_on() -> None:
    desk = desk_of("ph", "ph")
    desk.answers["C,?"] = ["?C,1\n*OK\n"]
    desk.run(5 * SECOND)
    (ill,) = desk.of(DeviceHealth)
    assert "continuous mode (0 is off) is 1" in ill.reason
    assert not desk.values()


def test_another_circuit_gets_nothing_but_an_off() -> None:
    desk = desk_of("pmp", "total_volume", i="?i,pH,2.16\n*OK\n")
    desk.owner.take(dose(desk), desk.now)
    desk.run(4 * SECOND)
    assert desk.of(Reply)[-1].status is ReplyStatus.SEND_FAILED
    (ill,) = desk.of(DeviceHealth)
    assert ill.reason == "c on probe is no atlas-ezo-pmp, or is not set up as one: circuit is pH, it must be pmp"
    desk.owner.take(MakeSafe(actuator="acid", reason="x"), desk.now)
    desk.run(4 * SECOND)
    assert "X" in desk.sent
    assert {text for text in desk.sent if text != "X"} == set(SETUP)


def test_a_circuit_that_was_changed_while_the_port_stayed_is_noticed() -> None:
    desk = desk_of("ph", "ph")
    desk.run(5 * SECOND)
    desk.news.clear()
    desk.answers |= {"i": ["?i,EC,2.16\n*OK\n"], "R": ["1413\n*OK\n"]}
    desk.run(10 * SECOND)
    assert not [value for value in desk.values() if value != 9.56]
    assert "circuit is EC" in desk.of(DeviceHealth)[0].reason


def test_a_restart_is_told_and_the_circuit_is_set_up_again() -> None:
    desk = desk_of("pmp", "total_volume")
    desk.run(3 * SECOND)
    desk.sent.clear()
    desk.news.clear()
    desk.hear("*RS\n*RE\n", 10 * MS)
    desk.run(3 * SECOND)
    assert desk.sent[:4] == SETUP
    ill, well = desk.of(DeviceHealth)
    assert "has restarted (*RS)" in ill.reason
    assert well.healthy
    assert desk.of(ReadBack)[0].on is None, "what it was doing is unknown"


# ---------------------------------------------------------------- several fields


@pytest.mark.parametrize(
    ("kind", "switched_on", "reading", "channel", "value"),
    [
        ("ec", "?O,EC", "1413", "ec", 1413.0),
        ("ec", "?O,EC,TDS,S,SG", "1413,706,0.70,1.000", "salinity", 0.7),
        ("ec", "?O,EC,S", "1413,0.70", "salinity", 0.7),
        ("do", "?,O,%,mg", "7.82,112.7", "oxygen", 7.82),
        ("do", "?,O,%,mg", "7.82,112.7", "saturation", 112.7),
        ("do", "?,O,mg", "7.82", "oxygen", 7.82),
    ],
)
def test_a_field_is_found_by_what_is_switched_on(
    kind: str, switched_on: str, reading: str, channel: str, value: float
) -> None:
    desk = desk_of(kind, channel, R=f"{reading}\n*OK\n")
    desk.answers["O,?"] = [f"{switched_on}\n*OK\n"]
    desk.run(4 * SECOND)
    assert desk.values()[0] == value


@pytest.mark.parametrize(("switched_on", "word"), [("?O,TDS", "EC is wanted (O,EC,1 adds it)"), ("?O,EC,XX", "EC, XX")])
def test_a_field_that_is_not_printed_is_said(switched_on: str, word: str) -> None:
    desk = desk_of("ec", "ec", R="1413\n*OK\n")
    desk.answers["O,?"] = [f"{switched_on}\n*OK\n"]
    desk.run(4 * SECOND)
    assert not desk.values()
    assert word in desk.of(DeviceHealth)[0].reason


def test_a_reading_with_another_number_of_fields_is_no_reading() -> None:
    desk = desk_of("ec", "ec", R="1413,706\n*OK\n")
    desk.run(4 * SECOND)
    assert math.isnan(desk.values()[0])


def test_a_thermometer_that_counts_in_fahrenheit_is_refused() -> None:
    desk = desk_of("rtd", "temperature", R="77.187\n*OK\n")
    desk.answers["S,?"] = ["?S,f\n*OK\n"]
    desk.run(4 * SECOND)
    assert not desk.values()
    assert "temperature scale (c is Celsius) is f" in desk.of(DeviceHealth)[0].reason


# ---------------------------------------------------------------- the pump


def test_a_dose_is_one_order_that_the_pump_ends_itself() -> None:
    desk = desk_of("pmp", "total_volume", D="*OK\n")
    desk.run(3 * SECOND)
    desk.owner.take(dose(desk), desk.now)
    desk.answers["D,?"] = ["?D,10.00,1\n*OK\n"]
    desk.run(SECOND)
    desk.owner.take(AskState(actuator="acid"), desk.now)
    desk.run(30 * SECOND)
    assert [text for text in desk.sent if text.startswith("D,1")] == ["D,10.00,0.3333"]
    assert "X" not in desk.sent
    assert [item.status for item in desk.of(Reply)] == [ReplyStatus.SENT, ReplyStatus.ECHO]
    assert desk.of(ReadBack)[-1].on is True
    assert 434.5 in desk.values()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("*TOOFAST\n*ER\n", ReplyStatus.INVALID),
        ("*MINVOL\n*ER\n", ReplyStatus.INVALID),
        ("", ReplyStatus.TIMEOUT),
        ("*RS\n", ReplyStatus.TIMEOUT),
        ("?ATV,434.50\n*OK\n", ReplyStatus.TIMEOUT),
        ("garbage\n*OK\n", ReplyStatus.TIMEOUT),
    ],
)
def test_a_dose_is_never_sent_twice(said: str, status: ReplyStatus) -> None:
    desk = desk_of("pmp", D=said)
    desk.run(3 * SECOND)
    desk.owner.take(dose(desk), desk.now)
    desk.run(30 * SECOND)
    assert sum(text.startswith("D,1") for text in desk.sent) == 1
    assert desk.of(Reply)[-1].status is status


def test_a_dose_too_short_to_be_seen_is_not_ordered() -> None:
    desk = desk_of("pmp")
    desk.run(3 * SECOND)
    desk.owner.take(dose(desk, lease=SECOND), desk.now)
    desk.run(SECOND)
    (reply,) = desk.of(Reply)
    assert reply.status is ReplyStatus.INVALID
    assert "at least 2 s" in reply.evidence
    assert not any(text.startswith("D,0") for text in desk.sent)


def test_a_stop_counts_when_the_pump_says_what_it_gave_or_is_seen_to_stand() -> None:
    desk = desk_of("pmp", X="*OK\n")
    desk.run(3 * SECOND)
    desk.answers["D,?"] = ["?D,10.50,1\n*OK\n"]
    desk.owner.take(MakeSafe(actuator="acid", reason="x"), desk.now)
    desk.run(10 * SECOND)
    assert desk.sent.count("X") >= 3, "an *OK may belong to another order"
    assert not desk.owner.offs_delivered
    desk.answers["D,?"] = ["?D,10.50,0\n*OK\n"]
    desk.run(8 * SECOND)
    assert desk.owner.offs_delivered


def test_a_stop_overtakes_and_does_not_wait_for_the_rest() -> None:
    desk = desk_of("pmp", "total_volume")
    desk.run(3 * SECOND)
    desk.sent.clear()
    desk.until("ATV,?")
    desk.owner.take(dose(desk), desk.now)
    desk.owner.take(MakeSafe(actuator="acid", reason="x"), desk.now)
    assert desk.turn() is None, "one question at a time"
    deadline = desk.owner.wake_at(desk.now)
    assert deadline is not None
    desk.now = deadline
    assert desk.turn() == "X"
    desk.hear("?ATV,434.50\n*OK\n*DONE,3.21\n")
    assert desk.owner.offs_delivered
    desk.run(5 * SECOND)
    assert not any(text.startswith("D,1") for text in desk.sent)
