"""Bugs planted into the owner of nodes: for each there is a test that sees it, or that test proves nothing."""

import itertools
from collections.abc import Callable

import pytest

from edgectl.drivers.nodes import answers, hydro2, owner
from edgectl.drivers.nodes.books import Books, Pending
from edgectl.drivers.nodes.hydro2 import Hydro2
from edgectl.drivers.nodes.ids import wire_id_of
from edgectl.drivers.nodes.owner import NodeOwner
from edgectl.drivers.nodes.presence import Presences
from edgectl.drivers.nodes.seam import Meaning, Present
from edgectl.drivers.nodes.speech import Speech
from edgectl.drivers.wiring import Device
from edgectl.model.inputs import ReplyStatus
from edgectl.model.time import Nanos, Now
from tests.unit import test_node_owner as seen
from tests.unit.test_node_owner import Bench

Plant = Callable[[pytest.MonkeyPatch], None]


def off_under_one_id(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(owner, "count", lambda start: itertools.repeat(start))


def answers_of_anybody(patch: pytest.MonkeyPatch) -> None:
    def find(self: Books, wire_id: str, device: str, channel: str) -> Pending | None:
        return self._open.get(wire_id)

    patch.setattr(Books, "find", find)


def the_second_word_counts_too(patch: pytest.MonkeyPatch) -> None:
    def close(self: Books, pending: Pending, status: ReplyStatus) -> None:
        self._ended[pending.wire_id] = status

    patch.setattr(Books, "close", close)


def retained_is_as_good_as_fresh(patch: pytest.MonkeyPatch) -> None:
    honest = Hydro2.read

    def read(self: Hydro2, topic: str, payload: bytes, *, retained: bool, now: Now) -> Meaning:
        return honest(self, topic, payload, retained=False, now=now)

    patch.setattr(Hydro2, "read", read)


def a_reading_is_new_when_it_arrives(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hydro2, "_age", lambda ts_s, now: 0)


def an_early_done_is_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers, "EARLY", 10**18)


def everything_is_written_down(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Speech, "may", lambda self, now, counted=True: True)


def a_kept_online_makes_well(patch: pytest.MonkeyPatch) -> None:
    def came_or_went(self: Presences, said: Present, now: Nanos) -> bool:
        (self.alive(said.device, now) if said.online else self.ill(said.device, said.why, now))
        return said.online

    patch.setattr(Presences, "came_or_went", came_or_went)


def an_order_lives_for_ever_at_the_broker(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hydro2, "ACCEPTED_FOR", 10**18)
    honest = Hydro2._order

    def order(self: Hydro2, *rest: object) -> object:
        return honest(self, *rest[:-1], 10**15)  # type: ignore[arg-type]

    patch.setattr(Hydro2, "_order", order)


def every_order_has_a_new_id(patch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count()
    patch.setattr(owner, "wire_id_of", lambda cmd_id: f"{wire_id_of(cmd_id)[:40]}-{next(numbers)}")


def whoever_speaks_takes_orders(patch: pytest.MonkeyPatch) -> None:
    def well(self: Presences, device: str, now: Nanos) -> None:
        self._unsigned.pop(device, None)
        self._news.well(self._health[device], now)

    patch.setattr(Presences, "_well", well)


def a_secret_is_kept_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hydro2, "UNSIGNED", frozenset())


def an_order_that_left_was_believed(patch: pytest.MonkeyPatch) -> None:
    honest = NodeOwner._enter

    def enter(self: NodeOwner, wire_id: str, device: Device, *rest: object) -> None:
        if self._presences._unsigned.pop(device.name, None) is not None:
            self._presences._well(device.name, rest[-1])  # type: ignore[arg-type]
        honest(self, wire_id, device, *rest)  # type: ignore[arg-type]

    patch.setattr(NodeOwner, "_enter", enter)


MUTANTS: list[tuple[Plant, Callable[[Bench], None]]] = [
    (off_under_one_id, seen.test_an_off_overtakes_an_order_that_waits_and_is_repeated_under_a_new_id),
    (answers_of_anybody, seen.test_an_answer_under_another_topic_is_nobody_s),
    (the_second_word_counts_too, seen.test_ack_ack_done_busy_counts_as_one_run),
    (retained_is_as_good_as_fresh, lambda bench: seen.test_what_a_broker_kept_is_refused(bench, "storage_state/event")),
    (a_reading_is_new_when_it_arrives, seen.test_a_reading_is_as_old_as_its_own_clock_says),
    (an_early_done_is_believed, seen.test_a_done_at_the_start_is_written_down_and_the_outputs_are_looked_at),
    (everything_is_written_down, seen.test_a_flood_is_bounded_and_counted),
    (
        a_kept_online_makes_well,
        seen.test_a_kept_online_beside_a_kept_offline_decides_nothing_and_a_fresh_word_does,
    ),
    (
        an_order_lives_for_ever_at_the_broker,
        seen.test_a_run_is_ordered_once_with_its_end_and_confirmed_by_what_the_node_shows,
    ),
    (
        whoever_speaks_takes_orders,
        lambda _: seen.test_a_secret_that_is_not_there_is_told_once_and_taken_up_when_it_comes(),
    ),
    (a_secret_is_kept_for_ever, lambda _: seen.test_a_secret_that_the_node_refuses_is_told_and_read_anew()),
    (an_order_that_left_was_believed, lambda _: seen.test_a_secret_that_the_node_refuses_is_told_and_read_anew()),
    (every_order_has_a_new_id, seen.test_an_id_that_nodes_cannot_bear_gets_one_that_is_always_the_same),
]


@pytest.mark.parametrize(("plant", "test"), MUTANTS, ids=[plant.__name__ for plant, _ in MUTANTS])
def test_the_bug_is_seen(plant: Plant, test: Callable[[Bench], None], monkeypatch: pytest.MonkeyPatch) -> None:
    test(Bench())
    plant(monkeypatch)
    with pytest.raises((AssertionError, IndexError, ValueError)):
        test(Bench())
