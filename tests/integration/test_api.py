"""The door to the network, on the real daemon: who may what on every route, and what a hostile neighbour gets."""

import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgectl.api import http as doors
from edgectl.api.access import Role
from edgectl.api.web.door import TABLE
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.ports import free_port

pytestmark = pytest.mark.timeout(240)
ROLES = ("viewer", "operator", "engineer")
WATCHED = free_port()  # the door of the numbers


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One daemon for the whole file: no question of it depends on what another one did."""
    folder = tmp_path_factory.mktemp("api")
    with SimulatedField(folder / "field") as field:
        site = write_site(folder, field, every="1h", duration="2s", travel="200ms")
        process = DaemonProcess(folder, site, options=("--metrics", f"127.0.0.1:{WATCHED}"))
        with process:
            process.wait_ready()
            process.wait("/tasks", lambda tasks: any(t["task_type"] == "irrigation" and t["result"] for t in tasks))
            yield process
        log = process.log.read_text()
        assert "Traceback" not in log, log[log.index("Traceback") :][:3000]


@pytest.fixture(scope="module")
def tokens(daemon: DaemonProcess) -> dict[str, str]:
    made = {role: daemon.cli("token", "add", f"test-{role}", "--role", role) for role in ROLES}
    assert all(done.returncode == 0 for done in made.values()), made
    return {role: done.stdout.strip() for role, done in made.items()}


def ask(
    daemon: DaemonProcess,
    method: str,
    path: str,
    token: str | None = None,
    body: Any = None,
    *,
    port: int = 0,
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """One request over TCP, to the door of the page unless told: status, headers, body."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    payload = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    if payload is not None:
        sent.setdefault("content-type", "application/json")
    connection = http.client.HTTPConnection("127.0.0.1", port or daemon.http, timeout=20)
    try:
        connection.request(method, path, payload, sent)
        answer = connection.getresponse()
        known = {name.lower(): value for name, value in answer.getheaders()}
        # A stream has no end: its beginning is enough.
        stream = method != "HEAD" and known.get("content-type", "").startswith("text/event-stream")
        text = b"" if stream else answer.read()
        return answer.status, known, text
    finally:
        connection.close()


def table(daemon: DaemonProcess) -> list[tuple[str, str, Role]]:
    """Every operation that the daemon lists, with its role."""
    listed = json.loads(ask(daemon, "GET", "/openapi.json")[2])
    return [
        (method.upper(), path, Role(operation["x-role"]))
        for path, methods in listed["paths"].items()
        for method, operation in methods.items()
    ]


# ---------------------------------------------------------------- the table


def test_every_route_of_both_doors_has_a_role() -> None:
    inside: Any = _nothing_inside()
    listed = {(one.method, one.path) for one in doors.operations(inside)}
    for app in (doors.local(inside), doors.network(inside, doors.Address(names=frozenset()))):
        for route in app.routes:
            operation = getattr(route.endpoint, "operation", None)  # type: ignore[attr-defined]
            assert operation is not None, f"{route} can be reached and has no role"
            assert operation.role in Role
            if operation.answer is not None:
                assert (operation.method, operation.path) in listed


def test_a_route_without_a_role_would_be_found() -> None:
    from starlette.routing import Route

    assert not hasattr(Route("/secret", lambda request: None).endpoint, "operation")


def test_what_changes_anything_needs_an_operator_at_least() -> None:
    inside: Any = _nothing_inside()
    for one in doors.operations(inside):
        if one.method != "GET":
            assert one.role.may(Role.OPERATOR), f"{one.method} {one.path} is open to {one.role}"


def _nothing_inside() -> Any:
    from unittest.mock import MagicMock

    return MagicMock()


