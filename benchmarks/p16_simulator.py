"""P16: greenhouse-days a second on one core, with faults, people and crashes, on the two-tank site and on a small one.

The figure is of this machine and this moment. A bare probe, a loop of dictionary writes and number texts that never
changes, runs before and after each round, so that two machines, or two hours, can be compared.
"""

import statistics
import time
from pathlib import Path

from rows import Goal, main, spread

from edgectl.cli.simulate import ROUGH
from edgectl.config.loader import load
from edgectl.simulate.houses import SMALL, House, house_of, settle_in
from edgectl.simulate.world import DAY

DAYS, ROUNDS = 10, 5
FILE = Path(__file__).parents[1] / "examples" / "two-tank.yaml"


def probe() -> float:
    """Seconds of this core for the bare loop."""
    begin, kept = time.process_time(), {}
    for number in range(60_000):
        kept[number & 255] = (number, str(number))
    return time.process_time() - begin


def lived(house: House, seed: int) -> tuple[float, float]:
    """Days a second of this core, and how many probes one day costs."""
    world = settle_in(house, seed, faults=ROUGH, crash=0.01, people=True, disk=0.002)
    before, begin = probe(), time.process_time()
    world.run(DAYS * DAY)
    spent = time.process_time() - begin
    return DAYS / spent, spent / DAYS / statistics.mean((before, probe()))


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    loaded = load(FILE)
    houses = {"two tanks, dosing": house_of(loaded.site, loaded.schedules), "one zone": SMALL}
    numbers: list[tuple[str, str]] = []
    rates: dict[str, list[float]] = {name: [] for name in houses}
    probes: dict[str, list[float]] = {name: [] for name in houses}
    for seed in range(ROUNDS):
        for name, house in houses.items():
            rate, cost = lived(house, seed)
            rates[name].append(rate)
            probes[name].append(cost)
    for name in houses:
        numbers.append((f"days/s of one core, {name}", spread(rates[name])))
        numbers.append((f"bare probes that one day costs, {name}", spread(probes[name])))
    goals = [
        Goal(row="P16", what=f"days/s, {name}", value=statistics.median(rates[name]), limit=50, at_most=False)
        for name in houses
    ]
    return numbers, goals


if __name__ == "__main__":
    main("P16 simulator", measure)
