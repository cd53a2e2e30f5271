"""A minute of samples becomes one point: held against the plain arithmetic of the samples themselves."""

import math

from hypothesis import given
from hypothesis import strategies as st

from edgectl.model.channel import Sample
from edgectl.model.site import Sensor
from edgectl.sync.rollup import Fold

LEVEL = Sensor(name="level", channel="probe.level", unit="%", scale=(0, 250, 0, 100), low=0, high=100)
PAIR = Sensor(name="ph", channel="a.ph", unit="pH", median_of=("a.ph", "b.ph"))


def samples(channel: str, values: list[float]) -> list[Sample]:
    return [Sample(sample_id=n, channel=channel, value=value, at=n) for n, value in enumerate(values)]


@given(st.lists(st.floats(0, 250), min_size=1, max_size=40))
def test_a_point_is_what_its_samples_are(raw: list[float]) -> None:
    fold = Fold([LEVEL, PAIR])
    fold.add(samples("probe.level", raw))
    (point,) = fold.close()
    values = [value * 100 / 250 for value in raw]
    told = point.least, point.mean, point.most, point.last
    for said, meant in zip(told, (min(values), sum(values) / len(values), max(values), values[-1]), strict=True):
        assert said is not None
        assert math.isclose(said, meant, rel_tol=1e-5, abs_tol=1e-9)
    assert (point.samples, point.quality, point.unit) == (len(raw), 1.0, "%")
    assert fold.close() == (), "the next minute begins with nothing"


def test_what_cannot_be_is_counted_and_not_averaged() -> None:
    fold = Fold([LEVEL])
    fold.add(samples("probe.level", [125.0, 1e6, math.nan, 125.0]))
    (point,) = fold.close()
    assert (point.mean, point.samples, point.quality) == (50.0, 4, 0.5)
    fold.add(samples("probe.level", [1e6]))
    (point,) = fold.close()
    assert (point.mean, point.last, point.samples, point.quality) == (None, None, 1, 0.0)


def test_a_median_has_the_samples_of_all_its_probes() -> None:
    fold = Fold([PAIR])
    fold.add([*samples("a.ph", [6.0]), *samples("b.ph", [7.0]), *samples("c.ph", [1.0])])
    (point,) = fold.close()
    assert (point.least, point.most, point.samples) == (6.0, 7.0, 2)