@pytest.mark.parametrize("asker", ["nobody", "a wrong token", "another scheme", *ROLES])
def test_each_route_lets_in_who_may_and_nobody_else(daemon: DaemonProcess, tokens: dict[str, str], asker: str) -> None:
    """Every route, every role, every kind of token: 100 % of what /openapi.json lists, which is what the doors have."""
    operations = table(daemon)
    assert len(operations) >= 30
    role = Role(asker) if asker in ROLES else Role.ANYONE
    for method, path, needed in operations:
        # The parts of a path are names that do not exist: what is let in changes nothing.
        concrete = re.sub(r"{\w+}", "none-of-these", path)
        body = None if method == "GET" else {"unknown": True}
        token = tokens.get(asker)
        headers = {}
        if asker == "a wrong token":
            headers = {"authorization": "Bearer " + "x" * 43}
        elif asker == "another scheme":
            headers = {"authorization": f"Basic {tokens['engineer']}"}
        status, _, text = ask(daemon, method, concrete, token, body, **headers)
        place = f"{asker} {method} {path}: {status} {text[:200]!r}"
        if headers:
            assert status in (401, 429), place  # after a few wrong ones nothing is looked at any more
        elif role.may(needed):
            assert status not in (401, 429, 500), place
            assert status != 403 or json.loads(text)["code"] == "scheduler_bootstrap_required", place
        else:
            assert status == (401 if role is Role.ANYONE else 403), place
            assert json.loads(text)["code"] in ("who_are_you", "role_too_low"), place
    _cool_down(daemon)


@pytest.mark.parametrize("asker", ["nobody", *ROLES])
def test_each_button_of_the_page_is_for_those_who_may_press_it(daemon: DaemonProcess, asker: str) -> None:
    """Every route of the page by the cookie of each role: what is drawn is no lock, this is."""
    cookie = {} if asker == "nobody" else {"cookie": paired(daemon, asker)}
    role = Role(asker) if asker in ROLES else Role.ANYONE
    for path, method, needed, _ in (row for row in TABLE if row[0] not in ("/page/leave", "/page/live")):
        concrete = re.sub(r"{[\w:]+}", "none-of-these", path)
        sent = {"origin": f"http://127.0.0.1:{daemon.http}", "content_type": "text/plain"}
        body = None if method == "GET" else b""
        status, headers, text = ask(daemon, method, concrete, None, body, **sent, **cookie)
        place = f"{asker} {method} {path}: {status} {text[:300]!r}"
        if needed is Role.ANYONE:  # a code that is none, a file that is not there
            assert status in (200, 404) or ((path, method) == ("/pair", "POST") and status in (401, 429)), place
        elif role.may(needed):
            assert status not in (401, 403, 429, 500), place
            assert headers.get("location") != "/pair", place
        elif role is Role.ANYONE and method == "GET":
            assert (status, headers["location"]) == (303, "/pair"), place
        else:
            assert status == (401 if role is Role.ANYONE else 403), place
    assert daemon.ask("POST", "/resume", {})[0] == 200


def paired(daemon: DaemonProcess, role: str) -> str:
    """A phone comes in by its code: its cookie."""
    code = json.loads(daemon.cli("token", "pair", "--role", role, "--json").stdout)["code"]
    form = {"origin": f"http://127.0.0.1:{daemon.http}", "content_type": "application/x-www-form-urlencoded"}
    deadline, status = time.monotonic() + 60, 429
    while status == 429:  # this machine may have sent too many wrong ones before
        assert time.monotonic() < deadline
        status, headers, text = ask(daemon, "POST", "/pair", None, f"code={code}".encode(), **form)
        time.sleep(0.2)
    assert status == 303, text
    cookie, _, more = headers["set-cookie"].partition(";")
    assert {part.strip().lower() for part in more.split(";")} >= {"httponly", "samesite=strict", "path=/"}
    return cookie


def _cool_down(daemon: DaemonProcess) -> None:
    """Wait until somebody without a token is answered again."""
    deadline = time.monotonic() + 60
    while ask(daemon, "GET", "/health/live")[0] == 429:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_an_operator_orders_is_written_down_under_the_name_of_the_token(
    daemon: DaemonProcess, tokens: dict[str, str]
) -> None:
    status, _, text = ask(daemon, "POST", "/zones/beds/hold", tokens["operator"], {"seconds": 60, "why": "test"})
    assert status == 200, text
    held = next(row for row in daemon.data("/status")["restraints"] if row["what"] == "hold")
    assert held["who"].startswith("test-operator (")
    assert ask(daemon, "DELETE", "/zones/beds/hold", tokens["operator"])[0] == 200


