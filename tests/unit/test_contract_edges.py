"""What the task contract says of names, words and doors, sentence by sentence, where no other test would notice."""

import json
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.requests import Request

from edgectl.api.access import Role
from edgectl.api.operation import Answering, Operation
from edgectl.daemon.house import instant_of
from edgectl.daemon.looks import DaemonLooks
from edgectl.journal.errors import JournalRefused
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.command import COMMAND_MOVES, CommandState
from edgectl.model.task import TASK_MOVES, TaskStatus
from edgectl.model.time import from_datetime, iso
from edgectl.model.timeline import Batch
from edgectl.scheduler.occurrence import correlation
from edgectl.simulate.example import example_site
from tests.contract.centre_rows import line, task

BUSINESS = {"accepted", "running", "completed", "failed", "rejected", "expired"}


def test_statuses_are_those_of_the_engine_and_none_of_the_transport() -> None:
    assert {status.value for status in TaskStatus} == BUSINESS, "timeout, not_found, submit_failed are the asker's own"
    moves = {status.value: {to.value for to in after} for status, after in TASK_MOVES.items()}
    assert moves == {
        "accepted": {"running", "failed", "rejected", "expired"},
        "running": {"completed", "failed"},
        "completed": set(),
        "failed": set(),
        "rejected": set(),
        "expired": set(),
    }


def test_a_command_is_spelled_the_same_everywhere_and_only_done_is_good() -> None:
    spelled = ["QUEUED", "SENT", "ACK", "DONE", "NO_EFFECT", "BUSY", "INVALID", "ERROR", "TIMEOUT", "SEND_FAILED"]
    assert [state.value for state in CommandState] == spelled == [state.name for state in CommandState]
    ends = {state.value for state, after in COMMAND_MOVES.items() if not after}
    assert ends == set(spelled) - {"QUEUED", "SENT", "ACK"}


def test_a_time_without_an_offset_is_utc_at_the_door_and_a_mistake_inside() -> None:
    at = instant_of({"due_at": "2026-06-01T06:00:00"}, "due_at", 0)
    assert iso(at) == "2026-06-01T06:00:00.000Z"
    assert at == instant_of({"due_at": "2026-06-01T08:00:00+02:00"}, "due_at", 0)
    with pytest.raises(ValueError, match="has no time zone"):
        from_datetime(datetime(2026, 6, 1, 6))  # noqa: DTZ001 -- that is what is refused


def test_the_name_of_a_scheduled_run_says_zone_and_type_and_follows_from_its_original_time() -> None:
    name = correlation(7, "irrigation", 1_780_272_000 * 10**9, "morning")
    digest = sha256(b"7|irrigation|2026-06-01T00:00:00.000Z|morning").hexdigest()
    assert name == f"sch:z7:irrigation:{digest[:20]}"
    for other in (
        correlation(8, "irrigation", 1_780_272_000 * 10**9, "morning"),
        correlation(7, "lighting", 1_780_272_000 * 10**9, "morning"),
        correlation(7, "irrigation", 1_780_272_001 * 10**9, "morning"),
        correlation(7, "irrigation", 1_780_272_000 * 10**9, "evening"),
    ):
        assert other != name


def test_two_tasks_of_one_name_are_a_mistake_that_the_journal_refuses(tmp_path: Path) -> None:
    """The key is UNIQUE there; who is known already was recognised before anybody decided."""
    journal = SqliteJournal(tmp_path / "journal.db")
    first = task(1)
    journal.commit(Batch(changes=(first,), entries=(line(1),)))
    twin = replace(task(2), correlation_id=first.correlation_id)
    with pytest.raises(JournalRefused):
        journal.commit(Batch(changes=(twin,), entries=(line(2),)))
    assert [known.task_id for known in journal.load().tasks] == [first.task_id]
    journal.close()


class _Anybody:
    def know(self, scope: Any, role: Role) -> None:
        """Everybody may."""


async def test_a_mistake_of_the_program_leaks_no_words_of_python() -> None:
    async def breaks(_: Any) -> Any:
        raise RuntimeError("password=hunter2 at line 7")

    guarded = Answering(cast(Any, _Anybody()), cast(Any, None), json_only=False).guarded
    operation = Operation(method="GET", path="/x", role=Role.ANYONE, says="", handle=breaks, answer=None)
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b""}
    answer = await guarded(Request(scope), operation)
    assert answer.status_code == 500
    body = json.loads(bytes(answer.body))
    assert set(body) == {"status", "code", "message", "detail", "hint"}
    assert "hunter2" not in bytes(answer.body).decode()


class _Reads:
    """A journal with one task of many lines; it notes how many were asked for."""

    def __init__(self) -> None:
        self.limits: list[int] = []

    async def tasks(self, **_: Any) -> list[Any]:
        return [replace(task(1), zone="zone-1")]

    async def task(self, _: str) -> Any:
        return replace(task(1), zone="zone-1")

    async def commands(self, _: str) -> list[Any]:
        return []

    async def links(self, _: str, limit: int) -> dict[int, str]:
        return {}

    async def timeline(self, _: str, limit: int) -> list[Any]:
        self.limits.append(limit)
        return []


async def test_a_timeline_has_200_lines_in_a_list_and_500_at_most() -> None:
    async def read(reading: Any) -> Any:
        return await reading

    class State:
        site = example_site()

    class Control:
        class stepper:
            state = State

    reads = _Reads()
    looks = DaemonLooks(cast(Any, Control), reads, cast(Any, None), cast(Any, None), read)
    await looks.zone_tasks("1", 20, timeline=True)
    await looks.zone_task("1", "st-task-1")
    assert reads.limits == [200, 500]
