"""Whoever helps gets one file, and no secret in it; the doctor works with and without a daemon."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)
CANARIES = ("kanarienvogel-site", "kanarienvogel-log", "kanarienvogel-who", "kanarienvogel-phone", "kanarienvogel-key")
KEY = f"-----BEGIN PRIVATE KEY-----\n{CANARIES[4]}\n-----END PRIVATE KEY-----"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    with SimulatedField(tmp_path / "field") as field:
        site = write_site(tmp_path, field, every="1h", duration="2s", travel="200ms")
        site.write_text(site.read_text() + f"# db: postgresql://edge:{CANARIES[0]}@host/plants\n")
        with DaemonProcess(tmp_path, site) as process:
            process.wait_ready()
            yield process


def test_the_bundle_holds_what_helps_and_no_secret(daemon: DaemonProcess, tmp_path: Path) -> None:
    token = daemon.cli("token", "add", "grafana").stdout.strip()
    daemon.cli("lock", "beds", "--why", f"password={CANARIES[2]}")
    log = tmp_path / "extra.log"
    told = f"tgram://123456:{CANARIES[3]}/42 does not answer\n{KEY}\n"
    log.write_text(f"Authorization: Bearer {CANARIES[1]}\n{token}\n{told}all is well\n")
    out = tmp_path / "bundle.tar.gz"
    words = ("support-bundle", "--out", str(out), "--site", str(daemon.site), "--log", str(log))
    done = daemon.cli(*words)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o777 == 0o600
    texts = opened(out)
    for name, text in texts.items():
        for secret in (*CANARIES, token):
            assert secret not in text, f"{secret} in {name}"
    assert json.loads(texts["edgectl-support/status.json"])["site"]["name"] == "Demo house"
    assert "role: pump" in texts["edgectl-support/site/site.yaml"]
    assert "all is well" in texts["edgectl-support/log.txt"]
    assert daemon.cli(*words).returncode == 1, "nothing is overwritten"
    refused = daemon.cli("tasks", "--offline")
    assert (refused.returncode, "already drives the site" in refused.stderr) == (1, True)


def opened(path: Path) -> dict[str, str]:
    with tarfile.open(path) as bundle:
        files = {member.name: bundle.extractfile(member) for member in bundle.getmembers()}
        return {name: file.read().decode() for name, file in files.items() if file is not None}


def test_the_doctor_says_what_is_wrong_and_what_to_do(daemon: DaemonProcess, tmp_path: Path) -> None:
    words = ("doctor", "--site", str(daemon.site))
    well = daemon.cli(*words)
    assert well.returncode == 0, well.stdout
    assert "there, and usable" in well.stdout
    (daemon.state / "tokens.json").write_text("[]")
    (daemon.state / "tokens.json").chmod(0o644)
    ill = daemon.cli(*words, "--json")
    assert ill.returncode == 1
    (found,) = [one for one in json.loads(ill.stdout) if one["state"] == "bad"]
    assert found["do"] == f"chmod 600 {daemon.state / 'tokens.json'}"
    (daemon.state / "tokens.json").chmod(0o600)
    (daemon.state / "journal.db.quarantine-1").write_bytes(b"")
    assert "put aside: journal.db.quarantine-1" in daemon.cli(*words).stdout
    daemon.kill()
    daemon.site.write_text("site: 1\n")
    alone = daemon.cli(*words)
    assert alone.returncode == 1
    assert "edgectl check" in alone.stdout
    assert "does not answer" in alone.stdout


def test_a_house_whose_daemon_was_killed_still_tells_what_happened(daemon: DaemonProcess, tmp_path: Path) -> None:
    """When help is needed most, nobody answers: the journal does, and the next start finds it as it was."""
    ran = daemon.wait("/tasks", lambda tasks: any(task["task_type"] == "lighting" for task in tasks))
    daemon.kill()
    site = ("--site", str(daemon.site))
    told = daemon.cli("tasks", "--offline", *site)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("OFFLINE: no daemon drives the house from here")
    assert all(task["task_id"] in told.stdout for task in ran)
    assert daemon.cli("status", "--offline", *site).returncode == 1
    out = tmp_path / "dead.tar.gz"
    assert daemon.cli("support-bundle", "--out", str(out), *site).returncode == 0
    kept = json.loads(opened(out)["edgectl-support/tasks.json"])
    assert kept["offline"] is True
    assert {task["task_id"] for task in ran} <= {task["task_id"] for task in kept["data"]}
    daemon.start()
    daemon.wait_ready()
    assert {task["task_id"] for task in ran} <= {task["task_id"] for task in daemon.data("/tasks?limit=100")}
    assert not list(daemon.state.glob("journal.db.quarantine-*"))


def test_top_shows_the_house_once_when_asked(daemon: DaemonProcess) -> None:
    shown = daemon.cli("top", "--once")
    assert shown.returncode == 0, shown.stderr
    assert "Demo house" in shown.stdout
    assert "pump" in shown.stdout
    assert json.loads(daemon.cli("top", "--json").stdout)["ready"] is True
