"""What may hang: nobody who makes safe waits for a name for ever, and what is impossible is offered to nobody."""

import socket
import struct
import threading
import time

import pytest

from edgectl.drivers import bounded, discover
from edgectl.drivers.codecs.modbus import Request
from edgectl.drivers.sim import shelf
from edgectl.drivers.sim.devices import Device, reply
from edgectl.drivers.talk import NoReply

LONG_S = 20.0  # far more than the bound, far less than a patience


class Asked:
    """One device on a line, asked without one."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def exchange(self, request: Request) -> bytes:
        said = reply(self.device, request.pdu, 0)
        if said[0] & 0x80:
            raise NoReply("an exception", said)
        return said


def test_a_name_that_nobody_answers_for_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: over.wait(LONG_S))
    began = time.monotonic()
    with pytest.raises(OSError, match=r"the name broker\.example is not found within 0\.1 s"):
        bounded.name_found("broker.example", 0.1)
    assert time.monotonic() - began < LONG_S / 2
    bounded.name_found("127.0.0.1", 0.1)  # a number is looked up nowhere
    over.set()


def test_what_comes_back_in_time_brings_its_own_error() -> None:
    def fails() -> None:
        raise ConnectionRefusedError("no broker")

    with pytest.raises(ConnectionRefusedError, match="no broker"):
        bounded.within(fails, LONG_S, "late")
    bounded.within(lambda: None, LONG_S, "late")


def test_an_energy_meter_is_offered_as_what_it_can_be_only() -> None:
    fits = {guess.profile: guess for guess in discover.guesses(Asked(shelf.device("energy", 12)), "modbus-rtu", 12)}
    assert "pzem-016" in fits
    assert "pzem-017" not in fits, "5.9 MW of direct current are none"
    watts = struct.unpack(">HH", struct.pack(">I", 905))[1] / 10
    assert {name: value for name, value, _ in fits["pzem-016"].values}["power"] == pytest.approx(watts)
