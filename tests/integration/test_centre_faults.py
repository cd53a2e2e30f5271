"""A real centre in every kind of trouble: the house waters on, the status says what is wrong, and all of it arrives."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgectl.host import certificate
from edgectl.host.certificate import BEFORE, DAY, LASTS
from edgectl.testing.field import SimulatedField
from edgectl.testing.postgres import PostgresServer
from edgectl.testing.proxy import TcpProxy
from tests.contract.centre_rows import Enrolled
from tests.contract.test_journal_disk import fill, small_disk
from tests.integration.centre import Home, home, renew

pytestmark = pytest.mark.timeout(300)
PACE = {"every": "300ms", "duration": "1s", "travel": "200ms", "run_down": "200ms"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One house for all of it: whatever happened to its centre, it must be as good as new afterwards."""
    folder = tmp_path_factory.mktemp("house")
    with (
        pytest.MonkeyPatch.context() as patch,
        PostgresServer() as server,
        SimulatedField(folder / "field", speed=3000) as field,
    ):
        patch.setenv("EDGECTL_CREDENTIALS", "")  # given back afterwards
        made = home(folder, field, server, **PACE)
        with made.daemon:
            made.daemon.wait_ready()
            made.contact("online")
            yield made
            assert made.daemon.terminate() == 0


def works_on(house: Home, contact: str, told: str) -> None:
    """The centre is in trouble: that is said in words, the house is ready, and it waters."""
    house.contact(contact, told)
    line = house.in_status()
    assert re.search(
        rf"({contact}|connecting) for .*, \d+ lines? waits?(, the oldest since \w+ [\d:]+)?: .*{told}", line
    ), line
    before = house.watered()
    house.daemon.wait("/tasks?limit=1", lambda _: house.watered() - before, 60)
    assert house.daemon.data("/status")["ready"]


def heals(house: Home) -> None:
    """Everything that happened meanwhile is there, once, and both sides add up."""
    house.contact("online")
    drained = house.daemon.cli("central", "drain")
    assert drained.returncode == 0, drained.stderr
    said = house.parity()
    assert said.returncode == 0, said.stdout + said.stderr
    assert "parity is exact" in said.stdout


def harmed(house: Home, *, harm: str, heal: str, contact: str, told: str) -> None:
    """Something is changed at the centre, and changed back."""
    house.run(harm)
    try:
        house.hang_up()
        works_on(house, contact, told)
    finally:
        house.run(heal)  # one trouble is not that of the next test
    house.hang_up()
    heals(house)


def test_killed(house: Home) -> None:
    house.server.stop(signal.SIGKILL)
    try:
        works_on(house, "offline", "the centre at .* cannot be reached")
        house.daemon.ask("POST", "/central")
        house.daemon.wait("/central", lambda data: data["oldest"] is not None)
        assert "the oldest since" in house.in_status()
    finally:
        house.server.start()
    heals(house)


def test_frozen(house: Home) -> None:
    pids = [house.server.pid, *_children(house.server.pid)]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        works_on(house, "offline", "the centre at .* does not answer")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    heals(house)


def test_half_open(house: Home) -> None:
    direct = house.enrolled.dsn
    with TcpProxy(house.server.port) as line:
        house.tell(direct.replace(f":{house.server.port}/", f":{line.port}/"))
        try:
            house.hang_up()
            house.contact("online")
            line.stall()
            works_on(house, "offline", "the centre at .* does not answer")
            line.flow()
            heals(house)
        finally:
            house.tell(direct)  # the next test has no such line
        line.cut()
        heals(house)


def test_read_only(house: Home) -> None:
    change = "ALTER ROLE edgectl_site_demo {} default_transaction_read_only {}".format
    told = "the centre at .* takes no writes now"
    harmed(house, harm=change("SET", "= on"), heal=change("RESET", ""), contact="offline", told=told)


def test_full(house: Home) -> None:
    """The lines of the centre lie on a real small disk of its own, and that has no byte left."""
    home_of = "ALTER TABLE edgectl.edge_entries_default SET TABLESPACE {0};"
    home_of += " ALTER INDEX edgectl.edge_entries_default_pkey SET TABLESPACE {0}"
    with small_disk(house.server.folder / "disk", "64m") as disk:
        owner = (house.server.folder / "data").stat()
        os.chown(disk, owner.st_uid, owner.st_gid)
        house.run(f"CREATE TABLESPACE small LOCATION '{disk}'")
        house.run(home_of.format("small"))
        filler = fill(disk)
        works_on(
            house, "offline", "the disk of the centre at .* is full: could not extend file .* No space left on device"
        )
        filler.unlink()
        heals(house)
        house.run(home_of.format("pg_default"))
        house.run("DROP TABLESPACE small")


def test_full_of_its_own_log(house: Home) -> None:
    """The disk of the write-ahead log has no byte left: the server ends itself rather than lose what it promised."""
    server, log = house.server, house.server.folder / "data" / "pg_wal"
    with small_disk(server.folder / "log-disk", "128m") as disk:
        server.stop()
        _move(log, disk / "pg_wal")
        log.symlink_to(disk / "pg_wal")
        server.start()
        filler = fill(disk)
        deadline = time.monotonic() + 60
        while server.answers():
            assert time.monotonic() < deadline, "it goes on without a place for its log"
            with contextlib.suppress(RuntimeError):
                server.run("SELECT pg_switch_wal()")
        works_on(house, "offline", "the centre at .* cannot be reached")
        filler.unlink()
        server.restart()
        heals(house)
        server.stop()
        log.unlink()
        _move(disk / "pg_wal", log)
        server.start()
    heals(house)


