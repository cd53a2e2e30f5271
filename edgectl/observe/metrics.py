"""Metrics in Prometheus text, from one snapshot that the loop takes; rendering happens on another thread."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from edgectl.model.timeline import Entry

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One number of the snapshot. `total` marks a counter."""

    name: str
    help: str
    value: float
    labels: Labels = ()
    total: bool = False


@dataclass(slots=True)
class Ledger:
    """What the timeline has said since the start."""

    events: Tally[str] = field(default_factory=Tally)
    ended: Tally[tuple[str, str]] = field(default_factory=Tally)

    def read(self, entries: Iterable[Entry]) -> None:
        """Count committed lines."""
        for entry in entries:
            self.events[entry.event_type] += 1
            if entry.event_type == "TASK_FINISHED":
                self.ended[str(entry.details["status"]), str(entry.details["reason_code"])] += 1

    def gauges(self) -> list[Gauge]:
        """The counts as metrics."""
        return [
            *(
                Gauge(
                    name="edgectl_events_total",
                    help="Lines of the timeline since the start.",
                    value=count,
                    labels=(("event", event),),
                    total=True,
                )
                for event, count in sorted(self.events.items())
            ),
            *(
                Gauge(
                    name="edgectl_tasks_ended_total",
                    help="Tasks that reached their terminal status since the start.",
                    value=count,
                    labels=(("status", status), ("reason", reason)),
                    total=True,
                )
                for (status, reason), count in sorted(self.ended.items())
            ),
        ]


class _Snapshot:
    """A collector over numbers that cannot change any more."""

    def __init__(self, gauges: Iterable[Gauge]) -> None:
        self._gauges = list(gauges)

    def collect(self) -> Iterator[Metric]:
        """One family per name, in the order of first mention."""
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for gauge in self._gauges:
            names = [name for name, _ in gauge.labels]
            if gauge.name not in families:
                kind = CounterMetricFamily if gauge.total else GaugeMetricFamily
                families[gauge.name] = kind(gauge.name, gauge.help, labels=names)
            families[gauge.name].add_metric([value for _, value in gauge.labels], gauge.value)
        yield from families.values()


def render(gauges: Iterable[Gauge]) -> bytes:
    """The exposition. Takes milliseconds: call it off the loop."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(gauges))
    return generate_latest(registry)


def per(name: str, help_: str, label: str, values: Mapping[str, float], *, total: bool = False) -> list[Gauge]:
    """One gauge for each key."""
    return [Gauge(name=name, help=help_, value=v, labels=((label, k),), total=total) for k, v in values.items()]
