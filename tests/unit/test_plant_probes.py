"""A probe lags, drifts, is noisy and breaks."""

from math import exp, isnan
from random import Random
from statistics import pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgectl.model.time import SECOND
from edgectl.plant.faults import Fault
from edgectl.plant.layout import Gauge
from edgectl.plant.probes import Probe

DAY = 86_400 * SECOND


def probe(tau_s: float = 0, **more: float) -> Probe:
    return Probe(Gauge(channel="ph", of="solution.ph", tau_s=tau_s, **more), Random(1))


@given(tau_s=st.floats(1, 60), parts=st.integers(1, 50))
def test_a_straight_line_is_followed_exactly_in_any_number_of_reads(tau_s: float, parts: int) -> None:
    it = probe(tau_s)
    it.read(5.0, 0)
    for n in range(1, parts + 1):
        shown = it.read(5.0 + 2.0 * n / parts, round(100 * SECOND * n / parts))
    behind = 0.02 * tau_s
    assert shown == pytest.approx(7 - behind + behind * exp(-100 / tau_s), abs=1e-9)


def test_bias_drift_noise_and_step() -> None:
    it = probe(bias=0.1, drift_per_day=0.05)
    assert it.read(6, 0) == pytest.approx(6.1)
    assert it.read(6, 2 * DAY) == pytest.approx(6.2)
    it = probe(noise=0.01)
    assert pstdev(it.read(6, n) for n in range(2000)) == pytest.approx(0.01, rel=0.1)
    assert probe(step=0.05).read(6.12, 0) == 6.1


def test_each_fault_and_its_end() -> None:
    it = probe(step=0.01)
    assert it.read(6, 0) == 6
    for fault, value, shown in (
        (Fault.PROBE_FREEZE, None, 6),
        (Fault.PROBE_STUCK, 14, 14),
        (Fault.PROBE_BIAS, -0.5, 6.5),
    ):
        it.break_probe(fault, True, value)
        assert it.read(7, SECOND) == shown
        it.break_probe(fault, False)
        assert it.read(6, SECOND) == 6
    it.break_probe(Fault.PROBE_DROPOUT, True)
    assert isnan(it.read(6, SECOND))
    it.break_probe(Fault.PROBE_DROPOUT, False)
    it.break_probe(Fault.PROBE_SPIKE, True, 3)
    spikes = sum(it.read(6, 2 * SECOND + n) == 9 for n in range(1000))
    assert 60 < spikes < 140
    with pytest.raises(ValueError, match="no fault of a probe"):
        it.break_probe(Fault.TANK_LEAK, True)
