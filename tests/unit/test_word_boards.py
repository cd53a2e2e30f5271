"""A relay board that is told in words, and hears no ordinary OFF while its timer counts: it is ended all the same.

The board is made from what public code found on the real one; the frames are those of the maker's list.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgectl.config.loader import load
from edgectl.daemon.judged import judge
from edgectl.daemon.safeplan import plan_of
from edgectl.drivers.codecs import modbus
from edgectl.drivers.discover import probe
from edgectl.drivers.languages.modbus import moved
from edgectl.drivers.profile import Told
from edgectl.drivers.registry import find
from edgectl.drivers.rescue import rescue
from edgectl.drivers.sim.words import WordBoard
from edgectl.drivers.talk import open_line
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.inputs import MakeSafe, ReadBack, Reply, ReplyStatus, Send
from edgectl.model.site import Actuator, FailSafe, Role, Site
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.testing.field import SimulatedField
from tests.unit.site_files import changed, rejected
from tests.unit.test_profiles import UNIT, Bench

RYN, R4 = find("eletechsup-ryn408f"), find("eletechsup-r413d08")
TIMED = find("eletechsup-r413d08-timed")
LINE = SerialLine(port="/dev/x")


class Moves(Bench):
    """A bench with a whole board, and what its first relay did: when, on, why."""

    def __init__(self, told: Told | None = None, *, older: bool = False, hears: bool = False) -> None:
        profile = TIMED if older else RYN
        outlets = {n: o if told is None else replace(o, told=told) for n, o in profile.outlets.items()}
        self.seen: list[tuple[Nanos, bool, str]] = []
        board = WordBoard(
            moved=lambda _relay, on, why, at: self.seen.append((at, on, why)), first=int(older), hears=hears
        )
        super().__init__(replace(profile, outlets=outlets), board, LINE)
        self.board = board
        self.run(2 * SECOND)

    def on(self, lease: Nanos | None) -> ReplyStatus:
        """Order the first relay on, and see what becomes of the order."""
        order = Send(cmd_id="c", actuator="relay_1", on=True, lease=lease, not_after=self.now + SECOND)
        self.owner.take(order, self.now)
        self.run(200 * MS)
        return [item.status for item in self.news if isinstance(item, Reply)][-1]


def frame(request: modbus.Request) -> str:
    return modbus.rtu_frame(request).hex(" ")


def test_the_frames_are_those_of_the_makers_list() -> None:
    first = R4.outlets["relay_1"]
    assert frame(moved(1, first, drawn=True)) == "01 06 00 01 01 00 d9 9a"
    assert frame(moved(1, first, drawn=False)) == "01 06 00 01 02 00 d9 6a"
    assert frame(modbus.pulse_word(1, 1, 0x0600, 10 * SECOND)) == "01 06 00 01 06 0a 5b ad"
    assert frame(modbus.pulse_word(1, 1, 0x0600, 99 * SECOND + 1)) == "01 06 00 01 06 64 da 41"
    assert frame(modbus.read(1, 3, 1, 2)) == "01 03 00 01 00 02 95 cb"


def test_a_run_is_ended_to_the_tenth_and_the_timer_of_whole_seconds_is_the_net() -> None:
    bench = Moves()
    assert bench.on(2300 * MS) is ReplyStatus.ECHO
    bench.run(5 * SECOND)
    assert bench.board.heard == [(0, 0x0603), (0, 0x0600)]
    (began, _, _), (ended, on, why) = bench.seen
    assert (on, why) == (False, "order")
    assert ended - began == pytest.approx(2300 * MS, abs=100 * MS)
    states = [item.on for item in bench.news if isinstance(item, ReadBack) and item.actuator == "relay_1"]
    assert states[-1] is False

    alone = Moves()
    alone.on(2300 * MS)
    alone.board.advance(alone.now + 10 * SECOND)  # and nobody talks any more
    assert [(on, why) for _, on, why in alone.seen] == [(True, "pulse"), (False, "pulse_end")]
    assert alone.seen[1][0] - alone.seen[0][0] == 3 * SECOND


def off_in_the_middle(told: Told | None = None) -> None:
    bench = Moves(told)
    bench.on(60 * SECOND)
    asked = bench.now
    bench.owner.take(MakeSafe(actuator="relay_1", reason="test"), asked)
    bench.run(5 * SECOND)
    assert [on for _, on, _ in bench.seen] == [True, False]
    assert bench.seen[1][0] - asked < 500 * MS


def test_an_off_ends_a_pulse_that_runs() -> None:
    off_in_the_middle()


def test_the_ordinary_off_of_the_list_would_be_seen_to_end_nothing() -> None:
    """The planted bug: the word that the maker's list calls close."""
    with pytest.raises(AssertionError):
        off_in_the_middle(Told(register=0, on=0x0100, off=0x0200, pulse=0x0600))


def test_an_older_board_that_hears_an_off_while_it_counts_has_its_timer_for_a_net() -> None:
    bench = Moves(older=True, hears=True)
    bench.on(60 * SECOND)
    asked = bench.now
    bench.owner.take(MakeSafe(actuator="relay_1", reason="test"), asked)
    bench.run(5 * SECOND)
    assert bench.board.heard == [(1, 0x063C), (1, 0x0200)]
    assert [on for _, on, _ in bench.seen] == [True, False]
    assert bench.seen[1][0] - asked < 500 * MS
    alone = Moves(older=True, hears=True)
    alone.on(20 * SECOND)
    alone.board.advance(alone.now + 60 * SECOND)  # and nobody talks any more
    assert [(on, why) for _, on, why in alone.seen] == [(True, "pulse"), (False, "pulse_end")]


