"""Each row of the workflows that a normal day does not reach, in the two-tank house: asked for, carried out, told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from edgectl.engine.workflows import catalogue
from edgectl.model.inputs import Answer, DeviceHealth, TaskRequest
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import Fault
from edgectl.plant.water import RO
from edgectl.simulate.estate import estate
from edgectl.simulate.world import World
from tests.sim.test_two_tanks import FILE, broken, ground_of, house

MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE


def rested(world: World | None = None) -> World:
    """The house before its first morning: nothing has run, every float has been read."""
    world = world or house()
    world.run(30 * SECOND)
    return world


def prepared() -> World:
    """The house on its first morning, with a solution that is right."""
    world = house()
    world.run(9 * HOUR // 2)
    return world


def ask(
    world: World,
    task_type: str,
    payload: Mapping[str, Any],
    *,
    name: str = "asked-for-it",
    due: Nanos = MINUTE,
    zone: str = "zone-1",
    known: Task | None = None,
) -> None:
    wall = world.wall
    world.offer(
        TaskRequest(
            token=77,
            zone=zone,
            task_type=task_type,
            payload=payload,
            source="cli",
            correlation_id=name,
            scheduled_for=wall,
            due_at=wall + due,
            expires_at=wall + due + MINUTE,
            known=known,
        )
    )


def ended(world: World, name: str = "asked-for-it") -> Task:
    return next(v for v in world.journal.values.values() if isinstance(v, Task) and v.correlation_id == name)


def codes(world: World) -> set[str]:
    """Every code of the timeline."""
    return {str(e.details.get("reason_code")) for e in world.journal.timeline} | {
        e.event_type for e in world.journal.timeline
    }


def _set(world: World, tank: str, litres: float) -> None:
    world.field.advance(world.now)
    ground_of(world).plant.plumbing.tanks[tank].volume_l = litres


@dataclass(frozen=True)
class Row:
    """What is asked, what stands in the way, and how it ends."""

    payload: Mapping[str, Any]
    arrange: Callable[[World], None]
    status: str
    reason: str
    error: str | None = None
    said: tuple[str, ...] = ()
    start: Callable[[], World] = rested
    task_type: str = "diagnostics"
    hours: float = 1.0


def _nothing(world: World) -> None:
    pass


def _break(fault: Fault, of: str, value: float | None = None) -> Callable[[World], None]:
    def arrange(world: World) -> None:
        ground_of(world).plant.break_part(fault, of, world.now, value=value)
        world.run(world.now + 30 * SECOND)

    return arrange


def _silent(world: World) -> None:
    world.offer(DeviceHealth(device="board", healthy=False, at=world.now, reason="no reply"))
    world.run(world.now + SECOND)


def _full(world: World) -> None:
    _set(world, "clean", 198)
    world.run(world.now + 30 * SECOND)


ROWS: dict[str, Row] = {
    "refill": Row(
        {"workflow": "refill"},
        _nothing,
        "completed",
        "tank_refill_completed",
        said=(
            "CYCLE_START_INITIATED",
            "NODES_AVAILABILITY_CHECKED",
            "TANK_LEVEL_CHECKED",
            "tank_level_checked",
            "TANK_REFILL_STARTED",
            "STAGE_UNDER_WAY",
            "tank_refill_in_progress",
            "TANK_REFILL_COMPLETED",
        ),
    ),
    "refill is the workflow of a bare diagnostics task": Row(
        {}, _nothing, "completed", "tank_refill_completed", said=("tank_refill_required",)
    ),
    "refill by the execution config": Row(
        {"config": {"execution": {"workflow": "refill"}}}, _nothing, "completed", "tank_refill_completed"
    ),
    "refill of a full tank": Row({"workflow": "refill"}, _full, "completed", "tank_refill_not_required"),
    "refill of a full tank when a person insists": Row(
        {"workflow": "refill", "force_execute": True}, _full, "completed", "tank_refill_completed"
    ),
    "refill without mains": Row(
        {"workflow": "refill"},
        _break(Fault.MAINS_DRY, ""),
        "failed",
        "cycle_start_refill_timeout",
        "cycle_start_refill_timeout",
        said=("TANK_REFILL_TIMEOUT",),
    ),
    "refill with a float that says nothing": Row(
        {"workflow": "refill"},
        _break(Fault.PROBE_DROPOUT, "board.di_2"),
        "failed",
        "cycle_start_tank_level_stale",
        "cycle_start_tank_level_stale",
        said=("TANK_LEVEL_STALE",),
    ),
    "refill with a dead board": Row(
        {"workflow": "refill"},
        _silent,
        "failed",
        "cycle_start_blocked_nodes_unavailable",
        "cycle_start_required_nodes_unavailable",
        hours=0.3,
    ),
    "startup with a dead board": Row(
        {"workflow": "startup"}, _silent, "failed", "nodes_unavailable", "task_execution_failed", hours=0.3
    ),
    "refill with a float that says what no float can say": Row(
        {"workflow": "refill"},
        _break(Fault.PROBE_STUCK, "board.di_2", 7.0),
        "failed",
        "cycle_start_tank_level_unavailable",
        "cycle_start_tank_level_unavailable",
    ),
    "clean fill alone": Row(
        {"workflow": "clean_fill"},
        _nothing,
        "completed",
        "clean_fill_completed",
        said=("CLEAN_FILL_STARTED", "clean_fill_in_progress", "CLEAN_FILL_COMPLETED"),
    ),
    "solution fill alone fills the first tank when it runs dry": Row(
        {"workflow": "solution_fill"},
        _nothing,
        "completed",
        "solution_fill_completed",
        said=("CLEAN_FILL_STARTED", "solution_fill_in_progress"),
    ),
    "recirculation alone": Row(
        {"workflow": "prepare_recirculation"}, _nothing, "completed", "prepare_targets_reached", start=prepared
    ),
    "dosing is the recirculation under another name": Row(
        {}, _nothing, "completed", "prepare_targets_reached", start=prepared, task_type="dosing"
    ),
    "circulation": Row(
        {"duration_s": 60}, _nothing, "completed", "circulate_required", start=prepared, task_type="circulate"
    ),
    "recovery of a solution that is right": Row(
        {"workflow": "irrigation_recovery"},
        _nothing,
        "completed",
        "irrigation_recovery_degraded",
        start=prepared,
        said=("irrigation_recovery_started",),
    ),
    "a person says no": Row(
        {"workflow": "refill", "force_skip": True}, _nothing, "completed", "diagnostics_not_required"
    ),
    "somebody decided that nothing is to be done": Row(
        {"duration_s": 30, "action_required": False},
        _nothing,
        "completed",
        "irrigation_not_required",
        task_type="irrigation",
    ),
    "watering from an empty tank": Row(
        {"duration_s": 30}, _nothing, "failed", "low_water", "task_execution_failed", task_type="irrigation", hours=0.3
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_the_row(name: str) -> None:
    row = ROWS[name]
    world = row.start()
    row.arrange(world)
    ask(world, row.task_type, row.payload)
    world.run(world.now + round(row.hours * HOUR))
    task = ended(world)
    assert task.outcome is not None, task.stage
    assert (task.status.value, task.outcome.reason_code, task.outcome.error_code) == (row.status, row.reason, row.error)
    assert set(row.said) <= codes(world)
    assert broken(world) == []
    assert not any(relay.on for relay in world.field.relays.values())


def test_water_that_is_far_off_its_targets_calls_a_person_while_it_flows() -> None:
    world = prepared()
    assert not world.state.alarms
    ground_of(world).plant.break_part(Fault.PROBE_BIAS, "ph.ph", world.now, value=1.6)
    ground_of(world).plant.break_part(Fault.PROBE_BIAS, "ec.ec", world.now, value=-1.2)
    world.run(world.now + 10 * MINUTE)
    assert not world.state.alarms, "nobody drinks it yet"
    ask(world, "irrigation", {"duration_s": 60})
    world.run(world.now + 5 * MINUTE)
    assert {"biz_high_ph:zone-1", "biz_low_ec:zone-1"} <= set(world.state.alarms)


def test_a_fill_of_unknown_rate_is_tried_twice() -> None:
    world = house()
    zone = world.site.zones["zone-1"]
    assert zone.circuit is not None
    blind = replace(zone, circuit=replace(zone.circuit, fill_l_min=None, fill_time=10 * MINUTE))
    world = World(replace(world.site, zones={"zone-1": blind}), (), 1, ground=ground_of(world))
    rested(world)
    ground_of(world).plant.break_part(Fault.MAINS_DRY, "", world.now)
    ask(world, "diagnostics", {"workflow": "clean_fill"})
    world.run(world.now + HOUR)
    task = ended(world)
    assert task.outcome is not None
    assert task.outcome.error_code == "clean_tank_not_filled_timeout"
    assert "CLEAN_FILL_RETRY_STARTED" in codes(world)


def test_one_task_of_a_schedule_key_at_a_time() -> None:
    world = rested()
    ask(world, "diagnostics", {"workflow": "clean_fill", "schedule_key": "k"}, name="first-of-key")
    world.run(world.now + MINUTE)
    ask(world, "irrigation", {"duration_s": 5, "schedule_key": "k"}, name="second-of-key")
    world.run(world.now + MINUTE)
    second = ended(world, "second-of-key")
    assert second.outcome is not None
    assert (second.outcome.decision, second.outcome.reason_code) == ("skip", "already_running")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "zone": ({"zone": "nowhere"}, "unknown_zone"),
    "type": ({"task_type": "wash_the_car"}, "unsupported_task_type"),
    "name": ({"name": "short"}, "correlation_id_required_or_invalid"),
    "workflow": ({"payload": {"workflow": "irrigate_backwards"}}, "payload_invalid"),
    "litres": ({"task_type": "irrigation", "payload": {"volume_l": -1}}, "payload_invalid"),
    "due": ({"due": -HOUR}, "due_at_must_be_gte_scheduled_for"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_done_is_refused_with_a_sentence(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changes, code = REFUSED[what]
    world = rested()
    told: list[Answer] = []
    release = World._release

    def heard(self: World, effects: Any, at: Nanos) -> None:
        told.extend(effect for effect in effects if isinstance(effect, Answer))
        release(self, effects, at)

    monkeypatch.setattr(World, "_release", heard)
    wish: dict[str, Any] = {"task_type": "diagnostics", "payload": {"workflow": "refill"}, **changes}
    ask(world, wish.pop("task_type"), wish.pop("payload"), **wish)
    world.run(world.now + SECOND)
    (answer,) = told
    assert (answer.ok, str(answer.code)) == (False, code)
    assert len(str(answer.body["why"])) > 15
    assert not world.state.tasks


def test_a_solution_that_drifts_is_recovered() -> None:
    world = prepared()
    tank = ground_of(world).plant.plumbing.tanks["solution"]
    before = tank.ph
    world.field.advance(world.now)
    ground_of(world).plant.plumbing.tanks["solution"].volume_l = tank.volume_l * 0.5
    world.run(world.now + MINUTE)
    ask(world, "diagnostics", {"workflow": "irrigation_recovery"})
    world.run(world.now + HOUR)
    task = ended(world)
    assert task.outcome is not None
    assert task.outcome.reason_code.startswith("irrigation_recovery_")
    assert abs(tank.ph - before) < 1.0
    assert broken(world) == []


def test_another_wish_under_a_known_name_is_refused() -> None:
    world = rested()
    ask(world, "diagnostics", {"workflow": "refill"})
    world.run(world.now + SECOND)
    first = ended(world)
    ask(world, "diagnostics", {"workflow": "startup"}, known=first)
    world.run(world.now + SECOND)
    assert replace(ended(world), updated_at=0).payload == {"workflow": "refill"}


@pytest.mark.parametrize("planted", [False, True])
def test_a_startup_does_not_wait_for_the_rest_of_a_valve_that_it_would_not_open(
    planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first tank is full: the run goes on to the second one, and used to be told that its time had passed."""
    if planted:
        monkeypatch.setattr(catalogue, "main_line", lambda table: tuple(replace(s, looks_first=False) for s in table))
    valve = replace(FILE.site.actuators["valve_clean_fill"], min_off=10 * MINUTE)
    site = replace(FILE.site, actuators={**FILE.site.actuators, valve.name: valve})
    world = rested(World(site, (), 1, ground=estate(site, Random(1), RO)))
    world.run(world.now + 10 * MINUTE)
    ask(world, "diagnostics", {"workflow": "clean_fill"}, name="fills-the-first")
    world.run(world.now + 575 * SECOND)
    assert ended(world, "fills-the-first").status is TaskStatus.COMPLETED
    ask(world, "diagnostics", {"workflow": "startup"}, name="goes-on-from-there")
    world.run(world.now + 5 * MINUTE)
    assert (ended(world, "goes-on-from-there").status is TaskStatus.RUNNING) is not planted
    assert broken(world) == []
