"""A free port for something that begins to listen in a moment, and may be killed and started there again."""

import secrets
import socket
from pathlib import Path

LOWEST = 10_000
_LENT = Path("/proc/sys/net/ipv4/ip_local_port_range")  # what the kernel lends to whoever asks for any port


def free_port() -> int:
    """A port of this machine that nobody listens on.

    It is none of those that the kernel lends: between two lives of a server somebody's own end of a connection could
    get it. And it is drawn by lot, not by the seed of a test run: several such processes ask at the same time.
    """
    beyond = max(LOWEST + 1, int(_LENT.read_text().split()[0]))
    while True:
        port = LOWEST + secrets.randbelow(beyond - LOWEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
