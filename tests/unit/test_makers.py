"""What the houses of the tests stand on: the same hour of the day in each run, and a port that stays theirs."""

import random
import socket
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

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
    assert all(1023 < port < max(lent_from, 10_001) for port in drawn)
    with socket.create_server(("127.0.0.1", drawn[0])):
        pass
