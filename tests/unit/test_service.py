"""How well the house is served: folded out of tasks that ended, bounded, and the same after a restart."""

import asyncio
import json
import os
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

import pytest

from edgectl.api.house import Unavailable
from edgectl.daemon import service as daemon_service
from edgectl.daemon.aside import Aside
from edgectl.daemon.service import ServiceDesk
from edgectl.model.time import SECOND, Now, Trust
from edgectl.model.timeline import Entry
from edgectl.observe.metrics import Histogram, render
from edgectl.observe.service import DAY, Service

NOW = 1_800_000_000 * SECOND
ENDLESS = '{"journal_id": "j", "seq": 1e999, "counts": {}}'


def row(**more: Any) -> tuple[Any, ...]:
    values = {
        "zone": "beds",
        "task_type": "irrigation",
        "status": "completed",
        "created_at": NOW - 100 * SECOND,
        "scheduled_for": NOW - 101 * SECOND,
        "due_at": NOW - 80 * SECOND,
        "updated_at": NOW - 5 * SECOND,
        "started": 10,
        "due": 20,
        "reason": "irrigation_required",
        "total": 2,
        "confirmed": 2,
        "effect": "full",
        "planned_s": 90.0,
    }
    return tuple((values | more).values())


def exposed(service: Service, at: int = NOW) -> str:
    return render(service.numbers(at)).decode()


def test_each_deadline_has_its_word() -> None:
    service = Service()
    service.fold([row(), row(started=30), row(status="rejected", started=None), row(status="expired", started=None)])
    text = exposed(service)
    for result in ("met", "started_late", "rejected", "expired"):
        assert f'edgectl_task_sla_total{{result="{result}",task_type="irrigation",zone="beds"}} 1.0' in text
    assert 'task_deadline_violation_rate{task_type="irrigation"} 0.75' in text


def test_rates_look_at_a_day_and_counters_do_not_forget() -> None:
    service = Service()
    service.fold([row(confirmed=1), row(updated_at=NOW - DAY - SECOND, confirmed=0)])
    text = exposed(service)
    assert 'command_effect_confirm_rate{task_type="irrigation"} 0.5' in text
    assert 'edgectl_task_sla_total{result="met",task_type="irrigation",zone="beds"} 2.0' in text
    assert "command_effect_confirm_rate{" not in exposed(service, NOW + DAY), "no orders, no rate: that is not zero"


def test_a_recovery_is_good_when_the_effect_is_known() -> None:
    service = Service()
    cut = {"status": "failed", "reason": "task_recovered_after_restart"}
    service.fold([row(**cut, effect="partial"), row(**cut, effect="none"), row(**cut, effect="unknown"), row()])
    text = exposed(service)
    assert f"task_recovery_success_rate {2 / 3}" in text
    recovered = 'edgectl_task_recovery_total{result="recovered",task_type="irrigation",zone="beds"}'
    assert f"{recovered} 2.0" in text


def test_latencies_fall_into_their_buckets() -> None:
    service = Service()
    service.fold([row(), row(created_at=NOW, scheduled_for=NOW - DAY, due_at=NOW - DAY, updated_at=NOW + SECOND)])
    text = exposed(service)
    name = "task_accept_to_terminal_latency"
    assert f'{name}_bucket{{le="1.0",status="completed",task_type="irrigation"}} 1.0' in text
    assert f'{name}_bucket{{le="120.0",status="completed",task_type="irrigation"}} 2.0' in text
    assert f'{name}_sum{{status="completed",task_type="irrigation"}} 96.0' in text
    assert 'edgectl_task_accept_seconds_count{task_type="irrigation"} 1.0' in text, (
        "what is made up for is late by policy"
    )


def test_what_is_counted_goes_through_a_file_unchanged() -> None:
    service, cut = Service(), {"status": "failed", "reason": "task_recovered_after_restart"}
    service.fold([row(), row(**cut), row(created_at=NOW, due_at=NOW - DAY), row(status="rejected", started=None)])
    service.skip(skipped())
    again = Service()
    again.join(Service.of(json.loads(json.dumps(service.counts()))))
    again.remember([])
    counts = [line for line in exposed(service).splitlines() if "rate" not in line]
    assert [line for line in exposed(again).splitlines() if "rate" not in line] == counts
    assert "edgectl_catchup_runs_total 1.0" in counts
    assert "edgectl_tasks_failed_total 1.0" in counts


class Journal:
    """Lines and tasks in memory, as the desk reads them."""

    def __init__(self) -> None:
        self.lines: list[Entry] = []
        self.rows: dict[str, tuple[Any, ...]] = {}
        self.deaf = False

    def end(self, number: int, wall: int) -> Entry:
        self.rows[f"st-{number}"] = (f"st-{number}", *row(updated_at=wall))
        return self.note("TASK_FINISHED", wall, f"st-{number}")

    def note(self, event_type: str, wall: int, task_id: str | None = None) -> Entry:
        details = {"reason_code": "hold"}
        seq = len(self.lines) + 1
        line = Entry(seq=seq, event_type=event_type, wall=wall, mono=0, boot_id="b", task_id=task_id, details=details)
        self.lines.append(line)
        return line

    async def ended(self, ids: Sequence[str] | None, limit: int) -> list[tuple[Any, ...]]:
        if self.deaf:
            raise Unavailable(503, "storage_degraded", "not now")
        return [found for name, found in self.rows.items() if ids is None or name in ids][-limit:]

    async def entries_after(self, seq: int, limit: int) -> list[Entry]:
        return [line for line in self.lines if line.seq > seq][:limit]

    async def entries_between(self, event_type: str, begin: int, end: int, limit: int) -> list[Entry]:
        found = [line for line in self.lines if line.event_type == event_type and begin <= line.wall < end]
        return found[-limit:]


