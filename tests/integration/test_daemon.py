"""The real daemon against simulated devices on real ports: what a person, a service manager and a bad day do to it."""

import contextlib
import http.client as http_client
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.verdict import broken

pytestmark = pytest.mark.timeout(240)
SLACK_S = 3  # a loaded machine


@pytest.fixture
def field(tmp_path: Path) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path / "field") as running:
        yield running


@pytest.fixture
def daemon(tmp_path: Path, field: SimulatedField) -> Iterator[DaemonProcess]:
    """A daemon that waters rarely; each test does what it needs."""
    process = DaemonProcess(tmp_path, write_site(tmp_path, field, every="1h", duration="2s", travel="200ms"))
    yield process
    process.end()


def http(daemon: DaemonProcess, path: str) -> tuple[int, str]:
    """One request over TCP."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{daemon.http}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def watered(daemon: DaemonProcess) -> dict[str, Any]:
    """Wait for the first irrigation to end; returns it."""
    rows = daemon.wait(
        "/tasks?limit=50",
        lambda tasks: [t for t in tasks if t["task_type"] == "irrigation" and t["result"] is not None],
    )
    return next(t for t in rows if t["task_type"] == "irrigation")


def relays(field: SimulatedField) -> list[bool]:
    states: list[bool] = field.control("state")["relays"]
    return states


# ---------------------------------------------------------------- the main job


def test_it_waters_and_says_done_only_because_the_hardware_did(daemon: DaemonProcess, field: SimulatedField) -> None:
    with daemon:
        daemon.wait_ready()
        task = watered(daemon)
        assert (task["status"], task["result"]["physical_effect"]) == ("completed", "full")
        assert (task["result"]["commands_effect_confirmed"], task["result"]["commands_total"]) == (2, 2)
        assert 0.2 < task["result"]["effect_amounts"]["volume_l"] < 0.4
        whole = daemon.data(f"/tasks/{task['task_id']}")
        events = [entry["event_type"] for entry in whole["timeline"]]
        assert events[0] == "TASK_RECEIVED"
        assert events[-1] == "TASK_FINISHED"
        assert {command["state"] for command in whole["commands"]} == {"DONE"}
        assert daemon.terminate() == 0
    assert broken(daemon.state / "journal.db", field.trace()) == []


def test_an_echo_without_an_effect_is_no_success(daemon: DaemonProcess, field: SimulatedField) -> None:
    field.fault("stuck_relay", relay=1)
    with daemon:
        daemon.wait_ready()
        task = watered(daemon)
        assert task["status"] == "failed"
        assert task["result"]["error_code"] == "command_no_effect"
        assert not any(relays(field)[:2])


def test_a_pump_that_moves_no_water_is_stopped(daemon: DaemonProcess, field: SimulatedField, tmp_path: Path) -> None:
    daemon.site = write_site(tmp_path, field, every="1h", duration="20s", travel="200ms")
    field.fault("blocked")
    with daemon:
        daemon.wait_ready()
        task = watered(daemon)
        assert (task["status"], task["result"]["reason_code"]) == ("failed", "flow_inactive")
        (alarm,) = daemon.data("/alarms")
        assert "flow saw no water" in alarm["message"]
    runs = [move for move in field.trace() if move["relay"] == "relay_1"]
    assert (runs[1]["at"] - runs[0]["at"]) / 1e9 < 5.5 + SLACK_S, "T_dry"
    assert not any(relays(field)[:2])


def test_a_board_in_linkage_mode_is_told_before_it_can_lie(daemon: DaemonProcess, field: SimulatedField) -> None:
    field.fault("linkage", relay=2)
    with daemon:
        alarm = daemon.wait("/alarms", lambda rows: [r for r in rows if r["id"] == "device_silent:board"])
        assert any("control mode of each relay (0 = normal) is 1" in a["message"] for a in alarm)


def test_no_level_no_water(daemon: DaemonProcess, field: SimulatedField) -> None:
    field.fault("silent", unit=5)
    with daemon:
        daemon.wait_ready()
        alarm = daemon.wait("/alarms", lambda alarms: alarms)[0]
        assert "unit 5 on field silent" in alarm["message"]
        assert "pump stays off" in alarm["advice"]
        code, body = daemon.ask("POST", "/outputs/pump/on", {"seconds": 2})
        assert code == 409
        assert "tank_level > 15" in body["message"]
        daemon.wait("/tasks", lambda tasks: any(t["stage"] == "" and t["status"] == "running" for t in tasks))
        assert daemon.ask("POST", "/outputs/valve/on", {"seconds": 1})[0] == 200, "one missing device stops no other"
        assert daemon.data("/status")["ready"]
    assert not any(move["relay"] == "relay_1" for move in field.trace())


def test_the_level_goes_silent_while_the_pump_runs(
    daemon: DaemonProcess, field: SimulatedField, tmp_path: Path
) -> None:
    daemon.site = write_site(tmp_path, field, every="1h", duration="30s", travel="200ms")
    with daemon:
        daemon.wait_ready()
        daemon.wait("/status", lambda s: any(t["phase"] == "hold" for z in s["zones"] for t in z["tasks"]))
        field.fault("silent", unit=5)
        task = watered(daemon)
        assert (task["status"], task["result"]["reason_code"]) == ("failed", "safety_blocked")
        assert task["result"]["physical_effect"] == "partial"
        vetoes = [e for e in daemon.data(f"/tasks/{task['task_id']}")["timeline"] if e["event_type"] == "VETO"]
        assert "stale" in vetoes[0]["details"]["why"]
    runs = [move for move in field.trace() if move["relay"] == "relay_1"]
    assert 3 < (runs[1]["at"] - runs[0]["at"]) / 1e9 < 6 + SLACK_S, "max_age is 4 s, and the run would last 30 s"


# ---------------------------------------------------------------- starts and ends


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP], ids=["asked to end", "its terminal was closed"])
def test_whoever_ends_it_everything_is_made_safe_before_anything_closes(
    daemon: DaemonProcess, field: SimulatedField, tmp_path: Path, by: signal.Signals
) -> None:
    daemon.site = write_site(tmp_path, field, every="1h", duration="30s", travel="200ms")
    daemon._prefix = ("env", "--default-signal=HUP")  # whoever runs these tests may ignore it
    with daemon:
        daemon.wait_ready()
        daemon.wait("/status", lambda _: field.control("state")["pumped"] > 0.1)
        assert relays(field)[:2] == [True, True]
        assert daemon.terminate(by=by) == 0
    assert "could not be kept" not in daemon.log.read_text(), "what has last words says them before the journal closes"
    assert relays(field)[:2] == [False, False]
    pump, valve = (next(m for m in field.trace() if m["relay"] == r and not m["on"]) for r in ("relay_1", "relay_2"))
    assert pump["at"] <= valve["at"]
    db = sqlite3.connect(daemon.state / "journal.db")
    assert not db.execute("SELECT id FROM outputs WHERE open = 1").fetchall(), "seen off, and written down"
    db.close()
    with daemon:
        daemon.wait_ready()
        (task,) = (task for task in daemon.data("/tasks?preset=failed") if task["task_type"] == "irrigation")
        assert task["result"]["reason_code"] == "task_recovered_after_restart"
        assert task["result"]["physical_effect"] == "partial"


def test_the_service_manager_hears_ready_watchdog_and_stopping(daemon: DaemonProcess, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        daemon._prefix = ("env", f"NOTIFY_SOCKET={tmp_path / 'notify'}")
        heard = []
        with daemon:
            while "WATCHDOG=1" not in heard:
                heard.append(manager.recv(100).decode())
            daemon.terminate()
            while "STOPPING=1" not in heard:
                heard.append(manager.recv(100).decode())
    assert heard[0] == "READY=1"


def test_a_stalled_loop_ends_the_process(daemon: DaemonProcess, field: SimulatedField) -> None:
    """The loop is stopped from within, as a bug would do it; a thread sees it and ends the process."""
    daemon._prefix = (
        sys.executable,
        "-c",
        "import sys, threading, runpy, time\n"
        "import edgectl.daemon.control as control\n"
        "turn = control.Control._turn\n"
        "def stuck(self):\n"
        "    turn(self)\n"
        "    if self.turns == 40: time.sleep(60)\n"
        "control.Control._turn = stuck\n"
        "sys.argv = sys.argv[4:]\n"
        "sys.argv[0] = 'edgectl'\n"
        "from edgectl.__main__ import main\n"
        "main()\n",
        "--",
    )
    with daemon:
        assert daemon.process is not None
        assert daemon.process.wait(90) == 70
    text = daemon.log.read_text()
    assert "the event loop has stalled" in text
    daemon.log.write_text("")


def test_a_broken_control_loop_makes_everything_safe_and_ends(daemon: DaemonProcess, field: SimulatedField) -> None:
    daemon._prefix = (
        sys.executable,
        "-c",
        "import sys\n"
        "import edgectl.engine.turn as turn\n"
        "decide = turn.decide\n"
        "def broken(state, inputs, now):\n"
        "    if any(t.phase == 'hold' for t in state.tasks.values()): raise RuntimeError('planted')\n"
        "    return decide(state, inputs, now)\n"
        "turn.decide = broken\n"
        "sys.argv = ['edgectl', *sys.argv[5:]]\n"
        "from edgectl.__main__ import main\n"
        "main()\n",
        "--",
    )
    with daemon:
        assert daemon.process is not None
        assert daemon.process.wait(90) == 70
    assert "planted" in daemon.log.read_text()
    daemon.log.write_text("")
    assert not any(relays(field)[:2])
    assert "relay_2" in {move["relay"] for move in field.trace()}


def test_without_privileges_it_takes_its_port_back_after_a_kill(daemon: DaemonProcess, field: SimulatedField) -> None:
    """Root may open an exclusive port at any time; the service user may not."""
    daemon._prefix = ("setpriv", "--bounding-set", "-sys_admin")
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        for _ in range(2):
            daemon.kill()
            daemon.start()
            daemon.wait("/status", lambda s: s["ready"] and s["buses"][0]["up"])


# ---------------------------------------------------------------- doors


def test_live_and_ready_are_different_questions(daemon: DaemonProcess, field: SimulatedField) -> None:
    field.control("unplug")
    field.control("drop")
    daemon.site.write_text(
        daemon.site.read_text().replace("type: modbus-tcp, host: 127.0.0.1", "type: modbus-tcp, host: 127.0.0.9")
    )
    with daemon:
        daemon.wait("/status", lambda s: s["phase"] == "ready")
        assert http(daemon, "/health/live")[0] == 200
        code, text = http(daemon, "/health/ready")
        assert code == 503
        assert not json.loads(text)["checks"]["command_bus"]["ok"]
        code, body = daemon.ask("POST", "/tasks", {"zone": "beds", "payload": {"duration_s": 1}})
        assert (code, body["code"]) == (503, "not_ready")
        field.control("plug")
        daemon.wait("/status", lambda s: s["ready"])
        assert http(daemon, "/health/ready")[0] == 200


def test_metrics_are_there_and_the_rest_asks_who_one_is(daemon: DaemonProcess) -> None:
    with daemon:
        daemon.wait_ready()
        code, text = http(daemon, "/metrics")
        assert code == 200
        assert "edgectl_ready 1.0" in text
        assert 'edgectl_bus_up{bus="field"} 1.0' in text
        assert http(daemon, "/status")[0] == 401
        assert http(daemon, "/tasks")[0] == 401


def test_the_socket_is_for_owner_and_group(daemon: DaemonProcess) -> None:
    with daemon:
        daemon.wait_ready()
        assert daemon.socket.stat().st_mode & 0o777 == 0o660


def test_the_same_request_is_one_task_and_another_under_its_name_is_refused(daemon: DaemonProcess) -> None:
    wish = {
        "zone": 1,
        "payload": {"duration_s": 1},
        "correlation_id": "asked-once-1",
        "scheduled_for": "2026-06-01T06:00:00+00:00",
        "due_at": "2099-06-01T06:00:00+00:00",
        "expires_at": "2099-06-01T07:00:00+00:00",
    }
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        first = daemon.ask("POST", "/tasks", wish)[1]["data"]
        assert first["result"] == "accepted"
        daemon.wait("/tasks", lambda tasks: any(t["task_id"] == first["task_id"] and t["result"] for t in tasks))
        daemon.kill()  # what was acknowledged survives
        daemon.start()
        daemon.wait_ready()
        second = daemon.ask("POST", "/tasks", wish)[1]["data"]
        assert (second["result"], second["task_id"]) == ("duplicate", first["task_id"])
        code, body = daemon.ask("POST", "/tasks", {**wish, "payload": {"duration_s": 2}})
        assert (code, body["code"]) == (409, "idempotency_payload_mismatch")


BAD_REQUESTS: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/tasks", {"zone": "nowhere", "payload": {"duration_s": 1}}, 404, "there is no zone"),
    ("POST", "/tasks", {"zone": 1, "payload": {}}, 422, "duration_s is missing"),
    ("POST", "/tasks", {"zone": 1, "payload": {"duration_s": "NaN"}}, 422, "duration_s has to be from"),
    ("POST", "/tasks", {"zone": 1, "payload": 3}, 422, "payload must be an object"),
    ("POST", "/tasks", {"zone": 1, "due_at": "tomorrow"}, 422, "is no instant"),
    ("POST", "/tasks", {"zone": 1, "task_type": "dance", "payload": {}}, 422, "there is no task type"),
    ("POST", "/outputs/pump/on", {"seconds": -1}, 409, "more than 0 s"),
    ("POST", "/outputs/pump/on", {"seconds": 1e300}, 409, "more than 0 s"),
    ("POST", "/outputs/pump/on", {}, 422, "an ON needs its end"),
    ("POST", "/outputs/nothing/off", {}, 404, "there is no output"),
    ("POST", "/alarms/nothing/ack", {}, 404, "there is no alarm"),
    ("GET", "/tasks?limit=0", None, 422, "is not a number from"),
    ("GET", "/tasks?preset=x", None, 422, "there is no preset"),
    ("GET", "/tasks?zone=nope", None, 404, "there are: beds"),
    ("GET", "/buses/none/frames", None, 404, "driven buses: field, climate"),
]


def test_a_bad_request_gets_a_sentence(daemon: DaemonProcess) -> None:
    with daemon:
        daemon.wait_ready()
        for method, path, body, code, words in BAD_REQUESTS:
            status, answer = daemon.ask(method, path, body)
            assert status == code, (path, body, answer)
            assert words in f"{answer['message']} {answer['hint']}"


def test_people_by_hand(daemon: DaemonProcess, field: SimulatedField) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        assert daemon.cli("channel", "on", "pump", "--for", "2").returncode == 2
        shut = daemon.cli("channel", "on", "pump", "--for", "30s")
        assert shut.returncode == 1
        assert "switch valve on first" in shut.stderr
        assert daemon.cli("channel", "on", "valve", "--for", "1m").returncode == 0
        daemon.wait("/channels", lambda rows: any(r.get("output") == "valve" and r["on"] for r in rows))
        assert daemon.cli("channel", "on", "pump", "--for", "30s").returncode == 0
        daemon.wait("/channels", lambda rows: any(r.get("output") == "pump" and r["on"] for r in rows))
        shown = daemon.cli("channel", "read", "pump").stdout
        assert "on" in shown
        assert "ends" in shown
        assert daemon.cli("stop-all").returncode == 0
        daemon.wait("/channels", lambda rows: all(not r["owed_off"] for r in rows if "output" in r))
        assert not any(relays(field)[:2])
        refused = daemon.cli("channel", "on", "valve", "--for", "1s")
        assert refused.returncode == 1
        assert "edgectl resume" in refused.stderr
        daemon.kill()
        daemon.start()
        daemon.wait_ready()
        assert daemon.data("/status")["stopped"], "a stop survives a restart"
        assert daemon.cli("resume").returncode == 0
        assert daemon.cli("channel", "on", "valve", "--for", "1s").returncode == 0
        assert "ready" in daemon.cli("status").stdout
        for words in (("status",), ("tasks",), ("channel", "read"), ("alarms",)):
            json.loads(daemon.cli(*words, "--json").stdout)
        frames = daemon.cli("bus", "monitor", "field", "--once").stdout
        assert "> 01 05 02 01 00 0a" in frames
    assert daemon.cli("status").returncode == 3


def test_a_crowd_at_the_socket_keeps_no_stop_out(daemon: DaemonProcess) -> None:
    with daemon:
        daemon.wait_ready()
        crowd = []
        for _ in range(150):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.connect(str(daemon.socket))
            client.send(b"POST /tasks HTTP/1.1\r\nContent-Le")
            crowd.append(client)
        assert daemon.cli("stop-all").returncode == 0
        for client in crowd:
            client.close()


def test_the_same_name_without_times_is_the_same_wish(daemon: DaemonProcess) -> None:
    wish = ("task", "submit", "beds", "irrigation", "--duration", "1s", "--correlation-id", "from-a-script")
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        assert daemon.cli(*wish).stdout.startswith("accepted")
        daemon.wait("/tasks", lambda tasks: any(t["correlation_id"] == "from-a-script" and t["result"] for t in tasks))
        assert daemon.cli(*wish).stdout.startswith("duplicate")


def test_a_journal_that_is_taken_away_ends_the_daemon_safely(daemon: DaemonProcess, field: SimulatedField) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        (daemon.state / "journal.db").unlink()
        code, _ = daemon.ask("GET", "/tasks")
        assert code == 503
        with contextlib.suppress(OSError, http_client.HTTPException):
            daemon.ask("POST", "/outputs/valve/on", {"seconds": 30})
        assert daemon.process is not None
        assert daemon.process.wait(90) == 70
    assert "was removed or replaced while it was in use" in daemon.log.read_text()
    daemon.log.write_text("")
    assert not any(relays(field)[:2])


# ---------------------------------------------------------------- the field on a bad day


def active(status: dict[str, Any]) -> list[str]:
    return [alarm["id"] for alarm in status["alarms"] if alarm["active"]]


def test_unplug_and_replug(daemon: DaemonProcess, field: SimulatedField) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        for _ in range(3):
            field.control("unplug")
            status = daemon.wait("/status", lambda s: not s["buses"][0]["up"])
            assert status["ready"], "the other bus is there: the site goes on"
            field.control("plug")
            # A lamp whose hours began meanwhile has failed, and stays told until somebody has seen it.
            daemon.wait("/status", lambda s: s["buses"][0]["up"] and not {*active(s)} - {"schedule_failed:lamps"})


def test_a_board_that_is_another_one_is_refused(daemon: DaemonProcess, field: SimulatedField) -> None:
    field.fault("wrong_identity")
    with daemon:
        alarms = daemon.wait("/alarms", lambda rows: len(rows) >= 2)
        assert any("software version of a Waveshare board is 7" in alarm["message"] for alarm in alarms)
        code, body = daemon.ask("POST", "/outputs/valve/on", {"seconds": 1})
        assert code == 409
        assert "board does not answer" in body["message"]
        field.control("clear")
        daemon.wait("/alarms", lambda rows: not any(alarm["active"] for alarm in rows))


def test_a_welded_relay_is_told_until_it_is_off(daemon: DaemonProcess, field: SimulatedField) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        field.fault("welded_relay", relay=2)
        daemon.ask("POST", "/outputs/valve/on", {"seconds": 1})
        alarms = daemon.wait("/alarms", lambda rows: any("output_may_be_on" in r["id"] for r in rows))
        assert "switch valve off by hand" in " ".join(alarm["advice"] for alarm in alarms)
        field.control("clear")
        daemon.wait("/alarms", lambda rows: not any(r["active"] for r in rows))


@pytest.mark.parametrize("kind", ["late", "truncated", "bad_crc", "garbage", "crossed", "exception", "silent"])
def test_a_bad_line_never_becomes_a_value(daemon: DaemonProcess, field: SimulatedField, kind: str) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        injected = field.control("state")["injected"]
        for unit in (5, 7):
            field.fault(kind, unit=unit, count=6, ms=600)
        seen: list[float] = []

        def through(rows: Any) -> bool:
            values = {r["sensor"]: r["value"] for r in rows if "sensor" in r}
            if values["tank_level"] is not None:
                seen.append(values["tank_level"])
            done = field.control("state")["injected"] >= injected + 12 and len(seen) > 3
            return bool(done) and values["tank_level"] is not None and values["flow"] is not None

        daemon.wait("/channels", through, 60)
        level = field.control("state")["tank"] / 2
        assert all(abs(value - level) < 1 for value in seen), seen


def test_over_tcp_a_cut_connection_is_made_anew(daemon: DaemonProcess, field: SimulatedField) -> None:
    with daemon:
        daemon.wait_ready()
        before = field.control("state")["tcp_requests"]
        field.control("drop")
        daemon.wait("/status", lambda s: s["buses"][1]["up"])
        daemon.wait("/status", lambda _: field.control("state")["tcp_requests"] > before)


# ---------------------------------------------------------------- disk and clock


def test_a_disk_without_room_switches_nothing_on_and_heals(
    daemon: DaemonProcess, field: SimulatedField, tmp_path: Path
) -> None:
    """A file size limit stands for the full disk: SQLite hears the same from the kernel as from a full card."""
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        assert daemon.process is not None
        size = max(f.stat().st_size for f in daemon.state.iterdir() if f.name.startswith("journal.db"))
        subprocess.run(["prlimit", f"--pid={daemon.process.pid}", f"--fsize={size // 2}:unlimited"], check=True)
        code, body = 200, {}
        for _ in range(40):
            code, body = daemon.ask("POST", "/outputs/valve/on", {"seconds": 1})
            if code != 200:
                break
        assert code in (409, 503), (code, body)
        daemon.wait("/alarms", lambda rows: any(r["id"] == "storage_degraded:journal" for r in rows))
        status = daemon.data("/status")
        assert not status["ready"]
        before = len(field.trace())
        code, body = daemon.ask("POST", "/outputs/valve/on", {"seconds": 1})
        assert code in (409, 503)
        assert len(field.trace()) == before
        subprocess.run(["prlimit", f"--pid={daemon.process.pid}", "--fsize=unlimited:unlimited"], check=True)
        daemon.wait("/status", lambda s: s["ready"] and not any(o["owed_off"] for o in s["outputs"]))
        assert daemon.ask("POST", "/outputs/valve/on", {"seconds": 1})[0] == 200
        assert daemon.terminate() == 0
    assert broken(daemon.state / "journal.db", field.trace()) == []


def test_an_unreadable_journal_is_put_aside_and_control_goes_on(daemon: DaemonProcess) -> None:
    daemon.state.mkdir()
    (daemon.state / "journal.db").write_bytes(b"no database at all" * 1000)
    with daemon:
        daemon.wait_ready()
        assert any(alarm["id"] == "journal_lost:journal" for alarm in daemon.data("/alarms"))
        # The interval rests first: nobody knows when the last run was. A person may ask at once.
        assert daemon.ask("POST", "/tasks", {"zone": "beds", "payload": {"duration_s": 1}})[0] == 200
        assert watered(daemon)["status"] == "completed"
    assert (daemon.state / "journal.db.quarantine-1").exists()


def test_a_newer_journal_is_left_alone_and_the_start_refused(daemon: DaemonProcess, field: SimulatedField) -> None:
    daemon.state.mkdir()
    db = sqlite3.connect(daemon.state / "journal.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with daemon:
        assert daemon.process is not None
        assert daemon.process.wait(60) == 1
    assert "schema 99" in daemon.log.read_text()


def test_a_clock_at_1970_keeps_the_calendar_waiting_and_the_guards_running(daemon: DaemonProcess) -> None:
    daemon._prefix = (
        sys.executable,
        "-c",
        "import sys, time\n"
        "import edgectl.host.clock as clock\n"
        "class Flat:\n"  # the clock chip lost its battery
        "    monotonic_ns = staticmethod(time.monotonic_ns)\n"
        "    time_ns = staticmethod(lambda: 86_400 * 10**9 + time.monotonic_ns() % 10**12)\n"
        "clock.time = Flat\n"
        "clock._kernel_synchronised = lambda: False\n"
        "sys.argv = ['edgectl', *sys.argv[5:]]\n"
        "from edgectl.__main__ import main\n"
        "main()\n",
        "--",
    )
    with daemon:
        daemon.wait("/status", lambda s: s["phase"] == "ready")
        status = daemon.data("/status")
        assert status["clock"] == "untrusted"
        assert status["now"].startswith("1970")
        assert watered(daemon)["status"] == "completed", "an interval needs no calendar"
        assert not [t for t in daemon.data("/tasks") if t["task_type"] == "lighting"]
        assert daemon.terminate() == 0


def test_safe_state_without_a_daemon_and_without_a_site_file(daemon: DaemonProcess, field: SimulatedField) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        daemon.ask("POST", "/outputs/valve/on", {"seconds": 60})
        daemon.wait("/channels", lambda rows: any(r.get("output") == "valve" and r["on"] for r in rows))
        while_it_runs = daemon.cli("safe-state")
        assert while_it_runs.returncode == 0
        assert "asked to stop everything" in while_it_runs.stdout
        daemon.cli("resume")
        daemon.wait("/channels", lambda rows: all(not r["owed_off"] for r in rows if "output" in r))
        daemon.ask("POST", "/outputs/valve/on", {"seconds": 60})
        daemon.wait("/channels", lambda rows: any(r.get("output") == "valve" and r["on"] for r in rows))
        daemon.kill()
    daemon.site.unlink()
    assert relays(field)[1]
    done = daemon.cli("safe-state", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        {"output": "pump", "off": True, "reason": ""},
        {"output": "valve", "off": True, "reason": ""},
    ]
    assert not any(relays(field)[:2])
    field.control("unplug")
    lost = daemon.cli("safe-state")
    assert lost.returncode == 1
    assert "NOT PROVEN OFF" in lost.stdout


def test_a_door_that_cannot_be_opened_does_not_keep_the_plants_dry(daemon: DaemonProcess) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", daemon.http))
        other.listen()
        with daemon:
            daemon.wait("/status", lambda s: s["phase"] == "ready")
            assert watered(daemon)["status"] == "completed"
            status = daemon.data("/status")
            assert not status["ready"]
            assert "another program may use it" in status["not_ready_because"][0]


def test_a_journal_that_cannot_be_opened_is_asked_again(daemon: DaemonProcess, field: SimulatedField) -> None:
    daemon.state.mkdir()
    (daemon.state / "journal.db.new").mkdir()  # no file can be made there
    with daemon:
        daemon.wait_log("cannot be opened")
        assert not any(relays(field))
        (daemon.state / "journal.db.new").rmdir()
        daemon.wait_ready()


def test_what_people_put_on_a_zone_binds_the_real_daemon_and_outlives_its_death(
    daemon: DaemonProcess, field: SimulatedField
) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        said = daemon.cli("lock", "beds", "--why", "a new filter")
        assert (said.returncode, "isolator" in said.stdout) == (0, True)
        refused = daemon.cli("channel", "on", "valve", "--for", "2s")
        assert refused.returncode == 1
        assert "works in beds (a new filter)" in refused.stderr
        assert "edgectl unlock beds" in refused.stderr
        daemon.kill()
    with daemon:
        daemon.wait("/status", lambda s: s["ready"])
        assert "beds is locked" in daemon.cli("status").stdout
        assert daemon.cli("channel", "on", "valve", "--for", "2s").returncode == 1
        assert daemon.cli("unlock", "beds").returncode == 0
        assert daemon.cli("stop-water", "--why", "a leak").returncode == 0
        refused = daemon.cli("channel", "on", "valve", "--for", "2s")
        assert "the water is stopped" in refused.stderr
        assert daemon.cli("resume").returncode == 0
        assert daemon.cli("hold", "beds", "--for", "20d").returncode == 1
        assert daemon.cli("hold", "beds", "--for", "3d", "--why", "rain").returncode == 0
        assert daemon.cli("hold", "nowhere", "--for", "1h").returncode == 1
        for wrong in (float("nan"), float("inf"), -5, True, "1h"):
            code, answer = daemon.ask("POST", "/zones/beds/hold", {"seconds": wrong})
            assert code == 422, answer
            assert answer["hint"]
        assert daemon.ask("POST", "/zones/beds/stop_water", {})[0] == 404
        refused = daemon.cli("override", "beds", "vent", "30", "--for", "1h")
        assert "beds has no 'vent' to set" in refused.stderr, "this house has no vents"
        assert daemon.cli("override", "beds", "vent", "--end").returncode == 1
        assert daemon.cli("override", "beds", "vent", "30").returncode == 2
        for wrong in (float("inf"), True, "wide"):
            assert daemon.ask("POST", "/zones/beds/override/vent", {"value": wrong, "seconds": 60})[0] == 422
        assert daemon.cli("ack", "nothing:here", "--here").returncode == 1
        held = next(item for item in daemon.data("/status")["restraints"] if item["what"] == "hold")
        assert (held["zone"], held["why"]) == ("beds", "rain")
        assert daemon.cli("release", "beds").returncode == 0
        assert daemon.cli("mode", "beds", "manual").returncode == 0
        assert "manual mode" in daemon.cli("status").stdout
        assert daemon.cli("mode", "beds", "auto").returncode == 0
        assert daemon.data("/status")["restraints"] == []
        asked = daemon.cli("task", "submit", "beds", "irrigation", "--duration", "30s", "--json")
        task_id = json.loads(asked.stdout)["task_id"]
        daemon.wait("/status", lambda s: any(t["phase"] == "hold" for z in s["zones"] for t in z["tasks"]))
        assert daemon.cli("task", "cancel", task_id).returncode == 0
        ended = daemon.wait(f"/tasks/{task_id}", lambda t: t["result"] is not None)
        assert ended["result"]["error_code"] == "task_cancelled"
        assert ended["result"]["physical_effect"] == "partial"
        assert not any(relays(field)[:2])
        assert daemon.cli("task", "cancel", "st-nobody").returncode == 1


def test_a_sensor_is_calibrated_by_hand_and_bound_by_it_after_a_death(daemon: DaemonProcess) -> None:
    with daemon:
        daemon.wait_ready()

        def level() -> dict[str, Any]:
            return next(row for row in daemon.data("/channels") if row.get("sensor") == "tank_level")

        daemon.wait("/channels", lambda rows: any(r.get("sensor") == "tank_level" and r["value"] for r in rows))
        shown = level()["shown"]
        assert daemon.ask("POST", "/calibrations/tank_level", {"step": "begin"})[0] == 200
        assert level()["missing"] == "in_calibration"
        assert daemon.cli("calibrate", "cancel", "tank_level").returncode == 0
        assert daemon.cli("calibrate", "level", "nothing", "--at", "50", "--yes").returncode == 1
        done = daemon.cli("calibrate", "level", "tank_level", "--at", f"{shown + 2:g}", "--yes", "--json")
        assert done.returncode == 0, done.stderr
        assert abs(json.loads(done.stdout)["after"] - shown - 2) < 1
        daemon.kill()
        daemon.start()
        daemon.wait_ready()
        daemon.wait("/channels", lambda rows: any(r.get("sensor") == "tank_level" and r["value"] for r in rows))
        assert abs(level()["value"] - shown - 2) < 1
        assert level()["calibration"]["how"] == "level, points: 1"
        (kept,) = [row for row in json.loads(daemon.cli("calibrate", "list", "--json").stdout) if row["calibration"]]
        assert (kept["sensor"], kept["calibration"]["usual"]) == ("tank_level", True), "the file names no interval"
        done_at, due = (datetime.fromisoformat(kept["calibration"][when]) for when in ("at", "due"))
        assert (due - done_at).days == 365, "a level is looked at again after a year"
        assert "never, as far as edgectl knows: flow" in daemon.cli("calibrate", "list").stdout
        refused = daemon.cli("calibrate", "pump", "pump", "--ran", "20s", "--ml", "20")
        assert "no dosing pump with ml_per_s" in refused.stderr
