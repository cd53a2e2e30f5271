"""A door with the house's own certificate, on the real daemon: who believes it, what a phone sees, what a new
one does."""

import hashlib
import http.client
import json
import os
import re
import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, expect

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.ports import free_port
from tests.page.conftest import PHONE

pytestmark = pytest.mark.timeout(180)
WATCHED = free_port()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, field: SimulatedField) -> Iterator[DaemonProcess]:
    """A house whose door was opened by the command for it."""
    folder = tmp_path_factory.mktemp("door")
    (folder / "secrets").mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("EDGECTL_CREDENTIALS", str(folder / "secrets"))
        process = DaemonProcess(folder, write_site(folder, field, every="1h", duration="2s", travel="200ms"))
        listen = f"127.0.0.1:{process.http}"
        process.site.write_text(f"{process.site.read_text()}api: {{metrics: '127.0.0.1:{WATCHED}'}}\n")
        made = process.cli("door", "open", "--site", str(process.site), "--listen", listen)
        assert made.returncode == 0, made.stderr
        with process:
            process.wait_ready()
            yield process
        log = process.log.read_text()
        assert "Traceback" not in log, log[log.index("Traceback") :][:3000]
        assert "PRIVATE KEY" not in log


def key(house: DaemonProcess) -> Path:
    return house.folder / "secrets" / "door"


def answered(house: DaemonProcess, trusted: Path) -> tuple[int, str]:
    """A program that trusts this certificate and no other asks: what it got, and the fingerprint it met."""
    context = ssl.create_default_context(cafile=str(trusted))
    line = http.client.HTTPSConnection("127.0.0.1", house.http, timeout=20, context=context)
    try:
        line.request("GET", "/health/live")
        status = line.getresponse().status
        der = line.sock.getpeercert(binary_form=True)
    finally:
        line.close()
    return status, hashlib.sha256(der).digest().hex(":").upper()


