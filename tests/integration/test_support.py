"""Whoever helps gets one file, and no secret in it; the doctor works with and without a daemon."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(120)
CANARIES = ("kanarienvogel-site", "kanarienvogel-log", "kanarienvogel-who")


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
    log.write_text(f"Authorization: Bearer {CANARIES[1]}\n{token}\nall is well\n")
    out = tmp_path / "bundle.tar.gz"
    words = ("support-bundle", "--out", str(out), "--site", str(daemon.site), "--log", str(log))
    done = daemon.cli(*words)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o777 == 0o600
    with tarfile.open(out) as bundle:
        files = {member.name: bundle.extractfile(member) for member in bundle.getmembers()}
        texts = {name: file.read().decode() for name, file in files.items() if file is not None}
    for name, text in texts.items():
        for secret in (*CANARIES, token):
            assert secret not in text, f"{secret} in {name}"
    assert json.loads(texts["edgectl-support/status.json"])["site"]["name"] == "Demo house"
    assert "role: pump" in texts["edgectl-support/site/site.yaml"]
    assert "all is well" in texts["edgectl-support/log.txt"]
    assert daemon.cli(*words).returncode == 1, "nothing is overwritten"


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
    daemon.kill()
    daemon.site.write_text("site: 1\n")
    alone = daemon.cli(*words)
    assert alone.returncode == 1
    assert "edgectl check" in alone.stdout
    assert "does not answer" in alone.stdout


def test_top_shows_the_house_once_when_asked(daemon: DaemonProcess) -> None:
    shown = daemon.cli("top", "--once")
    assert shown.returncode == 0, shown.stderr
    assert "Demo house" in shown.stdout
    assert "pump" in shown.stdout
    assert json.loads(daemon.cli("top", "--json").stdout)["ready"] is True
