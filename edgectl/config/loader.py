"""The way in: a path becomes a Loaded site, or SiteRejected with every mistake that was found."""

from pathlib import Path

from pydantic import BaseModel

from edgectl.config import advice, build, feasibility, sound, stages
from edgectl.config.entries import entries
from edgectl.config.files import read
from edgectl.config.findings import Findings
from edgectl.config.loaded import Loaded
from edgectl.config.origins import Origins
from edgectl.config.own_profiles import adopt_beside
from edgectl.config.parts import understand
from edgectl.config.problems import SiteRejected
from edgectl.config.rules import judge


def load(path: Path) -> Loaded:
    """Read, check and build. Raises SiteRejected; nothing else, whatever the file holds."""
    own, spoilt = adopt_beside(path)
    root, problems = read(path)
    problems += own
    # After a broken bracket or a missing file the rest would be guesses: half a file lacks what the other half names.
    if any(not problem.path for problem in problems):
        raise SiteRejected(problems)
    findings = Findings(root)
    parts = understand(root, findings)
    parts.spoilt = spoilt
    judge(parts)
    if problems or findings.problems:
        if not problems:
            sound.judge_stages(parts, findings)
        sound.judge_buses(parts, findings)
        raise SiteRejected([*problems, *findings.problems])
    origins = Origins(findings)
    site = build.build_site(parts, origins)
    buses = build.build_buses(parts, origins)
    schedules = build.build_schedules(parts, origins)
    loads = tuple(feasibility.measure(bus, site) for bus in buses if bus.kind != "mqtt")
    feasibility.report(loads, findings)
    stages.report(site, parts, findings)
    if findings.problems:
        raise SiteRejected(findings.problems, () if all(load.ok for load in loads) else loads)
    asleep = build.undriven(parts)
    return Loaded(
        file=path,
        site=site,
        schedules=schedules,
        buses=buses,
        undriven=asleep,
        kinds={name: _kind(bus) for name, bus in parts.buses.items()},
        ignored=build.ignored(parts),
        accepted=tuple(f"{name}: {risk}" for name, a in parts.actuators.items() for risk in a.accept or ()),
        endless=build.endless(site),
        undeclared=advice.undeclared(parts, site),
        notices=advice.notices(parts, site, asleep, findings),
        counts={
            "buses": len(parts.buses),
            "devices": len(parts.devices),
            "sensors": len(parts.sensors),
            "actuators": len(parts.actuators),
            **({"valve_groups": len(parts.valve_groups)} if parts.valve_groups else {}),
            **({"tanks": len(parts.tanks)} if parts.tanks else {}),
            "zones": len(parts.zones),
            "schedules": len(parts.schedules),
        },
        loads=loads,
        central=build.build_central(parts),
        tell=build.build_tell(parts),
        shown=build.build_shown(parts),
        effective=tuple(origins.lines),
        pair=build.build_pair(parts, origins),
        entries=entries(root),
        outside_scheduler=parts.api is not None and parts.api.outside_scheduler,
        door=build.build_door(parts),
    )


def _kind(bus: BaseModel) -> str:
    """The type of a bus, and the protocol where one type speaks several."""
    protocol = getattr(bus, "protocol", None)
    return str(getattr(bus, "type", "")) + (f" ({protocol})" if protocol else "")
