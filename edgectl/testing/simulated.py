"""Simulated things in a process of their own, for as long as a context is open: it says `ready`, and takes wishes."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Self


class SimulatedProcess:
    """A context manager around `python -m MODULE`. Its control socket takes one wish in a line of JSON."""

    def __init__(self, control: Path, module: str, options: list[str]) -> None:
        self._control = control
        self._command = [sys.executable, "-m", module, *options]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        word = ""
        try:
            word = self._process.stdout.readline().strip()
        finally:
            if word != "ready":  # also when whoever waits is interrupted: nothing may outlive it
                self.__exit__(None, None, None)
        if word != "ready":
            raise RuntimeError(f"{self._command[2]} did not start: {word!r}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def end_at_once(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def wish(self, do: str, **more: Any) -> dict[str, Any]:
        """One wish. Raises ValueError with the sentence of the process."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(30)
            client.connect(str(self._control))
            client.sendall(json.dumps({"do": do, **more}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(client.makefile().readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer
