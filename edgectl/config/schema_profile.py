"""The language of a profile of one's own: a Modbus device as its registers, coils and marks. Addresses count from 0."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from edgectl.config.written import Pair, Strict, Words
from edgectl.drivers.profile import held_by


def _number(value: Any) -> Any:
    """Hexadecimal as the makers' lists have it: 0x0200."""
    if isinstance(value, str) and value[:2].lower() == "0x":
        try:
            return int(value, 16)
        except ValueError:
            return value
    return value


def wrong(what: str, hint: str) -> PydanticCustomError:
    """What is wrong, and what to do, in the words of a person."""
    return PydanticCustomError("site", "{what}", {"what": what, "hint": hint})


def _line(scale: float) -> float:
    """A scale of 0 gives one reading for ever, and a believable one; beyond these bounds nothing is measured either."""
    if not 1e-9 <= abs(scale) <= 1e9:
        raise wrong(f"{scale:g} is no scale: every reading would be the same, or none", "1e-9 to 1e9, or below zero")
    return scale


def upwards(pair: list[float], *, same: bool) -> None:
    """Raises for a pair the wrong way round."""
    low, high = pair
    if low > high or (low == high and not same):
        raise wrong(f"{low:g} is not below {high:g}", f"write [{min(pair):g}, {max(pair):g}]")


def _ends(address: int, count: int) -> None:
    if (last := address + count - 1) > LAST:
        raise wrong(f"reaches to register {last}, and the last one is {LAST}", "addresses count from 0")


Address = Annotated[int, BeforeValidator(_number), Field(ge=0, le=65535)]
Word = Annotated[int, BeforeValidator(_number), Field(ge=0, le=65535)]
LAST = 65535  # the highest register, and the largest number that one holds
TICK = 0.1  # s, of the timer behind a pulse coil
Scale = Annotated[float, AfterValidator(_line)]
Kind = Literal["u16", "s16", "u32", "s32", "f32", "bit"]
Order = Literal["be", "le"]


class Place(Strict):
    """Where a number lives."""

    function: Literal[1, 2, 3, 4] = Field(description="1 coils, 2 inputs, 3 holding or 4 input registers")
    address: Address = Field(description="counted from 0, as it goes on the wire")
    type: Kind = Field("u16", description="u16, s16, u32, s32, f32 or bit")
    scale: Scale = Field(1.0, description="value = raw * scale + offset")
    offset: float = Field(0.0, description="value = raw * scale + offset")
    word_order: Order = Field("be", description="be: the high word first; le: the low word first")

    @model_validator(mode="after")
    def _bits_are_bits(self) -> "Place":
        if (self.type == "bit") != (self.function in (1, 2)):
            raise wrong(
                f"function {self.function} does not hold a {self.type}", "functions 1 and 2 hold bits, 3 and 4 not"
            )
        return self

    @property
    def width(self) -> int:
        """How many registers it takes."""
        return 2 if self.type in ("u32", "s32", "f32") else 1


class ChannelEntry(Place):
    """A measurement."""

    unit: Annotated[str, Field(max_length=20)] = Field(description="the unit after scaling, '' for none")
    range: Pair | None = Field(None, description="[lowest, highest] value that the device can mean")
    decimals_at: Address | None = Field(None, description="the register that holds the number of decimals")

    @model_validator(mode="after")
    def _lies_within(self) -> "ChannelEntry":
        _ends(self.address, self.width)
        if self.range is not None:
            upwards(self.range, same=False)
        return self


