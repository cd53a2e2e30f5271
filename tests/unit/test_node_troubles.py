"""Nodes that do what no page foresees: answers to the orders of others, no OFF, no clock, two of one name."""

import itertools
import json
from typing import Any

import pytest

from edgectl.drivers.nodes import answers, post, twins, waking
from edgectl.drivers.nodes.answers import AFTER_END
from edgectl.drivers.nodes.books import Books
from edgectl.drivers.nodes.others import QUIET
from edgectl.drivers.nodes.post import TIME_EVERY
from edgectl.drivers.nodes.presence import WORD_WITHIN
from edgectl.drivers.nodes.seam import Publish
from edgectl.drivers.nodes.speech import BURST, LONG_BURST, LONG_EVERY
from edgectl.drivers.sim.node import Node
from edgectl.model.inputs import Concern, DeviceHealth, MakeSafe, ReplyStatus, Send
from edgectl.model.time import SECOND, Nanos, Now
from tests.unit.test_node_owner import IRRIG, PH, WALL, Bench, telemetry, values

PULSE_MAX = 60 * SECOND  # the longest run of a dosing pump, by its profile
REPORT = {"node_id": "nd-1", "version": 3, "type": "irrig", "gh_uid": "gh-1", "zone_uid": "zone-1"}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def times(bench: Bench) -> list[Publish]:
    return [message for message in bench.sent if message.topic == "hydro/time/response" and message.payload]


def concerns(bench: Bench, of: str = "") -> list[bool]:
    return [item.active for item in bench.told if isinstance(item, Concern) and of in (item.subject, "")]


# ---------------------------------------------------------------- answers to the orders of others


@pytest.mark.parametrize("place", [f"{IRRIG}/valve_irrigation", f"{PH}/pump_main", f"{PH}/pump_acid"])
@pytest.mark.parametrize("status", ["ACK", "DONE", "ERROR"])
def test_who_answers_for_another_is_mistrusted_and_the_order_stays_open(bench: Bench, place: str, status: str) -> None:
    order = bench.switch()
    body = {"cmd_id": json.loads(order.payload)["cmd_id"], "status": status, "ts": 1737355112000}
    bench.hear(f"{place}/command_response", body)
    assert bench.replies() == [ReplyStatus.SENT], "nothing is said of the order"
    (told,) = bench.journaled("NODE_MISTRUSTED")
    assert (
        f"answers {'ECHO' if status == 'ACK' else status} to an order that was given to irrig.pump_main"
        in told.details["why"]
    )
    bench.answer(order, "ACK")
    assert bench.replies() == [ReplyStatus.SENT, ReplyStatus.ECHO], "the right one still may"
    bench.answer(order, "BUSY")
    bench.hear(f"{place}/command_response", body)
    assert len(bench.journaled("NODE_MISTRUSTED")) == 2, "also when the order is over"
    assert bench.journaled("NODE_CONTRADICTED") == []


def test_an_answer_of_an_earlier_life_is_written_down_and_says_nothing_of_an_order(bench: Bench) -> None:
    bench.hear(f"{IRRIG}/pump_main/command_response", {"cmd_id": "st-0", "status": "DONE", "ts": 1})
    assert bench.replies() == []
    (told,) = bench.journaled("LATE_REPLY")
    assert (told.details["cmd_id"], told.details["status"]) == ("st-0", "DONE")
    assert bench.kept == 1, "and it is on the disk before the broker may forget it"


# ---------------------------------------------------------------- nodes that know no OFF


def refused(bench: Bench) -> Publish:
    """An OFF to the acid pump, which its node does not know."""
    bench.owner.take(MakeSafe(actuator="acid", reason="stop"), bench.now)
    bench.run()
    off = bench.orders("set_relay")[-1]
    bench.answer(off, "ERROR", error_code="unknown_command", error_message="Command not found")
    return off


def test_a_pump_that_takes_no_off_is_off_when_its_longest_run_would_be_over(bench: Bench) -> None:
    refused(bench)
    assert bench.journaled("NODE_REFUSED")[0].details["error_code"] == "unknown_command"
    bench.run(PULSE_MAX + AFTER_END - 2 * SECOND)
    assert bench.seen("acid") == [], "an earlier life may have ordered a run"
    assert not bench.owner.offs_delivered
    assert len(bench.orders("set_relay")) == 1, "and what it does not know it is not told again and again"
    bench.run(3 * SECOND)
    assert bench.seen("acid") == [False]
    assert bench.owner.offs_delivered
    refused(bench)
    bench.run(SECOND)
    assert bench.seen("acid") == [False, False], "nothing has run since"


