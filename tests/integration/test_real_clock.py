"""The real daemon under a wall clock that is set while it runs, and at starts with a clock that cannot be right.

libfaketime moves CLOCK_REALTIME of the process alone; the monotonic clock, by which everything lasts, goes on.
"""

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.wall import FAKETIME

pytestmark = pytest.mark.timeout(240)
BERLIN = ZoneInfo("Europe/Berlin")
# libfaketime moves absolute timers of every clock, those of the monotonic one too; the kernel does no such thing.
OUR_OWN_TIMER = """
import ctypes, sys, types
import edgectl.host.timer as timer
timer.ctypes = types.SimpleNamespace(
    CDLL=lambda _, **more: ctypes.CDLL("libc.so.6", **more), byref=ctypes.byref, get_errno=ctypes.get_errno
)
sys.argv = ["edgectl", *sys.argv[5:]]
from edgectl.__main__ import main
main()
"""


class Wall:
    """The wall clock of one daemon, and whether its kernel calls it synchronised."""

    def __init__(self, folder: Path) -> None:
        self._offset, self._synchronised = folder / "offset", folder / "synchronised"
        self.set_back_by_nothing()

    @property
    def prefix(self) -> tuple[str, ...]:
        """What makes a process read this clock."""
        return (
            "env",
            "-u",
            "FAKETIME",
            f"LD_PRELOAD={FAKETIME}",
            f"FAKETIME_TIMESTAMP_FILE={self._offset}",
            "FAKETIME_NO_CACHE=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "DONT_FAKE_MONOTONIC=1",
            "NO_FAKE_STAT=1",
            f"EDGECTL_CLOCK_SYNCHRONISED={self._synchronised}",
            sys.executable,
            "-c",
            OUR_OWN_TIMER,
            "--",
        )

    def set_back_by_nothing(self) -> None:
        """As the machine has it."""
        self._offset.write_text("+0\n")

    def set(self, local: str) -> None:
        """Somebody sets the clock; `local` is what people at the site read then."""
        target = datetime.fromisoformat(local).replace(tzinfo=BERLIN).timestamp()
        draft = self._offset.with_suffix(".new")
        draft.write_text(f"{round(target - time.time()):+d}\n")
        draft.rename(self._offset)

    def synchronised(self, yes: bool) -> None:
        """A time server answers, or none does."""
        if yes:
            self._synchronised.touch()
        else:
            self._synchronised.unlink(missing_ok=True)


@pytest.fixture
def wall(tmp_path: Path) -> Wall:
    return Wall(tmp_path)


@pytest.fixture
def daemon(tmp_path: Path, wall: Wall) -> Iterator[DaemonProcess]:
    """A house that waters at six in the morning, and by the clock only."""
    with SimulatedField(tmp_path / "field") as field:
        site = write_site(
            tmp_path, field, every="1h", duration="1s", travel="200ms", run_down="200ms", timezone=BERLIN.key
        )
        text = site.read_text()
        assert "every: 1h" in text
        site.write_text(text.replace("every: 1h", 'at: ["06:00"]'))
        process = DaemonProcess(tmp_path, site, prefix=wall.prefix)
        yield process
        if process.process is not None and process.process.poll() is None:
            process.kill()
        assert "Traceback" not in process.log.read_text()


def waterings(daemon: DaemonProcess) -> list[dict[str, Any]]:
    return [task for task in daemon.data("/tasks?limit=100") if task["task_type"] == "irrigation"]


def watered(daemon: DaemonProcess, times: int) -> list[dict[str, Any]]:
    """Wait until so many runs have ended."""
    daemon.wait(
        "/tasks?limit=100",
        lambda tasks: sum(t["task_type"] == "irrigation" and t["result"] is not None for t in tasks) >= times,
        60,
    )
    return waterings(daemon)


def said(daemon: DaemonProcess, action: str) -> list[str]:
    lines = [json.loads(line) for line in daemon.log.read_text().splitlines() if line.startswith("{")]
    return [line["text"] for line in lines if line.get("action") == action]


def skipped(daemon: DaemonProcess) -> list[str]:
    """The rows of mornings that were left out."""
    return [row for row in said(daemon, "SCHEDULE_SKIPPED") if "schedule watering" in row]


def wait_said(daemon: DaemonProcess, action: str, times: int = 1) -> list[str]:
    """Wait until a line was said so often."""
    daemon.wait("/status", lambda _: len(said(daemon, action)) >= times, 60)
    return said(daemon, action)


