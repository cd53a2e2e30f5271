"""P16: greenhouse-days a second on one core, with faults, people and crashes."""

import statistics
import time

from rows import Goal, main, spread

from edgectl.cli.simulate import ROUGH
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import DAY, World

DAYS = 20


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    rates = []
    for seed in range(5):
        world = World(example_site(), example_schedules(), seed, faults=ROUGH, crash=0.01)
        begin = time.process_time()
        world.run(DAYS * DAY)
        rates.append(DAYS / (time.process_time() - begin))
    return [("days/s of one core, one zone, faults and crashes", spread(rates))], [
        Goal(
            row="P16",
            what="days/s (the goal asks for two tanks; this site has one)",
            value=statistics.median(rates),
            limit=50,
            at_most=False,
        )
    ]


if __name__ == "__main__":
    main("P16 simulator", measure)
