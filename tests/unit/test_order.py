"""The long tests begin, each worker has its part of them, and none is lost or doubled."""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.order import LONG_S, long_first

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("lot", range(30))
def test_each_piece_begins_with_its_long_ones(lot: int) -> None:
    random = Random(lot)
    given = [random.choice((0, 0, 0, 240, LONG_S, 900)) for _ in range(random.randrange(200))]
    workers = random.randrange(1, 6)
    order = long_first(given, workers)
    assert sorted(order) == list(range(len(given)))
    left, begin = len(given), 0
    shares = list[int]()
    for nth in range(workers):
        end = begin + (left - begin) // (workers - nth)
        piece = [given[number] >= LONG_S for number in order[begin:end]]
        assert piece == sorted(piece, reverse=True)
        shares.append(sum(piece))
        begin = end
    assert max(shares) - min(shares) <= 1
    short = [number for number in order if given[number] < LONG_S]
    assert short == sorted(short), "the others stand as they were drawn"


def test_each_kind_of_long_ones_is_dealt_out_and_another_one_begins_each_piece() -> None:
    given = [0, 400, 900, 0, 700, 0, 900, 0, 700, 0, 0, 0]
    assert long_first(given, 2) == [6, 8, 0, 3, 5, 7, 4, 1, 2, 9, 10, 11]


def test_a_real_run_deals_them_out_like_that(tmp_path: Path) -> None:
    """The pieces are xdist's to cut: what it does is looked at, and not only what its source says."""
    (tmp_path / "test_some.py").write_text(
        "import os, pytest\n"
        "@pytest.mark.parametrize('n', [*(pytest.param(n, marks=pytest.mark.timeout(900 if n > 27 else 9))"
        " for n in range(31))])\n"
        "def test_one(n, request):\n"
        "    with open(os.environ['PYTEST_XDIST_WORKER'], 'a') as told:\n"
        "        told.write(f'{n} ')\n"
    )
    (tmp_path / "conftest.py").write_text("from tests.order import pytest_collection_modifyitems\n")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "3", "--dist", "worksteal", "-p", "no:cacheprovider"]
    command += ["-p", "no:hypothesispytest", "-p", "no:randomly"]
    subprocess.run([*command, "."], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True, timeout=100)
    first = {file.name: int(file.read_text().split()[0]) for file in tmp_path.glob("gw*")}
    assert sorted(first.values()) == [28, 29, 30]
