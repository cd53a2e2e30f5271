"""What may hang, within a time: a name is looked up for as long as the resolver likes, and nobody can stop it.

The one who waits goes on; the look-up ends by itself some day, in a thread that keeps no process alive.
"""

import ipaddress
import socket
import threading
from collections.abc import Callable

NAME_WITHIN_S = 2.0


def name_found(host: str, within_s: float = NAME_WITHIN_S) -> None:
    """Look a name up once, within a time. Raises OSError with a sentence when nobody says whose it is."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        within(lambda: socket.getaddrinfo(host, None), within_s, f"the name {host} is not found within {within_s:g} s")


def within(act: Callable[[], object], within_s: float, otherwise: str) -> None:
    """Do something that may hang. Raises what it raises, and OSError with `otherwise` when it has not come back."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001  it is raised again where somebody waits for it
            failed.append(error)

    thread = threading.Thread(target=run, name="bounded", daemon=True)
    thread.start()
    thread.join(within_s)
    if thread.is_alive():
        raise OSError(otherwise)
    if failed:
        raise failed[0]
