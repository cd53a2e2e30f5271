"""Two real daemons on one host: the second waits and touches nothing, and leads as soon as the first one is dead."""

import contextlib
import fcntl
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def field(tmp_path: Path) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path / "field") as running:
        yield running


@pytest.fixture
def leader(tmp_path: Path, field: SimulatedField) -> Iterator[DaemonProcess]:
    """A daemon that leads and is ready, and waters for as long as a slow second one may need to start."""
    with DaemonProcess(tmp_path, write_site(tmp_path, field, every="1h", duration="55s", travel="200ms")) as process:
        process.wait_ready()
        yield process


@pytest.fixture
def twin(leader: DaemonProcess, tmp_path: Path) -> Iterator[DaemonProcess]:
    """A second one for the same site, not started yet."""
    process = DaemonProcess(tmp_path, leader.site)
    process.log = tmp_path / "twin.log"
    yield process
    if process.process is not None and process.process.poll() is None:
        process.kill()
    assert "Traceback" not in process.log.read_text()


def opened(daemon: DaemonProcess, field: SimulatedField) -> list[str]:
    """What a daemon has open of the things that only a leader may have: the bus, the journal, a network port."""
    assert daemon.process is not None
    mine = []
    for link in Path(f"/proc/{daemon.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            mine.append(os.readlink(link))
    forbidden = (os.path.realpath(field.port), "journal.db", "ballast")
    found = [name for name in mine if any(word in name for word in forbidden)]
    with socket.socket() as door:
        if door.connect_ex(("127.0.0.1", daemon.http)) == 0:
            found.append("http")
    return found


def test_the_second_waits_and_leads_when_the_first_is_killed(
    leader: DaemonProcess, twin: DaemonProcess, field: SimulatedField
) -> None:
    assert leader.process is not None
    with twin:
        twin.wait_log("this one follows")
        assert f"process {leader.process.pid} already drives the site" in twin.log.read_text()
        assert opened(twin, field) == []
        leader.wait("/channels", lambda rows: any(r.get("output") == "pump" and r["on"] for r in rows))
        leader.kill()
        twin.wait_log("this one leads now")
        assert twin.wait_ready()["ready"]
        assert not any(field.control("state")["relays"][:2]), "what the dead one left on is off"
        rows = twin.wait("/tasks", lambda tasks: [t for t in tasks if t["task_type"] == "irrigation" and t["result"]])
        task = next(t for t in rows if t["task_type"] == "irrigation" and t["result"])
        assert task["result"]["reason_code"] == "task_recovered_after_restart"
        assert len([t for t in twin.data("/tasks?limit=50") if t["correlation_id"] == task["correlation_id"]]) == 1


def test_a_leader_that_is_only_stopped_keeps_the_lead(
    leader: DaemonProcess, twin: DaemonProcess, field: SimulatedField
) -> None:
    with twin:
        twin.wait_log("this one follows")
        leader.signal(signal.SIGSTOP)
        until = time.monotonic() + 4
        while time.monotonic() < until:
            assert opened(twin, field) == []
            assert "leads now" not in twin.log.read_text()
            time.sleep(0.1)
        leader.signal(signal.SIGCONT)
        assert leader.wait_ready()["ready"], "it goes on where it stood"
        leader.signal(signal.SIGSTOP)
        leader.kill()  # what the watchdog does with it
        twin.wait_log("this one leads now")
        assert twin.wait_ready()["ready"]


def test_the_service_manager_hears_from_a_follower(
    leader: DaemonProcess, twin: DaemonProcess, tmp_path: Path, field: SimulatedField
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        twin._prefix = ("env", f"NOTIFY_SOCKET={tmp_path / 'notify'}")
        heard: list[str] = []
        with twin:
            while heard.count("WATCHDOG=1") < 2:
                heard.append(manager.recv(500).decode())
            assert heard[0].startswith("STATUS=follows: process ")
            assert heard[1] == "READY=1"
            assert twin.terminate() == 0
    assert leader.data("/status")["ready"]


def test_alone_means_that_nobody_waits(leader: DaemonProcess, twin: DaemonProcess) -> None:
    assert leader.process is not None
    twin._options = ("--alone",)
    with twin:
        assert twin.process is not None
        assert twin.process.wait(60) == 1
    said = twin.log.read_text()
    assert f"process {leader.process.pid} already drives the site" in said
    assert "wait without --alone" in said


def test_the_site_file_is_read_again_after_the_wait(leader: DaemonProcess, twin: DaemonProcess) -> None:
    with twin:
        twin.wait_log("this one follows")
        leader.site.write_text(leader.site.read_text().replace("name: Demo house", "name: Newer house"))
        assert leader.terminate() == 0
        twin.wait_ready()
        twin.wait_log("Newer house: journal")


def test_a_site_file_that_became_wrong_during_the_wait_leaves_the_known_one_in_force(
    leader: DaemonProcess, twin: DaemonProcess
) -> None:
    with twin:
        twin.wait_log("this one follows")
        leader.site.write_text(leader.site.read_text().replace("name: Demo house", "nom: Newer house"))
        leader.kill()
        twin.wait_ready()
        assert "Demo house: journal" in twin.log.read_text()
        assert "stays in force" in twin.log.read_text()


def test_a_port_that_another_site_drives_is_waited_for(
    leader: DaemonProcess, tmp_path: Path, field: SimulatedField
) -> None:
    assert leader.process is not None
    (tmp_path / "other").mkdir()
    with DaemonProcess(tmp_path / "other", leader.site) as other:
        other.wait_log("this one follows")
        assert f"process {leader.process.pid} already drives the port" in other.log.read_text()
        assert opened(other, field) == []
        leader.kill()
        assert other.wait_ready()["ready"]


def test_a_terminal_program_on_the_port_does_not_keep_the_other_buses_undriven(
    tmp_path: Path, field: SimulatedField
) -> None:
    stranger = os.open(field.port, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(stranger, fcntl.LOCK_EX)
        with DaemonProcess(tmp_path, write_site(tmp_path, field, every="1h")) as daemon:
            assert daemon.wait("/alarms", lambda alarms: any("in use" in a["message"] for a in alarms))
            assert daemon.wait("/channels", lambda rows: any(r.get("sensor") == "air_temperature" for r in rows))
    finally:
        os.close(stranger)


def test_the_clean_up_after_a_dead_daemon_leaves_one_that_leads_alone(leader: DaemonProcess) -> None:
    """The service manager cleans up after a unit whose work a second daemon has taken over."""
    assert leader.process is not None
    done = leader.cli("safe-state", "--after-end")
    assert done.returncode == 0
    assert f"nothing was touched: process {leader.process.pid} already drives" in done.stdout
    status = leader.data("/status")
    assert (status["ready"], status["stopped"]) == (True, False)
