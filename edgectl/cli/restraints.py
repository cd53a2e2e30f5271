"""`edgectl stop-water`, `lock`, `unlock`, `hold`, `release`, `mode`: what people put on the site or on a zone."""

import getpass
from typing import Any
from urllib.parse import quote

import click

from edgectl.cli.client import ask, show
from edgectl.cli.outputs import Span
from edgectl.cli.words import by_whom, span

AS_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.command("stop-water")
@click.option("--why", default="", help="For those who find it stopped.")
@AS_JSON
def stop_water(why: str, as_json: bool) -> None:
    """Pumps, valves and dosing off, and nothing wet starts again before `resume`. Light and air go on.

    What was asked for at a later time is kept, and left out only where that time comes before `resume`.
    """
    data = ask("POST", "/stop-water", {"why": why, "who": getpass.getuser()})
    if not show(data, as_json):
        click.echo("the water was ordered off and stays off; edgectl resume releases it")
        tell_ended(data)


def tell_ended(data: dict[str, Any]) -> None:
    """Name the work that an order of a person ended."""
    if data.get("ended"):
        click.echo(f"ended by it: {', '.join(data['ended'])}")


def tell_replaced(before: dict[str, Any] | None, what: str) -> None:
    """Say what stood there before, and stands no more: somebody may rely on it."""
    if before is not None:
        click.echo(f"in the place of what was there: {what}{by_whom(before)}")


@click.command()
@click.argument("zone")
@click.option("--why", required=True, help="What is being done there.")
@AS_JSON
def lock(zone: str, why: str, as_json: bool) -> None:
    """A service lock: somebody works in ZONE. It never ends by itself, survives restarts and blocks every source.

    It does not replace an isolator.
    """
    data = ask("POST", f"/zones/{quote(zone, safe='')}/lock", {"why": why, "who": getpass.getuser()})
    if not show(data, as_json):
        click.echo(f"{zone} is locked for {getpass.getuser()}; edgectl unlock {zone} releases it. Use the isolator too")
        tell_replaced(data["before"], "locked")
        tell_ended(data)


@click.command()
@click.argument("zone")
@AS_JSON
def unlock(zone: str, as_json: bool) -> None:
    """Release a service lock: your own, or as root anybody's, after a look. Nothing is resumed by it."""
    data = ask("DELETE", f"/zones/{quote(zone, safe='')}/lock")
    if not show(data, as_json):
        click.echo(f"{zone} is unlocked; schedules go on from now")


@click.command()
@click.argument("zone")
@click.option("--for", "seconds", type=Span(), required=True, help="How long, at most 14 days: 2h, 3d.")
@click.option("--why", default="", help="For those who wonder why nothing runs.")
@AS_JSON
def hold(zone: str, seconds: float, why: str, as_json: bool) -> None:
    """No scheduled work in ZONE for a while; each run that falls into it leaves a row. Light goes on."""
    body = {"seconds": seconds, "why": why, "who": getpass.getuser()}
    data = ask("POST", f"/zones/{quote(zone, safe='')}/hold", body)
    if not show(data, as_json):
        click.echo(f"{zone} is held for {span(seconds)}; edgectl release {zone} ends it earlier")
        tell_replaced(data["before"], "held")


@click.command()
@click.argument("zone")
@AS_JSON
def release(zone: str, as_json: bool) -> None:
    """End a hold. What was skipped meanwhile is not repeated."""
    data = ask("DELETE", f"/zones/{quote(zone, safe='')}/hold")
    if not show(data, as_json):
        click.echo(f"{zone} is released; schedules go on from now")


@click.command()
@click.argument("zone")
@click.argument("wanted", type=click.Choice(["auto", "semi", "manual"]))
@AS_JSON
def mode(zone: str, wanted: str, as_json: bool) -> None:
    """Who starts the work of ZONE: the controller, the controller after a person's yes, or only people."""
    data = ask("POST", f"/zones/{quote(zone, safe='')}/mode", {"mode": wanted})
    if not show(data, as_json):
        after = {
            "auto": "schedules run by themselves",
            "semi": "scheduled tasks wait for edgectl task approve ID",
            "manual": "only people start anything",
        }
        click.echo(f"{zone}: {after[wanted]}")
        tell_ended(data)


@click.command()
@click.argument("zone")
@click.argument("setting", type=click.Choice(["dosing", "heat", "vent"]))
@click.argument("value", type=float, required=False)
@click.option("--for", "seconds", type=Span(), default=None, help="How long, at most 24 h: 30m, 2h.")
@click.option("--end", is_flag=True, help="Take it back now.")
@click.option("--why", default="", help="For those who wonder.")
@AS_JSON
def override(
    zone: str, setting: str, value: float | None, seconds: float | None, end: bool, why: str, as_json: bool
) -> None:
    """Another value for a while: how far the vents of ZONE are open (%), how warm it is kept (degrees), or with
    `dosing 0` that nothing is dosed there.

    It ends by itself. Wind, rain, overheat and the guards stand above it.
    """
    path = f"/zones/{quote(zone, safe='')}/override/{setting}"
    if end == (value is not None) or (value is None) != (seconds is None):
        raise click.UsageError("give a value and --for, or --end alone")
    if end:
        data = ask("DELETE", path)
    else:
        data = ask("POST", path, {"value": value, "seconds": seconds, "why": why, "who": getpass.getuser()})
    if not show(data, as_json):
        lasts = "" if seconds is None else f"set to {value:g} for {span(seconds)}; it ends by itself"
        click.echo(f"{setting} of {zone}: {lasts or 'as the site file says'}")
        if not end:
            tell_replaced(data["before"], f"{data['before']['value']:g}" if data["before"] else "")
            tell_when_there(data["there_s"], seconds)


def tell_when_there(there_s: float | None, lasts_s: float | None) -> None:
    """By when the vents are where they are wanted: their motor rests between two ways."""
    if there_s is not None and lasts_s is not None:
        late = ": it ends before they are there" if there_s > lasts_s else ""
        click.echo(f"with the rests of their motor the vents are there in {span(there_s)}, if nothing forbids it{late}")
