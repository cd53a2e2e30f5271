"""After a power cut the clock of the machine begins anew, and what the journal says of the one before lies weeks ahead:
nobody waits for those instants, and no account is lighter for them."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from edgectl.engine import state as life
from edgectl.engine.draft import Draft
from edgectl.engine.rules import conditions, interlock, litres
from edgectl.engine.rules.guards import veto_start
from edgectl.engine.workflows import correction
from edgectl.model.command import Command, CommandState, Order
from edgectl.model.inputs import ClockStepped, ManualOff, ManualOn
from edgectl.model.ledger import DAY
from edgectl.model.output import Output
from edgectl.model.site import Daily
from edgectl.model.task import Correction
from edgectl.model.time import SECOND, Now, Trust
from edgectl.simulate.boots import UP_FOR
from edgectl.simulate.example import example_site
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World
from tests.sim.round_house import BUBBLES, FILM, film_site, piped
from tests.sim.test_air_house import house as air_house
from tests.sim.test_air_house import moved
from tests.sim.test_convoy import two, world_of
from tests.sim.test_two_tanks import house as two_tanks
from tests.sim.test_workflow_rows import ask
from tests.unit.test_thirst import dry_site

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
Patch = pytest.MonkeyPatch
PLANTED = pytest.mark.parametrize("planted", [False, True])


def cut(world: World) -> None:
    """The power goes and comes back: another boot, with a clock that can be believed."""
    world._die()
    world.boots += 1
    world._begin()


def draft_of(world: World) -> Draft:
    return Draft(world.state, Now(mono=world.now, wall=world.wall, trust=Trust.SYNCED))


def _as_it_was(patch: Patch) -> None:
    """Believe the instants of another boot."""
    patch.setattr(life, "_before", lambda command, started: command)
    patch.setattr(
        life, "_of_this_life", lambda output, boot_id: replace(output, closing=None if output.owed_off else 0)
    )


@PLANTED
def test_a_vent_is_run_home(monkeypatch: Patch, planted: bool) -> None:
    """Its other way had last moved weeks ahead, and no vent was shut for as long as the house had stood before."""
    if planted:
        _as_it_was(monkeypatch)
    world = air_house()
    while not moved(world, "roof_open"):
        world.run(world.now + 10 * MINUTE)
    world.run(world.now + 10 * MINUTE)
    before = moved(world, "roof_close")
    cut(world)
    world.run(world.now + 10 * MINUTE)
    assert (moved(world, "roof_close") == before) is planted


@PLANTED
def test_an_order_that_the_power_cut_off_keeps_no_bubbler_still(monkeypatch: Patch, planted: bool) -> None:
    """The order of before had time for weeks, and as long as it was open nobody gave another one."""
    if planted:
        _as_it_was(monkeypatch)
    ground = Ground(piped(), Random(1))
    ground.plant.set("channels", 1.0, 0)
    world = World(film_site(FILM, BUBBLES), (), 1, ground=ground)
    while not any(c.actuator == "bubbler" for c in world.state.commands.values()):
        world.run(world.now + SECOND // 100)
    world.run(world.now + SECOND // 50)
    assert not any(c.terminal for c in world.state.commands.values() if c.actuator == "bubbler")
    world.field._move("bubbler", False, world.now, None, None)
    cut(world)
    world.run(world.now + 5 * MINUTE)
    assert world.field.relays["bubbler"].on is not planted


@PLANTED
def test_the_water_of_a_cut_run_stays_in_the_account_of_the_day(monkeypatch: Patch, planted: bool) -> None:
    """By the clocks of two boots it had not run at all: a house that fell in each of its fills had no cap."""
    if planted:
        monkeypatch.setattr(interlock, "_close", _giving_all_back(interlock._close))
    site = example_site()
    pump = replace(site.actuators["pump"], daily=Daily(litres=100, l_min=10))
    world = World(replace(site, actuators={**site.actuators, "pump": pump}), (), 1, ground=Ground.small(Random(1)))
    world.run(20 * SECOND)
    ask(world, "irrigation", {"duration_s": 60.0})
    world.run(world.now + 45 * SECOND)
    cut(world)
    world.run(world.now + MINUTE)
    assert draft_of(world).spent(litres.account("pump"), DAY) == pytest.approx(0.0 if planted else 10.0, abs=0.5)


def _giving_all_back(close: Callable[[Draft, Output], None]) -> Callable[[Draft, Output], None]:
    return lambda draft, output: close(draft, replace(output, boot_id=draft.state.boot_id))


def test_what_was_given_back_leaves_the_account_together_with_its_run() -> None:
    """It stayed a little longer, and for that time the day allowed more than the day allows."""
    site = example_site()
    pump = replace(site.actuators["pump"], daily=Daily(litres=100, l_min=10))
    world = World(replace(site, actuators={**site.actuators, "pump": pump}), (), 1, ground=Ground.small(Random(1)))
    world.run(20 * SECOND)
    world.offer(ManualOn(token=1, actuator="valve", lease=600 * SECOND, who="Ana"))
    world.run(world.now + 5 * SECOND)
    world.offer(ManualOn(token=2, actuator="pump", lease=300 * SECOND, who="Ana"))
    world.run(world.now + 2 * MINUTE)
    world.offer(ManualOff(token=3, actuator="pump", who="Ana"))
    world.run(world.now + 2 * MINUTE)
    draft = draft_of(world)
    assert 19 < draft.spent(litres.account("pump"), DAY) < 21
    for second in range(24 * 3600 - 600, 24 * 3600 + 600, 20):
        draft.now = replace(draft.now, mono=world.now + second * SECOND, wall=world.wall + second * SECOND)
        assert draft.spent(litres.account("pump"), DAY) >= 0


@PLANTED
def test_a_load_that_ran_before_keeps_no_other_off(monkeypatch: Patch, planted: bool) -> None:
    """Its start seemed to be under way for weeks, with all that it draws."""
    if planted:
        _as_it_was(monkeypatch)
    site = example_site()
    parts = {name: replace(site.actuators[name], inrush=8.0) for name in ("pump", "lamp")}
    world = World(replace(site, actuators={**site.actuators, **parts}, max_inrush=10.0), (), 1)
    world.run(20 * SECOND)
    world.offer(ManualOn(token=1, actuator="valve", lease=600 * SECOND, who="Ana"))
    world.run(world.now + 5 * SECOND)
    world.offer(ManualOn(token=2, actuator="pump", lease=300 * SECOND, who="Ana"))
    world.run(world.now + 10 * SECOND)
    assert world.field.relays["pump"].on
    cut(world)
    world.run(world.now + 2 * MINUTE)
    assert (veto_start(draft_of(world), world.site.actuators["lamp"], None) is not None) is planted


@PLANTED
def test_a_pump_against_a_shut_valve_stops_also_beside_one_that_closed_before(
    monkeypatch: Patch, planted: bool
) -> None:
    """The second valve had closed weeks ahead, and the pump was given until then."""
    if planted:
        monkeypatch.setattr(life, "_of_this_life", lambda output, boot_id: output)
    site = two()
    world = world_of(replace(site, zones={name: replace(zone, flow=None) for name, zone in site.zones.items()}))
    ask(world, "irrigation", {"duration_s": 5.0}, zone="zone-2")
    world.run(world.now + MINUTE)
    cut(world)
    world.run(world.now + MINUTE)
    for token, (name, lease) in enumerate((("valve", 600), ("pump", 300)), 1):
        world.offer(ManualOn(token=token, actuator=name, lease=lease * SECOND, who="Ana"))
        world.run(world.now + 5 * SECOND)
    assert world.field.relays["pump"].on
    world.offer(ManualOff(token=3, actuator="valve", who="Ana"))
    world.run(world.now + 4 * SECOND)
    assert world.field.relays["pump"].on is planted


def test_the_next_dose_waits_for_no_dose_of_another_boot() -> None:
    """Its mixing time was counted from weeks ahead: each preparation after a power cut gave one dose and failed."""
    world = two_tanks()
    world.run(10 * SECOND)
    draft = draft_of(world)
    before = Now(mono=world.now + UP_FOR, wall=world.wall - DAY // 2, trust=Trust.SYNCED)
    draft.put(draft.ledger("acid").add(3.0, before.mono, before, "another boot", 0))
    pending = Command(
        cmd_id="dose",
        task_id="t",
        zone="zone-1",
        stage="dose",
        actuator="acid",
        order=Order.ON,
        lease=SECOND,
        queued_at=world.now,
        not_after=world.now,
        state=CommandState.DONE,
        ended_at=world.now,
    )
    draft.put(pending)
    ask(world, "diagnostics", {"workflow": "startup"})
    world.run(world.now + SECOND)
    (task,) = world.state.tasks.values()
    draft.put(task)
    correction._follow(draft, task, Correction(pending="dose", actuator="acid"))
    after = draft.task(task.task_id).correction
    assert after is not None
    assert after.wait_until < world.now + HOUR


@PLANTED
def test_plants_are_as_dry_after_a_power_cut_as_before(monkeypatch: Patch, planted: bool) -> None:
    """A time server set the clock after each boot, no account was believed any more, and thirst began at nought."""
    if planted:
        heard = conditions.clock_stepped
        monkeypatch.setattr(conditions, "clock_stepped", lambda draft, news: heard(draft, replace(news, believed=True)))
    site = dry_site()
    world = World(replace(site, zones={"zone-1": replace(site.zones["zone-1"], fallback=None)}), (), 1)
    world.run(20 * SECOND)
    ask(world, "irrigation", {"duration_s": 20.0})
    watered = world.now
    for number in range(1, 4):
        world.run(watered + number * 4 * HOUR)
        _slow(world)
        cut(world)
    world.run(world.now + 10 * MINUTE)
    assert ("zone_thirsty:zone-1" in world.state.alarms) is not planted


def _slow(world: World) -> None:
    """Its clock has no battery: it will be wrong for a minute after the next start."""
    world._astray = -1200 * SECOND
    world._wall_step += world._astray
    world._trusted_at = world.now + 2 * MINUTE


def test_a_clock_that_was_believed_and_is_set_dates_nothing_any_more() -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    draft = draft_of(world)
    draft.spend("acid", 1.0, world.now)
    conditions.clock_stepped(draft, ClockStepped(seconds=86_400.0))
    assert not any(entry.synced for entry in draft.ledger("acid").spent)
