"""How to make every dangerous output safe without the site file: written beside the journal before anything goes on.

The site file may be broken or gone by the time somebody needs this, so the plan holds bytes-level facts only: which
line, which unit, which coil, or which word in which register; of a dosing pump the line is enough, of a board of frames
its bytes, of a node behind a broker its topics and the name of the credential that signs for it. What of a plan can be
followed says `judged`.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from edgectl.daemon.judged import PLACE, DamagedBus, Judged, judge, summed
from edgectl.drivers.profile import Outlet, Profile
from edgectl.drivers.wiring import Bus
from edgectl.journal import quarantine
from edgectl.model.site import Role, Site

NAME = "safe-plan.json"
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


def judged(folder: Path) -> Judged | None:
    """The plan of the last life, and how much of it can be followed; None when there is none."""
    path = folder / NAME
    try:
        if not path.is_file():
            return None
        return judge(path.read_bytes())
    except OSError as error:
        return Judged(damaged=(DamagedBus(name="?", why=f"{path} cannot be read: {error.strerror}"),))


def without(old: Iterable[dict[str, Any]], new: dict[str, Any]) -> list[dict[str, Any]]:
    """The buses of an old plan with the outputs that the new one does not know: same line, same unit, same coil."""
    known = {_place(bus, output) for bus in new["buses"] for output in bus["outputs"]}
    buses = []
    for bus in old:
        gone = [output for output in bus["outputs"] if _place(bus, output) not in known]
        if gone:
            buses.append({**bus, "outputs": gone})
    return buses


def unknown(damaged: DamagedBus, new: dict[str, Any]) -> DamagedBus:
    """A bus that cannot be followed, with the outputs that the new plan does not know either: nobody will look there.

    Where its line was nobody can tell any more, so a bus or an output of that name has to have the same place.
    """
    known = {(who, _spot(o)) for bus in new["buses"] for o in bus["outputs"] for who in (bus["name"], o["actuator"])}
    left = [o for o in damaged.outputs if not known & {(damaged.name, _spot(o)), (o["actuator"], _spot(o))}]
    return replace(damaged, outputs=tuple(left))


def _spot(output: dict[str, Any]) -> str:
    return json.dumps({key: output.get(key) for key in PLACE}, sort_keys=True)


def _place(bus: dict[str, Any], output: dict[str, Any]) -> str:
    """Where an output is, whatever it is called. Who we are at a broker does not move it."""
    line = {key: bus["line"].get(key) for key in ("port", "baudrate", "parity", "stopbits", "host", "house")}
    return json.dumps([line, _spot(output)], sort_keys=True)


def write(folder: Path, plan: dict[str, Any]) -> None:
    """Put the plan on the disk, whole and durable, before this returns. Raises OSError and JournalUnwritable."""
    path, draft = folder / NAME, folder / f"{NAME}.new"
    data = json.dumps({**plan, "buses": [summed(bus) for bus in plan["buses"]]}, indent=1).encode()
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
        elif outlet.told is not None:
            told, drawn = outlet.told, actuator.inverted
            words = {"says": told.on if drawn else told.off, "shows": int(drawn)}
            rows.append({"actuator": name, "unit": device.unit, "register": told.register, **words})
        elif device.profile.panel is not None:
            rows.append({"actuator": name, **_told(device.profile, outlet, drawn=actuator.inverted)})
        elif outlet.metered is not None:
            rows.append({"actuator": name})
        elif device.node:
            place = {"node": device.node, "zone": device.zone, "channel": channel}
            numbered = {"order": outlet.order} if outlet.number is None else {"number": outlet.number}
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