def test_a_service_lock_is_taken_off_by_its_owner_or_an_engineer_and_by_nobody_else(
    daemon: DaemonProcess, tokens: dict[str, str]
) -> None:
    lock, other = "/zones/beds/lock", daemon.cli("token", "add", "other", "--role", "operator").stdout.strip()
    for unlocker in (tokens["operator"], tokens["engineer"]):
        given = {"why": "filter", "who": "Ana"}
        assert ask(daemon, "POST", lock, tokens["operator"], given)[0] == 200
        status, _, text = ask(daemon, "DELETE", lock, other)
        assert (status, json.loads(text)["code"]) == (403, "lock_of_another")
        assert "Ana locked beds (filter) and alone takes that off" in json.loads(text)["message"]
        assert ask(daemon, "POST", lock, other, given)[0] == 409, "the name alone makes nobody its owner"
        assert ask(daemon, "DELETE", lock, unlocker)[0] == 200
    assert ask(daemon, "POST", lock, tokens["operator"], {"why": "filter"})[0] == 200
    done = daemon.cli("unlock", "beds")  # the daemon's own user, as root, is an engineer
    assert done.returncode == 0, done.stderr


def test_a_code_for_a_phone_names_the_door_as_it_is(daemon: DaemonProcess) -> None:
    told = daemon.cli("token", "pair").stdout
    assert f"open http://127.0.0.1:{daemon.http}/pair#" in told
    assert "for this machine alone" in told


def test_what_an_order_can_be_given_for_can_be_looked_at(daemon: DaemonProcess, tokens: dict[str, str]) -> None:
    def rows(path: str) -> list[dict[str, Any]]:
        status, _, text = ask(daemon, "GET", path, tokens["viewer"])
        assert status == 200, text
        found: list[dict[str, Any]] = json.loads(text)["data"]
        return found

    assert [row["output"] for row in rows("/outputs")] == ["pump", "valve", "lamp"]
    assert rows("/overrides") == []
    level = "/calibrations/tank_level"
    assert ask(daemon, "POST", level, tokens["operator"], {"step": "begin"})[0] == 200
    try:
        (taken,) = [row for row in rows("/calibrations") if row["sensor"] == "tank_level"]
        assert (taken["missing"], taken["value"], taken["unit"]) == ("in_calibration", None, "%")
        assert taken["shown"] > 0, "what the device shows stays to be read"
    finally:
        assert ask(daemon, "POST", level, tokens["operator"], {"step": "cancel"})[0] == 200


def test_a_revoked_token_is_out_at_once(daemon: DaemonProcess) -> None:
    secret = daemon.cli("token", "add", "guest").stdout.strip()
    assert ask(daemon, "GET", "/status", secret)[0] == 200
    reader = Reader(daemon, secret)
    listed = json.loads(daemon.cli("token", "list", "--json").stdout)
    assert all(secret not in json.dumps(row) for row in listed)
    (guest,) = [row["id"] for row in listed if row["name"] == "guest"]
    assert daemon.cli("token", "revoke", guest).returncode == 0
    # 429 where this machine has sent too many wrong ones before: it is out in both cases
    assert ask(daemon, "GET", "/status", secret)[0] in (401, 429)
    assert secret not in daemon.log.read_text(), "no secret in the log"
    kept = [path for path in daemon.state.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert not kept, "nor in journal, book, or anything else that stays"
    reader.socket.settimeout(30)
    while reader.file.readline():
        pass  # and the stream that was open ends too
    reader.close()


# ---------------------------------------------------------------- shapes


def test_the_tasks_of_a_zone_keep_the_shape_of_the_contract(daemon: DaemonProcess, tokens: dict[str, str]) -> None:
    viewer = tokens["viewer"]
    status, _, text = ask(daemon, "GET", "/api/zones/1/scheduler-tasks?limit=5&include_timeline=1", viewer)
    assert status == 200
    answer = json.loads(text)
    assert answer["status"] == "ok"
    task = next(row for row in answer["data"] if row["task_type"] == "irrigation")
    assert isinstance(task["zone_id"], int)
    assert [set(step) for step in task["lifecycle"]] == [{"status", "at", "error", "source"}] * len(task["lifecycle"])
    assert task["lifecycle"][0]["status"] == "accepted"
    seqs = [line["seq"] for line in task["timeline"]]
    assert seqs == sorted(seqs)
    assert task["timeline"][-1]["event_type"] == "TASK_FINISHED"
    assert all(re.fullmatch(r"[0-9a-f]{64}", line["prev_hash"]) for line in task["timeline"])
    assert len({line["prev_hash"] for line in task["timeline"]}) == len(seqs), "each line follows another one"
    status, _, text = ask(daemon, "GET", "/api/zones/beds/scheduler-tasks", viewer)
    assert all("timeline" not in row for row in json.loads(text)["data"])
    one = json.loads(ask(daemon, "GET", f"/api/zones/1/scheduler-tasks/{task['task_id']}", viewer)[2])["data"]
    assert one["timeline"] == task["timeline"]
    assert ask(daemon, "GET", "/api/zones/9/scheduler-tasks", viewer)[0] == 404
    assert ask(daemon, "GET", "/api/zones/1/scheduler-tasks/st-000000", viewer)[0] == 404
    for limit in ("0", "101", "-1", "x", "²"):
        assert ask(daemon, "GET", f"/api/zones/1/scheduler-tasks?limit={_quoted(limit)}", viewer)[0] == 422


def test_what_the_water_of_a_zone_is_doing_is_told_in_six_words(daemon: DaemonProcess, tokens: dict[str, str]) -> None:
    for zone in ("1", "beds"):
        status, _, text = ask(daemon, "GET", f"/zones/{zone}/automation-state", tokens["viewer"])
        assert status == 200, text
        view = json.loads(text)["data"]
        assert (view["zone"], view["zone_id"], view["state"], view["next_state"]) == ("beds", 1, "READY", "IRRIGATING")
        assert "there is water" in view["state_details"]["why"]
    assert ask(daemon, "GET", "/zones/9/automation-state", tokens["viewer"])[0] == 404


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text)


