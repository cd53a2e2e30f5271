"""`edgectl init`: the first site file, by asking or by options. It overwrites nothing; what it writes is checked."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from edgectl.cli.client import DEFAULT_SITE, refuse, show
from edgectl.cli.lines import OVER_RTU, know_own

if TYPE_CHECKING:
    from edgectl.config.first import Device, First, Line, Output, Sensor
    from edgectl.config.problems import Problem

LONGEST = 200  # characters of an option
HINT = "edgectl init --help shows how each is written"
DEVICE = "air=field:9:xy-md02; of a node its name at the broker, irrig=nodes:nd-irrig-1:hydro2-irrig."
NODE = "[A-Za-z][A-Za-z0-9_-]{0,47}"
OWN_PORT = ("ezo-uart", "serial-lines")  # what has a port of its own


@click.command()
@click.argument("file", type=click.Path(path_type=Path), envvar="EDGECTL_SITE", default=DEFAULT_SITE)
@click.option("--id", "site_id", help="A short word for this greenhouse: gh-1.")
@click.option("--name", help="What people call it.")
@click.option("--timezone", help="Europe/Berlin.")
@click.option(
    "--line",
    "lines",
    multiple=True,
    metavar="NAME=PLACE",
    help="field=/dev/edgectl/field, net=HOST:PORT, nodes=mqtt://HOST:PORT; box=rtu://HOST:PORT where a box passes a "
    "serial line on as it is.",
)
@click.option("--device", "devices", multiple=True, metavar="NAME=LINE[:UNIT]:PROFILE", help=DEVICE)
@click.option(
    "--sensor",
    "sensors",
    multiple=True,
    metavar="NAME=DEVICE.CHANNEL",
    help="air=air.temperature; a tank with what it reads empty and full, tank=level.level:0:250; "
    "a flow sensor with its Hz at 1 L/min, flow=meter.frequency_1:hz:7.5.",
)
@click.option("--output", "outputs", multiple=True, metavar="NAME=DEVICE.OUTPUT:ROLE", help="pump=board.relay_1:pump.")
@click.option("--zone", default="zone-1", show_default=True, help="What is watered and lit together.")
@click.option("--water-at", default="", help="A time of day for the first schedule: 07:30.")
@click.option("--water-for", default="60s", show_default=True, help="How long that is.")
@click.option("--door/--no-door", "door", default=None, help="Let phones of the network in (edgectl door open).")
@click.option("--json", "as_json", is_flag=True, help="What was written, as JSON.")
def init(
    file: Path,
    site_id: str | None,
    name: str | None,
    timezone: str | None,
    lines: tuple[str, ...],
    devices: tuple[str, ...],
    sensors: tuple[str, ...],
    outputs: tuple[str, ...],
    zone: str,
    water_at: str,
    water_for: str,
    door: bool | None,
    as_json: bool,
) -> None:
    """Write FILE, the first site file. With --device nothing is asked; without, each line is scanned and you are asked.

    It never overwrites. What it writes passes edgectl check. Where something is still to mend FILE is not written:
    words are said anew, and what was asked for lies beside it as a draft.
    """
    if file.exists():
        refuse(f"{file} is there already; nothing was written", "name another file: edgectl init OTHER.yaml")
    if not file.parent.is_dir():
        refuse(f"there is no folder {file.parent}; nothing was written", "make it, or: edgectl init site.yaml")
    know_own(file)
    for text in (site_id or "", name or "", timezone or "", zone, water_at, water_for, *lines, *devices):
        _sayable(text)
    for text in (*sensors, *outputs):
        _sayable(text)
    given: dict[str, Any] = {"zone": zone, "water_at": water_at, "water_for": water_for}
    if devices:
        first = _given(site_id, name, timezone, (lines, devices, sensors, outputs), given)
    else:
        from edgectl.cli.asking import ask_all

        try:
            first = ask_all(file, site_id, name, timezone, lines, given)
        except click.Abort:
            refuse("broken off; nothing was written", "with --line and --device nothing is asked")
    if not first.devices:
        refuse("no device was named; nothing was written", "a line has to be named first, and what answers there")
    _write(file, first, draft=not devices, as_json=as_json)
    if door or (door is None and not devices and _wants_a_door()):
        from edgectl.cli.door import turn_on

        turn_on(file, quiet=as_json)


def _wants_a_door() -> bool:
    try:
        return click.confirm("shall phones of the house's network reach the page, with a code", default=True, err=True)
    except click.Abort:  # the site file is written; whoever leaves here has a house without a door
        return False


def _sayable(text: str) -> None:
    """What cannot be printed on one line is a slip of the shell, and no name or place."""
    if len(text) > LONGEST or not text.isprintable():
        what = f"{text[:60]!r} is longer than {LONGEST} characters, or holds some that cannot be printed"
        raise click.UsageError(f"{what}; nothing was written")


def _given(
    site_id: str | None,
    name: str | None,
    timezone: str | None,
    words: tuple[tuple[str, ...], ...],
    more: dict[str, Any],
) -> "First":
    from edgectl.config.first import First

    lines, devices, sensors, outputs = words
    wired = tuple(map(_device, devices))
    return First(
        site_id=site_id or "gh-1",
        name=name or site_id or "Greenhouse",
        timezone=timezone or here(),
        lines=tuple(line_of(text, wired) for text in lines),
        devices=wired,
        sensors=tuple(map(_sensor, sensors)),
        outputs=tuple(map(_output, outputs)),
        **more,
    )


def line_of(text: str, devices: "tuple[Device, ...]") -> "Line":
    """NAME=PLACE. What hangs on it says whether a port speaks Modbus."""
    from edgectl.config.first import Line
    from edgectl.drivers import registry

    name, place = _two(text, "=", "--line")
    spoken = [
        registry.find(one.profile).buses for one in devices if one.line == name and one.profile in registry.names()
    ]
    if place.startswith(("mqtt://", "mqtts://")):
        protocols = [_protocol(one.profile) for one in devices if one.line == name]
        return Line(name=name, kind="mqtt", place=place, protocol=next(filter(None, protocols), "hydro2"))
    kind = "modbus-rtu" if place.startswith("/") else "modbus-tcp"
    kind = "modbus-rtu-over-tcp" if place.startswith(OVER_RTU) else kind
    for own in OWN_PORT:
        if spoken and all(own in buses for buses in spoken):
            kind = own
    return Line(name=name, kind=kind, place=place)


def _protocol(profile: str) -> str:
    """What a node of that profile speaks; empty for everything else."""
    from edgectl.drivers import registry

    return registry.find(profile).protocol if profile in registry.names() else ""


def _device(text: str) -> "Device":
    from edgectl.config.first import Device

    name, rest = _two(text, "=", "--device")
    line, *unit, profile = rest.split(":")
    if len(unit) == 1 and (protocol := _protocol(profile)) and re.fullmatch(NODE, unit[0]):
        return Device(name=name, line=line, profile=profile, node=unit[0], signed=protocol == "hydro2")
    if len(unit) > 1 or (unit and not re.fullmatch("[0-9]{1,5}", unit[0])):
        raise click.BadParameter(f"{text!r} is not NAME=LINE[:UNIT]:PROFILE", param_hint="--device")
    return Device(name=name, line=line, profile=profile, unit=int(unit[0]) if unit else None)


def _sensor(text: str) -> "Sensor":
    from edgectl.config.first import Sensor

    name, rest = _two(text, "=", "--sensor")
    source, *ends = rest.split(":")
    try:
        if ends[:1] == ["hz"]:
            return Sensor(name=name, source=source, hz=float(ends[1]))
        empty, full = map(float, ends) if ends else (None, None)
    except (ValueError, IndexError):
        raise click.BadParameter(f"{text!r} is not understood; {HINT}", param_hint="--sensor") from None
    return Sensor(name=name, source=source, empty=empty, full=full)


def _output(text: str) -> "Output":
    from edgectl.config.first import Output

    name, rest = _two(text, "=", "--output")
    to, role = _two(rest, ":", "--output")
    return Output(name=name, to=to, role=role)


def _two(text: str, sign: str, option: str) -> tuple[str, str]:
    name, found, rest = text.partition(sign)
    if not (name and found and rest):
        raise click.BadParameter(f"{text!r} has no {sign!r} with words on both sides", param_hint=option)
    return name, rest


def here() -> str:
    """The time zone of this machine, by its name."""
    link = Path("/etc/localtime")
    target = str(link.resolve()) if link.is_symlink() else ""
    return target.partition("/zoneinfo/")[2] or "UTC"


def _write(file: Path, first: "First", *, draft: bool, as_json: bool) -> None:
    from edgectl.config.first import write

    text = write(first)
    if problems := _problems(text, file):
        _to_mend(file, text, problems, draft=draft, as_json=as_json)
    _put(file, text)
    if not show({"file": str(file), "ok": True, "problems": []}, as_json):
        click.echo(f"{file} is written: {len(first.devices)} devices, {len(first.outputs)} outputs")
        for device in (device for device in first.devices if device.secret):
            click.echo(f"the secret that {device.node} shares with this controller {_secret(device.secret)}")
        click.echo(f"next: edgectl check {file}, then edgectl run --site {file}, then edgectl press")


def _put(file: Path, text: str) -> None:
    try:
        with file.open("x") as out:  # also when somebody else has been faster
            out.write(text)
    except OSError as error:
        refuse(f"{file} cannot be written: {error.strerror}", "sudo, or name another file: edgectl init site.yaml")


def _to_mend(file: Path, text: str, problems: "Sequence[Problem]", *, draft: bool, as_json: bool) -> NoReturn:
    """Words are typed anew in a moment. Answers to forty questions are not: they are kept, under another name."""
    kept = None
    if draft:
        names = (file.with_name(f"{file.name}.draft{number or ''}") for number in range(100))
        kept = next((name for name in names if not name.exists()), None)
    if kept is not None:
        _put(kept, text)
    told = [f"{f'line {one.line}: ' if kept else ''}{one.path}: {one.what}; {one.hint}" for one in problems]
    if not show({"file": None, "draft": kept and str(kept), "ok": False, "problems": told}, as_json):
        for problem in told:
            click.echo(f"  still to mend: {problem}")
        click.echo(f"{file} was not written" + (f"; what you answered is in {kept}" if kept else ""))
        click.echo(f"  mend it there, then: mv {kept} {file}" if kept else "  say the same again, with that put right")
    raise SystemExit(1)


def _secret(name: str) -> str:
    """Whether it lies where the controller looks, or where it has to be put."""
    from edgectl.host.credentials import CredentialMissing, credential_file

    try:
        return f"is there: {credential_file(name)}"
    except CredentialMissing:
        return f"goes into the folder of credentials, mode 0600, as {name}"


def _problems(text: str, place: Path) -> "Sequence[Problem]":
    """What `edgectl check` has against it, where nothing but the profiles beside it is read."""
    from edgectl.config.loader import load
    from edgectl.config.own_profiles import FOLDER
    from edgectl.config.problems import SiteRejected

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "site.yaml"
        (file.parent / FOLDER).symlink_to((place.parent / FOLDER).absolute())
        file.write_text(text)
        try:
            load(file)
        except SiteRejected as rejected:
            return rejected.problems
    return ()
