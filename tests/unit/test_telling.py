"""What is told of alarms: many as one, the urgent at once, the rest in the morning, and never without a bound."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edgectl.model.time import SECOND, from_datetime
from edgectl.model.timeline import Entry
from edgectl.observe.send import reached
from edgectl.observe.telling import GATHER, REST, RETRY, WAITING, Telling

BERLIN = ZoneInfo("Europe/Berlin")
NOON, NIGHT, DAWN = (from_datetime(datetime(2026, 6, 1, hour, tzinfo=BERLIN)) for hour in (12, 23, 6))


def line(kind: str, alarm: str, message: str = "it is so") -> Entry:
    details: dict[str, Any] = {"alarm": alarm, "message": message, "advice": "look"}
    return Entry(seq=1, event_type=kind, wall=0, mono=0, boot_id="b", details=details)


def telling(quiet: tuple[int, int] | None = (22 * 60, 6 * 60)) -> Telling:
    return Telling("North house", BERLIN, quiet)


def test_a_cause_and_its_consequences_are_one_message() -> None:
    out = telling()
    out.note([line("ALARM_RAISED", "device_silent:board", "board is silent")], 0)
    out.note([line("ALARM_RAISED", "biz_no_flow:pump", "no water")], 2 * SECOND)
    assert out.due(GATHER - 1, NOON) is None, "others may follow"
    message = out.due(GATHER, NOON)
    assert message is not None
    assert message.title == "North house: 2 alarms"
    assert message.body.splitlines() == ["no water; look", "board is silent; look"], "the worst first"
    assert message.urgent
    out.told(message, GATHER)
    assert out.due(10 * REST, NOON) is None, "once"


def test_messages_rest_between_one_another() -> None:
    out = telling()
    out.note([line("ALARM_RAISED", "biz_no_flow:pump")], 0)
    message = out.due(GATHER, NOON)
    assert message is not None
    out.told(message, GATHER)
    out.note([line("ALARM_REPEATED", "biz_no_flow:pump")], GATHER)
    assert out.due(GATHER + REST - 1, NOON) is None
    again = out.due(GATHER + REST, NOON)
    assert again is not None
    assert again.body.startswith("again: ")


def test_what_is_not_urgent_waits_for_the_morning() -> None:
    out = telling()
    out.note([line("ALARM_RAISED", "service_lock_reminder:beds")], 0)
    assert out.due(GATHER, NIGHT) is None
    assert out.due(GATHER, DAWN) is not None
    out.note([line("ALARM_RAISED", "biz_no_flow:pump")], 0)
    message = out.due(GATHER, NIGHT)
    assert message is not None, "the urgent one leaves at night"
    assert [one.alarm for one in message.lines] == ["biz_no_flow:pump"]
    assert telling(None).waiting == 0


def test_what_is_over_or_seen_before_it_was_told_is_told_no_more() -> None:
    out = telling()
    for kind in ("ALARM_CLEARED", "ALARM_ACKNOWLEDGED", "ALARM_SHELVED"):
        out.note([line("ALARM_RAISED", "biz_low_ph:beds"), line(kind, "biz_low_ph:beds")], 0)
        assert out.due(GATHER, NOON) is None


def test_an_escalation_calls_others() -> None:
    out = telling()
    out.note([line("ALARM_ESCALATED", "biz_no_flow:pump")], 0)
    message = out.due(GATHER, NOON)
    assert message is not None
    assert message.escalated
    assert "nobody has seen it" in message.body


def test_what_did_not_leave_is_tried_again_later_each_time() -> None:
    out, at = telling(), GATHER
    out.note([line("ALARM_RAISED", "biz_no_flow:pump")], 0)
    for rest in (*RETRY, RETRY[-1]):
        assert out.due(at, NOON) is not None
        out.failed(at)
        assert out.due(at + rest - 1, NOON) is None
        at += rest
    assert out.due(at, NOON) is not None, "for ever"


def test_a_flood_is_bounded_and_says_so() -> None:
    out = telling()
    out.note([line("ALARM_RAISED", f"biz_low_ph:zone-{n}", f"zone {n}") for n in range(500)], 0)
    out.note([line("ALARM_RAISED", "biz_no_flow:pump", "no water")], 1)
    assert out.waiting == WAITING
    message = out.due(GATHER + 1, NOON)
    assert message is not None
    assert message.body.startswith("no water"), "the urgent one is not the one that goes"
    assert message.body.endswith(f"and {501 - 6} more")


def test_a_flood_is_told_as_one_and_only_what_is_critical_besides() -> None:
    out = telling()
    out.note([line("ALARM_RAISED", f"biz_low_ph:zone-{n}", f"zone {n}") for n in range(11)], 0)
    out.note([line("ALARM_RAISED", "alarm_flood:site", "more than 10")], 0)
    out.note([line("ALARM_RAISED", "biz_low_ph:zone-12"), line("ALARM_RAISED", "biz_no_flow:pump", "no water")], 1)
    message = out.due(GATHER + 1, NOON)
    assert message is not None
    assert message.body.splitlines() == ["no water; look", "more than 10; look"]
    out.told(message, GATHER + 1)
    out.note([line("ALARM_CLEARED", "alarm_flood:site"), line("ALARM_RAISED", "biz_low_ph:zone-13")], GATHER + 1)
    after = out.due(GATHER + 1 + REST, NOON)
    assert after is not None
    assert {one.alarm for one in after.lines} == {f"biz_low_ph:zone-{n}" for n in (*range(11), 12, 13)}


def test_what_began_in_a_flood_is_told_when_it_is_over_if_it_still_stands() -> None:
    out = telling()
    out.note([line("ALARM_RAISED", "alarm_flood:site"), line("ALARM_RAISED", "device_silent:level")], 0)
    out.note([line("ALARM_RAISED", "sensor_stale:air"), line("ALARM_CLEARED", "sensor_stale:air")], 0)
    out.note([line("ALARM_REPEATED", "biz_low_ph:beds")], 0)
    message = out.due(GATHER, NOON)
    assert message is not None
    assert [one.alarm for one in message.lines] == ["alarm_flood:site", "biz_low_ph:beds"], "the second call is no news"
    out.told(message, GATHER)
    assert out.due(10 * REST, NOON) is None
    # One flood follows upon another: it does not keep what the first one kept.
    out.note([line("ALARM_CLEARED", "alarm_flood:site"), line("ALARM_RAISED", "alarm_flood:site")], 10 * REST)
    message = out.due(10 * REST + GATHER, NOON)
    assert message is not None
    assert [one.alarm for one in message.lines] == ["device_silent:level", "alarm_flood:site"]
    out.told(message, 10 * REST + GATHER)
    out.note([line("ALARM_CLEARED", "alarm_flood:site")], 20 * REST)
    assert out.due(30 * REST, NOON) is None, "once"


def test_what_comes_and_goes_on_a_shelf_calls_nobody() -> None:
    out = telling()
    raised = line("ALARM_RAISED", "biz_low_ph:beds")
    out.note([replace(raised, details={**raised.details, "shelved": True})], 0)
    assert out.due(GATHER, NOON) is None


@pytest.mark.parametrize(
    ("took", "code"),
    [
        ([(False, True), (False, True)], 0),
        ([(False, True), (False, False)], 4),
        ([(False, False), (False, False)], 1),
        ([(False, True), (True, False)], 1),
        ([(False, False), (True, True)], 1),
        ([(False, True), (False, False), (True, True)], 4),
        ([(False, True), (True, True), (True, False)], 4),
    ],
)
def test_a_dead_entry_in_the_list_makes_no_message_come_for_ever(took: list[tuple[bool, bool]], code: int) -> None:
    assert reached(took) == code


@pytest.mark.parametrize("when", ["before it came", "while it is"])
def test_a_shelved_flood_makes_nothing_silent(when: str) -> None:
    out, flood = telling(), line("ALARM_RAISED", "alarm_flood:site")
    if when == "before it came":
        flood = replace(flood, details={**flood.details, "shelved": True})
    out.note([flood, *([line("ALARM_SHELVED", "alarm_flood:site")] if when == "while it is" else [])], 0)
    out.note([line("ALARM_RAISED", "device_silent:level"), line("ALARM_RAISED", "sensor_stale:air")], SECOND)
    message = out.due(SECOND + GATHER, NOON)
    assert message is not None
    assert [one.alarm for one in message.lines] == ["device_silent:level", "sensor_stale:air"]
    out.told(message, SECOND + GATHER)
    out.note([line("ALARM_REPEATED", "alarm_flood:site"), line("ALARM_RAISED", "device_silent:board")], 90 * SECOND)
    message = out.due(90 * SECOND + GATHER, NOON)
    assert message is not None, "its shelf is empty again"
    assert [one.alarm for one in message.lines] == ["alarm_flood:site"]
