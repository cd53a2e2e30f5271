"""Promise 22 in virtual time: what a controller holds and writes follows from its house, not from how long it lives.

What virtual time cannot show, it does not judge: file descriptors, tasks of the event loop and resident memory belong
to a process (docs/proof/contract.md names the tests that hold them).
"""

from collections.abc import Iterator

from edgectl.engine.state import State
from edgectl.journal import rows
from edgectl.journal.memory import MemoryJournal
from edgectl.model.command import Command
from edgectl.model.ledger import DAY
from edgectl.model.task import Task
from edgectl.model.time import SECOND
from edgectl.simulate.invariants import Met
from edgectl.simulate.world import World

STAGES = 24  # orders of one task that has not ended, and of what has ended within minutes
LINES, BYTES = 40, 8_000  # of the timeline, for each task
LINES_OF_AN_ORDER, BYTES_OF_AN_ORDER = 10, 3_000  # the air is kept by hundreds of short ones, without any task
LINES_OF_A_DAY, BYTES_OF_A_DAY = 1_000, 300_000  # for everything else
LOOKED_AT = 20  # every so manieth line is weighed


def broken_budgets(world: World, met: Met) -> list[str]:
    """22: every budget that does not hold, as a sentence."""
    met["22"] += 1
    site, since = world.site, world.report.lives[0][0]
    parts = 4 + len(site.actuators) + len(site.sensors) + len(site.zones) + len(world.schedules)
    days = 1 + (world.now - since) / DAY
    return [
        *_memory(world.state, parts),
        *_over(world.state),
        *_ledgers(world.state),
        *_disk(world.journal, days),
    ]


def _memory(state: State, parts: int) -> Iterator[str]:
    held = {
        "orders": (len(state.commands), STAGES * (len(state.tasks) + 1)),
        "tables of stages": (len(state.tables), len(state.tasks)),
        "latches": (len(state.latches), 2 * parts),
        "accounts": (len(state.ledgers), 2 * parts),
        "alarms": (len(state.alarms), 2 * parts),
        "conditions": (len(state.holding), 2 * parts),
        "channels": (len(state.image), 2 * parts),
    }
    for what, (found, most) in held.items():
        if found > most:
            yield f"22: {found} {what} are in memory, and this house has room for {most}"


def _over(state: State) -> Iterator[str]:
    """Of a task that has ended nothing is left but its orders of the last minutes."""
    for key in state.holding:
        names = [part for part in key if isinstance(part, str)] if isinstance(key, tuple) else []
        for name in names:
            if name.startswith("st-") and name not in state.tasks:
                yield f"22: {name} is over, and what was seen to hold for it is still in memory"


def _ledgers(state: State) -> Iterator[str]:
    """An account holds a day: what is older falls out when something is entered."""
    for ledger in state.ledgers.values():
        mine = [entry.at for entry in ledger.spent if entry.boot_id == state.boot_id]
        if mine and max(mine) - min(mine) > DAY + 3600 * SECOND:
            yield f"22: the account of {ledger.name} holds {(max(mine) - min(mine)) / DAY:.1f} days"


def _disk(journal: MemoryJournal, days: float) -> Iterator[str]:
    """What is written follows from what was done."""
    tasks = sum(isinstance(value, Task) for value in journal.values.values())
    orders = sum(isinstance(value, Command) for value in journal.values.values())
    size = LOOKED_AT * sum(len(rows.entry_row(entry)[-1]) for entry in journal.timeline[::LOOKED_AT])
    for what, found, most in (
        ("lines", len(journal.timeline), LINES * tasks + LINES_OF_AN_ORDER * orders + LINES_OF_A_DAY * days),
        ("bytes", size, BYTES * tasks + BYTES_OF_AN_ORDER * orders + BYTES_OF_A_DAY * days),
    ):
        if found > most:
            done = f"{tasks} tasks, {orders} orders and {days:.1f} days"
            yield f"22: {found} {what} were written of {done}; {most:.0f} are enough"
