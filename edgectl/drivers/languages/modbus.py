"""Modbus on a serial line or over TCP: registers and coils, checksums or transaction numbers, exceptions."""

from dataclasses import dataclass

from edgectl.drivers.clones import known_clones
from edgectl.drivers.codecs import modbus
from edgectl.drivers.codecs.modbus import DeviceRefused, Request
from edgectl.drivers.decode import Readers, mismatch, readers_of, unarmed, values_of
from edgectl.drivers.framing import Framing, framing_for
from edgectl.drivers.languages.seam import Differs, Fits, Lost, Measured, Outcome, Refused, Shown, Taken
from edgectl.drivers.pollplan import Block, shown_at
from edgectl.drivers.profile import Arm, Check, Demand, Outlet, Profile, Put
from edgectl.drivers.purpose import Look, Off, Purpose, Switch, Verify
from edgectl.drivers.wiring import Bus, Device
from edgectl.model.inputs import ReplyStatus
from edgectl.model.site import Site
from edgectl.model.time import Nanos

_REFUSALS = {1: ReplyStatus.INVALID, 2: ReplyStatus.INVALID, 3: ReplyStatus.INVALID, 6: ReplyStatus.BUSY}


class Modbus:
    """The language of `modbus-rtu` and `modbus-tcp`. Over TCP a number tells every reply apart."""

    def __init__(self, bus: Bus, site: Site) -> None:
        self._bus = bus
        self.framing = framing_for(bus.wire)
        self._outlets = outlets_of(bus, site)
        self._inverted = frozenset(name for name in self._outlets if site.actuators[name].inverted)
        self.silence: Nanos = self.framing.silence
        self.late: bool = self.framing.shared
        for device in bus.devices:
            known_clones(device.profile)

    def demands(self, profile: Profile) -> tuple[Demand, ...]:
        """The checks of the profile, and then what it needs to fall safe by itself."""
        return (*profile.checks, *profile.arms)

    def fence(self, profile: Profile) -> tuple[Demand, ...]:
        """Nothing: unit, function, length and checksum or number tell replies apart."""
        return ()

    def question(self, device: Device, purpose: Purpose) -> "ModbusQuestion":
        """The request. Raises ValueError when the end of a pulse does not fit."""
        request = self._request(device, purpose)
        air = self.framing.air_time(len(request.pdu) + 3 + request.reply_length + 3)
        patience = max(self._bus.timeout, 3 * device.profile.turnaround)
        block = purpose.block if isinstance(purpose, Look) and isinstance(purpose.block, Block) else None
        return ModbusQuestion(
            framing=self.framing,
            request=request,
            device=device,
            purpose=purpose,
            outlets=self._outlets,
            inverted=self._inverted,
            readers=() if block is None else readers_of(block, device.profile),
            wait=air + self.silence + patience,
            patience=patience,
        )

    def requests(self, heard: bytes) -> tuple[bytes, ...]:
        """What another master asks. Over TCP everybody has a connection of his own."""
        return modbus.requests_in(heard) if self.framing.shared else ()

    def overheard(self, heard: bytes) -> Lost | None:
        """A slave never speaks unasked: whatever comes is noise."""
        return None

    def _request(self, device: Device, purpose: Purpose) -> Request:
        unit = device.unit
        assert unit is not None
        match purpose:
            case Off(actuator=name):
                return moved(unit, self._outlets[name], drawn=name in self._inverted)
            case Switch(send=send):
                drawn = send.on is not (send.actuator in self._inverted)
                return moved(unit, self._outlets[send.actuator], drawn=drawn, lease=send.lease)
            case Look(block=Block() as block):
                return modbus.read(unit, block.function, block.address, block.count)
            case Verify(check=Check() as check):
                register = check.register
                return modbus.read(unit, register.function, register.address, check.count * register.width)
            case Verify(check=Arm() as arm):
                return modbus.read(unit, 3, arm.register.address, arm.count)
            case Verify(check=Put() as put):
                return modbus.write_register(unit, put.address, put.value)
            case _:
                raise AssertionError(f"{purpose} is not Modbus")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusQuestion:
    """One request, and what its reply means."""

    framing: Framing
    request: Request
    device: Device
    purpose: Purpose
    outlets: dict[str, Outlet]
    inverted: frozenset[str]
    readers: Readers  # of a read: what its reply holds
    wait: Nanos
    patience: Nanos

    def frame(self) -> bytes:
        """The bytes that leave; over TCP under a number of their own each time."""
        return self.framing.frame(self.request)

    def outcome(self, heard: bytes) -> Outcome | None:
        """Whatever is not exactly the answer is left unread until the deadline."""
        try:
            pdu = self.framing.reply(self.request, heard)
        except DeviceRefused as refusal:
            return Refused(status=_REFUSALS.get(refusal.code, ReplyStatus.ERROR), why=str(refusal))
        return None if pdu is None else self._meaning(pdu)

    def unheard(self) -> Outcome | None:
        """Every request has its reply."""
        return None

    def _meaning(self, pdu: bytes) -> Outcome:
        match self.purpose:
            case Look(block=Block() as block) if not block.outputs:  # nearly all of them
                return Measured(values=values_of(self.readers, pdu))
            case Look(block=Block() as block):
                return self._shown(block, pdu)
            case Verify(check=Check() as check):
                wrong = mismatch(check.at(self.device.unit), pdu)
                return Fits() if wrong is None else Differs(why=wrong)
            case Verify(check=Arm() as arm):
                puts = unarmed(arm, pdu)
                return Fits() if not puts else Differs(why=f"{arm.what} is not {arm.value}", puts=puts)
            case Verify(check=Put()):
                return Fits()
            case _:
                return Taken()

    def _shown(self, block: Block, pdu: bytes) -> Shown | Refused:
        """Of a board that is told in words the registers show 1 and 0, and nothing else means anything."""
        if block.function == 1:
            states = [int(state) for state in modbus.bits(pdu, block.count)]
        else:
            states = [int(modbus.number(pdu, index, "u16")) for index in range(block.count)]
        shown = []
        for name in block.outputs:
            place = shown_at(self.outlets[name])
            assert place is not None
            state = states[place[1] - block.address]
            if state not in (0, 1):
                why = f"register {place[1]} shows {state}, and a relay shows 0 or 1"
                return Refused(status=ReplyStatus.ERROR, why=why)
            shown.append((name, bool(state) is not (name in self.inverted)))
        return Shown(states=tuple(shown))


def moved(unit: int, outlet: Outlet, *, drawn: bool, lease: Nanos | None = None) -> Request:
    """What draws a relay, for as long as the lease says where the board can count, or lets it fall.

    Raises ValueError when the end of a pulse does not fit.
    """
    if (told := outlet.told) is not None:
        if drawn and lease is not None and told.pulse is not None:
            return modbus.pulse_word(unit, told.register, told.pulse, lease)
        return modbus.write_register(unit, told.register, told.on if drawn else told.off)
    pulse = outlet.pulse if drawn else outlet.pulse_off
    if lease is not None and pulse is not None:
        return modbus.pulse_coil(unit, pulse, lease)
    assert outlet.coil is not None
    return modbus.write_coil(unit, outlet.coil, drawn)


def outlets_of(bus: Bus, site: Site) -> dict[str, Outlet]:
    """The outputs of this bus that the site uses, by actuator."""
    profiles = {device.name: device.profile for device in bus.devices}
    return {
        name: profiles[actuator.device].outlets[actuator.channel.split(".", 1)[1]]
        for name, actuator in site.actuators.items()
        if actuator.device in profiles
    }
