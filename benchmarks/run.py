"""All benchmarks, one after another, into docs/proof/: `python benchmarks/run.py --date 2026-11-23`."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PROOF = HERE.parent / "docs" / "proof"
SCRIPTS = sorted(path.name for path in HERE.glob("p[0-9]*.py"))


def page(results: dict) -> str:
    """The page that stands in docs/proof."""
    lines = [
        "# Benchmarks",
        "",
        f"Measured {results['date']} on {results['machine']}. Ratios are of one run; machines are noisy.",
        "Made by `python benchmarks/run.py --date DATE`; each row alone by its script. Goals are printed as they came.",
        "",
    ]
    for row in results["rows"]:
        lines += [f"## {row['row']}", "", "| measured | value |", "|---|---|"]
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
    date = parser.parse_args().date
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number, script in enumerate(SCRIPTS, 1):
            print(f"[{number}/{len(SCRIPTS)}] {script}", flush=True)
            file = Path(folder) / "row.json"
            subprocess.run([sys.executable, str(HERE / script), "--json", str(file)], check=True, cwd=HERE.parent)
            rows.append(json.loads(file.read_text()))
    machine = (
        f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}"
    )
    results = {"date": date, "machine": machine, "rows": rows}
    PROOF.mkdir(parents=True, exist_ok=True)
    (PROOF / "benchmarks.json").write_text(json.dumps(results, indent=1) + "\n")
    (PROOF / "benchmarks.md").write_text(page(results))


if __name__ == "__main__":
    main()
