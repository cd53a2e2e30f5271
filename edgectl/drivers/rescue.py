"""Switch outputs off without a daemon: synchronous, from bytes-level facts alone, a few tries each.

Used when nothing else of edgectl runs, so it shares with the rest only the codecs and the port lock.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import serial
from serial.serialutil import Timeout

from edgectl.drivers.codecs import ezo, modbus
from edgectl.drivers.codecs.ezo import Line, Named, No, Ok
from edgectl.drivers.codecs.modbus import BadReply, Request
from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.rescue_lines import rescue_board
from edgectl.drivers.rescued import Means, Rescued
from edgectl.drivers.talk import Talk, open_line, open_port
from edgectl.drivers.wiring import RtuGateway, SerialLine, TcpHost

LOG = logging.getLogger("edgectl")
TRIES = 3
REPLY_WITHIN_S = 0.3
MOST_HEARD = 2048  # bytes of a line that babbles
ANSWERS_WITHIN_S = 2.0  # an EZO circuit thinks for 0.3 s before it answers, and nobody else waits for us


def rescue(bus: Mapping[str, Any], means: Means | None = None) -> list[Rescued]:
    """Switch every output of one bus of a safe plan off and look at it. Nodes behind a broker need `means`.

    Never raises: the next bus waits for its turn.
    """
    outputs = bus["outputs"]
    try:
        if bus.get("kind") == "mqtt":
            # Imported here: without nodes nobody waits for the MQTT library, and the first OFF is what counts.
            from edgectl.drivers.rescue_nodes import rescue_nodes

            assert means is not None, "an order to a node needs a secret and the time"
            return rescue_nodes(bus, means)
        if bus.get("kind") == "serial-lines":
            return rescue_board(bus["line"], outputs)
        if bus.get("kind") == "ezo-uart":
            return [_stop(bus["line"], output["actuator"]) for output in outputs]
        with open_line(line_of(bus["line"]), reply_within_s=REPLY_WITHIN_S) as talk:
            return [_off(talk, output) for output in outputs]
    except (LinkDown, OSError, serial.SerialException) as error:
        return _unproven(bus, str(error))
    except Exception as error:
        # Whatever is wrong with one bus must not keep the next one on.
        LOG.exception("bus %s could not be made safe", bus["name"])
        return _unproven(bus, f"it cannot be followed ({type(error).__name__}: {error})")


def _unproven(bus: Mapping[str, Any], why: str) -> list[Rescued]:
    return [
        Rescued(actuator=output["actuator"], proven=False, reason=f"bus {bus['name']}: {why}")
        for output in bus["outputs"]
    ]


def rest(output: Mapping[str, Any]) -> Request:
    """What makes an output on Modbus rest: a coil, or a word in a register."""
    if "register" in output:
        return modbus.write_register(output["unit"], output["register"], output["says"])
    # Of some the relay has to be drawn for the output to rest.
    return modbus.write_coil(output["unit"], output["coil"], output.get("rests_drawn") is True)


def _rests(talk: Talk, output: Mapping[str, Any]) -> bool:
    unit = output["unit"]
    if "register" in output:
        shown = modbus.number(talk.exchange(modbus.read(unit, 3, output["register"], 1)), 0, "u16")
        return bool(shown == output["shows"])
    drawn = modbus.bits(talk.exchange(modbus.read(unit, 1, output["coil"], 1)), 1)[0]
    return drawn is (output.get("rests_drawn") is True)


def _off(talk: Talk, output: Mapping[str, Any]) -> Rescued:
    name, reason = output["actuator"], ""
    for _ in range(TRIES):
        try:
            talk.exchange(rest(output))
            if _rests(talk, output):
                return Rescued(actuator=name, proven=True)
            reason = "it was ordered off and reads back on"
        except BadReply as bad:
            reason = str(bad)
    return Rescued(actuator=name, proven=False, reason=reason)


def _stop(line: Mapping[str, Any], name: str) -> Rescued:
    """Stop a dosing pump, and ask whether it stands. Half an order in its buffer spoils at most the first try."""
    reason = "no reply"
    with open_port(SerialLine(**line), ANSWERS_WITHIN_S, between_bytes_s=ANSWERS_WITHIN_S) as port:
        for _ in range(TRIES):
            _say(port, "X", lambda said: isinstance(said, Ok | No))
            for said in _say(port, "D,?", _tells_of_a_dose):
                if isinstance(said, Named) and _tells_of_a_dose(said):
                    if said.fields[-1:] == ("0",):
                        return Rescued(actuator=name, proven=True)
                    reason = "it was ordered to stop and says that it runs"
    return Rescued(actuator=name, proven=False, reason=reason)


def _tells_of_a_dose(said: Line) -> bool:
    return isinstance(said, Named) and said.name == "d"


def _say(port: "serial.Serial", command: str, last: Callable[[Line], bool]) -> tuple[Line, ...]:
    """What the circuit says to a command, up to the line that is waited for or until the time for it is over.

    It may still be busy with what somebody else asked: that answer comes first, and this one a thinking time later. It
    may also print readings that nobody asked for, for ever.
    """
    port.reset_input_buffer()
    port.write(ezo.command(command))
    heard, patience = b"", Timeout(ANSWERS_WITHIN_S)
    while not patience.expired() and len(heard) < MOST_HEARD and (more := port.read_until(ezo.END)):
        heard += more
        if any(last(said) for said in ezo.lines(heard)):
            break
    return ezo.lines(heard)


def line_of(line: Mapping[str, Any]) -> SerialLine | RtuGateway | TcpHost:
    """The line as the plan wrote it down: only a network has a host, and only a serial line has a baudrate."""
    if "host" not in line:
        return SerialLine(**line)
    return RtuGateway(**line) if "baudrate" in line else TcpHost(**line)
