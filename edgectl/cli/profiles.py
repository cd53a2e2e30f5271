"""`edgectl profiles`: the kinds of devices that a site file can name."""

from pathlib import Path
from typing import Any

import click

from edgectl.cli.client import refuse, show
from edgectl.cli.lines import know_own, site_option
from edgectl.cli.words import table
from edgectl.drivers import registry
from edgectl.drivers.profile import Profile, Writable


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
        for line in table([[profile.name, profile.title + _whose(profile)] for profile in found]):
            click.echo(line)
        click.echo("edgectl profiles WORD tells more of one")
        return
    for profile in found:
        for line in _story(profile):
            click.echo(line)


def _story(profile: Profile) -> list[str]:
    channels = ", ".join(f"{c.name}{f' ({c.unit})' if c.unit else ''}" for c in profile.channels.values())
    outputs = ", ".join(f"{outlet.name} ({outlet.fail_safe.value})" for outlet in profile.outlets.values())
    rows = [["buses", ", ".join(sorted(profile.buses))], ["channels", channels or "none"]]
    rows += [["outputs", f"{outputs}; in brackets what ends an ON by itself"]] if outputs else []
    rows += [["settings", "; ".join(_setting(one) for one in profile.settings.values())]] if profile.settings else []
    rows += [["evidence", f"{profile.evidence}: {profile.source}"]]
    rows += [["beware", quirk] for quirk in profile.quirks]
    return [f"{profile.name}: {profile.title}{_whose(profile)}", *(f"  {line}" for line in table(rows))]


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
        "evidence": profile.evidence,
        "source": profile.source,
        "quirks": list(profile.quirks),
    }
