"""What the tests reach of the dictionary of codes: `./dev test` fails when a code that is not legacy was never said.

Each process of a test run leaves its list in $EDGECTL_REACHED; `python -m tests.reached` adds them up.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from edgectl.api.house import Unavailable
from edgectl.daemon.outside import SchedulerDesk
from edgectl.engine.draft import Draft
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.inputs import Answer, Effect
from edgectl.model.timeline import Batch
from edgectl.testing.broker import Broker
from edgectl.testing.daemon import DaemonProcess
from edgectl.testing.postgres import PostgresServer
from tests.order import pytest_collection_modifyitems

# An example is judged by what comes of it and never by seconds: the machine may be crowded. They are the same in every
# run, so that a run is red for what was changed; a long look, by EDGECTL_EXAMPLES, looks elsewhere.
settings.register_profile(
    "crowded",
    deadline=None,
    derandomize="EDGECTL_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("crowded")
# A run starts many hundreds of processes. Each reads the modules that the first one has compiled, also where the shell
# wants none kept: a daemon starts in half the time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# pytest finds its hooks by their names: the one of the order is used here and not called.
__all__ = ["pytest_collection_modifyitems"]
REACHED: set[str] = set()
SAYING = frozenset({"reason_code", "error_code", "code", "status", "decision", "alarm", "reason"})


def pytest_configure() -> None:
    """A shell that starts a run in the background lets it ignore Ctrl-C, and whatever a test starts would do so too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of one test, without locks. Tests of its locks make their own."""
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def unslowed() -> Iterator[None]:
    """Who steps behind the house does it for good: in this process every later test would, and its daemons too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "nice", lambda by: by)
        began = os.getpriority(os.PRIO_PROCESS, 0)
        yield
        assert os.getpriority(os.PRIO_PROCESS, 0) == began, "a test has slowed down all those after it"


@pytest.fixture(scope="session", autouse=True)
def reached() -> Iterator[None]:
    """Listen to everything that the engine writes down or answers, and to every answer of a real daemon."""
    note, effect, ask, order = Draft.note, Draft.effect, DaemonProcess.ask, DaemonProcess.cli

    def noted(self: Draft, event_type: str, **details: Any) -> None:
        REACHED.add(event_type)
        _hear(details)
        note(self, event_type, **details)

    def effected(self: Draft, what: Effect) -> None:
        if isinstance(what, Answer):
            REACHED.add(str(what.code))
        effect(self, what)

    def asked(self: DaemonProcess, *request: Any) -> Any:
        status, answer = ask(self, *request)
        _hear(answer)
        return status, answer

    def ordered(self: DaemonProcess, *words: str) -> subprocess.CompletedProcess[str]:
        done = order(self, *words)
        if words[:2] == ("journal", "export"):  # its lines are as true as an answer: the daemon has committed them
            _hear([json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")])
        return done

    refusing, bootstrap, heartbeat = Unavailable.__init__, SchedulerDesk.bootstrap, SchedulerDesk.heartbeat

    def refused(self: Unavailable, http: int, code: str, *more: Any) -> None:
        REACHED.add(code)
        refusing(self, http, code, *more)

    def said(serve: Any) -> Any:
        def heard(self: SchedulerDesk, *words: str) -> Any:
            answer = serve(self, *words)
            _hear(answer)
            return answer

        return heard

    commit = SqliteJournal.commit

    def committed(self: SqliteJournal, batch: Batch) -> None:
        REACHED.update(entry.event_type for entry in batch.entries)
        commit(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteJournal, "commit", committed)
        patch.setattr(Draft, "note", noted)
        patch.setattr(Draft, "effect", effected)
        patch.setattr(DaemonProcess, "ask", asked)
        patch.setattr(DaemonProcess, "cli", ordered)
        patch.setattr(Unavailable, "__init__", refused)
        patch.setattr(SchedulerDesk, "bootstrap", said(bootstrap))
        patch.setattr(SchedulerDesk, "heartbeat", said(heartbeat))
        yield
    if folder := os.environ.get("EDGECTL_REACHED"):
        (Path(folder) / f"{os.getpid()}.json").write_text(json.dumps(sorted(REACHED)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One real server for each process of a test run. A test that hurts it leaves it running, or takes its own."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    """An empty database: its DSN."""
    return postgres.dsn(postgres.new_database())


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the campaigns of this run have met: numbers of zero would prove nothing."""
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == "campaign":
                terminalreporter.write_line(f"{report.nodeid.rpartition('[')[2].rstrip(']')}: {line}")


def _hear(said: Any) -> None:
    """Every code in an answer or a line, however deep."""
    if isinstance(said, dict):
        for key, value in said.items():
            if isinstance(value, str) and (key in SAYING or key == "id" or key == "event_type"):
                REACHED.add(value.partition(":")[0])
            else:
                _hear(value)
    elif isinstance(said, list | tuple):
        for item in said:
            _hear(item)
