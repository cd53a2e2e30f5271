"""The task contract: who decides first, what an order's fate makes of its task, and what is never talked out of it."""

from dataclasses import replace
from typing import Any

import pytest

from edgectl.daemon import task_views
from edgectl.engine.state import State
from edgectl.engine.turn import Stepper
from edgectl.engine.workflows import tanks
from edgectl.journal.memory import MemoryJournal
from edgectl.model.air import Climate
from edgectl.model.command import Command
from edgectl.model.inputs import (
    Acknowledge,
    Answer,
    DeviceHealth,
    ManualOff,
    ManualOn,
    Reply,
    ReplyStatus,
    Restrain,
    Restraint,
    Send,
)
from edgectl.model.site import Fallback, Sensor, Site
from edgectl.model.task import Outcome, Task
from edgectl.model.time import MS, SECOND, Nanos, Now
from edgectl.model.timeline import Latch
from edgectl.model.water import Chemistry, Circuit, Tank
from edgectl.plant.faults import Fault
from edgectl.scheduler.schedule import CatchUp, Cron, Policy, Schedule
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import SimField
from edgectl.simulate.world import World
from tests.sim import test_air_house as air
from tests.sim.asking import wish
from tests.sim.test_two_tanks import FILE, broken, ground_of
from tests.sim.test_workflow_rows import ask, codes, ended, rested

MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE
TYPES = ("circulate", "climate", "diagnostics", "dosing", "irrigation", "lighting", "mist", "solution_change")
PAYLOADS: dict[str, dict[str, Any]] = {"irrigation": {"duration_s": 5}, "lighting": {"on": True}}


def outcome(world: World, name: str = "asked-for-it") -> Outcome:
    found = ended(world, name).outcome
    assert found is not None, ended(world, name)
    return found


def everything() -> Site:
    """A zone that has a part for every type of task; none of it has a set-point."""
    site = example_site()
    tank = Tank(name="butt", volume_l=100, level="level")
    zone = replace(
        site.zones["zone-1"],
        fog="valve",
        climate=Climate(temperature="air", fans=("lamp",), heaters=("lamp",), overheat=99),
        circuit=Circuit(solution=tank, fill="valve", drain="valve", solution_fill="valve"),
        chemistry=Chemistry(volume_l=100, rate_l_min=20),
    )
    air = Sensor(name="air", channel="level.level", unit="C")
    return replace(site, zones={"zone-1": zone}, sensors={**site.sensors, "air": air})


def ready(site: Site | None = None, schedules: tuple[Schedule, ...] = ()) -> World:
    world = World(example_site() if site is None else site, schedules, 1)
    world.run(20 * SECOND)
    return world


def done(world: World, task_type: str, payload: dict[str, Any], name: str = "asked-for-it") -> Outcome:
    ask(world, task_type, payload, name=name)
    world.run(world.now + 5 * MINUTE)
    return outcome(world, name)


