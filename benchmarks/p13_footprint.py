"""P13: what the whole daemon costs while it watches a simulated house, and how long a start takes.

The house is idle: it is night there, nothing is on or due, no task is open, nobody asks at a door; some registers and
the relays are read as often as the site file relies on them, four reads a second. What a wake-up costs is up to the
machine: one at rest may charge ten times what a busy one does. So it is also said how often the daemon wakes,
and what a process uses beside it that wakes as often and does nothing. The start is one after a `kill -9`, when
something may have been left on; a first start has nothing to make safe.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import Goal, main, spread

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.hours import place_of_the_hour

IDLE_S = 12.0
NIGHT = place_of_the_hour(1, time.gmtime().tm_hour)
BARE = "import sys, time\nwhile True: time.sleep(1 / float(sys.argv[1]))"


def cpu_s(pid: int) -> float:
    """What all of its threads have used."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def wakes(pid: int) -> int:
    """How often its threads have begun to wait."""
    told = "".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status"))
    return sum(int(number) for number in re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", told, re.M))


def rss_mb(pid: int) -> float:
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def idle(pid: int, seconds: float) -> tuple[float, float]:
    """Percent of a core, and wake-ups in a second, for so long."""
    used, woken, at = cpu_s(pid), wakes(pid), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - at
    return (cpu_s(pid) - used) / took * 100, (wakes(pid) - woken) / took


def bare(rate: float) -> float:
    """Percent of a core of a process that wakes so often and does nothing."""
    with subprocess.Popen([sys.executable, "-c", BARE, str(rate)]) as process:
        try:
            time.sleep(1)
            return idle(process.pid, IDLE_S / 2)[0]
        finally:
            process.kill()


def timed(command: list[str], environment: dict[str, str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, env=environment, capture_output=True, check=False)
    return time.perf_counter() - begin


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    starts, idles, woken, bares, sizes = [], [], [], [], []
    status, click = [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as name, SimulatedField(Path(name) / "field") as field:
            rare = {"every": "1h", "duration": "1s", "travel": "100ms", "timezone": NIGHT}
            daemon = DaemonProcess(Path(name), write_site(Path(name), field, **rare))
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
                used, rate = idle(pid, IDLE_S)
                idles.append(used)
                woken.append(rate)
                bares.append(bare(rate))
                sizes.append(rss_mb(pid))
                for _ in range(4):
                    status.append(timed([sys.executable, "-m", "edgectl", "status"], daemon.environment))
                    click.append(timed([sys.executable, "-c", "import click"], daemon.environment))
    return [
        ("RSS, MB", spread(sizes)),
        ("idle CPU, percent of a core", spread(idles)),
        ("idle, wake-ups in a second", spread(woken)),
        ("a process that wakes as often and does nothing, percent of a core", spread(bares)),
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
