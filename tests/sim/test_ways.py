"""The ways of the water behind a pump: sections that follow one another under it, and never too few of them open."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from edgectl.config.loader import load
from edgectl.engine.rules import guards, min_flow
from edgectl.engine.rules.orders import switch_off
from edgectl.engine.workflows import turns
from edgectl.model.inputs import ManualOn
from edgectl.model.site import LeastFlow, Site
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import Fault
from edgectl.simulate.estate import estate
from edgectl.simulate.example import example_site
from edgectl.simulate.invariants import broken
from edgectl.simulate.promises import broken_promises
from edgectl.simulate.world import World
from tests.sim.test_workflow_rows import ask, ended
from tests.unit.site_files import changed, rejected

BEDS = ("valve", "bed_2", "bed_3")


def sections(site: Site | None = None) -> Site:
    """One zone with three sections behind one pump."""
    site = site or example_site()
    more = {
        name: replace(site.actuators["valve"], name=name, channel=f"board.relay_{4 + n}")
        for n, name in enumerate(BEDS[1:])
    }
    zone = replace(site.zones["zone-1"], then=BEDS[1:], rate_l_min=10)
    return replace(site, actuators={**site.actuators, **more}, zones={"zone-1": zone})


def strong(site: Site, *, bypass: str | None = "bypass") -> Site:
    """The pump has to push 15 L/min, and the zone takes 10."""
    way = replace(site.actuators["valve"], name="bypass", channel="board.relay_7")
    pump = replace(site.actuators["pump"], least_flow=LeastFlow(l_min=15, bypass=bypass, bypass_l_min=8))
    zone = replace(site.zones["zone-1"], rate_l_min=10)
    return replace(site, actuators={**site.actuators, "pump": pump, "bypass": way}, zones={"zone-1": zone})


def lived(site: Site) -> World:
    world = World(site, (), 1, ground=estate(site, Random(1)))
    world.run(20 * SECOND)
    return world


def spells(world: World, name: str) -> list[tuple[Nanos, Nanos]]:
    """When the output was on."""
    found, since = list[tuple[Nanos, Nanos]](), None
    for move in world.field.trace:
        if move.name == name and move.on and since is None:
            since = move.at
        elif move.name == name and not move.on and since is not None:
            found.append((since, move.at))
            since = None
    return found


def told(world: World) -> list[str]:
    return [
        *broken(world.site, world.journal, world.field.trace, world.report.ready_at),
        *broken_promises(world),
    ]


@pytest.mark.parametrize("amount", [{"duration_s": 60}, {"volume_l": 9}])
def test_each_section_opens_before_the_last_one_closes_and_the_pump_never_stops(amount: dict[str, float]) -> None:
    world = lived(sections())
    ask(world, "irrigation", amount)
    world.run(world.now + 200 * SECOND)
    assert ended(world).status is TaskStatus.COMPLETED, ended(world).outcome
    ((began, stopped),) = spells(world, "pump")
    (first,), (second,), (third,) = (spells(world, bed) for bed in BEDS)
    travel = world.site.actuators["valve"].travel
    assert second[0] + travel <= first[1] < second[0] + travel + 3 * SECOND
    assert third[0] + travel <= second[1] < third[0] + travel + 3 * SECOND
    assert first[0] + travel <= began
    assert stopped <= third[1]
    share = (stopped - began) / 3
    for bed in (first, second, third):
        assert min(bed[1], stopped) - max(bed[0], began) == pytest.approx(share, abs=8 * SECOND)
    totals = world.field.ground.plant.totals
    assert totals.dead_head_longest_s == 0
    assert totals.zone_l > 8
    assert not told(world)


def test_a_section_that_closes_first_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: the last valve is shut, and then the next one is opened."""
    pass_on = turns.pass_on

    def hasty(draft, task, stage, seen_open):  # type: ignore[no-untyped-def]
        index = min(2, int(turns._progress(draft, task, stage) * 3))
        output = draft.output(stage.turns[index - 1])
        if index and output is not None and output.owed_off:
            switch_off(draft, output, planned=True, why="its time is over")
            return
        pass_on(draft, task, stage, seen_open)

    monkeypatch.setattr(turns, "pass_on", hasty)
    world = lived(sections())
    ask(world, "irrigation", {"duration_s": 60})
    world.run(world.now + 200 * SECOND)
    assert told(world)


def test_a_section_that_does_not_open_ends_the_run_and_leaves_nothing_on() -> None:
    world = lived(sections())
    ask(world, "irrigation", {"duration_s": 60})
    world.run(world.now + 20 * SECOND)
    world.field.faults = replace(world.field.faults, stuck_relay=1.0)
    world.run(world.now + 100 * SECOND)
    world.field.faults = replace(world.field.faults, stuck_relay=0.0)
    world.run(world.now + 60 * SECOND)
    assert ended(world).status is TaskStatus.FAILED
    assert not any(relay.on for relay in world.field.relays.values())


# -- the least that a pump has to push


def watered(site: Site) -> World:
    world = lived(site)
    ask(world, "irrigation", {"duration_s": 30})
    world.run(world.now + 120 * SECOND)
    return world


def test_a_small_zone_is_watered_with_the_bypass_open_from_before_the_pump_to_after_it() -> None:
    world = watered(strong(example_site()))
    assert ended(world).status is TaskStatus.COMPLETED
    ((began, stopped),), ((opened, shut),) = spells(world, "pump"), spells(world, "bypass")
    assert opened + world.site.actuators["bypass"].travel <= began
    assert stopped <= shut
    assert not told(world)


