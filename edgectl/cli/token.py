"""`edgectl token …`: who may come in over the network. Secrets are shown once, when they are made."""

from typing import Any
from urllib.parse import quote, urlsplit

import click

from edgectl.cli.client import ask, show
from edgectl.cli.groups import Group
from edgectl.cli.words import date_and_time, span, table

ROLES = ("viewer", "operator", "engineer")


@click.group(cls=Group)
def token() -> None:
    """Tokens of programs, and phones that the page knows."""


@token.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", help="What it may do.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def add(name: str, role: str, as_json: bool) -> None:
    """A new token for a program: a viewer looks, an operator waters and stops, an engineer gives access."""
    data = ask("POST", "/access/tokens", {"name": name, "role": role})
    if not show(data, as_json):
        click.echo(data["token"])
        click.echo(f"this is the only time that it is shown; {name} sends it as: Authorization: Bearer TOKEN", err=True)


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """Who may come in."""
    data = ask("GET", "/access/tokens")
    if show(data, as_json):
        return
    if not data:
        click.echo("nobody: edgectl token add lets a program in, edgectl token pair a phone")
    for line in table([_row(item) for item in data]):
        click.echo(line)


@token.command("revoke")
@click.argument("token_id")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def revoke(token_id: str, as_json: bool) -> None:
    """Take a token, or a phone, out of the book. It is out at once."""
    data = ask("DELETE", f"/access/tokens/{quote(token_id, safe='')}", {})
    if not show(data, as_json):
        click.echo(f"{data['name']} ({token_id}) may not come in any more")


@token.command("pair")
@click.option("--name", default="phone", help="Whose phone it is: the journal names it.")
@click.option("--role", type=click.Choice(ROLES), default="operator", help="What it may do.")
@click.option("--url", help="How the phone reaches this machine, for example https://greenhouse.local:9405")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def pair(name: str, role: str, url: str | None, as_json: bool) -> None:
    """A code that lets a phone or a browser in: once, and within ten minutes."""
    if as_json:
        show(ask("POST", "/access/pairings", {"name": name, "role": role}), as_json)
    else:
        let_in(name, role, url)


def let_in(name: str, role: str, url: str | None) -> None:
    """A code for a phone, and its picture where a phone can reach the door."""
    data = ask("POST", "/access/pairings", {"name": name, "role": role})
    click.echo(f"code {data['code']}, good once and for {span(data['good_for_s'])}, as {role}")
    base = (url or _reached(data)).rstrip("/")
    click.echo(f"open {base}{data['path']}")
    if url is None and not data["reachable"]:
        click.echo(f"{base} is for this machine alone. {_how_to_open(base)}")
        click.echo("or a proxy of yours, and edgectl token pair --url https://HOST:PORT (docs/network.md)")
        return
    if data["fingerprint"]:
        click.echo("if the phone warns of the certificate, go on only where its browser shows this SHA-256 of it:")
        for line in in_two_lines(data["fingerprint"]):
            click.echo(f"  {line}")
    click.echo(_picture(f"{base}{data['path']}"))


def _how_to_open(base: str) -> str:
    if base.startswith("https:"):  # open, with a certificate, where no phone comes
        return "A phone needs: another address at listen: of conf.d/door.yaml, and a start of edgectl after it"
    return "A phone needs: edgectl door open, and a start of edgectl after it"


def in_two_lines(fingerprint: str) -> tuple[str, str]:
    """As browsers break it."""
    parts = fingerprint.split(":")
    return ":".join(parts[:16]), ":".join(parts[16:])


def _reached(data: dict[str, Any]) -> str:
    """The address by which a phone comes in. A name under .local is one where this machine answers to it; else the
    address that the router has given it of late."""
    from edgectl.host.names import answers_to_its_name, own_addresses

    address = str(data["address"])
    place = urlsplit(address)
    if not data["reachable"] or not (place.hostname or "").endswith(".local") or answers_to_its_name():
        return address
    number = next(iter(own_addresses()), place.hostname)
    return f"{place.scheme}://{f'[{number}]' if ':' in str(number) else number}:{place.port}"


def _picture(text: str) -> str:
    # Imported here: only this command draws.
    import io

    import segno

    room = io.StringIO()
    segno.make(text, error="l").terminal(room, compact=True)
    return room.getvalue().rstrip()


def _row(item: dict[str, Any]) -> list[str]:
    ends = f"until {date_and_time(item['until'])}" if item["until"] else ""
    return [item["id"], item["role"], item["kind"], item["name"], f"since {date_and_time(item['created_at'])}", ends]
