"""Behind the walls of the unit the daemon's work still works, and what it must not do is refused, not fatal."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.integration.units import FOLDER, lacking

ROOT = FOLDER.parent
MODULES = (
    "edgectl.__main__",
    "edgectl.host.certificate",
    "cryptography.x509",
    "edgectl.journal.sqlite",
    "edgectl.drivers.registry",
    "pymodbus.client",
)


def probe(unit: Path) -> dict[str, dict[str, str]]:
    """What the probe reports from behind the walls of this unit file."""
    inside = [sys.executable, str(Path(__file__).with_name("probe.py")), *MODULES]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.integration.cage", str(unit), *inside],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout)


def test_the_daemon_can_work_and_cannot_do_harm() -> None:
    report = probe(FOLDER / "edgectl.service")
    assert set(report["done"].values()) == {"ok"}, report["done"]
    families = {"raw packets", "netlink"}
    assert {k: v for k, v in report["tried"].items() if k in families} == dict.fromkeys(families, "EAFNOSUPPORT")
    rest = {k: v for k, v in report["tried"].items() if k not in families}
    assert len(rest) >= 9
    assert rest == dict.fromkeys(rest, "EPERM")


def test_the_probe_notices_a_missing_wall(tmp_path: Path) -> None:
    text = (FOLDER / "edgectl.service").read_text()
    weaker = tmp_path / "edgectl.service"
    weaker.write_text(lacking(text, "MemoryDenyWriteExecute=yes"))
    assert probe(weaker)["tried"]["write and execute"] == "ok"
    weaker.write_text(f"{text}\n[Service]\nSystemCallFilter=adjtimex clock_adjtime\n")
    assert probe(weaker)["tried"]["ask the clock"] == "ok"
    weaker.write_text(text.replace("SystemCallFilter=~@privileged", "SystemCallFilter=~flock @privileged"))
    assert probe(weaker)["done"]["journal"] == "EPERM"


def test_the_clock_unit_may_ask_and_not_set() -> None:
    tried = probe(FOLDER / "edgectl-clock.service")["tried"]
    assert tried["ask the clock"] == "ok"
    assert {v for k, v in tried.items() if k not in {"ask the clock", "raw packets", "netlink"}} == {"EPERM"}
