"""Each guard by its name: what makes it speak, and what it says. A guard without a case here fails the build."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules import guards, lasting
from edgectl.engine.rules.guards import STARTING, STAYING, veto_start, veto_stay
from edgectl.engine.state import Phase, State
from edgectl.model.air import Climate, Gas, Vent
from edgectl.model.channel import Sample
from edgectl.model.command import Command, Order
from edgectl.model.inputs import Restrain, Restraint
from edgectl.model.output import Output
from edgectl.model.site import Actuator, Compare, Condition, Daily, Draws, LeastFlow, Role, ValveGroup
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.model.timeline import Latch
from edgectl.model.water import Circuit, Tank
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World

NOW = Now(mono=1000 * SECOND, wall=2000 * SECOND, trust=Trust.SYNCED)
LEASE: Nanos = 60 * SECOND


def settled() -> State:
    """A site at rest, with a level of 70 % read just now."""
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    state = world.state
    state.started = NOW.mono - 600 * SECOND
    state.image["level.level"] = Sample(sample_id=9, channel="level.level", value=70.0, at=NOW.mono - SECOND)
    return state


def running(state: State, name: str, since: Nanos = 0) -> None:
    state.commands[f"c-{name}"] = Command(
        cmd_id=f"c-{name}",
        task_id=None,
        zone=None,
        stage="manual",
        actuator=name,
        order=Order.ON,
        lease=3600 * SECOND,
        queued_at=NOW.mono - since,
        not_after=NOW.mono,
        ack_at=NOW.mono - since,
        seen_at=NOW.mono - since,
    )
    state.outputs[name] = _output(state, name, owed=True)


def _output(state: State, name: str, *, owed: bool, off_at: Nanos | None = None) -> Output:
    return Output(
        name=name,
        owed_off=owed,
        cmd_id=f"c-{name}",
        task_id=None,
        zone=None,
        off_by=NOW.mono + LEASE,
        off_at=off_at,
        boot_id=state.boot_id,
    )


def latch(state: State, name: str, why: str = "") -> None:
    state.put(Latch(name=name, held=True, since=0, who="Ana", why=why))


def with_pump(state: State, **changes: object) -> None:
    site = state.site
    pump: Actuator = replace(site.actuators["pump"], **changes)  # type: ignore[arg-type]
    state.site = replace(site, actuators={**site.actuators, "pump": pump})


def _level(state: State, value: float) -> None:
    state.image["level.level"] = Sample(sample_id=9, channel="level.level", value=value, at=NOW.mono - SECOND)


def _foreign(state: State) -> None:
    state.site = replace(state.site, buses={"wires": frozenset({"board"})})
    state.foreign["wires"] = "somebody else asks"


def _pressed(state: State) -> None:
    state.site = replace(state.site, estop="flow")
    state.image["meter.flow"] = Sample(sample_id=8, channel="meter.flow", value=0.0, at=NOW.mono - SECOND)


def _rested(state: State) -> None:
    state.outputs["pump"] = _output(state, "pump", owed=False, off_at=NOW.mono - SECOND)


def _starts(state: State) -> None:
    with_pump(state, starts_per_hour=2)
    draft = Draft(state, NOW)
    for _ in range(2):
        draft.spend("starts:pump", 1.0, NOW.mono)
    state.ledgers["starts:pump"] = draft.ledger("starts:pump")


def _dosing(state: State) -> None:
    with_pump(state, role=Role.DOSING, requires=(), stop_if=())


def _together(state: State) -> None:
    state.site = replace(state.site, never_together=(frozenset({"pump", "lamp"}),))
    running(state, "lamp")


def _closed(state: State) -> None:
    state.outputs.pop("valve", None)


def _only_requires(state: State) -> None:
    with_pump(state, stop_if=())
    _level(state, 12.0)


def _open(state: State) -> None:
    running(state, "valve")


def _returning(state: State) -> None:
    """The lamp comes first: the pump is five seconds behind it, and the controller has been here for two."""
    state.started = NOW.mono - 2 * SECOND
    with_pump(state, min_off=0, priority=70)


def _too_much_gas(state: State) -> None:
    with_pump(state, role=Role.CO2, requires=(), stop_if=())
    climate = Climate(temperature="level", gas=Gas(valve="pump", sensor="level", target=50, most=60))
    zone = replace(state.site.zones["zone-1"], climate=climate)
    state.site = replace(state.site, zones={"zone-1": zone})


def _blown(state: State) -> None:
    """The pump opens a vent, and what the level shows is the wind."""
    with_pump(state, role=Role.VENT, requires=(), stop_if=())
    roof = Vent(name="roof", opens="pump", closes="lamp", travel=60 * SECOND)
    zone = replace(state.site.zones["zone-1"], climate=Climate(temperature="level", wind="level", vents=(roof,)))
    state.site = replace(state.site, zones={"zone-1": zone})


def _hot(state: State) -> None:
    with_pump(state, role=Role.HEATER, requires=(), stop_if=(), min_off=0)
    zone = replace(state.site.zones["zone-1"], climate=Climate(temperature="level", heaters=("pump",)))
    state.site = replace(state.site, zones={"zone-1": zone})


def _just_moved(state: State) -> None:
    tank = Tank(name="butt", volume_l=100, high="solution_max")
    zone = replace(state.site.zones["zone-1"], circuit=Circuit(solution=tank, fill="valve"))
    state.site = replace(state.site, zones={"zone-1": zone})
    state.holding = {("float", "solution_max"): NOW.mono - 2 * SECOND}


def _reversing(state: State) -> None:
    with_pump(state, role=Role.VENT, requires=(), stop_if=())
    state.site = replace(state.site, never_together=(frozenset({"pump", "lamp"}),))
    state.outputs["lamp"] = _output(state, "lamp", owed=False, off_at=NOW.mono - SECOND // 2)


def _fallen(state: State) -> None:
    with_pump(state, backup="mains")
    latch(state, "backup:mains", "valve cannot be switched off")


def _too_small(state: State) -> None:
    with_pump(state, least_flow=LeastFlow(l_min=15))
    zone = replace(state.site.zones["zone-1"], rate_l_min=10)
    state.site = replace(state.site, zones={"zone-1": zone})


def _unsaid(state: State) -> None:
    with_pump(state, requires=(), stop_if=())
    _level(state, 12.0)


def _full(state: State) -> None:
    """The pump brings clean water into a tank that has no float."""
    clean, solution = Tank(name="butt", volume_l=100), Tank(name="vat", volume_l=100, level="level")
    circuit = Circuit(solution=solution, clean=clean, fill="lamp", fill_pump="pump", solution_fill="valve")
    zone = replace(state.site.zones["zone-1"], circuit=circuit)
    state.site = replace(state.site, zones={"zone-1": zone})
    _level(state, 97.0)


def _nearly_empty(state: State) -> None:
    with_pump(state, requires=(), stop_if=())
    _level(state, 9.0)


def _group(state: State) -> None:
    state.site = replace(
        state.site, groups=(ValveGroup(name="manifold", valves=frozenset({"pump", "valve"}), max_open=1),)
    )


def _not_long_enough(state: State) -> None:
    condition = Condition(sensor="level", compare=Compare.ABOVE, limit=15, lasts=30 * SECOND)
    with_pump(state, requires=(condition,))
    state.holding = {condition: NOW.mono - 12 * SECOND}


START: dict[str, tuple[Callable[[State], None], str]] = {
    "foreign_master": (_foreign, "bus wires: somebody else asks"),
    "phase": (lambda state: setattr(state, "phase", Phase.SETTLING), "still being settled"),
    "estop": (_pressed, "the emergency stop is pressed"),
    "storage": (lambda state: setattr(state, "storage_ok", False), "does not take entries"),
    "restraint": (lambda state: latch(state, "lock:zone-1", "new filter"), "Ana works in zone-1 (new filter)"),
    "lockout": (lambda state: latch(state, "lockout:pump"), "until its alarm is acknowledged"),
    "device_silent": (lambda state: state.silent.update({"board": "no reply"}), "board does not answer: no reply"),
    "unproven_off": (lambda state: state.unproven.add("pump"), "has not been seen off since the start"),
    "max_on": (lambda state: with_pump(state, max_on=30 * SECOND), "60 s is longer than max_on 30 s"),
    "min_off": (_rested, "off for 1.0 s of min_off 5 s"),
    "power_return": (_returning, "pump must not start for another 3.0 s: loads come on one after the other"),
    "floats": (_just_moved, "solution_max has just moved; wait until it has shown the same for 5 s"),
    "reversing": (_reversing, "lamp has only just stopped"),
    "backup": (_fallen, "mains has fallen (valve cannot be switched off); acknowledge its alarm first"),
    "max_open": (_group, "manifold lets 1 of its valves be open at once, and open are: valve"),
    "path": (_closed, "switch valve on first"),
    "min_flow": (_too_small, "pump needs ways for 15 L/min, and what is open lets 10 L/min through"),
    "dry_run": (_unsaid, "pump would run dry: level shows 12 %, less than 15 %"),
    "full": (_full, "pump would make vat run over: level shows 97, aged 1.0 s; draw from it first"),
    "weather": (_blown, "roof of zone-1 stays shut while the wind is too strong"),
    "overheat": (_hot, "level shows 70.0 °C, and nobody heats zone-1 above 38"),
    "gas": (_too_much_gas, "level shows 70 ppm, and 60 is the most"),
    "dosing": (_dosing, "has no ml_per_s and caps"),
    "max_per_day": (
        lambda state: with_pump(state, daily=Daily(litres=5, l_min=10)),
        "10.0 L on top of 0.0 L of the last day are more than max_per_day 5 L",
    ),
    "starts_per_hour": (_starts, "has started 2 times"),
    "never_together": (_together, "pump never together with lamp"),
    "requires": (lambda state: _level(state, 12.0), "requires level > 15 (12"),
    "stop_if": (
        lambda state: with_pump(state, stop_if=(Condition(sensor="level", compare=Compare.BELOW, limit=80),)),
        "stop_if level < 80 (70",
    ),
}
STAY: dict[str, tuple[Callable[[State], None], str]] = {
    "foreign_master": (_foreign, "bus wires: somebody else asks"),
    "estop": (_pressed, "the emergency stop is pressed"),
    "current": (lambda state: with_pump(state, draws=Draws(sensor="level", most=3)), "pump draws 70 A, more than 3 A"),
    "restraint": (lambda state: latch(state, "stop_water"), "the water is stopped"),
    "path": (_closed, "pushes against a closed valve"),
    "min_flow": (_too_small, "pump needs ways for 15 L/min, and what is open lets 10 L/min through"),
    "weather": (_blown, "roof of zone-1 stays shut while the wind is too strong"),
    "overheat": (_hot, "level shows 70.0 °C, and nobody heats zone-1 above 38"),
    "gas": (_too_much_gas, "level shows 70 ppm, and 60 is the most"),
    "full": (_full, "pump would make vat run over: level shows 97, aged 1.0 s; draw from it first"),
    "dry_run": (_nearly_empty, "pump would run dry: level shows 9 %, less than 10 %"),
    "requires": (_only_requires, "requires level > 15"),
    "stop_if": (lambda state: _level(state, 9.0), "stop_if level < 10 (9"),
}


def test_every_guard_has_its_case() -> None:
    assert set(START) == {name for name, _ in STARTING}
    assert set(STAY) == {name for name, _ in STAYING}


@pytest.mark.parametrize("rule", START)
def test_a_start_is_refused_by_this_rule_and_by_no_other(rule: str) -> None:
    state = settled()
    if rule != "path":
        _open(state)
    draft = Draft(state, NOW)
    if rule != "path":
        assert veto_start(draft, state.site.actuators["pump"], LEASE) is None, "without the cause it may start"
    arrange, words = START[rule]
    arrange(state)
    veto = veto_start(Draft(state, NOW), state.site.actuators["pump"], LEASE)
    assert veto is not None
    assert (veto.rule, veto.actuator) == (rule, "pump")
    assert words in veto.why


@pytest.mark.parametrize("rule", STAY)
def test_a_pump_that_runs_is_stopped_by_this_rule_and_by_no_other(rule: str) -> None:
    state = settled()
    _open(state)
    running(state, "pump", since=10 * SECOND)
    assert veto_stay(Draft(state, NOW), state.site.actuators["pump"]) is None
    arrange, words = STAY[rule]
    arrange(state)
    veto = veto_stay(Draft(state, NOW), state.site.actuators["pump"])
    assert veto is not None
    assert (veto.rule, veto.actuator) == (rule, "pump")
    assert words in veto.why


def test_what_has_to_hold_for_a_while_has_held_for_so_long() -> None:
    state = settled()
    _open(state)
    _not_long_enough(state)
    pump = state.site.actuators["pump"]
    veto = veto_start(Draft(state, NOW), pump, LEASE)
    assert veto is not None
    assert "requires level > 15 for 30 s (70, aged 1.0 s, held for 12.0 s)" in veto.why
    state.holding = {pump.requires[0]: NOW.mono - 30 * SECOND}
    assert veto_start(Draft(state, NOW), pump, LEASE) is None


def test_a_level_that_is_low_for_a_moment_does_not_stop_what_may_stand_it() -> None:
    state = settled()
    _open(state)
    running(state, "pump", since=10 * SECOND)
    low = Condition(sensor="level", compare=Compare.BELOW, limit=80, lasts=5 * SECOND)
    with_pump(state, stop_if=(low,))
    for seconds, stopped in ((0, False), (4, False), (5, True)):
        draft = Draft(state, replace(NOW, mono=NOW.mono + seconds * SECOND))
        lasting.watch(draft)
        state.holding = draft.holding
        assert (veto_stay(draft, state.site.actuators["pump"]) is not None) is stopped, seconds
    state.image.clear()
    veto = veto_stay(Draft(state, NOW), state.site.actuators["pump"])
    assert veto is not None, "what cannot be seen is not waited for"
    assert "never_read" in veto.why


@pytest.mark.parametrize("rule", START)
def test_without_this_rule_nobody_would_have_refused_the_start(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    state = settled()
    if rule != "path":
        _open(state)
    START[rule][0](state)
    monkeypatch.setattr(guards, "STARTING", tuple(row for row in STARTING if row[0] != rule))
    assert veto_start(Draft(state, NOW), state.site.actuators["pump"], LEASE) is None


@pytest.mark.parametrize("rule", STAY)
def test_without_this_rule_nobody_would_have_stopped_the_pump(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    state = settled()
    _open(state)
    running(state, "pump", since=10 * SECOND)
    STAY[rule][0](state)
    monkeypatch.setattr(guards, "STAYING", tuple(row for row in STAYING if row[0] != rule))
    assert veto_stay(Draft(state, NOW), state.site.actuators["pump"]) is None


def test_a_task_tells_which_rule_stopped_which_order_and_what_it_had_looked_at() -> None:
    world = World(example_site(), example_schedules(), 1)
    world.run(4 * 3600 * SECOND + 20 * SECOND)  # six o'clock in Berlin, in the middle of the first watering
    (task,) = (task for task in world.state.tasks.values() if task.task_type == "irrigation")
    world.offer(Restrain(token=1, what=Restraint.LOCK, on=True, who="Ana", zone="zone-1", why="new filter"))
    world.run(world.now + 30 * SECOND)
    ended = world.journal.values[("Task", task.task_id)]
    assert isinstance(ended, Task)
    assert ended.outcome is not None
    vetoes = ended.outcome.vetoes
    told = [entry.details for entry in world.journal.timeline if entry.event_type == "VETO"]
    assert {veto.rule for veto in vetoes} <= {"restraint"}
    assert {detail["rule"] for detail in told} <= {"restraint"}
    assert [sample["sensor"] for sample in ended.outcome.before] == ["level"]
    assert [sample["sensor"] for sample in ended.outcome.after] == ["level"]
    assert ended.outcome.commands_submitted == 2


def test_a_refused_stage_tells_its_rule() -> None:
    site = example_site()
    site = replace(site, actuators={**site.actuators, "pump": replace(site.actuators["pump"], max_on=30 * SECOND)})
    world = World(site, example_schedules(), 1)
    world.run(4 * 3600 * SECOND + 60 * SECOND)
    ended = [v for v in world.journal.values.values() if isinstance(v, Task) and v.task_type == "irrigation"]
    assert ended[0].outcome is not None
    assert [(veto.rule, veto.actuator) for veto in ended[0].outcome.vetoes] == [("max_on", "pump")]
    assert not world.field.relays["valve"].on


def test_an_order_cites_the_samples_that_its_guards_went_by() -> None:
    world = World(example_site(), example_schedules(), 1)
    world.run(4 * 3600 * SECOND + 20 * SECOND)
    ordered = [dict(e.details) for e in world.journal.timeline if e.event_type == "COMMAND_DISPATCHED"]
    (pump,) = [details for details in ordered if details["actuator"] == "pump"]
    (sample,) = pump["samples"]
    assert sample["sensor"] == "level"
    assert sample["sample"] > 0
    assert 0 <= sample["age_ms"] <= 10_000
