"""The servers that other tests lean on: a real PostgreSQL that ends and starts, and a line that can be hurt."""

import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from edgectl.testing.postgres import PostgresServer
from edgectl.testing.proxy import TcpProxy


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[TcpProxy]:
    with TcpProxy(postgres.port) as line:
        yield line


async def test_each_test_has_an_empty_database_of_its_own(postgres: PostgresServer, database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("CREATE TABLE things (n int)")
        assert await connection.fetchval("SELECT count(*) FROM things") == 0
    finally:
        await connection.close()
    assert postgres.run("SELECT to_regclass('things')", postgres.new_database()) == ""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
async def test_what_was_committed_is_there_after_the_server_came_back(
    postgres: PostgresServer, database: str, how: signal.Signals
) -> None:
    name = database.rpartition("/")[2]
    postgres.run("CREATE TABLE things (n int); INSERT INTO things VALUES (7)", name)
    connection = await asyncpg.connect(database)
    postgres.stop(how)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT n FROM things")
    postgres.start()
    assert postgres.run("SELECT n FROM things", name) == "7"


def test_a_server_that_is_killed_leaves_nothing_behind_in_the_memory_of_the_machine(postgres: PostgresServer) -> None:
    assert "/dev/shm" not in Path(f"/proc/{postgres.pid}/maps").read_text()


async def test_a_half_open_line_says_nothing_and_then_says_all(
    postgres: PostgresServer, database: str, proxy: TcpProxy
) -> None:
    connection = await asyncpg.connect(postgres.dsn(database.rpartition("/")[2], port=proxy.port))
    try:
        assert await connection.fetchval("SELECT 1") == 1
        proxy.stall()
        with pytest.raises(TimeoutError):
            await connection.fetchval("SELECT 2", timeout=0.5)
        proxy.flow()
        assert await connection.fetchval("SELECT 3", timeout=20) == 3
    finally:
        connection.terminate()


async def test_a_cut_line_is_an_error_at_once(postgres: PostgresServer, database: str, proxy: TcpProxy) -> None:
    connection = await asyncpg.connect(postgres.dsn(database.rpartition("/")[2], port=proxy.port))
    proxy.cut()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT 1", timeout=20)


def test_nobody_behind_the_line_is_a_line_that_hangs_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    said = b"nothing yet"
    # The reset may come while we still connect, or when we listen; an end without one is an empty word.
    with TcpProxy(port) as line, contextlib.suppress(ConnectionResetError):
        said = b""
        with socket.create_connection(("127.0.0.1", line.port), timeout=20) as client:
            client.settimeout(20)
            said = client.recv(1)
    assert said == b""
