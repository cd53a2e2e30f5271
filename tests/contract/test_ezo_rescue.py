"""A dosing pump is stopped without a daemon, from the plan that the daemon left behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from edgectl.daemon.safeplan import plan_of
from edgectl.drivers.registry import find
from edgectl.drivers.rescue import Rescued, rescue
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.site import Actuator, FailSafe, Role, Site
from edgectl.testing.field import SimulatedField


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path_factory.mktemp("pump"), circuits={"acid": "PMP"}) as field:
        yield field


def stop(port: Path) -> list[Rescued]:
    """What becomes of the plan of a site with one dosing pump."""
    pump = Actuator(name="acid_pump", channel="pmp.pump", role=Role.DOSING, fail_safe=FailSafe.PULSE)
    site = Site(site_id="s", name="s", timezone="UTC", sensors={}, actuators={"acid_pump": pump}, zones={})
    device = Device(name="pmp", unit=None, profile=find("atlas-ezo-pmp"))
    bus = Bus(name="line", kind="ezo-uart", line=SerialLine(port=str(port)), devices=(device,))
    return [row for bus in plan_of(site, (bus,))["buses"] for row in rescue(bus)]


@pytest.mark.parametrize("before", [b"", b"D,1"], ids=["clean", "half an order in its buffer"])
def test_a_pump_that_runs_is_stopped_and_asked(field: SimulatedField, before: bytes) -> None:
    with serial.Serial(str(field.folder / "bus-acid"), timeout=2) as port:
        port.write(b"C,0\rD,50.00,1.0000\r" + before)
        while not field.control("state")["circuits"]["acid"]["running"]:
            assert port.read_until(b"*OK\r")
    assert stop(field.folder / "bus-acid") == [Rescued(actuator="acid_pump", proven=True)]
    state = field.control("state")["circuits"]["acid"]
    assert not state["running"]
    assert state["total"] < 2 * 10


def test_a_pump_that_says_nothing_is_not_proven_to_stand(field: SimulatedField) -> None:
    field.hurt("acid", "deaf")
    (row,) = stop(field.folder / "bus-acid")
    field.hurt("acid", None)
    assert (row.proven, row.reason) == (False, "no reply")


def test_a_port_that_is_gone_is_said(tmp_path: Path) -> None:
    (row,) = stop(tmp_path / "nothing")
    assert not row.proven
    assert "bus line" in row.reason
