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
from hil.rig import RIGS, Rig, absent, file_of, plan_of, rig_of

LEFT_OUT = pytest.StashKey[tuple[str, ...]]()
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
    left_out: tuple[str, ...] = ()  # scenes that need a part which this rig does not have

    def page(self) -> str:
        """The whole report as HTML."""
        head = "".join(f"<th>{word}</th>" for word in ("hazard", "done", "the plant", "alarm", "safe after", "held"))
        body = "".join(_tr(row) for row in self.rows)
        title = f"edgectl on the rig {html.escape(self.rig)}"
        good = sum(row.ok for row in self.rows)
        left = "".join(f"<p>Left out: {html.escape(sentence)}.</p>" for sentence in self.left_out)
        return (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
            f"<style>{STYLE}</style><h1>{title}</h1>"
            f"<p>{good} of {len(self.rows)} scenes held.</p>{left}"
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
    group.addoption("--rig", default="virtual", help="a rig of hil/rigs, or the file of one")
    group.addoption("--hil-report", default=None, help="write the report here, as HTML, and as JSON beside it")


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """What happened, written at the end of the session."""
    report = Report(str(request.config.getoption("--rig")), left_out=request.config.stash.get(LEFT_OUT, ()))
    yield report
    if (file := request.config.getoption("--hil-report")) is not None:
        Path(file).write_text(report.page())
        rows = [{name: getattr(row, name) for name in Row.__slots__} for row in report.rows]
        Path(file).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """A scene may need more than a pump, a valve and a lamp."""
    config.addinivalue_line("markers", "needs(*parts): what the rig file has to name under parts")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A scene that needs a part which the rig file does not name is taken out of the run, and told as such."""
    parts = plan_of(str(config.getoption("--rig")))["parts"]
    missing = {item: [part for part in _needs(item) if part not in parts] for item in items}
    out = [item for item in items if missing[item]]
    config.stash[LEFT_OUT] = tuple(
        f"{item.name} needs {', '.join(missing[item])}, which the rig file does not name under parts" for item in out
    )
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def _needs(item: pytest.Item) -> list[str]:
    return [str(part) for marker in item.iter_markers("needs") for part in marker.args]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was left out, and why."""
    for sentence in config.stash.get(LEFT_OUT, ()):
        terminalreporter.write_line(f"left out: {sentence}")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Look for the rig before anything is begun: one that is absent ends the run with a sentence."""
    name = str(session.config.getoption("--rig"))
    if not file_of(name).exists():
        known = ", ".join(sorted(path.stem for path in RIGS.glob("*.yaml")))
        pytest.exit(f"there is no rig {name!r} in {RIGS}; there are: {known}", returncode=2)
    if missing := absent(name):
        pytest.exit(missing, returncode=2)


@pytest.fixture
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig | BenchRig]:
    """The rig, fresh for each scene."""
    with rig_of(str(request.config.getoption("--rig")), tmp_path) as rig:
        yield rig
