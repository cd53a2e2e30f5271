"""A free port for something that begins to listen in a moment, and may be killed and started there again."""

import secrets
import socket
from pathlib import Path

LOWEST = 10_000
ENOUGH = 1_000  # ports to draw from
_LENT = Path("/proc/sys/net/ipv4/ip_local_port_range")  # what the kernel lends to whoever asks for any port


def free_port() -> int:
    """A port of this machine that nobody listens on.

    It is none of those that the kernel lends: between two lives of a server somebody's own end of a connection could
    get it. And it is drawn by lot, not by the seed of a test run: several such processes ask at the same time. Where
    the kernel lends nearly all of them it is asked for one.
    """
    room = int(_LENT.read_text().split()[0]) - LOWEST
    while True:
        port = LOWEST + secrets.randbelow(room) if room >= ENOUGH else 0
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
