"""How well the house is served: deadlines kept, orders confirmed, recoveries known. Pure.

Two rules. Every number is folded out of tasks that ended, as the journal holds them, so a restart changes none: counts
are kept aside with the line up to which they count, and what came after it is read again. And memory is bounded: rates
look at a day and at the newest ten thousand tasks.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Entry
from edgectl.observe.metrics import Gauge, Histogram

DAY: Nanos = 86_400 * SECOND
REMEMBERED = 10_000
WAITING = 5_000
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 90.0, 120.0, 300.0, 600.0, 1800.0)
RECOVERED = "task_recovered_after_restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A task that ended. Instants are of the wall clock, except `started` and `due`."""

    zone: str
    task_type: str
    status: str
    created_at: Nanos
    scheduled_for: Nanos
    due_at: Nanos
    updated_at: Nanos
    started: Nanos | None
    due: Nanos
    reason: str
    total: int
    confirmed: int
    effect: str
    planned_s: float

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Ended":
        """A row of the journal, in the order of its query."""
        names = tuple(cls.__dataclass_fields__)
        values = dict(zip(names, row, strict=True))
        return cls(**{**values, "planned_s": float(values["planned_s"] or 0.0)})

    @property
    def sla(self) -> str:
        """What became of its deadlines."""
        if self.status in ("rejected", "expired"):
            return self.status
        return "started_late" if self.started is not None and self.started > self.due else "met"

    @property
    def recovery(self) -> str | None:
        """Of a task that a restart cut off: is it known what happened to the plants?"""
        if self.reason != RECOVERED:
            return None
        return "unknown_effect" if self.effect == "unknown" else "recovered"


