"""A site of 1,500 channels, on the real daemon: what Prometheus gets of it stays small, whatever runs there."""

import http.client
from pathlib import Path

import pytest

from edgectl.testing.daemon import DaemonProcess
from edgectl.testing.large import CHANNELS, large_house

pytestmark = pytest.mark.timeout(240)
MOST_SERIES = 1_200  # fewer than channels: one for each device, three for each output, and what does not grow
LONGEST = 96 * 1024


def exposed(daemon: DaemonProcess) -> tuple[list[str], int]:
    """The series, without their values, and the bytes of a scrape."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.http, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [line.rpartition(" ")[0] for line in lines], len(text)


def test_the_series_of_a_large_site_are_bounded_and_no_task_adds_one(tmp_path: Path) -> None:
    with large_house(tmp_path, every="20s") as site, DaemonProcess(tmp_path, site) as daemon:
        daemon.wait_ready(within_s=90)
        status = daemon.wait("/status", lambda s: sum(r["value"] is not None for r in s["readings"]) == 1440, 120)
        assert len(status["readings"]) + len(status["outputs"]) == CHANNELS == 1500
        daemon.wait("/tasks?limit=500", lambda tasks: sum(t["result"] is not None for t in tasks) >= 4, 120)
        first, size = exposed(daemon)
        assert len(set(first)) == len(first)
        assert len(first) < MOST_SERIES
        assert size < LONGEST
        assert not [series for series in first if "st-" in series or "sch:" in series], "no id is a label"
        ended = sum(t["result"] is not None for t in daemon.data("/tasks?limit=500"))
        daemon.wait("/tasks?limit=500", lambda tasks: sum(t["result"] is not None for t in tasks) >= ended + 3, 120)
        second, _ = exposed(daemon)
        zones = {series for series in set(second) - set(first) if 'zone="' not in series}
        assert len(second) < MOST_SERIES
        assert len(zones) < 40, sorted(zones)
