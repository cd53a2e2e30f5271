"""How to make every dangerous output safe without the site file: written beside the journal before anything goes on.

The site file may be broken or gone by the time somebody needs this, so the plan holds bytes-level facts only: which
line, which unit, which coil; of a dosing pump the line is enough, of a board of frames its bytes, of a node behind a
broker its topics and the name of the credential that signs for it.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgectl.drivers.profile import Outlet, Profile
from edgectl.drivers.wiring import Bus
from edgectl.journal import quarantine
from edgectl.model.site import Role, Site

NAME = "safe-plan.json"
PLACE = ("unit", "coil", "node", "zone", "channel", "number")  # what says where an output is
FORMAT = 1


def plan_of(site: Site, buses: tuple[Bus, ...]) -> dict[str, Any]:
    """The plan: pumps before valves, as they must stop."""
    return {
        "format": FORMAT,
        "site": site.site_id,
        "buses": [
            {
                "name": bus.name,
                "kind": bus.kind,
                "line": asdict(bus.line),
                "outputs": _outputs(site, bus),
            }
            for bus in buses
        ],
    }


def read(folder: Path) -> dict[str, Any] | None:
    """The plan of the last life; None when there is none, or none that can be followed."""
    path = folder / NAME
    try:
        plan = json.loads(path.read_bytes()) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        return None
    return plan if isinstance(plan, dict) and _followable(plan.get("buses")) else None


def _followable(buses: object) -> bool:
    """A bit that flipped on the disk must not become an order to another place, nor an end of the whole start."""
    return isinstance(buses, list) and all(
        isinstance(bus, dict)
        and isinstance(bus.get("name"), str)
        and isinstance(bus.get("line"), dict)
        and isinstance(bus.get("outputs"), list)
        and all(_is_place(output) for output in bus["outputs"])
        for bus in buses
    )


def _is_place(output: object) -> bool:
    if not isinstance(output, dict) or not isinstance(output.get("actuator"), str):
        return False
    unit, coil = output.get("unit"), output.get("coil")
    if unit is None and coil is None:
        return True
    return type(unit) is int and 1 <= unit <= 247 and type(coil) is int and 0 <= coil <= 0xFFFF


def without(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    """The buses of the old plan with the outputs that the new one does not know: same line, same unit, same coil."""
    known = {_place(bus, output) for bus in new["buses"] for output in bus["outputs"]}
    buses = []
    for bus in old["buses"]:
        gone = [output for output in bus["outputs"] if _place(bus, output) not in known]
        if gone:
            buses.append({**bus, "outputs": gone})
    return buses


def _place(bus: dict[str, Any], output: dict[str, Any]) -> str:
    """Where an output is, whatever it is called. Who we are at a broker does not move it."""
    line = {key: bus["line"].get(key) for key in ("port", "baudrate", "parity", "stopbits", "host", "house")}
    return json.dumps([line, {key: output.get(key) for key in PLACE}], sort_keys=True)


def write(folder: Path, plan: dict[str, Any]) -> None:
    """Put the plan on the disk, whole and durable, before this returns. Raises OSError and JournalUnwritable."""
    path, draft = folder / NAME, folder / f"{NAME}.new"
    data = json.dumps(plan, indent=1).encode()
    for place in (path, draft):
        quarantine.make_way(place)
    if path.is_file() and path.read_bytes() == data:
        return
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _outputs(site: Site, bus: Bus) -> list[dict[str, Any]]:
    devices = {device.name: device for device in bus.devices}
    rows = []
    for name, actuator in sorted(site.actuators.items(), key=lambda item: (item[1].role is not Role.PUMP, item[0])):
        device = devices.get(actuator.device)
        if device is None or not actuator.dangerous:
            continue
        channel = actuator.channel.split(".", 1)[1]
        outlet = device.profile.outlets[channel]
        if outlet.coil is not None:
            rests = {"rests_drawn": True} if actuator.inverted else {}
            rows.append({"actuator": name, "unit": device.unit, "coil": outlet.coil, **rests})
        elif device.profile.panel is not None:
            rows.append({"actuator": name, **_told(device.profile, outlet, drawn=actuator.inverted)})
        elif outlet.metered is not None:
            rows.append({"actuator": name})
        elif device.node:
            place = {"node": device.node, "zone": device.zone, "channel": channel}
            numbered = {} if outlet.number is None else {"number": outlet.number}
            state = device.profile.state
            rows.append({"actuator": name, **place, **numbered, "secret": device.secret, "state": state})
    return rows


def _told(profile: Profile, outlet: Outlet, *, drawn: bool) -> dict[str, Any]:
    """What a board of frames is told, and what it has to show then."""
    panel = profile.panel
    assert panel is not None
    return {
        "number": outlet.number,
        "says": (outlet.says_on if drawn else outlet.says_off).hex(),
        "rests": panel.on if drawn else panel.off,
        "numbers": sorted(o.number for o in profile.outlets.values() if o.number is not None),
        "panel": {"ask": panel.ask.hex(), "label": panel.label, "on": panel.on, "off": panel.off},
    }
