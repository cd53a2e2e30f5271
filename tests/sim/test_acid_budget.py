"""Hard water takes more acid than any hour is trusted with: a preparation has its own budget, by the litres filled."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from edgectl.config.loader import load
from edgectl.engine.draft import Draft
from edgectl.engine.rules import dosing, preparing
from edgectl.model.ledger import DAY, HOUR
from edgectl.model.site import Site
from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.plant.faults import Fault
from edgectl.plant.water import HARD
from edgectl.simulate.estate import estate
from edgectl.simulate.world import World
from tests.sim.test_two_tanks import FILE, broken, ground_of
from tests.sim.test_workflow_rows import ask, codes, ended
from tests.unit.site_files import changed, rejected
from tests.unit.test_config_tanks import TWO

Patch = pytest.MonkeyPatch
PER_HOUR, PER_DAY = 15.0, 400.0
LITTLE, MUCH = 0.4, 2.8  # ml for each litre: less and more than this water takes
FILLED_L = 92.5  # from 3 L to the upper float


def site(per_litre: float, *, per_day: float = PER_DAY) -> Site:
    """The two-tank site on hard water, whose acid was measured there."""
    zone, acid = FILE.site.zones["zone-1"], FILE.site.actuators["acid"]
    assert zone.chemistry is not None
    assert acid.doser is not None
    doser = replace(acid.doser, gain=0.0075, max_dose_ml=10, max_per_hour_ml=PER_HOUR, max_per_day_ml=per_day)
    zone = replace(zone, chemistry=replace(zone.chemistry, acid_per_litre=per_litre))
    actuators = {**FILE.site.actuators, "acid": replace(acid, doser=doser)}
    return replace(FILE.site, zones={"zone-1": zone}, actuators=actuators, restarts_allowed=None)


def house(site: Site, *, crash: float = 0.0, seed: int = 1) -> World:
    world = World(site, (), seed, ground=estate(site, Random(seed), HARD), crash=crash)
    world.run(30 * SECOND)
    return world


def prepare(world: World, name: str = "prepare-it", *, hours: float = 4) -> None:
    ask(world, "diagnostics", {"workflow": "startup"}, name=name)
    world.run(world.now + round(hours * HOUR))
    world.field.advance(world.now)


def most_within(world: World, span: Nanos) -> float:
    """The most acid that flowed within any such span."""
    pulses = ground_of(world).plant.plumbing.doses["acid"].pulses
    ends = [pulse.start for pulse in pulses]
    return max((sum(pulse.ml for pulse in pulses if end - span < pulse.start <= end) for end in ends), default=0)


@pytest.mark.parametrize("per_litre", [0.0, MUCH])
def test_hard_water_is_prepared_in_one_go_where_the_litres_are_counted(per_litre: float) -> None:
    world = house(site(per_litre))
    prepare(world)
    assert broken(world) == []
    if not per_litre:
        assert "prepare_targets_not_reached" in codes(world)
        assert most_within(world, HOUR) <= PER_HOUR + 1
        return
    assert ended(world, "prepare-it").outcome is not None
    assert "prepare_targets_reached" in codes(world)
    assert 3 * PER_HOUR < most_within(world, HOUR) <= MUCH * FILLED_L
    assert abs(ground_of(world).plant.plumbing.tanks["solution"].ph - 5.8) < 0.15 * 5.8 + 0.1


def _nothing_entered(patch: Patch) -> None:
    """Give by the litres and remember nothing of it."""
    patch.setattr(preparing, "enter", lambda draft, acid, ml, until: None)
    patch.setattr(preparing, "left_ml", _by_the_litres)


def _by_the_litres(draft, acid):  # type: ignore[no-untyped-def]
    return LITTLE * draft.spent(preparing.filled("zone-1"), DAY)


def _every_look_is_a_fill(patch: Patch) -> None:
    """Enter the litres of a whole tank whenever a fill is left."""
    credit = preparing.fill_ended
    patch.setattr(preparing, "fill_ended", lambda draft, zone, litres: credit(draft, zone, 3 * litres))


@pytest.mark.parametrize("planted", [None, _nothing_entered, _every_look_is_a_fill])
def test_at_its_limit_the_preparation_goes_by_the_hour_again(
    monkeypatch: Patch, planted: Callable[[Patch], None] | None
) -> None:
    if planted is not None:
        planted(monkeypatch)
    world = house(site(LITTLE))
    prepare(world, hours=1.8)
    over = most_within(world, HOUR) > LITTLE * FILLED_L + 1
    assert over is (planted is not None)
    assert any(sentence.startswith("10:") for sentence in broken(world)) is over


@pytest.mark.parametrize("planted", [False, True])
def test_a_restart_gives_the_budget_no_second_time(monkeypatch: Patch, planted: bool) -> None:
    def forgetful(draft, acid):  # type: ignore[no-untyped-def]
        whole = LITTLE * draft.spent(preparing.filled("zone-1"), DAY)
        return whole - sum(e.amount for e in draft.ledger(preparing.given(acid)).spent if e.at >= draft.state.started)

    if planted:
        monkeypatch.setattr(preparing, "left_ml", forgetful)
    world = house(site(LITTLE))
    prepare(world, hours=1.3)
    world._begin()
    world.run(world.now + 60 * SECOND)
    prepare(world, "once-more", hours=0.9)
    assert (most_within(world, 3 * HOUR) > LITTLE * FILLED_L + PER_HOUR + 1) is planted


def test_the_day_holds_whatever_the_litres_allow() -> None:
    world = house(site(MUCH, per_day=30))
    prepare(world, hours=3)
    assert PER_HOUR < most_within(world, DAY) <= 30.5


def test_crashes_between_any_two_steps_give_no_more() -> None:
    world = house(site(LITTLE), crash=0.001, seed=5)
    for n in range(4):
        prepare(world, f"prepare-{n}", hours=1)
    assert world.report.crashes > 1
    assert broken(world) == []
    assert most_within(world, HOUR) > 0


def test_what_is_entered_is_what_came() -> None:
    """By the counter, or by the rate for as long as the stage held, whichever is less; a full tank adds nothing."""

    def entered(world: World) -> float:
        return sum(entry.amount for entry in world.state.ledgers[preparing.filled("zone-1")].spent)

    world = house(site(LITTLE))
    prepare(world, hours=1)
    assert entered(world) == pytest.approx(FILLED_L, abs=2)
    prepare(world, "full-already", hours=0.2)
    assert entered(world) == pytest.approx(FILLED_L, abs=2)
    worn = house(site(LITTLE))
    ground_of(worn).plant.break_part(Fault.PUMP_WORN, "pump_main", worn.now)
    prepare(worn, hours=0.5)
    assert entered(worn) <= ground_of(worn).plant.plumbing.tanks["solution"].volume_l - 2


def test_what_is_not_a_preparation_goes_by_the_hour_alone() -> None:
    world = house(site(MUCH))
    prepare(world, hours=1)
    world.run(world.now + HOUR)
    draft = Draft(world.state, Now(mono=world.now, wall=world.wall, trust=Trust.SYNCED))
    assert preparing.left_ml(draft, "acid") == 0
    assert dosing.caps_left(draft, "acid") <= PER_HOUR


# -- in the site file

ACID = "      acid: acid\n"


def test_the_budget_stands_beside_the_acid(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(changed(ACID, f"{ACID}      acid_per_litre: 2.8ml\n", TWO))
    chemistry = load(tmp_path / "site.yaml").site.zones["zone-1"].chemistry
    assert chemistry is not None
    assert chemistry.acid_per_litre == 2.8


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("      acid_per_litre: 2.8ml\n", "means nothing without acid"),
        (f"{ACID}      acid_per_litre: 5ml\n", "500 ml for 100 L are more than max_per_day of acid, 400 ml"),
    ],
)
def test_a_budget_that_cannot_be_is_named(tmp_path: Path, new: str, words: str) -> None:
    found = rejected(tmp_path, changed(ACID, new, TWO))
    assert any(words in problem.what for problem in found), [problem.what for problem in found]
