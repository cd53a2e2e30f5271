"""What the campaigns over drawn houses have found in the engine, each as small as it can be told."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from edgectl.engine.decide import decide
from edgectl.engine.draft import Draft
from edgectl.engine.rules import thirst
from edgectl.engine.rules.crashes import STARTS
from edgectl.engine.state import Phase, State
from edgectl.model.inputs import AskState, ClockStepped, Send
from edgectl.model.ledger import HOUR
from edgectl.model.task import PhysicalEffect, Task
from edgectl.model.time import MS, SECOND, Now, Trust
from edgectl.model.timeline import Cursor, Stored
from edgectl.scheduler.occurrence import correlation
from edgectl.scheduler.plan import due
from edgectl.scheduler.schedule import Every, Schedule
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import SimField
from edgectl.simulate.world import EPOCH, World

ZONE = ZoneInfo("UTC")


def ended(world: World) -> Task:
    """The only watering of this world that has come to its end."""
    tasks = [value for value in world.journal.values.values() if isinstance(value, Task)]
    (task,) = [task for task in tasks if task.task_type == "irrigation" and task.terminal]
    assert task.outcome is not None
    return task


def test_two_runs_of_an_interval_never_bear_one_name() -> None:
    """The wall clock was set back by a day: the next run took the name of the last one, and its orders."""
    schedule = Schedule(name="s", zone="z", task_type="irrigation", cadence=Every(interval=HOUR))
    cursor = Cursor(schedule="s", position=EPOCH, last_finished=0)
    now = Now(mono=2 * HOUR, wall=EPOCH - 24 * HOUR, trust=Trust.SYNCED)
    (run,) = due(schedule, cursor, now, ZONE, busy=False, lost=False).occurrences
    assert correlation(1, "irrigation", run.scheduled_for, "s") != correlation(1, "irrigation", EPOCH, "s")
    assert run.scheduled_for - EPOCH >= MS


def test_a_lamp_that_does_not_answer_is_not_asked_in_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its silence was an answer, the answer was a turn, and the turn asked again: 200,000 turns a day."""
    world = World(example_site(), example_schedules(), 1)
    world.run(5 * HOUR)
    asked: list[int] = []
    ask = SimField.ask

    def counted(self: SimField, effect: AskState, now: int) -> list:  # type: ignore[type-arg]
        asked.append(now)
        return ask(self, effect, now)

    monkeypatch.setattr(SimField, "ask", counted)
    world.field.fall_silent("board", world.now)
    world.hear_of("board", healthy=False)
    world.run(world.now + HOUR)
    assert len(asked) < 20
    assert "biz_light_failure:lamp" in world.state.alarms


def test_an_open_valve_alone_has_watered_nothing() -> None:
    """The controller died between the valve and the pump, and the plants were taken for watered."""
    world = World(example_site(), example_schedules(), 1)
    while not world.field.relays["valve"].on:
        world.run(world.now + SECOND)
    assert not world.field.relays["pump"].on
    world._begin()
    world.run(world.now + 60 * SECOND)
    outcome = ended(world).outcome
    assert outcome is not None
    assert outcome.reason_code == "task_recovered_after_restart"
    assert outcome.physical_effect is PhysicalEffect.NONE


