"""P14: how long the loop of the daemon stands still on a site of 1,500 channels, scraped every second and not.

A probe in the loop asks to be woken after 5 ms and notes by how much it was later; beside it the same probe runs alone
in a process of its own, for the machine stands still too. What a scrape costs the orders is told by the time from the
instant of a run to the echo of its first order. Without a centre: uploads are not part of this row.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from large import Crowd, due_to_bus, get, large_daemon, lateness
from rows import Goal, main, quantile, spread

ROUNDS, ROUND_S = 3, 20.0


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    late: dict[str, list[float]] = {"alone": [], "quiet": [], "scraped": []}
    orders: dict[str, list[float]] = {"quiet": [], "scraped": []}
    scrapes: list[float] = []
    with tempfile.TemporaryDirectory() as name, large_daemon(Path(name), "7s") as daemon:
        assert daemon.process is not None
        own = os.environ["PROBE"]
        bare = subprocess.Popen(
            [sys.executable, str(daemon.script), "bare"], env={**os.environ, "PROBE": f"{own}-bare"}
        )
        try:
            while not Path(f"{own}-bare").exists():
                time.sleep(0.05)
            for _ in range(ROUNDS):
                for kind in ("quiet", "scraped"):
                    for pid, file in ((daemon.process.pid, own), (bare.pid, f"{own}-bare")):
                        os.environ["PROBE"] = file
                        lateness(pid)
                    begin = time.time()
                    with Crowd(1 if kind == "scraped" else 0, lambda _: _scrape(daemon.http)) as crowd:
                        crowd.wait(ROUND_S)
                    orders[kind] += due_to_bus(daemon.state, begin, time.time() - 1)
                    scrapes += crowd.took
                    for pid, file, where in ((daemon.process.pid, own, kind), (bare.pid, f"{own}-bare", "alone")):
                        os.environ["PROBE"] = file
                        late[where] += lateness(pid)
        finally:
            bare.kill()
            bare.wait()
    ms = {kind: [1000 * value for value in values] for kind, values in late.items()}
    beyond = {kind: quantile(values, 0.999) for kind, values in ms.items()}
    numbers = [
        (
            "channels, runs measured without and with scrapes",
            f"1500, {len(orders['quiet'])} and {len(orders['scraped'])}",
        ),
        *((f"lateness of the loop, {kind}: p50 / p99 / p99.9, ms", _three(values)) for kind, values in ms.items()),
        *((f"due to echo, {kind}: p50 / p99, ms", _two([1000 * v for v in found])) for kind, found in orders.items()),
        ("one scrape, ms", spread([1000 * value for value in scrapes])),
    ]
    return numbers, [
        Goal(row="P14", what="loop p99.9 with scrapes, ms", value=beyond["scraped"], limit=2),
        Goal(
            row="P14",
            what="loop p99.9 with scrapes against the bare probe",
            value=beyond["scraped"] / beyond["alone"],
            limit=2,
        ),
        Goal(
            row="P14",
            what="due to echo p99, with scrapes against without",
            value=quantile(orders["scraped"], 0.99) / quantile(orders["quiet"], 0.99),
            limit=1.1,
        ),
    ]


def _scrape(port: int) -> float:
    status, took = get(port, "/metrics")
    assert status == 200
    time.sleep(1)
    return took


def _three(values: list[float]) -> str:
    return " / ".join(f"{quantile(values, share):.2f}" for share in (0.5, 0.99, 0.999))


def _two(values: list[float]) -> str:
    return " / ".join(f"{quantile(values, share):.1f}" for share in (0.5, 0.99))


if __name__ == "__main__":
    main("P14 stalls", measure)
