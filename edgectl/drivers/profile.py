"""What is known of a kind of device: its channels, its outputs and how to tell it from another one.

A profile holds facts and no behaviour; the facts live in `profiles/*.yaml`, each with its source and with how well it
is founded. Addresses are zero-based, as they go on the wire.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edgectl.model.site import FailSafe
from edgectl.model.time import MS, SECOND, Nanos

DEFAULT_TURNAROUND: Nanos = 50 * MS
RELAY_TICK: Nanos = 100 * MS
WHOLE_SECONDS: Nanos = SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Where a number lives on a Modbus device and how it is written there."""

    function: int  # 1 coils, 2 inputs, 3 holding, 4 input registers
    address: int
    kind: str = "u16"  # u16 s16 u32 s32 f32 bit
    scale: float = 1.0
    offset: float = 0.0  # value = raw * scale + offset
    low_word_first: bool = False
    decimals_at: int | None = None  # register of the same function that holds the number of decimals

    @property
    def width(self) -> int:
        """How many registers (or bits) it takes."""
        return 2 if self.kind in ("u32", "s32", "f32") else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Where a number stands in the answer to a command of one text line.

    An answer that names its question has a `name`; a reading has none. `field` is the one of the profile's `fields`
    that holds the number. `decimals` is how many the device always prints, None where that changes with the value.
    """

    command: str
    wait: Nanos  # the longest it thinks before it answers
    name: str = ""
    field: str = ""
    decimals: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a number stands in a frame of bytes: its first byte, counted from 0, and how many, the high one first
    unless `low_first` says otherwise."""

    at: int
    width: int = 1
    scale: float = 1.0
    offset: float = 0.0  # value = raw * scale + offset
    low_first: bool = False
    signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The frames of a device that speaks bytes: how each begins, how long it is, and its sum in the last byte.

    `ask` makes it speak; one without it speaks by itself, at least once in `wait`. The sum counts from byte `sum_from`
    on; of a `negated` one the two's complement is sent. With `crc16` it is a CRC-CCITT in the last two bytes instead.
    """

    head: bytes
    length: int
    ask: bytes = b""
    sum_from: int = 0
    negated: bool = False
    crc16: bool = False
    wait: Nanos = 0  # the longest it thinks before it answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """How a board shows its outputs when it is asked: a line of text for each, in the order of their numbers.

    `label` begins a line, with {n} for the number; `on` or `off` ends it.
    """

    ask: bytes
    label: str
    on: str
    off: str
    wait: Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One measurement of a device. Outside [low, high] the device cannot mean what it says."""

    name: str
    unit: str
    register: Register | None  # None where the bus does not speak registers
    asked: Asked | None = None  # None where the bus does not speak text
    spot: Spot | None = None  # None where the bus does not speak frames of bytes
    metric: str = ""  # the word by which a node calls what it measures
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """What a pump that measures its own dose can do, in ml/min. A dose shorter than `least` is over before its effect
    can be read back."""

    slowest: float
    fastest: float
    least: Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A holding register that takes a word as an order, and shows 1 while the output is on and 0 while it is off.

    `pulse` is the word to which whole seconds are added, up to 255: on for so long, and then off by itself. `off` is
    the word that takes the energy away in any case, also from a pulse that runs.
    """

    register: int
    on: int
    off: int
    pulse: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """One output of a device. `pulse` is the coil that takes a time instead of ON, in ticks of 100 ms, and `pulse_off`
    the one that takes a time for which the relay falls; `told` is for a board that takes words in registers; `metered`
    is for an output that takes a volume; `order` is the word by which a node is told to switch it on; `number` and the
    bytes that it is told are for a board that speaks bytes."""

    name: str
    fail_safe: FailSafe
    coil: int | None = None
    pulse: int | None = None
    pulse_off: int | None = None
    pulse_max: Nanos | None = None
    told: Told | None = None
    metered: Metered | None = None
    order: str = ""
    number: int | None = None
    says_on: bytes = b""
    says_off: bytes = b""

    @property
    def relay(self) -> bool:
        """True for one that can be drawn and fall: its contact may be wired the other way round."""
        return self.coil is not None or self.told is not None or bool(self.says_on)

    @property
    def tick(self) -> Nanos:
        """The steps in which its timer counts, if it has one."""
        return WHOLE_SECONDS if self.told is not None else RELAY_TICK

    def timed(self, *, inverted: bool) -> bool:
        """True when the device itself ends an ON."""
        if self.metered is not None or self.order == "run_pump":
            return True
        if self.told is not None:
            return self.told.pulse is not None and not inverted
        return (self.pulse_off if inverted else self.pulse) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A value that tells this device from another one at the same address, or a setting it must have.

    `count` registers in a row must all lie in [low, high]. With `own` it is the device's own address, and must be the
    one at which it is asked; a device that refuses such a register, or leaves it alone without an answer while it
    answers other questions, has not shown that it is another one.
    """

    what: str
    register: Register
    low: float
    high: float
    count: int = 1
    own: bool = False

    def at(self, unit: int | None) -> "Check":
        """What it means for the device at this address."""
        return replace(self, low=float(unit), high=float(unit)) if self.own and unit is not None else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A command of one text line, and what the device must say to it: one of `answers`, or with none of them just yes.

    With `first` only the first field of the answer counts.
    """

    what: str
    command: str
    wait: Nanos
    name: str = ""
    answers: tuple[str, ...] = ()
    first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Holding registers in a row that must hold a value for the device to fall safe by itself. They are written when
    they do not, read back, and looked at again now and then: somebody else may have changed them."""

    what: str
    register: Register
    value: int
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """One register of an `Arm`, on its way. `before` is what the device held."""

    what: str
    address: int
    value: int
    before: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows:
    """A device that speaks bytes has to show itself in its own form once before it is believed."""

    what: str = "answer in its own form"


