"""The asyncio side that the serial and the network link share."""

import asyncio
from collections.abc import Callable


class Wire(asyncio.Protocol):
    """Hands bytes on as they come, and says once that the line is gone."""

    def __init__(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        self.why = "the line was closed"
        self._on_bytes = on_bytes
        self._on_lost: Callable[[str], None] | None = on_lost

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._on_bytes(data)

    def connection_lost(self, error: Exception | None) -> None:
        """The line is gone."""
        if self._on_lost is not None:
            on_lost, self._on_lost = self._on_lost, None
            on_lost(self.why if error is None else str(error))

    @property
    def lost(self) -> bool:
        """True when there is nothing left to close."""
        return self._on_lost is None

    def forget(self) -> None:
        """We closed it ourselves: nobody needs to be told."""
        self._on_lost = None
