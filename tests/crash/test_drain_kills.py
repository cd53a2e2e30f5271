"""The daemon killed at random while it drains, its journal quarantined once in between: each line arrives once."""

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import asyncpg
import pytest

from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.timeline import Batch
from edgectl.testing.field import SimulatedField
from edgectl.testing.postgres import PostgresServer
from tests.contract.centre_rows import NOON, line
from tests.crash.draining import born
from tests.integration.centre import SITE, Home, home

KILLS = int(os.environ.get("EDGECTL_DRAIN_KILLS", "100"))
DAEMONS = 6  # so many more are whole daemons; the others are born faster and do nothing but drain
BACKLOG = 5_000


@pytest.mark.timeout(300 + 3 * KILLS)
def test_a_kill_at_any_instant_of_a_drain_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGECTL_CREDENTIALS", "")  # given back afterwards
    random = Random(6)
    with PostgresServer() as server, SimulatedField(tmp_path / "field", speed=3000) as field:
        house = home(tmp_path, field, server, every="300ms", duration="1s", travel="200ms", run_down="200ms")
        daemon = house.daemon
        journal = daemon.state / "journal.db"
        with daemon:
            daemon.wait_ready()
            daemon.kill()
        centre, arrived = _Centre(server.dsn(house.database)), list[int]()
        for kill in range(KILLS):
            if kill == KILLS // 2:
                # Damage is found while the first half is still under way: the next start begins a new journal.
                _backlog(journal, 3 * BACKLOG)
                _killed_lean(house, centre, random)
                (daemon.state / "journal.db.condemned").write_text("planted\n")
            elif _head(journal) - centre.arrived() < BACKLOG:
                _backlog(journal, BACKLOG)
            before = centre.arrived()
            if kill % (KILLS // DAEMONS) == 1:
                _killed_daemon(house, centre, random)
            else:
                _killed_lean(house, centre, random)
            arrived.append(centre.arrived() - before)
        centre.close()
        assert sum(some > 0 for some in arrived) > KILLS * 2 // 3, arrived
        with daemon:
            daemon.wait_ready()
            house.contact("online", within_s=120)
            drained = daemon.cli("central", "drain", "--within", "100")
            assert drained.returncode == 0, drained.stderr
            told = {j["journal"]: j["acknowledged"] for j in daemon.data("/central")["journals"]}
            said = daemon.cli("central", "parity", "--site", str(daemon.site), "--json")
            assert daemon.terminate() == 0
        parity = json.loads(said.stdout)
        assert parity["gaps"] == []
        assert len({day["journal"] for day in parity["days"]}) == 2
        assert len(told) == 2
        _each_once(house, told)
        assert "Traceback" not in daemon.log.read_text()


class _Centre:
    """One look after the other at how far the centre is, over a connection that stays open."""

    def __init__(self, dsn: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._db = self._loop.run_until_complete(asyncpg.connect(dsn))

    def arrived(self) -> int:
        """How many lines the centre has."""
        return int(self._loop.run_until_complete(self._db.fetchval("SELECT count(*) FROM edgectl.edge_entries")))

    def close(self) -> None:
        """Nobody looks any more."""
        self._loop.run_until_complete(self._db.close())
        self._loop.close()


def _killed_lean(house: Home, centre: _Centre, random: Random) -> None:
    """One life that drains, killed between its first and its last step."""
    before = centre.arrived()
    life = born(house.daemon.state / "journal.db", house.enrolled.dsn, SITE)
    if random.random() < 0.8:
        _wait(lambda: centre.arrived() > before)
    time.sleep(random.uniform(0, 0.06))
    assert life.is_alive(), "it has to be killed, not to have ended"
    life.kill()
    life.join(30)


def _killed_daemon(house: Home, centre: _Centre, random: Random) -> None:
    """The same with everything that a daemon does beside it."""
    before = centre.arrived()
    with house.daemon:
        _wait(lambda: centre.arrived() > before)
        time.sleep(random.uniform(0, 0.2))
        house.daemon.kill()


def _head(path: Path) -> int:
    """How many lines all journals of the folder hold."""
    lines = 0
    for one in path.parent.glob("journal.db*"):
        if one.name == "journal.db" or one.name.rpartition("-")[2].isdigit():
            with closing(sqlite3.connect(one)) as db:
                lines += db.execute("SELECT count(*) FROM timeline").fetchone()[0]
    return lines


def _wait(until: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not until():
        assert time.monotonic() < deadline, "nothing arrives any more"
        time.sleep(0.005)


def _backlog(path: Path, lines: int) -> None:
    """So many lines more, as if the house had been offline for long. Written as the journal writes them."""
    journal = SqliteJournal(path)
    first = journal.load().last_seq + 1
    journal.commit(
        Batch(
            changes=(), entries=tuple(line(seq, at=NOON, why="a long time ago") for seq in range(first, first + lines))
        )
    )
    journal.close()


def _each_once(house: Home, told: dict[str, int]) -> None:
    """By another way than parity: keys and hashes of both sides, one by one. `told` is how far the drain came."""
    here = set()
    for path in house.daemon.state.glob("journal.db*"):
        if path.name == "journal.db" or path.name.rpartition("-")[2].isdigit():
            with sqlite3.connect(path) as db:
                (journal,) = db.execute("SELECT value FROM meta WHERE name = 'journal_id'").fetchone()
                upto = (told[journal],)
                lines = db.execute("SELECT seq, hash FROM timeline WHERE seq <= ?", upto)
                here |= {f"{journal}|{seq}|{hash_.hex()}" for seq, hash_ in lines}
            db.close()
    key = "replace(journal_id::text, '-', '') || '|' || seq || '|' || encode(hash, 'hex')"
    there = house.run(f"SELECT {key} FROM edgectl.edge_entries").splitlines()
    assert len(there) == len(set(there)), "twice"
    assert here <= set(there), f"{len(here - set(there))} lines are missing"
    later = {key for key in set(there) - here if int(key.split("|")[1]) <= told[key.split("|")[0]]}
    assert not later, "lines that this site does not know"