def told(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """Every answer from now on."""
    answers: list[Answer] = []
    release = World._release

    def heard(self: World, effects: Any, at: Nanos) -> None:
        answers.extend(effect for effect in effects if isinstance(effect, Answer))
        release(self, effects, at)

    monkeypatch.setattr(World, "_release", heard)
    return answers


# -- the order of the decision


@pytest.mark.parametrize("task_type", [*TYPES, "ventilation"])
def test_whoever_says_skip_is_heard_for_every_type(task_type: str) -> None:
    world = ready(everything())
    found = done(world, task_type, {**PAYLOADS.get(task_type, {}), "force_skip": True})
    assert (found.success, found.decision, found.action_required) == (True, "skip", False)
    assert (found.reason_code, found.run_mode) == (f"{task_type}_not_required", "skip")
    assert not any(move.on for move in world.field.trace)


# Who speaks before whom: the first of a pair of reasons is what is told when both hold.
HOLDS: dict[str, tuple[dict[str, Any], str]] = {
    "outside_window": ({"window": {"start": "10:00", "end": "11:00"}}, "outside_window"),
    "safety_blocked": ({}, "safety_blocked"),
    "force_skip": ({"force_skip": True}, "irrigation_not_required"),
    "action_required": ({"action_required": False}, "irrigation_not_required"),
}
ORDER = [
    ("outside_window", "safety_blocked", "outside_window"),
    ("outside_window", "force_skip", "outside_window"),
    ("safety_blocked", "force_skip", "safety_blocked"),
    ("safety_blocked", "action_required", "safety_blocked"),
    ("force_skip", "force_execute", "irrigation_not_required"),
    ("action_required", "force_execute", "irrigation_required"),
    ("safety_blocked", "force_execute", "safety_blocked"),
    ("outside_window", "force_execute", "outside_window"),
]


@pytest.mark.parametrize(("first", "second", "told_"), ORDER)
def test_the_order_of_the_decision_is_contract(first: str, second: str, told_: str) -> None:
    world = ready()
    payload: dict[str, Any] = {"duration_s": 5}
    for name in (first, second):
        payload |= {"force_execute": True} if name == "force_execute" else HOLDS[name][0]
        if name == "safety_blocked":
            world.state.put(Latch(name="lockout:pump", held=True, since=0, who="engine", why="no flow"))
    found = done(world, "irrigation", payload)
    assert found.reason_code == told_
    assert (found.decision == "run") is (told_ == "irrigation_required")


def test_a_running_task_of_the_same_key_speaks_first_of_all() -> None:
    world = ready()
    ask(world, "irrigation", {"duration_s": 60, "schedule_key": "k"}, name="first-of-key")
    world.run(world.now + 20 * SECOND)
    ask(world, "lighting", {"on": True, "schedule_key": "k", "force_skip": True}, name="second-of-key")
    world.run(world.now + MINUTE)
    assert outcome(world, "second-of-key").reason_code == "already_running"


def test_a_lamp_that_is_as_wanted_is_left_alone_unless_somebody_insists() -> None:
    world = ready()
    assert done(world, "lighting", {"on": True}, "lamp-goes-on").reason_code == "lighting_required"
    found = done(world, "lighting", {"on": True}, "lamp-is-on")
    assert (found.decision, found.reason_code) == ("skip", "lighting_already_in_target_state")
    assert (
        done(world, "lighting", {"on": True, "force_execute": True}, "a-person-insists").reason_code
        == "lighting_required"
    )
    assert done(world, "lighting", {"on": True, "action_required": True}, "it-is-explicit").decision == "run"


def soil(*, hot: bool = False, band: tuple[float, float] = (60.0, 80.0), channel: str = "level.level") -> Site:
    """The soil is where the tank's level is: 70 %."""
    site = example_site()
    sensors = {
        **site.sensors,
        "soil": Sensor(name="soil", channel=channel, unit="%"),
        "air": Sensor(name="air", channel="level.level", unit="C"),
    }
    climate = Climate(temperature="air") if hot else None
    zone = replace(site.zones["zone-1"], soil="soil", soil_band=band, climate=climate)
    return replace(site, sensors=sensors, zones={"zone-1": zone})


SOIL: dict[str, tuple[Site, dict[str, Any], tuple[str, str, str]]] = {
    "in its band": (soil(), {}, ("skip", "target_already_met", "skip")),
    "in its band, and a person insists": (soil(), {"force_execute": True}, ("run", "irrigation_required", "run_full")),
    "above its band": (soil(band=(30, 50)), {}, ("skip", "irrigation_not_required", "skip")),
    "below its band": (soil(band=(80, 90)), {}, ("run", "irrigation_required", "run_full")),
    "below the band of the request": (
        soil(),
        {"targets": {"soil_moisture": {"min": 75, "max": 90}}},
        ("run", "irrigation_required", "run_full"),
    ),
    "in its band in the heat": (soil(hot=True), {}, ("run", "irrigation_required", "run_reduced")),
    "not to be seen": (soil(channel="nowhere.1"), {}, ("run", "irrigation_required", "run_full")),
}


@pytest.mark.parametrize("name", SOIL)
def test_the_soil_advises_and_keeps_nobody_from_their_water(name: str) -> None:
    site, more, expected = SOIL[name]
    world = ready(site)
    found = done(world, "irrigation", {"duration_s": 40, **more})
    assert (found.decision, found.reason_code, found.run_mode) == expected
    seconds = found.effect_amounts.get("pump_s", 0.0)
    assert seconds == pytest.approx({"run_full": 40, "run_reduced": 20, "skip": 0}[expected[2]], abs=1.0)
    assert ("fallback_watering:zone-1" in world.state.alarms) is (name == "not to be seen"), "each such run is told"
    if expected[0] == "run" and name != "below its band":
        assert any(sample["sensor"] == "soil" for sample in found.before), "the samples of the decision are kept"


# -- what is not there, or does not answer

LOST: dict[str, tuple[str, dict[str, Any], str]] = {
    "a light": ("lighting", {"on": True}, "mapping_not_found"),
    "a pump": ("irrigation", {"duration_s": 5}, "mapping_not_found"),
    "the fill of a refill": ("diagnostics", {}, "cycle_start_refill_node_not_found"),
    "the fill of two tanks": ("diagnostics", {"workflow": "startup"}, "two_tank_channel_not_found"),
    "a workflow of a later version": ("diagnostics", {"workflow": "read_the_leaves"}, "unsupported_workflow"),
}


@pytest.mark.parametrize("what", LOST)
def test_a_task_whose_zone_has_lost_a_part_is_refused_and_a_person_is_called(what: str) -> None:
    """It was accepted by an older site file; the door would not let it in."""
    task_type, payload, error = LOST[what]
    world = ready()
    ask(world, "lighting", {"on": True}, name="stands-for-it", due=HOUR)
    world.run(world.now + 10 * MS)
    task = replace(world.known("stands-for-it"), task_type=task_type, payload=payload, outcome=None, started=None)  # type: ignore[type-var]
    site = example_site()
    bare = replace(site.zones["zone-1"], pump=None, light=None)
    stored = replace(MemoryJournal().load(), tasks=(replace(task, status="accepted", stage=""),))  # type: ignore[arg-type]
    state = State.begin(
        site=replace(site, zones={"zone-1": bare}), schedules=(), stored=stored, boot_id="b", started=world.now
    )
    state.unproven.clear()
    stepper = Stepper(state)
    for step in (1, 2):
        stepper.turn(Now(mono=world.now + step * SECOND, wall=world.wall))
    batch = stepper.next_batch()
    assert batch is not None
    (refused,) = [c for c in batch.changes if isinstance(c, Task)]
    assert refused.outcome is not None
    assert (refused.outcome.reason_code, refused.outcome.error_code) == ("unsupported_workflow", error)
    assert "TASK_REFUSED" in {entry.event_type for entry in batch.entries}
    assert state.alarms["biz_config_error:zone-1"].active


def silent(world: World, *devices: str) -> None:
    for device in devices:
        world.offer(DeviceHealth(device=device, healthy=False, at=world.now, reason="no reply"))
    world.run(world.now + SECOND)


SILENT: dict[str, tuple[tuple[str, ...], dict[str, Any], str]] = {
    "one board of several on its bus": (("board",), {}, "task_execution_failed"),
    "every device of a bus": (("board", "dosing", "counter"), {}, "command_bus_unavailable"),
    "all that the zone switches": (("board", "dosing"), {}, "no_online_nodes"),
}


@pytest.mark.parametrize("name", SILENT)
def test_a_zone_that_does_not_answer_is_asked_ten_times_a_minute_apart(name: str) -> None:
    devices, payload, error = SILENT[name]
    world = rested()
    silent(world, *devices)
    ask(world, "irrigation", {"duration_s": 20, **payload})
    world.run(world.now + 30 * SECOND)
    (waits,) = [task for task in world.state.tasks.values() if not task.terminal]
    assert (waits.attempt, waits.waits_for) == (1, "nodes_unavailable"), "it says for what"
    world.run(world.now + 9 * MINUTE)
    found = outcome(world)
    assert (found.reason_code, found.error_code, ended(world).attempt) == ("nodes_unavailable", error, 9)
    tries = [e for e in world.journal.timeline if e.event_type == "DECISION_MADE"]
    assert [e.details["decision"] for e in tries] == ["retry"] * 9 + ["fail"], "ten attempts"


def test_a_caller_may_ask_for_more_devices_to_answer_first() -> None:
    world = rested()
    silent(world, "ph")
    wants = {"workflow": "clean_fill", "config": {"execution": {"required_node_types": ["ph"]}}}
    ask(world, "diagnostics", wants)
    ask(world, "diagnostics", {"workflow": "clean_fill"}, name="does-not-ask")
    world.run(world.now + 10 * MINUTE)
    assert outcome(world).reason_code == "nodes_unavailable"


# -- the fate of an order

FATES = {
    ReplyStatus.BUSY: "command_busy",
    ReplyStatus.INVALID: "command_invalid",
    ReplyStatus.ERROR: "command_error",
    ReplyStatus.TIMEOUT: "command_timeout",
    ReplyStatus.SEND_FAILED: "command_send_failed",
}


def answers_with(status: ReplyStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is ordered is answered like this, and nothing switches."""

    def refuse(self: SimField, effect: Send, now: Nanos) -> list[Any]:
        return [(now + 75 * MS, Reply(cmd_id=effect.cmd_id, status=status, at=now + 75 * MS, evidence="said no"))]

    monkeypatch.setattr(SimField, "send", refuse)


@pytest.mark.parametrize("status", FATES)
def test_a_task_tells_how_its_order_ended(status: ReplyStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    answers_with(status, monkeypatch)
    found = done(world, "irrigation", {"duration_s": 5})
    assert (found.decision, found.reason_code, found.error_code) == ("fail", FATES[status], FATES[status])
    assert (found.commands_total, found.commands_failed, found.commands_effect_confirmed) == (1, 1, 0)
    assert found.commands_submitted == int(status is not ReplyStatus.SEND_FAILED)
    (entry,) = [e for e in world.journal.timeline if e.event_type.startswith("COMMAND_") and "evidence" in e.details]
    assert entry.event_type == ("COMMAND_TIMEOUT" if status is ReplyStatus.TIMEOUT else "COMMAND_FAILED")


@pytest.mark.parametrize("status", FATES)
def test_a_lamp_tells_it_too(status: ReplyStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    answers_with(status, monkeypatch)
    found = done(world, "lighting", {"on": True})
    assert (found.error_code, found.commands_submitted) == (FATES[status], int(status is not ReplyStatus.SEND_FAILED))


@pytest.mark.parametrize(
    ("workflow", "error"),
    [("refill", "cycle_start_refill_command_failed"), ("clean_fill", "two_tank_command_failed")],
)
def test_an_order_of_the_tanks_that_fails_is_told_in_their_words(
    workflow: str, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = rested()
    answers_with(ReplyStatus.BUSY, monkeypatch)
    found = done(world, "diagnostics", {"workflow": workflow})
    assert (found.reason_code, found.error_code) == (error, error)


def test_an_effect_that_nobody_saw_in_the_time_of_the_stage_is_not_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The valve is seen only after a long while, and the pump not at all before the stage's own time is over."""
    ask_state = SimField.ask

    def slow(self: SimField, effect: Any, now: Nanos) -> list[Any]:
        blind = effect.actuator == "pump" or now < 11 * SECOND + began
        return [] if blind and self.relays[effect.actuator].on else ask_state(self, effect, now)

    world = ready()
    began = world.now
    monkeypatch.setattr(SimField, "ask", slow)
    found = done(world, "irrigation", {"duration_s": 1})
    assert (found.decision, found.error_code) == ("fail", "command_effect_not_confirmed")
    assert found.physical_effect.value == "partial", "the meter has counted it"
    world.field.advance(world.now)
    assert not any(relay.on for relay in world.field.relays.values())


# -- deadlines: tested at receipt, at the start, at the release, and by the driver


def test_past_its_expiry_at_receipt() -> None:
    world = ready()
    wall = world.wall
    world.offer(wish(wall, scheduled=-HOUR, due=-2 * MINUTE, expires=-MINUTE))
    world.run(world.now + SECOND)
    found = ended(world)
    assert (found.status.value, outcome(world).decision, outcome(world).reason_code) == (
        "expired",
        "fail",
        "task_expired",
    )


def test_past_its_due_time_at_the_start() -> None:
    world = ready()
    ask(world, "irrigation", {"duration_s": 60}, name="waters-first")
    world.run(world.now + 10 * SECOND)
    ask(world, "irrigation", {"duration_s": 5}, due=20 * SECOND)
    world.run(world.now + 2 * MINUTE)
    assert (ended(world).status.value, outcome(world).error_code) == ("rejected", "task_due_deadline_exceeded")


def test_past_its_expiry_at_the_release() -> None:
    """The disk was slow: when the line is written the order must not leave any more."""
    world = ready()
    stepper = world._stepper
    wall = world.wall
    stepper.offer(world.field.poll(world.now))
    stepper.offer(wish(wall, due=SECOND, expires=2 * SECOND))
    stepper.turn(Now(mono=world.now, wall=wall))
    assert stepper.next_batch() is not None
    late = Now(mono=world.now + 3 * SECOND, wall=wall + 3 * SECOND)
    assert not [effect for effect in stepper.committed(late) if isinstance(effect, Send)]


# The fourth test is the driver's: tests/unit/test_bus_owner.py drops an order that comes too late.


def test_a_task_that_expires_when_it_is_due_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    answers = told(world, monkeypatch)
    wall = world.wall
    world.offer(wish(wall, expires=MINUTE))
    world.run(world.now + SECOND)
    assert [(answer.ok, answer.code) for answer in answers] == [(False, "expires_at_must_be_after_due_at")]


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "hours": ("irrigation", {"duration_s": 5, "window": {"start": "25:00", "end": "26:00"}}, "window has to be"),
    "soil": ("irrigation", {"duration_s": 5, "targets": {"soil_moisture": {"min": 60}}}, "soil_moisture has to be"),
    "both amounts": ("irrigation", {"duration_s": 5, "volume_l": 5}, "give one of"),
    "light without its dose": ("irrigation", {"light_sum_j_cm2": 100}, "l_per_j_cm2 is missing"),
    "a time-out": ("diagnostics", {"config": {"execution": {"refill_timeout_sec": "soon"}}}, "refill_timeout_sec"),
    "tries": ("diagnostics", {"config": {"execution": {"clean_fill_retry_cycles": 1.5}}}, "a whole number"),
    "a threshold": ("diagnostics", {"config": {"execution": {"clean_tank_full_threshold": 95}}}, "from 0.1 to 1"),
    "kinds of nodes": ("diagnostics", {"config": {"execution": {"required_node_types": ["pump"]}}}, "is a list of"),
    "heat": ("climate", {"target_c": 60}, "target_c has to be"),
    "another type's workflow": ("diagnostics", {"workflow": "irrigation"}, "does not go by the workflow irrigation"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wish_that_cannot_be_read_is_refused_with_its_name(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task_type, payload, sentence = WRONG[what]
    world = ready(everything())
    answers = told(world, monkeypatch)
    ask(world, task_type, payload)
    world.run(world.now + SECOND)
    (answer,) = answers
    assert (answer.ok, answer.code) == (False, "payload_invalid")
    assert sentence in answer.body["why"]


def test_names_that_nobody_has_are_answered_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    answers = told(world, monkeypatch)
    world.offer(ManualOff(token=1, actuator="trumpet", who="me"))
    world.offer(Acknowledge(token=2, alarm_id="too_loud:trumpet", who="me"))
    world.offer(Restrain(token=3, what=Restraint.LOCK, on=False, who="me", zone="zone-1"))
    world.offer(ManualOn(token=4, actuator="trumpet", lease=SECOND, who="me"))
    world.run(world.now + SECOND)
    assert [answer.code for answer in answers] == ["unknown_actuator", "unknown_alarm", "not_held", "unknown_actuator"]
    assert all("there " in answer.body["why"] for answer in answers)


# -- what was asked for, and what the envelope makes of it

EXECUTION: dict[str, tuple[dict[str, Any], float]] = {
    "as the site has it": ({}, 780.0),
    "shorter": ({"clean_fill_timeout_sec": 120, "clean_fill_retry_cycles": 0}, 120.0),
    "longer is not heard": ({"clean_fill_timeout_sec": 7200}, 780.0),
}


@pytest.mark.parametrize("name", EXECUTION)
def test_a_request_may_narrow_a_fill_and_never_widen_it(name: str) -> None:
    execution, limit_s = EXECUTION[name]
    world = rested()
    ground_of(world).plant.break_part(Fault.MAINS_DRY, "", world.now)
    ask(world, "diagnostics", {"workflow": "clean_fill", "config": {"execution": execution}})
    world.run(world.now + HOUR)
    found = outcome(world)
    assert found.error_code == "clean_tank_not_filled_timeout"
    assert found.effect_amounts["valve_clean_fill_s"] == pytest.approx(limit_s, abs=3)


@pytest.mark.parametrize(("level", "limit_s"), [(None, 600), (80.0, 156), (99.9, 10)])
def test_a_refill_takes_the_time_of_the_missing_litres_and_a_margin(level: float | None, limit_s: int) -> None:
    """200 L, 20 L/min: an empty tank would take 780 s, and no refill may take more than 600 s."""
    site = FILE.site
    (stage,) = tanks.refill(site, site.zones["zone-1"], level_pct=level)
    assert stage.limit == pytest.approx(limit_s * SECOND, rel=0.01)


def test_water_by_the_light_that_the_plants_have_had() -> None:
    world = ready()
    found = done(world, "irrigation", {"light_sum_j_cm2": 120, "l_per_j_cm2": 0.05})
    assert found.success
    assert found.effect_amounts["volume_l"] == pytest.approx(6.0, abs=0.6)


@pytest.mark.parametrize(
    ("asked", "mode"),
    [
        ({"workflow": "refill_check"}, "refill"),
        ({"diagnostics_workflow": "clean_fill_check"}, "clean_fill"),
        ({"config": {"execution": {"workflow": "clean_fill_check"}}}, "clean_fill"),
    ],
)
def test_the_names_of_former_callers_are_understood(asked: dict[str, Any], mode: str) -> None:
    world = rested()
    ask(world, "diagnostics", asked)
    world.run(world.now + 15 * MINUTE)
    found = outcome(world)
    task = ended(world)
    assert found.success
    assert task_views.result(task, found)["mode"] == mode
    assert broken(world) == []


def test_a_house_is_warmed_by_order_and_no_further_than_asked() -> None:
    world = air.house()
    world.run(HOUR)
    now = air.temperature(world)
    warmed = air.asked(world, "climate", {"duration_s": 300.0, "target_c": now + 20}, "warm-the-house")
    assert warmed.outcome is not None
    assert (warmed.outcome.success, warmed.outcome.reason_code) == (True, "climate_required")
    assert warmed.outcome.commands_effect_confirmed == warmed.outcome.commands_total > 0
    enough = air.asked(world, "climate", {"target_c": 1.0}, "it-is-warm-enough")
    assert enough.outcome is not None
    assert (enough.outcome.decision, enough.outcome.reason_code) == ("skip", "target_already_met")
    assert air.promises(world) == []


def test_each_line_of_a_timeline_bears_the_fields_of_the_contract() -> None:
    world = ready()
    done(world, "irrigation", {"duration_s": 5})
    task = ended(world)
    lines = [entry for entry in world.journal.timeline if entry.task_id == task.task_id]
    commands = [v for v in world.journal.values.values() if isinstance(v, Command) and v.task_id == task.task_id]
    view = task_views.whole(task, world.site, commands, lines)
    for number, line in enumerate(view["timeline"], 1):
        assert {"event_id", "seq", "event_type", "occurred_at", "boot_id", "mono", "details"} <= set(line)
        assert (line["event_seq"], line["zone_id"], line["task_type"]) == (number, 1, "irrigation")
        assert line["correlation_id"] == "asked-for-it"
    of = {line["event_type"]: line for line in view["timeline"]}
    assert (of["DECISION_MADE"]["decision"], of["DECISION_MADE"]["action_required"]) == ("run", True)
    sent = next(line for line in view["timeline"] if line["event_type"] == "COMMAND_DISPATCHED")
    assert (sent["node_uid"], sent["channel"], sent["cmd"]) == ("board", "valve", "on")
    assert sent["params"]["lease_s"] > 5
    confirmed = of["COMMAND_CONFIRMED"]
    assert (confirmed["terminal_status"], confirmed["command_effect_confirmed"]) == ("DONE", True)
    statuses = view["result"]["command_statuses"]
    assert {status["channel"]: status["terminal_status"] for status in statuses} == {"valve": "DONE", "pump": "DONE"}
    assert [step["status"] for step in view["lifecycle"]] == ["accepted", "running", "completed"]


# -- what the calendar knows of its tasks


def test_a_task_tells_when_its_schedule_asks_again() -> None:
    world = World(example_site(), example_schedules(), 1)
    world.run(5 * HOUR)
    waterings = [t for t in world.journal.values.values() if isinstance(t, Task) and t.schedule == "morning"]
    (first,) = [task for task in waterings if task.outcome is not None]
    assert first.outcome is not None
    assert first.outcome.next_due_at == first.scheduled_for + 2 * HOUR
    assert task_views.result(first, first.outcome)["next_due_at"] == "2026-06-01T06:00:00.000Z"


def test_late_runs_that_wait_too_long_for_their_turn_are_told_so() -> None:
    """Thirty schedules come back from an outage together: twenty late runs a minute, and the rest grows too old."""
    site = example_site()
    zone = site.zones["zone-1"]
    zones = {f"z{n}": replace(zone, name=f"z{n}", number=n + 1) for n in range(30)}
    late = CatchUp(policy=Policy.REPLAY_ALL, within=30 * MINUTE + 20 * SECOND, jitter=0)
    schedules = tuple(
        Schedule(
            name=f"s{n}",
            zone=f"z{n}",
            task_type="lighting",
            cadence=Cron(expression="0 6 * * *"),
            payload={"on": True, "force_skip": True},
            catch_up=late,
        )
        for n in range(30)
    )
    world = World(replace(site, zones=zones), schedules, 1)
    world.run(4 * HOUR - MINUTE)
    world.now += 31 * MINUTE
    world._begin()
    world.run(world.now + 5 * MINUTE)
    reasons = [e.details["reason_code"] for e in world.journal.timeline if e.event_type == "SCHEDULE_SKIPPED"]
    assert reasons.count("catchup_rate_limited") == 10
    assert len([t for t in world.journal.values.values() if isinstance(t, Task)]) == 20


def test_a_plain_timer_that_finds_the_pump_busy_expires_and_is_asked_again() -> None:
    """Two zones share a pump: the thirsty one waits, its task runs out of time, and the next one of it is served."""
    site = example_site()
    zone = site.zones["zone-1"]
    fallback = Fallback(duration=20 * SECOND, every=30 * MINUTE, max_per_day=9)
    thirsty = replace(zone, max_gap=10 * HOUR, fallback=fallback)
    greedy = replace(zone, name="greedy", number=2)
    world = World(replace(site, zones={"zone-1": thirsty, "greedy": greedy}), (), 1)
    world.run(8 * HOUR - 30 * SECOND)
    ask(world, "irrigation", {"duration_s": 300}, zone="greedy")
    world.run(8 * HOUR + 40 * MINUTE)
    assert "SELF_TASK_EXPIRED" in codes(world)
    own = [v for v in world.journal.values.values() if isinstance(v, Task) and v.source == "self"]
    assert [task.status.value for task in sorted(own, key=lambda task: task.created_at)] == ["rejected", "completed"]