def test_presets_and_words_find_tasks(daemon: DaemonProcess, tokens: dict[str, str]) -> None:
    def found(query: str) -> list[dict[str, Any]]:
        status, _, text = ask(daemon, "GET", f"/tasks?{query}", tokens["viewer"])
        assert status == 200, text
        rows: list[dict[str, Any]] = json.loads(text)["data"]
        return rows

    done = next(row for row in found("preset=done_confirmed") if row["task_type"] == "irrigation")
    assert done["result"]["commands_effect_confirmed"] == done["result"]["commands_total"] > 0
    assert found("preset=done_unconfirmed") == []
    assert found("preset=deadline") == []
    for words in (done["task_id"], "IRRIGATION", "completed", "irrigation_required", "needs+water+now"):
        assert done["task_id"] in {row["task_id"] for row in found(f"search={words}")}, words
    assert found("search=%25") == [], "a percent sign is looked for as it stands"
    assert found("search=no+such+words") == []


def test_the_document_describes_what_the_daemon_does(
    daemon: DaemonProcess, tokens: dict[str, str], tmp_path: Path
) -> None:
    """Schemathesis makes requests out of the document, good and bad, and holds the answers against it."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"http://127.0.0.1:{daemon.http}/openapi.json",
        f"--header=Authorization: Bearer {tokens['engineer']}",
        "--checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--max-examples=8",
        "--phases=examples,fuzzing",
        "--mode=all",
        "--exclude-path=/events",
        "--exclude-path=/health/ready",
        "--rate-limit=18/s",
        "--seed=1",
        "--no-color",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert daemon.ask("POST", "/resume", {})[0] == 200


# ---------------------------------------------------------------- the stream


class Reader:
    """A client of /events that reads by line."""

    def __init__(self, daemon: DaemonProcess, token: str, **headers: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", daemon.http), timeout=30)
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        head = ["GET /events HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", *lines, "", ""]
        self.socket.sendall("\r\n".join(head).encode())
        self.file = self.socket.makefile()
        self.status = int(self.file.readline().split()[1])

    def events(self, count: int) -> list[tuple[int, str, dict[str, Any]]]:
        """The next events: id, kind, data."""
        found: list[tuple[int, str, dict[str, Any]]] = []
        self.journal, number, kind, deadline = "", 0, "", time.monotonic() + 40
        while len(found) < count:
            line = self.file.readline()
            assert line, f"the stream ended with status {self.status}"
            assert time.monotonic() < deadline, f"{len(found)} of {count} events came"
            if line.startswith("id: "):
                self.journal, _, last = line[4:].partition(".")
                number = int(last)
            elif line.startswith("event: "):
                kind = line[7:].strip()
            elif line.startswith("data: "):
                found.append((number, kind, json.loads(line[6:])))
        return found

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def test_a_stream_resumes_behind_the_last_line_it_told(daemon: DaemonProcess, tokens: dict[str, str]) -> None:
    reader = Reader(daemon, tokens["viewer"], last_event_id="0")
    first = reader.events(10)
    reader.close()
    assert [number for number, _, _ in first] == list(range(1, 11)), "from the very first line, none left out"
    for resume in ("6", f"{reader.journal}.6"):
        again = Reader(daemon, tokens["viewer"], last_event_id=resume)
        assert again.events(4) == first[6:]
        again.close()
    live = Reader(daemon, tokens["viewer"])
    assert live.status == 200
    while not live.file.readline().startswith(": the timeline"):
        pass
    daemon.ask("POST", "/outputs/lamp/off", {})
    while live.events(1)[0][2]["event_type"] != "MANUAL_OFF":
        pass
    live.close()


def test_a_stream_of_another_journal_is_told_that_it_begins_anew(daemon: DaemonProcess, tokens: dict[str, str]) -> None:
    for resume in ("999999999", f"{'0' * 32}.1"):
        reader = Reader(daemon, tokens["viewer"], last_event_id=resume)
        assert reader.events(1)[0][1] == "restarted"
        reader.close()


@pytest.mark.parametrize("resume", ["-1", "x", "1e3", "9" * 40, "1 2", "%00"])
def test_a_malformed_resume_is_refused_with_a_sentence(
    daemon: DaemonProcess, tokens: dict[str, str], resume: str
) -> None:
    status, _, text = ask(daemon, "GET", "/events", tokens["viewer"], last_event_id=resume)
    assert status == 422
    assert "is no number of a line" in json.loads(text)["message"]


def test_there_is_room_for_fifty_streams_and_an_end_to_them(daemon: DaemonProcess, tokens: dict[str, str]) -> None:
    before = _rss(daemon)
    readers = []
    for _ in range(50):
        readers.append(Reader(daemon, tokens["viewer"]))
        time.sleep(0.05)  # the rate that one token has
    assert {reader.status for reader in readers} == {200}
    grown = _rss(daemon) - before
    assert grown < 12_000, f"{grown} kB for fifty streams"
    assert daemon.cli("status").returncode == 0
    for reader in readers:
        reader.close()
    deadline = time.monotonic() + 20
    while True:  # closing is noticed: new ones find room
        again = Reader(daemon, tokens["viewer"])
        status = again.status
        again.close()
        if status == 200 or time.monotonic() > deadline:
            break
    assert status == 200


def _rss(daemon: DaemonProcess) -> int:
    assert daemon.process is not None
    text = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", text)[0])


# ---------------------------------------------------------------- hostile neighbours


def test_bodies_are_json_and_have_a_size(daemon: DaemonProcess, tokens: dict[str, str]) -> None:
    operator = tokens["operator"]
    path = "/outputs/valve/on"
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert ask(daemon, "POST", path, operator, b"seconds=5", **form)[0] == 415
    assert ask(daemon, "POST", path, operator, b'{"seconds": 5}', content_type="text/plain")[0] == 415
    assert ask(daemon, "POST", path, operator, b"{" + b" " * 70_000 + b"}")[0] == 413
    for wrong in (b"", b"[]", b"{", b"\xff", b'{"seconds": "5"}', b'{"seconds": NaN}', b'{"seconds": 5, "x": 1}'):
        status, _, text = ask(daemon, "POST", path, operator, wrong)
        assert status in (400, 422), (wrong, text)
        assert "Error" not in json.loads(text)["message"]


def test_a_header_without_end_and_a_slow_asker_cost_one_connection_each(daemon: DaemonProcess) -> None:
    with socket.create_connection(("127.0.0.1", daemon.http), timeout=10) as client:
        client.sendall(b"GET /health/live HTTP/1.1\r\nX: ")
        try:
            for _ in range(40):
                client.sendall(b"x" * 8192)
            answer = client.recv(100)
        except OSError:
            answer = b""
        assert answer == b"" or b" 400 " in answer
    slow = socket.create_connection(("127.0.0.1", daemon.http), timeout=30)
    began = time.monotonic()
    slow.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n")
    closed = False
    while time.monotonic() - began < 25 and not closed:
        try:
            slow.sendall(b"X-Slow: 1\r\n")
            slow.settimeout(0.5)
            closed = slow.recv(10) == b""
        except TimeoutError:
            continue
        except OSError:
            closed = True
    slow.close()
    assert closed, "a question that never ends is cut off"
    assert ask(daemon, "GET", "/health/live")[0] == 200


def test_a_page_of_somebody_else_can_do_nothing_with_the_name_of_this_machine(
    daemon: DaemonProcess, tokens: dict[str, str]
) -> None:
    status, _, text = ask(daemon, "GET", "/status", tokens["viewer"], host="evil.example")
    assert (status, json.loads(text)["code"]) == (421, "host_not_known")
    assert ask(daemon, "GET", "/health/live", host="evil.example:9405")[0] == 421
    assert ask(daemon, "GET", "/metrics", host="evil.example")[0] == 421
    status, headers, _ = ask(daemon, "GET", "/status", tokens["viewer"], origin="https://evil.example")
    assert status == 200
    assert not [name for name in headers if name.startswith("access-control")], "no other page may read it"
    assert ask(daemon, "OPTIONS", "/stop-all", origin="https://evil.example")[0] == 405


TRICKS = ("/status/", "//status", "/./status", "/status%00", "/status;x", "/STATUS")


def test_what_is_not_there_is_told_in_the_same_shape(daemon: DaemonProcess) -> None:
    wrong = [("GET", "/nothing", "no_such_path"), ("PUT", "/status", "no_such_method")]
    wrong += [("GET", path, "no_such_path") for path in TRICKS]
    for method, path, code in wrong:
        _, headers, text = ask(daemon, method, path, host="evil.example")
        assert "location" not in headers, f"{path} leads to where the asker wants"
        answer = json.loads(text)
        assert set(answer) == {"status", "code", "message", "detail", "hint"}
        assert answer["code"] == code


# ---------------------------------------------------------------- the address


def refusal(folder: Path, *options: str) -> str:
    command = [sys.executable, "-m", "edgectl", "run", "--site", "examples/small.yaml", "--state", str(folder)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (1, 2), done.stdout
    return done.stderr


def test_the_network_is_refused_without_a_lock_on_the_door(tmp_path: Path) -> None:
    assert "--metrics 0.0.0.0:0 would open the door" in refusal(tmp_path, "--metrics", "0.0.0.0:0")
    said = refusal(tmp_path, "--http", "0.0.0.0:0")
    assert "without a lock" in said
    assert "--tls-cert" in said
    assert "belong together" in refusal(tmp_path, "--http", "0.0.0.0:0", "--tls-cert", "a.pem")
    key = tmp_path / "key.pem"
    key.write_text("")
    key.chmod(0o644)
    said = refusal(tmp_path, "--http", "0.0.0.0:0", "--tls-cert", str(key), "--tls-key", str(key))
    assert "everybody may read the key" in said
    assert not (tmp_path / "journal.db").exists(), "nothing was started"


def test_numbers_have_a_door_of_their_own_that_shows_and_takes_nothing_else(
    daemon: DaemonProcess, tokens: dict[str, str]
) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert ask(daemon, "GET", path, port=WATCHED)[0] == 200, path
    assert b'edgectl_output_known{output="pump"} 1.0' in ask(daemon, "GET", "/metrics", port=WATCHED)[2]
    listed = {path for _, path, _ in table(daemon)} | {"/", "/page/zones", "/pair", "/openapi.json"}
    for path in sorted(listed - {"/health/live", "/health/ready", "/metrics"}):
        for method in ("GET", "POST", "DELETE"):
            status, _, text = ask(daemon, method, path, tokens["engineer"], b"{}", port=WATCHED)
            assert status in (404, 405, 429), (method, path)
            assert status == 429 or "here are /health/live" in json.loads(text)["hint"]
    _cool_down(daemon)


def test_with_a_certificate_the_door_speaks_tls_and_asks_who_it_is(
    tmp_path: Path, daemon: DaemonProcess, tokens: dict[str, str]
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    made += [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        str(key),
        "-out",
        str(cert),
    ]
    subprocess.run(made, check=True, capture_output=True, timeout=30)
    key.chmod(0o600)
    with SimulatedField(tmp_path / "field") as field:
        options = ("--tls-cert", str(cert), "--tls-key", str(key))
        locked = DaemonProcess(tmp_path, write_site(tmp_path, field, every="1h"), options=options)
        with locked:
            locked.wait_ready()
            context = ssl.create_default_context(cafile=str(cert))
            context.check_hostname = False
            for path, expected in (("/health/live", 200), ("/status", 401), ("/metrics", 401)):
                connection = http.client.HTTPSConnection("127.0.0.1", locked.http, timeout=20, context=context)
                connection.request("GET", path)
                assert connection.getresponse().status == expected, path
                connection.close()
            with socket.create_connection(("127.0.0.1", locked.http), timeout=20) as plain:
                plain.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert b"200" not in plain.recv(100)
