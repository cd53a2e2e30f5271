"""Bugs planted into what becomes of alarms: for each there is a test that sees it, or that one is worthless."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edgectl.engine.rules import alarms, conditions, operator, siren
from edgectl.model.time import Nanos
from edgectl.model.timeline import Alarm
from edgectl.observe import telling
from edgectl.observe.telling import Telling
from tests.unit import test_alarms as rules
from tests.unit import test_siren as loud
from tests.unit import test_telling as told

Plant = Callable[[pytest.MonkeyPatch], None]
NEVER: Nanos = 1 << 60


def nobody_is_told_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "AGAIN", NEVER)


def the_rest_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "OTHERS", NEVER)


def others_are_not_called(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "ESCALATE", NEVER)


def each_device_has_its_alarm(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(conditions, "together", lambda draft, device: False)


def a_flood_is_not_seen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "FLOOD", 1000)


def a_shelf_has_no_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "_by_this_clock", lambda draft, alarm: alarm)


def what_comes_back_has_no_shelf(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Alarm, "after", lambda self, before: self)


def a_critical_one_can_be_silenced(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "priority", lambda code: "high")


def whoever_has_seen_it_is_not_remembered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operator, "replace", lambda alarm, **_: alarm)


def no_hour_is_quiet(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Telling, "_is_quiet", lambda self, wall: False)


def the_night_keeps_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(telling, "priority", lambda code: "low")


def all_of_a_flood_is_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(telling, "FLOOD", "")


def what_began_in_a_flood_is_never_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Telling, "_end_flood", lambda self, mono: None)


def a_flood_may_last_for_days(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "LONGEST_FLOOD", NEVER)


def a_shelf_swallows_what_begins_on_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Alarm, "untold", False)


def each_line_is_a_message(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(telling, "GATHER", 0)


def nothing_is_too_much(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Telling, "_bound", lambda self: None)


def others_never_hear_of_it(patch: pytest.MonkeyPatch) -> None:
    honest = Telling.due

    def due(self: Telling, mono: Nanos, wall: Nanos) -> telling.Message | None:
        message = honest(self, mono, wall)
        return None if message is None else replace(message, escalated=False)

    patch.setattr(Telling, "due", due)


def the_siren_is_never_needed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(siren, "_is_needed", lambda draft: False)


def the_siren_is_hushed_for_good(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(siren, "AGAIN", 2 * siren.SILENCE)


def a_flood_of_eleven() -> None:
    rules.test_more_than_ten_within_ten_minutes_are_a_flood(11, True)


def one_that_comes_and_goes() -> None:
    rules.test_a_flood_ends_when_few_are_left_of_it_and_after_an_hour_at_most(rules.MINUTE // 2, [60, 120])


def a_clock_set_back() -> None:
    rules.test_a_clock_that_comes_back_silences_nobody(9000 * 24 * rules.HOUR)


def something_critical() -> None:
    loud.test_it_sounds_at_once_for_what_is_critical_and_nobody_has_seen("output_may_be_on", None, True)


CAUGHT: list[tuple[Plant, Callable[[], None]]] = [
    (nobody_is_told_again, rules.test_a_critical_alarm_is_told_again_after_5_minutes_and_to_others_after_15),
    (others_are_not_called, rules.test_a_critical_alarm_is_told_again_after_5_minutes_and_to_others_after_15),
    (the_rest_is_forgotten, rules.test_any_other_alarm_is_told_again_after_12_hours_and_never_escalates),
    (each_device_has_its_alarm, rules.test_a_dead_bus_is_one_alarm),
    (a_flood_is_not_seen, a_flood_of_eleven),
    (a_shelf_has_no_end, rules.test_a_shelf_ends_by_itself_and_a_critical_alarm_has_none),
    (a_shelf_has_no_end, a_clock_set_back),
    (a_shelf_has_no_end, rules.test_a_clock_that_comes_back_makes_no_shelf_longer),
    (what_comes_back_has_no_shelf, rules.test_what_comes_and_goes_is_one_alarm_and_its_shelf_holds_for_all_of_it),
    (a_critical_one_can_be_silenced, rules.test_a_shelf_ends_by_itself_and_a_critical_alarm_has_none),
    (whoever_has_seen_it_is_not_remembered, rules.test_what_somebody_has_seen_is_not_told_again),
    (no_hour_is_quiet, told.test_what_is_not_urgent_waits_for_the_morning),
    (the_night_keeps_everything, told.test_what_is_not_urgent_waits_for_the_morning),
    (all_of_a_flood_is_told, told.test_a_flood_is_told_as_one_and_only_what_is_critical_besides),
    (what_began_in_a_flood_is_never_told, told.test_what_began_in_a_flood_is_told_when_it_is_over_if_it_still_stands),
    (a_flood_may_last_for_days, one_that_comes_and_goes),
    (a_shelf_swallows_what_begins_on_it, rules.test_what_begins_on_a_shelf_is_told_when_the_shelf_is_over),
    (each_line_is_a_message, told.test_a_cause_and_its_consequences_are_one_message),
    (nothing_is_too_much, told.test_a_flood_is_bounded_and_says_so),
    (others_never_hear_of_it, told.test_an_escalation_calls_others),
    (the_siren_is_never_needed, something_critical),
    (the_siren_is_hushed_for_good, loud.test_it_is_kept_silent_for_a_minute_at_a_time_and_told_so_three_times_in_that),
]


@pytest.mark.parametrize(("plant", "test"), CAUGHT, ids=lambda item: item.__name__)
def test_each_planted_bug_is_seen(monkeypatch: pytest.MonkeyPatch, plant: Plant, test: Callable[[], None]) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        test()