def test_a_large_zone_leaves_the_bypass_shut() -> None:
    site = strong(example_site())
    zone = replace(site.zones["zone-1"], rate_l_min=20)
    world = watered(replace(site, zones={"zone-1": zone}))
    assert ended(world).status is TaskStatus.COMPLETED
    assert not spells(world, "bypass")


def by_hand(site: Site, *names: str) -> World:
    world = lived(site)
    for name in (*names, "pump"):
        world.offer(ManualOn(token=1, actuator=name, lease=(60 if name == "pump" else 90) * SECOND, who="Ana"))
        world.run(world.now + 5 * SECOND)
    return world


@pytest.mark.parametrize("planted", [False, True])
def test_without_its_bypass_the_pump_does_not_start_by_hand(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    if planted:
        monkeypatch.setattr(guards, "STARTING", tuple(row for row in guards.STARTING if row[0] != "min_flow"))
    assert bool(spells_or_on(by_hand(strong(example_site()), "valve"))) is planted
    assert spells_or_on(by_hand(strong(example_site()), "valve", "bypass"))


def spells_or_on(world: World) -> bool:
    return any(move.on and move.name == "pump" for move in world.field.trace)


def test_a_bypass_that_closes_under_the_pump_stops_it() -> None:
    world = by_hand(strong(example_site()), "valve", "bypass")
    output = world.state.outputs["bypass"]
    world.state.outputs["bypass"] = replace(output, closing=world.now)  # somebody closes it
    world.run(world.now + min_flow.DEAD_HEAD + 2 * SECOND)
    assert not world.field.relays["pump"].on
    vetoes = [entry for entry in world.journal.timeline if entry.event_type == "VETO"]
    assert vetoes[-1].details["rule"] == "min_flow"


def test_a_zone_that_nobody_can_shut_is_a_way_too() -> None:
    """What its pipe takes was counted as nothing, and a pump that has to push something was never started."""
    site = strong(example_site())
    zone = replace(site.zones["zone-1"], rate_l_min=20, valve=None)
    world = watered(replace(site, zones={"zone-1": zone}))
    assert not [entry for entry in world.journal.timeline if entry.event_type == "VETO"]
    assert spells_or_on(world)


# -- a slow suction


@pytest.mark.parametrize("prime", [0, 6])
def test_a_pump_that_draws_slowly_is_given_the_time_to_draw(prime: int) -> None:
    site = example_site()
    pump = replace(site.actuators["pump"], prime=prime * SECOND)
    world = by_hand(replace(site, actuators={**site.actuators, "pump": pump}), "valve")
    world.field.ground.plant.break_part(Fault.PROBE_STUCK, "meter.flow", world.now, value=0.0)
    began = world.now
    world.run(began + 30 * SECOND)
    stopped = next(move.at for move in reversed(world.field.trace) if move.name == "pump" and not move.on)
    assert (stopped > began + 2 * SECOND) is bool(prime)
    assert "biz_no_flow:pump" in world.state.alarms


# -- in the site file

PUMP, VALVE = "    role: pump\n", "    valve: irrigation_valve\n"


def test_a_site_file_with_sections_and_a_bypass(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(whole())
    site = load(path).site
    assert site.zones["zone-1"].outlets == ("irrigation_valve", "bed_2")
    assert site.actuators["main_pump"].least_flow == LeastFlow(l_min=15, bypass="bypass", bypass_l_min=8)


def whole(
    *,
    then: str = "[bed_2]",
    rate: str = "rate: 10l/min",
    bypass: tuple[str, ...] = ("bypass: bypass", "bypass_rate: 8l/min"),
) -> str:
    text = changed(PUMP, f"{PUMP}    min_flow: 15l/min\n" + "".join(f"    {line}\n" for line in bypass))
    text = changed(VALVE, f"{VALVE}    then: {then}\n    {rate}\n", text)
    more = "".join(
        f"  {n}: {{to: board.relay_{r}, role: valve, max_on: 11m}}\n" for n, r in (("bed_2", 6), ("bypass", 7))
    )
    return changed("actuators:\n", f"actuators:\n{more}", text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (whole(then="[irrigation_valve]"), "irrigation_valve is named twice"),
        (whole(bypass=("prime: 20s", "bypass: bypass", "bypass_rate: 8l/min")), "longer than a pump bears to run dry"),
        (whole(then="[bed_9]"), "there is no actuator 'bed_9'"),
        (whole(then="[main_pump]"), "main_pump has role pump, not valve"),
        (whole(rate="max_gap: 24h"), "is missing: main_pump has a min_flow, and nobody knows what zone-1 takes"),
        (whole(rate="rate: 5l/min"), "13 L/min is less than the 15 L/min that main_pump has to push"),
        (whole(bypass=("bypass: bypass",)), "is missing"),
        (whole(bypass=("bypass: main_pump", "bypass_rate: 8l/min")), "main_pump has role pump, not valve"),
        (whole().replace("    min_flow: 15l/min\n", ""), "means nothing without min_flow"),
        (
            whole() + "\nvalve_groups: {beds: {valves: [irrigation_valve, bed_2, bypass], max_open: 1}}\n",
            "beds lets one of its valves be open",
        ),
        (
            whole().replace("relay_6, role: valve, max_on: 11m", "relay_6, role: valve, max_on: 1m"),
            "is shorter than the",
        ),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    assert any(words in problem.what for problem in rejected(tmp_path, text)), [
        p.what for p in rejected(tmp_path, text)
    ]
