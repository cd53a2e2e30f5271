"""What a person has to see to, and what was missed: the rows of `edgectl status` that are not of now."""

from datetime import datetime
from typing import Any

from edgectl.cli.words import clock, date_and_time, day_and_time, kept_by_people, span

SOON_S = 3 * 86_400.0  # so long before its day a calibration is named


def needs(data: dict[str, Any]) -> list[list[str]]:
    """Work that waits for a yes, alarms, probes, and outputs that were found not to move."""
    rows = [["needs you", "", proposal(task)] for task in data["proposed"]]
    for alarm in data["alarms"]:
        seen = "" if alarm["acknowledged_by"] is None else f", seen by {alarm['acknowledged_by']}"
        over = "" if alarm["active"] else ", over"
        if alarm["shelved_until"]:
            until = f"until {day_and_time(alarm['shelved_until'])}{over}"
            rows.append(["silenced", "", f"{alarm['message']} ({until}); edgectl shelve {alarm['id']} --end"])
            continue
        rows.append(["needs you", "", f"{alarm['message']} (since {day_and_time(alarm['since'])}{over}{seen})"])
        rows.append(["", "", f"  {alarm['advice']}; edgectl ack {alarm['id']}"])
    return [*rows, *_probes(data), *_still(data)]


def proposal(task: dict[str, Any]) -> str:
    """Work that waits for a yes."""
    what = f"{task['task_type']} of {task['zone']} ({task['schedule']})"
    until = f"waits for a yes until {clock(task['until'])}"
    return f"{what} {until}: edgectl task approve {task['task_id']}, or task cancel"


def _probes(data: dict[str, Any]) -> list[list[str]]:
    """Those in a person's hands, and those whose day comes soon; one whose day has passed is an alarm."""
    rows = []
    for row in data["readings"]:
        held, done = row.get("in_hands"), row["calibration"]
        if held is not None:
            since = f"since {day_and_time(held['since'])} by {held['who']}"
            told = f"{row['sensor']} is in calibration {since}: finish it, or edgectl calibrate cancel {row['sensor']}"
            rows.append(["needs you", "", told])
        elif done is not None and done["due"] is not None and row["calibrate_every_s"] is not None:
            left = seconds_between(data["now"], done["due"])
            if 0 < left <= SOON_S:
                rows.append(["needs you", "", f"{row['sensor']} calibration due in {span(left)}"])
    return rows


def _still(data: dict[str, Any]) -> list[list[str]]:
    rows = []
    for output in data["outputs"]:
        tried = output["tried"]
        if tried is not None and not tried["moved"]:
            told = f"{output['output']} did not move when {tried['who']} pressed it on {date_and_time(tried['at'])}"
            rows.append(["needs you", "", f"{told}: edgectl press {output['output']}"])
    return rows


def missed(rows: list[dict[str, Any]]) -> list[list[str]]:
    """What should have been in the last 24 hours and was not."""
    return [["cut short" if row.get("effect") == "partial" else "missed", row["zone"], lost(row)] for row in rows]


def lost(row: dict[str, Any]) -> str:
    """One run that should have been, and its reason."""
    what = f"{day_and_time(row['scheduled_for'])}  {row.get('task_type') or row['schedule']}"
    word = row.get("status") or "left out"
    tries = f" after {row['attempts']} attempts" if row.get("attempts") else ""
    said = [row["why"] if row["why"] != row["reason_code"] else None, row.get("who")]
    why = f" ({', '.join(filter(None, said))})" if any(said) else ""
    more = f"; edgectl task show {row['task_id']}" if row.get("task_id") else ""
    if told := kept_by_people(row["reason_code"], row["why"], row.get("who")):
        tries, why = "", ""
    many = f", {row['folded']} runs" if row["folded"] > 1 else ""
    return f"{what} {word}: {told or row['reason_code']}{tries}{why}{many}{more}"


def seconds_between(first: str, second: str) -> float:
    """From one instant to another."""
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()
