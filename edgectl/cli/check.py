"""`edgectl check`: every mistake of a site file at once, or what it amounts to."""

import json
from pathlib import Path
from typing import Any

import click

from edgectl.cli.client import DEFAULT_SITE
from edgectl.cli.words import table

WIRING = {
    "anti_siphon": "anti-siphon on the dosing line",
    "air_gap": "an air gap to the mains",
    "overflow": "an overflow that leads outside",
    "motor_overload": "motor overload protection of the pumps",
    "emergency_stop": "an emergency stop that cuts the outputs",
}


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=DEFAULT_SITE)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--schema", "as_schema", is_flag=True, help="Print the JSON Schema of site files instead.")
@click.option("--explain", is_flag=True, help="The limits in force, defaults filled in.")
def check(file: Path, as_json: bool, as_schema: bool, explain: bool) -> None:
    """Check a site file. Exit code 1 when it cannot be used."""
    from edgectl.config.feasibility import feasibility, words
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected
    from edgectl.config.schema import SiteFile

    if as_schema:
        click.echo(json.dumps(SiteFile.model_json_schema(), indent=2))
        return
    try:
        loaded = load(file)
    except SiteRejected as rejected:
        if as_json:
            click.echo(json.dumps({"ok": False, "problems": [_problem(p) for p in rejected.problems]}))
        else:
            click.echo(f"{rejected} Nothing was started.")
        raise SystemExit(1) from None
    rows = [feasibility(bus, loaded.site) for bus in loaded.buses]
    bare = [a.name for a in loaded.site.actuators.values() if a.fail_safe.value == "none"]
    missing = _undeclared(loaded)
    if as_json:
        body = {
            "ok": True,
            "counts": loaded.counts,
            "buses": [{"bus": r.bus, "load": round(r.load, 4), "possible": r.possible} for r in rows],
            "not_driven": loaded.undriven,
            "not_used": loaded.ignored,
            "no_hardware_end": bare,
            "please_declare": missing,
        }
        click.echo(json.dumps(body))
        return
    counts = ", ".join(f"{n} {_noun(name, n)}" for name, n in loaded.counts.items())
    click.echo(f"site ok: {counts}")
    head = ["bus", "load now", "worst cycle", "with 1 dead device", "tightest limit", "verdict"]
    for line in table([head, *(words(row) for row in rows)]):
        click.echo(line)
    click.echo(f"outputs without a hardware end: {', '.join(bare) or 'none'}")
    for name in loaded.undriven:
        click.echo(f"not driven by this version: bus {name}; what hangs on it stays unread and off")
    if loaded.ignored:
        click.echo(f"not acted on by this version: {', '.join(loaded.ignored)}")
    for key in missing:
        click.echo(f"please declare: {WIRING[key]} (declare: [{key}])")
    if explain:
        _explain(loaded)


def _problem(problem: Any) -> dict[str, Any]:
    place = problem.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "path": problem.path,
        "what": problem.what,
        "hint": problem.hint,
    }


def _undeclared(loaded: Any) -> list[str]:
    roles = {actuator.role.value for actuator in loaded.site.actuators.values()}
    wanted = [
        *(["anti_siphon"] if "dosing" in roles else []),
        *(["air_gap", "overflow", "motor_overload"] if "pump" in roles else []),
        "emergency_stop",
    ]
    return [key for key in wanted if key not in loaded.declared]


def _explain(loaded: Any) -> None:
    def span(value: int | None) -> str:
        return "-" if value is None else f"{value / 1e9:g} s"

    for sensor in loaded.site.sensors.values():
        click.echo(f"sensor {sensor.name}: fresh for {span(sensor.max_age)}, read every {span(sensor.poll_every)}")
    for actuator in loaded.site.actuators.values():
        click.echo(
            f"output {actuator.name}: {actuator.role.value}, at most {span(actuator.max_on)} on, "
            f"rests {span(actuator.min_off)}, travel {span(actuator.travel)}, run-down {span(actuator.run_down)}, "
            f"ended by {actuator.fail_safe.value}"
        )
    for schedule in loaded.schedules:
        policy = schedule.catch_up
        click.echo(
            f"schedule {schedule.name}: {schedule.cadence}, missed runs: {policy.policy.value} {policy.max or ''}"
        )


def _noun(plural: str, count: int) -> str:
    return plural if count != 1 else "bus" if plural == "buses" else plural[:-1]
