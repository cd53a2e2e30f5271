"""Which line a command means: a bus of the site file, a serial port or HOST:PORT; and how it is opened alone."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgectl.cli.client import DEFAULT_SITE, NoDaemon, ask, refuse

if TYPE_CHECKING:
    from edgectl.drivers.talk import Talk
    from edgectl.drivers.wiring import Bus, Device, Wire

REPLY_WITHIN_S = 0.2
OVER_RTU = "rtu://"  # before HOST:PORT of a box that passes the bytes of a serial line on as they are
TRIES, LET_GO_S = 3, 0.15
PORTS = ("/dev/edgectl", "/dev/serial/by-id")  # where serial ports have names that stay; the better ones first

site_option = click.option(
    "--site", type=click.Path(path_type=Path), envvar="EDGECTL_SITE", default=DEFAULT_SITE, help="The site file."
)
baud_option = click.option(
    "--baud", type=int, help="The speed of a serial line; 9600 unless the site file knows better."
)
parity_option = click.option("--parity", type=click.Choice(["N", "E", "O"]), help="The parity of a serial line.")


class Unit(click.IntRange):
    """An address on a line."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """A number from 1 to 254."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            why = "is no address on a line, 1 to 254; a node behind a broker has none, edgectl bus list shows it"
            self.fail(f"{value!r} {why}", param, ctx)


def line_of(
    name: str, site: Path, baud: int | None, parity: str | None, *, also: tuple[str, ...] = ()
) -> "tuple[str, Wire]":
    """The kind of a bus and its line; `also` are kinds besides Modbus that the caller can talk to. Exits 1 with a
    sentence."""
    from dataclasses import replace

    from edgectl.drivers.wiring import Broker, RtuGateway, SerialLine, TcpHost

    know_own(site)
    if name.startswith("/"):
        return "modbus-rtu", SerialLine(port=name, baudrate=baud or 9600, parity=parity or "N")
    host, colon, port = name.removeprefix(OVER_RTU).rpartition(":")
    if colon and port.isdigit() and name.startswith(OVER_RTU):
        return "modbus-rtu-over-tcp", RtuGateway(host=host, port=int(port), baudrate=baud or 9600)
    if colon and port.isdigit():
        return "modbus-tcp", TcpHost(host=host, port=int(port))
    bus = _of_site(name, site, also)
    if isinstance(bus.line, Broker):
        hint = "the daemon hears them; edgectl status and edgectl bus monitor show what they say"
        refuse(f"{name} is no wire: its nodes sit behind the broker {bus.line.host}:{bus.line.port}", hint)
    line = bus.wire
    if isinstance(line, SerialLine):
        line = replace(line, baudrate=baud or line.baudrate, parity=parity or line.parity)
    return bus.kind, line


def ports_here() -> list[str]:
    """The serial adapters of this machine, each once, by the best name that it has."""
    found: dict[Path, str] = {}
    for port in (port for folder in PORTS for port in sorted(Path(folder).glob("*"))):
        found.setdefault(port.resolve(), str(port))
    return list(found.values())


def only_port() -> str:
    """The line of whoever names none: where there is one adapter it can be no other. Exits 1 with a sentence."""
    ports = ports_here()
    if len(ports) == 1:
        return ports[0]
    if ports:
        refuse("there is more than one serial adapter here: say which line", f"one of {', '.join(ports)}")
    refuse("no serial adapter is here", "plug it in (edgectl udev names it), or name the line: /dev/ttyUSB0, HOST:PORT")


def meant_by_site(name: str, site: Path, unit: int) -> "Device | None":
    """What the site file has at a unit of its bus; None for a line that it does not name."""
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected

    if name.startswith("/") or ":" in name:
        return None
    try:
        buses = load(site).buses
    except SiteRejected:
        return None
    there = (device for bus in buses if bus.name == name for device in bus.devices if device.unit == unit)
    return next(there, None)


def know_own(site: Path) -> None:
    """Profiles beside the site file count from now on. What is wrong with one is told; the others are known."""
    from edgectl.config.own_profiles import adopt_beside

    for problem in adopt_beside(site)[0]:
        click.echo(str(problem), err=True)


