"""A rig: devices on real lines, faults that can be switched on, and a trace of every relay that moved.

The rig file says what hangs on the rig. Tests know a rig only through this class, so that a rig with other wires can
take its place.
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ruamel.yaml import YAML

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from hil.bench import BenchRig
from hil.moves import RELAYS, Move
from hil.nodes import NodeSide

RIGS = Path(__file__).parent / "rigs"


def plan_of(name: str) -> dict[str, Any]:
    """What a rig file says."""
    plan: dict[str, Any] = YAML(typ="safe", pure=True).load((RIGS / f"{name}.yaml").read_text())
    return plan


def rig_of(name: str, folder: Path) -> "Rig | BenchRig":
    """The rig of that name: of simulated devices, or of real ones where its file names a witness."""
    plan = plan_of(name)
    return BenchRig(plan, folder) if "witness" in plan else Rig(name, folder)


def absent(name: str) -> str:
    """What is missing of a rig of real devices, in lines; empty for a whole one, and for one that is simulated."""
    plan = plan_of(name)
    return BenchRig(plan, Path()).absent() if "witness" in plan else ""


class Rig:
    """The simulated rig, each device a process of its own. A context manager: they live as long as it is open."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.plan = plan_of(name)
        self.field = SimulatedField(
            folder / "rig", circuits=self.plan["circuits"], units=self.plan["units"], apart=True
        )

    def __enter__(self) -> Self:
        self.field.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.field.__exit__(kind, error, trace)

    def node_side(self) -> NodeSide:
        """The nodes of this rig and their broker, to be opened."""
        return NodeSide(self.plan["nodes"], self.folder / "nodes")

    def daemon(self, site: str) -> DaemonProcess:
        """A controller with a site file of the scene's own; {port} stands for the serial line, {rig} for the folder."""
        path = self.folder / "site.yaml"
        path.write_text(site.format(port=self.field.port, rig=self.field.folder))
        return DaemonProcess(self.folder, path)

    def controller(self, *, duration: str) -> DaemonProcess:
        """A controller for this rig that waters once, as soon as it is ready."""
        return DaemonProcess(
            self.folder, write_site(self.folder, self.field, every="1h", duration=duration, travel="200ms")
        )

    def hurt(self, kind: str, **more: Any) -> None:
        """Switch a fault on; `dead` is SIGKILL for the process of the device at that address."""
        if kind == "dead":
            self.field.kill(f"field-{more['unit']}")
        else:
            self.field.fault(kind, **more)

    def do(self, what: str, **more: Any) -> None:
        """Something that a hand does: unplug, plug, power, tank."""
        self.field.control(what, **more)

    def heal(self) -> None:
        """Switch every fault off."""
        self.field.control("clear")

    def on(self, output: str) -> bool:
        """Whether an output is on now, seen at the load."""
        index = next(name for name, of in RELAYS.items() if of == output)
        return bool(self.field.control("state")["relays"][int(index[-1]) - 1])

    def moves(self) -> list[Move]:
        """Every relay that moved, in order."""
        return [
            Move(output=RELAYS.get(row["relay"], row["relay"]), on=row["on"], at=row["at"], why=row["why"])
            for row in self.field.trace()
        ]
