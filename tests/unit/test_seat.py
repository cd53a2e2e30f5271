"""Who may take the place of a device of the site file, asked on a line of simulated devices."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from edgectl.drivers import registry, seat, settle
from edgectl.drivers.codecs.modbus import DeviceRefused, Request
from edgectl.drivers.settle import Meant, NotDone
from edgectl.drivers.sim import shelf
from edgectl.drivers.sim.devices import Device, reply
from edgectl.drivers.sim.spare import SpareBoard
from edgectl.drivers.talk import NoReply
from edgectl.drivers.wiring import Device as Wired
from edgectl.engine.rules import handwork
from tests.unit.test_device_bench import House

BOARD = Wired(name="board", unit=1, profile=registry.find("waveshare-relay-8ch"))
WORDS = Wired(name="board", unit=1, profile=registry.find("eletechsup-ryn408f"))
SOIL = Wired(name="soil", unit=4, profile=registry.find("jxct-soil-7in1"))


class Line:
    """Devices by their addresses; the others are silent."""

    def __init__(self, units: Mapping[int, Device]) -> None:
        self.units = units
        self.written: list[bytes] = []

    def exchange(self, request: Request) -> bytes:
        self.written += [request.pdu] if request.pdu[0] > 4 else []
        if (there := self.units.get(request.unit)) is None:
            raise NoReply("no reply", b"")
        said = reply(there, request.pdu, 0)
        if said[0] & 0x80:
            raise DeviceRefused(said[1], said)
        return said


def moves(kind: str, wired: Wired, spoil: Callable[[Any], Any] = lambda _: None, wanted: str | None = None) -> Meant:
    """One of the shelf, found at 33, is to take that place. Raises NotDone; nothing may have been written then."""
    made = shelf.device(kind, 33)
    spoil(made)
    line = Line({33: made})
    seats = {wired.unit: wired}
    try:
        return settle.meant(line, "modbus-rtu", 33, "address", str(wired.unit), wanted, "field", seats.get)
    finally:
        assert line.written == []


def on(relay: int) -> Callable[[SpareBoard], None]:
    return lambda spare: spare.board.on.__setitem__(relay, True)


def only_its_own_kind_takes_the_place_of_a_board() -> None:
    assert moves("spare-board", BOARD).raw == 1
    with pytest.raises(NotDone, match="unit 33 is no waveshare-relay-8ch, and board is one by the site file") as no:
        moves("sht3x", BOARD, wanted="sht3x-rs485")
    assert "device identify" in no.value.hint
    assert "nothing was written" in str(no.value)


def one_that_is_energised_takes_no_place() -> None:
    with pytest.raises(
        NotDone, match="relay_3 and relay_7 of the device at 33 are on already; nothing was written"
    ) as no:
        moves("spare-board", BOARD, lambda spare: (on(2)(spare), on(6)(spare)))
    assert no.value.hint.startswith("power it off and on")
    with pytest.raises(NotDone, match="of the device at 33 is on already"):
        moves("spare-board", BOARD, on(0))
    with pytest.raises(NotDone, match="of the device at 33 is on already"):
        moves("spare-board", BOARD, on(7))


def test_only_its_own_kind_takes_the_place_of_a_board() -> None:
    only_its_own_kind_takes_the_place_of_a_board()


def test_one_that_is_energised_takes_no_place() -> None:
    one_that_is_energised_takes_no_place()


def test_the_words_of_a_board_that_is_told_in_registers_are_read_too() -> None:
    board = shelf.device("ryn408f", 33)
    line = Line({33: board})
    assert seat.refused(line, 33, WORDS) == ("", "")
    assert seat.refused(line, 33, BOARD)[0].startswith("unit 33 is no waveshare-relay-8ch")
    board.answer(bytes([6, 0, 2, 1, 0]), 0)
    assert seat.refused(line, 33, WORDS)[0] == "relay_3 of the device at 33 is on already"


def test_a_sensor_takes_the_place_of_its_kind_and_a_free_address_is_anybodys() -> None:
    assert moves("soil", SOIL).raw == 4
    with pytest.raises(NotDone, match="unit 33 is no jxct-soil-7in1"):
        moves("sht3x", SOIL, wanted="sht3x-rs485")
    line = Line({33: shelf.device("sht3x", 33)})
    meant = settle.meant(line, "modbus-rtu", 33, "address", "9", "sht3x-rs485", "field", {1: BOARD}.get)
    assert (meant.raw, meant.before) == (9, 33)


def test_one_of_which_nothing_is_used_is_asked_whether_it_is_dead() -> None:
    """The engine hears nothing of it, neither that it answers nor that it does not."""
    draft = House().look()
    assert handwork.refusals(draft, "", "never used", True) == []
    codes = [why for _, why in handwork.refusals(draft, "", "level", True)]
    assert codes[0] == "the address is that of level: level still answers; nothing was written"
    line = Line({33: shelf.device("soil", 33), 4: shelf.device("soil", 4)})
    with pytest.raises(NotDone, match="somebody answers at 4 already; nothing was written"):
        settle.meant(line, "modbus-rtu", 33, "address", "4", None, "field", {4: SOIL}.get)


@pytest.mark.parametrize(
    ("plant", "caught_by"),
    [("fits", only_its_own_kind_takes_the_place_of_a_board), ("relays", one_that_is_energised_takes_no_place)],
)
def test_a_planted_successor_is_seen(
    plant: str, caught_by: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"fits": True, "relays": dict[str, int]()}
    monkeypatch.setattr(seat.discover, plant, lambda *_: answers[plant])
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        caught_by()
