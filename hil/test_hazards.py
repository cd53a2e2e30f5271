"""Each hazard that the field can cause: what was done, what the plant did, which alarm, and how long to safe.

Numbers of hazards are those of docs/proof/hazards.md. A scene is watering that is hurt; the instants are those of the
relays themselves.
"""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from edgectl.testing.daemon import DaemonProcess
from hil.bench import BenchRig
from hil.moves import Move
from hil.plugin import Report, Row
from hil.rig import Rig

pytestmark = pytest.mark.timeout(240)
AnyRig = Rig | BenchRig
BOARD, LEVEL = 1, 5  # their units on every rig
DURATION_S = 6
LEASE_S = DURATION_S + 17  # the longest pulse that such a run puts into the board: that of the valve
SLACK_S = 3  # a loaded machine


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is done while the pump runs; when both water outputs must be off at the latest; what must be said."""

    hazard: str
    done: str
    hurt: Callable[[AnyRig, DaemonProcess], None]
    safe_within_s: float
    alarm: str = ""  # part of an alarm that must stand; empty where nobody is left to raise one
    stays_on: bool = False  # the fault itself keeps the load on: then it must be said, no more can be done


def dies(rig: AnyRig, unit: int) -> None:
    """One device loses its supply, and its line lives on."""
    rig.hurt("dead", unit=unit)


SCENES = {
    "blocked_suction": Scene(
        hazard="H1 dry-running pump",
        done="the suction is blocked, the pump moves no water",
        hurt=lambda rig, _: rig.hurt("blocked"),
        safe_within_s=5,
        alarm="flow saw no water",
    ),
    "empty_tank": Scene(
        hazard="H1 dry-running pump",
        done="the tank runs empty below the pump's limit",
        hurt=lambda rig, _: rig.do("tank", percent=0.5),
        safe_within_s=4,
        alarm="schedule_failed:watering",
    ),
    "dead_level": Scene(
        hazard="H8 action on a stale sensor",
        done="the level probe dies",
        hurt=lambda rig, _: dies(rig, LEVEL),
        safe_within_s=6,
        alarm="unit 5 on field silent",
    ),
    "dead_board": Scene(
        hazard="H12 a device that is gone",
        done="the relay board loses its supply while its line lives on",
        hurt=lambda rig, _: dies(rig, BOARD),
        safe_within_s=2,
        alarm="unit 1 on field silent",
    ),
    "bad_checksums": Scene(
        hazard="H12 a line that garbles",
        done="every answer on the line has a wrong checksum",
        hurt=lambda rig, _: rig.hurt("bad_crc"),
        safe_within_s=6,
        alarm="silent",
    ),
    "unplugged_line": Scene(
        hazard="H12 a line that is gone",
        done="the adapter is pulled out",
        hurt=lambda rig, _: rig.do("unplug"),
        safe_within_s=LEASE_S,
        alarm="bus field",
    ),
    "dead_controller": Scene(
        hazard="H4 valve left open",
        done="SIGKILL of the controller, and no restart",
        hurt=lambda _, daemon: daemon.kill(),
        safe_within_s=LEASE_S,
    ),
    "hung_controller": Scene(
        hazard="H20 a controller that hangs",
        done="SIGSTOP of the controller",
        hurt=lambda _, daemon: _signal(daemon, signal.SIGSTOP),
        safe_within_s=LEASE_S,
    ),
    "welded_pump_relay": Scene(
        hazard="H4 an output that does not go off",
        done="the relay of the pump welds while it is on, and the run is cancelled",
        hurt=lambda rig, daemon: (rig.hurt("welded_relay", relay=1), _cancel(daemon)),  # type: ignore[func-returns-value]
        safe_within_s=4,
        alarm="output_may_be_on:pump",
        stays_on=True,
    ),
}


@pytest.mark.parametrize("name", SCENES)
def test_watering_that_is_hurt_ends_safe_and_is_told(name: str, rig: AnyRig, report: Report) -> None:
    scene = SCENES[name]
    row = Row(hazard=scene.hazard, done=scene.done, bound_s=scene.safe_within_s)
    report.rows.append(row)
    with rig.controller(duration=f"{DURATION_S}s") as daemon:
        daemon.wait_ready()
        _until(lambda: rig.on("pump"), "the pump starts")
        hurt_at = time.monotonic_ns()
        scene.hurt(rig, daemon)
        if scene.alarm:
            row.alarm = _alarm(daemon, scene.alarm)
        if not scene.stays_on:
            _until(lambda: not rig.on("pump") and not rig.on("valve"), "pump and valve go off")
            off = _water_off(rig.moves())
            row.safe_s = round((off - hurt_at) / 1e9, 2)
            row.plant = "pump and valve off" + (" by the board's own timer" if not scene.alarm else "")
            assert row.safe_s <= scene.safe_within_s + SLACK_S
            assert _ordered(rig.moves()), "the pump went off after its valve"
        else:
            row.plant = "the pump runs on; only its overload, its breaker or a hand can stop it"
            assert rig.on("pump")
    row.ok = True


def test_a_run_that_was_killed_is_not_run_again(rig: AnyRig, report: Report) -> None:
    row = Row(hazard="H7 double irrigation after a restart", done="SIGKILL while the pump runs, then a new start")
    report.rows.append(row)
    with rig.controller(duration="50s") as daemon:  # still on when a slow machine has started again
        daemon.wait_ready()
        _until(lambda: rig.on("pump"), "the pump starts")
        # The first words of a start are so early that otherwise no water would have moved at all.
        daemon.wait("/channels", lambda rows: any(r.get("sensor") == "flow" and (r["value"] or 0) > 1 for r in rows))
        daemon.kill()
        started = time.monotonic_ns()
        daemon.start()
        daemon.wait_ready()
        rows = daemon.wait("/tasks", lambda rows: [t for t in rows if t["task_type"] == "irrigation" and t["result"]])
        ended = [task for task in rows if task["task_type"] == "irrigation" and task["result"]]
        off = next(m.at for m in rig.moves() if m.output == "pump" and not m.on)
        row.safe_s = round(max(0, off - started) / 1e9, 2)
        row.plant = f"the pump ran once; the run ended as {ended[0]['result']['reason_code']}"
        assert ended[0]["result"]["reason_code"] == "task_recovered_after_restart"
        assert ended[0]["result"]["physical_effect"] == "partial"
        assert sum(move.on for move in rig.moves() if move.output == "pump") == 1
    row.ok = True


def test_another_device_at_the_boards_address_gets_no_order(rig: AnyRig, report: Report) -> None:
    row = Row(hazard="H21 the right command to the wrong device", done="another device answers at the board's address")
    report.rows.append(row)
    rig.hurt("wrong_identity")
    with rig.controller(duration="2s") as daemon:
        row.alarm = _alarm(daemon, "is no waveshare-relay-8ch")
        row.plant = "no relay moved"
        assert not any(move.on for move in rig.moves())
    row.ok = True


def test_a_second_controller_moves_nothing(rig: AnyRig, report: Report) -> None:
    row = Row(hazard="H14 two controllers", done="a second controller is started beside the first, which waters")
    report.rows.append(row)
    with rig.controller(duration="3s") as daemon:
        daemon.wait_ready()
        before = requests(daemon)
        with rig.controller(duration="3s"):
            daemon.wait("/tasks", lambda rows: [t for t in rows if t["task_type"] == "irrigation" and t["result"]])
        assert requests(daemon) > before, "the first went on"
        runs = sum(move.on for move in rig.moves() if move.output == "pump")
        row.plant = f"the pump ran {runs} time, by the first alone"
        assert runs == 1
    row.ok = True


def requests(daemon: DaemonProcess) -> int:
    """How many frames a controller has sent on its line."""
    return max(line["number"] for line in daemon.data("/buses/field/frames?after=0")["lines"])


def _until(condition: Callable[[], Any], what: str, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"it did not come to it: {what}"
        time.sleep(0.02)


def _alarm(daemon: DaemonProcess, part: str) -> str:
    """The sentence of the alarm that names this."""
    found = daemon.wait("/alarms", lambda rows: [r for r in rows if part in r["id"] or part in r["message"]], 60)
    return next(str(row["message"]) for row in found if part in row["id"] or part in row["message"])


def _cancel(daemon: DaemonProcess) -> None:
    rows = daemon.data("/tasks")
    running = next(row["task_id"] for row in rows if row["task_type"] == "irrigation" and row["result"] is None)
    assert daemon.ask("POST", f"/tasks/{running}/cancel", {})[0] == 200


def _signal(daemon: DaemonProcess, number: signal.Signals) -> None:
    assert daemon.process is not None
    daemon.process.send_signal(number)


def _water_off(moves: list[Move]) -> int:
    """When the last of pump and valve went off."""
    return max(move.at for move in moves if move.output in ("pump", "valve") and not move.on)


def _ordered(moves: list[Move]) -> bool:
    """The pump goes off before its valve, or the water has nowhere to go."""
    last = {move.output: move.at for move in moves if not move.on}
    return last["pump"] <= last["valve"]
