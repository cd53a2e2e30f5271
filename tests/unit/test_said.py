"""A line of the timeline reads as a sentence in the log and on the command line: no brackets of a program in it."""

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from edgectl.model import said as words
from edgectl.model.said import said
from edgectl.model.timeline import Entry
from edgectl.observe import log
from edgectl.simulate.field import Faults
from edgectl.simulate.houses import SMALL, settle_in
from edgectl.simulate.world import DAY

LEVEL = {"sensor": "level", "value": 63.0, "sample": 88121, "age_ms": 800, "quality": 0.99}
FINISHED = {
    "task_type": "irrigation",
    "status": "completed",
    "action_required": True,
    "decision": "run",
    "reason_code": "irrigation_required",
    "physical_effect": "full",
    "effect_amounts": {"main_pump_s": 90.0, "volume_l": 31.4},
    "confirmed": "2 of 2",
}
LINES: list[tuple[str, dict[str, Any], str]] = [
    (
        "DECISION_MADE",
        {"action_required": True, "decision": "run", "reason_code": "irrigation_required", "samples": [LEVEL]},
        "run (irrigation_required) · level 63 aged 0.8 s, quality 0.99 (sample 88121)",
    ),
    (
        "COMMAND_DISPATCHED",
        {"cmd_id": "st-1-open-1", "actuator": "irrigation_valve", "order": "on", "lease_s": 94.0, "samples": []},
        "irrigation_valve ON 94 s · cmd st-1-open-1",
    ),
    ("TASK_FINISHED", FINISHED, "completed · effect full: main_pump 90 s, volume 31.4 l · 2 of 2 confirmed"),
    (
        "TASK_FINISHED",
        FINISHED | {"status": "failed", "decision": "fail", "reason_code": "low_water", "error_code": "low_water"},
        "failed · fail (low_water) · effect full: main_pump 90 s, volume 31.4 l · 2 of 2 confirmed",
    ),
    ("STAGE_LEFT", {"stage": "water", "reason_code": "irrigation_required"}, "water"),
    ("STAGE_LEFT", {"stage": "water", "reason_code": "low_water"}, "water · low_water"),
    (
        "CONFIG_CHANGED",
        {
            "who": "the site file",
            "first": True,
            "changed": [{"path": f"actuators.a{n}", "before": None, "after": "{}"} for n in range(5)],
            "more": 7,
        },
        "by the site file · all of it is new to this journal: actuators.a0, actuators.a1, actuators.a2 and 9 more",
    ),
    (
        "CONFIG_CHANGED",
        {"first": False, "changed": [{"path": "actuators.pump", "before": "x", "after": "y"}], "more": 0},
        "changed: actuators.pump",
    ),
    ("MODE_CHANGED", {"who": "Ana", "before": "auto", "after": "semi"}, "by Ana · auto -> semi"),
    ("READY", {}, ""),
]


@pytest.mark.parametrize(("event", "details", "told"), LINES, ids=[f"{n} {line[0]}" for n, line in enumerate(LINES)])
def test_a_line_as_a_person_reads_it(event: str, details: dict[str, Any], told: str) -> None:
    assert said(event, details) == told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "nobody listens there"),
        (PermissionError(13, "Permission denied", "/x"), "Permission denied: '/x'"),
        (OSError("Multiple exceptions: [Errno 111] a, [Errno 113] b"), "Multiple exceptions: a, b"),
        (ValueError("first\nsecond"), "first"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_an_error_of_the_system_is_told_without_its_number(error: Exception, told: str) -> None:
    assert words.plainly(error) == told


def strange(timeline: list[Entry]) -> Iterator[str]:
    """Lines with what only a program reads: brackets around names, None, True."""
    for entry in timeline:
        told = said(entry.event_type, entry.details)
        if re.search(r"[{}\[\]']|\bNone\b|\bTrue\b|\bFalse\b|[\n\r]", told):
            yield told


@pytest.fixture(scope="module")
def timeline() -> list[Entry]:
    """Four rough days, with people."""
    faults = Faults(lost_reply=0.02, stuck_relay=0.02, bad_level=0.02, blocked=0.1)
    world = settle_in(SMALL, 5, faults=faults, crash=0.01, people=True, disk=0.002)
    world.run(4 * DAY)
    return world.journal.timeline


def test_no_line_of_a_rough_life_holds_the_signs_of_a_program(timeline: list[Entry]) -> None:
    assert len({entry.event_type for entry in timeline}) > 20
    assert list(strange(timeline)) == []


def test_a_value_that_is_printed_as_it_is_stored_is_caught(
    timeline: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "amounts", str)
    assert list(strange(timeline))


def test_the_log_says_it_for_people_and_keeps_the_names_for_queries(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", records.append)
    monkeypatch.setattr(log.LOG, "handlers", [handler])
    caplog.set_level(logging.DEBUG, logger=log.LOG.name)  # it also forgets which levels were off before
    details = {**FINISHED, "correlation_id": "sch:1"}
    entry = Entry(seq=7, event_type="TASK_FINISHED", wall=0, mono=0, boot_id="b", task_id="st-1", details=details)
    log.tell((entry, Entry(seq=8, event_type="READY", wall=0, mono=0, boot_id="b")))
    first, last = (json.loads(log._Json().format(record)) for record in records)
    assert first["text"].startswith(
        "1970-01-01T00:00:00.000Z TASK_FINISHED st-1 completed · effect full: main_pump 90 s"
    )
    assert (first["seq"], first["correlation_id"], first["reason_code"]) == (7, "sch:1", "irrigation_required")
    assert last["text"].endswith("READY The controller has settled its outputs and takes up its work.")


def test_a_log_that_knows_fewer_letters_loses_no_line() -> None:
    """A system in the alphabet of fifty years ago gets the line with a mark in it, and no traceback."""
    code = "from edgectl.observe import log; log.begin(); log.LOG.info('pump \\u00b7 done'); log.end()"
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ascii_only, check=True)
    assert json.loads(done.stdout)["text"] == "pump ? done"
    assert done.stderr == ""
