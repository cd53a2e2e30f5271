"""What a bus owner wants from one exchange on the wire."""

from dataclasses import dataclass
from enum import IntEnum

from edgectl.drivers.codecs import modbus
from edgectl.drivers.codecs.modbus import Request
from edgectl.drivers.pollplan import Block
from edgectl.drivers.profile import Check, Outlet
from edgectl.drivers.wiring import Device
from edgectl.model.inputs import Send
from edgectl.model.time import Nanos


class Lane(IntEnum):
    """Who goes first."""

    SAFE = 0
    CONTROL = 1
    POLL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Off:
    """Take the energy away."""

    actuator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """An order that was committed."""

    send: Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Read a block of channels or outputs."""

    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Is this the device that the site file means?"""

    check: Check


Purpose = Off | Switch | Look | Verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request with what it is for."""

    lane: Lane
    device: Device
    purpose: Purpose
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """An exchange whose bytes have left."""

    exchange: Exchange
    sent_at: Nanos
    deadline: Nanos


def off_request(device: Device, outlet: Outlet) -> Request:
    """The plain OFF."""
    assert outlet.coil is not None
    return modbus.write_coil(device.unit, outlet.coil, False)


def switch_request(device: Device, outlet: Outlet, send: Send) -> Request:
    """The order, with its end in it where the device can end it. Raises ValueError when the end does not fit."""
    assert outlet.coil is not None
    if send.on and send.lease is not None and outlet.pulse is not None:
        return modbus.pulse_coil(device.unit, outlet.pulse, send.lease)
    return modbus.write_coil(device.unit, outlet.coil, send.on)


def look_request(device: Device, block: Block) -> Request:
    """The read of a block."""
    return modbus.read(device.unit, block.function, block.address, block.count)


def verify_request(device: Device, check: Check) -> Request:
    """The read of what must be so."""
    register = check.register
    return modbus.read(device.unit, register.function, register.address, check.count * register.width)
