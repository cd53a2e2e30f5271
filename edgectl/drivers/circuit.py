"""The kind of an EZO circuit on a port that nobody drives: one question, `i`, and nothing is changed.

Source: Atlas Scientific datasheets, "device information": the answer is ?I,KIND,FIRMWARE.
"""

from serial.serialutil import Timeout

from edgectl.drivers.codecs import ezo
from edgectl.drivers.codecs.ezo import Named
from edgectl.drivers.talk import open_port
from edgectl.drivers.wiring import SerialLine

ANSWERS_WITHIN_S = 1.5  # it may be busy with a reading, and thinks for 0.3 s then
TRIES = 2  # half an order of somebody else in its buffer spoils at most the first try


def ask_kind(port: str, baudrate: int = 9600) -> tuple[str, str]:
    """Kind and firmware, both empty where no circuit answers. Raises LinkDown and OSError."""
    with open_port(SerialLine(port=port, baudrate=baudrate), ANSWERS_WITHIN_S / 3) as line:
        for _ in range(TRIES):
            line.reset_input_buffer()
            line.write(ezo.command("i"))
            heard, patience = b"", Timeout(ANSWERS_WITHIN_S)
            while not patience.expired() and len(heard) < 500:
                heard += line.read(line.in_waiting or 1)
                for said in ezo.lines(heard):
                    if isinstance(said, Named) and said.name == "i" and len(said.fields) == 2:
                        return said.fields[0], said.fields[1]
    return "", ""
