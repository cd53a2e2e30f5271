"""`edgectl simulate --campaign`: houses drawn by lot, and what the whole of it met."""

import json
import sys
from collections import Counter

import click

from edgectl.simulate.campaign import ENOUGH, Lived, Tally, campaign

TOLD_EVERY = 25  # houses, where nobody watches a line move


def run(days: int, first: int, as_json: bool) -> None:
    """Live so many days from house `first` on, and say what was injected, held and reached."""
    tally, broken = Tally(), list[Lived]()
    try:
        for lived in campaign(days, first, tally):
            if lived.found:
                broken.append(lived)
                if not as_json:
                    _tell(lived)
            # A campaign of a million days is cut off sooner or later: this line says how it goes on.
            line = f"{tally.days} of {days} days, {tally.houses} houses, {len(broken)} broken; go on with --seed "
            if sys.stderr.isatty():
                click.echo(f"\r{line}{lived.number + 1}", err=True, nl=False)
            elif tally.houses % TOLD_EVERY == 0:
                click.echo(f"{line}{lived.number + 1}", err=True)
    except KeyboardInterrupt:
        click.echo("", err=True)
    if sys.stderr.isatty():
        click.echo("", err=True)
    missing = tally.missing() if tally.days >= ENOUGH else []
    if as_json:
        click.echo(json.dumps(_report(tally, broken, missing)))
    else:
        for line in words(tally):
            click.echo(line)
        for sentence in missing:
            click.echo(f"NOT MET  {sentence}: this campaign has proven nothing about it")
        click.echo("every promise held in every house" if not broken else f"{len(broken)} houses broke a promise")
    if broken or missing:
        raise SystemExit(1)


def words(tally: Tally) -> list[str]:
    """The counters, for people."""
    reached = [f"{len(tally.reached[kind])} kinds of {kind}" for kind in sorted(tally.reached)]
    return [
        f"{tally.days} greenhouse-days in {tally.houses} houses, {tally.turns} turns",
        f"injected: {_counts(tally.injected)}",
        f"people: {_counts(tally.people)}",
        f"held, by the number of the promise: {_counts(tally.held)}",
        f"reached: {', '.join(reached)}",
        f"ends of tasks: {_counts(tally.reached.get('transition', Counter()))}",
        f"ends of orders: {_counts(tally.reached.get('command', Counter()))}",
    ]


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counter.most_common() if count)


def _tell(lived: Lived) -> None:
    """A house that broke a promise: what, how to live in it again, and its last words."""
    click.echo(f"house {lived.number} ({lived.days} days) broke a promise:")
    for sentence in lived.found:
        click.echo(f"BROKEN  {sentence}")
    click.echo(f"again: edgectl simulate --campaign --days {lived.days} --seed {lived.number}")
    for entry in lived.world.journal.timeline[-20:]:
        click.echo(f"  {entry.seq} {entry.event_type} {dict(entry.details)}")


def _report(tally: Tally, broken: list[Lived], missing: list[str]) -> dict[str, object]:
    return {
        "days": tally.days,
        "houses": tally.houses,
        "turns": tally.turns,
        "injected": tally.injected,
        "people": tally.people,
        "held": tally.held,
        "reached": tally.reached,
        "missing": missing,
        "broken": [{"house": lived.number, "days": lived.days, "found": lived.found} for lived in broken],
    }
