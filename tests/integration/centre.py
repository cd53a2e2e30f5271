"""A real daemon beside a real centre, for the tests of what passes between them."""

import asyncio
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edgectl.sync import migrate
from edgectl.sync.dsn import address
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.postgres import PostgresServer
from tests.contract.centre_rows import Enrolled, enrolled

SITE = "demo"
# The owner of the cluster is let in as he is; a site has to say its password.
HBA = "host all edgectl 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


@dataclass
class Home:
    """One house with its centre."""

    daemon: DaemonProcess
    server: PostgresServer
    database: str
    enrolled: Enrolled
    secret: Path

    def run(self, sql: str) -> str:
        """Something done at the centre, by its owner."""
        return self.server.run(sql, self.database)

    def lines(self) -> int:
        """How many lines have arrived."""
        return int(self.run("SELECT count(*) FROM edgectl.edge_entries"))

    def hang_up(self) -> None:
        """Every session of the site ends. Returns when its next try has begun, or has come to something already."""
        sessions = "FROM pg_stat_activity WHERE usename = 'edgectl_site_demo'"
        kill = f"SELECT pid FROM (SELECT pid, pg_terminate_backend(pid) {sessions}) AS ended"
        ended = set(self.run(kill).split())

        def noticed(data: dict[str, object]) -> bool:
            if "connection" in str(data["why"]) or data["contact"] != "online":
                return True
            return bool(set(self.run(f"SELECT pid {sessions}").split()) - ended)  # it is back before anybody looked

        self.daemon.wait("/central", noticed, 60)

    def tell(self, dsn: str) -> None:
        """Another connection string for the site."""
        self.secret.write_text(dsn)
        self.secret.chmod(0o600)

    def contact(self, until: str, told: str = "", within_s: float = 60) -> None:
        """Ask for the centre until it stands so and says so; a person who waits ends each rest."""

        def reached(data: dict[str, object]) -> bool:
            if data["contact"] == until and re.search(told, str(data["why"])):
                return True
            if data["again_in_s"] is not None:
                self.daemon.ask("POST", "/central")
            return False

        self.daemon.wait("/central", reached, within_s)

    def in_status(self) -> str:
        """The line of `edgectl status` that speaks of the centre."""
        told = self.daemon.cli("status").stdout
        return next((line for line in told.splitlines() if line.startswith("centre")), told)

    def watered(self) -> set[str]:
        """The newest waterings that are completed."""
        tasks = self.daemon.data("/tasks?limit=8")
        return {
            task["task_id"] for task in tasks if task["status"] == "completed" and task["task_type"] == "irrigation"
        }

    def parity(self) -> subprocess.CompletedProcess[str]:
        """What `edgectl central parity` says."""
        return self.daemon.cli("central", "parity", "--site", str(self.daemon.site))


def home(folder: Path, field: SimulatedField, server: PostgresServer, *, more: str = "", **pace: str) -> Home:
    """A house whose site file names a centre. The daemon is not started yet."""
    database = server.new_database()
    rules = server.folder / "data" / "pg_hba.conf"
    if rules.read_text() != HBA:
        rules.write_text(HBA)
        server.run("SELECT pg_reload_conf()")
    own = asyncio.run(enrolled(server.dsn(database), SITE))
    credentials = folder / "credentials"
    credentials.mkdir()
    os.environ["EDGECTL_CREDENTIALS"] = str(credentials)
    site = write_site(folder, field, **pace)
    site.write_text(f"{site.read_text()}central: {{dsn: {{credential: centre}}, patience: 2s{more}}}\n")
    made = Home(DaemonProcess(folder, site), server, database, own, credentials / "centre")
    made.tell(own.dsn)
    return made


def renew(home: Home) -> str:
    """A new password for the site's role. Returns the new connection string; the old one is worth nothing."""
    where = address(home.enrolled.owner)

    async def work() -> tuple[str, str]:
        async with migrate.owner(where) as db:
            return await migrate.enrol(db, SITE, SITE, "Europe/Berlin")

    return migrate.dsn_of(*asyncio.run(work()), where)
