"""Two real daemons of a redundant pair, a real database that says who leads, and one line that both could speak on.

Whatever happens to the leader, its session or the server: not one byte of the old one after the first of the new one.
"""

import re
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.postgres import PostgresServer
from edgectl.testing.proxy import TcpProxy
from edgectl.testing.wire import SharedWire

pytestmark = pytest.mark.timeout(240)
STOOD_DOWN = 75


@dataclass
class House:
    """The pair, its line, and each one's way to the database."""

    field: SimulatedField
    wire: SharedWire
    daemons: dict[str, DaemonProcess]
    ways: dict[str, TcpProxy]

    def start(self, name: str) -> DaemonProcess:
        return self.daemons[name].start()

    def leads(self, name: str, epoch: int) -> None:
        """Wait until this one leads in this epoch and is ready."""
        self.daemons[name].wait_log(f"leads in epoch {epoch}", 60)
        self.daemons[name].wait_ready(60)

    def first_word(self, name: str, since: int) -> int:
        """When this one first spoke after an instant."""
        return self.wire.of(name, since)[0].at

    def pump(self) -> bool:
        relays: list[bool] = self.field.control("state")["relays"]
        return relays[0]


@pytest.fixture
def field(tmp_path: Path) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path / "field") as running:
        yield running


@pytest.fixture
def house(
    request: pytest.FixtureRequest, tmp_path: Path, field: SimulatedField, postgres: PostgresServer, database: str
) -> Iterator[House]:
    ttl = getattr(request, "param", "6s")
    ways = {name: TcpProxy(postgres.port) for name in "ab"}
    with SharedWire(field.port, ("a", "b"), private=True) as wire, ways["a"], ways["b"]:
        daemons = {}
        for name in "ab":
            folder = tmp_path / name
            folder.mkdir()
            site = write_site(folder, field, every="1h", duration="40s", travel="200ms")
            behind = f"field: {{type: modbus-rtu-over-tcp, host: 127.0.0.1, port: {wire.port(name)}}}"
            text = re.sub(r"field: .*", behind, site.read_text(), count=1)
            site.write_text(f"{text}lease: {{type: postgres, dsn: {{credential: lease}}, ttl: {ttl}}}\n")
            secret = folder / "lease"
            secret.write_text(postgres.dsn(database.rpartition("/")[2], port=ways[name].port))
            secret.chmod(0o600)
            daemons[name] = DaemonProcess(folder, site, prefix=("env", f"EDGECTL_CREDENTIALS={folder}"))
        yield House(field=field, wire=wire, daemons=daemons, ways=ways)
        for daemon in daemons.values():
            if daemon.process is not None and daemon.process.poll() is None:
                daemon.kill()
            said = daemon.log.read_text() if daemon.log.exists() else ""
            assert "Traceback" not in said, said[said.index("Traceback") :][:3000]


def ended(daemon: DaemonProcess, within_s: float = 90) -> int:
    assert daemon.process is not None
    return daemon.process.wait(within_s)


def watering(daemon: DaemonProcess) -> None:
    """Wait until the pump of the first run is on."""
    daemon.wait("/channels", lambda rows: any(r.get("output") == "pump" and r["on"] for r in rows), 60)


def test_a_leader_that_was_stopped_past_its_time_says_nothing_when_it_wakes(house: House) -> None:
    house.start("a")
    house.leads("a", 1)
    house.start("b").wait_log("another controller leads in epoch 1")
    watering(house.daemons["a"])
    assert house.wire.of("b") == [], "who waits does not speak"
    house.daemons["a"].signal(signal.SIGSTOP)
    house.leads("b", 2)
    house.daemons["b"].wait_log("leads in epoch 2, after somebody else")
    house.daemons["a"].signal(signal.SIGCONT)
    assert ended(house.daemons["a"]) == STOOD_DOWN
    began = house.first_word("b", 0)
    assert house.wire.of("a", began) == []
    house.start("a").wait_log("another controller leads in epoch 2")
    assert house.wire.of("a", began) == []
    assert house.daemons["b"].data("/status")["ready"]