@dataclass(slots=True)
class _Spread:
    """Observations by bucket."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    sum: float = 0.0

    @classmethod
    def of(cls, counts: Sequence[int], sum_: float) -> "_Spread":
        if len(counts) != len(BUCKETS) + 1:
            raise ValueError("other buckets")
        return cls(counts=[int(n) for n in counts], sum=float(sum_))

    def join(self, other: "_Spread") -> None:
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum

    def add(self, value: float) -> None:
        self.sum += value
        place = next((index for index, edge in enumerate(BUCKETS) if value <= edge), len(BUCKETS))
        self.counts[place] += 1


class Service:
    """Folds tasks that ended, and counts runs that were left out. `ended` are ids that wait to be read."""

    def __init__(self) -> None:
        self.ended: deque[str] = deque(maxlen=WAITING)
        self.skips: Counter[str] = Counter()
        self._recent: deque[Ended] = deque(maxlen=REMEMBERED)
        self._sla: Counter[tuple[str, str, str]] = Counter()
        self._recovery: Counter[tuple[str, str, str]] = Counter()
        self._latency: dict[tuple[str, str], _Spread] = defaultdict(_Spread)
        self._excess: dict[str, _Spread] = defaultdict(_Spread)
        self._accept: dict[str, _Spread] = defaultdict(_Spread)
        self._made_up = 0
        self._failed = 0

    def read(self, entries: Iterable[Entry]) -> None:
        """Committed lines: note who ended, count what was left out."""
        for entry in entries:
            if entry.event_type == "TASK_FINISHED" and entry.task_id is not None:
                self.ended.append(entry.task_id)
            elif entry.event_type == "SCHEDULE_SKIPPED":
                self.skip(entry)

    def skip(self, entry: Entry) -> None:
        """A run that was left out."""
        self.skips[str(entry.details.get("reason_code"))] += int(entry.details.get("folded", 1))

    def remember(self, rows: Iterable[Sequence[Any]]) -> None:
        """Tasks that are counted already: the rates of a day want them."""
        self._recent.extend(map(Ended.of, rows))

    def fold(self, rows: Iterable[Sequence[Any]]) -> None:
        """Tasks that ended."""
        for task in map(Ended.of, rows):
            self._recent.append(task)
            self._failed += task.status == "failed"
            self._sla[task.zone, task.task_type, task.sla] += 1
            if task.recovery is not None:
                self._recovery[task.zone, task.task_type, task.recovery] += 1
            # What waited for a time of its own is not late for that.
            took = max(0.0, (task.updated_at - max(task.created_at, task.scheduled_for)) / SECOND)
            self._latency[task.task_type, task.status].add(took)
            if task.planned_s and task.status == "completed":
                self._excess[task.task_type].add(max(0.0, took - task.planned_s))
            if task.created_at <= task.due_at:  # one that is made up for late is late by its policy
                self._accept[task.task_type].add(max(0.0, (task.created_at - task.scheduled_for) / SECOND))
            elif task.status in ("completed", "failed"):
                self._made_up += 1

    def counts(self) -> dict[str, Any]:
        """What is counted, to be kept aside as JSON."""
        spreads = (self._latency, self._excess, self._accept)
        return {
            "skips": [[reason, n] for reason, n in self.skips.items()],
            "sla": [[*key, n] for key, n in self._sla.items()],
            "recovery": [[*key, n] for key, n in self._recovery.items()],
            "spreads": [[[key, one.counts, one.sum] for key, one in spread.items()] for spread in spreads],
            "made_up": self._made_up,
            "failed": self._failed,
        }

    @classmethod
    def of(cls, counts: Mapping[str, Any]) -> "Service":
        """One that has these counts. Raises ValueError, TypeError, KeyError or AttributeError for what is no such
        thing."""
        service = cls()
        service.skips.update({str(reason): int(n) for reason, n in counts["skips"]})
        for counter, name in ((service._sla, "sla"), (service._recovery, "recovery")):
            counter.update({(str(zone), str(kind), str(result)): int(n) for zone, kind, result, n in counts[name]})
        latency, excess, accept = counts["spreads"]
        service._latency.update({(str(kind), str(status)): _Spread.of(n, sum_) for (kind, status), n, sum_ in latency})
        service._excess.update({str(kind): _Spread.of(n, sum_) for kind, n, sum_ in excess})
        service._accept.update({str(kind): _Spread.of(n, sum_) for kind, n, sum_ in accept})
        service._made_up, service._failed = int(counts["made_up"]), int(counts["failed"])
        return service

    def join(self, *others: "Service") -> None:
        """Add what others have counted."""
        for other in others:
            self.skips.update(other.skips)
            self._sla.update(other._sla)
            self._recovery.update(other._recovery)
            for (kind, status), spread in other._latency.items():
                self._latency[kind, status].join(spread)
            for mine, theirs in ((self._excess, other._excess), (self._accept, other._accept)):
                for kind, spread in theirs.items():
                    mine[kind].join(spread)
            self._made_up += other._made_up
            self._failed += other._failed

    def numbers(self, now: Nanos) -> list[Gauge | Histogram]:
        """All of it at a wall instant."""
        recent = [task for task in self._recent if task.updated_at > now - DAY]
        return [
            *self._rates(recent),
            *_counts("edgectl_task_sla_total", "Tasks that ended, by what became of their deadlines.", self._sla),
            *_counts("edgectl_task_recovery_total", "Tasks that a restart cut off.", self._recovery),
            Gauge(name="edgectl_tasks_failed_total", help="Tasks that failed.", value=self._failed, total=True),
            Gauge(
                name="edgectl_catchup_runs_total",
                help="Missed runs that were made up for.",
                value=self._made_up,
                total=True,
            ),
            Gauge.declared("scheduler_dispatch_skips_total", "Scheduled runs that were left out.", total=True),
            *(
                Gauge(name="scheduler_dispatch_skips_total", help="", value=n, labels=(("reason", reason),), total=True)
                for reason, n in sorted(self.skips.items())
            ),
            *_spreads(
                "task_accept_to_terminal_latency",
                "Seconds from the acceptance of a task to its end.",
                {(("task_type", kind), ("status", status)): one for (kind, status), one in self._latency.items()},
            ),
            *_spreads(
                "edgectl_task_excess_seconds",
                "Seconds that a completed task took beyond its planned duration.",
                {(("task_type", kind),): one for kind, one in self._excess.items()},
            ),
            *_spreads(
                "edgectl_task_accept_seconds",
                "Seconds from the planned time of a task to its acceptance.",
                {(("task_type", kind),): one for kind, one in self._accept.items()},
            ),
        ]

    def _rates(self, recent: list[Ended]) -> list[Gauge]:
        violated, confirmed = "task_deadline_violation_rate", "command_effect_confirm_rate"
        found = [
            Gauge.declared(violated, "Share of the tasks of a day that were not started in time."),
            Gauge.declared(confirmed, "Share of the orders of a day that the hardware confirmed."),
            Gauge.declared(
                "task_recovery_success_rate", "Share of the recoveries of a day of which the effect is known."
            ),
        ]
        by_type: dict[str, list[Ended]] = defaultdict(list)
        for task in recent:
            by_type[task.task_type].append(task)
        for kind, tasks in sorted(by_type.items()):
            labels = (("task_type", kind),)
            late = sum(task.sla != "met" for task in tasks)
            found.append(Gauge(name=violated, help="", value=late / len(tasks), labels=labels))
            total = sum(task.total for task in tasks)
            if total:
                done = sum(task.confirmed for task in tasks)
                found.append(Gauge(name=confirmed, help="", value=done / total, labels=labels))
        recoveries = [task.recovery for task in recent if task.recovery is not None]
        if recoveries:
            share = recoveries.count("recovered") / len(recoveries)
            found.append(Gauge(name="task_recovery_success_rate", help="", value=share))
        return found


def _counts(name: str, help_: str, counts: Counter[tuple[str, str, str]]) -> list[Gauge]:
    found = [Gauge.declared(name, help_, total=True)]
    for (zone, kind, result), n in sorted(counts.items()):
        labels = (("zone", zone), ("task_type", kind), ("result", result))
        found.append(Gauge(name=name, help=help_, value=n, labels=labels, total=True))
    return found


def _spreads(name: str, help_: str, spreads: dict[tuple[tuple[str, str], ...], _Spread]) -> list[Histogram]:
    rows = [
        Histogram(name=name, help=help_, labels=labels, edges=BUCKETS, counts=tuple(spread.counts), sum=spread.sum)
        for labels, spread in sorted(spreads.items())
    ]
    return rows or [Histogram(name=name, help=help_, labels=(), edges=BUCKETS, counts=(), sum=0.0)]
