"""All benchmarks, one after another, into docs/proof/: `python benchmarks/run.py --date 2026-11-23 [--only P9]`."""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PROOF = HERE.parent / "docs" / "proof"
SCRIPTS = sorted(path.name for path in HERE.glob("p[0-9]*.py"))


def number_of(script: str) -> str:
    """p09_restart.py -> P9."""
    return f"P{int(script[1:3])}"


def place(row: dict) -> tuple[int, str]:
    """Where a row stands: P9 before P11, P11 before P11b."""
    number, letter = re.fullmatch(r"P(\d+)([a-z]*)", row["row"].split()[0]).groups()
    return int(number), letter


def page(results: dict) -> str:
    """The page that stands in docs/proof."""
    lines = [
        "# Benchmarks",
        "",
        f"Measured {results['date']} on {results['machine']}. Ratios are of one run; machines are noisy.",
        "Made by `python benchmarks/run.py --date DATE`; each row alone by its script. Goals are printed as they came.",
        "With a load of the machine above its cores, waiting hides the work of both sides, and a ratio is too kind.",
        "A change that shall be faster and nothing else is held against its parent: `benchmarks/same_decisions.py",
        "--against OTHER_CHECKOUT` lives the same houses in both and compares all that was decided and all that moved.",
        "",
    ]
    for row in results["rows"]:
        lines += [f"## {row['row']}", ""]
        if row.get("measured", results["date"]) != results["date"]:
            lines += [f"Measured {row['measured']}.", ""]
        lines += ["| measured | value |", "|---|---|"]
        lines += [f"| {name} | {value} |" for name, value in row["numbers"]]
        lines += ["", "| goal | value | wanted | |", "|---|---|---|---|"]
        for goal in row["goals"]:
            sign = "<=" if goal["at_most"] else ">="
            verdict = "reached" if goal["reached"] else "**not reached**"
            lines.append(f"| {goal['what']} | {goal['value']:.3g} | {sign} {goal['limit']:.3g} | {verdict} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--date", required=True)
    parser.add_argument("--only", nargs="+", metavar="P9", help="Measure these rows; the others stay as they are.")
    options = parser.parse_args()
    date, only = options.date, {name.upper() for name in options.only or ()}
    rows, scripts = [], [script for script in SCRIPTS if not only or number_of(script) in only]
    if only:
        before = json.loads((PROOF / "benchmarks.json").read_text())
        rows = [row for row in before["rows"] if f"P{place(row)[0]}" not in only]
    with tempfile.TemporaryDirectory() as folder:
        for number, script in enumerate(scripts, 1):
            print(f"[{number}/{len(scripts)}] {script}", flush=True)
            file = Path(folder) / "row.json"
            subprocess.run([sys.executable, str(HERE / script), "--json", str(file)], check=True, cwd=HERE.parent)
            rows.append({**json.loads(file.read_text()), "measured": date})
    rows.sort(key=place)
    machine = (
        f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}"
    )
    results = {"date": date, "machine": machine, "rows": rows}
    if only:  # each new row bears its own day
        results = {**results, "date": before["date"], "machine": before["machine"]}
    PROOF.mkdir(parents=True, exist_ok=True)
    (PROOF / "benchmarks.json").write_text(json.dumps(results, indent=1) + "\n")
    (PROOF / "benchmarks.md").write_text(page(results))


if __name__ == "__main__":
    main()
