"""P14: how long the loop of the daemon stands still on a site of 1,500 channels: quiet, with uploads, with scrapes too.

A probe in the loop asks to be woken after 5 ms and notes by how much it was later; beside it the same probe runs alone
in a process of its own, for the machine stands still too. The centre is a real PostgreSQL that is away in the quiet
part of each round, so that a backlog goes up afterwards. What a scrape costs the orders is told by the time from the
instant of a run to the echo of its first order.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from large import Crowd, due_to_bus, get, large_daemon, lateness
from rows import Goal, main, quantile, spread

from edgectl.testing.daemon import DaemonProcess
from edgectl.testing.postgres import PostgresServer

ROUNDS, ROUND_S = 3, 14.0
KINDS = "quiet", "uploading", "scraped"


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    late: dict[str, list[float]] = {kind: [] for kind in ("alone", *KINDS)}
    orders: dict[str, list[float]] = {kind: [] for kind in KINDS}
    scrapes: list[float] = []
    with (
        tempfile.TemporaryDirectory() as name,
        PostgresServer() as server,
        large_daemon(Path(name), "7s", server, database := server.new_database()) as daemon,
    ):
        assert daemon.process is not None
        own = os.environ["PROBE"]
        bare = subprocess.Popen(
            [sys.executable, str(daemon.script), "bare"], env={**os.environ, "PROBE": f"{own}-bare"}
        )
        try:
            while not Path(f"{own}-bare").exists():
                time.sleep(0.05)
            for _ in range(ROUNDS):
                for kind in KINDS:
                    _centre(daemon, server, away=kind == "quiet")
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
            arrived = int(server.run("SELECT count(*) FROM edgectl.edge_entries", database))
        finally:
            bare.kill()
            bare.wait()
    ms = {kind: [1000 * value for value in values] for kind, values in late.items()}
    beyond = {kind: quantile(values, 0.999) for kind, values in ms.items()}
    numbers = [
        (
            "channels, runs measured quiet, with uploads, and with both",
            f"1500, {', '.join(str(len(orders[kind])) for kind in KINDS)}",
        ),
        *((f"lateness of the loop, {kind}: p50 / p99 / p99.9, ms", _three(values)) for kind, values in ms.items()),
        *((f"due to echo, {kind}: p50 / p99, ms", _two([1000 * v for v in found])) for kind, found in orders.items()),
        ("lines that the centre has at the end", str(arrived)),
        ("one scrape, ms", spread([1000 * value for value in scrapes])),
    ]
    return numbers, [
        Goal(row="P14", what="loop p99.9 with scrapes and uploads, ms", value=beyond["scraped"], limit=2),
        Goal(
            row="P14",
            what="loop p99.9 with scrapes and uploads against the bare probe",
            value=beyond["scraped"] / beyond["alone"],
            limit=2,
        ),
        Goal(
            row="P14",
            what="due to echo p99, with scrapes against without",
            value=quantile(orders["scraped"], 0.99) / quantile(orders["uploading"], 0.99),
            limit=1.1,
        ),
    ]


def _centre(daemon: DaemonProcess, server: PostgresServer, *, away: bool) -> None:
    """Take it away, or bring it back and wait until lines go up."""
    if away:
        server.stop()
    elif not server.answers():
        server.start()
        deadline = time.monotonic() + 60
        while daemon.data("/central")["contact"] != "online":
            assert time.monotonic() < deadline, "nothing goes up"
            daemon.ask("POST", "/central")
            time.sleep(0.2)


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