Demand = Check | Setting | Arm | Put | Shows


def held_by(*, signed: bool) -> tuple[int, int]:
    """The least and the largest number that one register holds."""
    return (-32768, 32767) if signed else (0, 65535)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writable:
    """A holding register that a person may set when the device is put into service: its address, its speed, a
    correction. `words` are the values that it knows by a word, such as speeds; then no other value is written."""

    name: str
    address: int
    low: float
    high: float
    scale: float = 1.0
    signed: bool = False
    words: Mapping[str, int] = field(default_factory=dict)

    def raw(self, text: str) -> int:
        """What goes on the wire for what a person wrote. Raises ValueError with a sentence."""
        if self.words:
            if text not in self.words:
                raise ValueError(f"{self.name} is one of {', '.join(self.words)}, not {text!r}")
            return self.words[text]
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{self.name} is a number, not {text!r}") from None
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.name} is {self.low:g} to {self.high:g}, not {text}")
        steps = round(value / self.scale)
        if abs(steps * self.scale - value) > 1e-9:
            raise ValueError(f"{self.name} goes in steps of {self.scale:g}, {text} lies between two of them")
        least, most = held_by(signed=self.signed)
        if not least <= steps <= most:
            held = f"{least * self.scale:g} to {most * self.scale:g}"
            raise ValueError(f"{self.name} is kept in one register, which holds {held}, not {text}")
        return steps & 0xFFFF  # two's complement

    def told(self, raw: int) -> str:
        """What a person reads for what the device holds."""
        for word, code in self.words.items():
            if code == raw:
                return word
        return f"{(raw - 65536 if self.signed and raw > 32767 else raw) * self.scale:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of device."""

    name: str
    title: str
    buses: frozenset[str]
    evidence: str  # vendor | code | inferred
    source: str
    turnaround: Nanos = DEFAULT_TURNAROUND  # the longest it thinks before it answers
    channels: Mapping[str, Channel] = field(default_factory=dict)
    outlets: Mapping[str, Outlet] = field(default_factory=dict)
    checks: tuple[Demand, ...] = ()
    arms: tuple[Arm, ...] = ()
    circuit: tuple[str, ...] = ()  # the words by which a device that speaks text names its kind
    fields: tuple[str, ...] = ()  # what a reading may consist of, in the order of printing; each can be switched off
    form: Form | None = None  # the frames of a device that speaks bytes
    panel: Panel | None = None  # how a board that speaks bytes shows its outputs
    protocol: str = ""  # what a node behind a broker speaks
    node_type: str = ""  # what a node says that it is
    state: str = ""  # the channel of a node that shows its outputs when it is asked; empty where none does
    settles: Nanos = 0  # a node that measures only when it is woken: how long its probes need then
    quirks: tuple[str, ...] = ()
    settings: Mapping[str, Writable] = field(default_factory=dict)
    clones: tuple[str, ...] = ()  # profiles of what is sold under the same name and counts in other steps
    warm_up: Nanos = 0  # how long after power-on its numbers mean nothing
    sparse: bool = False  # it refuses a read that touches registers it does not have
