"""An electrician presses each output of a real daemon: what is asked, what moves, and where the round goes on."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgectl.__main__ import main
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)


def press(daemon: DaemonProcess, *words: str, answers: str = "") -> Result:
    environment = {"EDGECTL_SOCKET": str(daemon.socket)}
    return CliRunner().invoke(main, ["press", *words], input=answers, env=environment)


def test_a_round_of_presses_is_recorded_and_goes_on_where_it_was_left(tmp_path: Path) -> None:
    with SimulatedField(tmp_path / "field") as field:
        daemon = DaemonProcess(tmp_path, write_site(tmp_path, field, every="1h", duration="1s", travel="100ms"))
        daemon.site.write_text(daemon.site.read_text().split("schedules:")[0] + DECLARE)
        with daemon:
            daemon.wait_ready()
            # The pump moves; the valve does not; then the electrician goes to lunch.
            first = press(daemon, answers="no\n\ny\n\nn\nthe lamp came on\nq\n")
            assert first.exit_code == 1
            assert "'no' is none of the three; nothing was pressed" in first.stderr
            assert "pump (pump at board.relay_1): the board ends it by its own timer" in first.stderr
            assert first.stderr.count("read back on") == first.stderr.count("read back off") == 2
            assert "moved, " in first.stdout
            assert "DID NOT MOVE" in first.stdout
            assert "goes on with valve" in first.stdout
            moves = [(row["relay"], row["on"], row["why"]) for row in field.trace()]
            assert moves == [
                ("relay_1", True, "pulse"),
                ("relay_1", False, "pulse_end"),
                ("relay_2", True, "pulse"),
                ("relay_2", False, "pulse_end"),
            ], "one at a time, each ended by the board"
            daemon.kill()
            daemon.start()
            daemon.wait_ready()
            # A guard says no: nothing is recorded, and the round goes on when the person says so.
            assert daemon.cli("stop-water").returncode == 0
            kept = press(daemon, "valve", answers="\ns\n")
            assert "edgectl resume" in kept.stderr
            assert "it was not pressed" in kept.stderr
            assert daemon.cli("resume").returncode == 0
            daemon.wait("/status", lambda status: status["up_s"] > 12)  # loads come back one after the other
            # The pump is not asked for again.
            rest = press(daemon, answers="\ny\n\ny\n")
            assert rest.exit_code == 0, rest.output
            assert "pump (" not in rest.stderr
            assert "found good before, and not pressed: pump; --again presses them too" in rest.stderr
            listed = json.loads(press(daemon, "--list", "--json").stdout)
            assert [(row["output"], row["tried"]["moved"]) for row in listed] == [
                ("pump", True),
                ("valve", True),
                ("lamp", True),
            ]
            assert all(row["tried"]["who"] for row in listed)


DECLARE = "declare: [air_gap, overflow, motor_overload, emergency_stop]\n"


def test_a_press_is_short(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, ["press", "--for", "10s"], env={"EDGECTL_SOCKET": str(tmp_path / "none")})
    assert said.exit_code == 2
    assert "at most" in said.stderr
