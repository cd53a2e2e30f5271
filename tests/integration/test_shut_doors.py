"""A door that cannot be opened keeps no plant dry, and opens by itself when what kept it shut is gone."""

import http.client
import socket
from pathlib import Path

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)


def test_a_port_that_another_program_has_is_tried_again_and_the_house_is_driven_meanwhile(tmp_path: Path) -> None:
    with SimulatedField(tmp_path / "field") as field:
        daemon = DaemonProcess(tmp_path, write_site(tmp_path, field, every="5s", duration="1s", travel="100ms"))
        with socket.create_server(("127.0.0.1", daemon.http)) as taken, daemon:
            daemon.wait("/tasks", lambda rows: any(row["status"] == "completed" for row in rows), 120)
            status, answer = daemon.ask("GET", "/health/ready")
            assert status == 503
            assert "door http" in str(answer), "and it is said which"
            taken.close()
            daemon.wait_ready()
            connection = http.client.HTTPConnection("127.0.0.1", daemon.http, timeout=30)
            connection.request("GET", "/health/live")
            assert connection.getresponse().status == 200
            connection.close()
            assert daemon.terminate() == 0
