"""What a bad disk, a careless hand and a hostile neighbour on the same machine do to the real daemon."""

import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgectl.model.time import SECOND
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)
MODES_COUNT = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-dac_override")


@pytest.fixture
def field(tmp_path: Path) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path / "field") as running:
        yield running


@pytest.fixture
def daemon(tmp_path: Path, field: SimulatedField) -> Iterator[DaemonProcess]:
    process = DaemonProcess(tmp_path, write_site(tmp_path, field, every="1h", duration="2s", travel="200ms"))
    yield process
    process.end()


def relays(field: SimulatedField) -> list[bool]:
    states: list[bool] = field.control("state")["relays"]
    return states


def idle(daemon: DaemonProcess) -> None:
    """Ready, and the first watering of the day is over."""
    daemon.wait_ready()
    daemon.wait("/tasks", lambda tasks: any(t["task_type"] == "irrigation" and t["result"] for t in tasks))


def flooding(daemon: DaemonProcess) -> None:
    """Valve and pump on by hand, for longer than the test, and the controller dies."""
    idle(daemon)
    for name in ("valve", "pump"):
        daemon.ask("POST", f"/outputs/{name}/on", {"seconds": 110 if name == "valve" else 55})
        daemon.wait("/channels", lambda rows, name=name: any(r.get("output") == name and r["on"] for r in rows))
    daemon.kill()


