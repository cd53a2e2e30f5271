"""How well the house is served: folded out of tasks that ended, bounded, and the same after a restart."""

from typing import Any

from edgectl.model.time import SECOND
from edgectl.model.timeline import Entry
from edgectl.observe.metrics import Histogram, render
from edgectl.observe.service import DAY, Service

NOW = 1_800_000_000 * SECOND


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


def test_what_was_left_out_is_counted_by_its_reason() -> None:
    service = Service()
    details = {"reason_code": "hold", "folded": 3}
    line = Entry(seq=1, event_type="SCHEDULE_SKIPPED", wall=NOW, mono=0, boot_id="b", zone="beds", details=details)
    service.read([line, line])
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
