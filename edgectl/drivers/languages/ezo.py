"""Atlas EZO circuits: one circuit on a line, text both ways, and answers without a number or a checksum.

A reading names no question, so between any two exchanges the circuit is asked who it is. It answers in order: once it
has named itself, nothing older can still be on its way.
"""

from collections.abc import Callable
from dataclasses import dataclass

from edgectl.drivers.askplan import ANSWER, GAP, THINKS, Ask
from edgectl.drivers.codecs import ezo
from edgectl.drivers.codecs.ezo import Bare, Line, Named
from edgectl.drivers.languages import ezo_answers
from edgectl.drivers.languages.ezo_answers import Wanted
from edgectl.drivers.languages.seam import Differs, Fits, Lost, Outcome
from edgectl.drivers.profile import Demand, Profile, Setting
from edgectl.drivers.purpose import Look, Off, Purpose, Switch, Verify
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.inputs import Send
from edgectl.model.site import Site
from edgectl.model.time import MS, SECOND, Nanos

MARGIN: Nanos = 500 * MS  # what a circuit may take beyond its stated delay before it counts as silent
MINUTE_S = 60.0

Reader = Callable[[tuple[Line, ...]], Outcome | None]

# Without response codes a circuit says nothing to C,0, so they are asked for first. What C,? says is the proof.
CODES_ON = Setting(what="response codes", command="*OK,1", wait=THINKS)
CONTINUOUS_OFF = Setting(what="single readings", command="C,0", wait=THINKS)
CONTINUOUS_IS_OFF = Setting(what="continuous mode (0 is off)", command="C,?", wait=THINKS, name="c", answers=("0",))


class Ezo:
    """The language of `ezo-uart`."""

    silence: Nanos = GAP
    late = True

    def __init__(self, bus: Bus, site: Site) -> None:
        assert isinstance(bus.line, SerialLine)
        self._outlets = {name: actuator.channel.split(".", 1)[1] for name, actuator in site.actuators.items()}
        self._wanted = {full for sensor in site.sensors.values() for full in sensor.channels}
        self._air = ANSWER * bus.line.character
        self._printed: dict[str, tuple[str, ...]] = {}  # device -> the fields that its readings consist of

    def demands(self, profile: Profile) -> tuple[Demand, ...]:
        """Set up, then who it is, then how its readings look."""
        fields = (Setting(what="fields of a reading", command="O,?", wait=THINKS, name="o"),) if profile.fields else ()
        return (CODES_ON, CONTINUOUS_OFF, CONTINUOUS_IS_OFF, *self.fence(profile), *fields, *profile.checks)

    def fence(self, profile: Profile) -> tuple[Setting, ...]:
        """Who are you?"""
        kinds = tuple(word.lower() for word in profile.circuit)
        return (Setting(what="circuit", command="i", wait=THINKS, name="i", answers=kinds, first=True),)

    def question(self, device: Device, purpose: Purpose) -> "EzoQuestion":
        """The command and how its answer is read. Raises ValueError for a dose that the pump cannot give."""
        match purpose:
            case Off():
                return self._stop()
            case Switch(send=send):
                return self._ask(self._dose(device, send), THINKS, ezo_answers.taken) if send.on else self._stop()
            case Look(block=Ask() as ask) if ask.outputs:
                return self._ask(ask.command, ask.wait, lambda said: ezo_answers.running(said, ask))
            case Look(block=Ask() as ask):
                return self._ask(ask.command, ask.wait, lambda said: self._measured(said, ask, device))
            case Verify(check=Setting() as setting) if setting.name == "o":
                return self._ask(setting.command, setting.wait, lambda said: self._fields(said, setting, device))
            case Verify(check=Setting() as setting):
                return self._ask(setting.command, setting.wait, lambda said: ezo_answers.set_up(said, setting))
            case _:
                raise AssertionError(f"{purpose} is not EZO")

    def requests(self, heard: bytes) -> tuple[bytes, ...]:
        """None: the line has two ends."""
        return ()

    def overheard(self, heard: bytes) -> Lost | None:
        """A circuit is silent until asked: a number means continuous mode, an event that it has restarted."""
        said = ezo.lines(heard)
        if (lost := ezo_answers.event(said)) is not None:
            return lost
        return Lost(why="speaks unasked", anew=True) if any(isinstance(item, Bare) for item in said) else None

    def _ask(self, text: str, thinks: Nanos, reader: Reader) -> "EzoQuestion":
        return EzoQuestion(text=text, wait=self._air + thinks + MARGIN, patience=thinks + MARGIN, reader=reader)

    def _stop(self) -> "EzoQuestion":
        # No line end goes before it to clear what the circuit may have heard already: it could complete half an order.
        return self._ask("X", THINKS, ezo_answers.stopped)

    def _dose(self, device: Device, send: Send) -> str:
        name = self._outlets[send.actuator]
        metered, ml_per_s = device.profile.outlets[name].metered, device.ml_per_s.get(name)
        if metered is None or ml_per_s is None or send.lease is None:
            raise ValueError(f"{send.actuator} is not switched on without an end and a rate in ml/s")
        if send.lease < metered.least:
            least = metered.least / SECOND
            raise ValueError(f"{send.lease / SECOND:g} s is over before it can be read back: at least {least:g} s")
        span_s = send.lease / SECOND
        return ezo.dispense(span_s * ml_per_s, span_s / MINUTE_S)

    def _measured(self, said: tuple[Line, ...], ask: Ask, device: Device) -> Outcome | None:
        printed = () if ask.name else self._printed.get(device.name, ())
        wanted = []
        for full in ask.channels:
            channel = device.profile.channels[full.split(".", 1)[1]]
            assert channel.asked is not None
            field = channel.asked.field
            place = printed.index(field) if field in printed else 0
            wanted.append(Wanted(full=full, channel=channel, place=place, count=max(1, len(printed))))
        return ezo_answers.measured(said, ask, tuple(wanted))

    def _fields(self, said: tuple[Line, ...], setting: Setting, device: Device) -> Outcome | None:
        """Learn what a reading consists of. `O,?` names what is switched on, a reading prints it in a fixed order."""
        answer = ezo_answers.named(said, setting.name)
        if not isinstance(answer, Named):
            return answer
        on = {field.lower() for field in answer.fields}
        printed = tuple(field for field in device.profile.fields if field.lower() in on)
        needed = {
            channel.asked.field
            for name, channel in device.profile.channels.items()
            if channel.asked is not None and f"{device.name}.{name}" in self._wanted
        }
        missing = sorted(needed - set(printed))
        if len(printed) != len(on) or missing:
            lacks = f", and {', '.join(missing)} is wanted (O,{missing[0]},1 adds it)" if missing else ""
            return Differs(why=f"{setting.what}: {', '.join(answer.fields)}{lacks}")
        self._printed[device.name] = printed
        return Fits()


@dataclass(frozen=True, slots=True, kw_only=True)
class EzoQuestion:
    """One command, and what its answer means."""

    text: str
    wait: Nanos
    patience: Nanos
    reader: Reader

    def frame(self) -> bytes:
        """The command with its end."""
        return ezo.command(self.text)

    def outcome(self, heard: bytes) -> Outcome | None:
        """What has been said since."""
        return self.reader(ezo.lines(heard))

    def unheard(self) -> Outcome | None:
        """Every command has its answer."""
        return None
