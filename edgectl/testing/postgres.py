"""A private PostgreSQL server for tests: a cluster in a folder of its own, on 127.0.0.1 and a free port.

It may be killed, paused and started again. `initdb` refuses to run as root: then the server runs as the user postgres,
and ends with the process that started it even when that process is killed.
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Self

from edgectl.testing.ports import free_port

USER = "edgectl"
_PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql")
_NO_WAIT = "fsync=off", "full_page_writes=off"  # the server is killed here, the machine under it is not


class PostgresServer:
    """A context manager around one cluster. Raises RuntimeError with the server's own words when it does not start.

    `home` holds another PostgreSQL than the newest one of this machine.
    """

    def __init__(self, home: Path | None = None) -> None:
        self._home = home
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="edgectl-pg-"))
        self._names = count(1)
        self._command: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._who = _owner(own=home is not None)

    def dsn(self, database: str = "postgres", *, port: int | None = None) -> str:
        """How to reach a database, directly or through a proxy that listens on `port`."""
        return f"postgresql://{USER}@127.0.0.1:{port or self.port}/{database}"

    def new_database(self) -> str:
        """An empty database of its own. Returns its name."""
        name = f"t{os.getpid()}_{next(self._names)}"
        self.run(f"CREATE DATABASE {name}")
        return name

    def run(self, sql: str, database: str = "postgres") -> str:
        """Run SQL by the server's own client. Returns what it prints, one row a line."""
        command = [self._tool("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.dsn(database), "-c", sql]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        assert self._process is None, "it runs already"
        if not (self.folder / "data" / "PG_VERSION").exists():
            self._make_cluster()
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}"]
        # What it shares between its processes lies in its own folder: one that was killed leaves nothing in /dev/shm.
        options += [*_NO_WAIT, "max_connections=60", "shared_buffers=16MB", "dynamic_shared_memory_type=mmap"]
        command = [self._tool("postgres"), "-D", str(self.folder / "data")]
        self._command = [*command, *(word for option in options for word in ("-c", option))]
        self._launch()
        self._wait_until_it_answers()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT hangs up on everybody, SIGQUIT as after a crash, SIGKILL without a word, its children too:
        a session that outlived its server would go on answering for a while."""
        process, self._process = self._process, None
        if process is None:
            return
        children = _children(process.pid) if how is signal.SIGKILL else []
        process.send_signal(how)
        process.wait(30)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def answers(self) -> bool:
        """Does the process live, and does it take a question?"""
        if self._process is None or self._process.poll() is not None:
            return False
        try:
            return self.run("SELECT 1") == "1"
        except RuntimeError:
            return False

    def restart(self) -> None:
        """Every session is lost; what was committed is there."""
        self.stop()
        self.start()

    @property
    def pid(self) -> int:
        """The process number of the server, for signals."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _tool(self, name: str) -> str:
        return _tool(name) if self._home is None else str(self._home / "bin" / name)

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    def _make_cluster(self) -> None:
        if user := self._who.get("user"):
            shutil.chown(self.folder, user)
            if self._home is not None and not _open_to_all(self._home):
                self._home = Path(shutil.copytree(self._home, self.folder / "server"))
        command = [self._tool("initdb"), "-D", str(self.folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8"]
        command += ["--locale=C", "--no-sync"]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=self.folder, timeout=120, check=False, **self._who
        )
        if done.returncode:
            raise RuntimeError(f"initdb: {done.stderr.strip()}")

    def _launch(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self.folder, preexec_fn=_end_with_parent, **self._who
            )

    def _wait_until_it_answers(self, within_s: float = 60) -> None:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                self._launch()  # a server that was killed leaves children, and while they live no new one begins
            try:
                self.run("SELECT 1")
            except RuntimeError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text()[-2000:]}")


def _tool(name: str) -> str:
    """The newest server on this machine. A missing one is an error: a test without it proves nothing."""
    found = [path for place in _PLACES for path in Path(place).glob(f"*/bin/{name}")]
    if not found and (path := shutil.which(name)):
        found = [Path(path)]
    if not found:
        raise RuntimeError(f"PostgreSQL's {name} is not installed; .ci/run installs the package postgresql")
    return str(max(found, key=lambda path: [int(part) for part in path.parts if part.isdigit()]))


def _owner(*, own: bool) -> dict[str, Any]:
    """As whom the server runs: as ourselves, or when we are root as postgres, or as nobody if it came with us."""
    if os.geteuid() != 0:
        return {}
    try:
        account = pwd.getpwnam("nobody" if own else "postgres")
    except KeyError as error:
        raise RuntimeError("root needs the user postgres; .ci/run installs the package postgresql") from error
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


_LIBC = ctypes.CDLL(None)
_end_with_parent = partial(_LIBC.prctl, 1, signal.SIGINT)  # PR_SET_PDEATHSIG


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _open_to_all(path: Path) -> bool:
    return all(place.stat().st_mode & 0o005 == 0o005 for place in (path, *path.parents))
