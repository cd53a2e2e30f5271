"""The six words for a zone's water, each seen in the two-tank house on its first day."""

from dataclasses import replace

from edgectl.daemon.automation_state import STAGES, automation_state
from edgectl.engine.workflows.catalogue import PREPARING, table_of
from edgectl.model.time import SECOND, Now, Trust
from edgectl.plant.faults import Fault
from edgectl.simulate.example import example_site
from edgectl.simulate.world import DAY, World
from tests.sim.test_two_tanks import ground_of, house
from tests.sim.test_workflow_rows import ask, ended, prepared, rested


def seen(world: World, zone: str = "zone-1") -> dict[str, object]:
    return automation_state(world.state, zone, Now(mono=world.now, wall=world.wall, trust=Trust.SYNCED))


def test_a_day_goes_through_the_states_in_their_order_and_each_says_what_follows() -> None:
    world = house()
    told: list[str] = []
    following: dict[str, set[object]] = {}
    while world.now < DAY // 2:
        world.run(world.now + 10 * SECOND)
        # Where nothing runs the world polls seldom, and old readings are no readings.
        view = seen(world)
        if view["state"] in ("TANK_FILLING", "TANK_RECIRC", "IRRIGATING"):
            following.setdefault(str(view["state"]), set()).add(view["next_state"])
            if told[-1:] != [view["state"]]:
                told.append(str(view["state"]))
    assert told[:3] == ["TANK_FILLING", "TANK_RECIRC", "IRRIGATING"]
    assert following["TANK_FILLING"] == {"TANK_RECIRC"}
    assert following["TANK_RECIRC"] == following["IRRIGATING"] == {"READY"}


def test_an_empty_house_is_idle_and_says_what_is_missing() -> None:
    world = rested()
    ask(world, "lighting", {})
    world.run(world.now + SECOND)
    view = seen(world)
    assert (view["state"], view["next_state"]) == ("IDLE", "TANK_FILLING")
    assert view["state_details"] == {"why": "solution_min is dry"}
    levels = view["current_levels"]
    assert isinstance(levels, dict)
    assert (levels["solution_min"], levels["clean_tank_level_percent"]) == (False, None), "missing is not zero"


def test_a_prepared_solution_is_ready_until_a_probe_says_otherwise() -> None:
    world = prepared()
    ask(world, "lighting", {})
    world.run(world.now + SECOND)
    view = seen(world)
    assert (view["state"], view["next_state"]) == ("READY", "IRRIGATING")
    ground_of(world).plant.break_part(Fault.PROBE_BIAS, "ph.ph", world.now, value=1.6)
    world.run(world.now + 60 * SECOND)
    ask(world, "lighting", {})
    world.run(world.now + SECOND)
    view = seen(world)
    assert view["state"] == "IDLE"
    assert "and 5.8 is wanted" in str(view["state_details"])


def test_a_recovery_goes_round_and_tells_how_far_it_is() -> None:
    world = prepared()
    ask(world, "diagnostics", {"workflow": "irrigation_recovery"})
    world.run(world.now + 60 * SECOND)
    view = seen(world)
    details, processes = view["state_details"], view["active_processes"]
    assert isinstance(details, dict)
    assert isinstance(processes, dict)
    assert view["state"] == "IRRIG_RECIRC"
    assert (details["workflow"], details["stage"], details["phase"]) == ("irrigation_recovery", "recover", "hold")
    assert 0 < details["progress_percent"] < 20
    assert processes["circulation"]
    assert not processes["pump_in"]


def test_a_zone_with_one_source_is_ready_when_its_pump_may_run() -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    world.offer(world.field.poll(world.now))
    world.run(world.now + SECOND)
    view = seen(world)
    assert view["state"] == "READY"
    assert view["system_config"] == {
        "tanks_count": 0,
        "clean_tank_capacity_l": None,
        "nutrient_tank_capacity_l": None,
    }


WISHES: dict[str, tuple[str, dict[str, object]]] = {
    "irrigation": ("irrigation", {"duration_s": 60}),
    "circulate": ("circulate", {"duration_s": 60}),
    "solution_change": ("solution_change", {}),
    **{name: ("diagnostics", {"workflow": name}) for name in PREPARING},
}


def test_every_stage_that_moves_water_has_its_word() -> None:
    """A stage without one would leave its zone without an answer in the middle of its work."""
    world = rested()
    ask(world, "diagnostics", {"workflow": "clean_fill"})
    world.run(world.now + SECOND)
    zone = world.site.zones["zone-1"]
    assert zone.circuit is not None
    drained = replace(zone, circuit=replace(zone.circuit, drain="valve_irrigation"))
    site = replace(world.site, zones={"zone-1": drained})
    stages: set[str] = set()
    for task_type, payload in WISHES.values():
        task = replace(ended(world), task_type=task_type, payload=payload)
        stages |= {stage.name for stage in table_of(site, task)}
    assert {"clean_fill", "solution_fill", "prepare", "water", "drain", "refill", "recover"} <= stages
    assert stages <= set(STAGES)
