"""Who begins in a run on several workers: the tests that were given the most time. None stands alone at the end.

xdist deals the list out in equal pieces, one for each worker; who is done first takes over from the end of another's
piece. So the long ones stand at the front of the pieces, equally many of each kind, and each piece begins with another
kind: while one worker computes a campaign another waits for daemons to die. All others keep the order that was drawn by
lot.
"""

import os
from collections.abc import Sequence

import pytest

LONG_S = 400  # whoever was given so much time is long


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the lot is drawn, on every worker alike."""
    if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
        items[:] = [items[number] for number in long_first([_given(item) for item in items], workers)]


def long_first(given_s: Sequence[float], workers: int) -> list[int]:
    """The order of tests, by their numbers, of which each was given so many seconds."""
    long = [number for number, given in enumerate(given_s) if given >= LONG_S]
    long.sort(key=lambda number: -given_s[number])  # keeps the drawn order among equals
    rest = iter([number for number, given in enumerate(given_s) if given < LONG_S])
    order: list[int] = []
    for nth in range(workers):
        piece = (len(given_s) - len(order)) // (workers - nth)  # as xdist deals
        front = long[workers - 1 - nth :: workers]
        turn = nth * len(front) // workers
        order += front[turn:] + front[:turn]
        order += [next(rest) for _ in range(piece - len(front))]
    return order


def _given(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return 0.0 if mark is None else float(mark.args[0])
