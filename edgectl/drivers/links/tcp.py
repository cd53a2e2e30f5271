"""A network connection: a Modbus TCP server, or a box that carries the bytes of a serial line."""

import asyncio
from collections.abc import Callable

from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.links.wire import Wire
from edgectl.drivers.wiring import RtuGateway, TcpHost

CONNECT_WITHIN_S = 3.0


class TcpLink:
    """One connection. asyncio sets TCP_NODELAY, without which each small frame could wait."""

    def __init__(self, line: TcpHost | RtuGateway) -> None:
        self.line = line
        self._transport: asyncio.WriteTransport | None = None
        self._wire: Wire | None = None

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        """Connect. Raises LinkDown."""
        host, port = self.line.host, self.line.port
        wire = Wire(on_bytes, on_lost)
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                transport, _ = await asyncio.get_running_loop().create_connection(lambda: wire, host, port)
        except TimeoutError as error:
            raise LinkDown(f"{host}:{port} does not answer within {CONNECT_WITHIN_S:g} s; check its power") from error
        except OSError as error:
            raise LinkDown(
                f"{host}:{port} cannot be reached: {error.strerror or error}; check address and cable"
            ) from (error)
        self._transport, self._wire = transport, wire

    def write(self, data: bytes) -> None:
        """Send bytes."""
        # uvloop raises where asyncio swallows: a closed transport must not be touched.
        if self._transport is not None and self._wire is not None and not self._wire.lost:
            self._transport.write(data)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None and self._wire is not None and not self._wire.lost:
            self._wire.forget()
            self._transport.abort()
        self._transport = self._wire = None
