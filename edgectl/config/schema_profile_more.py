"""The language of a profile of one's own for what speaks no Modbus: frames of bytes, Atlas EZO circuits, MQTT nodes."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from edgectl.config.schema_profile import Head, Scale, upwards, wrong
from edgectl.config.written import Pair, Strict, Words

Hex = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{2}( ?[0-9A-Fa-f]{2}){0,63}$")]
Command = Annotated[str, Field(pattern=r"^[ -~]{1,31}$")]
Unit = Annotated[str, Field(max_length=20)]
HEX = "bytes in hexadecimal and in quotes: 'FF 01 86'"


class Measured(Strict):
    """What every channel has."""

    unit: Unit = Field(description="the unit after scaling, '' for none")
    range: Pair | None = Field(None, description="[lowest, highest] value that the device can mean")

    @model_validator(mode="after")
    def _lies_within(self) -> "Measured":
        if self.range is not None:
            upwards(self.range, same=False)
        return self


# ---------------------------------------------------------------- frames of bytes


class FrameEntry(Strict):
    """How a sensor speaks: one frame after the other, or one to each question."""

    head: Hex = Field(description=f"how each frame begins; {HEX}")
    length: int = Field(ge=3, le=256, description="bytes of a frame, the sum in the last one among them")
    ask: Hex | None = Field(None, description=f"what makes it speak; without it the device speaks by itself; {HEX}")
    sum_from: int = Field(0, ge=0, le=62, description="the byte from which the sum counts")
    negated: bool = Field(False, description="true when the two's complement of the sum is sent")
    crc16: bool = Field(
        False, description="true for a CRC-CCITT in the last two bytes instead of a sum, high one first"
    )


class ShowsEntry(Strict):
    """How a relay board shows its outputs."""

    ask: Hex = Field(description=f"what makes it show them; {HEX}")
    label: Annotated[str, Field(pattern=r"^[^{}]*\{n\}[^{}]*$")] = Field(
        description="how each line begins, {n} its number"
    )
    on: Words = Field(description="the word of an output that is on")
    off: Words = Field(description="the word of one that is off")


class LineHead(Head):
    """What stands above the channels of a device that speaks frames."""

    buses: Annotated[list[Literal["serial-lines"]], Field(min_length=1, max_length=1)]
    frame: FrameEntry | None = Field(None, description="how a sensor speaks")
    shows: ShowsEntry | None = Field(None, description="how a relay board shows its outputs")

    @model_validator(mode="after")
    def _speaks_in_one_way(self) -> "LineHead":
        if (self.frame is None) == (self.shows is None):
            raise wrong(
                "a device of frames has frame: or shows:, one of them", "frame: for a sensor, shows: for relays"
            )
        return self


class LineChannel(Measured):
    """Where a number stands in a frame."""

    at: int = Field(ge=0, le=254, description="its first byte, counted from 0")
    bytes: int = Field(1, ge=1, le=4, description="how many, the high one first")
    low_first: bool = Field(False, description="true when the low byte comes first")
    signed: bool = Field(False, description="true when it can be below zero")
    scale: Scale = Field(1.0, description="value = raw * scale + offset")
    offset: float = Field(0.0, description="value = raw * scale + offset")


class LineOutlet(Strict):
    """A relay that is told in bytes. Nobody but edgectl ends its ON."""

    number: int = Field(ge=1, le=64, description="its number in what the board shows")
    on_bytes: Hex = Field(description=f"what switches it on; {HEX}")
    off_bytes: Hex = Field(description=f"what switches it off; {HEX}")
    fail_safe: Literal["none"] = Field(description="none: a board of frames ends nothing by itself")


# ---------------------------------------------------------------- Atlas EZO


class CircuitHead(Head):
    """What stands above the channels of a circuit."""

    buses: Annotated[list[Literal["ezo-uart"]], Field(min_length=1, max_length=1)]
    circuit: Annotated[list[Words], Field(min_length=1)] = Field(description="what it answers to `i`, such as [pH]")
    fields: list[Words] = Field(default_factory=list, description="what a reading may consist of, in that order")


class CircuitChannel(Measured):
    """A number in the answer to a command."""

    ask: Command = Field(description="the command, such as R")
    answer: Words | None = Field(None, description="the name that the answer begins with, where it has one")
    field: Words | None = Field(None, description="which of the fields of a reading")
    wait_ms: int | None = Field(None, ge=1, le=5000, description="the longest it thinks before it answers")
    decimals: int | None = Field(None, ge=0, le=6, description="how many it always prints")


class Dispense(Strict):
    """What a pump that measures its own dose can do."""

    ml_per_min: Pair = Field(description="[slowest, fastest] ml/min")
    least_s: float = Field(gt=0, le=60, description="a dose shorter than this cannot be seen")


class CircuitOutlet(Strict):
    """A pump that takes a volume and ends by itself."""

    dispense: Dispense = Field(description="{ml_per_min: [0.5, 105], least_s: 2}")
    fail_safe: Literal["pulse"] = Field(description="pulse: the pump ends its dose itself")


class CircuitCheck(Strict):
    """A setting that the circuit must have."""

    what: Words = Field(description="what it is, in words")
    ask: Command = Field(description="the command that shows it")
    answer: Words = Field(description="the name that the answer begins with")
    answers: Annotated[list[Words], Field(min_length=1)] = Field(description="what it may answer")


# ---------------------------------------------------------------- nodes behind a broker


class NodeHead(Head):
    """What stands above the channels of a node."""

    buses: Annotated[list[Literal["mqtt"]], Field(min_length=1, max_length=1)]
    protocol: Literal["hydro2", "tasmota", "shelly"] = Field("hydro2", description="the language of the node")
    node_type: str = Field("", pattern=r"^[a-z_]{0,32}$", description="what a node of protocol 2.0 says that it is")
    state: str = Field("", pattern=r"^[a-z_]{0,48}$", description="the channel that shows its outputs when asked")
    settles_s: int = Field(0, ge=0, le=600, description="how long its probes need after they were woken")


class NodeChannel(Measured):
    """What a node measures."""

    metric: Words = Field(description="its word for it: PH, AM2301.Temperature, switch:0.apower")


NodeOrder = Literal["run_pump", "set_relay", "set_pwm", "light"]
ENDLESS = ("set_pwm", "light")  # words that carry no end: whoever took them stays on until told otherwise


class NodeOutlet(Strict):
    """An output of a node."""

    order: NodeOrder | None = Field(None, description="the word of protocol 2.0 for ON")
    number: int | None = Field(None, ge=1, le=32, description="which relay of a Tasmota or Shelly, from 1")
    fail_safe: Literal["pulse", "watchdog", "none"] = Field(description="who ends an ON without us")
    pulse_max_s: float | None = Field(None, gt=0, le=86_400, description="the longest ON that it ends by itself, in s")

    @model_validator(mode="after")
    def _is_ordered_somehow(self) -> "NodeOutlet":
        if (self.order is None) == (self.number is None):
            raise wrong("says not how it is ordered", "order: run_pump for protocol 2.0, number: 1 for a plug")
        if self.order in ENDLESS and (self.fail_safe == "pulse" or self.pulse_max_s is not None):
            raise wrong(
                f"is said to end its ON by itself, and order: {self.order} tells it no end",
                "write fail_safe: none without pulse_max_s, or order: run_pump if the node knows it",
            )
        return self


def beyond(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What no single entry shows: where, what, and what to do."""
    frame, shows, outputs = raw.get("frame"), raw.get("shows"), raw["outputs"]
    for name, channel in raw["channels"].items():
        place, at = ("channels", name), channel.get("at")
        last = frame["length"] - (2 if frame.get("crc16") else 1) if frame else 0
        if frame and at is not None and at + channel.get("bytes", 1) > last:
            yield place, f"reaches beyond the frame, whose sum is byte {last}", "bytes count from 0"
        if shows and at is not None:
            yield place, "a board that shows its outputs has no channels", "take it out"
        if "ask" in channel and "field" in channel and channel["field"] not in raw.get("fields", ()):
            yield place, f"its field {channel['field']} is not in fields", f"fields: [{channel['field']}]"
    if frame and outputs:
        yield ("outputs",), "a sensor of frames has no outputs", "write shows: instead of frame: for a relay board"
    if shows and sorted(one.get("number", 0) for one in outputs.values()) != list(range(1, len(outputs) + 1)):
        yield ("outputs",), "are not numbered from 1 without a gap", "the board shows every relay it has, in order"
    if "mqtt" in raw.get("buses", ()):
        own = "number" if raw.get("protocol", "hydro2") != "hydro2" else "order"
        for name in [name for name, one in outputs.items() if own not in one]:
            yield ("outputs", name), f"has no {own}", f"its protocol names outputs by {own}"
