"""What is told of a node that does not fit the site file makes an alarm, and ends it: neither may be lost."""

from typing import Any

import pytest

from edgectl.drivers.nodes.fitness import Fitness
from edgectl.drivers.nodes.presence import Presences
from edgectl.drivers.nodes.seam import Alive, Reports
from edgectl.drivers.nodes.speech import BURST, Speech
from edgectl.drivers.registry import find
from edgectl.drivers.wiring import Device
from edgectl.model.inputs import NodeNews
from edgectl.model.time import SECOND
from tests.unit.test_node_owner import IRRIG, WALL, Bench
from tests.unit.test_node_troubles import REPORT, reports

ABOUT = ("NODE_DIFFERS", "NODE_LACKS", "NODE_FITS")
PLUG = Device(name="plug", unit=None, profile=find("shelly-plus-1"), node="plug-1")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def told(bench: Bench) -> list[str]:
    return [item.what for item in bench.told if isinstance(item, NodeNews) and item.what in ABOUT]


def differs(bench: Bench) -> None:
    bench.hear(f"{IRRIG}/config_report", {**REPORT, "type": "ph", "channels": []})


def test_a_node_put_right_that_lacks_an_output_leaves_its_alarm_standing(bench: Bench) -> None:
    differs(bench)
    reports(bench, "valve_irrigation")
    assert told(bench) == ["NODE_DIFFERS", "NODE_LACKS"]
    differs(bench)
    reports(bench, "valve_irrigation")
    assert told(bench)[2:] == ["NODE_DIFFERS", "NODE_LACKS"], "it is what the alarm says again"
    reports(bench)
    assert len(told(bench)) == 4, "a report that lists no outputs ends nothing"
    reports(bench, "pump_main", "valve_irrigation")
    assert told(bench)[4:] == ["NODE_FITS"]


def test_a_node_whose_double_has_gone_is_still_named_for_what_it_lacks(bench: Bench) -> None:
    reports(bench, "valve_irrigation")
    for uptime in (1000, 50, 1040, 90, 1080, 130, 1120):
        bench.run(20 * SECOND)
        bench.hear(f"{IRRIG}/heartbeat", {"uptime": uptime, "free_heap": 1})
    bench.run(700 * SECOND)
    assert told(bench) == ["NODE_LACKS", "NODE_DIFFERS", "NODE_LACKS"]


def test_the_first_right_report_of_a_life_ends_the_alarm_of_the_life_before(bench: Bench) -> None:
    for _ in range(3):
        reports(bench, "pump_main", "valve_irrigation")
    assert told(bench) == ["NODE_FITS"]


def test_what_an_alarm_hangs_on_waits_for_room_among_the_lines_and_is_no_line_left_out(bench: Bench) -> None:
    for number in range(BURST + 5):
        body = {"event_code": f"e{number}", "ts": (WALL + bench.now) // SECOND}
        bench.hear(f"{IRRIG}/storage_state/event", body)
    reports(bench, "valve_irrigation")
    assert told(bench) == []
    bench.run(10 * SECOND)
    assert told(bench) == ["NODE_LACKS"]
    assert sum(line.details["left_out"] for line in bench.journaled("NODE_FLOODS")) == 5


def test_a_device_fits_when_each_of_its_looks_was_right_also_in_its_first_life() -> None:
    fitness = Fitness("relays", "power")
    assert fitness.found(PLUG, "power", "") == Alive(device="plug"), "its relays may still be wrong"
    assert fitness.found(PLUG, "relays", "") == Reports(device="plug", wrong="", longest_ms={})
    assert fitness.found(PLUG, "relays", "") == Alive(device="plug")
    assert fitness.found(PLUG, "power", "on") == Reports(device="plug", wrong="on", longest_ms={})
    assert fitness.found(PLUG, "relays", "") == Alive(device="plug"), "it is told once"
    assert fitness.found(PLUG, "power", "") == Reports(device="plug", wrong="", longest_ms={})


# ---------------------------------------------------------------- planted bugs


def whoever_is_no_stranger_fits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Presences, "_say_fit", lambda self, device, now: self._say(device, "NODE_FITS", {}, now))


def what_finds_no_room_is_left_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Presences, "_say", lambda self, device, what, details, now: self._told.news(device, what, details, now)
    )


def each_try_is_a_line_left_out(patch: pytest.MonkeyPatch) -> None:
    may = Speech.may
    patch.setattr(Speech, "may", lambda self, now, counted=True: may(self, now))


@pytest.mark.parametrize(
    ("plant", "test"),
    [
        (whoever_is_no_stranger_fits, test_a_node_put_right_that_lacks_an_output_leaves_its_alarm_standing),
        (whoever_is_no_stranger_fits, test_a_node_whose_double_has_gone_is_still_named_for_what_it_lacks),
        (
            what_finds_no_room_is_left_out,
            test_what_an_alarm_hangs_on_waits_for_room_among_the_lines_and_is_no_line_left_out,
        ),
        (
            each_try_is_a_line_left_out,
            test_what_an_alarm_hangs_on_waits_for_room_among_the_lines_and_is_no_line_left_out,
        ),
    ],
)
def test_the_bug_is_seen(plant: Any, test: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        test(Bench())
