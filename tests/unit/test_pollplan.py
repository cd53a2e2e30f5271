"""The plan reads everything that is wanted, once, and as often as the most impatient sensor asks."""

from hypothesis import given
from hypothesis import strategies as st

from edgectl.drivers.pollplan import LONGEST_READ, plan
from edgectl.drivers.profile import Channel, Profile, Register
from edgectl.drivers.registry import find, names
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.site import Sensor, Site
from edgectl.model.time import SECOND
from edgectl.simulate.example import example_site

LINE = SerialLine(port="/dev/null")


def _site(sensors: dict[str, int]) -> Site:
    return Site(
        site_id="s",
        name="s",
        timezone="UTC",
        sensors={c: Sensor(name=c, channel=c, unit="", poll_every=every * SECOND) for c, every in sensors.items()},
        actuators={},
        zones={},
    )


@given(st.dictionaries(st.sampled_from(sorted(find("wb-mcm8").channels)), st.integers(1, 60), min_size=1))
def test_each_wanted_channel_is_read_whole_and_often_enough(wanted: dict[str, int]) -> None:
    device = Device(name="m", unit=3, profile=find("wb-mcm8"))
    site = _site({f"m.{channel}": every for channel, every in wanted.items()})
    blocks = plan(Bus(name="b", kind="modbus-rtu", line=LINE, devices=(device,)), site)
    assert sorted(c for b in blocks for c in b.channels) == sorted(site.sensors)
    for block in blocks:
        assert block.count <= LONGEST_READ
        for full in block.channels:
            register = device.profile.channels[full.removeprefix("m.")].register
            assert register is not None
            assert block.address <= register.address
            assert register.address + register.width <= block.address + block.count
            assert block.every <= site.sensors[full].poll_every


def test_a_level_is_read_together_with_its_decimals() -> None:
    device = Device(name="l", unit=5, profile=find("qdy30a-level"))
    (block,) = plan(Bus(name="b", kind="modbus-rtu", line=LINE, devices=(device,)), _site({"l.level": 2}))
    assert (block.function, block.address, block.count) == (3, 3, 2)


def test_the_outputs_of_a_board_are_one_read() -> None:
    device = Device(name="board", unit=1, profile=find("waveshare-relay-8ch"))
    (block,) = plan(Bus(name="b", kind="modbus-rtu", line=LINE, devices=(device,)), example_site())
    assert (block.function, block.address, block.count) == (1, 0, 3)
    assert block.outputs == ("pump", "valve", "lamp")


def test_silence_and_character_time_of_a_line() -> None:
    assert LINE.character == 1_041_666
    assert LINE.silence == 3_645_831
    assert SerialLine(port="", baudrate=115200).silence == 1_750_000


def test_each_profile_says_where_it_comes_from() -> None:
    for name in names():
        profile = find(name)
        assert profile.source
        assert profile.evidence in {"vendor", "code", "inferred"}
        assert profile.channels or profile.outlets


@given(st.sets(st.integers(0, 400), min_size=1, max_size=24), st.sampled_from([9600, 115200]))
def test_no_other_way_to_read_a_map_is_cheaper(addresses: set[int], baudrate: int) -> None:
    line = SerialLine(port="", baudrate=baudrate, parity="E")
    channels = {f"c{a}": Channel(name=f"c{a}", unit="", register=Register(function=3, address=a)) for a in addresses}
    profile = Profile(name="p", title="", buses=frozenset(), evidence="", source="", channels=channels)
    device = Device(name="d", unit=1, profile=profile)
    bus = Bus(name="b", kind="modbus-rtu", line=line, devices=(device,))
    found = sum(_wire(line, block.count) for block in plan(bus, _site({f"d.{name}": 2 for name in channels})))
    ordered, best = sorted(addresses), [0.0]
    for end in range(1, len(ordered) + 1):
        spans = [(start, ordered[end - 1] - ordered[start] + 1) for start in range(end)]
        best.append(min(best[start] + _wire(line, span) for start, span in spans if span <= LONGEST_READ))
    assert found <= best[-1] * 1.000001


def _wire(line: SerialLine, registers: int) -> float:
    """Legal time of one read: 13 characters, 2 for each register, two silences."""
    return (13 + 2 * registers) * line.character + 2 * line.silence
