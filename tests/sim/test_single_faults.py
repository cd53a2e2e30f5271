"""Every single thing that can break in the two-tank house: it ends safe, and a person is called or told why not."""

from dataclasses import replace

import pytest

from edgectl.model.site import Site
from edgectl.plant.faults import Breakage, Fault
from edgectl.simulate.houses import house_of, settle_in
from edgectl.simulate.single_faults import Ended, live_with
from edgectl.simulate.world import World
from tests.sim.test_two_tanks import FAULTS, FILE, solution

HOUSE = house_of(FILE.site, FILE.schedules)
POSSIBLE = settle_in(HOUSE, 1).field.ground.plant.possible_faults()
# What the words of the older table ask for, by the fault and its value; without a value the usual one is broken.
WORDS = {(fault, of, value): words for fault, of, value, words in FAULTS.values()}
CASES = [*WORDS, *((b.fault, b.of, None) for b in POSSIBLE if (b.fault, b.of, None) not in WORDS)]
UNSEEN = {
    (Fault.PROBE_BIAS, "counter.counter_1"),
    (Fault.PROBE_BIAS, "ph.ph"),
    (Fault.PROBE_BIAS, "ec.ec"),
    (Fault.VALVE_LEAKING, "valve_clean_supply"),
    (Fault.VALVE_LEAKING, "valve_solution_supply"),
    (Fault.VALVE_LEAKING, "valve_solution_fill"),
}
# A float that hangs where it should be most of the time shows only when the tank is empty or full.
LATENT = {(Fault.PROBE_STUCK, "board.di_1", 1.0), (Fault.PROBE_STUCK, "board.di_3", 1.0)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0].value} {case[1]} {case[2] or 0:g}")
def test_every_single_fault_ends_safe_alarmed_and_explained(case: tuple[Fault, str, float | None]) -> None:
    fault, of, value = case
    ended, world = live_with(HOUSE, 1, Breakage(fault=fault, of=of), value)
    assert ended.safe, (ended.broken, ended.still_on)
    assert 3.9 < solution(world).ph < 9.1
    assert solution(world).ec < 3.0
    assert not any(relay.on for relay in world.field.relays.values())
    if case not in LATENT:
        assert bool(ended.alarms) is ((fault, of) not in UNSEEN), "a person is called, or nobody can know"
        assert ended.told
    told = [str(entry.details) for entry in world.journal.timeline] + list(ended.alarms)
    assert any(WORDS.get(case, "") in line for line in told)


def test_the_table_covers_the_whole_plant() -> None:
    assert {(b.fault, b.of) for b in POSSIBLE} == {(fault, of) for fault, of, _ in CASES}


@pytest.mark.parametrize(("sensor", "channel"), [("solution_ph", "ph"), ("solution_ec", "ec")])
def test_a_second_probe_sees_the_bias_of_the_first(sensor: str, channel: str) -> None:
    """What one probe cannot know of itself, two can: nothing is dosed, and a person is called."""
    house = house_of(_doubled(FILE.site, sensor, channel), FILE.schedules)
    ended, _ = live_with(house, 1, Breakage(fault=Fault.PROBE_BIAS, of=f"{channel}.{channel}"), None)
    assert ended.safe
    assert "schedule_failed:prepare" in ended.alarms
    healthy: World = settle_in(house, 1)
    healthy.run(24 * 3600 * 10**9)
    assert not healthy.state.alarms


def _doubled(site: Site, sensor: str, channel: str) -> Site:
    probe = site.sensors[sensor]
    pair = replace(probe, median_of=(probe.channel, f"second_{channel}.{channel}"), agree_within=0.4)
    return replace(site, sensors={**site.sensors, sensor: pair})


def test_a_fault_that_nobody_tells_of_is_red() -> None:
    silent = Ended(breakage=POSSIBLE[0], broken=(), still_on=(), alarms=(), said=())
    assert not silent.told
