"""A person asks a device again and again while the real daemon waters: nobody goes thirsty, and the person is told."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)
ON, OFF = "01 05 02 00", "01 05 00 00 00 00"  # the pump, by a pulse; and off


class Asker(threading.Thread):
    """Asks two units what they are, the board and one that is not there, without a pause; keeps the answers."""

    def __init__(self, daemon: DaemonProcess) -> None:
        super().__init__(daemon=True)
        self.told: Counter[str] = Counter()
        self.refusals: list[dict[str, Any]] = []
        self.frames: dict[int, dict[str, Any]] = {}
        self.done = threading.Event()
        self._daemon = daemon

    def run(self) -> None:
        while not self.done.is_set():
            for unit in (1, 33):
                status, body = self._daemon.ask("GET", f"/buses/field/units/{unit}")
                self.told["answered" if status == 200 else body["code"]] += 1
                self.refusals += [body] if status == 409 else []
                after = max(self.frames, default=0)
                lines = self._daemon.data(f"/buses/field/frames?after={after}")["lines"]
                self.frames |= {line["number"]: line for line in lines}

    def by_hand(self) -> int:
        """How many of its frames have been seen on the line."""
        return sum(line["note"] == "by hand" for line in list(self.frames.values()))


def beside_the_pump(frames: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """The questions of a guest that left between an ON of the pump and the OFF that followed."""
    on, found = False, []
    for _, line in sorted(frames.items()):
        if line["direction"] == ">":
            on = (on or line["data"].startswith(ON)) and not line["data"].startswith(OFF)
            found += [line] if on and line["note"] == "by hand" else []
    return found


def test_who_asks_without_a_pause_makes_no_watering_thirsty(tmp_path: Path) -> None:
    with SimulatedField(tmp_path / "field") as field:
        site = write_site(tmp_path, field, every="1h", duration="7s", travel="200ms", run_down="200ms")
        with DaemonProcess(tmp_path, site) as daemon:
            daemon.wait_ready()
            asker = Asker(daemon)
            asker.start()
            ended = lambda rows: [t for t in rows if t["task_type"] == "irrigation" and t["result"]]  # noqa: E731
            tasks = ended(daemon.wait("/tasks", lambda rows: ended(rows), within_s=90))
            daemon.wait("/status", lambda _: asker.told["answered"] and asker.by_hand() > 20, within_s=60)
            asker.done.set()
            asker.join(30)
            assert {(t["status"], t["result"]["physical_effect"]) for t in tasks} == {("completed", "full")}, tasks
            assert any(line["data"].startswith(ON) for line in asker.frames.values()), "and while it watered"
            assert beside_the_pump(asker.frames) == []
            refused = next(body for body in asker.refusals if body["code"] == "bus_in_use")
            assert "bus field is kept for " in refused["message"]
            assert refused["hint"].startswith(("ask again at ", "edgectl bus monitor"))
            assert not [alarm for alarm in daemon.data("/status")["alarms"] if "flow" in alarm["id"]]