def test_a_dose_that_cannot_be_stopped_is_off_with_its_own_last_word(bench: Bench) -> None:
    order = bench.switch("acid", lease=5 * SECOND)
    bench.answer(order, "ACK")
    refused(bench)
    bench.run(3 * SECOND)
    refused(bench)
    assert bench.seen("acid") == [True]
    assert len(bench.journaled("NODE_REFUSED")) == 1, "told once"
    bench.run(2 * SECOND)
    bench.answer(order, "DONE")
    assert bench.seen("acid")[-1] is False
    assert bench.owner.offs_delivered


def test_a_dose_of_which_the_last_word_is_lost_is_off_when_it_must_be(bench: Bench) -> None:
    bench.answer(bench.switch("acid", lease=5 * SECOND), "ACK")
    refused(bench)
    bench.run(5 * SECOND + AFTER_END - 2 * SECOND)
    assert bench.seen("acid") == [True]
    bench.run(3 * SECOND)
    assert bench.seen("acid") == [True, False]


def test_an_output_that_is_shown_is_told_off_until_it_is_off_whatever_its_node_knows(bench: Bench) -> None:
    bench.state = {"pump_main": True}
    bench.owner.take(MakeSafe(actuator="pump", reason="stop"), bench.now)
    bench.run()
    for _ in range(3):
        bench.answer(bench.orders("set_relay")[-1], "ERROR", error_code="unknown_command")
        bench.run(5 * SECOND)
    assert len(bench.orders("set_relay")) > 3
    assert not bench.owner.offs_delivered


