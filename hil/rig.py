"""A rig: devices on real lines, faults that can be switched on, and a trace of every relay that moved.

The rig file says what hangs on the rig. Tests know a rig only through this class, so that a rig with other wires can
take its place.
"""

from pathlib import Path
from typing import Any, Self

from ruamel.yaml import YAML

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from hil.bench import BenchRig
from hil.moves import LOADS, RELAYS, Move
from hil.nodes import NodeSide

RIGS = Path(__file__).parent / "rigs"
TANK_L = 200.0  # what the simulated tank holds


def file_of(name: str) -> Path:
    """The file of a rig: one of those beside this, or any other by its path."""
    return Path(name) if name.endswith(".yaml") else RIGS / f"{name}.yaml"


def plan_of(name: str) -> dict[str, Any]:
    """What a rig file says."""
    plan: dict[str, Any] = YAML(typ="safe", pure=True).load(file_of(name).read_text())
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
            folder / "rig",
            circuits=self.plan["circuits"],
            units=self.plan["units"],
            boxed={row["unit"]: row["kind"] for row in self.plan["boxed"]},
            apart=True,
        )

    def __enter__(self) -> Self:
        self.field.__enter__()
        return self

    def __exit__(self, *how: object) -> None:
        self.field.__exit__(*how)

    def node_side(self) -> NodeSide:
        """The nodes of this rig and their broker, to be opened."""
        return NodeSide(self.plan["nodes"], self.folder / "nodes")

    def daemon(self, site: str, **more: Any) -> DaemonProcess:
        """A controller with a site file of the scene's own; {port} is the serial line, {acid} that of the pump."""
        path = self.folder / "site.yaml"
        path.write_text(site.format(port=self.field.port, acid=self.field.folder / "bus-acid", **more))
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
        elif kind == "lost_answer":
            self.field.hurt("acid", "silent", only="D", count=1)
        else:
            self.field.fault(kind, **more)

    def do(self, what: str, **more: Any) -> None:
        """Something that a hand does: unplug, plug, power; tank, to a level in percent."""
        if what == "tank":
            more = {"litres": more["percent"] * TANK_L / 100}
        self.field.control(what, **more)

    def heal(self) -> None:
        """Switch every fault off."""
        self.field.control("clear")

    def on(self, output: str) -> bool:
        """Whether an output is on now, seen at the load."""
        return bool(self.field.control("state")["relays"][LOADS.index(output)])

    def moves(self) -> list[Move]:
        """Every relay that moved, in order."""
        return [
            Move(output=RELAYS.get(row["relay"], row["relay"]), on=row["on"], at=row["at"], why=row["why"])
            for row in self.field.trace()
        ]

    def doses(self) -> int | None:
        """How many orders have let the dosing pump give something; None where nothing could count them."""
        heard = [row["heard"] for row in self.field.circuits("acid") if "heard" in row]
        return sum(line.startswith("D,") and line != "D,?" for line in heard)
