"""The side of the virtual rig behind a broker: a real Mosquitto, and each node a process of its own."""

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edgectl.testing.broker import PROGRAM, Broker
from edgectl.testing.nodes import SimulatedNodes

NO_BROKER = "there is no Mosquitto on this machine: the node behind a broker is left out (apt install mosquitto)"


class NodeSide:
    """A context manager: broker and nodes live as long as it is open."""

    def __init__(self, plan: list[dict[str, Any]], folder: Path) -> None:
        self._plan, self._folder = plan, folder
        self.broker = Broker(folder / "broker")
        self.nodes: dict[str, SimulatedNodes] = {}
        self._open = contextlib.ExitStack()

    @staticmethod
    def there() -> bool:
        """Whether this machine has a broker."""
        return PROGRAM is not None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            opened.enter_context(self.broker)
            for entry in self._plan:
                node = SimulatedNodes(self._folder / entry["name"], self.broker.port, [entry])
                self.nodes[entry["name"]] = opened.enter_context(node)
            for name, node in self.nodes.items():
                node.wait(name, lambda seen: bool(seen["connected"]))
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
