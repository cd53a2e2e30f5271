"""The pytest plugin: `--rig NAME` chooses the rig, `--hil-report FILE` writes what happened as a page.

Without a rig of that name the run ends with a sentence; nothing is skipped.
"""

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hil.bench import BenchRig
from hil.rig import RIGS, Rig, absent, plan_of, rig_of

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.5rem;border-bottom:1px solid #ddd}
td.n{font-variant-numeric:tabular-nums;white-space:nowrap}.ok{color:#1b6e3c}.bad{color:#b00020;font-weight:600}
"""


@dataclass(slots=True, kw_only=True)
class Row:
    """One scene: a hazard of the field, what was done, and what came of it."""

    hazard: str
    done: str
    plant: str = ""
    alarm: str = ""
    safe_s: float | None = None
    bound_s: float | None = None
    ok: bool = False


@dataclass(slots=True)
class Report:
    """The rows of one run."""

    rig: str
    rows: list[Row] = field(default_factory=list)

    def page(self) -> str:
        """The whole report as HTML."""
        head = "".join(f"<th>{word}</th>" for word in ("hazard", "done", "the plant", "alarm", "safe after", "held"))
        body = "".join(_tr(row) for row in self.rows)
        title = f"edgectl on the rig {html.escape(self.rig)}"
        good = sum(row.ok for row in self.rows)
        return (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
            f"<style>{STYLE}</style><h1>{title}</h1>"
            f"<p>{good} of {len(self.rows)} scenes held.</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></html>\n"
        )


def _tr(row: Row) -> str:
    safe = "" if row.safe_s is None else f"{row.safe_s:.2f} s"
    bound = "" if row.bound_s is None else f" (at most {row.bound_s:g} s)"
    cells = "".join(f"<td>{html.escape(text)}</td>" for text in (row.hazard, row.done, row.plant, row.alarm))
    held = "<td class=ok>yes</td>" if row.ok else "<td class=bad>no</td>"
    return f"<tr>{cells}<td class=n>{safe}{bound}</td>{held}</tr>"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two options of the plugin."""
    group = parser.getgroup("hil", "hazards on a rig")
    group.addoption("--rig", default="virtual", help="a rig of hil/rigs")
    group.addoption("--hil-report", default=None, help="write the report here, as HTML, and as JSON beside it")


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """What happened, written at the end of the session."""
    report = Report(str(request.config.getoption("--rig")))
    yield report
    if (file := request.config.getoption("--hil-report")) is not None:
        Path(file).write_text(report.page())
        rows = [{name: getattr(row, name) for name in Row.__slots__} for row in report.rows]
        Path(file).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """A scene may need what only a simulated rig has."""
    config.addinivalue_line("markers", "simulated: a scene for a rig of simulated devices alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a bench the scenes that need simulated devices are taken out of the run, and counted as such."""
    if "witness" in plan_of(str(config.getoption("--rig"))):
        out = [item for item in items if item.get_closest_marker("simulated")]
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Look for the rig before anything is begun: one that is absent ends the run with a sentence."""
    name = str(session.config.getoption("--rig"))
    if not (RIGS / f"{name}.yaml").exists():
        known = ", ".join(sorted(path.stem for path in RIGS.glob("*.yaml")))
        pytest.exit(f"there is no rig {name!r} in {RIGS}; there are: {known}", returncode=2)
    if missing := absent(name):
        pytest.exit(missing, returncode=2)


@pytest.fixture
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig | BenchRig]:
    """The rig, fresh for each scene."""
    with rig_of(str(request.config.getoption("--rig")), tmp_path) as rig:
        yield rig
