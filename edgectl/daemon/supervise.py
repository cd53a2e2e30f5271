"""Tasks that live as long as the daemon: a crash is counted, told, and answered with a new start, later each time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

LOG = logging.getLogger("edgectl")
FIRST_REST_S = 0.5
LONGEST_REST_S = 30.0


class Supervisor:
    """Keeps tasks alive. `down` names those that have crashed and wait for their next start."""

    def __init__(self) -> None:
        self.crashes: dict[str, int] = {}
        self.down: dict[str, str] = {}

    async def keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run for ever. Cancelling ends it."""
        rest = FIRST_REST_S
        self.crashes.setdefault(name, 0)  # an alert sees the first crash only where a zero was before it
        while True:
            try:
                self.down.pop(name, None)
                await run()
                reason = "it ended"
            except Exception as error:  # the one place where any crash is survived, and never in silence
                reason = f"{type(error).__name__}: {error}"
                LOG.exception("%s crashed", name)
            self.crashes[name] += 1
            self.down[name] = reason
            await asyncio.sleep(rest)
            rest = min(2 * rest, LONGEST_REST_S)
