"""Devices that speak frames of bytes, each on a line of its own: sensors that are asked or not, and relay boards.

What they say is declared in their profiles. A board that acknowledges nothing is told, and then looked at: an ON counts
as taken when its bytes have left and is confirmed by what the board shows; an OFF is repeated until the board shows it.
"""

from edgectl.drivers.codecs import lines
from edgectl.drivers.languages.seam import Fits, Left, Lost, Measured, Outcome, Shown
from edgectl.drivers.listenplan import Listen
from edgectl.drivers.profile import Channel, Demand, Form, Panel, Profile, Shows
from edgectl.drivers.purpose import Look, Off, Purpose, Switch, Verify
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.site import Site
from edgectl.model.time import MS, SECOND, Nanos

GAP: Nanos = 50 * MS  # between exchanges: what a board still says to the one before is out by then
MARGIN: Nanos = 200 * MS  # what a device may take beyond its stated delay before it counts as silent
PATIENCE: Nanos = SECOND  # how long after its time an answer may still come: it bears no number
LINE_OF_TEXT = 10  # characters


class Lines:
    """The language of `serial-lines`."""

    silence: Nanos = GAP
    late = True

    def __init__(self, bus: Bus, site: Site) -> None:
        assert isinstance(bus.line, SerialLine)
        self._character = bus.line.character
        self._site = site

    def demands(self, profile: Profile) -> tuple[Demand, ...]:
        """A board with so many outputs shows so many, and a sensor speaks in its own frames."""
        return (Shows(),)

    def fence(self, profile: Profile) -> tuple[Demand, ...]:
        """Nothing can be asked in between: such a device knows one question."""
        return ()

    def question(self, device: Device, purpose: Purpose) -> "Order | PanelQuestion | FormQuestion":
        """The bytes and how their answer is read."""
        match purpose:
            case Off(actuator=name):
                return self._order(device, name, on=False)
            case Switch(send=send):
                return self._order(device, send.actuator, on=send.on)
            case Look(block=Listen() as read):
                return self._listen(device, read)
            case Verify(check=Shows()):
                return self._listen(device, None)
            case _:
                raise AssertionError(f"{purpose} is not for a line of frames")

    def requests(self, heard: bytes) -> tuple[bytes, ...]:
        """None: the line has two ends."""
        return ()

    def overheard(self, heard: bytes) -> Lost | None:
        """Some speak unasked for ever, and nothing is asked of them then."""
        return None

    def _order(self, device: Device, name: str, *, on: bool) -> "Order":
        actuator = self._site.actuators[name]
        outlet = device.profile.outlets[actuator.channel.split(".", 1)[1]]
        data = outlet.says_on if on is not actuator.inverted else outlet.says_off
        return Order(data=data, wait=len(data) * self._character + GAP)

    def _listen(self, device: Device, read: Listen | None) -> "PanelQuestion | FormQuestion":
        panel, form = device.profile.panel, device.profile.form
        if panel is not None:
            outlets = device.profile.outlets.values()
            numbers = {o.name: o.number for o in outlets if o.number is not None}
            text = (len(panel.ask) + LINE_OF_TEXT * len(numbers)) * self._character
            at = {}
            for name in () if read is None else read.outputs:
                actuator = self._site.actuators[name]
                at[name] = (numbers[actuator.channel.split(".", 1)[1]], actuator.inverted)
            wait = text + panel.wait + MARGIN
            return PanelQuestion(
                panel=panel, numbers=tuple(sorted(numbers.values())), at=at, verify=read is None, wait=wait
            )
        assert form is not None, f"{device.profile.name} says nothing"
        full_names = () if read is None else read.channels
        wanted = {full: device.profile.channels[full.split(".", 1)[1]] for full in full_names}
        frames = (len(form.ask) + 2 * form.length) * self._character
        # One that speaks by itself is heard twice, and the first frame may be half over when the listening begins.
        thinks = form.wait if form.ask else 3 * form.wait
        known = tuple(device.profile.channels.values())
        return FormQuestion(form=form, known=known, wanted=wanted, wait=frames + thinks + MARGIN)


class Order:
    """Bytes that switch something. Nothing is said to them."""

    patience: Nanos = GAP

    def __init__(self, *, data: bytes, wait: Nanos) -> None:
        self.wait, self._data = wait, data

    def frame(self) -> bytes:
        """The bytes that leave."""
        return self._data

    def outcome(self, heard: bytes) -> Outcome | None:
        """Whatever comes now is no answer to this."""
        return None

    def unheard(self) -> Outcome | None:
        """They have left, and that is all that can be known."""
        return Left()


class PanelQuestion:
    """What do your outputs do?"""

    patience: Nanos = PATIENCE

    def __init__(
        self, *, panel: Panel, numbers: tuple[int, ...], at: dict[str, tuple[int, bool]], verify: bool, wait: Nanos
    ) -> None:
        self.wait, self._panel, self._numbers, self._at, self._verify = wait, panel, numbers, at, verify

    def frame(self) -> bytes:
        """The bytes that leave."""
        return self._panel.ask

    def outcome(self, heard: bytes) -> Outcome | None:
        """All of them, or nothing."""
        states = lines.shown(self._panel, self._numbers, heard)
        if states is None:
            return None
        if self._verify:
            return Fits()
        return Shown(states=tuple((name, states[n] is not inverted) for name, (n, inverted) in self._at.items()))

    def unheard(self) -> Outcome | None:
        """It always answers, or it is another board."""
        return None


class FormQuestion:
    """One frame. Of a device that speaks by itself only what comes now counts: bytes that had waited somewhere come
    more than a frame at a time, and then the listening begins anew behind them."""

    patience: Nanos = PATIENCE

    def __init__(self, *, form: Form, known: tuple[Channel, ...], wanted: dict[str, Channel], wait: Nanos) -> None:
        self.wait, self._form, self._known, self._wanted = wait, form, known, wanted
        self._had = self._begin = 0

    def frame(self) -> bytes:
        """The bytes that leave; none to a device that speaks by itself."""
        self._had = self._begin = 0
        return self._form.ask

    def outcome(self, heard: bytes) -> Outcome | None:
        """The values of one good frame."""
        frame = lines.answered(self._form, heard) if self._form.ask else self._streamed(heard)
        if frame is None:
            return None
        if not self._wanted:
            return Fits()
        return Measured(values=tuple((full, _value(channel, frame)) for full, channel in self._wanted.items()))

    def unheard(self) -> Outcome | None:
        """It is silent."""
        return None

    def _streamed(self, heard: bytes) -> bytes | None:
        new, self._had = len(heard) - self._had, len(heard)
        if new > self._form.length:
            self._begin = len(heard)
            return None
        return lines.said_twice(self._form, heard[self._begin :], self._possible)

    def _possible(self, frame: bytes) -> bool:
        return not any(isinstance(_value(channel, frame), str) for channel in self._known)


def _value(channel: Channel, frame: bytes) -> float | str:
    assert channel.spot is not None
    value = lines.number(channel.spot, frame)
    if (channel.low is not None and value < channel.low) or (channel.high is not None and value > channel.high):
        return f"{value:g} {channel.unit} is impossible for this device"
    return value
