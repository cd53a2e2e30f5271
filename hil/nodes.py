"""The side of a rig behind a broker: a real Mosquitto, and a node that is a process of its own, or stands on the bench.

A scene knows both by one face: which outputs moved, that old and forged orders have had their time, and the node's end.
"""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from edgectl.testing.broker import PROGRAM, Broker
from edgectl.testing.nodes import SimulatedNodes
from hil.moves import Move

NO_BROKER = "there is no Mosquitto on this machine: the node behind a broker is left out (apt install mosquitto)"
OUTPUTS = {"valve_irrigation": "bed", "pump_main": "bed_pump"}
HEARD_WITHIN_S = 3.0  # by then a node of flesh has done with an order what it will do
ANYBODY = "set_tcp_nodelay true\nlistener {port}\nallow_anonymous true\n"  # a real node is not on this machine


class NodeSide:
    """Simulated nodes. A context manager: broker and nodes live as long as it is open."""

    def __init__(self, plan: list[dict[str, Any]], folder: Path) -> None:
        self._plan, self._folder = plan, folder
        self.name, self.zone, self.secret = plan[0]["name"], plan[0]["zone"], plan[0]["secret"]
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

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def moves(self) -> list[Move]:
        """Every output of the node that moved."""
        node = self.nodes[self.name]
        return [
            Move(output=load, on=row["on"], at=row["at"], why=row["why"])
            for output, load in OUTPUTS.items()
            for row in node.moved(output)
        ]

    def hears(self, publish: Callable[[], None], *, old: int = 0, forged: int = 0) -> None:
        """Publish so many orders that it must not follow, and wait until it has heard them."""
        node, name = self.nodes[self.name], self.name
        before = node.look(name)

        def heard(now: dict[str, Any]) -> bool:
            more = {count: now[count] - before[count] for count in ("replays", "expired", "forged")}
            return bool(more["replays"] + more["expired"] >= old and more["forged"] >= forged)

        publish()
        node.wait(name, heard)

    def end(self) -> None:
        """The node loses its supply."""
        self.nodes[self.name].kill()


class BenchNode:
    """A real node and the broker that it looks for on this machine. What its outputs did the witness tells."""

    def __init__(self, plan: dict[str, Any], folder: Path, seen: Callable[[], list[Move]], hand: Callable[..., None]):
        self.name, self.zone, self.secret = plan["name"], plan["zone"], plan["secret"]
        self.broker = Broker(folder / "broker", config=ANYBODY, port=plan["port"])
        self._seen, self._hand = seen, hand

    def __enter__(self) -> Self:
        self.broker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.broker.stop()

    def moves(self) -> list[Move]:
        """Every output of the node that moved, by the witness."""
        return [move for move in self._seen() if move.output in OUTPUTS.values()]

    def hears(self, publish: Callable[[], None], *, old: int = 0, forged: int = 0) -> None:
        """A real node does not tell what it refuses: it is given the time in which it would have moved."""
        publish()
        time.sleep(HEARD_WITHIN_S)

    def end(self) -> None:
        """By hand."""
        self._hand("node_off")
