"""What the houses of the tests stand on: the same hour of the day in each run, and a port that stays theirs."""

import contextlib
import random
import socket
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edgectl.testing import ports
from edgectl.testing.hours import HOUR, place_of_the_hour
from edgectl.testing.ports import free_port


@pytest.mark.parametrize("utc_hour", range(24))
def test_somewhere_it_is_the_middle_of_the_morning(utc_hour: int) -> None:
    there = ZoneInfo(place_of_the_hour(HOUR, utc_hour))
    assert datetime(2026, 10, 25, utc_hour, 59, tzinfo=UTC).astimezone(there).hour == HOUR


def test_a_port_is_lent_to_nobody_else_and_two_runs_of_one_seed_draw_two() -> None:
    lent_from = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    drawn = []
    for _ in range(20):
        random.seed(1)  # as the order of a run does it before each test
        drawn.append(free_port())
    assert len({*drawn}) > 15
    if lent_from - ports.LOWEST >= ports.ENOUGH:
        assert all(ports.LOWEST <= port < lent_from for port in drawn)
    with socket.create_server(("127.0.0.1", drawn[0])):
        pass


@pytest.mark.timeout(20)
def test_where_the_kernel_lends_nearly_all_ports_it_is_asked_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lent = tmp_path / "ip_local_port_range"
    lent.write_text("1024\t65535\n")
    monkeypatch.setattr(ports, "_LENT", lent)
    with contextlib.ExitStack() as taken:
        drawn = [taken.enter_context(socket.create_server(("127.0.0.1", free_port()))) for _ in range(3)]
        assert len({server.getsockname()[1] for server in drawn}) == 3
