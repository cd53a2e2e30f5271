"""The simulated devices as a process: start it, hurt it, read its trace."""

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgectl.testing.simulated import SimulatedProcess


class SimulatedField(SimulatedProcess):
    """A context manager around `python -m edgectl.drivers.sim`."""

    def __init__(
        self,
        folder: Path,
        *,
        speed: float = 1.0,
        baudrate: int | None = None,
        circuits: Mapping[str, str] = MappingProxyType({}),
        streams: Mapping[str, str] = MappingProxyType({}),
        units: Mapping[int, str] = MappingProxyType({}),
        boxed: Mapping[int, str] = MappingProxyType({}),
        witness: bool = False,
        apart: bool = False,
    ) -> None:
        """With `apart` each device is a process of its own, as on a rig; without it they share one."""
        self.folder = folder
        options = ["--speed", str(speed), *(["--baudrate", str(baudrate)] if baudrate else [])]
        options += [word for name, kind in circuits.items() for word in ("--circuit", f"{name}={kind}")]
        options += [word for name, kind in streams.items() for word in ("--stream", f"{name}={kind}")]
        options += [word for number, kind in units.items() for word in ("--unit", f"{number}={kind}")]
        options += [word for number, kind in boxed.items() for word in ("--boxed", f"{number}={kind}")]
        options += ["--witness"] if witness else []
        options += ["--apart"] if apart else []
        super().__init__(folder / "control.sock", "edgectl.drivers.sim", ["--dir", str(folder), *options])

    @property
    def port(self) -> Path:
        """The name of the serial port."""
        return self.folder / "bus-field"

    @property
    def tcp(self) -> tuple[str, int]:
        """Where the climate devices listen."""
        return "127.0.0.1", json.loads((self.folder / "ports.json").read_text())["climate"]

    def control(self, do: str, **more: Any) -> dict[str, Any]:
        """One wish. Raises ValueError with the sentence of the field."""
        return self.wish(do, **more)

    @property
    def processes(self) -> dict[str, int]:
        """The process of each device that lives apart, by name: field-5, climate-2, or that of a circuit."""
        told: dict[str, int] = json.loads((self.folder / "ports.json").read_text())["parts"]
        return told

    def kill(self, part: str) -> None:
        """SIGKILL for one device."""
        os.kill(self.processes[part], signal.SIGKILL)

    def fault(self, kind: str, **more: Any) -> None:
        """Make something go wrong."""
        self.control("fault", kind=kind, **more)

    def hurt(self, circuit: str, kind: str | None, **more: Any) -> None:
        """Make something go wrong with an EZO circuit; None makes it well."""
        self.control("circuit", name=circuit, kind=kind, **more)

    def circuits(self, name: str) -> list[dict[str, Any]]:
        """What an EZO circuit heard and measured, in order."""
        path = self.folder / "circuits.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [row for row in rows if row["circuit"] == name]

    def trouble(self, stream: str, kind: str | None, **more: Any) -> None:
        """Make something go wrong with a device of frames; None makes it well."""
        self.control("stream", name=stream, kind=kind, **more)

    def streams(self, name: str) -> list[dict[str, Any]]:
        """What a device of frames measured and moved, in order."""
        path = self.folder / "streams.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [row for row in rows if row["stream"] == name]

    def trace(self) -> list[dict[str, Any]]:
        """Every relay that moved, in order."""
        return [json.loads(line) for line in (self.folder / "trace.jsonl").read_text().splitlines()]