def test_a_clock_that_is_set_to_and_back_runs_nothing_twice_and_loses_nothing(
    daemon: DaemonProcess, wall: Wall
) -> None:
    wall.synchronised(True)
    wall.set("2026-06-01T05:30:00")
    with daemon:
        daemon.wait_ready()
        wall.set("2026-06-01T05:59:58")
        wait_said(daemon, "CLOCK_STEPPED")
        (first,) = watered(daemon, 1)
        assert (first["status"], first["scheduled_for"][:16]) == ("completed", "2026-06-01T04:00")
        wall.set("2026-06-01T05:59:55")  # back over the run that has just been
        wait_said(daemon, "CLOCK_STEPPED", 2)
        daemon.wait("/status", lambda status: status["now"] > "2026-06-01T04:00:05", 60)
        assert len(waterings(daemon)) == 1, "the cursor has answered for six o'clock"
        wall.set("2026-06-03T14:00:00")  # two mornings are skipped over, both too old to be made up for
        wait_said(daemon, "CLOCK_STEPPED", 3)
        daemon.wait("/status", lambda _: len(skipped(daemon)) >= 2, 60)
        rows = skipped(daemon)
        assert ["catchup_skipped" in row for row in rows] == [True, True]
        assert [day in row for day, row in zip(("06-02T04:00", "06-03T04:00"), rows, strict=True)] == [True, True]
        wall.set("2026-06-04T07:30:00")  # one morning, an hour and a half ago: that is made up for, once
        second = next(t for t in watered(daemon, 2) if t["task_id"] != first["task_id"])
        assert second["payload"]["catchup_original_trigger_time"][:16] == "2026-06-04T04:00"
        wall.set("2026-05-20T12:00:00")  # two weeks back, and then forward again
        wait_said(daemon, "CLOCK_STEPPED", 5)
        wall.set("2026-06-04T08:00:00")
        wait_said(daemon, "CLOCK_STEPPED", 6)
        assert daemon.terminate() == 0
    with daemon:
        daemon.wait_ready()
        assert len(waterings(daemon)) == 2


def water_is_off(rows: list[dict[str, Any]]) -> bool:
    """Seen off and nothing owed. The lamp may shine: at six in the morning it is its time, and it keeps its state."""
    wet = [row for row in rows if row.get("role") in ("pump", "valve")]
    return len(wet) == 2 and all(row["on"] is False and not row["owed_off"] for row in wet)


def test_a_start_with_the_clock_of_last_week_waits_and_then_goes_on(daemon: DaemonProcess, wall: Wall) -> None:
    wall.synchronised(True)
    wall.set("2026-06-08T05:30:00")
    with daemon:
        daemon.wait_ready()
        wall.set("2026-06-08T05:59:58")
        watered(daemon, 1)
        daemon.kill()
    wall.synchronised(False)
    wall.set("2026-06-01T05:59:50")  # the machine saved its time a week ago
    with daemon:
        status = daemon.wait_ready()
        assert status["clock"] == "untrusted"
        assert status["now"] > "2026-06-08T03:59", "the best guess never runs backwards"
        daemon.wait("/channels", water_is_off)
        status, answer = daemon.ask("POST", "/outputs/valve/on", {"seconds": 1})
        assert status == 200, f"hands need no calendar: {answer}"
        assert len(waterings(daemon)) == 1
        wall.synchronised(True)
        wall.set("2026-06-09T05:30:00")  # a time server answers
        daemon.wait("/status", lambda status: status["clock"] == "synced", 60)
        wall.set("2026-06-09T05:59:58")
        second = watered(daemon, 2)[0]
        assert second["scheduled_for"][:16] == "2026-06-09T04:00"
        assert len(waterings(daemon)) == 2


def test_a_start_in_1970_keeps_the_guards_and_does_not_make_up_for_half_a_century(
    daemon: DaemonProcess, wall: Wall
) -> None:
    wall.synchronised(True)  # the kernel says so, and is wrong
    wall.set("1970-01-02T00:00:00")
    with daemon:
        status = daemon.wait_ready()
        assert status["clock"] == "untrusted"
        assert daemon.ask("POST", "/outputs/pump/on", {"seconds": 60})[0] == 409, "no way is open, whatever the year"
        wall.set("2026-06-01T05:30:00")
        daemon.wait("/status", lambda status: status["clock"] == "synced", 60)
        wall.set("2026-06-01T05:59:58")
        watered(daemon, 1)
        (only,) = waterings(daemon)
        assert only["scheduled_for"][:16] == "2026-06-01T04:00"
        assert len(said(daemon, "SCHEDULE_SKIPPED")) <= 101, "rows are bounded, the rest is folded into one"
        assert daemon.terminate() == 0
