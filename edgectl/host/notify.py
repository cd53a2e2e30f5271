"""sd_notify: one datagram to the service manager, if there is one."""

import os
import socket


def ready() -> None:
    """The safe writes have been attempted."""
    _tell("READY=1")


def watchdog() -> None:
    """The control loop has made progress."""
    _tell("WATCHDOG=1")


def stopping() -> None:
    """We are on our way out."""
    _tell("STOPPING=1")


def status(text: str) -> None:
    """One line for `systemctl status`."""
    _tell(f"STATUS={text}")


def _tell(message: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    name = b"\0" + address[1:].encode() if address.startswith("@") else address.encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(message.encode(), name)
        except OSError as error:
            raise NotifyFailed(f"the service manager at {address} does not listen: {error.strerror}") from error


class NotifyFailed(Exception):
    """The service manager gave an address and does not listen there."""