def test_an_older_board_that_does_not_is_seen_on_and_is_not_for_this_profile() -> None:
    bench = Moves(older=True)
    bench.on(20 * SECOND)
    bench.news.clear()
    bench.owner.take(MakeSafe(actuator="relay_1", reason="test"), bench.now)
    bench.run(5 * SECOND)
    states = [item.on for item in bench.news if isinstance(item, ReadBack) and item.actuator == "relay_1"]
    assert set(states) == {True}, "nobody takes it for off"
    assert "only a board whose relay falls" in " ".join(TIMED.quirks)


def test_what_the_timer_cannot_count_is_not_begun() -> None:
    bench = Moves()
    assert bench.on(256 * SECOND) is ReplyStatus.INVALID
    assert bench.seen == []
    assert bench.on(255 * SECOND) is ReplyStatus.ECHO


def test_a_state_that_is_neither_on_nor_off_is_not_believed() -> None:
    bench = Moves()
    bench.board.holding[0] = 7
    bench.news.clear()
    bench.run(3 * SECOND)
    told = [item for item in bench.news if isinstance(item, ReadBack) and item.actuator == "relay_1"]
    assert {item.on for item in told} <= {None}


def of_site(*, inverted: bool = False) -> tuple[Site, Bus]:
    pump = Actuator(name="pump", channel="board.relay_2", role=Role.PUMP, fail_safe=FailSafe.PULSE, inverted=inverted)
    site = Site(site_id="s", name="s", timezone="UTC", sensors={}, actuators={"pump": pump}, zones={})
    return site, Bus(name="b", kind="modbus-rtu", line=LINE, devices=(Device(name="board", unit=UNIT, profile=RYN),))


@pytest.mark.parametrize(("inverted", "words"), [(False, (0x0600, 0)), (True, (0x0100, 1))])
def test_a_plan_alone_makes_it_rest(inverted: bool, words: tuple[int, int]) -> None:
    site, bus = of_site(inverted=inverted)
    plan = plan_of(site, (bus,))
    (row,) = plan["buses"][0]["outputs"]
    assert row == {"actuator": "pump", "unit": UNIT, "register": 1, "says": words[0], "shows": words[1]}
    assert judge(json.dumps(plan).encode()).damaged == ()


DAMAGE: dict[str, Callable[[dict[str, object]], object]] = {
    "no word": lambda row: row.pop("says"),
    "no state": lambda row: row.pop("shows"),
    "another state": lambda row: row.update(shows=2),
    "no register": lambda row: row.update(register=-1),
    "no place": lambda row: row.pop("register"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_plan_of_words_is_not_followed(damage: str) -> None:
    site, bus = of_site()
    plan = plan_of(site, (bus,))
    DAMAGE[damage](plan["buses"][0]["outputs"][0])
    judged = judge(json.dumps(plan).encode())
    assert (judged.buses, len(judged.damaged)) == ((), 1)


def state_of(line: SerialLine, order: modbus.Request | None = None) -> float:
    """What the second relay shows, after an order if there is one."""
    with open_line(line, reply_within_s=20) as talk:
        if order is not None:
            talk.exchange(order)
        return modbus.number(talk.exchange(modbus.read(UNIT, 3, 1, 1)), 0, "u16")


def test_the_rescue_ends_a_pulse_on_a_real_line(tmp_path: Path) -> None:
    site, bus = of_site()
    with SimulatedField(tmp_path / "field", units={UNIT: "ryn408f"}) as field:
        line = SerialLine(port=str(field.port))
        assert state_of(line, modbus.pulse_word(UNIT, 1, 0x0600, 200 * SECOND)) == 1
        found = rescue(plan_of(site, (replace(bus, line=line),))["buses"][0])
        assert [(one.actuator, one.proven) for one in found] == [("pump", True)]
        assert state_of(line) == 0
        with open_line(line, reply_within_s=3) as talk:
            guesses = [guess.profile for guess in probe(talk, "modbus-rtu", UNIT).guesses]
        assert guesses[0] == "eletechsup-ryn408f", "its own marks come before those of its look-alike"


# ---------------------------------------------------------------- in the site file

LIMITS = {"max_on: 10m": "max_on: 255s", "max_on: 11m": "max_on: 4m"}
ACID = (
    "  acid: {to: board.relay_7, role: dosing, ml_per_s: 1.1, max_dose: 20ml, max_per_hour: 60ml, max_per_day: 90ml}\n"
)


def house(board: str, limits: dict[str, str] = LIMITS, more: str = "") -> str:
    text = changed("profile: waveshare-relay-8ch", f"profile: {board}")
    text = changed("\n# What belongs", f"{more}\n# What belongs", text)
    for old, new in limits.items():
        text = changed(old, new, text)
    return text


def test_the_longest_on_is_what_the_timer_counts(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(house(RYN.name))
    site = load(tmp_path / "site.yaml").site
    assert {site.actuators[n].fail_safe for n in ("main_pump", "irrigation_valve")} == {FailSafe.PULSE}
    said = [problem.what for problem in rejected(tmp_path, house(RYN.name, {}))]
    assert any("longer than the timer of board.relay_1 can count (255s)" in what for what in said), said


def test_a_dose_comes_in_whole_seconds(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(house(RYN.name, more=ACID))
    doser = load(tmp_path / "site.yaml").site.actuators["acid"].doser
    assert doser is not None
    assert (doser.least, doser.step) == (SECOND, SECOND)


def test_on_a_board_whose_timer_is_not_used_a_pump_is_a_risk_that_somebody_takes_by_name(tmp_path: Path) -> None:
    said = [problem.what for problem in rejected(tmp_path, house(R4.name))]
    assert any("nothing ends an ON of board.relay_1 when the controller is gone" in what for what in said), said
