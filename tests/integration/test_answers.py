"""Every route of the real daemon, asked for what there is: each answer, and each refusal, has the shape that
/openapi.json gives it. A new route fails here until it is in the table."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from tests.integration.test_api import ask

pytestmark = pytest.mark.timeout(240)
NO_JSON = {("GET", "/metrics"), ("GET", "/events"), ("GET", "/openapi.json")}
TASK = {"zone": "beds", "task_type": "irrigation", "payload": {"duration_s": 1}}
LATER = {"zone_id": 1, "task_type": "irrigation", "payload": {"duration_s": 1}}
TIMES = {"due_at": "2001-01-01T00:00:00Z", "expires_at": "2001-01-01T00:01:00Z", "correlation_id": "long-ago-0001"}

# method, path, parts of the path, body, what is answered
Asked = tuple[str, str, dict[str, str], Any, int]
ASKED: list[Asked] = [
    ("GET", "/health/live", {}, None, 200),
    ("GET", "/health/ready", {}, None, 200),
    ("GET", "/status", {}, None, 200),
    ("GET", "/central", {}, None, 404),
    ("GET", "/channels", {}, None, 200),
    ("GET", "/outputs", {}, None, 200),
    ("GET", "/calibrations", {}, None, 200),
    ("GET", "/zones", {}, None, 200),
    ("GET", "/tasks", {}, None, 200),
    ("GET", "/tasks/{task_id}", {}, None, 200),
    ("GET", "/tasks/{task_id}", {"task_id": "st-none"}, None, 404),
    ("GET", "/api/zones/{zone}/scheduler-tasks", {}, None, 200),
    ("GET", "/api/zones/{zone}/scheduler-tasks", {"zone": "9"}, None, 404),
    ("GET", "/api/zones/{zone}/scheduler-tasks/{task_id}", {}, None, 200),
    ("GET", "/zones/{zone}/automation-state", {}, None, 200),
    ("GET", "/sensors/{sensor}/past", {"sensor": "tank_level"}, None, 200),
    ("GET", "/sensors/{sensor}/past", {"sensor": "none"}, None, 404),
    ("GET", "/day", {}, None, 200),
    ("GET", "/day?date=someday", {}, None, 422),
    ("GET", "/missed", {}, None, 200),
    ("GET", "/left-out", {}, None, 200),
    ("GET", "/buses/{bus}/frames", {}, None, 200),
    ("GET", "/buses/{bus}/frames", {"bus": "none"}, None, 404),
    ("POST", "/central", {}, {}, 404),
    ("POST", "/tasks", {}, TASK, 200),
    ("POST", "/tasks", {}, {**TASK, "payload": {"duration_s": 6000}}, 422),
    ("POST", "/tasks/{task_id}/cancel", {"task_id": "st-none"}, {}, 404),
    ("POST", "/tasks/{task_id}/approve", {}, {}, 404),
    ("POST", "/zones/{zone}/mode", {}, {"mode": "auto"}, 200),
    ("POST", "/zones/{zone}/mode", {}, {"mode": "wild"}, 422),
    ("POST", "/zones/{zone}/lock", {}, {"why": "filter"}, 200),
    ("DELETE", "/zones/{zone}/lock", {}, None, 200),
    ("POST", "/zones/{zone}/hold", {}, {"seconds": 60}, 200),
    ("DELETE", "/zones/{zone}/hold", {}, None, 200),
    ("DELETE", "/zones/{zone}/hold", {}, None, 409),
    ("POST", "/zones/{zone}/override/{setting}", {"setting": "none"}, {"value": 1.0, "seconds": 60.0}, 422),
    ("DELETE", "/zones/{zone}/override/{setting}", {"setting": "none"}, None, 422),
    ("GET", "/overrides", {}, None, 200),
    ("POST", "/calibrations/{subject}", {"subject": "tank_level"}, {"step": "begin"}, 200),
    ("POST", "/calibrations/{subject}", {"subject": "tank_level"}, {"step": "cancel"}, 200),
    ("POST", "/calibrations/{subject}", {"subject": "none"}, {"step": "begin"}, 404),
    ("POST", "/outputs/{name}/on", {"name": "lamp"}, {"seconds": 1.0}, 200),
    ("POST", "/outputs/{name}/on", {"name": "none"}, {"seconds": 1.0}, 404),
    ("POST", "/outputs/{name}/off", {"name": "lamp"}, {}, 200),
    ("POST", "/outputs/{name}/tried", {"name": "lamp"}, {"moved": True, "read_back": True}, 200),
    ("POST", "/stop-water", {}, {"why": "leak"}, 200),
    ("POST", "/stop-all", {}, {}, 200),
    ("POST", "/resume", {}, {}, 200),
    ("GET", "/buses/{bus}/asking", {}, None, 200),
    ("GET", "/buses/{bus}/asking", {"bus": "none"}, None, 404),
    ("GET", "/buses/{bus}/units/{unit}", {}, None, 200),
    ("GET", "/buses/{bus}/units/{unit}", {"unit": "999"}, None, 422),
    ("GET", "/buses/{bus}/units/{unit}/registers/{room}", {"room": "coils"}, None, 200),
    ("GET", "/buses/{bus}/units/{unit}/registers/{room}", {"bus": "none", "room": "coils"}, None, 404),
    ("POST", "/buses/{bus}/units/{unit}/settings/{setting}", {"setting": "none"}, {"value": "1"}, 409),
    ("GET", "/schedules", {}, None, 200),
    ("POST", "/schedules/{name}/hold", {"name": "watering"}, {"seconds": 60.0}, 200),
    ("DELETE", "/schedules/{name}/hold", {"name": "watering"}, None, 200),
    ("DELETE", "/schedules/{name}/hold", {"name": "none"}, None, 404),
    ("POST", "/schedules/{name}/run-now", {"name": "watering"}, {}, 200),
    ("POST", "/scheduler/bootstrap", {}, {"scheduler_id": "s", "protocol_version": "1.0"}, 200),
    ("POST", "/scheduler/bootstrap", {}, {"scheduler_id": "s"}, 200),
    ("POST", "/scheduler/bootstrap/heartbeat", {}, {"scheduler_id": "s", "lease_id": "none"}, 200),
    ("POST", "/scheduler/task", {}, {"zone_id": 1, "task_type": "irrigation", **TIMES}, 403),
    ("GET", "/scheduler/task/{task_id}", {}, None, 200),
    ("GET", "/scheduler/task/{task_id}", {"task_id": "st-none"}, None, 404),
    (
        "POST",
        "/scheduler/internal/enqueue",
        {},
        {"zone_id": 1, "task_type": "irrigation", "payload": {"duration_s": 1}},
        200,
    ),
    ("POST", "/scheduler/internal/enqueue", {}, {"zone_id": 9, "task_type": "irrigation"}, 404),
    ("GET", "/access/tokens", {}, None, 200),
    ("POST", "/access/tokens", {}, {"name": "grafana", "role": "viewer"}, 200),
    ("POST", "/access/tokens", {}, {"name": "grafana", "role": "king"}, 422),
    ("DELETE", "/access/tokens/{token_id}", {"token_id": "none"}, None, 404),
    ("POST", "/access/pairings", {}, {"name": "phone"}, 200),
    ("GET", "/alarms", {}, None, 200),
    ("POST", "/alarms/{alarm_id}/shelve", {}, {"seconds": 60.0}, 200),
    ("DELETE", "/alarms/{alarm_id}/shelve", {}, None, 200),
    ("DELETE", "/alarms/{alarm_id}/shelve", {}, None, 409),
    ("POST", "/alarms/{alarm_id}/ack", {}, {}, 200),
    ("POST", "/alarms/{alarm_id}/ack", {"alarm_id": "none"}, {}, 404),
]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A house with an alarm, a task that has run, and an outside scheduler."""
    folder = tmp_path_factory.mktemp("answers")
    with SimulatedField(folder / "field") as field:
        site = write_site(folder, field, every="1h", duration="1s", travel="200ms")
        site.write_text(site.read_text() + "api: {outside_scheduler: true}\n")
        with DaemonProcess(folder, site) as process:
            process.wait_ready()
            process.wait("/tasks", lambda tasks: any(t["task_type"] == "irrigation" and t["result"] for t in tasks))
            field.fault("silent", unit=7)
            process.wait("/alarms", lambda rows: any(row["id"] == "device_silent:meter" for row in rows))
            yield process


