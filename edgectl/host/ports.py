"""The serial ports of this machine as /sys shows them, and the udev rules that give each a name of its own.

Two rules. A serial number names an adapter, wherever it is plugged in, when no other adapter here has the same one:
cheap chips have none, or all of them "0001". Else the name belongs to the socket, and moves when the cable does.
Source: the files of a USB device in /sys (Documentation/ABI/testing/sysfs-bus-usb of Linux), and udev(7).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")
TAIL = 'GROUP="dialout", MODE="0660", SYMLINK+="edgectl/{name}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One serial port. `socket` is the kernel's name of the place where its adapter is plugged in; a port of the board
    itself has none."""

    name: str  # ttyUSB0
    socket: str = ""  # 1-1.2:1.0
    vendor: str = ""
    product: str = ""
    serial: str = ""
    says: str = ""  # what the adapter calls itself
    interface: str = ""  # 00: which of several ports of one adapter

    @property
    def adapter(self) -> str:
        """Which adapter it is, of those that say so."""
        return f"{self.vendor}:{self.product}:{self.serial}" if self.serial else ""


def ports(root: Path = SYS) -> list[Port]:
    """Every port that has hardware behind it, by name."""
    folder = root / "class" / "tty"
    found = [_port(entry) for entry in sorted(folder.iterdir())] if folder.is_dir() else []
    return [port for port in found if port is not None]


def rules(named: Mapping[str, Port], all_: Iterable[Port]) -> list[str]:
    """A rule for each name, with a remark where a person has to know something."""
    adapters = Counter((port.adapter, port.interface) for port in all_)
    several = Counter(port.adapter for port in all_)
    lines: list[str] = []
    for name, port in named.items():
        tail = TAIL.format(name=name)
        if not port.socket:
            lines += [f"# {name}: {port.name}, a port of the board itself"]
            lines += [f'SUBSYSTEM=="tty", KERNEL=="{port.name}", {tail}']
        elif port.adapter and adapters[port.adapter, port.interface] == 1:
            one_of = f', ENV{{ID_USB_INTERFACE_NUM}}=="{port.interface}"' if several[port.adapter] > 1 else ""
            marks = {"idVendor": port.vendor, "idProduct": port.product, "serial": port.serial}
            who = ", ".join(f'ATTRS{{{key}}}=="{value}"' for key, value in marks.items())
            lines += [f"# {name}: {port.name}, {port.says}, by its serial number: it may move to another socket"]
            lines += [f'SUBSYSTEM=="tty", {who}{one_of}, {tail}']
        else:
            why = "others here have its serial number" if port.adapter else "it has no serial number"
            lines += [f"# {name}: {port.name}, {port.says}, by its socket, as {why}: label both"]
            lines += [f'SUBSYSTEM=="tty", KERNELS=="{port.socket}", {tail}']
    return lines


def _port(entry: Path) -> Port | None:
    device = entry / "device"
    if not device.exists():
        return None  # a console or a pty
    place = device.resolve()
    # Upwards from the port: its interface first, then the adapter that holds it.
    chain = [place, *place.parents]
    interface = next((one for one in chain if (one / "bInterfaceNumber").is_file()), None)
    usb = next((one for one in chain if (one / "idVendor").is_file()), None)
    if usb is None or interface is None:
        return Port(name=entry.name) if _real(entry) else None
    says = " ".join(word for word in (_text(usb, "manufacturer"), _text(usb, "product")) if word)
    return Port(
        name=entry.name,
        socket=interface.name,
        vendor=_text(usb, "idVendor"),
        product=_text(usb, "idProduct"),
        serial=_plain(_text(usb, "serial")),
        says=says or "an adapter without a name",
        interface=_text(interface, "bInterfaceNumber"),
    )


def _real(entry: Path) -> bool:
    """A port of the board: the kernel lists four of the old kind whether they are there or not; type 0 is none."""
    return _text(entry, "type") != "0"


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(errors="replace").strip()
    except OSError:
        return ""


def _plain(serial: str) -> str:
    """A serial number that a rule can quote; one with other characters names nothing."""
    return serial if serial.isascii() and serial.replace("-", "").replace("_", "").replace(".", "").isalnum() else ""
