"""`edgectl check`: is the site file right, and can its buses keep up? Nothing is opened and nothing is started."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from edgectl.config.feasibility import Load
    from edgectl.config.loaded import Loaded

DEFAULT = "/etc/edgectl/site.yaml"
SECOND = 1e9
HEAD: tuple[str, ...] = ("bus", "load now", "worst cycle", "with 1 dead device", "tightest limit", "verdict")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), envvar="EDGECTL_SITE", default=DEFAULT)
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the site file, for editors.")
@click.option("--explain", is_flag=True, help="Every value in force, and where it came from.")
def check(file: Path, as_json: bool, schema: bool, explain: bool) -> None:
    """Check the site file FILE and everything in conf.d beside it. Exit code 1 when something is wrong."""
    # Imported here: the schema library takes longer to import than the rest of the command line together.
    from edgectl.cli import one_box, unsigned
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected
    from edgectl.config.schema import json_schema

    if schema:
        click.echo(json.dumps(json_schema(), indent=2))
        return
    try:
        loaded = load(file)
    except SiteRejected as rejected:
        if as_json:
            keys = ("file", "line", "column", "path", "what", "hint")
            listed = [{key: getattr(problem, key) for key in keys} for problem in rejected.problems]
            click.echo(json.dumps({"ok": False, "problems": listed, "buses": _buses(rejected.loads)}))
        else:
            count = len(rejected.problems)
            click.echo(str(rejected))
            _table(rejected.loads)
            click.echo(f"{count} problem{'s' * (count != 1)}. Nothing was started.")
        raise SystemExit(1) from None
    notices = (*loaded.notices, *one_box.notes(loaded.buses), *unsigned.notes(loaded.buses))
    if as_json:
        click.echo(json.dumps({**_body(loaded, explain=explain), "notices": list(notices)}))
        return
    _print(loaded, notices)
    if explain:
        _explain(loaded)


def _body(loaded: "Loaded", *, explain: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "ok": True,
        "site": loaded.site.site_id,
        "counts": dict(loaded.counts),
        "buses": _buses(loaded.loads),
        "not_driven": {name: loaded.kinds[name] for name in loaded.undriven},
        "not_acted_on": list(loaded.ignored),
        "without_hardware_end": list(loaded.endless),
        "accepted": list(loaded.accepted),
        "please_declare": list(loaded.undeclared),
    }
    if explain:
        body["effective"] = [{"path": e.path, "value": e.value, "origin": e.origin} for e in loaded.effective]
    return body


def _buses(loads: "Sequence[Load]") -> list[dict[str, Any]]:
    return [
        {
            "bus": load.bus,
            "load": round(load.load, 4),
            "worst_cycle_s": round(load.cycle / SECOND, 4),
            "with_one_dead_device_s": None if load.with_dead is None else round(load.with_dead / SECOND, 4),
            "tightest": load.tightest or None,
            "tightest_s": None if load.limit is None else load.limit / SECOND,
            "verdict": load.verdict,
        }
        for load in loads
    ]


def _print(loaded: "Loaded", notices: tuple[str, ...]) -> None:
    click.echo("site ok: " + ", ".join(_count(noun, n) for noun, n in loaded.counts.items()))
    width = _table(loaded.loads)
    for bus in (bus for bus in loaded.buses if bus.kind == "mqtt"):
        count = _count("nodes", len(bus.devices))
        click.echo(f"{bus.name:<{width}}  {count} behind a broker: each speaks when it likes, max_age is the measure")
    for name, kind in ((name, loaded.kinds[name]) for name in loaded.undriven):
        click.echo(f"bus {name} is valid, and this version does not drive {kind}: nothing on it is read or switched")
    click.echo(f"outputs without a hardware end: {', '.join(loaded.endless) or 'none'}")
    if loaded.accepted:
        click.echo(f"risks accepted by name: {', '.join(loaded.accepted)}")
    for path in loaded.ignored:
        click.echo(f"not acted on yet: {path}")
    for sentence in notices:
        click.echo(f"note: {sentence}")
    for line in loaded.undeclared:
        word, what = line.split(": ", 1)
        click.echo(f"please declare: {what} (declare: [{word}])")


def _table(loads: "Sequence[Load]") -> int:
    """The bus times, and how wide the names of the buses are."""
    rows = [HEAD, *(_row(load) for load in loads)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows if loads else []:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    return widths[0]


def _row(load: "Load") -> tuple[str, ...]:
    return (
        load.bus,
        f"{load.load * 100:.0f} %",
        f"{load.cycle / SECOND:.2f} s",
        "-" if load.with_dead is None else f"{load.with_dead / SECOND:.2f} s",
        "-" if load.limit is None else f"{load.tightest} {load.limit / SECOND:g} s",
        load.verdict,
    )


def _count(noun: str, count: int) -> str:
    one = {"buses": "bus"}.get(noun, noun.removesuffix("s"))
    return f"{count} {one if count == 1 else noun}"


def _explain(loaded: "Loaded") -> None:
    click.echo("in force:")
    width = max((len(line.path) for line in loaded.effective), default=0)
    room = max((len(line.value) for line in loaded.effective), default=0)
    for line in loaded.effective:
        click.echo(f"  {line.path:<{width}}  {line.value:<{room}}  {line.origin}")
