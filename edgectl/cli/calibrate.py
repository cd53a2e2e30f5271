"""`edgectl calibrate …`: led through a calibration, step by step. The daemon decides what may be believed."""

import getpass
import time
from collections.abc import Sequence
from statistics import fmean
from typing import Any
from urllib.parse import quote

import click

from edgectl.cli.client import ask, refuse, show
from edgectl.cli.groups import Group
from edgectl.cli.offline import offline
from edgectl.cli.outputs import Span
from edgectl.cli.part import BY_HAND
from edgectl.cli.words import dated, span, table
from edgectl.model.hands import ENOUGH, STEADY

AS_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
ACCEPT = click.option("--accept", is_flag=True, help="It is back in its place, though it reads otherwise than before.")
SILENT = click.option("--yes", is_flag=True, help="Ask nothing: the probe stands in the first solution already.")
LONGEST_S = 180


@click.group(cls=Group)
def calibrate() -> None:
    """Probes and pumps against something known. A sensor in calibration is Missing for every rule until it is back."""


def _probe(kind: str, known: str) -> None:
    @calibrate.command(kind, help=f"Calibrate a {kind} sensor against {known}: one point, or two.")
    @click.argument("sensor")
    @click.option("--at", "known_values", type=float, multiple=True, required=True, help=f"{known}; twice at most.")
    @ACCEPT
    @SILENT
    @AS_JSON
    def command(sensor: str, known_values: tuple[float, ...], accept: bool, yes: bool, as_json: bool) -> None:
        if len(known_values) > 2:
            raise click.UsageError("one --at, or two")
        _sensor(kind, sensor, known_values, accept=accept, yes=yes, as_json=as_json)


_probe("ph", "7.00 and 4.01")
_probe("ec", "1.413 mS/cm")
_probe("level", "0 and 100 %")


def _sensor(kind: str, sensor: str, known: Sequence[float], *, accept: bool, yes: bool, as_json: bool) -> None:
    begun = _step(sensor, {"step": "begin", "who": getpass.getuser()})
    back = f"edgectl calibrate cancel {sensor} gives it back as it was (it read {begun['before']})"
    _say(as_json, f"{sensor} is in calibration: nothing that needs it runs, until you bring this to an end here")
    _say(as_json, f"  broke off? {back}")
    try:
        _led(kind, sensor, known, accept=accept, yes=yes, as_json=as_json)
    except (KeyboardInterrupt, click.Abort):
        click.echo(err=True)
        refuse(f"{BY_HAND}: {sensor} is still in calibration, and nothing that needs it runs", back)


def _led(kind: str, sensor: str, known: Sequence[float], *, accept: bool, yes: bool, as_json: bool) -> None:
    points = []
    for value in known:
        if not yes:
            click.prompt(f"{_put(kind, value)}, then press Enter", default="", show_default=False, err=True)
        points.append([_settled(kind, sensor, as_json=as_json), value])
    if not yes and kind != "level":
        click.prompt("put it back into its place, then press Enter", default="", show_default=False, err=True)
        _settled(kind, sensor, as_json=as_json)
    wish = {"step": "finish", "kind": kind, "points": points, "accept": accept, "who": getpass.getuser()}
    done = _step(sensor, wish)
    if not show(done, as_json):
        due = "" if done["due"] is None else f"; due again {dated(done['due'])[:10]}"
        click.echo(f"{sensor} read {done['before']} and reads {done['after']:g}: slope {100 / done['gain']:.1f} %{due}")


@calibrate.command("list")
@AS_JSON
@offline
def list_(as_json: bool) -> None:
    """The record: each sensor and dosing pump with its last calibration, by whom, what came of it, and when it is due
    again: by the site file, or when it usually is."""
    rows = [row for row in ask("GET", "/channels") if "calibrate_every_s" in row]
    keys = ("sensor", "output", "calibration", "calibrate_every_s", "in_hands")
    if show([{key: row[key] for key in keys if key in row} for row in rows], as_json):
        return
    for line in table([_recorded(row) for row in rows if row["calibration"] or row["calibrate_every_s"]]):
        click.echo(line)
    held = [f"{_named(row)} by {row['in_hands']['who']}" for row in rows if row.get("in_hands")]
    never = [_named(row) for row in rows if not row["calibration"] and not row.get("in_hands")]
    if held:
        click.echo(f"in calibration now: {', '.join(held)}")
    if never:
        click.echo(f"never, as far as edgectl knows: {', '.join(never)}")


