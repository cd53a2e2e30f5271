"""`python -m hil [RIG]`: keep a rig open for somebody who wants to commission it by hand.

`python -m hil bring UNIT`, in another terminal: a new device comes out of its box onto the line of the open rig.
"""

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path

from edgectl.host.ends import ENDS
from edgectl.testing.field import SimulatedField
from edgectl.testing.ports import free_port
from hil.bench import BenchRig, RigAbsent
from hil.nodes import NO_BROKER, NodeSide
from hil.rig import RIGS, Rig, rig_of

OPEN = "EDGECTL_RIG"  # names the folder of a rig that is open


def main() -> int:
    """Open the rig, tell its labels, and wait for Ctrl-C."""
    name = sys.argv[1] if len(sys.argv) > 1 else "virtual"
    if name == "bring":
        return bring(sys.argv[2:], os.environ.get(OPEN, ""))
    if not (RIGS / f"{name}.yaml").exists():
        sys.stderr.write(
            f"there is no rig {name!r}; there are: {', '.join(sorted(p.stem for p in RIGS.glob('*.yaml')))}\n"
        )
        return 2
    folder = Path(tempfile.mkdtemp(prefix="edgectl-rig-"))
    for number in ENDS:
        signal.signal(number, signal.default_int_handler)  # until it is open; its devices hear them by themselves
    try:
        keep(name, folder)
    except KeyboardInterrupt:
        return 1
    except RigAbsent as absent:
        sys.stderr.write(f"{absent}\n")
        return 1
    finally:
        clear(folder)
    return 0


def bring(units: list[str], folder: str) -> int:
    """Put a new device on the line of an open rig."""
    try:
        (unit,) = map(int, units)
    except ValueError:
        sys.stderr.write("usage: ./dev rig bring UNIT, with the address that the new device comes with\n")
        return 2
    try:
        SimulatedField(Path(folder) / "rig").control("bring", unit=unit)
    except ValueError as no:
        sys.stderr.write(f"{no}\n")
        return 1
    except OSError:
        sys.stderr.write(f"no rig is open at {folder or 'all'}: ./dev rig opens one, and prints the line with {OPEN}\n")
        return 1
    sys.stdout.write(f"it is on the line now, at address {unit}\n")
    return 0


def keep(name: str, folder: Path) -> None:
    """Open the rig until a signal ends it. Raises RigAbsent."""
    with rig_of(name, folder) as rig, contextlib.ExitStack() as besides:
        side = rig.node_side() if isinstance(rig, Rig) and NodeSide.there() else None
        if side is not None:
            besides.enter_context(side)
        # Held back from now on, and not before: the devices, which are processes of their own, have to hear theirs.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
        sys.stdout.write(f"{rig.plan['title']}: whole\n" if isinstance(rig, BenchRig) else told(rig, side))
        sys.stdout.flush()
        signal.sigwait(ENDS)


def clear(folder: Path) -> None:
    """Take the folder away, unless the controller in it still runs: its journal is there."""
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(folder / "edgectl.sock")) == 0:
            sys.stderr.write(f"a controller still runs in {folder}, so the folder stays; end it, then remove it\n")
            return
    shutil.rmtree(folder)


def told(rig: Rig, side: NodeSide | None) -> str:
    """What a person who is to commission it has to know, and nothing more."""
    host, port = rig.field.tcp
    lines = [f"{rig.plan['title']}. What the labels say (not all of it is true):", ""]
    lines += [f"  {row['label']:<32} {row['line']:<8} unit {row['unit']}" for row in rig.plan["labels"]]
    lines += ["", f"  field    serial, 9600 8N1   {rig.field.port}", f"  climate  Modbus TCP         {host}:{port}"]
    lines += [
        f"  {circuit:<8} EZO {kind:<15} {rig.field.folder / f'bus-{circuit}'}"
        for circuit, kind in rig.plan["circuits"].items()
    ]
    if side is None:
        lines += [f"  {NO_BROKER}"]
    else:
        lines += [f"  nodes    MQTT               mqtt://127.0.0.1:{side.broker.port}"]
    for node in rig.plan["nodes"] if side is not None else ():
        lines += [f"           {node['name']}, secret {node['secret']}: an irrigation node of protocol 2.0"]
    lines += ["", "New in their boxes, not on the line before you say: ./dev rig bring UNIT", ""]
    lines += [f"  {row['label']:<32} comes with address {row['unit']}" for row in rig.plan["boxed"]]
    lines += [
        "",
        "On the relay board: relay_1 the pump, relay_2 the valve, relay_3 the lamp. A full tank reads 250 cm, an",
    ]
    lines += ["empty one 0; the flow sensor on input 1 of the counter gives 7.5 Hz at 1 L/min."]
    lines += ["", "In a second terminal, from this folder:", "", "  . .venv/bin/activate"]
    lines += [f"  export EDGECTL_SITE={rig.folder}/site.yaml EDGECTL_STATE={rig.folder}/state"]
    lines += [f"  export EDGECTL_SOCKET={rig.folder}/edgectl.sock EDGECTL_HTTP=127.0.0.1:{free_port()}"]
    lines += [f"  export EDGECTL_CREDENTIALS={rig.folder}/credentials {OPEN}={rig.folder}"]
    broker = f" BROKER=mqtt://127.0.0.1:{side.broker.port}" if side is not None else ""
    lines += [f"  export PORT={rig.field.port} HOST={host}:{port}{broker}"]
    lines += ["  edgectl bus scan $PORT --units 1..50", ""]
    lines += ["and then down docs/rig.md. Ctrl-C here ends it, and takes its folder away.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