@pytest.fixture(scope="module")
def document(daemon: DaemonProcess) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ask(daemon, "GET", "/openapi.json")[2])
    return found


def shape_of(document: dict[str, Any], method: str, path: str, status: int) -> dict[str, Any]:
    """The schema of an answer, with everything that it refers to."""
    answers = document["paths"][path][method.lower()]["responses"]
    assert str(status) in answers, f"{method} {path} answers {status}, and the document knows {sorted(answers)}"
    return {**answers[str(status)]["content"]["application/json"]["schema"], "components": document["components"]}


def test_the_document_is_one_of_openapi_3_1_and_its_shapes_are_json_schema(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(set(names)) == len(names)
    for shape in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **shape})


def test_every_route_is_in_the_table(document: dict[str, Any]) -> None:
    there = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert {(method, path.partition("?")[0]) for method, path, *_ in ASKED} == there - NO_JSON


def test_every_answer_and_every_refusal_has_the_shape_that_is_written(
    daemon: DaemonProcess, document: dict[str, Any]
) -> None:
    engineer = daemon.cli("token", "add", "test", "--role", "engineer").stdout.strip()
    ran = next(task for task in daemon.data("/tasks") if task["task_type"] == "irrigation")["task_id"]
    usual = {"zone": "beds", "task_id": ran, "bus": "field", "unit": "1", "alarm_id": "device_silent:meter"}
    wrong = []
    for method, path, parts, body, expected in ASKED:
        if "/units/" in path:  # a person's question waits for nothing, and goes on no bus that something running needs
            daemon.wait("/outputs", lambda rows: not any(row["owed_off"] for row in rows if row["role"] != "light"))
        status, _, text = ask(daemon, method, path.format_map(usual | parts), engineer, body)
        if status != expected:
            wrong.append(f"{method} {path} {body}: {status} instead of {expected}: {text[:300]!r}")
            continue
        shape = shape_of(document, method, path.partition("?")[0], status)
        told = [str(error) for error in jsonschema_rs.iter_errors(shape, json.loads(text))]
        wrong += [f"{method} {path} {status}: {error}" for error in told]
    assert not wrong, "\n".join(wrong)
    for method, path, parts, body, _ in ASKED:  # and whoever may not
        if document["paths"][path.partition("?")[0]][method.lower()]["x-role"] != "anyone":
            status, _, text = ask(daemon, method, path.format_map(usual | parts), None, body)
            assert status == 401, (method, path, text)
            jsonschema_rs.validate(shape_of(document, method, path.partition("?")[0], 401), json.loads(text))
