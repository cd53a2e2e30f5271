"""A house whose devices are processes: each dies alone, and nothing that was forked off outlives its house."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgectl.drivers.codecs import modbus
from edgectl.drivers.talk import NoReply, open_line
from edgectl.drivers.wiring import SerialLine, TcpHost, Wire
from edgectl.testing.field import SimulatedField

UNITS = {3: "gone", 9: "sht3x", 11: "md02-clone"}
LARGEST_KB = 16_000  # of one device alone: what it does not share with the others


@pytest.fixture
def field(tmp_path: Path) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path / "field", apart=True, circuits={"ph": "pH"}, units=UNITS) as field:
        yield field


def test_each_device_is_a_process_that_dies_alone(field: SimulatedField) -> None:
    processes = field.processes
    assert set(processes) == {"field-1", "field-5", "field-7", "field-9", "field-11", "climate-2", "ph"}
    assert len(set(processes.values())) == len(processes)
    line, net = SerialLine(port=str(field.port)), TcpHost(host=field.tcp[0], port=field.tcp[1])

    field.kill("field-5")
    until(lambda: not alive(processes["field-5"]))
    assert said(line, 5, 3, 4) is None
    assert said(line, 9, 3, 0) == 612
    assert said(line, 11, 4, 1) == 2210
    assert said(net, 2, 4, 1) == pytest.approx(215, abs=5)
    assert all(alive(pid) for name, pid in processes.items() if name != "field-5")


def test_the_relays_of_a_board_that_dies_fall_and_the_water_stops(field: SimulatedField) -> None:
    line = SerialLine(port=str(field.port))
    with open_line(line, reply_within_s=20) as talk:
        talk.exchange(modbus.write_coil(1, 0, True))
        talk.exchange(modbus.write_coil(1, 1, True))
    until(lambda: field.control("state")["flow"] > 0)
    field.kill("field-1")
    until(lambda: not any(field.control("state")["relays"]))
    moves = [(row["relay"], row["on"], row["why"]) for row in field.trace()]
    assert moves[-2:] == [("relay_1", False, "dead"), ("relay_2", False, "dead")]
    assert field.control("state")["flow"] == 0


def test_a_pulse_ends_in_the_device_while_nobody_asks(field: SimulatedField) -> None:
    with open_line(SerialLine(port=str(field.port)), reply_within_s=20) as talk:
        talk.exchange(modbus.pulse_coil(1, 0x0200, 300_000_000))
    until(lambda: len(field.trace()) == 2)
    on, off = field.trace()
    assert (on["why"], off["why"]) == ("pulse", "pulse_end")
    assert off["at"] - on["at"] == 300_000_000


def test_faults_reach_the_device_wherever_it_lives(field: SimulatedField) -> None:
    line = SerialLine(port=str(field.port))
    field.control("tank", litres=100)
    assert said(line, 5, 3, 4) == 1250, "it feels the water of the house"
    field.fault("frozen_level")
    field.control("tank", litres=20)
    assert said(line, 5, 3, 4) == 1250
    field.fault("wrong_identity")
    assert said(line, 1, 3, 0x8000) == 7
    field.control("clear")
    assert said(line, 5, 3, 4) == 250
    with pytest.raises(ValueError, match="is no fault of a circuit"):
        field.hurt("ph", "drunk")


def test_a_house_that_is_killed_leaves_no_device_behind(field: SimulatedField) -> None:
    processes = field.processes
    assert all(own_kb(pid) < LARGEST_KB for pid in processes.values())
    os.kill(json.loads((field.folder / "ports.json").read_text())["pid"], signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in processes.values()))


def said(line: Wire, unit: int, function: int, address: int) -> int | None:
    """The register as the device holds it; None where nobody answers."""
    with open_line(line, reply_within_s=3) as talk:
        try:
            return int(modbus.number(talk.exchange(modbus.read(unit, function, address, 1)), 0, "u16"))
        except NoReply:
            return None


def alive(pid: int) -> bool:
    """Runs, and is not only a name that its parent has not read yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def own_kb(pid: int) -> int:
    words = Path(f"/proc/{pid}/smaps_rollup").read_text().split()
    return int(words[words.index("Pss:") + 1])


def until(condition: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to it"
        time.sleep(0.02)
