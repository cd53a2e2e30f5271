"""A day as a strip and as a list: what is done, runs, failed, was left out, is planned. Pure."""

from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]
WIDTH = 480
DONE, RUNNING, FAILED, LEFT_OUT, PLANNED = "done", "running", "failed", "left out", "planned"

BLANK: Row = {
    "end": None,
    "task_id": None,
    "task_type": None,
    "code": None,
    "why": None,
    "who": None,
    "kept_since": None,
    "kept_until": None,
    "folded": 1,
    "every_s": None,
    "idle": False,
    "effect": {},  # how much of what it moved
    "how": "",  # it came to nothing: failed, rejected, expired, left out
}


def rows(day: Row, zone: str | None = None) -> list[Row]:
    """Everything of a day in the order of time."""
    found = [
        *(_ran(task) for task in day["runs"]),
        *(_left_out(skip) for skip in day["skipped"]),
        *(_planned(plan) for plan in day["planned"]),
    ]
    mine = [row for row in found if zone is None or row["zone"] == zone]
    return sorted(mine, key=lambda row: str(row["at"]))


def marks(day: Row, of: list[Row]) -> list[Row]:
    """Where each row stands on the strip: x and width, and its kind."""
    begin, end = (datetime.fromisoformat(day[name]).timestamp() for name in ("from", "to"))
    room = max(1.0, end - begin)

    def place(iso: str) -> float:
        return WIDTH * (datetime.fromisoformat(iso).timestamp() - begin) / room

    found = []
    for row in of:
        x = place(row["at"])
        wide = max(3.0, place(row["end"]) - x) if row.get("end") else 3.0
        found.append({"x": round(x, 1), "width": round(min(wide, WIDTH - x), 1), "kind": row["kind"]})
    return [mark for mark in found if 0 <= mark["x"] < WIDTH]


def beyond(day: Row) -> bool:
    """Does it reach further than what is planned is told?"""
    return datetime.fromisoformat(day["to"]) - datetime.fromisoformat(day["now"]) > timedelta(days=1)


def now_at(day: Row) -> float:
    """Where now is on the strip."""
    begin, end, now = (datetime.fromisoformat(day[name]).timestamp() for name in ("from", "to", "now"))
    return round(WIDTH * (now - begin) / max(1.0, end - begin), 1)


def kept(row: Row, status: Row) -> Row | None:
    """What people have put on that keeps a planned run, as things stand now: `why`, until when, and who. None where
    nothing does; what ends before the run keeps nothing."""
    if status["stopped"]:
        return {"why": "stop_all", "until": None, "who": None}
    lit = row["task_type"] == "lighting"  # light is not held back with the water
    for what in ("lock", "pause", "mode") if lit else ("lock", "stop_water", "hold", "pause", "mode"):
        for item in status["restraints"]:
            if item["what"] == what and _binds(item, row):
                why = {"mode": item["why"], "pause": "hold"}.get(what, what)
                return {"why": why, "until": item["until"], "who": item["who"]}
    return None


def still_kept(row: Row, status: Row) -> bool | None:
    """Does what kept this run stand as it did then? None where it was put on anew: neither is it over, nor does what
    the row says of its end hold."""
    if row["why"] == "stop_all":
        put_on = [status["stopped_by"]] if status["stopped"] else []
    else:
        kinds = {"hold": ("hold", "pause"), "manual": ("mode",)}.get(row["why"], (row["why"],))
        here = [item for item in status["restraints"] if item["what"] in kinds]
        mine = {"zone": row["zone"], "schedule": row["schedule"]}
        put_on = [item for item in here if item.get("schedule", mine["schedule"]) == mine["schedule"]]
        put_on = [item for item in put_on if item["zone"] in ("", mine["zone"])]
    return any(item["since"] == row["kept_since"] for item in put_on) or (None if put_on else False)


def _binds(item: Row, row: Row) -> bool:
    place = {"pause": item.get("schedule") == row["schedule"], "stop_water": True}
    here = place.get(item["what"], item["zone"] == row["zone"])
    ends, begins = item["until"], datetime.fromisoformat(row["at"])
    return here and (ends is None or datetime.fromisoformat(ends) > begins)


def last_missed(of: list[Row]) -> Row | None:
    """The newest run that should have been and was not."""
    missed = [row for row in of if row["kind"] in (FAILED, LEFT_OUT)]
    return missed[-1] if missed else None


def last_done(of: list[Row]) -> Row | None:
    """The newest run that came to its end and moved something."""
    done = [row for row in of if row["kind"] == DONE and row["effect"]]
    return done[-1] if done else None


def _ran(task: Row) -> Row:
    failed, waits = task["status"] in ("failed", "rejected", "expired"), task.get("waits_until") is not None
    kind = FAILED if failed else DONE if task["status"] == "completed" else PLANNED if waits else RUNNING
    result = task["result"] or {}
    return {
        **BLANK,
        "at": task["scheduled_for"] if task["schedule"] or waits else task["created_at"],
        "end": task["updated_at"] if task["result"] else None,
        "zone": task["zone"],
        "task_type": task["task_type"],
        "kind": kind,
        "task_id": task["task_id"],
        "code": result.get("error_code") or result.get("reason_code"),
        "how": task["status"] if failed else "",
        "effect": result.get("effect_amounts", {}),
        "idle": bool(task["result"]) and not result.get("action_required", True),
        "schedule": task["schedule"],
    }


def _left_out(skip: Row) -> Row:
    return {
        **BLANK,
        "at": skip["scheduled_for"],
        "zone": skip["zone"],
        "task_type": skip.get("task_type"),
        "kind": LEFT_OUT,
        "how": LEFT_OUT,
        "code": skip["reason_code"],
        "why": skip["why"],
        "who": skip.get("who"),
        "kept_since": skip.get("kept_since"),
        "kept_until": skip.get("kept_until"),
        "folded": skip["folded"],
        "schedule": skip["schedule"],
    }


def _planned(plan: Row) -> Row:
    kept = plan["verdict"] == "skip"
    return {
        **BLANK,
        "at": plan["at"],
        "zone": plan["zone"],
        "task_type": plan["task_type"],
        "kind": LEFT_OUT if kept else PLANNED,
        "how": LEFT_OUT if kept else "",
        "code": plan["reason_code"] if kept else None,
        "every_s": plan["every_s"],
        "schedule": plan["schedule"],
    }
