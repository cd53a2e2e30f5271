"""`edgectl press`: one output after the other for two seconds, and the question that no read-back can answer.

Two rules. The pulse goes through the daemon and its guards like every other order, and carries its own end. And what a
person has seen stands in the journal at once, so that the round goes on where it was left.
"""

import getpass
import time
from typing import Any
from urllib.parse import quote

import click

from edgectl.cli.client import UNREACHABLE, ask, refuse, show
from edgectl.cli.client import offline as at_rest
from edgectl.cli.offline import offline
from edgectl.cli.outputs import Span
from edgectl.cli.words import dated, span, table

LONGEST_S = 2.5  # a bump: no pump runs dry in it
SEEN_WITHIN_S, OFF_WITHIN_S, LOOK_EVERY_S = 4.0, 15.0, 0.1
# Who ends the ON when the controller is gone.
ENDS = {
    "pulse": "the board ends it by its own timer",
    "watchdog": "the board ends it when nobody speaks to it any more",
    "wired": "a wired limit ends it",
    "none": "ONLY edgectl ends it: somebody stands at the fuse",
}


@click.command()
@click.argument("outputs", nargs=-1)
@click.option("--for", "seconds", type=Span(), default="2s", help="How long each is on: 2s, and 2500ms at most.")
@click.option("--again", is_flag=True, help="Also those that were found good before.")
@click.option("--list", "listed", is_flag=True, help="Press nothing: who has pressed what, and when.")
@click.option("--json", "as_json", is_flag=True, help="The record as JSON, at the end.")
@offline
def press(outputs: tuple[str, ...], seconds: float, again: bool, listed: bool, as_json: bool) -> None:
    """Press each output, or OUTPUTS, for two seconds; say whether the load moved. What was found good is left out.

    Exit code 1 while one is missing. Water shut, dosing lines in a measure, nobody at the motors.
    """
    if not 0 < seconds <= LONGEST_S:
        raise click.UsageError(f"--for {span(seconds)}: an output is pressed for {span(LONGEST_S)} at most")
    if at_rest() is not None and not listed:
        raise click.UsageError("--offline only reads: it goes with --list")
    rows = _rows(outputs)
    if not listed:
        found_good = [] if again else [row["output"] for row in rows if _good(row)]
        if found_good:
            left_out = f"found good before, and not pressed: {', '.join(found_good)}; --again presses them too"
            click.echo(left_out, err=True)
        for name in [row["output"] for row in rows if row["output"] not in found_good]:
            if not _one(next(row for row in _rows((name,))), seconds, as_json=as_json):
                break
        rows = _rows(outputs)
    if not show([_record(row) for row in rows], as_json):
        for line in table([_line(row) for row in rows]):
            click.echo(line)
    missing = [row["output"] for row in rows if not _good(row)]
    if missing:
        if not as_json:
            click.echo(f"{len(missing)} of {len(rows)} not found good yet: edgectl press goes on with {missing[0]}")
        raise SystemExit(1)


def _rows(names: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = [row for row in ask("GET", "/channels") if "output" in row]
    unknown = set(names) - {row["output"] for row in rows}
    if unknown:
        known = ", ".join(row["output"] for row in rows)
        refuse(f"there is no output {', '.join(sorted(unknown))}", f"there are: {known}")
    return [row for row in rows if not names or row["output"] in names]


def _good(row: dict[str, Any]) -> bool:
    return row["tried"] is not None and bool(row["tried"]["moved"])


def _one(row: dict[str, Any], seconds: float, *, as_json: bool) -> bool:
    """Press one and write down what was seen. False when the person wants to end the round."""
    name = row["output"]
    click.echo(f"\n{name} ({row['role']} at {row['channel']}): {ENDS[row['ends_by']]}", err=True)
    if row["role"] == "siren":
        click.echo("  it sounds when its board loses power: pull that plug instead, and listen", err=True)
        return True
    while True:
        asked = "  Enter to press it, s to leave it out, q to end here"
        word = click.prompt(asked, default="", show_default=False, err=True).strip().lower()
        if word in ("s", "q"):
            return word == "s"
        if word:  # nothing starts to move because somebody wrote no
            click.echo(f"  {word!r} is none of the three; nothing was pressed", err=True)
            continue
        if _ordered(name, row["role"], seconds):
            break
    seen = _seen(name)
    click.echo("  read back on" if seen else "  NOT read back on: the board did not take it", err=True)
    off = _off(name)
    click.echo("  read back off" if off else "  NOT read back off: look at it now, edgectl channel off", err=True)
    moved = click.confirm("  did this load move, this one alone, and in the right direction?", err=True)
    why = "" if moved else click.prompt("  what happened instead", default="nothing", err=True)
    body = {"moved": moved, "read_back": seen and off, "why": why, "who": getpass.getuser()}
    ask("POST", f"/outputs/{quote(name, safe='')}/tried", body)
    return True


def _ordered(name: str, role: str, seconds: float) -> bool:
    """False when a guard says no; its sentence has been told, and the person decides what to do."""
    service = role in ("pump", "dosing")
    try:
        ask("POST", f"/outputs/{quote(name, safe='')}/on", {"seconds": seconds, "service": service})
    except SystemExit as ended:
        if ended.code == UNREACHABLE:
            raise
        click.echo("  it was not pressed", err=True)
        return False
    return True


def _seen(name: str) -> bool:
    return _until(name, lambda row: row["on"] is True, SEEN_WITHIN_S)


def _off(name: str) -> bool:
    return _until(name, lambda row: row["on"] is False and not row["owed_off"], OFF_WITHIN_S)


def _until(name: str, true: Any, within_s: float) -> bool:
    for _ in range(int(within_s / LOOK_EVERY_S)):
        if true(_rows((name,))[0]):
            return True
        time.sleep(LOOK_EVERY_S)
    return False


def _record(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("output", "channel", "role", "ends_by", "tried")}


def _line(row: dict[str, Any]) -> list[str]:
    done = row["tried"]
    if done is None:
        return [row["output"], row["channel"], "not pressed yet"]
    told = "moved" if done["moved"] else "DID NOT MOVE"
    return [row["output"], row["channel"], f"{told}, {done['who']}, {dated(done['at'])}"]
