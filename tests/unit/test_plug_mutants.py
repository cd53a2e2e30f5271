"""Bugs planted into what drives Tasmota and Shelly: for each there is a test that sees it, or that one is worthless."""

from collections.abc import Callable

import pytest

from edgectl.drivers.codecs import shelly, tasmota
from edgectl.drivers.nodes.fitness import Fitness
from edgectl.drivers.nodes.seam import Alive, Meaning, Reports
from edgectl.drivers.nodes.shelly import Shelly
from edgectl.drivers.nodes.tasmota import Tasmota
from edgectl.drivers.wiring import Device
from edgectl.model.time import Nanos, Now
from tests.unit import test_plug_owner as seen
from tests.unit.test_plug_owner import Bench

Plant = Callable[[pytest.MonkeyPatch], None]


def no_end_in_a_tasmota(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tasmota, "pulse_time", lambda lease: 0)


def no_end_in_a_shelly(patch: pytest.MonkeyPatch) -> None:
    honest = shelly.set_switch

    def endless(number: int, on: bool, lease: Nanos | None) -> dict[str, object]:
        return honest(number, on, None)

    patch.setattr(shelly, "set_switch", endless)


def an_old_end_stays(patch: pytest.MonkeyPatch) -> None:
    honest = tasmota.pulse_time
    patch.setattr(tasmota, "pulse_time", lambda lease: honest(2_000_000_000 if lease is None else lease))


def retained_is_as_good_as_fresh(patch: pytest.MonkeyPatch) -> None:
    for kind in (Tasmota, Shelly):
        honest = kind.read

        def read(
            self: Tasmota | Shelly, topic: str, payload: bytes, *, retained: bool, now: Now, honest: object = honest
        ) -> Meaning:
            return honest(self, topic, payload, retained=False, now=now)  # type: ignore[operator, no-any-return]

        patch.setattr(kind, "read", read)


def whatever_it_does_after_a_power_cut(patch: pytest.MonkeyPatch) -> None:
    def fine(self: Fitness, device: Device, looked_at: str, wrong: str) -> Reports | Alive:
        return Alive(device=device.name)

    patch.setattr(Fitness, "found", fine)


def an_answer_is_good_for_ever(patch: pytest.MonkeyPatch) -> None:
    honest = Shelly.read

    def read(self: Shelly, topic: str, payload: bytes, *, retained: bool, now: Now) -> Meaning:
        asked = dict(self._asked)
        meaning = honest(self, topic, payload, retained=retained, now=now)
        self._asked.update(asked)
        return meaning

    patch.setattr(Shelly, "read", read)


def any_status_answers_the_question(patch: pytest.MonkeyPatch) -> None:
    honest = Tasmota.read

    def read(self: Tasmota, topic: str, payload: bytes, *, retained: bool, now: Now) -> Meaning:
        for node, (wire_id, _) in self._asked.items():
            self._working[node] = tasmota.Mark(wire_id=wire_id, channel="status", wanted="-")
        return honest(self, topic, payload, retained=retained, now=now)

    patch.setattr(Tasmota, "read", read)


def tasmota_answers_late(bench: Bench) -> None:
    """A question that was lost, and then the answer to an older one."""
    old = [said for said in bench.said if said[0].endswith("STATUS11")][-1]
    bench.on(600 * seen.SECOND)
    bench.between = lambda said: []
    before = len(bench.told)
    bench.owner.take(seen.AskState(actuator="pump"), bench.now)
    bench.run(seen.SECOND)
    bench.hear(old[0], old[1])
    assert [item.on for item in bench.told[before:] if isinstance(item, seen.ReadBack)] == []


CAUGHT: list[tuple[Plant, str, Callable[[Bench], None]]] = [
    (no_end_in_a_tasmota, "tasmota", seen.test_without_a_controller_the_device_ends_it),
    (no_end_in_a_shelly, "shelly", seen.test_without_a_controller_the_device_ends_it),
    (an_old_end_stays, "tasmota", seen.test_an_on_without_an_end_leaves_no_old_one_in_the_device),
    (retained_is_as_good_as_fresh, "tasmota", seen.test_retained_words_are_refused_and_orders_cleared_away),
    (retained_is_as_good_as_fresh, "shelly", seen.test_presence_is_decided_by_fresh_words),
    (
        whatever_it_does_after_a_power_cut,
        "tasmota",
        seen.test_a_device_that_comes_back_on_after_a_power_cut_is_not_used_until_it_is_set_right,
    ),
    (
        whatever_it_does_after_a_power_cut,
        "shelly",
        seen.test_a_device_that_comes_back_on_after_a_power_cut_is_not_used_until_it_is_set_right,
    ),
    (
        an_answer_is_good_for_ever,
        "shelly",
        seen.test_nothing_that_was_recorded_or_bent_moves_a_command_or_shows_a_relay,
    ),
    (any_status_answers_the_question, "tasmota", tasmota_answers_late),
]


@pytest.mark.parametrize(("plant", "kind", "test"), CAUGHT, ids=lambda item: getattr(item, "__name__", item))
def test_each_planted_bug_is_seen(
    monkeypatch: pytest.MonkeyPatch, plant: Plant, kind: str, test: Callable[[Bench], None]
) -> None:
    if test is tasmota_answers_late:
        test(Bench(kind))
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        test(Bench(kind))
