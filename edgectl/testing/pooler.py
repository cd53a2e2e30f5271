"""A real pgbouncer in transaction mode before a real server, for tests: a folder of its own, 127.0.0.1, a free port.

Its sessions at the server are few on purpose: sites take turns at them.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

from edgectl.sync.dsn import Address
from edgectl.testing.ports import free_port

CONFIG = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
max_client_conn = 1000
default_pool_size = 4
max_db_connections = {sessions}
"""


class Pooler:
    """A context manager around one pgbouncer that knows these roles by their passwords."""

    def __init__(self, roles: list[Address], *, sessions: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edgectl-pool-"))
        self.port = free_port()
        users = "".join(f'"{role.user}" "{role.password}"\n' for role in roles)
        (self.folder / "users").write_text(users)
        config = CONFIG.format(
            host=roles[0].host, port=roles[0].port, own=self.port, folder=self.folder, sessions=sessions
        )
        (self.folder / "pgbouncer.ini").write_text(config)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise RuntimeError("pgbouncer is not installed; .ci/run installs the package pgbouncer")
        who: dict[str, Any] = {}
        if os.geteuid() == 0:  # it refuses to run as root
            account = pwd.getpwnam("nobody")
            who = {"user": account.pw_uid, "group": account.pw_gid}
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, account.pw_uid, account.pw_gid)
        with (self.folder / "log").open("wb") as log:
            command = [program, str(self.folder / "pgbouncer.ini")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **who)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return self
        self.__exit__(None, None, None)
        raise RuntimeError("pgbouncer did not start")

    def said(self) -> str:
        """Its log."""
        return (self.folder / "log").read_text()

    def __exit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)
