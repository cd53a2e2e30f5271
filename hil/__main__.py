"""`python -m hil [RIG]`: keep a rig open for somebody who wants to commission it by hand."""

import signal
import sys
import tempfile
from pathlib import Path

from hil.rig import RIGS, Rig


def main() -> int:
    """Open the rig, tell its labels, and wait for Ctrl-C."""
    name = sys.argv[1] if len(sys.argv) > 1 else "virtual"
    if not (RIGS / f"{name}.yaml").exists():
        sys.stderr.write(
            f"there is no rig {name!r}; there are: {', '.join(sorted(p.stem for p in RIGS.glob('*.yaml')))}\n"
        )
        return 2
    with Rig(name, Path(tempfile.mkdtemp(prefix="edgectl-rig-"))) as rig:
        host, port = rig.field.tcp
        sys.stdout.write(f"{rig.plan['title']}. What the labels say (not all of it is true):\n\n")
        for row in rig.plan["labels"]:
            sys.stdout.write(f"  {row['label']:<32} {row['line']:<8} unit {row['unit']}\n")
        sys.stdout.write(
            f"\n  field    serial, 9600 8N1   {rig.field.port}\n  climate  Modbus TCP         {host}:{port}\n"
        )
        for circuit, kind in rig.plan["circuits"].items():
            sys.stdout.write(f"  {circuit:<8} EZO {kind:<15} {rig.field.folder / f'bus-{circuit}'}\n")
        sys.stdout.write(f"\nBegin with: edgectl bus scan {rig.field.port} --units 1..50\nCtrl-C ends it.\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