def test_a_pump_that_was_never_seen_on_has_not_watered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay took the order and did not switch, and the zone counted as watered for the next hours."""
    send = SimField.send

    def stuck(self: SimField, effect: Send, now: int) -> list:  # type: ignore[type-arg]
        news = send(self, effect, now)
        if effect.actuator == "pump":
            self._move("pump", False, now + 75 * MS, None, None)
        return news

    monkeypatch.setattr(SimField, "send", stuck)
    world = World(example_site(), example_schedules(), 1)
    while not any(
        isinstance(v, Task) and v.terminal and v.task_type == "irrigation" for v in world.journal.values.values()
    ):
        world.run(world.now + 10 * SECOND)
    outcome = ended(world).outcome
    assert outcome is not None
    assert outcome.reason_code == "command_no_effect"
    assert outcome.physical_effect in (PhysicalEffect.NONE, PhysicalEffect.UNKNOWN)


def test_thirst_is_not_quenched_by_a_restart() -> None:
    """The newest watering was nine hours ago; an older one, of a boot whose clock nobody believed, seemed newer."""
    site = example_site()
    zones = {"zone-1": replace(site.zones["zone-1"], max_gap=12 * HOUR)}
    stored = Stored(journal_id="j", last_seq=0)
    state = State.begin(site=replace(site, zones=zones), schedules=(), stored=stored, boot_id="new", started=20 * HOUR)
    state.phase = Phase.READY
    old, new = ("old", Trust.UNTRUSTED, 9 * HOUR), ("new", Trust.SYNCED, 11 * HOUR)
    for boot, trust, at in (old, new):
        ledger = Draft(state, Now(mono=at, wall=EPOCH + at, trust=trust)).ledger(thirst.watered("zone-1"))
        state.put(ledger.add(1.0, at, Now(mono=at, wall=EPOCH + at, trust=trust), boot, 0))
    draft = Draft(state, Now(mono=20 * HOUR + SECOND, wall=EPOCH + 20 * HOUR, trust=Trust.SYNCED))
    thirst.watch(draft)
    alarm = draft.alarm("zone_thirsty:zone-1")
    assert alarm is not None
    assert alarm.active


def test_what_nobody_can_date_does_not_calm() -> None:
    """After a power cut without a clock the last watering seems as new as this start; who was called stays called."""
    site = example_site()
    zones = {"zone-1": replace(site.zones["zone-1"], max_gap=12 * HOUR)}
    stored = Stored(journal_id="j", last_seq=0)
    state = State.begin(site=replace(site, zones=zones), schedules=(), stored=stored, boot_id="one", started=0)
    state.phase = Phase.READY
    then = Now(mono=HOUR, wall=EPOCH + HOUR, trust=Trust.UNTRUSTED)
    state.put(Draft(state, then).ledger(thirst.watered("zone-1")).add(1.0, HOUR, then, "one", 0))
    draft = Draft(state, Now(mono=9 * HOUR, wall=EPOCH + 9 * HOUR, trust=Trust.SYNCED))
    thirst.watch(draft)
    for change in draft.decision().changes:
        state.put(change)
    assert "zone_thirsty:zone-1" in state.alarms
    state.boot_id, state.started = "two", 9 * HOUR
    after = Draft(state, Now(mono=9 * HOUR + SECOND, wall=EPOCH + 9 * HOUR, trust=Trust.SYNCED))
    thirst.watch(after)
    alarm = after.alarm("zone_thirsty:zone-1")
    assert alarm is not None
    assert alarm.active


def test_a_controller_that_falls_again_and_again_does_not_begin_to_count_thirst_anew() -> None:
    """The last watering was of another boot with a clock that nobody believed: each restart made it seem new."""
    site = example_site()
    zones = {"zone-1": replace(site.zones["zone-1"], max_gap=12 * HOUR)}
    stored = Stored(journal_id="j", last_seq=0)
    state = State.begin(site=replace(site, zones=zones), schedules=(), stored=stored, boot_id="two", started=9 * HOUR)
    state.phase = Phase.READY
    now = Now(mono=9 * HOUR + SECOND, wall=EPOCH, trust=Trust.UNTRUSTED)
    for name, boot, at in (("watered:zone-1", "one", 0), (STARTS, "two", 2 * HOUR), (STARTS, "two", 9 * HOUR)):
        then = replace(now, mono=at)
        state.put(Draft(state, then).ledger(name).add(1.0, at, then, boot, at))
    draft = Draft(state, now)
    thirst.watch(draft)
    alarm = draft.alarm("zone_thirsty:zone-1")
    assert alarm is not None
    assert alarm.active


def test_a_clock_set_forward_by_a_day_does_not_empty_the_accounts() -> None:
    """The machine restarted after somebody had set its clock, and a day's cap of acid was given twice in a day."""
    stored = Stored(journal_id="j", last_seq=0)
    state = State.begin(site=example_site(), schedules=(), stored=stored, boot_id="one", started=0)
    state.phase = Phase.READY
    now = Now(mono=HOUR, wall=EPOCH + HOUR, trust=Trust.SYNCED)
    state.put(Draft(state, now).ledger("acid").add(100.0, HOUR, now, "one", 0))
    after = Now(mono=HOUR + SECOND, wall=EPOCH + 25 * HOUR, trust=Trust.SYNCED)
    for change in decide(state, [ClockStepped(seconds=86_400.0)], after).changes:
        state.put(change)
    state.boot_id, state.started = "two", HOUR + 40 * SECOND
    later = Draft(state, Now(mono=HOUR + 60 * SECOND, wall=EPOCH + 25 * HOUR + 60 * SECOND, trust=Trust.SYNCED))
    assert later.spent("acid", 24 * HOUR) == 100.0
