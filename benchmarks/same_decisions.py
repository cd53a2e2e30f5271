"""Do two versions decide alike? The same houses are lived in by both, and the journals are held against each other.

`python benchmarks/same_decisions.py --against /path/of/the/other/checkout` is how a change that must be faster and
nothing else is proven: each house is a number, and every task, command, line of the timeline and move of a relay that
comes of it goes into one digest. Lost frames, crashes, people, refusing disks and broken parts are among them.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from edgectl.cli.simulate import ROUGH
from edgectl.config.loader import load
from edgectl.simulate.campaign import settle
from edgectl.simulate.houses import SMALL, house_of, settle_in
from edgectl.simulate.world import DAY, World

EXAMPLES = Path(__file__).parents[1] / "examples"


def worlds(many: int) -> Iterator[tuple[str, World, float]]:
    """A name, a house on its first morning, and for how many days it is lived in."""
    for name in ("two-tank", "climate"):
        loaded = load(EXAMPLES / f"{name}.yaml")
        for seed in range(many):
            house = house_of(loaded.site, loaded.schedules)
            yield f"{name} {seed}", settle_in(house, seed, faults=ROUGH, crash=0.01, people=True, disk=0.002), 0.5
    for seed in range(many):
        yield f"small {seed}", settle_in(SMALL, seed, faults=ROUGH, crash=0.01, people=True, disk=0.002), 3
    for number in range(1, 4 * many + 1):
        yield f"drawn {number}", settle(number), 1


def digest(world: World) -> str:
    """All that was decided and all that moved, in order. Not one sample, wall instant or word may differ."""
    told = hashlib.sha256()
    for part in (world.journal.timeline, world.journal.values.items(), world.field.trace):
        for one in part:
            told.update(repr(one).encode())
    told.update(repr((world.report.turns, world.report.crashes, world.now, world.random.random())).encode())
    return told.hexdigest()[:16]


def main() -> None:
    """Print a line per house; with `--against` also what the other version makes of it, and exit 1 if they differ."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--many", type=int, default=5, help="Houses of each example, four times as many drawn ones.")
    parser.add_argument("--against", type=Path, help="Another checkout of this project.")
    options = parser.parse_args()
    here, spent = {}, 0.0
    for name, world, days in worlds(options.many):
        begin = time.process_time()
        world.run(round(days * DAY))
        spent += time.process_time() - begin
        here[name] = digest(world)
        print(f"{name:<14} {here[name]} {world.report.turns:>7} turns", flush=True)
    print(f"seconds {spent:.2f}")
    if options.against is None:
        return
    command = [sys.executable, str(Path(__file__).resolve()), "--many", str(options.many)]
    environment = {**os.environ, "PYTHONPATH": str(options.against)}
    said = subprocess.run(command, env=environment, cwd=options.against, capture_output=True, text=True, check=True)
    there = {line[:14].strip(): line.split()[-3] for line in said.stdout.splitlines() if line.endswith("turns")}
    different = [name for name, told in here.items() if there.get(name) != told]
    print(said.stdout.splitlines()[-1].replace("seconds", "seconds there"))
    print("the same decisions" if not different else f"different: {', '.join(different)}")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
