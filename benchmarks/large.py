"""The large house for several rows: the daemon there, how late its orders came to the bus, and a probe in its loop."""

import asyncio
import http.client
import json
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgectl.sync import migrate
from edgectl.sync.dsn import Address, address
from edgectl.testing.daemon import DaemonProcess
from edgectl.testing.large import large_house
from edgectl.testing.postgres import PostgresServer

PROBED = """
import asyncio, os, signal, sys, time, uvloop
late, run = [], uvloop.run
async def probe():
    while True:
        at = time.perf_counter()
        await asyncio.sleep(0.005)
        late.append(time.perf_counter() - at - 0.005)
def tell(*_):
    found, late[:] = late[:], []
    with open(os.environ["PROBE"] + ".new", "w") as file:
        file.writelines(f"{value}\\n" for value in found)
    os.rename(os.environ["PROBE"] + ".new", os.environ["PROBE"])
def probed(main):
    async def both():
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, tell)
        tell()  # from now on one can ask
        watching = asyncio.ensure_future(probe())
        try:
            return await main
        finally:
            watching.cancel()
    return run(both())
uvloop.run = probed
if sys.argv[1:] == ["bare"]:
    uvloop.run(asyncio.Event().wait())
else:
    from edgectl.__main__ import main
    sys.exit(main())
"""


async def _enrol(where: Address) -> str:
    async with migrate.owner(where) as db:
        await migrate.migrate(db, lambda _: None)
        return migrate.dsn_of(*await migrate.enrol(db, "large", "large", "Europe/Berlin"), where)


def _join(folder: Path, site: Path, centre: PostgresServer, database: str) -> None:
    """Make the house known at a centre, and the centre to the house."""
    secret = folder / "credentials" / "centre"
    secret.parent.mkdir()
    secret.write_text(asyncio.run(_enrol(address(centre.dsn(database)))))
    secret.chmod(0o600)
    os.environ["EDGECTL_CREDENTIALS"] = str(secret.parent)
    site.write_text(f"{site.read_text()}central: {{dsn: {{credential: centre}}, patience: 2s}}\n")


@contextmanager
def large_daemon(
    folder: Path, every: str, centre: PostgresServer | None = None, database: str = ""
) -> Iterator[DaemonProcess]:
    """The daemon at the large house with a probe in its loop, once every sensor has been read. It uploads to a database
    of a centre when there is one."""
    script = folder / "probed.py"
    script.write_text(PROBED)
    os.environ["PROBE"] = str(folder / "late")
    with large_house(folder, every=every) as site:
        if centre is not None:
            _join(folder, site, centre, database)
        daemon = Probed(folder, site)
        daemon.script = script
        with daemon:
            daemon.wait_ready(120)
            daemon.wait("/status", lambda s: sum(r["value"] is not None for r in s["readings"]) == 1440, 120)
            daemon.wait("/tasks?limit=500", lambda tasks: sum(t["result"] is not None for t in tasks) >= 20, 240)
            yield daemon


class Probed(DaemonProcess):
    """The daemon under the script."""

    script: Path

    def start(self) -> "Probed":
        import subprocess

        command = [sys.executable, str(self.script), "run", "--site", str(self.site)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--http", f"127.0.0.1:{self.http}"], stdout=log, stderr=log, env=self.environment
            )
        return self


def lateness(pid: int) -> list[float]:
    """What the probe has seen since it was asked last, seconds."""
    file = Path(os.environ["PROBE"])
    file.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR2)
    deadline = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < deadline, f"{pid} tells nothing"
        time.sleep(0.05)
    return [float(line) for line in file.read_text().split()]


def due_to_bus(state: Path, begin: float, end: float) -> list[float]:
    """For each run that fell due in between: seconds from its instant to the echo of its first order."""
    db = sqlite3.connect(f"file:{state / 'journal.db'}?mode=ro", uri=True)
    entry = json.loads(db.execute("SELECT body FROM timeline ORDER BY seq DESC LIMIT 1").fetchone()[0])
    offset = entry["wall"] - entry["mono"]
    found = []
    for task_id, body in db.execute(
        "SELECT id, body FROM tasks WHERE created_at >= ? AND created_at < ?", (begin * 1e9, end * 1e9)
    ):
        task = json.loads(body)
        if task["source"] != "schedule" or task["task_type"] != "irrigation":
            continue
        orders = [json.loads(row) for (row,) in db.execute("SELECT body FROM commands WHERE task_id = ?", (task_id,))]
        acks = [order["ack_at"] for order in orders if order.get("ack_at") is not None]
        if acks:
            found.append((min(acks) + offset - task["scheduled_for"]) / 1e9)
    db.close()
    return found


def get(port: int, path: str, token: str = "") -> tuple[int, float]:
    """One question: status and seconds."""
    begin = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"authorization": f"Bearer {token}"} if token else {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, time.perf_counter() - begin


class Crowd:
    """Askers on threads, until they are told to end."""

    def __init__(self, many: int, ask: Any) -> None:
        self._end = threading.Event()
        self.took: list[float] = []
        self._threads = [threading.Thread(target=self._work, args=(number, ask), daemon=True) for number in range(many)]

    def _work(self, number: int, ask: Any) -> None:
        while not self._end.is_set():
            took = ask(number)
            if took is not None:
                self.took.append(took)

    def wait(self, seconds: float) -> bool:
        """True when it is over."""
        return self._end.wait(seconds)

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(90)
