"""Switch the relays of a board of frames off without a daemon: tell it, and look at what it shows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgectl.drivers.codecs import lines
from edgectl.drivers.profile import Panel
from edgectl.drivers.rescued import Rescued
from edgectl.drivers.talk import open_port
from edgectl.drivers.wiring import SerialLine

if TYPE_CHECKING:
    import serial

TRIES = 3
SHOWS_WITHIN_S = 0.6
BETWEEN_S = 0.1  # a board that has been told something is busy for a moment; a pause in its text is its end


def rescue_board(line: Mapping[str, Any], outputs: list[Mapping[str, Any]]) -> list[Rescued]:
    """One output after the other. Raises LinkDown and OSError."""
    with open_port(SerialLine(**line), SHOWS_WITHIN_S, between_bytes_s=BETWEEN_S) as port:
        return [_off(port, output) for output in outputs]


def _off(port: "serial.Serial", output: Mapping[str, Any]) -> Rescued:
    name, number, numbers = output["actuator"], output["number"], tuple(output["numbers"])
    words = output["panel"]
    panel = Panel(ask=bytes.fromhex(words["ask"]), label=words["label"], on=words["on"], off=words["off"], wait=0)
    reason = "no reply"
    for _ in range(TRIES):
        port.write(bytes.fromhex(output["says"]))
        port.timeout = BETWEEN_S
        port.read(lines.LONGEST_TEXT)  # nothing acknowledges an order; whatever was still on its way is out by then
        port.timeout = SHOWS_WITHIN_S
        port.write(panel.ask)
        states = lines.shown(panel, numbers, port.read(lines.LONGEST_TEXT))
        if states is not None:
            if states[number] is (output["rests"] == panel.on):
                return Rescued(actuator=name, proven=True)
            reason = "it was ordered off and is shown on"
    return Rescued(actuator=name, proven=False, reason=reason)