def test_the_owner_and_a_node_without_off_agree_on_when_it_is_off(bench: Bench) -> None:
    node = Node(name="nd-ph", kind="ph", secret="s3cret", synced=True, faults={"no_off": {}})
    answered = len(bench.sent)

    def live(span: Nanos) -> None:
        nonlocal answered
        end = bench.now + span
        while bench.now < end:
            bench.run(SECOND)
            said = node.advance(bench.now, (WALL + bench.now) // SECOND)
            for message in [m for m in bench.sent[answered:] if m.topic.startswith(PH) and m.topic.endswith("command")]:
                wall_s = (WALL + bench.now) // SECOND
                said += node.order(message.topic.split("/")[4], message.payload, bench.now, wall_s)
            answered = len(bench.sent)
            for say in said:
                bench.hear(f"{PH}/{say.topic}", say.body)

    bench.switch("acid", lease=20 * SECOND)
    live(2 * SECOND)
    bench.owner.take(MakeSafe(actuator="acid", reason="stop"), bench.now)
    live(10 * SECOND)
    assert node.outputs["pump_acid"], "it runs on: there is no way to stop it"
    assert bench.seen("acid")[-1] is True, "and nobody says otherwise"
    live(12 * SECOND)
    assert not node.outputs["pump_acid"]
    assert bench.seen("acid")[-1] is False


# ---------------------------------------------------------------- clocks


def test_a_node_whose_clock_is_off_is_told_the_time_when_it_refuses(bench: Bench) -> None:
    bench.owner.take(MakeSafe(actuator="pump", reason="stop"), bench.now)
    bench.run()
    bench.answer(bench.orders("set_relay")[0], "ERROR", error_code="timestamp_expired")
    bench.run(SECOND)
    assert len(times(bench)) == 1
    assert len(bench.orders("set_relay")) == 2


def test_all_nodes_are_told_when_our_clock_was_set_and_now_and_then(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run(60 * SECOND)
    assert times(bench) == [], "what is right is not said again"
    set_by = 3600 * SECOND
    monkeypatch.setattr(Bench, "clocks", property(lambda self: Now(mono=self.now, wall=WALL + self.now + set_by)))
    bench.run(SECOND)
    (told,) = [json.loads(message.payload)["unix_ts"] for message in times(bench)]
    assert told == pytest.approx((WALL + bench.now + set_by) // SECOND, abs=1)
    bench.run(TIME_EVERY + 2 * SECOND)
    assert len(times(bench)) == 2, "clocks drift"


@pytest.mark.parametrize(("ago_s", "told"), [(9, 0), (20, 1), (-20, 1), (1_737_355_000, 1)])
def test_a_reading_with_another_clock_gets_the_time(bench: Bench, ago_s: int, told: int) -> None:
    bench.hear(f"{PH}/ph_sensor/telemetry", telemetry(bench, 5.9, ago_s=ago_s))
    bench.run(SECOND)
    assert len(times(bench)) == told


def test_a_time_that_a_broker_kept_is_cleared_away_before_it_sets_a_clock_to_the_past(bench: Bench) -> None:
    bench.hear("hydro/time/response", {"unix_ts": 1_700_000_000}, retained=True)
    bench.run()
    assert Publish(topic="hydro/time/response", payload=b"", retain=True) in bench.sent
    assert "retained time" in bench.journaled("NODE_MISTRUSTED")[0].details["why"]
    bench.hear("hydro/time/response", b"")


def test_whoever_tells_the_nodes_another_time_is_written_down(bench: Bench) -> None:
    now_s = (WALL + bench.now) // SECOND
    for body in ({"unix_ts": now_s + 1}, b"garbage", {"unix_ts": "soon"}):
        bench.hear("hydro/time/response", body)
    assert bench.journaled("NODE_MISTRUSTED") == [], "the same time twice does no harm"
    bench.hear("hydro/time/response", {"unix_ts": now_s - 300})
    assert "-300 s from our time" in bench.journaled("NODE_MISTRUSTED")[0].details["why"]


# ---------------------------------------------------------------- probes that sleep


def wakes(bench: Bench) -> int:
    return len(bench.orders("activate_sensor_mode"))


def woken() -> Bench:
    bench = Bench()
    bench.owner.link(True, bench.now)
    bench.run()
    return bench


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [("BUSY", "", True), ("TIMEOUT", "", True), ("ERROR", "safe_mode_active", True),
     ("ERROR", "unknown_command", False), ("INVALID", "unsupported_channel_cmd", False), ("NO_EFFECT", "", False),
     ("DONE", "", False)],
)  # fmt: skip
def test_a_probe_is_told_to_measure_until_its_node_takes_it(status: str, code: str, again: bool) -> None:
    bench = woken()
    bench.answer(bench.orders("activate_sensor_mode")[-1], status, error_code=code)
    bench.run(35 * SECOND)
    assert wakes(bench) == (2 if again else 1)


def test_a_probe_that_ceases_to_measure_is_told_again() -> None:
    bench = woken()
    bench.answer(bench.orders("activate_sensor_mode")[-1], "DONE")
    for _ in range(20):
        bench.run(20 * SECOND)
        bench.hear(f"{PH}/ph_sensor/telemetry", telemetry(bench, 5.9))
    assert wakes(bench) == 1, "it measures"
    for _ in range(6):  # somebody put it to sleep; it beats on
        bench.run(30 * SECOND)
        bench.hear(f"{PH}/heartbeat", {"uptime": bench.now // SECOND, "free_heap": 1})
    assert wakes(bench) == 2


def test_a_number_by_which_nothing_may_be_corrected_is_no_reading(bench: Bench) -> None:
    bench.hear(f"{PH}/ph_sensor/telemetry", telemetry(bench, 5.9, stable=True, corrections_allowed=False))
    assert [value == value for value, _ in values(bench)] == [False]
    bench.hear(f"{PH}/ph_sensor/telemetry", telemetry(bench, 5.9, stable=True, corrections_allowed=True))
    assert values(bench)[-1][0] == 5.9


# ---------------------------------------------------------------- who they are and what they have


def reports(bench: Bench, *outputs: str, longest_ms: int | None = None) -> None:
    limits = {} if longest_ms is None else {"safe_limits": {"max_duration_ms": longest_ms}}
    channels = [{"name": name, "type": "ACTUATOR", "actuator_type": "", **limits} for name in outputs]
    bench.hear(f"{IRRIG}/config_report", {**REPORT, "channels": channels})


def test_a_node_that_lost_an_output_while_it_runs_is_named_and_goes_on(bench: Bench) -> None:
    reports(bench, "pump_main", "valve_irrigation")
    order = bench.switch()
    bench.answer(order, "ACK")
    reports(bench, "valve_irrigation")
    assert bench.journaled("NODE_LACKS")[0].details["outputs"] == ["pump_main"]
    bench.shows(pump=True)
    assert bench.seen("pump")[-1] is True, "what it shows is believed"
    reports(bench, "valve_irrigation")
    assert len(bench.journaled("NODE_LACKS")) == 1, "told once"
    reports(bench, "pump_main", "valve_irrigation")
    assert len(bench.journaled("NODE_FITS")) == 2, "at the first report of this life, and again"
    reports(bench)
    assert len(bench.journaled("NODE_LACKS")) == 1, "a report without channels says nothing of them"


def test_the_limits_of_a_node_are_those_of_its_last_report(bench: Bench) -> None:
    reports(bench, "pump_main", "valve_irrigation", longest_ms=5000)
    send = Send(cmd_id="a", actuator="pump", on=True, lease=6 * SECOND, not_after=bench.now + SECOND)
    bench.owner.take(send, bench.now)
    bench.run()
    assert bench.replies() == [ReplyStatus.INVALID]
    reports(bench, "pump_main", "valve_irrigation", longest_ms=0)
    assert bench.switch(cmd_id="b"), "no time at all is no limit, but a field that nobody filled in"
    reports(bench, "pump_main", "valve_irrigation", longest_ms=60_000)
    reports(bench, "pump_main", "valve_irrigation")
    assert bench.switch("valve", lease=600 * SECOND, cmd_id="c")


def beats(bench: Bench, *uptimes: int) -> None:
    for uptime in uptimes:
        bench.run(20 * SECOND)
        bench.hear(f"{IRRIG}/heartbeat", {"uptime": uptime, "free_heap": 1})


def well(bench: Bench, device: str = "irrig") -> list[bool]:
    return [item.healthy for item in bench.told if isinstance(item, DeviceHealth) and item.device == device]


def test_two_nodes_under_one_name_are_neither_believed_nor_ordered(bench: Bench) -> None:
    beats(bench, 1000, 50, 1040, 90, 1080, 130, 1120)
    (told,) = bench.journaled("NODE_DIFFERS")
    assert "two nodes speak under this name" in told.details["why"]
    assert well(bench)[-1] is False
    bench.hear(f"{IRRIG}/level_solution_min/telemetry", telemetry(bench, 1, "WATER_LEVEL_SWITCH"))
    assert [value == value for value, _ in values(bench)] == [False]
    reports(bench, "pump_main", "valve_irrigation")
    assert well(bench)[-1] is False, "whichever of them fits"
    beats(bench, *range(300, 1100, 20))
    assert len(bench.journaled("NODE_FITS")) == 1, "the other one has been silent for ten minutes"
    assert well(bench)[-1] is True


@pytest.mark.parametrize(
    "uptimes",
    [
        (1000, 1020, 1040, 5, 25, 45, 3, 23, 43),  # it restarts, and restarts
        (1000, 1020, 7, 1060, 47, 67, 87, 107),  # one heartbeat was late
        (60_000, 80_000, 100_000, 120_000, 140_000),  # it counts milliseconds
        (100, 100, 100, 100, 100),  # it does not count
    ],
)
def test_one_node_is_not_taken_for_two(bench: Bench, uptimes: tuple[int, ...]) -> None:
    beats(bench, *uptimes)
    assert bench.journaled("NODE_DIFFERS") == []


HELLO = {
    "message_type": "node_hello",
    "hardware_id": "nd-ph",
    "node_type": "ph",
    "fw_version": "v5.1",
    "capabilities": [],
}


def test_another_node_is_not_given_a_place_that_is_taken(bench: Bench) -> None:
    bench.hear(f"{PH}/heartbeat", {"uptime": 1, "free_heap": 1})
    bench.hear("hydro/node_hello", HELLO)
    assert [m for m in bench.sent if m.topic.endswith("/config")] == []
    assert "another node calls itself nd-ph" in bench.journaled("NODE_MISTRUSTED")[0].details["why"]
    bench.run(WORD_WITHIN + SECOND)
    bench.hear("hydro/node_hello", HELLO)
    assert [m.topic for m in bench.sent if m.topic.endswith("/config")] == ["hydro/gh-temp/zn-temp/nd-ph/config"]


def test_a_node_bound_to_another_zone_is_named_with_both(bench: Bench) -> None:
    bench.hear("hydro/gh-1/zone-9/nd-ph/heartbeat", {"uptime": 1, "free_heap": 1})
    why = bench.journaled("NODE_MISTRUSTED")[0].details["why"]
    assert "zone-9" in why
    assert "zone-1" in why


# ---------------------------------------------------------------- others, floods, and brokers


def test_somebody_else_who_orders_calls_a_person_once_until_he_is_gone(bench: Bench) -> None:
    for _ in range(3):
        bench.hear(f"{IRRIG}/pump_main/command", {"cmd": "run_pump"})
        bench.run(60 * SECOND)
    assert concerns(bench) == [True]
    bench.run(QUIET)
    assert concerns(bench, "irrig") == [True, False]
    bench.hear(f"{IRRIG}/pump_main/command", {"cmd": "run_pump"}, retained=True)
    bench.hear(f"{IRRIG}/pump_main/command", b"")
    assert concerns(bench, "irrig") == [True, False], "what was kept is only cleared away: clearing away is no order"


def test_the_alarm_of_a_former_life_is_over_when_nobody_else_was_heard_for_as_long_in_this_one(bench: Bench) -> None:
    bench.run(QUIET // 2)
    bench.hear(f"{IRRIG}/pump_main/command", {"cmd": "run_pump"})
    bench.run(QUIET // 2 + 60 * SECOND)
    assert concerns(bench, "irrig") == [True], "he is still there"
    others = {item.subject for item in bench.told if isinstance(item, Concern) and not item.active}
    assert others == set(bench.owner.health) - {"irrig"}
    bench.run(QUIET)
    assert concerns(bench, "irrig") == [True, False]
    told = len(concerns(bench))
    bench.run(2 * QUIET)
    assert len(concerns(bench)) == told, "once in a life"


def test_a_node_that_never_stops_talking_costs_a_bounded_number_of_lines_a_day(bench: Bench) -> None:
    hours, at_once = 6, 3
    for number in range(hours * 360):  # every ten seconds
        bench.now += 10 * SECOND
        ts = (WALL + bench.now) // SECOND
        for part in range(at_once):
            body = {"event_code": f"e{number}-{part}", "ts": ts, "snapshot": {f"x{n}": True for n in range(65)}}
            bench.owner.hear(
                f"{IRRIG}/storage_state/event", json.dumps(body).encode(), retained=False, now=bench.clocks
            )
    bench.told += bench.owner.news()
    lines = bench.journaled("NODE_EVENT")
    assert BURST < len(lines) <= LONG_BURST + hours * 3600 * SECOND // LONG_EVERY + 1
    assert all(line.details["snapshot"] == {} for line in lines), "nor does one line hold as much as it likes"
    assert (
        sum(line.details["left_out"] for line in bench.journaled("NODE_FLOODS"))
        >= hours * 360 * at_once - len(lines) - 5
    )


def test_an_event_that_a_broker_kept_while_we_were_away_does_not_say_that_its_node_lives(bench: Bench) -> None:
    bench.hear(f"{PH}/lwt", b"offline")
    ts = (WALL + bench.now) // SECOND
    bench.hear(f"{PH}/storage_state/event", {"event_code": "old", "ts": ts - 3600})
    assert well(bench, "ph") == [False]
    bench.hear(f"{PH}/storage_state/event", {"event_code": "new", "ts": ts})
    assert well(bench, "ph") == [False, True]


def test_a_broker_that_kept_nothing_is_written_down(bench: Bench) -> None:
    bench.owner.link(False, bench.now, "it closed the connection")
    bench.owner.link(True, bench.now, forgot=True)
    bench.run()
    assert [item.device for item in bench.journaled("BROKER_FORGOT")] == ["nodes"]


# ---------------------------------------------------------------- planted bugs


def an_answer_for_another_is_a_late_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Books, "given_to", lambda self, wire_id: None)
    patch.setattr(Books, "last_word", lambda self, wire_id: ReplyStatus.TIMEOUT)


def a_refused_off_is_off_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers.Answers, "_ends_itself", lambda self, actuator, now: now)


def our_own_clock_is_told_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(post, "TIME_SET", 10**18)


def any_refusal_means_that_it_measures(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(waking, "_AWAKE", tuple(ReplyStatus))


def every_restart_is_a_second_node(patch: pytest.MonkeyPatch) -> None:
    counts = itertools.count(1)
    patch.setattr(twins.Twins, "heard", lambda self, device, uptime_s, now: next(counts) == 3)


def a_day_is_a_day_of_seconds(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("edgectl.drivers.nodes.speech.LONG_EVERY", 1)


MUTANTS = [
    (
        an_answer_for_another_is_a_late_one,
        lambda bench: test_who_answers_for_another_is_mistrusted_and_the_order_stays_open(
            bench, f"{PH}/pump_main", "ACK"
        ),
    ),
    (a_refused_off_is_off_at_once, test_a_dose_that_cannot_be_stopped_is_off_with_its_own_last_word),
    (
        any_refusal_means_that_it_measures,
        lambda _: test_a_probe_is_told_to_measure_until_its_node_takes_it("BUSY", "", True),
    ),
    (every_restart_is_a_second_node, lambda bench: test_one_node_is_not_taken_for_two(bench, (1000, 1020, 1040, 5))),
    (a_day_is_a_day_of_seconds, test_a_node_that_never_stops_talking_costs_a_bounded_number_of_lines_a_day),
]


@pytest.mark.parametrize(("plant", "test"), MUTANTS, ids=[plant.__name__ for plant, _ in MUTANTS])
def test_the_bug_is_seen(plant: Any, test: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        test(Bench())


def test_a_clock_that_is_told_once_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    our_own_clock_is_told_once(monkeypatch)
    with pytest.raises(ValueError, match="not enough values"):
        test_all_nodes_are_told_when_our_clock_was_set_and_now_and_then(Bench(), monkeypatch)
