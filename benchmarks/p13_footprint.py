"""P13: what the whole daemon costs while it watches a simulated house, and how long a start takes.

The house is idle: nothing is on or due, no task is open, nobody asks at a door; a few registers and the relays are
read as often as the site file relies on them, four reads a second. The start is one after a `kill -9`, when something
may have been left on; a first start has nothing to make safe.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import Goal, main, spread

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

IDLE_S = 12.0


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def timed(command: list[str], environment: dict[str, str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, env=environment, capture_output=True, check=False)
    return time.perf_counter() - begin


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    starts, idles, sizes = [], [], []
    status, click = [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as name, SimulatedField(Path(name) / "field") as field:
            daemon = DaemonProcess(Path(name), write_site(Path(name), field, every="1h", duration="1s", travel="100ms"))
            with daemon:
                daemon.wait_ready()
            before = field.control("state")["requests"]
            begin = time.monotonic()
            with daemon:
                while field.control("state")["requests"] == before:
                    time.sleep(0.002)
                starts.append(time.monotonic() - begin)
                daemon.wait_ready()
                time.sleep(6)
                assert daemon.process is not None
                pid = daemon.process.pid
                used, at = cpu_s(pid), time.monotonic()
                time.sleep(IDLE_S)
                idles.append((cpu_s(pid) - used) / (time.monotonic() - at) * 100)
                sizes.append(rss_mb(pid))
                for _ in range(4):
                    status.append(timed([sys.executable, "-m", "edgectl", "status"], daemon.environment))
                    click.append(timed([sys.executable, "-c", "import click"], daemon.environment))
    return [
        ("RSS, MB", spread(sizes)),
        ("idle CPU, percent of a core", spread(idles)),
        ("process start to first safe write, s", spread(starts)),
        ("edgectl status, s", spread(status)),
        ("python -c 'import click', s", spread(click)),
    ], [
        Goal(row="P13", what="RSS, MB", value=statistics.median(sizes), limit=60),
        Goal(row="P13", what="idle CPU, percent", value=statistics.median(idles), limit=0.5),
        Goal(row="P13", what="start to first safe write, s", value=statistics.median(starts), limit=0.6),
        Goal(
            row="P13",
            what="edgectl status against import click",
            value=statistics.median(status) / statistics.median(click),
            limit=2.5,
        ),
    ]


if __name__ == "__main__":
    main("P13 footprint", measure)
