"""P18: fifty clients at the door while control runs: what they wait for, what it costs the orders, what streams weigh.

Each client has a token of its own and asks for the whole status of 1,500 channels about once in a second and a half.
The clients take a core of the machine, whoever they ask. So the same crowd asks a server beside, too, that does nothing
but send bytes of the same length: what the orders wait longer then is the machine's, what is beyond it is the daemon's.
"""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from large import Crowd, due_to_bus, get, large_daemon
from rows import Goal, main, quantile

CLIENTS, STREAMS = 50, 50
ROUNDS, ROUND_S, REST_S = 3, 20.0, 1.5


def rss_mb(pid: int) -> float:
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def stream(port: int, token: str) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    line.sendall(f"GET /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert b" 200 " in line.recv(4096)[:32]
    return line


BESIDE = """
import asyncio, sys, uvloop
head = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n"
answers = [head % size + b"x" * size for size in map(int, sys.argv[1:])]
class Nothing(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(answers[b"/tasks" in data])
async def main():
    server = await asyncio.get_running_loop().create_server(Nothing, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
uvloop.run(main())
"""


@contextmanager
def nothing_beside(status: int, tasks: int) -> Iterator[int]:
    """A server that answers with so many bytes. Yields its port."""
    command = [sys.executable, "-c", BESIDE, str(status), str(tasks)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def size(port: int, path: str, token: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"authorization": f"Bearer {token}"})
    return len(connection.getresponse().read())


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    took: list[float] = []
    orders: dict[str, list[float]] = {"alone": [], "beside": [], "asked": []}
    spent = dict.fromkeys(orders, 0.0)
    with tempfile.TemporaryDirectory() as name, large_daemon(Path(name), "7s") as daemon:
        tokens = [daemon.ask("POST", "/access/tokens", {"name": f"c{n}", "role": "viewer"})[1] for n in range(CLIENTS)]
        secrets = [answer["data"]["token"] for answer in tokens]

        def ask(port: int, number: int) -> float | None:
            status, seconds = get(port, "/tasks?limit=20" if number % 2 else "/status", secrets[number])
            time.sleep(REST_S)
            return seconds if status == 200 else None

        assert daemon.process is not None
        sizes = [size(daemon.http, path, secrets[0]) for path in ("/status", "/tasks?limit=20")]
        with nothing_beside(*sizes) as other:
            for _ in range(ROUNDS):
                for kind, many, port in (
                    ("alone", 0, 0),
                    ("beside", CLIENTS, other),
                    ("asked", CLIENTS, daemon.http),
                ):
                    begin, used = time.time(), cpu_s(daemon.process.pid)
                    with Crowd(many, partial(ask, port)) as crowd:
                        crowd.wait(ROUND_S)
                    orders[kind] += due_to_bus(daemon.state, begin, time.time() - 1)
                    spent[kind] += cpu_s(daemon.process.pid) - used
                    took += crowd.took if kind == "asked" else []
        time.sleep(5)
        before, begin = rss_mb(daemon.process.pid), time.time()
        streams = [stream(daemon.http, secrets[number % CLIENTS]) for number in range(STREAMS)]
        time.sleep(20)  # they hear of every run of twenty zones
        grown = rss_mb(daemon.process.pid) - before
        followed = due_to_bus(daemon.state, begin, time.time() - 1)
        for line in streams:
            line.close()
    two = {kind: (quantile(found, 0.5), quantile(found, 0.99)) for kind, found in orders.items()}
    return [
        (
            "answers, and runs measured alone, beside and asked",
            f"{len(took)}, {len(orders['alone'])}, {len(orders['beside'])} and {len(orders['asked'])}",
        ),
        ("an answer, p50 / p99, ms", f"{1000 * quantile(took, 0.5):.0f} / {1000 * quantile(took, 0.99):.0f}"),
        *((f"due to echo, {kind}: p50 / p99, ms", f"{1000 * a:.1f} / {1000 * b:.1f}") for kind, (a, b) in two.items()),
        ("CPU time of an answer, ms", f"{1000 * (spent['asked'] - spent['beside']) / len(took):.2f}"),
        (
            "due to echo, the crowd beside against alone: p50 / p99",
            f"{two['beside'][0] / two['alone'][0]:.2f} / {two['beside'][1] / two['alone'][1]:.2f}",
        ),
        (
            f"due to echo, followed by {STREAMS} streams: p50 / p99, ms",
            f"{1000 * quantile(followed, 0.5):.1f} / {1000 * quantile(followed, 0.99):.1f}",
        ),
        (f"memory of {STREAMS} streams, MB", f"{grown:.1f} on {before:.1f}"),
    ], [
        Goal(
            row="P18", what="due to echo p50, asked against alone", value=two["asked"][0] / two["alone"][0], limit=1.1
        ),
        Goal(
            row="P18", what="due to echo p99, asked against alone", value=two["asked"][1] / two["alone"][1], limit=1.5
        ),
        Goal(
            row="P18",
            what="due to echo p50, asked against the crowd beside",
            value=two["asked"][0] / two["beside"][0],
            limit=1.1,
        ),
        Goal(
            row="P18",
            what="due to echo p99, asked against the crowd beside",
            value=two["asked"][1] / two["beside"][1],
            limit=1.5,
        ),
        Goal(row="P18", what="memory of 50 streams, MB", value=grown, limit=12),
    ]


if __name__ == "__main__":
    main("P18 fifty at the door", measure)
