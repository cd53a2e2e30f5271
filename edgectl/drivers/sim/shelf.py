"""Small devices that can be hung on the simulated line beside the four of the house: each is its registers, at rest.

From the makers' lists, by hand. A kind that ends in "-clone" is what a buyer gets who did not look closely.
"""

from collections.abc import Callable

from edgectl.drivers.sim.registers import RegisterMap
from edgectl.drivers.sim.spare import SpareBoard
from edgectl.drivers.sim.words import WordBoard

SHELF: dict[str, Callable[[], RegisterMap]] = {
    # SHT30 module: humidity and temperature in tenths, in holding registers.
    "sht3x": lambda: RegisterMap(holding={0: 612, 1: 187, 0x100: 1, 0x101: 2}, address_at=0x100),
    # The same with a switch that locks its settings; and one that moves to its new address at the next power-on.
    "sht3x-locked": lambda: RegisterMap(holding={0: 612, 1: 187, 0x100: 1, 0x101: 2}, address_at=0x100, locked=True),
    "sht3x-lazy": lambda: RegisterMap(holding={0: 612, 1: 187, 0x100: 1, 0x101: 2}, address_at=0x100, lazy=True),
    # XY-MD02: tenths in input registers 1 and 2; its address and speed in 0x0101 and 0x0102.
    "xy-md02": lambda: RegisterMap(
        inputs={1: 221, 2: 584}, holding={0x101: 1, 0x102: 9600, 0x103: 0, 0x104: 0}, address_at=0x101
    ),
    # MD02, a clone: the same place, in hundredths, and its settings one register earlier.
    "md02-clone": lambda: RegisterMap(inputs={1: 2210, 2: 5840}, holding={0x100: 1, 0x101: 9600}, address_at=0x100),
    # Eletechsup RYN408F: eight relays that are told in words.
    "ryn408f": WordBoard,
    # Waveshare Modbus RTU Relay, a second one.
    "spare-board": SpareBoard,
    # SenseCAP S-CO2-03.
    "co2": lambda: RegisterMap(holding={0: 431}),
    # JXBS-3001-TR soil probe: registers with gaps that it refuses.
    "soil": lambda: RegisterMap(
        holding={6: 648, 0x12: 327, 0x13: 192, 0x15: 1380, 0x1E: 21, 0x1F: 34, 0x20: 55, 0x100: 1, 0x101: 9600},
        address_at=0x100,
    ),
    # SenseCAP S-pH-01 and S-EC-01, in hundredths and in uS/cm.
    "ph": lambda: RegisterMap(holding={0: 2150, 1: 612, 0x20: 0}),
    "ec": lambda: RegisterMap(holding={0: 2150, 2: 1610, 0x25: 1000}),
    # PZEM-016: voltage in tenths; long numbers with the low word first.
    "energy": lambda: RegisterMap(inputs={0: 2304, 1: 412, 2: 0, 3: 905, 4: 0, 5: 7312, 6: 0, 7: 500, 8: 96, 9: 0}),
}


def device(kind: str, unit: int) -> RegisterMap:
    """One of them, at its address. Raises KeyError."""
    made = SHELF[kind]()
    if made.address_at is not None:
        made.holding[made.address_at] = unit
    return made
