"""A million bent inputs for what comes in by a door, from the centre, and from the disk; bent as those of the field."""

import json
import random
from collections import Counter
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from pydantic import BaseModel

from edgectl.api import wishes
from edgectl.api.body import understood
from edgectl.api.house import Unavailable
from edgectl.api.operation import checked
from edgectl.daemon.desk import CentreDesk
from edgectl.journal import rows
from edgectl.model.ask import Ask
from edgectl.model.time import SECOND, Now
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World
from edgectl.sync.asked import asked
from tests.unit.test_fuzz import GROWTH, RUNS, SLOWEST_S, WALL, Decoder, fuzzed

pytestmark = pytest.mark.timeout(600)
TIMES = {"due_at": "2026-06-01T06:00:00Z", "expires_at": "2026-06-01T07:00:00Z", "correlation_id": "a-1234567"}
BODIES: list[dict[str, Any]] = [
    {"seconds": 5.0, "service": True},
    {"value": "5", "profile": "xy-md02", "only_one": True, "who": "Ana"},
    {"why": "filter \u00e9\ud83c\udf31", "who": "Ana", "seconds": 60},
    {"step": "finish", "kind": "ph", "pairs": [[6.9, 7.0], [4.1, 4.01]], "shown": 7, "known": 7.0},
    {"name": "grafana", "role": "viewer"},
    {"zone": "beds", "task_type": "irrigation", "payload": {"duration_s": 1, "config": {"execution": {}}}, **TIMES},
    {},
]
PAYLOADS: dict[str, dict[str, Any]] = {
    "task": {
        "zone": "zone-1",
        "task_type": "irrigation",
        "payload": {"duration_s": 5},
        "scheduled_for": "2026-06-01T06:00:00+00:00",
    },
    "hold": {"zone": "zone-1", "seconds": 7200, "why": "spraying"},
    "release": {"zone": "zone-1"},
    "override": {"zone": "zone-1", "setting": "vent", "value": 30, "seconds": 60.5},
    "limits": {"revision": 3, "actuators": {"pump": {"max_on_s": 300}}},
    "raw": {"sensors": ["ph", "ec"], "seconds": 600},
    "cancel": {"task_id": "st-1"},
    "other": {},
}


def bodies() -> Decoder:
    """What a program sends, as each route would take it."""
    models = [one for one in vars(wishes).values() if isinstance(one, type) and issubclass(one, BaseModel)]
    models = [one for one in models if one.__module__ == wishes.__name__]
    turn = [0]

    def eat(data: bytes) -> object:
        turn[0] += 1
        try:
            return checked(models[turn[0] % len(models)], understood(data))
        except Unavailable as no:
            return no

    return Decoder([json.dumps(body).encode() for body in BODIES], eat, {"dict", "Unavailable"})


def centre() -> Decoder:
    """Rows that the centre asks by, and what its desk makes of them."""
    house = World(example_site(), example_schedules(), 1)
    control: Any = SimpleNamespace(stepper=SimpleNamespace(state=house.state))
    clock: Any = SimpleNamespace(now=lambda: Now(mono=0, wall=WALL * SECOND))

    async def nothing(_: str) -> None:
        return None

    reads: Any = SimpleNamespace(task_by_correlation=nothing)
    desk, rng, kinds = CentreDesk(control, reads, clock), random.Random(20), list(PAYLOADS)
    row: dict[str, Any] = {"request_id": "request-1", "correlation_id": None, "created_by": "desk"}
    ends = (0.0, float(WALL), 1e300, -1e300, float("inf"), float("-inf"))

    def eat(data: bytes) -> object:
        kind = kinds[rng.randrange(len(kinds))]
        text = data.decode("utf-8", "replace")
        ask = asked({**row, "kind": kind, "payload": text, "due_at": ends[len(data) % 6], "expires_at": ends[4]})
        assert 0 <= ask.due_at <= ask.expires_at
        wish, code, why = _now(desk.understood(ask))
        if wish is None:
            assert code
            assert why
            return ask
        return wish(1)

    corpus = [json.dumps(payload).encode() for payload in PAYLOADS.values()]
    return Decoder(corpus, eat, {"TaskRequest", "Restrain", "Override", "Tighten", "SendRaw", "Cancel", "Ask"})


def _now(coroutine: Any) -> Any:
    """What a coroutine gives that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def journal() -> Decoder:
    """Rows of a journal, as a flipped bit or another program has left them."""
    house = World(example_site(), example_schedules(), 1)
    house.run(12 * 3600 * SECOND)
    kinds: Counter[type] = Counter()
    corpus = [_body(rows.entry_row(entry)) for entry in house.journal.timeline[:400:20]]
    for value in house.journal.values.values():
        kinds[type(value)] += 1
        if kinds[type(value)] <= 4:
            corpus.append(_body(rows.statement(value)[1]))
    eaters = (rows.task, rows.command, rows.output, rows.cursor, rows.latch, rows.alarm, rows.ledger, rows.entry)
    turn = [0]

    def eat(data: bytes) -> object:
        turn[0] += 1
        try:
            return eaters[turn[0] % len(eaters)](data.decode("utf-8", "replace"))
        except (ValueError, TypeError, KeyError) as error:  # what every reader of the file takes for damage
            return error

    return Decoder(corpus, eat, {"Task", "Command", "Output", "Cursor", "Entry", "Ledger", "KeyError", "TypeError"})


def _body(row: tuple[Any, ...]) -> bytes:
    return next(value for value in row if isinstance(value, str) and value.startswith("{")).encode()


@pytest.mark.parametrize("decoder", [bodies, centre, journal])
def test_a_million_bent_inputs_break_nothing(decoder: Any) -> None:
    made = decoder()
    said, slowest, grown = fuzzed(made, 20, RUNS)
    assert said.total() == RUNS
    assert {kind.__name__ for kind in said} >= made.reached, "the bent inputs get past the first look"
    assert slowest < SLOWEST_S, f"a thousand inputs took {slowest:.1f} s"
    assert grown < GROWTH, f"{grown} blocks of memory more than after the first part"


@pytest.mark.parametrize(
    ("payload", "flaw"),
    [
        ("[" * 50_000, "no JSON that can be read"),
        ('{"a": ' * 9_000, "no JSON that can be read"),
        ("9" * 5000, "no JSON that can be read"),
        ('{"zone": "\\ud800"}', "no JSON that can be read"),
        ('{"zone": "\\u0000"}', "control characters"),
        ('{"payload": ' + "[" * 900 + "]" * 900 + "}", "nested deeper than 8 levels"),
        ("[]", "must be a JSON object"),
        ('{"zone": "beds", "seconds": 1' + "0" * 400 + "}", "larger than any that is meant"),
        ('{"payload": {"targets": [{"ph": -1' + "0" * 400 + ".5}]}}", "larger than any that is meant"),
        (f'"{"x" * 70_000}"', "longer than"),
    ],
)
def test_a_row_that_cannot_be_read_is_a_request_that_is_refused(payload: str, flaw: str) -> None:
    row = {"request_id": "request-1", "kind": "hold", "payload": payload, "due_at": 1.5, "expires_at": float("inf")}
    ask = asked({**row, "correlation_id": None, "created_by": "desk"})
    assert flaw in ask.flaw
    assert (ask.payload, ask.due_at, ask.expires_at) == ({}, 1_500_000_000, 7_258_118_400 * SECOND)
    desk = CentreDesk(MagicMock(), MagicMock(), MagicMock())
    wish, code, why = _now(desk.understood(ask))
    assert (wish, code, why) == (None, "payload_invalid", ask.flaw)
    assert isinstance(ask, Ask)
