"""An outside scheduler at the doors of the real daemon: leases, codes, a restart on either side, tasks for later."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def field(tmp_path: Path) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path / "field") as running:
        yield running


@pytest.fixture
def daemon(tmp_path: Path, field: SimulatedField) -> Iterator[DaemonProcess]:
    """A house that takes an outside scheduler and waters only when it is told to."""
    site = write_site(tmp_path, field, every="1h", duration="1s", travel="200ms")
    text = site.read_text()
    start, end = text.index("  watering:"), text.index("  lamps:")
    site.write_text(f"{text[:start]}{text[end:]}api: {{outside_scheduler: true}}\n")
    with DaemonProcess(tmp_path, site) as process:
        process.wait_ready()
        yield process
        assert "Traceback" not in process.log.read_text()


def at(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def bootstrap(daemon: DaemonProcess, name: str = "cloud") -> dict[str, str]:
    """The headers of a scheduler that has its lease."""
    wish = {"scheduler_id": name, "scheduler_version": "7", "protocol_version": "2.0", "capabilities": {}}
    status, answer = daemon.ask("POST", "/scheduler/bootstrap", wish)
    assert (status, answer["data"]["bootstrap_status"]) == (200, "ready")
    return {"X-Scheduler-Id": name, "X-Scheduler-Lease-Id": answer["data"]["lease_id"], "X-Trace-Id": "trace-7"}


def wish(name: str, **more: Any) -> dict[str, Any]:
    return {
        "zone_id": 1,
        "task_type": "irrigation",
        "payload": {"duration_s": 2},
        "correlation_id": name,
        "scheduled_for": at(0),
        "due_at": at(60),
        "expires_at": at(120),
        **more,
    }


def post(daemon: DaemonProcess, path: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, Any]:
    status, answer = daemon.ask("POST", path, body, headers)
    return status, answer.get("code") or answer["data"]


def ended(daemon: DaemonProcess, task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = daemon.wait(f"/scheduler/task/{task_id}", lambda task: task["result"] is not None)
    return found


def test_a_lease_that_is_lost_with_the_daemon_is_taken_again_and_nothing_runs_twice(
    daemon: DaemonProcess, field: SimulatedField
) -> None:
    headers = bootstrap(daemon)
    task = wish("sch:z1:irrigation:once")
    status, first = post(daemon, "/scheduler/task", task, headers)
    assert (status, first["is_duplicate"], first["zone_id"]) == (200, False, 1)
    assert ended(daemon, first["task_id"])["status"] == "completed"
    daemon.kill()
    daemon.start().wait_ready()
    assert post(daemon, "/scheduler/task", task, headers) == (409, "scheduler_lease_not_found")
    beat = {"scheduler_id": "cloud", "lease_id": headers["X-Scheduler-Lease-Id"]}
    assert post(daemon, "/scheduler/bootstrap/heartbeat", beat, {})[1]["reason"] == "lease_not_found"
    anew = bootstrap(daemon)
    status, again = post(daemon, "/scheduler/task", task, anew)
    assert (status, again["is_duplicate"], again["task_id"]) == (200, True, first["task_id"])
    other = {**task, "payload": {"duration_s": 3}}
    assert post(daemon, "/scheduler/task", other, anew) == (409, "idempotency_payload_mismatch")
    assert sum(row["relay"] == "relay_1" and row["on"] for row in field.trace()) == 1, "the pump ran once"
    assert len([t for t in daemon.data("/tasks?limit=50") if t["task_type"] == "irrigation"]) == 1


def test_every_refusal_has_its_code(daemon: DaemonProcess) -> None:
    task = wish("sch:z1:irrigation:wrong")
    assert post(daemon, "/scheduler/task", task, {}) == (403, "scheduler_bootstrap_required")
    headers = bootstrap(daemon)
    stranger = {**headers, "X-Scheduler-Id": "laptop"}
    assert post(daemon, "/scheduler/task", task, stranger) == (409, "scheduler_lease_mismatch")
    for wrong, expected in (
        ({"due_at": None}, (422, "due_at_required_or_invalid")),
        ({"due_at": "soon"}, (422, "due_at_required_or_invalid")),
        ({"expires_at": None}, (422, "expires_at_required_or_invalid")),
        ({"scheduled_for": "noon"}, (422, "scheduled_for_invalid")),
        ({"expires_at": at(30)}, (422, "expires_at_must_be_after_due_at")),
        ({"due_at": at(-60)}, (422, "due_at_must_be_gte_scheduled_for")),
        ({"correlation_id": "short"}, (422, "correlation_id_required_or_invalid")),
        ({"task_type": "dance"}, (422, "unsupported_task_type")),
        ({"zone_id": 77}, (404, "unknown_zone")),
    ):
        assert post(daemon, "/scheduler/task", {**task, **wrong}, headers) == expected, wrong
    _, answer = daemon.ask("POST", "/scheduler/bootstrap", {"scheduler_id": "cloud", "protocol_version": "1.0"})
    assert answer["data"]["reason"] == "protocol_not_supported"
    assert post(daemon, "/scheduler/bootstrap", {"protocol_version": "2.0"}, {}) == (422, "payload_invalid")


def test_a_task_for_later_outlives_the_daemon_and_is_handed_over_once(daemon: DaemonProcess) -> None:
    later = {"zone_id": 1, "task_type": "irrigation", "payload": {"duration_s": 1}, "source": "engine"}
    later |= {"correlation_id": "ae:self:1:irrigation:7", "scheduled_for": at(6), "expires_at": at(600)}
    status, kept = post(daemon, "/scheduler/internal/enqueue", later, {})
    assert (status, kept["status"], kept["enqueue_id"][:4]) == (200, "pending", "enq-")
    daemon.kill()
    daemon.start().wait_ready()
    status, again = post(daemon, "/scheduler/internal/enqueue", later, {})
    assert (again["enqueue_id"], again["is_duplicate"]) == (kept["enqueue_id"], True)
    task = ended(daemon, kept["task_id"])
    assert task["status"] == "completed"
    events = [line["event_type"] for line in daemon.data(f"/tasks/{kept['task_id']}")["timeline"]]
    assert (events.count("SELF_TASK_ENQUEUED"), events.count("SELF_TASK_DISPATCHED")) == (1, 1)
    assert datetime.fromisoformat(task["due_at"]) > datetime.fromisoformat(task["scheduled_for"])


def test_what_can_never_be_done_later_is_refused_now(daemon: DaemonProcess) -> None:
    later = {"zone_id": 1, "task_type": "irrigation", "payload": {"duration_s": 1}}
    for wrong, code in (
        ({"scheduled_for": "later"}, "scheduled_for_invalid"),
        ({"expires_at": "never"}, "expires_at_invalid"),
        ({"scheduled_for": at(-90), "expires_at": at(-60)}, "expires_at_is_in_the_past"),
        ({"scheduled_for": at(60), "expires_at": at(30)}, "expires_at_before_scheduled_for"),
    ):
        assert post(daemon, "/scheduler/internal/enqueue", {**later, **wrong}, {}) == (422, code)
    assert not [t for t in daemon.data("/tasks?limit=50") if t["task_type"] == "irrigation"]
