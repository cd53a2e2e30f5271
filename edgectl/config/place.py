"""Where to listen, as a person writes it: in the site file, and behind an option of a command."""

import ipaddress


def place_of(text: str) -> tuple[str, int] | None:
    """Address and port of what was written; None where it is none."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return None
    if not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536):
        return None
    return ("127.0.0.1" if host == "localhost" else host), int(port)
