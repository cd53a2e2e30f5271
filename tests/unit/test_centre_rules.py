"""What the centre asks for, in the engine: the answer is in the commit of the deed, and nothing from afar widens."""

from dataclasses import replace
from typing import Any

import pytest

from edgectl.engine import envelope
from edgectl.engine.rules import centre
from edgectl.model.ask import Ask, Tighten
from edgectl.model.hands import Override
from edgectl.model.inputs import (
    CentreRequest,
    Concern,
    Restrain,
    Restraint,
    TaskRequest,
    TelemetryDropped,
    Wish,
)
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World
from tests.sim.test_workflow_rows import prepared

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
TIGHT = {"actuators": {"pump": {"max_on_s": 300}}}


def world() -> World:
    house = World(example_site(), example_schedules(), 1)
    house.run(60 * SECOND)
    return house


def asked(house: World, wish: Wish | None, *, lasts: int = HOUR, code: str = "", refusal: str = "") -> dict[str, Any]:
    """Ask, and return what the timeline says was answered."""
    name = f"request-{house.state.seq}"
    ask = Ask(request_id=name, kind="x", due_at=house.wall, expires_at=house.wall + lasts, created_by="desk")
    house.offer(CentreRequest(token=9, ask=ask, wish=wish, code=code, refusal=refusal))
    house.run(house.now + 2 * SECOND)
    (told,) = [e for e in house.journal.timeline if e.details.get("request_id") == name]
    assert (told.event_type, told.details["who"]) == ("CENTRE_REQUEST_ANSWERED", "centre:desk")
    return dict(told.details)


def hold(*, on: bool = True, who: str = "centre:desk") -> Restrain:
    return Restrain(
        token=9, what=Restraint.HOLD, on=on, who=who, zone="zone-1", why="spraying", lasts=HOUR if on else None
    )


def tighten(revision: int, limits: Any) -> Tighten:
    return Tighten(token=9, revision=revision, limits=limits, who="centre:desk")


def test_a_task_of_the_centre_is_a_task_like_any_other() -> None:
    house = world()
    wish = TaskRequest(
        token=9,
        zone="zone-1",
        task_type="irrigation",
        payload={"duration_s": 20},
        source="centre",
        correlation_id="centre:watering-1",
        scheduled_for=house.wall,
        due_at=house.wall + HOUR,
        expires_at=house.wall + 2 * HOUR,
    )
    assert asked(house, wish)["ok"]
    house.run(house.now + 120 * SECOND)
    task = house.known("centre:watering-1")
    assert task is not None
    assert (task.status, task.source) == ("completed", "centre")
    again = asked(house, replace(wish, payload={"duration_s": 30}, known=task))
    assert (again["ok"], again["code"]) == (False, "idempotency_payload_mismatch")


def test_a_hold_and_who_may_release_it() -> None:
    house = world()
    assert asked(house, hold())["ok"]
    assert asked(house, hold(on=False))["ok"]
    house.offer(hold(who="Ana"))
    house.run(house.now + SECOND)
    refused = asked(house, hold(on=False))
    assert (refused["code"], refused["why"]) == (
        "held_on_site",
        "Ana put it on at the site, and only there it is released or changed",
    )
    assert house.state.latches["hold:zone-1"].held


@pytest.mark.parametrize("lasts", [5 * SECOND, 48 * HOUR])
@pytest.mark.parametrize(("who", "code"), [("Ana", "held_on_site"), ("centre:desk", "ok")])
def test_a_hold_of_a_person_at_the_site_is_not_replaced_by_one_from_afar(who: str, code: str, lasts: Nanos) -> None:
    """Five seconds of its own ended hers of two days, and the next run watered whoever was spraying. A longer one would
    have been the centre's to release."""
    house = world()
    house.offer(hold(who=who))
    house.run(house.now + 2 * SECOND)
    hers = house.state.latches["hold:zone-1"]
    assert asked(house, replace(hold(), lasts=lasts))["code"] == code
    house.run(house.now + 10 * SECOND)
    stands = house.state.latches["hold:zone-1"]
    assert (stands == hers) is (code != "ok")
    assert stands.held is (code != "ok" or lasts > MINUTE)


def test_a_hold_from_afar_is_taken_when_that_of_a_person_is_over() -> None:
    house = world()
    house.offer(replace(hold(who="Ana"), lasts=MINUTE))
    house.run(house.now + MINUTE + 2 * SECOND)
    assert asked(house, hold())["code"] == "ok"


@pytest.mark.parametrize("value", [None, 0.0])
@pytest.mark.parametrize(("who", "code"), [("Ana", "held_on_site"), ("centre:desk", "ok")])
def test_what_a_person_has_set_at_the_site_is_not_ended_by_another_value(
    who: str, code: str, value: float | None
) -> None:
    """A second of its own ended a hold of dosing for a day."""
    house = prepared()
    hers = Override(token=1, zone="zone-1", setting="dosing", value=0.0, lasts=24 * HOUR, who=who, why="acid room")
    house.offer(hers)
    house.run(house.now + 2 * SECOND)
    answered = asked(house, replace(hers, token=9, value=value, lasts=SECOND, who="centre:desk"))
    assert answered["code"] == code
    latch = house.state.latches.get("override:zone-1:dosing")
    if code != "ok":
        assert latch is not None
        assert (latch.held, latch.who) == (True, "Ana")


