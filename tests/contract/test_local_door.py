"""The local socket: the kernel says whose process asks, and that decides what it may and what the journal names."""

import asyncio
import json
import os
import pwd
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import AsyncMock, MagicMock

import pytest

from edgectl.api import http, keepers
from edgectl.api.server import door, unix_socket
from tests.contract.test_doors import until

pytestmark = pytest.mark.timeout(60)
NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that every user of this machine can reach: the rights of the socket are the lock, and not those around it."""
    made = Path(tempfile.mkdtemp(prefix="edgectl-door-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def asked_by_another(path: Path, method: str, target: str, body: bytes) -> tuple[int, int]:
    """A process of another user asks: where it can be read what it got, and the process. Who runs these tests as root
    becomes nobody for it; whoever is no root stays themselves, and the daemon is taken for somebody else."""
    reading, writing = os.pipe()
    if child := os.fork():
        os.close(writing)
        return reading, child
    try:
        if os.getuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
            line.sendall(head.encode() + body)
            while piece := line.recv(65_536):
                os.write(writing, piece)
    finally:
        os._exit(0)


async def answer(path: Path, method: str, target: str, body: bytes) -> tuple[int, dict[str, object]]:
    reading, child = asked_by_another(path, method, target, body)
    with os.fdopen(reading, "rb") as pipe:
        text = await asyncio.wait_for(asyncio.to_thread(pipe.read), 30)
    await asyncio.to_thread(os.waitpid, child, 0)
    head, _, rest = text.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(rest)


async def test_another_user_of_the_group_runs_the_house_and_gives_nobody_access(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = NOBODY if os.getuid() == 0 else os.getuid()
    if uid != NOBODY:
        monkeypatch.setattr(keepers, "os", MagicMock(getuid=lambda: uid + 1))
    inside = MagicMock()
    inside.house.timezone, inside.house.stop_all = "UTC", AsyncMock(return_value={"result": "ok"})
    listener = unix_socket(folder / "edgectl.sock")
    assert stat.S_IMODE((folder / "edgectl.sock").stat().st_mode) == 0o660, "owner and group, and nobody else"
    (folder / "edgectl.sock").chmod(0o666)  # as if it were one of the group
    server = door(http.local(inside), local=True)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    await until(lambda: server.started)
    try:
        status, _ = await answer(folder / "edgectl.sock", "POST", "/stop-all", b"{}")
        assert status == 200
        inside.house.stop_all.assert_awaited_once_with(pwd.getpwuid(uid).pw_name)
        wish = b'{"name": "me", "role": "engineer"}'
        for target in ("/access/tokens", "/access/pairings"):
            status, told = await answer(folder / "edgectl.sock", "POST", target, wish)
            assert (status, told["code"]) == (403, "role_too_low"), target
        inside.access.give.assert_not_called()
        inside.access.offer.assert_not_called()
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 20)
