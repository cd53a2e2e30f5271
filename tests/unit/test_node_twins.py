"""One node whose words come late, and two under one name: the first goes on, the second are stopped."""

import random
from collections.abc import Iterable

import pytest

from edgectl.drivers.nodes import twins
from edgectl.drivers.nodes.twins import Twins
from edgectl.model.inputs import ReplyStatus
from edgectl.model.time import SECOND
from tests.unit.test_node_owner import IRRIG, Bench

Beat = tuple[int, int]  # the second in which it is heard, and how long its node has run


@pytest.fixture
def bench() -> Bench:
    return Bench()


def hear(bench: Bench, beats: Iterable[Beat]) -> None:
    begun = bench.now
    for at, uptime in beats:
        bench.run(max(0, begun + at * SECOND - bench.now))
        bench.hear(f"{IRRIG}/heartbeat", {"uptime": uptime, "free_heap": 1})


def minutes(count: int, *, ago: int, after: int = 0, late_s: int = 0, each: int = 0) -> list[Beat]:
    """The heartbeats of a node that began some seconds ago; each so-manyth of them comes late."""
    told = [after + 60 * minute for minute in range(1, count + 1)]
    return [(at + (late_s if each and place % each == 0 else 0), ago + at) for place, at in enumerate(told, 1)]


@pytest.mark.parametrize(("late_s", "each"), [(31, 3), (45, 2), (59, 20)])
def test_a_heartbeat_that_comes_late_is_no_second_node(bench: Bench, late_s: int, each: int) -> None:
    hear(bench, minutes(30, ago=1000, late_s=late_s, each=each))
    assert bench.journaled("NODE_DIFFERS") == []
    bench.answer(bench.switch(), "ACK")
    assert bench.replies() == [ReplyStatus.SENT, ReplyStatus.ECHO], "it is believed and ordered"


def test_after_a_late_heartbeat_two_nodes_are_still_found_and_let_go(bench: Bench) -> None:
    alone = minutes(8, ago=5000, late_s=45, each=4)
    both = minutes(8, ago=5000, after=480) + [(at + 20, uptime) for at, uptime in minutes(8, ago=-470, after=480)]
    hear(bench, alone + sorted(both))
    assert len(bench.journaled("NODE_DIFFERS")) == 1
    hear(bench, minutes(14, ago=5000 + 980))
    assert len(bench.journaled("NODE_FITS")) == 1


def found(beats: Iterable[Beat]) -> bool:
    pair = Twins()
    return any([pair.heard("node", uptime, at * SECOND) for at, uptime in beats])


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_network_holds_back_one_node_is_one_and_two_are_two(seed: int) -> None:
    draw = random.Random(seed)
    every, begun, heard, lone = draw.choice([10, 20, 60]), 0, 0, []
    for at in range(every, 200 * every, every):
        begun = at - 1 if draw.random() < 0.01 else begun
        heard = max(heard, at + draw.choice([0, 0, 0, 2, 35, 45, 90, 200]))  # one connection keeps their order
        lone.append((heard, at - begun))
    assert not found(lone)
    between = draw.choice([70, 100, 1000, 100_000])
    older = [(at, between + at) for at in range(every, 100 * every, every) if draw.random() > 0.1]
    younger = [(at + draw.randrange(every), at) for at in range(every, 100 * every, every) if draw.random() > 0.1]
    assert found(sorted(older + younger))


def test_a_late_word_that_is_taken_for_another_life_is_seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins._Lives, "falls", lambda self, uptime_s: True)
    with pytest.raises(AssertionError):
        test_a_heartbeat_that_comes_late_is_no_second_node(bench, 45, 3)


def test_a_return_that_needs_no_word_of_the_other_one_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins._Lives, "fell", property(lambda self: True, lambda self, value: None))
    restart_with_a_late_word = [(60, 1060), (100, 5), (120, 1120), (130, 1130), (140, 1140)]
    with pytest.raises(AssertionError):
        assert not found(restart_with_a_late_word)
