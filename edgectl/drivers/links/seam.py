"""What every line must be able to do."""

from collections.abc import Callable
from typing import Protocol


class LinkDown(Exception):
    """The line cannot be used now. The sentence names the port and what to look at."""


class Link(Protocol):
    """One line. Owned by one task."""

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        """Open the line. Raises LinkDown. `on_lost` is called at most once for each successful open."""

    def write(self, data: bytes) -> None:
        """Send bytes. A line that is gone tells so through `on_lost`."""

    def close(self) -> None:
        """Close the line. `on_lost` is not called any more."""
