"""`edgectl profiles`: the kinds of devices that a site file can name."""

from itertools import groupby
from pathlib import Path
from typing import Any

import click

from edgectl.cli.client import refuse, show
from edgectl.cli.lines import know_own, site_option
from edgectl.cli.words import table
from edgectl.drivers import registry
from edgectl.drivers.profile import Check, Demand, Outlet, Profile, Setting, Writable
from edgectl.model.time import MS, SECOND

EVIDENCE = {"vendor": "its maker's page or manual", "code": "public code that talks to it", "inferred": "its family"}


@click.command()
@click.argument("word", required=False)
@site_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def profiles(word: str | None, site: Path, as_json: bool) -> None:
    """Every kind of device, or those whose name or title holds WORD, with their channels and outputs.

    Profiles of your own stand in the folder profiles beside the site file.
    """
    know_own(site)
    found = [registry.find(name) for name in registry.names()]
    if word is not None:
        found = [profile for profile in found if word.lower() in f"{profile.name} {profile.title}".lower()]
        if not found:
            refuse(f"no profile speaks of {word!r}", "edgectl profiles lists them all")
    if show([_body(profile) for profile in found], as_json):
        return
    if word is None:
        for line in table([[profile.name, profile.evidence, profile.title + _whose(profile)] for profile in found]):
            click.echo(line)
        click.echo(f"how each is known: {'; '.join(f'{word}, {what}' for word, what in EVIDENCE.items())}")
        click.echo("edgectl profiles WORD tells more of one")
        return
    for profile in found:
        for line in _story(profile):
            click.echo(line)


def _story(profile: Profile) -> list[str]:
    channels = ", ".join(f"{c.name}{f' ({c.unit})' if c.unit else ''}" for c in profile.channels.values())
    outputs = ", ".join(f"{_span(names)} ({ends})" for ends, names in _alike(profile))
    rows = [["buses", ", ".join(sorted(profile.buses))], ["channels", channels or "none"]]
    rows += [["outputs", f"{outputs}; in brackets what ends an ON by itself"]] if outputs else []
    rows += [["settings", "; ".join(_setting(one) for one in profile.settings.values())]] if profile.settings else []
    rows += [["identity", "; ".join(marks)]] if (marks := _identity(profile)) else []
    rows += [["is set to", "; ".join(f"{arm.what}: {arm.value}" for arm in profile.arms)]] if profile.arms else []
    rows += [["looks like", ", ".join(profile.clones)]] if profile.clones else []
    rows += [["answers", f"within {profile.turnaround // MS} ms"]] if not profile.protocol else []
    rows += [["evidence", f"{profile.evidence}: {profile.source}"]]
    rows += [["beware", quirk] for quirk in profile.quirks]
    return [f"{profile.name}: {profile.title}{_whose(profile)}", *(f"  {line}" for line in table(rows))]


def _alike(profile: Profile) -> list[tuple[str, list[str]]]:
    """The outputs that stand beside one another and are ended alike."""
    groups = groupby(profile.outlets.values(), key=_ends)
    return [(ends, [outlet.name for outlet in outlets]) for ends, outlets in groups]


def _span(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 3 else f"{names[0]} to {names[-1]}"


def _identity(profile: Profile) -> list[str]:
    """What tells it from another device in its place."""
    kind = [f"calls itself {' or '.join(profile.circuit)}"] if profile.circuit else []
    shows = [f"shows {len(profile.outlets)} outputs when it is asked"] if profile.panel is not None else []
    return [*kind, *shows, *(_mark(check) for check in profile.checks)]


def _ends(outlet: Outlet) -> str:
    """Who ends an ON without us, and how long it counts at most."""
    longest = "" if outlet.pulse_max is None else f", up to {outlet.pulse_max / SECOND:g} s"
    return f"{outlet.fail_safe.value}{longest}"


def _mark(check: Demand) -> str:
    """What it has to show before it is believed, in words and with its value."""
    match check:
        case Check(own=True):
            return f"{check.what}, where it has one"
        case Check(low=low, high=high):
            return f"{check.what}, {low:g}" + (f" to {high:g}" if high != low else "")
        case Setting(answers=answers):
            return f"{check.what}, {' or '.join(answers)}" if answers else check.what
        case _:
            return check.what


def _whose(profile: Profile) -> str:
    return " (yours)" if profile.name in registry.own() else ""


def _setting(one: Writable) -> str:
    """What `edgectl device write` may set, and to what."""
    return f"{one.name} ({', '.join(one.words)})" if one.words else f"{one.name} ({one.low:g} to {one.high:g})"


def _body(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "title": profile.title,
        "yours": profile.name in registry.own(),
        "buses": sorted(profile.buses),
        "channels": {channel.name: channel.unit for channel in profile.channels.values()},
        "outputs": {outlet.name: outlet.fail_safe.value for outlet in profile.outlets.values()},
        "settings": {one.name: list(one.words) or [one.low, one.high] for one in profile.settings.values()},
        "identity": _identity(profile),
        "is_set_to": {arm.what: arm.value for arm in profile.arms},
        "looks_like": list(profile.clones),
        "answers_within_ms": profile.turnaround // MS,
        "evidence": profile.evidence,
        "source": profile.source,
        "quirks": list(profile.quirks),
    }
