"""A line on which somebody else asks as well: the real daemon hears it, says it, and lets nothing be on there."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgectl.drivers.codecs import modbus
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.wire import SharedWire

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def field(tmp_path: Path) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path / "field") as running:
        yield running


@pytest.fixture
def wire(field: SimulatedField) -> Iterator[SharedWire]:
    with SharedWire(field.port, ("ours", "theirs")) as line:
        yield line


def daemon(folder: Path, field: SimulatedField, wire: SharedWire, master: str) -> DaemonProcess:
    """A daemon on this line, with a state folder of its own."""
    folder.mkdir(exist_ok=True)
    site = write_site(folder, field, every="1h", duration="40s", travel="200ms")
    behind = f"field: {{type: modbus-rtu-over-tcp, host: 127.0.0.1, port: {wire.port(master)}}}"
    site.write_text(re.sub(r"field: .*", behind, site.read_text(), count=1))
    return DaemonProcess(folder, site)


@contextmanager
def laptop(wire: SharedWire) -> Iterator[None]:
    """Somebody's laptop polls the level, four times a second."""
    asks, done = modbus.rtu_frame(modbus.read(5, 3, 4, 1)), threading.Event()

    def poll() -> None:
        with socket.create_connection(("127.0.0.1", wire.port("theirs"))) as line:
            while not done.wait(0.25):
                line.sendall(asks)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def foreign(running: DaemonProcess) -> dict[str, object]:
    alarms = running.wait(
        "/alarms", lambda rows: [a for a in rows if a["id"] == "foreign_master:field" and a["active"]], 60
    )
    found: dict[str, object] = next(a for a in alarms if a["id"] == "foreign_master:field")
    return found


def test_a_laptop_on_the_line_stops_what_runs_and_nothing_starts(
    tmp_path: Path, field: SimulatedField, wire: SharedWire
) -> None:
    with daemon(tmp_path / "a", field, wire, "ours") as running:
        running.wait("/channels", lambda rows: any(r.get("output") == "pump" and r["on"] for r in rows), 60)
        with laptop(wire):
            assert "somebody else asks on this line" in str(foreign(running)["message"])
            running.wait("/channels", lambda rows: all(not r["owed_off"] for r in rows if "output" in r))
            assert not any(field.control("state")["relays"][:2])
            status, answer = running.ask("POST", "/outputs/valve/on", {"seconds": 5})
            assert (status, answer["code"]) == (409, "vetoed")
            assert "somebody else asks" in answer["message"]
        assert "Traceback" not in running.log.read_text()


def test_of_two_controllers_that_know_nothing_of_each_other_at_most_one_keeps_the_line(
    tmp_path: Path, field: SimulatedField, wire: SharedWire
) -> None:
    doors = ("ours", "theirs")
    with daemon(tmp_path / "a", field, wire, doors[0]) as one, daemon(tmp_path / "b", field, wire, doors[1]) as two:
        both = dict(zip(doors, (one, two), strict=True))
        deadline = time.monotonic() + 60
        while not (stood := [name for name, running in both.items() if alarmed(running)]):
            assert time.monotonic() < deadline, "two masters, and nobody has noticed"
            time.sleep(0.1)
        name, running = stood[0], both[stood[0]]
        running.wait("/channels", lambda rows: all(not r["owed_off"] for r in rows if "output" in r), 60)
        since = time.monotonic_ns()
        other = both[next(door for door in doors if door != name)]
        other.wait("/status", lambda status: status["phase"] == "ready")
        said = [word.data for word in wire.of(name, since)]
        assert all(data[1] in (1, 5) and data[4:6] != b"\xff\x00" for data in said), (
            "OFFs and looks at them, if anything"
        )


def alarmed(running: DaemonProcess) -> bool:
    """Has it heard the other one?"""
    try:
        return any(alarm["id"] == "foreign_master:field" for alarm in running.data("/alarms"))
    except OSError:
        return False
