"""A relay board dies while it waters; a new one takes its place while the controller goes on."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(180)


def of_the_board(status: dict[str, Any]) -> set[str]:
    """What a person is called for because of the board."""
    codes = ("device_silent:board", "output_may_be_on:pump", "output_may_be_on:valve")
    return {alarm["id"] for alarm in status["alarms"] if alarm["active"] and alarm["id"] in codes}


def test_a_new_board_takes_the_place_of_one_that_died_in_the_middle_of_a_run(tmp_path: Path) -> None:
    with SimulatedField(tmp_path / "field", units={33: "spare-board", 34: "sht3x"}, apart=True) as field:
        site = write_site(tmp_path, field, every="1h", duration="60s", travel="100ms")
        with DaemonProcess(tmp_path, site) as daemon:
            daemon.wait_ready()
            daemon.wait("/status", lambda _: field.control("state")["relays"][0])
            field.kill("field-1")
            daemon.wait("/status", lambda status: len(of_the_board(status)) == 3, 60)

            def write(*more: str, unit: str = "33") -> str:
                words = ("device", "write", "field", unit, "address", "1", "--only-one", "--wait", "2m", *more)
                said = daemon.cli(*words)
                return said.stdout + said.stderr

            assert "is not locked; nothing was written" in write("--follows")
            assert daemon.cli("lock", "beds", "--why", "a new board").returncode == 0
            assert "of board is on, or not seen off; nothing was written" in write(), "nobody vouches for the old one"
            stranger = write("--follows", "--profile", "sht3x-rs485", unit="34")
            assert "unit 34 is no waveshare-relay-8ch, and board is one by the site file; nothing was" in stranger
            assert "address was 33 and is 1, read back" in write("--follows")
            # The OFF that the old one never confirmed is proven on the new one, and it is believed to be what it is.
            daemon.wait("/status", lambda status: not of_the_board(status), 60)
            assert daemon.cli("unlock", "beds").returncode == 0
            assert daemon.cli("channel", "on", "valve", "--for", "2s").returncode == 0
        with sqlite3.connect(daemon.state / "journal.db") as db:
            bodies = db.execute("SELECT body FROM timeline WHERE event_type = 'DEVICE_WRITTEN'").fetchall()
        (told,) = (json.loads(body)["details"] for (body,) in bodies)
        assert (told["follows"], told["after"], told["taken"]) == ("board", "1", True)