def test_the_line_shows_a_leader_that_does_not_look_at_its_lease(house: House) -> None:
    """The mutant of the test before: were the last look at the lease missing, the line would tell."""
    house.daemons["a"]._prefix = (
        *house.daemons["a"]._prefix,
        sys.executable,
        "-c",
        "import sys\n"
        "from edgectl.daemon.pair import Pair\n"
        "Pair.may_speak = lambda self, now: True\n"
        "sys.argv = ['edgectl', *sys.argv[5:]]\n"
        "from edgectl.__main__ import main\n"
        "main()\n",
        "--",
    )
    house.start("a")
    house.leads("a", 1)
    house.start("b").wait_log("another controller leads in epoch 1")
    house.daemons["a"].signal(signal.SIGSTOP)
    house.leads("b", 2)
    house.daemons["a"].signal(signal.SIGCONT)
    ended(house.daemons["a"])
    assert house.wire.of("a", house.first_word("b", 0)), "its OFFs came after the other one's first word"


def test_a_leader_whose_line_to_the_database_is_half_open_switches_off_in_time(house: House) -> None:
    house.start("a")
    house.leads("a", 1)
    house.start("b").wait_log("another controller leads in epoch 1")
    watering(house.daemons["a"])
    house.ways["a"].stall()
    assert ended(house.daemons["a"]) == STOOD_DOWN
    assert not house.pump(), "its last words were OFF"
    assert house.wire.of("b") == [], "and they came before anybody else's first"
    log = house.daemons["a"].log.read_text()
    assert "the lease was not renewed in time: this controller stands down" in log
    house.leads("b", 2)
    began = house.first_word("b", 0)
    assert house.wire.of("a", began) == []


@pytest.mark.parametrize("house", ["30s"], indirect=True)
def test_a_lost_session_and_a_restart_of_the_server_do_not_move_the_lead(
    house: House, postgres: PostgresServer
) -> None:
    house.start("a")
    house.leads("a", 1)
    ours = "pid <> pg_backend_pid() AND application_name LIKE 'edgectl lease%'"
    killed = postgres.run(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {ours}")
    assert int(killed) >= 1
    house.ways["a"].cut()
    postgres.restart()
    house.start("b").wait_log("another controller leads in epoch 1", 60)
    until = time.monotonic() + 4
    while time.monotonic() < until:
        assert house.daemons["a"].data("/status")["ready"]
        time.sleep(0.2)
    assert "stands down" not in house.daemons["a"].log.read_text()
    assert house.daemons["a"].terminate() == 0
    gone = time.monotonic_ns()
    house.leads("b", 2)
    assert house.first_word("b", 0) - gone < 25 * 10**9, "what was given back is not waited for"
    assert house.wire.of("a", house.first_word("b", 0)) == []


def test_after_a_death_the_bus_is_cleaned_up_only_while_the_lease_lasts(house: House) -> None:
    a, b = house.start("a"), house.daemons["b"]
    house.leads("a", 1)
    b.start().wait_log("another controller leads in epoch 1")
    watering(a)
    a.kill()
    house.ways["b"].stall()  # b cannot see yet that a is dead
    cleaned = a.cli("safe-state", "--after-end")
    assert not house.pump(), cleaned.stdout
    house.ways["b"].flow()
    house.leads("b", 2)
    began = house.first_word("b", 0)
    late = a.cli("safe-state", "--after-end")
    assert late.returncode == 1
    assert "left alone: this controller does not lead" in late.stdout
    assert house.wire.of("a", began) == []


def test_while_the_database_is_away_nobody_leads_and_then_one_does(house: House, postgres: PostgresServer) -> None:
    house.start("a")
    house.leads("a", 1)
    postgres.stop()
    try:
        assert ended(house.daemons["a"]) == STOOD_DOWN
        spoken = len(house.wire.said)
        house.start("a").wait_log("nobody can take the lead until it answers")
        house.start("b").wait_log("nobody can take the lead until it answers")
        assert len(house.wire.said) == spoken
    finally:
        postgres.start()
    house.leads("a", 2)
    house.daemons["b"].wait_log("another controller leads in epoch 2")
    assert house.wire.of("b") == []
