"""A real daemon that dies, and a board that ends by itself what it had on: nobody is left to do it."""

import json
import time
from pathlib import Path

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField


def guarded_site(folder: Path, field: SimulatedField) -> Path:
    """The demo house with one more valve, on a board with a watchdog."""
    site = write_site(folder, field, every="30m")
    text = site.read_text()
    text = text.replace("  level: {bus", "  guard: {bus: field, profile: wb-mr6c, unit: 3}\n  level: {bus", 1)
    text = text.replace("  lamp:  {to", "  tap:   {to: guard.relay_1, role: valve, max_on: 2m}\n  lamp:  {to", 1)
    site.write_text(text)
    return site


def until(field: SimulatedField, on: bool, within_s: float) -> bool:
    """Is the tap seen so in this time?"""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if field.control("state")["guarded"][0] is on:
            return True
        time.sleep(0.1)
    return False


def test_what_was_on_when_the_daemon_died_is_dropped_by_its_board(tmp_path: Path) -> None:
    with SimulatedField(tmp_path / "field") as field:
        assert field.control("state")["armed"]["938"] == 0, "as it comes from the factory"
        daemon = DaemonProcess(tmp_path, guarded_site(tmp_path, field)).start()
        try:
            daemon.wait_ready()
            daemon.wait("/status", lambda s: all(not d["down"] for b in s["buses"] for d in b["devices"]))
            ordered = daemon.cli("channel", "on", "tap", "--for", "90s")
            assert ordered.returncode == 0, ordered.stderr
            assert until(field, True, 60)
            assert field.control("state")["armed"]["938"] == 1
            assert field.control("state")["armed"]["6"] == 0
            assert "DEVICE_SET_UP" in daemon.log.read_text()
        finally:
            daemon.kill()
        assert until(field, False, 60), "the board waits ten seconds for a word"
        rows = [json.loads(line) for line in (field.folder / "trace.jsonl").read_text().splitlines()]
        fell = [row for row in rows if row["relay"] == "guarded_1" and not row["on"]]
        assert fell[-1]["why"] == "watchdog"
