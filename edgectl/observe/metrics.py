"""Metrics in Prometheus text, from one snapshot that the loop takes; rendering happens on another thread."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from edgectl.model.timeline import Entry

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One number of the snapshot. `total` marks a counter; without a value it only says that there is such a family."""

    name: str
    help: str
    value: float | None
    labels: Labels = ()
    total: bool = False

    @classmethod
    def declared(cls, name: str, help_: str, *, total: bool = False) -> "Gauge":
        """A family that may have no number yet: whoever writes an alert must find its name all the same."""
        return cls(name=name, help=help_, value=None, total=total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Observations by bucket. `counts` has one more than there are edges; empty when nothing was observed yet."""

    name: str
    help: str
    labels: Labels
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float


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

    def __init__(self, numbers: Iterable[Gauge | Histogram]) -> None:
        self._numbers = list(numbers)

    def collect(self) -> Iterator[Metric]:
        """One family per name, in the order of first mention."""
        families: dict[str, Metric] = {}
        for number in self._numbers:
            names = [name for name, _ in number.labels]
            values = [value for _, value in number.labels]
            family = families.setdefault(number.name, _family(number, names))
            if isinstance(number, Histogram):
                if number.counts:
                    _add(family, number, names, values)
            elif number.value is not None:
                family.add_sample(_sample_name(number), dict(zip(names, values, strict=True)), number.value)
        yield from families.values()


def _family(number: Gauge | Histogram, names: list[str]) -> Metric:
    if isinstance(number, Histogram):
        return HistogramMetricFamily(number.name, number.help, labels=names)
    kind = CounterMetricFamily if number.total else GaugeMetricFamily
    return kind(number.name, number.help, labels=names)


def _add(family: Metric, number: Histogram, names: list[str], values: list[str]) -> None:
    labels = dict(zip(names, values, strict=True))
    for edge, count in zip((*map(str, number.edges), "+Inf"), accumulate(number.counts), strict=True):
        family.add_sample(f"{number.name}_bucket", {**labels, "le": edge}, count)
    family.add_sample(f"{number.name}_count", labels, sum(number.counts))
    family.add_sample(f"{number.name}_sum", labels, number.sum)


def _sample_name(number: Gauge) -> str:
    return f"{number.name.removesuffix('_total')}_total" if number.total else number.name


def render(numbers: Iterable[Gauge | Histogram]) -> bytes:
    """The exposition. Takes milliseconds: call it off the loop."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(numbers))
    return generate_latest(registry)


def per(name: str, help_: str, label: str, values: Mapping[str, float], *, total: bool = False) -> list[Gauge]:
    """One gauge for each key."""
    return [Gauge(name=name, help=help_, value=v, labels=((label, k),), total=total) for k, v in values.items()]
