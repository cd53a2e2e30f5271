"""The simulated nodes as a process: start them, hurt one, see what moved."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from edgectl.testing.simulated import SimulatedProcess


class SimulatedNodes(SimulatedProcess):
    """A context manager around `python -m edgectl.drivers.sim.nodes`. A node is a mapping: name, kind, zone, secret."""

    def __init__(
        self, folder: Path, port: int, nodes: list[dict[str, Any]], *, house: str = "gh-1", **tls: str
    ) -> None:
        self.folder = folder
        self._plan = {"host": "127.0.0.1", "port": port, "house": house, "nodes": nodes, **tls}
        options = ["--plan", str(folder / "plan.json"), "--dir", str(folder)]
        super().__init__(folder / "nodes.sock", "edgectl.drivers.sim.nodes", options)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "plan.json").write_text(json.dumps(self._plan))
        return super().__enter__()

    def kill(self) -> None:
        """SIGKILL for all of them."""
        self.end_at_once()

    def do(self, do: str, node: str = "", **more: Any) -> dict[str, Any]:
        """One wish. Returns what every node looks like afterwards. Raises ValueError with the sentence of the house."""
        return self.wish(do, node=node, **more)

    def look(self, node: str) -> dict[str, Any]:
        """One node."""
        view: dict[str, Any] = self.do("look")[node]
        return view

    def wait(self, node: str, until: Callable[[dict[str, Any]], bool], within_s: float = 60) -> dict[str, Any]:
        """Look again until a node satisfies."""
        deadline = time.monotonic() + within_s
        while not until(seen := self.look(node)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{node} did not come to it: {seen}")
            time.sleep(0.05)
        return seen

    def moved(self, output: str) -> list[dict[str, Any]]:
        """Every time that an output moved, in order."""
        path = self.folder / "nodes.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [row for row in rows if row["output"] == output]