def _move(source: Path, target: Path) -> None:
    """A folder on another disk, still of the same owner."""
    shutil.copytree(source, target)
    for path in (target, *target.rglob("*")):
        os.chown(path, source.stat().st_uid, source.stat().st_gid)
        path.chmod(0o700 if path.is_dir() else 0o600)
    shutil.rmtree(source)


def test_schema_behind(house: Home) -> None:
    harmed(
        house,
        harm="UPDATE edgectl.schema_steps SET number = -number WHERE number > 1",
        heal="UPDATE edgectl.schema_steps SET number = abs(number)",
        contact="rejected",
        told="the schema of the centre at .* is at step 1, this edgectl writes step",
    )
    alarms = house.daemon.wait("/alarms", lambda rows: not any(row["active"] for row in rows))
    assert "centre_rejected:centre" in {alarm["id"] for alarm in alarms}, "a person was called, and is no longer"


def test_schema_ahead(house: Home) -> None:
    harmed(
        house,
        harm="INSERT INTO edgectl.schema_steps VALUES (99, 'later', '', 99)",
        heal="DELETE FROM edgectl.schema_steps WHERE number = 99",
        contact="rejected",
        told="the centre at .* wants step 99 to be written",
    )


def test_password_changed(house: Home) -> None:
    dsn = renew(house)
    try:
        house.hang_up()
        works_on(house, "rejected", "the centre at .* does not take this role's password")
    finally:
        house.enrolled = Enrolled(owner=house.enrolled.owner, dsn=dsn)
        house.tell(dsn)
    heals(house)


def test_certificate_expired(house: Home, tmp_path: Path) -> None:
    data = house.server.folder / "data"
    _certificate(tmp_path, data, days=-2)
    house.run("ALTER SYSTEM SET ssl = on")
    house.run("SELECT pg_reload_conf()")
    house.tell(f"{house.enrolled.dsn}?sslmode=verify-full&sslrootcert={tmp_path}/ca.pem")
    try:
        house.hang_up()
        works_on(house, "rejected", "the certificate of the centre at .* is not believed: certificate has expired")
        _certificate(tmp_path, data, days=2)
        house.run("SELECT pg_reload_conf()")
        heals(house)
        sessions = "FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename LIKE 'edgectl_site%'"
        house.daemon.wait("/central", lambda _: house.run(f"SELECT bool_and(ssl) {sessions}") == "t")
    finally:
        house.tell(house.enrolled.dsn)
        house.run("ALTER SYSTEM RESET ssl")
        house.run("SELECT pg_reload_conf()")


def test_a_row_poisoned(house: Home) -> None:
    """A line on the disk of the site is no JSON any more. Its bytes arrive, and nothing behind it waits."""
    house.server.stop(signal.SIGKILL)
    works_on(house, "offline", "cannot be reached")
    assert house.daemon.terminate() == 0
    with sqlite3.connect(house.daemon.state / "journal.db") as db:
        (seq,) = db.execute("SELECT max(seq) - 3 FROM timeline").fetchone()
        db.execute("UPDATE timeline SET body = CAST(x'7b22ff7722' AS TEXT) WHERE seq = ?", (seq,))
    db.close()
    house.server.start()
    house.daemon.start()
    house.daemon.wait_ready()
    heals(house)
    kept = f"SELECT body->>'base64' FROM edgectl.edge_entries WHERE event_type = 'UNREADABLE' AND seq = {seq}"
    assert house.run(kept) == "eyL/dyI="


def test_a_line_that_vanished_there_calls_a_person_and_is_named(house: Home) -> None:
    heals(house)
    house.run("CREATE TABLE kept AS SELECT * FROM edgectl.edge_entries WHERE seq IN (5, 6)")
    house.run("DELETE FROM edgectl.edge_entries WHERE seq IN (5, 6)")
    house.daemon.ask("POST", "/central")
    house.daemon.wait("/alarms", lambda rows: any(row["id"] == "parity_gap:centre" and row["active"] for row in rows))
    said = house.parity()
    assert said.returncode == 1
    assert re.search(r"journal .*: \d+ lines here, \d+ there; missing there: 5-6\n1 days differ", said.stdout), (
        said.stdout
    )
    house.run("INSERT INTO edgectl.edge_entries SELECT * FROM kept")
    house.daemon.ask("POST", "/central")
    house.daemon.wait("/alarms", lambda rows: not any(row["active"] for row in rows))
    heals(house)


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _certificate(folder: Path, data: Path, *, days: int) -> None:
    """A certificate for 127.0.0.1 that ends so many days from now, signed by itself."""
    made = certificate.make(("127.0.0.1",), ("127.0.0.1",), time.time_ns() - LASTS + BEFORE + days * DAY)
    (folder / "ca.pem").write_bytes(made)
    owner = data.stat()
    for target in ("server.key", "server.crt"):  # each finds in the file what it needs
        (data / target).write_bytes(made)
        os.chown(data / target, owner.st_uid, owner.st_gid)
        (data / target).chmod(0o600)
