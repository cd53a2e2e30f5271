"""The real daemon in a loop of kills: it comes up each time, ceases to act, and leads again when asked."""

from pathlib import Path

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)


def test_the_third_kill_within_ten_minutes_makes_it_watch_until_somebody_has_looked(tmp_path: Path) -> None:
    with SimulatedField(tmp_path / "field") as field:
        site = write_site(tmp_path, field, every="1s", duration="1s", travel="200ms", run_down="200ms", restarts=2)
        daemon = DaemonProcess(tmp_path, site)
        with daemon:
            for _ in range(3):
                daemon.wait_ready()
                daemon.kill()
                daemon.start()
            alarms = daemon.wait("/alarms", lambda rows: any("observe_only" in row["id"] for row in rows))
            (alarm,) = [row for row in alarms if "observe_only" in row["id"]]
            assert alarm["id"] == "observe_only:controller"
            status = daemon.wait("/status", lambda data: any("leading" in why for why in data["not_ready_because"]))
            assert not status["ready"]
            before = [move for move in field.trace() if move["on"]]
            code, answer = daemon.ask("POST", "/tasks", {"zone": "beds", "payload": {"duration_s": 1}})
            assert (code, answer["code"]) == (503, "not_ready")
            code, answer = daemon.ask("POST", "/outputs/valve/on", {"seconds": 1})
            assert (code, answer["code"]) == (409, "vetoed")
            assert [move for move in field.trace() if move["on"]] == before
            assert daemon.cli("ack", "observe_only:controller").returncode == 0
            daemon.wait_ready()
            daemon.wait("/tasks", lambda tasks: [t for t in tasks if t["task_type"] == "irrigation" and _done(t)])
            assert len([move for move in field.trace() if move["on"]]) > len(before)
            assert daemon.terminate() == 0
        assert "Traceback" not in daemon.log.read_text()


def _done(task: dict[str, object]) -> bool:
    return task["status"] == "completed"
