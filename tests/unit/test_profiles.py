"""Every Modbus profile against a device that was made from the maker's list, through the real owner of a bus."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from edgectl.drivers import decode, registry
from edgectl.drivers.bus import BusOwner
from edgectl.drivers.codecs.modbus import Request
from edgectl.drivers.discover import fits
from edgectl.drivers.health import Health
from edgectl.drivers.pollplan import plan
from edgectl.drivers.profile import Check, Profile
from edgectl.drivers.sim.devices import reply
from edgectl.drivers.sim.lines import crc
from edgectl.drivers.sim.registers import RegisterMap
from edgectl.drivers.talk import NoReply
from edgectl.drivers.wiring import Bus, Device, Line, RtuGateway, SerialLine, TcpHost
from edgectl.model.inputs import DeviceHealth, Input, ReadBack, Samples, Send
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import MS, SECOND, Nanos
from tests.unit.device_facts import FACTS

MODBUS = [name for name in registry.names() if any(bus.startswith("modbus") for bus in registry.find(name).buses)]
UNIT = 9


class Bench:
    """One device on a bench. Time passes when the bus wants it to."""

    def __init__(self, profile: Profile, device: RegisterMap, line: Line) -> None:
        self.drops: frozenset[int] = frozenset()  # addresses of registers for which it has no answer at all
        self.busy = 0  # how often it says that it is busy, before anything else
        self.dead_until: Nanos = 0
        kind = {SerialLine: "modbus-rtu", RtuGateway: "modbus-rtu-over-tcp", TcpHost: "modbus-tcp"}[type(line)]
        on_bench = Device(name="it", unit=UNIT, profile=profile)
        self.site = Site(
            site_id="s",
            name="s",
            timezone="UTC",
            sensors={c: Sensor(name=c, channel=f"it.{c}", unit="") for c in profile.channels},
            actuators={
                o: Actuator(name=o, channel=f"it.{o}", role=Role.LIGHT, fail_safe=FailSafe.NONE)
                for o in profile.outlets
            },
            zones={},
        )
        self.owner = BusOwner(Bus(name="bench", kind=kind, line=line, devices=(on_bench,)), self.site)
        self.framed = not isinstance(line, TcpHost)
        self.device = device
        self.now: Nanos = 100 * SECOND
        self.asked: list[str] = []
        self.news: list[Input] = []

    def run(self, duration: Nanos) -> "Bench":
        """Let the device answer for a while, each time after 10 ms."""
        until = self.now + duration
        self.owner.link(True, self.now)
        while self.now < until:
            if (frame := self.owner.step(self.now)) is not None:
                self.asked.append(frame.hex(" "))
                self.now += 10 * MS
                if answer := self._answer(frame):
                    self.owner.hear(answer, self.now)
            else:
                wake = self.owner.wake_at(self.now)
                self.now = min(until, max(self.now + 1, until if wake is None else wake))
            self.news += self.owner.news()
        return self

    def _answer(self, frame: bytes) -> bytes:
        if not self.framed:
            answer = reply(self.device, frame[7:], self.now)
            return frame[:4] + (len(answer) + 1).to_bytes(2, "big") + frame[6:7] + answer
        assert (frame[0], frame[-2:]) == (UNIT, crc(frame[:-2]))
        if int.from_bytes(frame[2:4]) in self.drops or self.now < self.dead_until:
            return b""
        if self.busy:
            self.busy -= 1
            body = bytes([UNIT, frame[1] | 0x80, 6])
            return body + crc(body)
        body = bytes([UNIT]) + reply(self.device, frame[1:-2], self.now)
        return body + crc(body)

    def readings(self) -> dict[str, float]:
        """The newest sample of each channel."""
        blocks = [item.block for item in self.news if isinstance(item, Samples)]
        return {sample.channel.split(".", 1)[1]: sample.value for block in blocks for sample in block}


LINES: dict[str, Line] = {
    "rtu": SerialLine(port="/dev/x"),
    "gateway": RtuGateway(host="h", port=4196),
    "tcp": TcpHost(host="h"),
}


def test_every_modbus_profile_has_its_facts_and_at_least_thirty_devices_are_known() -> None:
    assert sorted(FACTS) == sorted(MODBUS)
    assert len(registry.names()) >= 30


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("name", MODBUS)
def test_each_channel_reads_what_the_maker_says(name: str, line: str) -> None:
    profile, facts = registry.find(name), FACTS[name]
    bench = Bench(profile, facts.device(), LINES[line]).run(12 * SECOND)
    assert sorted(profile.channels) == sorted(facts.reads)
    assert bench.readings() == {channel: pytest.approx(value) for channel, value in facts.reads.items()}
    assert not any(isinstance(item, DeviceHealth) and not item.healthy for item in bench.news)


@pytest.mark.parametrize("name", [name for name in MODBUS if FACTS[name].coils])
def test_each_output_is_seen_at_its_own_coil(name: str) -> None:
    profile, facts = registry.find(name), FACTS[name]
    assert [outlet.coil for outlet in profile.outlets.values()] == list(range(facts.coils))
    device = facts.device()
    device.coils[facts.coils - 1] = True
    bench = Bench(profile, device, LINES["rtu"])
    bench.run(12 * SECOND)
    seen = {item.actuator: item.on for item in bench.news if isinstance(item, ReadBack)}
    last = list(profile.outlets)[-1]
    assert seen == {outlet: outlet == last for outlet in profile.outlets}


@pytest.mark.parametrize("name", [n for n in MODBUS if any(isinstance(c, Check) for c in registry.find(n).checks)])
def test_another_device_at_the_address_is_refused(name: str) -> None:
    profile, facts = registry.find(name), FACTS[name]
    for check in profile.checks:
        assert isinstance(check, Check)
        device = facts.device()
        room = device.holding if check.register.function == 3 else device.inputs
        room[check.register.address] = int(check.high) + 1
        bench = Bench(profile, device, LINES["rtu"]).run(5 * SECOND)
        assert not bench.readings()
        why = [item.reason for item in bench.news if isinstance(item, DeviceHealth) and not item.healthy]
        assert why
        assert check.what in why[0]


OWN = [n for n in MODBUS if any(isinstance(c, Check) and c.own for c in registry.find(n).checks)]


@pytest.mark.parametrize("name", OWN)
def test_one_that_keeps_its_address_elsewhere_is_believed(name: str) -> None:
    """Many are sold under another name with other registers: that they lack one says nothing of what they measure."""
    profile, facts = registry.find(name), FACTS[name]
    device = facts.device()
    for check in profile.checks:
        if isinstance(check, Check) and check.own:
            del device.holding[check.register.address]
    bench = Bench(profile, device, LINES["rtu"]).run(12 * SECOND)
    assert bench.readings() == {channel: pytest.approx(value) for channel, value in facts.reads.items()}
    assert not any(isinstance(item, DeviceHealth) and not item.healthy for item in bench.news)


def own_of(profile: Profile) -> frozenset[int]:
    return frozenset(c.register.address for c in profile.checks if isinstance(c, Check) and c.own)


@pytest.mark.parametrize("dead", [0, 40 * SECOND])
@pytest.mark.parametrize("name", OWN)
def test_one_that_has_no_answer_for_its_address_is_believed(name: str, dead: Nanos) -> None:
    """Cheap ones drop what they do not know. One that comes back after a while is believed as soon as another."""
    profile, facts = registry.find(name), FACTS[name]
    bench = Bench(profile, facts.device(), LINES["rtu"])
    bench.drops, bench.dead_until = own_of(profile), bench.now + dead
    bench.run(dead + 60 * SECOND)
    assert bench.readings() == {channel: pytest.approx(value) for channel, value in facts.reads.items()}
    said = [item.healthy for item in bench.news if isinstance(item, DeviceHealth)]
    assert said == ([False, True] if dead else []), "and nobody is called but for the time it was dead"


@pytest.mark.parametrize("name", OWN)
def test_a_scan_names_one_that_has_no_answer_for_its_address(name: str) -> None:
    profile, device = registry.find(name), FACTS[name].device()

    class Drops:
        def exchange(self, request: Request) -> bytes:
            if int.from_bytes(request.pdu[1:3]) in own_of(profile):
                raise NoReply("no reply", b"")
            return reply(device, request.pdu, 0)

    assert fits(Drops(), UNIT, profile)


def stranger() -> RegisterMap:
    """It answers for another address, as a converter does that repeats what it hears, or one of two at one address."""
    return replace(FACTS["sht3x-rs485"], holding={0: "0237 ff9c", 0x100: "0003 0002"}).device()


@pytest.mark.parametrize("dead", [300 * MS, 8 * SECOND, 12 * SECOND, 16 * SECOND])
def test_a_stranger_whose_first_words_were_lost_is_not_believed(dead: Nanos) -> None:
    bench = Bench(registry.find("sht3x-rs485"), stranger(), LINES["rtu"])
    bench.dead_until = bench.now + dead
    assert not bench.run(dead + 60 * SECOND).readings()


def test_a_stranger_that_is_busy_is_no_friend() -> None:
    bench = Bench(registry.find("sht3x-rs485"), stranger(), LINES["rtu"])
    bench.busy = 1
    assert not bench.run(20 * SECOND).readings()
    why = [item.reason for item in bench.news if isinstance(item, DeviceHealth) and not item.healthy]
    assert why[0].endswith("is too busy to show its own address")


def test_nothing_is_switched_on_before_a_board_has_answered_anything() -> None:
    name = "waveshare-io-8ch"
    profile = registry.find(name)
    bench = Bench(profile, FACTS[name].device(), LINES["rtu"])
    bench.drops, output = own_of(profile), next(iter(profile.outlets))
    bench.dead_until = bench.now + 20 * SECOND
    for at in range(40):
        send = Send(cmd_id=f"c{at}", actuator=output, on=True, lease=None, not_after=bench.now + SECOND)
        bench.owner.take(send, bench.now)
        bench.run(500 * MS)
    assert not [frame for frame in bench.asked if frame.split()[1] in ("05", "0f")]


def believed_at_the_first_silence(self: Health, demand: object) -> None:
    self.cannot_show(demand)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "planted", "test"),
    [
        (
            "unheard",
            lambda self, demand: None,
            lambda: test_one_that_has_no_answer_for_its_address_is_believed(OWN[0], 0),
        ),
        (
            "unheard",
            believed_at_the_first_silence,
            lambda: test_a_stranger_whose_first_words_were_lost_is_not_believed(300 * MS),
        ),
        (
            "speaks",
            lambda self: False,
            lambda: test_a_stranger_whose_first_words_were_lost_is_not_believed(300 * MS),
        ),
    ],
)
def test_the_bug_is_seen(name: str, planted: object, test: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    test()
    monkeypatch.setattr(Health, name, planted)
    with pytest.raises(AssertionError):
        test()


def test_one_that_answers_for_another_address_is_refused() -> None:
    bench = Bench(registry.find("sht3x-rs485"), stranger(), LINES["rtu"]).run(5 * SECOND)
    assert not bench.readings()
    (why,) = {item.reason for item in bench.news if isinstance(item, DeviceHealth) and not item.healthy}
    assert why.endswith("is no sht3x-rs485, or is not set up as one: its own address is 3, it must be 9")


def test_the_requests_are_those_of_the_makers() -> None:
    def asked(name: str) -> list[str]:
        bench = Bench(registry.find(name), FACTS[name].device(), LINES["rtu"]).run(SECOND)
        return [frame[3:-6] for frame in bench.asked]

    assert "03 00 00 00 07" in asked("renke-soil-7in1")  # its public sketches send 01 03 00 00 00 07 04 08
    assert "04 00 01 00 02" in asked("xy-md02")
    # Registers that a unit may not have are never touched.
    assert {"03 00 06 00 01", "03 00 12 00 02", "03 00 15 00 01", "03 00 1e 00 03"} <= set(asked("jxct-soil-7in1"))


@pytest.mark.parametrize("name", MODBUS)
def test_what_is_read_in_one_go_is_what_the_long_way_makes_of_it(name: str) -> None:
    profile, lot = registry.find(name), random.Random(name)
    bench = Bench(profile, FACTS[name].device(), LINES["tcp"])
    for block in plan(bench.owner.bus, bench.site):
        readers = decode.readers_of(block, profile)
        for number in range(60 if block.function in (3, 4) else 0):
            size = 2 * block.count - (number == 0)  # one that is too short, which no checked reply is
            body = lot.choice([lot.randbytes(size), bytes(size), b"\xff" * size, b"\x80" + bytes(size - 1)])
            pdu = bytes([block.function, size & 0xFF]) + body
            channels = [profile.channels[full.split(".", 1)[1]] for full in block.channels]
            slowly = [decode._value(block, profile, channel, pdu) for channel in channels]
            assert repr([value for _, value in decode.values_of(readers, pdu)]) == repr(slowly)


def test_a_missing_register_is_no_number() -> None:
    facts = FACTS["grundfos-cim"]
    device = facts.device()
    device.inputs[316] = 0xFFFF
    bench = Bench(registry.find("grundfos-cim"), device, LINES["rtu"]).run(5 * SECOND)
    level = bench.readings()["feed_tank_level"]
    assert level != level, "0xFFFF means not available"


def test_a_read_that_is_refused_is_taken_apart_once() -> None:
    bench = Bench(registry.find("vacon-10"), FACTS["vacon-10"].device(), LINES["rtu"]).run(12 * SECOND)
    asked = [frame[3:-6] for frame in bench.asked]
    assert asked[0] == "04 08 37 00 08", "registers 2103 to 2110 at first in one read"
    assert asked.count("04 08 37 00 08") == 1
    assert {"04 08 37 00 01", "04 08 39 00 01", "04 08 3e 00 01"} == set(asked[1:])
