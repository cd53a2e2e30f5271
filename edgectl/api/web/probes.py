"""What can be calibrated: probes and dosing pumps, and how it stands with each. Pure."""

from datetime import datetime
from typing import Any

Row = dict[str, Any]
SOON_S = 3 * 86_400.0  # so long before its day a calibration is named
KINDS = {"ph": "ph", "ms/cm": "ec", "us/cm": "ec"}  # by the unit in which it is read
# What stands on the bottles; a level is named by the height of the water.
KNOWN = {"ph": (4.01, 6.86, 7.0, 9.18, 10.01), "ec": (1.413, 2.76, 5.0, 12.88), "level": (0, 100)}


def kind_of(status: Row, sensor: str) -> str | None:
    """As what a sensor is calibrated: ph, ec, level; None for one that is not calibrated by hand."""
    row = next((row for row in status["readings"] if row["sensor"] == sensor), None)
    return None if row is None else _kind(row, _levels(status))


def known_of(kind: str, unit: str) -> tuple[float, ...]:
    """What a probe of this kind is held against, in its unit."""
    thousandths = unit.lower() == "us/cm"
    return tuple(value * 1000 if thousandths else value for value in KNOWN.get(kind, ()))


def probes(status: Row) -> list[Row]:
    """Every probe, those that wait for somebody first."""
    levels = _levels(status)
    found = []
    for row in status["readings"]:
        kind = _kind(row, levels)
        if kind is None and row["in_hands"] is None:
            continue
        done, left = row["calibration"], due_in(row, status["now"])
        found.append(
            {
                "name": row["sensor"],
                "kind": kind or "level",
                "unit": row["unit"],
                "shown": row["shown"],
                "value": row["value"],
                "in_hands": row["in_hands"],
                "last": done,
                "due_s": left,
                "waits": row["in_hands"] is not None or (left is not None and left <= SOON_S),
                "asked_for": row["calibrate_every_s"] is not None,
            }
        )
    return sorted(found, key=lambda one: not one["waits"])


def pumps(status: Row) -> list[Row]:
    """Every dosing pump, with the zone that has to be in manual mode while it runs into a measure."""
    modes = {name: zone for zone in status["zones"] for name in zone["outputs"]}
    rows = []
    for row in status["outputs"]:
        if row["role"] != "dosing":
            continue
        zone = modes.get(row["output"])
        by_hand = zone is None or zone["mode"] == "manual"
        named = {"name": row["output"], "kind": "pump", "last": row["gives"], "in_hands": None, "waits": False}
        named["due_s"] = due_in(row, status["now"])
        rows.append({**named, "on": row["on"], "ends_at": row["ends_at"], "zone": zone, "by_hand": by_hand})
    return rows


def waiting(status: Row) -> list[Row]:
    """Probes that need somebody: in a hand, or due soon where the site file says when. One whose day has passed has an
    alarm of its own."""
    soon = [one for one in probes(status) if one["waits"]]
    return [one for one in soon if one["in_hands"] is not None or (one["asked_for"] and (one["due_s"] or 0) > 0)]


def due_in(row: Row, now: str) -> float | None:
    """Seconds until it is to be calibrated again; below zero when that has passed, None where nothing says so."""
    done = row["calibration"]
    if done is None:
        return None if row["calibrate_every_s"] is None else 0.0
    if done["due"] is None:
        return None
    return (datetime.fromisoformat(done["due"]) - datetime.fromisoformat(now)).total_seconds()


def _levels(status: Row) -> set[str]:
    return {name for zone in status["zones"] for name in zone["levels"]}


def _kind(row: Row, levels: set[str]) -> str | None:
    return KINDS.get(row["unit"].lower()) or ("level" if row["sensor"] in levels else None)
