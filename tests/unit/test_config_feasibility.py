"""The arithmetic of a bus, by hand and on paper, and the verdict it leads to."""

from pathlib import Path

import pytest

from edgectl.config.feasibility import measure, order_time, read_time
from edgectl.config.loader import load
from edgectl.drivers.pollplan import Block
from edgectl.drivers.registry import find
from edgectl.drivers.wiring import Bus, Device, SerialLine, TcpHost
from edgectl.model.time import MS, SECOND
from tests.unit.site_files import EXAMPLES, changed, line_of, rejected

BOARD = Device(name="board", unit=1, profile=find("waveshare-relay-8ch"))
LEVEL = Device(name="level", unit=5, profile=find("qdy30a-level"))
RTU = Bus(name="b", kind="modbus-rtu", line=SerialLine(port="/dev/null"), devices=(BOARD, LEVEL))
TCP = Bus(name="b", kind="modbus-tcp", line=TcpHost(host="h"), devices=(BOARD, LEVEL))


def test_one_exchange_on_a_serial_line() -> None:
    # 9600 8N1: a character is 1.0417 ms, a silence 3.6458 ms. Two registers: 8 + 5 + 4 characters, 50 ms of thinking.
    registers = Block(device="level", function=3, address=3, count=2, every=SECOND)
    assert read_time(RTU, LEVEL, registers) == pytest.approx((17 * 1.0417 + 2 * 3.6458 + 50) * MS, rel=1e-4)
    # Three coils are one byte: 8 + 5 + 1 characters, and the board thinks for 100 ms.
    coils = Block(device="board", function=1, address=0, count=3, every=SECOND)
    assert read_time(RTU, BOARD, coils) == pytest.approx((14 * 1.0417 + 2 * 3.6458 + 100) * MS, rel=1e-4)
    assert order_time(RTU, BOARD) == pytest.approx((16 * 1.0417 + 2 * 3.6458 + 100) * MS, rel=1e-4)


def test_one_exchange_over_tcp() -> None:
    coils = Block(device="board", function=1, address=0, count=3, every=SECOND)
    assert read_time(TCP, BOARD, coils) == 105 * MS


def test_load_cycle_and_a_dead_device_of_the_small_example() -> None:
    loaded = load(EXAMPLES / "small.yaml")
    cabinet, climate = loaded.loads
    coils, level, meter = 121.87, 75.0, 75.0  # ms, as above; the meter's two counters are too far apart for one read
    cycle = coils + level + 2 * meter + 123.96
    assert cabinet.cycle == pytest.approx(cycle * MS, rel=1e-3)
    assert cabinet.with_dead == pytest.approx((cycle + 300) * MS, rel=1e-3)
    assert cabinet.load == pytest.approx(coils / 2000 + level / 2500 + meter / 750 + meter / 2500, rel=1e-3)
    assert (cabinet.tightest, cabinet.limit, cabinet.verdict) == ("flow", 3 * SECOND, "ok")
    assert climate.with_dead is None  # nobody else suffers


def test_a_limit_that_the_bus_cannot_keep_is_a_mistake_at_that_limit(tmp_path: Path) -> None:
    text = changed("max_age: 3s", "max_age: 900ms")
    (problem,) = rejected(tmp_path, text)
    assert (problem.path, problem.line) == ("sensors.flow.max_age", line_of(text, "900ms"))
    assert "can be 1.27 s old on bus cabinet" in problem.what
    # The hint is true: what it says is accepted.
    advised = problem.hint.split("at least ")[1].split(",")[0]
    (tmp_path / "site.yaml").write_text(changed("max_age: 3s", f"max_age: {advised}"))
    assert load(tmp_path / "site.yaml").loads[0].ok


def test_a_slow_line_is_asked_for_more_than_its_time(tmp_path: Path) -> None:
    text = changed("baudrate: 9600", "baudrate: 1200")
    for age in ("max_age: 3s", "max_age: 10s"):
        text = changed(age, "max_age: 500ms", text)
    problems = rejected(tmp_path, text)
    assert "buses.cabinet" in [p.path for p in problems]
    assert "% of its time" in next(p for p in problems if p.path == "buses.cabinet").what


def test_a_bus_without_sensors_has_no_tightest_limit() -> None:
    empty = Bus(name="b", kind="modbus-tcp", line=TcpHost(host="h"), devices=())
    load_ = measure(empty, load(EXAMPLES / "small.yaml").site)
    assert (load_.load, load_.cycle, load_.limit, load_.ok) == (0, 0, None, True)


def test_an_impossible_bus_is_told_together_with_the_other_mistakes(tmp_path: Path) -> None:
    text = changed("max_age: 3s", "max_age: 400ms")
    alone = {problem.path for problem in rejected(tmp_path, text)}
    both = {problem.path for problem in rejected(tmp_path, text.replace("name:", "nmae:", 1))}
    assert "sensors.flow.max_age" in alone
    assert both >= alone
    assert len(both) > len(alone)


def test_what_leans_on_a_mistake_is_not_judged_with_half_of_its_reads(tmp_path: Path) -> None:
    # The flow and the volume come from one device: with one of them unreadable nobody knows what the other costs.
    text = changed("max_age: 3s", "max_age: 400ms")
    spoilt = text.replace("volume:", "volume: {from: counter.nothing}\n  other:", 1)
    paths = {problem.path for problem in rejected(tmp_path, spoilt)}
    assert "sensors.volume.from" in paths
    assert "sensors.flow.max_age" not in paths
