"""A board that drops its relays when nobody speaks to it: armed at the start, read back, looked at again, believed only
then. The board itself is made from the maker's list of registers."""

from dataclasses import dataclass, field

from edgectl.config.loader import load
from edgectl.drivers.bus import BusOwner
from edgectl.drivers.health import AUDIT
from edgectl.drivers.registry import find
from edgectl.drivers.sim.devices import reply
from edgectl.drivers.sim.lines import crc
from edgectl.drivers.sim.watchdog import BEHAVIOUR, POWER_ON, SAFE_STATE, TIMEOUT, WatchdogBoard
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.deadman import DeviceSet
from edgectl.model.inputs import DeviceHealth, Input, MakeSafe, ReadBack, Reply, ReplyStatus, Send
from edgectl.model.site import Actuator, FailSafe, Role, Site
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World
from tests.unit.site_files import changed

UNIT = 3
SITE = Site(
    site_id="s",
    name="s",
    timezone="UTC",
    sensors={},
    actuators={
        "valve": Actuator(name="valve", channel="board.relay_2", role=Role.VALVE, fail_safe=FailSafe.WATCHDOG),
    },
    zones={},
)
ARMED = {POWER_ON: 0, TIMEOUT: 10, **{SAFE_STATE + n: 0 for n in range(6)}, **{BEHAVIOUR + n: 1 for n in range(6)}}


@dataclass
class Desk:
    """The owner of a bus, and a board that answers after 10 ms."""

    board: WatchdogBoard = field(default_factory=WatchdogBoard)
    now: Nanos = 100 * SECOND
    news: list[Input] = field(default_factory=list)

    def __post_init__(self) -> None:
        device = Device(name="board", unit=UNIT, profile=find("wb-mr6c"))
        bus = Bus(name="b", kind="modbus-rtu", line=SerialLine(port="/dev/x"), devices=(device,))
        self.owner = BusOwner(bus, SITE)
        self.owner.link(True, self.now)

    def run(self, duration: Nanos) -> "Desk":
        until = self.now + duration
        while self.now < until:
            if (frame := self.owner.step(self.now)) is not None:
                self.now += 10 * MS
                body = bytes([UNIT]) + reply(self.board, frame[1:-2], self.now)
                self.owner.hear(body + crc(body), self.now)
            else:
                wake = self.owner.wake_at(self.now)
                self.now = min(until, max(self.now + 1, until if wake is None else wake))
            self.news += self.owner.news()
        return self

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        return [item for item in self.news if isinstance(item, kind)]

    def switch_on(self, lease: Nanos) -> None:
        order = Send(cmd_id="c", actuator="valve", on=True, lease=lease, not_after=self.now + SECOND)
        self.owner.take(order, self.now)


def test_a_board_from_the_factory_is_armed_read_back_and_told() -> None:
    desk = Desk().run(5 * SECOND)
    assert {address: desk.board.holding[address] for address in ARMED} == ARMED
    told = {(item.what.split(" (")[0], item.before, item.after) for item in desk.of(DeviceSet)}
    assert told == {
        ("what each relay does when the bus is silent", 0, 1),
        ("state of the relays at power-on", 1, 0),
    }
    assert sorted(desk.board.written) == [(POWER_ON, 0), *((BEHAVIOUR + n, 1) for n in range(6))], "what fits is left"
    assert not [item for item in desk.of(DeviceHealth) if not item.healthy]


def test_nothing_is_switched_on_before_the_board_would_fall_by_itself() -> None:
    desk = Desk()
    desk.switch_on(60 * SECOND)
    armed_before_on: list[bool] = []
    desk.board.moved = lambda relay, on, why, at: armed_before_on.append(
        all(desk.board.holding[address] == value for address, value in ARMED.items())
    )
    desk.run(5 * SECOND)
    assert armed_before_on == [True]


def test_an_off_does_not_wait_for_that() -> None:
    desk = Desk()
    desk.board.coils[1] = True
    desk.owner.take(MakeSafe(actuator="valve", reason="start"), desk.now)
    desk.run(20 * MS)
    assert not desk.board.coils[1]
    assert not desk.board.written


def test_a_board_that_does_not_keep_what_was_written_is_not_used() -> None:
    desk = Desk(board=WatchdogBoard(stubborn=frozenset({BEHAVIOUR + 1}))).run(5 * SECOND)
    (ill, *_) = [item for item in desk.of(DeviceHealth) if not item.healthy]
    assert "what each relay does when the bus is silent (1 = take that state) is not 1" in ill.reason
    desk.switch_on(60 * SECOND)
    desk.run(5 * SECOND)
    assert not desk.board.coils[1]
    assert {item.status for item in desk.of(Reply)} <= {ReplyStatus.SEND_FAILED, ReplyStatus.TIMEOUT}


def test_somebody_who_disarms_it_later_is_noticed_within_the_hour() -> None:
    desk = Desk().run(5 * SECOND)
    desk.news.clear()
    desk.board.holding[TIMEOUT] = 6000
    desk.run(AUDIT + 5 * SECOND)
    assert desk.board.holding[TIMEOUT] == 10
    assert [(item.before, item.after) for item in desk.of(DeviceSet)] == [(6000, 10)]
    assert not [item for item in desk.of(DeviceHealth) if not item.healthy]


def test_the_polls_keep_it_awake_and_silence_drops_it() -> None:
    desk = Desk().run(5 * SECOND)
    desk.switch_on(3600 * SECOND)
    desk.run(120 * SECOND)
    assert desk.board.coils[1], "as long as somebody asks"
    desk.board.advance(desk.now + 9 * SECOND)
    assert desk.board.coils[1]
    desk.board.advance(desk.now + 11 * SECOND)
    assert not desk.board.coils[1], "ten seconds after the last word"


def test_a_board_that_was_not_armed_would_have_kept_it() -> None:
    board = WatchdogBoard()
    board.answer(bytes.fromhex("05 0001 ff00"), 0)
    board.advance(3600 * SECOND)
    assert board.coils[1]
    board.power_cycle(3601 * SECOND)
    assert board.coils[1], "and have come back with it"


def test_the_owner_ends_an_on_that_the_board_does_not_end() -> None:
    desk = Desk().run(5 * SECOND)
    desk.switch_on(2 * SECOND)
    desk.run(SECOND)
    assert desk.board.coils[1]
    desk.run(4 * SECOND)
    assert not desk.board.coils[1]
    assert [item.on for item in desk.of(ReadBack)][-1] is False


def test_what_was_written_into_a_device_stands_in_the_timeline() -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    world.offer(DeviceSet(device="board", what="seconds", before=6000, after=10, at=world.now))
    world.run(world.now + SECOND)
    (entry,) = [e for e in world.journal.timeline if e.event_type == "DEVICE_SET_UP"]
    told = {"device": "board", "what": "seconds", "before": 6000, "after": 10, "who": "engine"}
    assert told.items() <= dict(entry.details).items()


def test_a_dangerous_output_on_it_needs_no_timer(tmp_path) -> None:  # type: ignore[no-untyped-def]
    text = changed("  board:   {bus: cabinet, profile: waveshare-relay-8ch, unit: 1}", BOARD)
    (tmp_path / "site.yaml").write_text(text)
    site = load(tmp_path / "site.yaml").site
    assert {a.fail_safe for a in site.actuators.values()} == {FailSafe.WATCHDOG}


BOARD = "  board:   {bus: cabinet, profile: wb-mr6c, unit: 1}"