class Time:
    """Both clocks go on together."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Now:
        return Now(mono=self.at, wall=self.at, trust=Trust.SYNCED)


async def asked(reading: Awaitable[Any]) -> Any:
    return await reading


def total(text: str, name: str) -> float:
    return sum(
        float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} "))
    )


@pytest.mark.parametrize("killed", [False, True])
async def test_no_counter_of_a_life_is_lower_than_in_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    """Ten tasks are remembered, and a day of runs that were left out; a life that saw more than that, and the next."""
    monkeypatch.setattr(daemon_service, "REMEMBERED", 10)
    journal, time, told = Journal(), Time(), list[str]()
    for life in range(4):
        desk = ServiceDesk(journal, time, asked, Aside(tmp_path / "service.json", "j"), len(journal.lines))
        told.append(render(await desk.numbers()).decode())
        for hour in range(60):
            time.at += 3600 * SECOND
            desk.read([journal.end(100 * life + hour, time.at), journal.note("SCHEDULE_SKIPPED", time.at)])
            if hour % 7 == 2:
                journal.deaf = hour == 31  # a disk that could not be read for a moment
                told.append(render(await desk.numbers()).decode())
                journal.deaf = False
        if not killed or life == 3:
            time.at += 3600 * SECOND
            told.append(render(await desk.numbers()).decode())
    for name in ("edgectl_task_sla_total", "scheduler_dispatch_skips_total", "task_accept_to_terminal_latency_count"):
        counts = [total(text, name) for text in told]
        assert counts == sorted(counts), name
        assert counts[-1] == len(journal.lines) / 2, name


@pytest.mark.parametrize("end", ["who asked goes away", "a mistake of ours"])
async def test_what_was_half_counted_is_never_told(tmp_path: Path, end: str) -> None:
    journal, held, goes_on = Journal(), asyncio.Event(), asyncio.Event()
    for number in range(5):
        journal.end(number, NOW)

    async def slow(reading: Awaitable[Any]) -> Any:
        found = await reading
        held.set()
        await goes_on.wait()
        if end == "a mistake of ours" and held.is_set():
            held.clear()
            raise ZeroDivisionError
        return found

    desk = ServiceDesk(journal, Time(), slow, Aside(tmp_path / "service.json", "j"), 5)
    asking = asyncio.create_task(desk.numbers())
    await held.wait()
    if end == "who asked goes away":
        asking.cancel()
        await asyncio.wait([asking])
    goes_on.set()
    await asyncio.wait([asking])
    assert asking.cancelled() or isinstance(asking.exception(), ZeroDivisionError)
    desk._guarded = asked
    assert total(render(await desk.numbers()).decode(), "edgectl_task_sla_total") == 5
    assert total(render(await desk.numbers()).decode(), "edgectl_task_sla_total") == 5


async def test_counts_of_another_journal_or_of_no_sense_are_not_gone_on_from(tmp_path: Path) -> None:
    file, journal = tmp_path / "service.json", Journal()
    journal.end(1, NOW)
    for text in ("", "{", "[]", '{"journal_id": "j", "seq": 0, "counts": {"skips": 5}}', "[" * 100_000, ENDLESS):
        file.write_text(text)
        desk = ServiceDesk(journal, Time(), asked, Aside(file, "j"), 1)
        assert total(render(await desk.numbers()).decode(), "edgectl_task_sla_total") == 1
    assert json.loads(file.read_text())["seq"] == 1
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert Aside(pipe, "j").read() is None, "and nobody waits for one who writes into it"
    desk = ServiceDesk(Journal(), Time(), asked, Aside(file, "another"), 0)
    assert total(render(await desk.numbers()).decode(), "edgectl_task_sla_total") == 0


def skipped() -> Entry:
    details = {"reason_code": "hold", "folded": 3}
    return Entry(seq=1, event_type="SCHEDULE_SKIPPED", wall=NOW, mono=0, boot_id="b", zone="beds", details=details)


def test_what_was_left_out_is_counted_by_its_reason() -> None:
    service = Service()
    service.read([skipped(), skipped()])
    assert 'scheduler_dispatch_skips_total{reason="hold"} 6.0' in exposed(service)


def test_every_name_is_there_before_anything_happened() -> None:
    text = exposed(Service())
    names = ("task_deadline_violation_rate", "command_effect_confirm_rate", "task_recovery_success_rate")
    for name in (*names, "edgectl_task_sla", "scheduler_dispatch_skips", "task_accept_to_terminal_latency"):
        assert f"# TYPE {name}" in text, name


def test_a_large_house_has_a_bounded_number_of_series() -> None:
    service = Service()
    kinds = ("irrigation", "lighting", "climate", "dosing")
    service.fold(row(zone=f"z{n % 40}", task_type=kinds[n % 4], started=30 * (n % 2)) for n in range(20_000))
    series = [line for line in exposed(service).splitlines() if not line.startswith("#")]
    assert len(series) < 800
    assert sum(isinstance(one, Histogram) for one in service.numbers(NOW)) <= 4 * 3
