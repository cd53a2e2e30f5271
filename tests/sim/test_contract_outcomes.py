"""Whatever became of a task: its fields are those of the contract, and its orders kept to its deadlines."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from edgectl.daemon import task_views
from edgectl.engine.workflows import walk
from edgectl.model.command import Command
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.world import DAY, World
from tests.sim.asking import wish
from tests.sim.test_two_tanks import house
from tests.sim.test_workflow_rows import ask, ended

FIELDS = {
    "task_id zone_id task_type payload payload_fingerprint scheduled_for due_at expires_at correlation_id source",
    "status created_at updated_at result error error_code",
}
RESULT = {
    "success mode action_required decision reason_code reason error error_code",
    "commands_total commands_submitted commands_effect_confirmed commands_failed command_submitted",
    "command_effect_confirmed command_statuses executed_steps safety_flags next_due_at measurements_before_after",
    "run_mode retry_attempt retry_max_attempts retry_backoff_sec physical_effect effect_amounts vetoes",
}
ORDER = {"node_uid channel cmd cmd_id command_submitted command_effect_confirmed terminal_status"}


def words(lines: set[str]) -> set[str]:
    return {word for line in lines for word in line.split()}


@pytest.fixture(scope="module")
def rough() -> World:
    """A day with people, crashes and a bad line, and one who asks too late: tasks end in every way."""
    faults = Faults(lost_request=0.05, lost_reply=0.03, stuck_relay=0.05, bad_level=0.03, blocked=0.2, refused=0.05)
    world = World(example_site(), example_schedules(), 11, faults=faults, crash=0.01, people=True)
    world.run(DAY)
    wall = world.wall
    world.offer(wish(wall, "comes-too-late", scheduled=-3 * SECOND, due=-2 * SECOND, expires=-SECOND))
    world.run(world.now + 60 * SECOND)
    return world


def views(world: World) -> Iterator[tuple[Task, dict[str, Any]]]:
    commands = [value for value in world.journal.values.values() if isinstance(value, Command)]
    for task in world.journal.values.values():
        if isinstance(task, Task) and task.terminal:
            own = [command for command in commands if command.task_id == task.task_id]
            yield task, task_views.whole(task, world.site, own, [])


def test_every_end_bears_every_field(rough: World) -> None:
    ends: set[tuple[str, str]] = set()
    for task, view in views(rough):
        assert words(FIELDS) <= set(view)
        assert words(RESULT) <= set(view["result"]), task.outcome
        assert re.fullmatch(r"st-[A-Za-z0-9\-_.:]{6,128}", view["task_id"])
        assert isinstance(view["zone_id"], int)
        for status in view["result"]["command_statuses"]:
            assert words(ORDER) <= set(status)
        ends.add((view["status"], view["result"]["decision"]))
    assert {("completed", "run"), ("completed", "skip"), ("failed", "fail")} <= ends
    assert {status for status, _ in ends} & {"rejected", "expired"}, "some came too late"


def test_a_task_is_a_success_when_each_of_its_orders_was_seen_done_and_says_why_it_is_none(rough: World) -> None:
    for task, view in views(rough):
        result = view["result"]
        assert result["success"] is (task.status.value == "completed")
        assert (result["error_code"] is None) is result["success"]
        assert (view["error"] is None, view["error_code"]) == (result["success"], result["error_code"])
        if result["success"] and result["action_required"] and not task.interrupted:
            assert 0 < result["commands_total"] == result["commands_effect_confirmed"]
            assert result["command_effect_confirmed"]
        if task.status.value in ("rejected", "expired"):
            assert (result["decision"], result["action_required"], result["commands_total"]) == ("fail", True, 0)
        if not result["action_required"]:
            assert result["decision"] == "skip"


Asked = list[tuple[int, Nanos, Nanos, Nanos | None]]


def asked_for(monkeypatch: pytest.MonkeyPatch, world: World) -> Asked:
    """Every ON of a stage: how many the task had before, its own end, the end of its task, and of its stage."""
    asked: Asked = []
    switch_on = walk.switch_on

    def noted(draft: Any, **given: Any) -> str | None:
        task = draft.task(given["task_id"])
        asked.append((len(draft.commands(task.task_id)), given["not_after"], task.expires, task.act_until))
        return switch_on(draft, **given)

    monkeypatch.setattr(walk, "switch_on", noted)
    world.run(DAY // 4)
    return asked


@pytest.mark.parametrize("planted", [False, True])
def test_the_first_order_ends_with_its_task_and_each_later_one_with_its_stage(
    monkeypatch: pytest.MonkeyPatch, *, planted: bool
) -> None:
    if planted:
        monkeypatch.setattr(walk, "REPLY_WITHIN", DAY)
        monkeypatch.setattr(walk, "min", lambda *ends: max(ends), raising=False)
    asked = asked_for(monkeypatch, house(often=True))
    first = [not_after <= expires for before, not_after, expires, _ in asked if not before]
    later = [until is not None and not_after <= until for before, not_after, _, until in asked if before]
    assert len(first) > 1
    assert len(later) > 6
    assert (all(first) and all(later)) is not planted


def test_a_stage_that_has_used_up_its_time_orders_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The valve is seen open only after the time of the whole stage: the pump is not started any more."""
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    monkeypatch.setattr(walk.times, "ceiling", lambda site, stage: SECOND)
    ask(world, "irrigation", {"duration_s": 30})
    world.run(world.now + 60 * SECOND)
    outcome = ended(world).outcome
    assert outcome is not None
    assert outcome.decision == "fail"
    assert not [move for move in world.field.trace if move.name == "pump" and move.on]
    assert not world.field.relays["valve"].on
