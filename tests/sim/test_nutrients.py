"""Nutrients belong together: where one of them has nothing left to give, the others wait for it, and pH does not."""

from dataclasses import replace
from random import Random

import pytest

from edgectl.engine.workflows import correction
from edgectl.plant.water import HARD
from edgectl.simulate.estate import estate
from edgectl.simulate.world import World
from tests.sim.test_two_tanks import FILE
from tests.sim.test_workflow_rows import HOUR


@pytest.mark.parametrize("planted", [False, True])
def test_who_has_used_up_its_day_is_not_replaced_by_the_others(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    """Part A had given all that its day allowed, and the plants got a solution of part B alone."""
    if planted:
        whole = correction._round

        def without(*given):  # type: ignore[no-untyped-def]
            return [(name, dose) for name, dose in whole(*given) if dose is not None]

        monkeypatch.setattr(correction, "_round", without)
    part_a = FILE.site.actuators["part_a"]
    assert part_a.doser is not None
    empty = replace(part_a, doser=replace(part_a.doser, max_per_day_ml=0.1))
    site = replace(FILE.site, actuators={**FILE.site.actuators, "part_a": empty}, restarts_allowed=None)
    world = World(site, FILE.schedules, 1, ground=estate(site, Random(1), HARD))
    world.run(9 * HOUR // 2)
    world.field.advance(world.now)
    dosed = world.field.ground.plant.totals.dosed_ml
    assert dosed.get("part_a", 0.0) == 0
    assert (dosed.get("part_b", 0.0) > 0) is planted
    if not planted:
        assert dosed["acid"] > 0
