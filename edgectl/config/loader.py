"""The way in: a file's path to a site that can be run, or SiteRejected with everything that is wrong."""

from pathlib import Path

from edgectl.config import rules
from edgectl.config.build import Loaded, build, buses_of, site_of
from edgectl.config.feasibility import feasibility
from edgectl.config.parse import Entries, parse
from edgectl.config.problems import SiteRejected
from edgectl.config.tree import Tree, read
from edgectl.model.time import SECOND


def load(path: Path) -> Loaded:
    """Read, check, build. Raises SiteRejected."""
    tree = read(path)
    entries = parse(tree)
    rules.check(tree, entries)
    if not tree.problems:
        _possible(tree, entries)
    if tree.problems:
        raise SiteRejected(tree.problems)
    return build(entries)


def _possible(tree: Tree, entries: Entries) -> None:
    """A bus that cannot deliver in time would stop its zone for ever: say it before the first plant is dry."""
    site = site_of(entries)
    for bus in buses_of(entries):
        row = feasibility(bus, site)
        if row.possible:
            continue
        what = f"the bus cannot do this: load {row.load:.0%}, worst cycle {row.cycle_with_dead / SECOND:.2f} s"
        if row.limit is not None:
            what += f" against {row.sensor} max_age {row.limit / SECOND:g} s"
        tree.wrong(("buses", bus.name), what, "a higher baudrate, a longer max_age, or a second bus")