def until(condition: Any, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to it"
        time.sleep(0.05)


# ---------------------------------------------------------------- the disk


def test_on_a_disk_that_takes_no_writes_everything_goes_off_and_nothing_is_promised(
    daemon: DaemonProcess, field: SimulatedField
) -> None:
    daemon._prefix = MODES_COUNT
    with daemon:
        flooding(daemon)
        assert relays(field)[:2] == [True, True]
        for item in [*daemon.state.iterdir(), daemon.state]:
            item.chmod(item.stat().st_mode & ~0o222)
        daemon.start()
        until(lambda: not any(relays(field)[:2]))
        until(lambda: "did not take a commit" in daemon.log.read_text())
        daemon.wait("/status", lambda status: "journal: it does not take entries" in status["not_ready_because"])
        assert daemon.ask("POST", "/outputs/valve/on", {"seconds": 5})[0] in (409, 503)
        daemon.kill()
        for item in [daemon.state, *daemon.state.iterdir()]:
            item.chmod(item.stat().st_mode | 0o200)
        daemon.start()
        daemon.wait_ready()


def test_safe_state_needs_no_disk_that_takes_writes(daemon: DaemonProcess, field: SimulatedField) -> None:
    with daemon:
        flooding(daemon)
    (daemon.state / "lock").chmod(0o444)
    daemon.state.chmod(0o555)
    command = [*MODES_COUNT, sys.executable, "-m", "edgectl", "safe-state"]
    done = subprocess.run(command, env=daemon.environment, capture_output=True, text=True, timeout=60, check=False)
    daemon.state.chmod(0o755)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not any(relays(field)[:2])


@pytest.mark.parametrize("how", ["removed", "cut"])
def test_a_write_ahead_log_that_vanishes_is_noticed_before_anything_is_promised_on_it(
    daemon: DaemonProcess, field: SimulatedField, how: str
) -> None:
    with daemon:
        idle(daemon)
        log = daemon.state / "journal.db-wal"
        if how == "removed":
            log.unlink()
        else:
            os.truncate(log, 0)
        try:
            code, answer = daemon.ask("POST", "/zones/beds/lock", {"why": "hand in the pump", "who": "Ana"})
            assert code != 200, answer
        except (OSError, http.client.HTTPException, ValueError):
            pass  # the daemon has ended before it could answer: that is no promise either
        assert daemon.process is not None
        assert daemon.process.wait(60) == 70
        daemon.log.write_text("")
        daemon.start()
        alarms = daemon.wait("/alarms", lambda rows: rows)
        assert "journal_lost:journal" in {alarm["id"] for alarm in alarms}


# ---------------------------------------------------------------- the site file


def test_an_output_that_was_moved_while_the_controller_lay_dead_goes_off_at_its_old_place(
    daemon: DaemonProcess, field: SimulatedField
) -> None:
    with daemon:
        flooding(daemon)
        moved = daemon.site.read_text().replace("relay_1", "relay_5").replace("relay_2", "relay_6")
        daemon.site.write_text(moved)
        daemon.start()
        daemon.wait_ready()
        # the lamp (relay 3) keeps its own hours: at most times of day its window holds and it is lit
        on = relays(field)
        assert not any(on[:2] + on[4:6]), "pump and valve ran on at relays that the new file does not name"


def test_an_old_place_that_cannot_be_seen_off_is_an_alarm_until_it_can(
    daemon: DaemonProcess, field: SimulatedField
) -> None:
    with daemon:
        flooding(daemon)
        field.fault("welded_relay", relay=1)
        daemon.site.write_text(daemon.site.read_text().replace("relay_1", "relay_5"))
        daemon.start()
        alarms = daemon.wait("/alarms", lambda rows: [r for r in rows if "output_may_be_on" in r["id"]])
        assert any("pump (bus field, unit 1 coil 0)" in alarm["id"] for alarm in alarms)
        plan = json.loads((daemon.state / "safe-plan.json").read_text())
        coils = [output["coil"] for bus in plan["buses"] for output in bus["outputs"]]
        assert 0 in coils, "safe-state must still know the old place"


# ---------------------------------------------------------------- the doors

BAD: list[tuple[str, Any, int]] = [
    ("/tasks", {"scheduled_for": "9999-12-31T23:59:59+00:00"}, 422),
    ("/tasks", {"scheduled_for": "9999-12-31T23:59:59-14:00"}, 422),
    ("/tasks", {"scheduled_for": "0001-01-01T00:00:00+14:00"}, 422),
    ("/tasks", {"payload": {"duration_s": 1, "x": float("nan")}}, 422),
    ("/tasks", {"payload": {"duration_s": float("inf")}}, 422),
    ("/tasks", {"payload": {"duration_s": 5e-324}}, 422),
    ("/tasks", {"payload": {"duration_s": 61}}, 422),
    ("/tasks", {"correlation_id": "\ud800-half-a-pair"}, 422),
    ("/tasks", {"zone": True}, 404),
    ("/tasks", {"source": "x" * 5000}, 422),
    ("/tasks", {"task_type": "diagnostics", "payload": {"workflow": "refill"}}, 422),
    ("/zones/beds/hold", {"seconds": 3600, "why": "\udcfchlung"}, 422),
    ("/zones/beds/lock", {"why": "\x1b]0;x\x07 all is well"}, 422),
    ("/zones/beds/lock", {"why": " "}, 422),
    ("/outputs/valve/on", {"seconds": 10**400}, 422),
]


def test_no_request_breaks_the_engine_or_leaves_what_nobody_can_read(daemon: DaemonProcess) -> None:
    usual = {"zone": "beds", "task_type": "irrigation", "payload": {"duration_s": 1}}
    with daemon:
        idle(daemon)
        for path, body, code in BAD:
            wish = {**usual, **body} if path == "/tasks" else body
            status, answer = daemon.ask("POST", path, wish)
            assert status == code, (path, str(body)[:80], answer)
            assert "Error" not in answer["message"], answer
            assert answer["message"] != answer["code"].replace("_", " "), "a sentence, not a code"
        nested: Any = 1
        for _ in range(900):
            nested = [nested]
        assert daemon.ask("POST", "/tasks", {**usual, "payload": {"duration_s": 1, "x": nested}})[0] in (400, 422)
        for path in ("/tasks?limit=500", "/status", "/alarms"):
            assert daemon.ask("GET", path)[0] == 200
        assert daemon.process is not None
        assert daemon.process.poll() is None


def test_tasks_do_not_pile_up_without_end(daemon: DaemonProcess) -> None:
    soon = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    later = {"scheduled_for": soon, "zone": "beds", "payload": {"duration_s": 1}}
    with daemon:
        idle(daemon)
        codes = [daemon.ask("POST", "/tasks", later)[0] for _ in range(60)]
        assert codes.count(429) >= 9
        assert set(codes) == {200, 429}


def test_silent_connections_keep_no_stop_out(daemon: DaemonProcess) -> None:
    daemon._prefix = ("prlimit", "--nofile=256:256")
    with daemon:
        idle(daemon)
        crowd = []
        for _ in range(400):
            client = socket.socket()
            client.settimeout(5)
            try:
                client.connect(("127.0.0.1", daemon.http))
            except OSError:
                break
            crowd.append(client)
        assert len(crowd) > 250
        assert daemon.cli("stop-all").returncode == 0
        assert daemon.data("/status")["stopped"]
        for client in crowd:
            client.close()


def test_a_second_daemon_does_not_take_the_door_of_the_first(
    daemon: DaemonProcess, field: SimulatedField, tmp_path: Path
) -> None:
    """Another site with a line of its own; on the same line it would wait."""
    with daemon:
        idle(daemon)
        (tmp_path / "other").mkdir()
        elsewhere = tmp_path / "other" / "site.yaml"
        elsewhere.write_text(daemon.site.read_text().replace(str(field.port), str(tmp_path / "another-line")))
        twin = DaemonProcess(tmp_path / "other", elsewhere)
        twin.socket = daemon.socket
        with twin:
            assert twin.process is not None
            assert twin.process.wait(60) == 1
        assert "another edgectl answers at" in twin.log.read_text()
        assert daemon.cli("status").returncode == 0


def test_a_reader_of_the_log_that_has_stopped_reading_stops_no_output(
    daemon: DaemonProcess, field: SimulatedField
) -> None:
    reader, writer = os.pipe()
    with daemon:
        idle(daemon)
        daemon.kill()
    command = [sys.executable, "-m", "edgectl", "run", "--verbose", "--site", str(daemon.site)]
    command += ["--http", f"127.0.0.1:{daemon.http}"]
    daemon.process = subprocess.Popen(command, stdout=writer, stderr=writer, env=daemon.environment)
    try:
        daemon.wait_ready()
        for _ in range(150):  # each writes several lines, and the pipe holds 64 kB
            daemon.ask("POST", "/outputs/valve/on", {"seconds": 60})
            daemon.ask("POST", "/outputs/valve/off", {})
        assert daemon.ask("POST", "/stop-all", {})[0] == 200
        assert daemon.process.poll() is None
        assert daemon.terminate() == 0
    finally:
        daemon.process.kill()
        os.close(reader)
        os.close(writer)
    assert not any(relays(field)[:2])


# ---------------------------------------------------------------- hands


def test_releasing_a_lock_starts_nothing(daemon: DaemonProcess, field: SimulatedField, tmp_path: Path) -> None:
    daemon.site = write_site(tmp_path, field, every="5s", duration="1s", travel="200ms")
    with daemon:
        idle(daemon)
        assert daemon.cli("lock", "beds", "--why", "filter").returncode == 0
        refused = daemon.cli("task", "submit", "beds", "irrigation", "--duration", "5s")
        assert refused.returncode == 1
        assert "works in beds (filter)" in refused.stderr
        until(lambda: not any(relays(field)[:2]))
        begun = len(starts(field))
        time.sleep(6)  # the interval falls due under the lock: nothing else can show that it starts nothing later
        assert daemon.cli("unlock", "beds").returncode == 0
        assert daemon.cli("unlock", "beds").returncode == 1, "there is nothing to release"
        until(lambda: len(starts(field)) > begun)
        with sqlite3.connect(daemon.state / "journal.db") as journal:
            told = "SELECT body FROM timeline WHERE event_type = 'LOCK_RELEASED'"
            ((body,),) = journal.execute(told).fetchall()
        assert starts(field)[begun] - json.loads(body)["mono"] > 3 * SECOND, "the rest begins anew with the release"


def starts(field: SimulatedField) -> list[int]:
    """When the pump went on, by the clock that stamps the timeline too."""
    return [move["at"] for move in field.trace() if move["relay"] == "relay_1" and move["on"]]


# ---------------------------------------------------------------- bits that flipped while nobody looked


@pytest.mark.parametrize("damage", ["a bit", "a letter", "another shape", "deep"])
def test_a_damaged_safe_plan_keeps_no_output_on_and_no_daemon_down(
    daemon: DaemonProcess, field: SimulatedField, damage: str
) -> None:
    plan = daemon.state / "safe-plan.json"
    with daemon:
        flooding(daemon)
        raw = bytearray(plan.read_bytes())
        letter = bytes(raw).replace(b'"port"', b'"pnrt"', 1)
        raw[30] ^= 0x80
        shapes = {"another shape": b'{"buses":[{}]}', "deep": b"[" * 100_000}
        plan.write_bytes({"a bit": bytes(raw), "a letter": letter, **shapes}[damage])
        daemon.start()
        daemon.wait_ready()
        assert not any(relays(field)[:2])
        assert json.loads(plan.read_text())["buses"], "the plan is whole again"


def test_safe_state_follows_the_site_file_when_its_plan_is_damaged(
    daemon: DaemonProcess, field: SimulatedField
) -> None:
    with daemon:
        flooding(daemon)
    (daemon.state / "safe-plan.json").write_bytes(b'{"buses":[{}]}')
    done = daemon.cli("safe-state", "--site", str(daemon.site))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is damaged" in done.stderr
    assert not any(relays(field)[:2])
    lost = daemon.cli("safe-state", "--site", "/nothing.yaml")
    assert lost.returncode == 1
    assert "by hand" in lost.stderr


def test_a_row_that_breaks_every_start_is_put_aside_and_the_house_is_led_again(
    daemon: DaemonProcess, field: SimulatedField
) -> None:
    with daemon:
        flooding(daemon)
        journal = sqlite3.connect(daemon.state / "journal.db", isolation_level=None)
        ((body,),) = journal.execute("SELECT body FROM cursors WHERE id = 'watering'").fetchall()
        row = {**json.loads(body), "last_finished": "noon"}
        journal.execute("UPDATE cursors SET body = ? WHERE id = 'watering'", (json.dumps(row),))
        journal.close()
        for _ in range(8):
            daemon.start()
            assert daemon.process is not None
            if _leads(daemon):
                break
        assert any(alarm["id"] == "journal_lost:journal" for alarm in daemon.data("/alarms"))
        assert not any(relays(field)[:2])
        daemon.kill()
        daemon.log.write_text("")  # the words of the starts that broke


def _leads(daemon: DaemonProcess) -> bool:
    """Ready for a while, or False when this start has ended by itself."""
    assert daemon.process is not None
    deadline, turns = time.monotonic() + 60, 0
    while daemon.process.poll() is None and time.monotonic() < deadline:
        try:
            turns += daemon.ask("GET", "/status")[1]["data"]["phase"] == "ready"
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            turns = 0
        if turns > 20:
            return True
        time.sleep(0.1)
    return False


def test_after_a_lost_journal_an_interval_rests_first(daemon: DaemonProcess, field: SimulatedField) -> None:
    with daemon:
        idle(daemon)
        daemon.kill()
        waterings = sum(move["on"] for move in field.trace() if move["relay"] == "relay_1")
        (daemon.state / "journal.db").write_bytes(bytes(8192))
        daemon.start()
        daemon.wait_ready()
        daemon.wait("/alarms", lambda rows: any("journal_lost" in row["id"] for row in rows))
        daemon.wait("/status", lambda status: any("watering" in str(item) for item in status["next"]))
        assert daemon.data("/tasks?limit=50") == [] or not any(
            task["task_type"] == "irrigation" for task in daemon.data("/tasks?limit=50")
        )
        assert sum(move["on"] for move in field.trace() if move["relay"] == "relay_1") == waterings


def test_whoever_hangs_up_in_the_middle_of_a_body_leaves_no_trace_of_a_mistake(daemon: DaemonProcess) -> None:
    with daemon:
        daemon.wait_ready()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as rude:
            rude.connect(str(daemon.socket))
            rude.sendall(b"POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
        daemon.wait_ready()
        assert daemon.ask("GET", "/health/live")[0] == 200
        assert "ClientDisconnect" not in daemon.log.read_text()
