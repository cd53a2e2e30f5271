"""The end of a command that hangs on a disk: its thread can be neither woken nor cut off."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from edgectl.cli.client import complain

WITHIN_S = 60.0


@contextmanager
def patient(says: str, hint: str) -> Iterator[Callable[[], None]]:
    """Call what it gives after each piece: where none is done within a minute the command says so and ends with 1, and
    the kernel lets go of whatever it holds. A file that is only begun stays behind: to take it away would hang too."""
    moved, over, asked = threading.Event(), threading.Event(), click.get_current_context()

    def watch() -> None:
        while moved.wait(WITHIN_S):
            moved.clear()
            if over.is_set():
                return
        with asked.scope(cleanup=False):
            complain(says, hint)
        sys.stdout.flush()
        os._exit(1)

    threading.Thread(target=watch, name="patience", daemon=True).start()
    try:
        yield moved.set
    finally:
        over.set()
        moved.set()
