"""The promises, held against a real journal and the trace of the simulated relays. The same clock stamps both."""

import json
import sqlite3
from pathlib import Path
from typing import Any

SECOND = 1_000_000_000
RELAYS = {"relay_1": "pump", "relay_2": "valve"}
TOLERANCE = SECOND // 4
DEAD_HEAD = 3 * SECOND
LONGEST_ON = {"pump": 60 * SECOND, "valve": 120 * SECOND}


def broken(journal: Path, trace: list[dict[str, Any]]) -> list[str]:
    """Every promise that does not hold, as a sentence. The daemon must not be running."""
    db = sqlite3.connect(journal)
    try:
        verdict = db.execute("PRAGMA integrity_check").fetchone()[0]
        tasks = [json.loads(body) for (body,) in db.execute("SELECT body FROM tasks")]
        commands = [json.loads(body) for (body,) in db.execute("SELECT body FROM commands")]
        timeline = [json.loads(body) for (body,) in db.execute("SELECT body FROM timeline ORDER BY seq")]
    finally:
        db.close()
    moves = [{**move, "name": RELAYS[move["relay"]]} for move in trace if move["relay"] in RELAYS]
    return [
        *([] if verdict == "ok" else [f"27: the journal is damaged: {verdict}"]),
        *_intents(commands, moves),
        *_lengths(commands, moves),
        *_stop_order(moves),
        *_tasks(tasks, commands, timeline),
    ]


def counts(trace: list[dict[str, Any]]) -> dict[str, int]:
    """How often something energised, so that a campaign in which nothing happened proves nothing."""
    return {name: sum(m["on"] for m in trace if m["relay"] == relay) for relay, name in RELAYS.items()}


def _intents(commands: list[dict[str, Any]], moves: list[dict[str, Any]]) -> list[str]:
    """3, 4, 7: each ON has exactly one durable intent of its own, and came within its time."""
    found: list[str] = []
    used: set[str] = set()
    for move in moves:
        if not move["on"]:
            continue
        fitting = [
            c
            for c in commands
            if c["actuator"] == move["name"]
            and c["order"] == "on"
            and c["cmd_id"] not in used
            and c["queued_at"] <= move["at"] <= c["not_after"] + SECOND
        ]
        if not fitting:
            found.append(f"3/4: {move['name']} went on at {move['at']} without an intent of its own")
        else:
            used.add(min(fitting, key=lambda c: abs((c["sent_at"] or c["queued_at"]) - move["at"]))["cmd_id"])
    return found


def _lengths(commands: list[dict[str, Any]], moves: list[dict[str, Any]]) -> list[str]:
    """1, 2: no ON is longer than its own lease, whoever lived or died meanwhile."""
    longest = {name: max((c["lease"] for c in commands if c["actuator"] == name), default=0) for name in LONGEST_ON}
    found: list[str] = []
    since: dict[str, int] = {}
    for move in moves:
        if move["on"]:
            since[move["name"]] = move["at"]
        elif move["name"] in since:
            lasted = move["at"] - since.pop(move["name"])
            if lasted > min(longest[move["name"]], LONGEST_ON[move["name"]]) + TOLERANCE:
                found.append(f"1/2: {move['name']} was on for {lasted / SECOND:.2f} s")
    return found + [f"2: {name} is still on at the end of the trace" for name in since]


def _stop_order(moves: list[dict[str, Any]]) -> list[str]:
    """13, 29: a pump does not push against a closed valve."""
    found: list[str] = []
    pump = valve = False
    since: int | None = None
    for move in moves:
        if since is not None and move["at"] - since > DEAD_HEAD:
            found.append(f"13: the pump pushed against a closed valve for {(move['at'] - since) / SECOND:.2f} s")
        pump = move["on"] if move["name"] == "pump" else pump
        valve = move["on"] if move["name"] == "valve" else valve
        since = (since or move["at"]) if pump and not valve else None
    return found


def _tasks(tasks: list[dict[str, Any]], commands: list[dict[str, Any]], timeline: list[dict[str, Any]]) -> list[str]:
    """5, 6, 14: one end for each task, DONE for each success, each occurrence once, and no hole in the timeline."""
    found: list[str] = []
    ends: dict[str, int] = {}
    received: dict[str, int] = {}
    for number, entry in enumerate(timeline, 1):
        if entry["seq"] != number:
            found.append(f"5: the timeline has {entry['seq']} where {number} must be")
            break
        if entry["event_type"] == "TASK_FINISHED":
            ends[entry["task_id"]] = ends.get(entry["task_id"], 0) + 1
        if entry["event_type"] == "TASK_RECEIVED":
            key = entry["details"]["correlation_id"]
            received[key] = received.get(key, 0) + 1
    found += [f"5: {task_id} ended {n} times" for task_id, n in ends.items() if n != 1]
    found += [f"14: {key} was received {n} times" for key, n in received.items() if n != 1]
    for task in tasks:
        if task["status"] not in ("accepted", "running") and ends.get(task["task_id"]) != 1:
            found.append(f"5: {task['task_id']} is {task['status']} and the timeline does not say so once")
        if task["status"] == "completed" and task["outcome"]["action_required"]:
            own = [c["state"] for c in commands if c["task_id"] == task["task_id"]]
            if not own or set(own) != {"DONE"}:
                found.append(f"6: {task['task_id']} is completed with {own}")
    return found