class OutletEntry(Strict):
    """An output. Who ends its ON decides what it may be used for."""

    coil: Address | None = Field(None, description="the coil that switches it, counted from 0")
    told: Address | None = Field(
        None, alias="register", description="the holding register that takes words instead, and shows 1 or 0"
    )
    on_word: Word | None = Field(None, description="the word that switches it on, such as 0x0100")
    off_word: Word | None = Field(None, description="the word that switches it off in any case, also during a pulse")
    pulse_word: Word | None = Field(None, description="the word that takes whole seconds in its low byte: 0x0600")
    fail_safe: Literal["pulse", "watchdog", "none"] = Field(
        description="who ends an ON without us: pulse (its own timer), watchdog, or none"
    )
    pulse: Address | None = Field(None, description="the coil that takes a time in 100 ms instead of ON")
    pulse_off: Address | None = Field(None, description="the coil that takes a time for which it is off")
    pulse_max_s: float | None = Field(None, ge=TICK, le=3276.7, description="the longest that its timer counts, in s")

    @model_validator(mode="after")
    def _a_timer_is_named(self) -> "OutletEntry":
        timer = self.pulse if self.told is None else self.pulse_word
        if self.fail_safe == "pulse" and (timer is None or self.pulse_max_s is None):
            key = "pulse" if self.told is None else "pulse_word"
            raise wrong(
                "is said to end its ON by a timer, and none is named", f"add {key} and pulse_max_s, or write none"
            )
        return self

    @model_validator(mode="after")
    def _is_switched_in_one_way(self) -> "OutletEntry":
        words = (self.on_word, self.off_word, self.pulse_word)
        if (self.coil is None) == (self.told is None):
            raise wrong("has a coil or a register, one of them", "coil: 0, or register: 1 with on_word and off_word")
        if self.told is None and any(word is not None for word in words):
            raise wrong("has words, and no register that takes them", "add register:, or take the words out")
        if self.told is not None and (self.on_word is None or self.off_word is None or self.pulse is not None):
            raise wrong("is told in words", "write on_word and off_word, and pulse_word instead of pulse")
        if self.on_word is not None and self.on_word == self.off_word:
            raise wrong("is switched on and off by the same word", "a word that toggles is not used")
        if self.pulse_word is not None and (self.pulse_word & 0xFF or (self.pulse_max_s or 1) > 0xFF):
            raise wrong("counts seconds in the low byte of its word", "pulse_word: 0x0600, pulse_max_s: up to 255")
        return self


class CheckEntry(Place):
    """A mark that tells this device from others."""

    what: Words = Field(description="what it is, in words: software version of the board")
    between: Pair | None = Field(None, description="[lowest, highest] value of this device")
    own_address: bool = Field(False, description="true: it holds the address at which the device answers")
    count: int = Field(1, ge=1, le=100, description="how many in a row")

    @model_validator(mode="after")
    def _lies_within(self) -> "CheckEntry":
        _ends(self.address, self.width * self.count)
        if (self.between is None) is not self.own_address:
            raise wrong("says not what it must hold", "between: [LOWEST, HIGHEST], or own_address: true")
        if self.between is not None:
            upwards(self.between, same=True)
        return self


class ArmEntry(Strict):
    """Registers that have to hold a value for the device to fall safe by itself."""

    what: Words = Field(description="what it is, in words")
    address: Address = Field(description="a holding register, counted from 0")
    value: Word = Field(description="what it has to hold")
    count: int = Field(1, ge=1, le=100, description="how many in a row")

    @model_validator(mode="after")
    def _lies_within(self) -> "ArmEntry":
        _ends(self.address, self.count)
        return self


class SettingEntry(Strict):
    """What a person may set with `edgectl device write`."""

    place: Address = Field(alias="register", description="a holding register, counted from 0")
    range: Pair | None = Field(None, description="[lowest, highest] value")
    scale: Scale = Field(1.0, gt=0, description="one step of the register")
    values: dict[Any, Word] | None = Field(
        None, description="{9600: 2}: what a person writes, and what goes on the wire"
    )

    @model_validator(mode="after")
    def _fits_a_register(self) -> "SettingEntry":
        if self.range is None:
            return self
        upwards(self.range, same=True)
        low, high = self.range
        least, most = held_by(signed=low < 0)
        if round(low / self.scale) < least or round(high / self.scale) > most:
            what = f"{low:g} to {high:g} in steps of {self.scale:g} does not fit into one register"
            raise wrong(what, f"it holds {least * self.scale:g} to {most * self.scale:g}")
        return self


class Head(Strict):
    """What stands above the channels, whatever the device speaks."""

    title: Words = Field(description="maker and model, in words")
    evidence: Literal["vendor", "code", "inferred"] = Field(
        description="vendor (its manual was read), code (public code talks to it) or inferred"
    )
    source: Words = Field(description="where it is written down: a manual, an address")
    turnaround_ms: int = Field(50, ge=1, le=2000, description="the longest it thinks before it answers")
    warm_up_s: int = Field(0, ge=0, le=3600, description="how long after power-on its numbers mean nothing")
    quirks: Annotated[list[Words], Field(max_length=20)] = Field(
        default_factory=list, description="a list of sentences"
    )


class ProfileHead(Head):
    """What stands above the channels of a Modbus device."""

    buses: Annotated[list[Literal["modbus-rtu", "modbus-rtu-over-tcp", "modbus-tcp"]], Field(min_length=1)] = Field(
        description="a list such as [modbus-rtu, modbus-tcp], or one of serial-lines, ezo-uart, mqtt"
    )
    clones: list[Words] = Field(default_factory=list, description="profiles of look-alikes that count in other steps")
    sparse: bool = Field(False, description="true when it refuses a read that touches a register it does not have")
