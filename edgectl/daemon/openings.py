"""Opening the doors. Plants come first: the house is driven also when nobody can look in, and what keeps a door shut (a
port that another program has, a key that others may read) is tried again until it is gone, without a restart.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from edgectl.api.server import DoorClosed
from edgectl.daemon.supervise import Supervisor

LOG = logging.getLogger(__name__)
AGAIN_S = 10.0

Open = Callable[[], tuple[Any, Any]]


class Openings:
    """What stands open. `servers` grows while doors open later than the others."""

    def __init__(self, group: asyncio.TaskGroup, supervisor: Supervisor) -> None:
        self._group, self._supervisor = group, supervisor
        self.servers: list[Any] = []

    def open(self, name: str, door: Open) -> bool:
        """Once. False when it stays shut; readiness says why."""
        try:
            server, listener = door()
        except DoorClosed as closed:
            why = str(closed)
            if self._supervisor.down.get(f"door {name}") != why:
                LOG.error("%s", why)
            self._supervisor.down[f"door {name}"] = why
            return False
        self._supervisor.down.pop(f"door {name}", None)
        self._group.create_task(self._serve(name, server, listener))
        self.servers.append(server)
        return True

    async def again(self, name: str, door: Open) -> None:
        """Until it stands open, or this is cancelled."""
        await asyncio.sleep(AGAIN_S)
        while not self.open(name, door):  # noqa: ASYNC110  nobody tells us that another program has gone
            await asyncio.sleep(AGAIN_S)
        LOG.warning("the door %s stands open now", name)

    async def _serve(self, name: str, server: Any, listener: Any) -> None:
        """A door that breaks makes readiness red and stops nothing else."""
        try:
            await server.serve(sockets=[listener])
        except Exception as error:
            LOG.exception("the door %s broke", name)
            self._supervisor.down[f"door {name}"] = f"{type(error).__name__}: {error}"