def test_without_the_look_at_who_set_it_a_second_from_afar_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(centre, "_undone", lambda wish: "")
    with pytest.raises(AssertionError):
        test_what_a_person_has_set_at_the_site_is_not_ended_by_another_value("Ana", "held_on_site", 0.0)
    with pytest.raises(AssertionError):
        test_a_hold_of_a_person_at_the_site_is_not_replaced_by_one_from_afar("Ana", "held_on_site", 5 * SECOND)


def test_what_is_late_or_not_understood_does_nothing() -> None:
    house = world()
    late = asked(house, hold(), lasts=-1)
    assert (late["ok"], late["code"]) == (False, "task_expired")
    unknown = asked(house, None, code="unknown_request", refusal="'reboot' is nothing")
    assert (unknown["ok"], unknown["why"]) == (False, "'reboot' is nothing")
    assert "hold:zone-1" not in house.state.latches


def test_limits_are_in_force_from_the_next_turn_on_and_across_restarts() -> None:
    house = world()
    assert asked(house, tighten(1, TIGHT))["ok"]
    assert house.state.site.actuators["pump"].max_on == 300 * SECOND
    assert house.state.local.actuators["pump"].max_on == 600 * SECOND
    house._begin()
    assert house.state.site.actuators["pump"].max_on == 300 * SECOND
    house.run(house.now + 60 * SECOND)
    worse = {"actuators": {"pump": {"max_on_s": 200}, "valve": {"max_on_s": 10_000}}}
    assert asked(house, tighten(2, worse))["code"] == "limits_refused"
    assert house.state.site.actuators["pump"].max_on == 300 * SECOND, "whole or not at all"
    assert asked(house, tighten(1, {}))["code"] == "limits_refused", "a number that is not newer"
    assert asked(house, tighten(2, {}))["ok"]
    assert house.state.site == house.state.local


def test_limits_that_leave_no_room_for_planned_work_are_refused_or_given_up() -> None:
    house = world()
    refused = asked(house, tighten(1, {"actuators": {"pump": {"max_on_s": 1}}}))
    assert "every run of it would be refused" in refused["why"]
    assert asked(house, tighten(2, TIGHT))["ok"]
    # The next site file waters for longer than the centre's limits allow: the file alone is in force.
    first, *others = house.schedules
    house.schedules = (replace(first, payload={"duration_s": 400}), *others)
    house._begin()
    house.run(house.now + 60 * SECOND)
    assert house.state.site == house.state.local
    assert not house.state.latches[envelope.NAME].held
    told = [e for e in house.journal.timeline if e.event_type == "LIMITS_TIGHTENED"]
    assert told[-1].details["who"] == "engine"
    assert first.name in told[-1].details["why"]


def test_the_way_back_to_the_set_before_is_one_word() -> None:
    house = world()
    back = Tighten(token=9, revision=3, limits={}, who="centre:desk", back=True)
    assert "there was no set before" in asked(house, replace(back, revision=1))["why"]
    assert asked(house, tighten(1, TIGHT))["ok"]
    assert asked(house, tighten(2, {"actuators": {"pump": {"max_on_s": 200}}}))["ok"]
    assert asked(house, back)["ok"]
    assert house.state.site.actuators["pump"].max_on == 300 * SECOND
    house._begin()
    house.run(house.now + 60 * SECOND)
    assert house.state.site.actuators["pump"].max_on == 300 * SECOND
    (told,) = [e.details for e in house.journal.timeline if "back_to" in e.details]
    assert (told["revision"], told["before"], told["back_to"]) == (3, 2, 1)


def test_a_file_that_no_longer_fits_into_the_newest_set_has_the_one_before() -> None:
    house = world()
    assert asked(house, tighten(1, TIGHT))["ok"]
    assert asked(house, tighten(2, {"actuators": {"pump": {"max_on_s": 200}}}))["ok"]
    first, *others = house.schedules
    house.schedules = (replace(first, payload={"duration_s": 250}), *others)
    house._begin()
    house.run(house.now + 60 * SECOND)
    assert house.state.site.actuators["pump"].max_on == 300 * SECOND
    assert house.state.latches[envelope.NAME].count == 2, "an older number still does not come back"
    (told,) = [e.details for e in house.journal.timeline if "back_to" in e.details]
    assert (told["who"], told["back_to"]) == ("engine", 1)


def test_a_range_that_shuts_out_what_is_read_now_is_refused() -> None:
    house = world()
    low = {"sensors": {"level": {"high": 40.0}}}
    refused = asked(house, tighten(1, low))
    assert refused["code"] == "limits_refused"
    assert refused["why"].startswith("sensors.level: it reads ")
    assert house.state.site == house.state.local


def test_dropped_readings_and_gaps_are_told() -> None:
    house = world()
    house.offer(TelemetryDropped(minutes=12, budget=1 << 20))
    gap = Concern(code="parity_gap", subject="centre", active=True, message="missing there: 4", advice="look")
    house.offer(gap)
    house.run(house.now + SECOND)
    assert house.state.alarms["parity_gap:centre"].active
    assert [e.details["minutes"] for e in house.journal.timeline if e.event_type == "TELEMETRY_DROPPED"] == [12]
    house.offer(replace(gap, active=False))
    house.run(house.now + SECOND)
    assert not house.state.alarms["parity_gap:centre"].active