def until(condition: Callable[[], Any], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to it"
        time.sleep(0.1)


def test_a_program_that_knows_the_certificate_comes_in_and_meets_the_printed_fingerprint(house: DaemonProcess) -> None:
    shown = json.loads(house.cli("door", "show", "--site", str(house.site), "--json").stdout)
    assert shown["shown"] is True
    assert answered(house, key(house)) == (200, shown["fingerprint"])
    code = json.loads(house.cli("token", "pair", "--json").stdout)
    assert code["fingerprint"] == shown["fingerprint"]
    assert code["address"] == f"https://127.0.0.1:{house.http}"
    strange = http.client.HTTPSConnection("127.0.0.1", house.http, timeout=20)
    with pytest.raises(ssl.SSLCertVerificationError):
        strange.request("GET", "/health/live")
    # Where the door stands open already, the command ends with a phone.
    again = house.cli("door", "open", "--site", str(house.site))
    assert re.search(r"code (?:[A-Z]{4}-){3}[A-Z]{4}, good once", again.stdout), again.stdout


def numbers(house: DaemonProcess, token: str) -> str:
    """What is read at the door of the numbers."""
    line = http.client.HTTPSConnection(
        "127.0.0.1", WATCHED, timeout=20, context=ssl.create_default_context(cafile=str(key(house)))
    )
    try:
        line.request("GET", "/metrics", headers={"authorization": f"Bearer {token}"})
        return line.getresponse().read().decode()
    finally:
        line.close()


def test_the_numbers_have_the_place_of_the_site_file_and_the_lock_of_the_door(house: DaemonProcess) -> None:
    token = house.cli("token", "add", "prometheus").stdout.strip()
    assert "token_not_known" in numbers(house, "none")
    shown = json.loads(house.cli("door", "show", "--site", str(house.site), "--json").stdout)
    ends = datetime.fromisoformat(shown["ends"]).timestamp()
    told = re.compile(r"^edgectl_door_certificate_expires_timestamp_seconds (\S+)$", re.M)
    until(lambda: [float(said) for said in told.findall(numbers(house, token))] == [ends])


def test_the_daemon_listens_at_its_door_and_its_socket_and_nowhere_else(house: DaemonProcess) -> None:
    assert house.process is not None
    proc = Path(f"/proc/{house.process.pid}")
    mine = {os.readlink(one) for one in (proc / "fd").iterdir()}
    heard = set()
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for row in (proc / "net" / kind).read_text().splitlines()[1:]:
            words = row.split()
            listens = kind.startswith("udp") or words[3] == "0A"
            if listens and f"socket:[{words[9]}]" in mine:
                heard.add((kind, words[1]))
    assert heard == {("tcp", f"0100007F:{port:04X}") for port in (house.http, WATCHED)}
    rows = [row.split() for row in (proc / "net" / "unix").read_text().splitlines()[1:]]
    named = [row[7] for row in rows if row[3] == "00010000" and f"socket:[{row[6]}]" in mine]
    claims = [
        name for name in named if name.startswith("@edgectl/port/")
    ]  # who drives a port; nobody is answered there
    assert len(claims) == 1
    assert [name for name in named if name not in claims] == [str(house.socket)]


def test_no_picture_of_its_memory_is_left_and_its_secrets_are_nowhere_else(house: DaemonProcess) -> None:
    assert house.process is not None
    proc = Path(f"/proc/{house.process.pid}")
    (cores,) = [row.split()[4:6] for row in (proc / "limits").read_text().splitlines() if row.startswith("Max core")]
    assert cores == ["0", "0"]
    token = house.cli("token", "add", "canary").stdout.strip()
    secrets = [token.encode(), *key(house).read_bytes().splitlines()[1:3]]
    assert all(len(one) > 40 for one in secrets)
    places = [proc / "cmdline", proc / "environ", house.log, *(one for one in house.state.rglob("*") if one.is_file())]
    assert [place for place in places if any(one in place.read_bytes() for one in secrets)] == []


def test_a_phone_is_warned_compares_and_is_let_in_by_its_code(house: DaemonProcess, browser: Browser) -> None:
    careful = browser.new_page()
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        careful.goto(f"https://127.0.0.1:{house.http}/pair")
    careful.close()
    code = json.loads(house.cli("token", "pair", "--name", "Ana", "--json").stdout)
    context = browser.new_context(viewport=PHONE, ignore_https_errors=True)  # as a person does who has compared
    page = context.new_page()
    page.goto(f"{code['address']}{code['path']}")
    expect(page.get_by_role("textbox")).to_have_value(code["code"])
    said = page.locator("main").inner_text()
    assert code["fingerprint"] in ":".join(re.findall(r"(?:[0-9A-F]{2}:){7}[0-9A-F]{2}", said))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits on a phone"
    page.get_by_role("button", name="enter").click()
    expect(page.locator("footer")).to_contain_text("Ana (")
    (cookie,) = [one for one in context.cookies() if one["name"] == "__Host-edgectl"]
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
    context.close()
    until(lambda: {(f"ACCESS_{what}", "Ana", "operator") for what in ("OFFERED", "GIVEN")} <= access(house))


def access(house: DaemonProcess) -> set[tuple[str, str, str]]:
    """What the timeline tells of access: event, whose, as what."""
    lines = [json.loads(row) for row in house.cli("journal", "export").stdout.splitlines() if '"ACCESS_' in row]
    return {(one["event_type"], one["details"]["name"], one["details"]["role"]) for one in lines}


def test_who_let_whom_in_stands_in_the_timeline(house: DaemonProcess) -> None:
    made = json.loads(house.cli("token", "add", "grafana", "--json").stdout)
    assert house.cli("token", "revoke", made["id"]).returncode == 0
    until(lambda: {(f"ACCESS_{what}", "grafana", "viewer") for what in ("GIVEN", "TAKEN")} <= access(house))
    exported = house.cli("journal", "export").stdout
    assert made["token"] not in exported
    assert made["id"] in exported


def test_a_new_certificate_is_shown_at_once_and_a_bad_one_never(house: DaemonProcess, tmp_path: Path) -> None:
    assert house.process is not None
    pid, old = house.process.pid, tmp_path / "old"
    shutil.copy(key(house), old)
    before = answered(house, old)[1]
    renewed = house.cli("door", "renew", "--site", str(house.site), "--json")
    assert renewed.returncode == 0, renewed.stderr
    now = json.loads(renewed.stdout)
    assert now["fingerprint"] != before
    until(lambda: house.cli("door", "show", "--site", str(house.site)).stdout.endswith("the door shows it\n"))
    assert answered(house, key(house)) == (200, now["fingerprint"])
    with pytest.raises(ssl.SSLCertVerificationError):
        answered(house, old)
    key(house).chmod(0o644)
    called = lambda rows: [row for row in rows if row["id"] == "certificate_ends:door" and row["active"]]  # noqa: E731
    (alarm,) = called(house.wait("/alarms", called))
    assert "others can read" in alarm["message"]
    assert answered(house, key(house)) == (200, now["fingerprint"]), "the door goes on with what it has"
    key(house).chmod(0o600)
    house.wait("/alarms", lambda rows: not called(rows))
    assert house.process.pid == pid
    assert house.process.poll() is None


def test_the_service_is_restarted_and_the_command_ends_with_a_phone(
    house: DaemonProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager, asked = tmp_path / "systemctl", tmp_path / "asked"
    manager.write_text(f'#!/bin/sh\necho "$@" > {asked}\n')
    manager.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert house.terminate() == 0
    with ThreadPoolExecutor(1) as other:
        opened = other.submit(house.cli, "door", "open", "--site", str(house.site), "--restart")
        until(asked.exists)
        house.start()
        said = opened.result(90)
    assert said.returncode == 0, said.stderr
    assert asked.read_text() == "restart edgectl\n"
    assert re.search(r"code (?:[A-Z]{4}-){3}[A-Z]{4}, good once", said.stdout), said.stdout
    house.wait_ready()


def test_a_key_that_others_can_read_shuts_the_door_and_keeps_no_plant_dry(
    tmp_path: Path, house: DaemonProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SimulatedField(tmp_path / "field") as other:
        (tmp_path / "secrets").mkdir()
        shutil.copy(key(house), tmp_path / "secrets" / "door")
        (tmp_path / "secrets" / "door").chmod(0o640)
        monkeypatch.setenv("EDGECTL_CREDENTIALS", str(tmp_path / "secrets"))
        site = write_site(tmp_path, other, every="1h", duration="1s", travel="200ms")
        site.write_text(f"{site.read_text()}api: {{certificate: {{credential: door}}}}\n")
        with DaemonProcess(tmp_path, site) as shut:
            shut.wait("/tasks", lambda tasks: any(t["task_type"] == "irrigation" and t["result"] for t in tasks), 60)
            status, told = shut.ask("GET", "/health/ready")
            assert status == 503
            assert "others can read the credential" in json.dumps(told)
            with pytest.raises(ConnectionRefusedError):
                answered(shut, key(house))
            shut.wait("/alarms", lambda rows: any(row["id"] == "certificate_ends:door" for row in rows))
