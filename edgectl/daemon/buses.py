"""The buses as people read them: is the line open, how busy is it, who on it is silent and since when."""

from collections.abc import Iterable
from typing import Any

from edgectl.daemon.field import Field
from edgectl.daemon.lines import Line
from edgectl.drivers.wiring import Broker, SerialLine, Wire
from edgectl.model.time import SECOND, Nanos, Now


def buses(field: Field, now: Now, up_for: Nanos, names: Iterable[str]) -> list[dict[str, Any]]:
    """One row for each of these buses. `up_for` is how long the daemon has run, for the load."""
    rows = []
    for name in names:
        task = field.tasks[name]
        log = task.owner.log
        devices = [
            {
                "device": device,
                "unit": health.device.unit,
                "down": health.down,
                "why": health.why if health.down else "",
                "last_good_s": None if health.last_good is None else round((now.mono - health.last_good) / SECOND, 1),
            }
            for device, health in task.owner.health.items()
        ]
        load = round(min(1.0, log.busy / max(1, up_for)), 3)
        row = {"bus": name, "line": where(task.owner.bus.line), "up": task.up, "reason": task.reason}
        rows.append({**row, "load": load, "devices": devices})
    return rows


def where(line: Wire | Broker) -> str:
    """The port of a bus, or its HOST:PORT."""
    return line.port if isinstance(line, SerialLine) else f"{line.host}:{line.port}"


def frames(line: Line, after: int, now: Now) -> dict[str, Any]:
    """What passed over a bus beyond a number."""
    return {
        "up": line.up,
        "reason": line.reason,
        "lines": [
            {
                "number": one.number,
                "wall": now.wall_at(one.at),
                "direction": one.direction,
                "data": one.data.hex(" "),
                "note": one.note,
            }
            for one in line.owner.log.lines
            if one.number > after
        ],
    }
