"""The simulated nodes as a process: start them, hurt one, see what moved."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class SimulatedNodes:
    """A context manager around `python -m edgectl.drivers.sim.nodes`. A node is a mapping: name, kind, zone, secret."""

    def __init__(
        self, folder: Path, port: int, nodes: list[dict[str, Any]], *, house: str = "gh-1", **tls: str
    ) -> None:
        self.folder = folder
        self._plan = {"host": "127.0.0.1", "port": port, "house": house, "nodes": nodes, **tls}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        plan = self.folder / "plan.json"
        plan.write_text(json.dumps(self._plan))
        command = [sys.executable, "-m", "edgectl.drivers.sim.nodes", "--plan", str(plan), "--dir", str(self.folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        word = self._process.stdout.readline().strip()
        if word != "ready":
            self.__exit__(None, None, None)
            raise RuntimeError(f"the simulated nodes did not start: {word!r}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def kill(self) -> None:
        """SIGKILL for all of them."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def do(self, do: str, node: str = "", **more: Any) -> dict[str, Any]:
        """One wish. Returns what every node looks like afterwards. Raises ValueError with the sentence of the house."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(30)
            client.connect(str(self.folder / "nodes.sock"))
            client.sendall(json.dumps({"do": do, "node": node, **more}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(client.makefile().readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer

    def look(self, node: str) -> dict[str, Any]:
        """One node."""
        view: dict[str, Any] = self.do("look")[node]
        return view

    def wait(self, node: str, until: Callable[[dict[str, Any]], bool], within_s: float = 20) -> dict[str, Any]:
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
