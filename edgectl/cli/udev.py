"""`edgectl udev`: rules that give the serial ports of this machine names which survive a replug."""

from dataclasses import asdict
from pathlib import Path

import click

from edgectl.cli.client import refuse, show

RELOAD = "udevadm control --reload && udevadm trigger --subsystem-match=tty"


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME=PORT]...")
@click.option("--sys", "root", type=click.Path(path_type=Path), default="/sys", help="The kernel's tree.")
@click.option("--json", "as_json", is_flag=True, help="The ports as JSON.")
def udev(names: tuple[str, ...], root: Path, as_json: bool) -> None:
    """Print a rule for each port, or for those that you name: relays=ttyUSB0. Nothing is written.

    An adapter is known by its serial number; where it has none of its own, by the socket.
    """
    from edgectl.host import ports

    found = ports.ports(root)
    if show([asdict(port) for port in found], as_json):
        return
    if not found:
        refuse(f"{root} shows no serial port with hardware behind it", "is the adapter plugged in? dmesg tells")
    known = {port.name: port for port in found}
    chosen = {}
    for name, _, port in (text.partition("=") for text in names):
        port = Path(port).name
        if port not in known:
            refuse(
                f"there is no port {port or name!r}; there are: {', '.join(known)}", "write NAME=PORT: relays=ttyUSB0"
            )
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            refuse(f"{name!r} is no name for a port", "letters, digits, - and _: relays")
        chosen[name] = known[port]
    if not names:
        chosen = {f"line_{number}": port for number, port in enumerate(found, 1)}
    click.echo("# /etc/udev/rules.d/99-edgectl-names.rules, printed by edgectl udev; site.yaml says /dev/edgectl/NAME")
    click.echo(f"# after a change: {RELOAD}")
    for line in ports.rules(chosen, found):
        click.echo(line)
