"""Names for serial ports, from the tree that the kernel shows: recorded from a board with four adapters."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgectl.__main__ import main
from edgectl.host.ports import ports

# place of the port below /sys/devices, and the files of its adapter
ADAPTERS = {
    "ttyUSB0": (
        "pci0/usb1/1-1/1-1.2",
        "1-1.2:1.0",
        "00",
        {"idVendor": "0403", "idProduct": "6001", "serial": "A502"},
    ),
    "ttyUSB1": ("pci0/usb1/1-1/1-1.3", "1-1.3:1.0", "00", {"idVendor": "1a86", "idProduct": "7523"}),
    "ttyUSB2": ("pci0/usb1/1-1/1-1.4", "1-1.4:1.0", "00", {"idVendor": "10c4", "idProduct": "ea60", "serial": "0001"}),
    "ttyUSB3": ("pci0/usb1/1-2", "1-2:1.0", "00", {"idVendor": "10c4", "idProduct": "ea60", "serial": "0001"}),
    "ttyUSB4": ("pci0/usb1/1-3", "1-3:1.0", "00", {"idVendor": "0403", "idProduct": "6011", "serial": "FT4"}),
    "ttyUSB5": ("pci0/usb1/1-3", "1-3:1.1", "01", {"idVendor": "0403", "idProduct": "6011", "serial": "FT4"}),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, (usb, interface, number, files) in ADAPTERS.items():
        folder = tmp_path / "devices" / usb
        port = folder / interface / name
        (port / "tty" / name).mkdir(parents=True)
        (port / "tty" / name / "device").symlink_to(port)
        (folder / interface / "bInterfaceNumber").write_text(f"{number}\n")
        for file, text in {**files, "product": "Serial"}.items():
            (folder / file).write_text(f"{text}\n")
        _listed(tmp_path, name, port / "tty" / name)
    board = tmp_path / "devices" / "platform" / "serial8250"
    for name, kind in (("ttyAMA0", "32"), ("ttyS0", "0")):
        (board / "tty" / name).mkdir(parents=True)
        (board / "tty" / name / "device").symlink_to(board)
        (board / "tty" / name / "type").write_text(f"{kind}\n")
        _listed(tmp_path, name, board / "tty" / name)
    console = tmp_path / "devices" / "virtual" / "tty" / "tty1"
    console.mkdir(parents=True)
    _listed(tmp_path, "tty1", console)
    return tmp_path


def _listed(root: Path, name: str, place: Path) -> None:
    (root / "class" / "tty").mkdir(parents=True, exist_ok=True)
    (root / "class" / "tty" / name).symlink_to(place)


def udev(root: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["udev", "--sys", str(root), *words])


def test_only_ports_with_hardware_behind_them_are_there(tree: Path) -> None:
    assert [port.name for port in ports(tree)] == ["ttyAMA0", *ADAPTERS]


def test_each_adapter_is_named_by_what_is_its_own(tree: Path) -> None:
    said = udev(tree, "relays=ttyUSB0", "ph=ttyUSB1", "ec=/dev/ttyUSB2", "one=ttyUSB4", "two=ttyUSB5", "fans=ttyAMA0")
    rule = {line.partition("edgectl/")[2].rstrip('"'): line for line in said.stdout.splitlines() if "SYMLINK" in line}
    assert 'ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6001", ATTRS{serial}=="A502"' in rule["relays"]
    assert "KERNELS" not in rule["relays"], "it may move"
    assert 'KERNELS=="1-1.3:1.0"' in rule["ph"], "it has no serial number"
    assert 'KERNELS=="1-1.4:1.0"' in rule["ec"], "two bear the number 0001"
    assert "ATTRS{serial}" not in rule["ec"]
    assert 'ENV{ID_USB_INTERFACE_NUM}=="00"' in rule["one"], "two ports of one adapter"
    assert 'ENV{ID_USB_INTERFACE_NUM}=="01"' in rule["two"]
    assert 'KERNEL=="ttyAMA0"' in rule["fans"]
    assert "label both" in said.stdout


def test_without_names_every_port_gets_one(tree: Path) -> None:
    said = udev(tree)
    assert said.exit_code == 0
    assert said.stdout.count("SYMLINK") == len(ADAPTERS) + 1


@pytest.mark.parametrize("word", ["relays=ttyUSB9", "relays", 'a"b=ttyUSB0'])
def test_what_cannot_be_named_gets_a_sentence(tree: Path, word: str) -> None:
    said = udev(tree, word)
    assert said.exit_code == 1
    assert "SYMLINK" not in said.stdout


def test_this_machine_is_looked_at_as_it_is() -> None:
    said = CliRunner().invoke(main, ["udev", "--json"])
    assert said.exit_code == 0, said.output