@contextlib.contextmanager
def alone(line: "Wire", reply_within_s: float = REPLY_WITHIN_S, *, may_be_unfit: bool = False) -> "Iterator[Talk]":
    """The line for ourselves. Exits 1 with a sentence when it cannot be had. Raises UnfitPort where that may be.

    The kernel keeps others away from a serial port that a daemon drives; from a network line nobody does but us.
    """
    from threading import Event

    from edgectl.drivers.links.seam import LinkDown
    from edgectl.drivers.talk import UnfitPort, open_line
    from edgectl.drivers.wiring import SerialLine

    if not isinstance(line, SerialLine):
        _not_driven(line)
    with contextlib.ExitStack() as held:
        for tries_left in reversed(range(TRIES)):
            try:
                talk = held.enter_context(open_line(line, reply_within_s=reply_within_s))
                break
            except LinkDown as down:
                # Who held it a moment ago, perhaps ourselves at another speed, may still be letting go of it.
                if not tries_left:
                    _not_driven(line)
                    hint = "a daemon that drives it must be stopped first: systemctl stop edgectl; or one unit:"
                    refuse(str(down), f"{hint} edgectl bus probe BUS UNIT")
                Event().wait(LET_GO_S)
            except UnfitPort as unfit:
                if may_be_unfit:
                    raise
                refuse(str(unfit), "take another adapter, or the speed and parity that it can")
            except OSError as error:
                hint = "check the adapter, its name and its power"
                refuse(f"{where(line)} cannot be opened: {error.strerror or error}", hint)
        yield talk


def _not_driven(line: "Wire") -> None:
    """Exits where the daemon of this machine drives the line: it knows it by a name, and asks for whoever wants."""
    for bus in [bus["bus"] for bus in driven() if _same(line, bus["line"])]:
        hint = f"name the bus, and it asks between its own reads: edgectl bus scan {bus}, device identify {bus} UNIT"
        refuse(f"{where(line)} is bus {bus} of the daemon that runs here; nothing was asked", hint)


def driven() -> list[dict[str, Any]]:
    """The buses that a daemon drives on this machine; none where none runs. Exits where it may not be asked: nobody
    would know whether it speaks on the line at the same time."""
    try:
        buses: list[dict[str, Any]] = ask("GET", "/status", quiet=True)["buses"]
    except NoDaemon:
        return []  # nobody there, at most a socket that a killed daemon left behind
    return buses


def names_driven(line: str) -> bool:
    """Whether a daemon runs here and drives a bus of that name. Exits 1 where nobody on it has an address."""
    named = not line.startswith("/") and ":" not in line
    bus = next((bus for bus in driven() if bus["bus"] == line), None) if named else None
    there = [] if bus is None else bus.get("devices", [])
    if there and all(device["unit"] is None for device in there):
        who = ", ".join(device["device"] for device in there)
        hint = "edgectl bus list shows since when each is heard, edgectl bus monitor what they say"
        refuse(f"on bus {line} ({who}) nobody has an address to be asked by; nothing was asked", hint)
    return bus is not None


def where(line: "Wire") -> str:
    """The line in words."""
    from edgectl.drivers.wiring import RtuGateway, SerialLine

    if isinstance(line, SerialLine):
        return f"{line.port}  {line.baudrate} 8{line.parity}{line.stopbits}"
    return f"{OVER_RTU if isinstance(line, RtuGateway) else ''}{line.host}:{line.port}"


def _same(line: "Wire", driven: str) -> bool:
    """Whether the port, or the HOST:PORT, of a bus is this line, however either of them is written."""
    from edgectl.drivers.wiring import SerialLine

    if isinstance(line, SerialLine):
        return Path(driven).resolve() == Path(line.port).resolve()
    host, _, port = driven.rpartition(":")
    if port != str(line.port):
        return False
    return host == line.host or not addresses_of(host).isdisjoint(addresses_of(line.host))


def addresses_of(host: str) -> set[str]:
    """Where a name leads; nowhere when nobody knows it."""
    from edgectl.drivers.bounded import name_found

    try:
        name_found(host)
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return set()


def _of_site(name: str, site: Path, also: tuple[str, ...]) -> "Bus":
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected

    try:
        loaded = load(site)
    except SiteRejected as rejected:
        refuse(str(rejected), "or name the line itself: a serial port such as /dev/ttyUSB0, or HOST:PORT")
    bus = next((bus for bus in loaded.buses if bus.name == name), None)
    if bus is None:
        known = ", ".join(bus.name for bus in loaded.buses) or "none"
        refuse(f"{site} has no bus {name}; there are: {known}", "or name the line itself: /dev/ttyUSB0, or HOST:PORT")
    if not bus.kind.startswith("modbus") and bus.kind not in (*also, "mqtt"):
        refuse(
            f"bus {name} speaks {bus.kind}; only Modbus lines can be asked this way", f"edgectl device identify {name}"
        )
    return bus