def _named(row: dict[str, Any]) -> str:
    return str(row.get("sensor") or row["output"])


def _recorded(row: dict[str, Any]) -> list[str]:
    done, every = row["calibration"], row["calibrate_every_s"]
    if done is None:
        return [_named(row), "never", "due now", f"every {span(every)}"]
    found = (
        f"{done['offset']:g} ml/s"
        if "output" in row
        else f"slope {100 / done['gain']:.1f} %, offset {done['offset']:g}"
    )
    came = f"{found}; {done['how']}"
    due = "no date is set" if done["due"] is None else f"due {dated(done['due'])[:10]}{', as usual' * done['usual']}"
    return [_named(row), f"{dated(done['at'])[:10]} by {done['who']}", due, came]


@calibrate.command("cancel")
@click.argument("sensor")
@ACCEPT
@AS_JSON
def cancel(sensor: str, accept: bool, as_json: bool) -> None:
    """Give a sensor back as it was, without a new calibration."""
    done = _step(sensor, {"step": "cancel", "accept": accept, "who": getpass.getuser()})
    if not show(done, as_json):
        click.echo(f"{sensor} is back and reads {done['after']:g}")


@calibrate.command("pump")
@click.argument("pump")
@click.option("--for", "seconds", type=Span(), default=None, help="Run it now for so long, into a measure: 20s.")
@click.option("--ran", type=Span(), default=None, help="It has run for so long.")
@click.option("--ml", type=float, default=None, help="What is in the measure.")
@AS_JSON
def pump(pump: str, seconds: float | None, ran: float | None, ml: float | None, as_json: bool) -> None:
    """A dosing pump into a measure. Its zone has to be in manual mode; the caps hold."""
    if (seconds is None) == (ran is None) or (ran is not None and ml is None):
        raise click.UsageError("say --for 20s to run it now, or --ran 20s --ml 21.5 for what it gave")
    if seconds is not None:
        click.echo(f"the hose of {pump} into a measure; it runs for {span(seconds)}", err=True)
        ask("POST", f"/outputs/{quote(pump, safe='')}/on", {"seconds": seconds, "service": True})
        time.sleep(seconds)
        ran, ml = seconds, ml if ml is not None else click.prompt("ml in the measure", type=float, err=True)
    done = _step(pump, {"step": "finish", "kind": "pump", "points": [[ran, ml]], "who": getpass.getuser()})
    if not show(done, as_json):
        click.echo(f"{pump} gives {done['after']:g} ml/s, the site file says {done['before']:g}")
        click.echo(f"  due again {dated(done['due'])[:10]}")
        if done["differs"]:
            click.echo(f"  write ml_per_s: {done['after']:g}, and look why: hose, tube, air", err=True)


def _put(kind: str, value: float) -> str:
    """What a person does next."""
    # A level probe stays where it is: the water moves.
    return f"bring the water to {value:g} %" if kind == "level" else f"rinse it, put it into {value:g}"


def _step(subject: str, body: dict[str, Any]) -> Any:
    return ask("POST", f"/calibrations/{quote(subject, safe='')}", body)


def _settled(kind: str, sensor: str, *, as_json: bool) -> float:
    """What it shows once it is steady, in its unit and without correction."""
    seen: list[float] = []
    for second in range(LONGEST_S):
        row = next((row for row in ask("GET", "/channels") if row.get("sensor") == sensor), None)
        if row is None or row["shown"] is None:
            refuse(f"{sensor} shows nothing", f"look at its cable; edgectl calibrate cancel {sensor} gives it back")
        seen = [*seen, float(row["shown"])][-ENOUGH:]
        if len(seen) == ENOUGH and max(seen) - min(seen) <= STEADY[kind]:
            return round(fmean(seen), 4)
        if second % 5 == 4:
            _say(as_json, f"  {sensor} shows {seen[-1]:g}, not steady yet")
        time.sleep(1)
    refuse(f"{sensor} did not become steady within {LONGEST_S} s", "is the solution stirred, the probe clean?")


def _say(as_json: bool, words: str) -> None:
    click.echo(words, err=as_json)
