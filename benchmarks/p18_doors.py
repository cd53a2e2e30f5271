"""P18: fifty clients at the door while control runs: what they wait for, what it costs the orders, what streams weigh.

Each client has a token of its own and asks for the whole status of 1,500 channels about once in a second and a half.
"""

import socket
import tempfile
import time
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


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    took: list[float] = []
    orders: dict[str, list[float]] = {"alone": [], "asked": []}
    with tempfile.TemporaryDirectory() as name, large_daemon(Path(name), "7s") as daemon:
        tokens = [daemon.ask("POST", "/access/tokens", {"name": f"c{n}", "role": "viewer"})[1] for n in range(CLIENTS)]
        secrets = [answer["data"]["token"] for answer in tokens]

        def ask(number: int) -> float | None:
            status, seconds = get(daemon.http, "/tasks?limit=20" if number % 2 else "/status", secrets[number])
            time.sleep(REST_S)
            return seconds if status == 200 else None

        for _ in range(ROUNDS):
            for kind, many in (("alone", 0), ("asked", CLIENTS)):
                begin = time.time()
                with Crowd(many, ask) as crowd:
                    crowd.wait(ROUND_S)
                orders[kind] += due_to_bus(daemon.state, begin, time.time() - 1)
                took += crowd.took
        assert daemon.process is not None
        time.sleep(5)
        before = rss_mb(daemon.process.pid)
        streams = [stream(daemon.http, secrets[number % CLIENTS]) for number in range(STREAMS)]
        time.sleep(20)  # they hear of every run of twenty zones
        grown = rss_mb(daemon.process.pid) - before
        for line in streams:
            line.close()
    two = {kind: (quantile(found, 0.5), quantile(found, 0.99)) for kind, found in orders.items()}
    return [
        (
            "answers, and runs measured alone and asked",
            f"{len(took)}, {len(orders['alone'])} and {len(orders['asked'])}",
        ),
        ("an answer, p50 / p99, ms", f"{1000 * quantile(took, 0.5):.0f} / {1000 * quantile(took, 0.99):.0f}"),
        *((f"due to echo, {kind}: p50 / p99, ms", f"{1000 * a:.1f} / {1000 * b:.1f}") for kind, (a, b) in two.items()),
        (f"memory of {STREAMS} streams, MB", f"{grown:.1f} on {before:.1f}"),
    ], [
        Goal(
            row="P18", what="due to echo p50, asked against alone", value=two["asked"][0] / two["alone"][0], limit=1.1
        ),
        Goal(
            row="P18", what="due to echo p99, asked against alone", value=two["asked"][1] / two["alone"][1], limit=1.5
        ),
        Goal(row="P18", what="memory of 50 streams, MB", value=grown, limit=12),
    ]


if __name__ == "__main__":
    main("P18 fifty at the door", measure)
