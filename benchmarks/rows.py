"""What a benchmark reports: named numbers, and goals as ratios that are reached or not."""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One goal. `at_most` tells whether smaller is better."""

    row: str
    what: str
    value: float
    limit: float
    at_most: bool = True

    @property
    def reached(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def words(self) -> str:
        sign, word = "<=" if self.at_most else ">=", "reached" if self.reached else "NOT REACHED"
        return f"{word:<11}  {self.what}: {self.value:.3g} (goal {sign} {self.limit:g})"


def spread(values: list[float]) -> str:
    """Median with the range of the rounds."""
    return f"{statistics.median(values):.4g} ({min(values):.4g} to {max(values):.4g})"


def quantile(values: list[float], share: float) -> float:
    """The value below which this share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def environment(folder: Path, *packages: str) -> Path:
    """The Python of an environment that holds the peers, and nothing of ours."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *packages], check=True)
    return python


def main(row: str, measure: Callable[[], tuple[list[tuple[str, str]], list[Goal]]]) -> None:
    """Run one benchmark and print it; `--json FILE` keeps it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    before = os.getloadavg()[0]
    numbers, goals = measure()
    numbers.append(("load of the machine, before and after", f"{before:.1f}  {os.getloadavg()[0]:.1f}"))
    print(row)
    for name, value in numbers:
        print(f"  {name:<52} {value}")
    for goal in goals:
        print(f"  {goal.words()}")
    if options.json:
        body = {"row": row, "numbers": numbers, "goals": [{**asdict(g), "reached": g.reached} for g in goals]}
        options.json.write_text(json.dumps(body))
