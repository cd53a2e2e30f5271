"""Somebody else asks on our line: heard, told, and left alone until he is gone."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.codecs import modbus
from edgectl.drivers.foreign import LONGEST_QUIET, QUIET, ForeignWatch
from edgectl.engine.draft import Draft
from edgectl.engine.rules.guards import veto_start, veto_stay
from edgectl.model.inputs import AskState, ForeignMaster, MakeSafe, ReadBack, Reply, ReplyStatus, Send
from edgectl.model.time import MS, SECOND, Now
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World
from tests.unit.test_bus_owner import RTU, SITE, Desk, crc, settled

ASKS = crc("01 01 00 00 00 08")  # a read of the coils of our own board, as a second controller would send it


def strangers(desk: Desk) -> list[ForeignMaster]:
    return desk.of(ForeignMaster)


def found(desk: Desk) -> Desk:
    """Another master has asked twice while we were silent."""
    desk.run(300 * MS)
    for _ in range(2):
        desk.hear(ASKS, after=400 * MS)
    return desk


def test_two_whole_requests_are_no_accident() -> None:
    desk = settled(BusOwner(RTU, SITE))
    desk.run(300 * MS)
    desk.hear(ASKS)
    assert strangers(desk) == [], "one may be an accident"
    desk.hear(ASKS, after=SECOND)
    (news,) = strangers(desk)
    assert (news.bus, news.heard) == (RTU.name, True)
    assert ASKS.hex(" ") in news.evidence


def test_a_request_that_comes_in_pieces_is_one() -> None:
    desk = settled(BusOwner(RTU, SITE))
    desk.run(300 * MS)
    for _ in range(2):
        desk.hear(ASKS[:3])
        desk.hear(ASKS[3:], after=5 * MS)
    assert len(strangers(desk)) == 1


def test_until_he_is_gone_only_offs_and_looks_leave() -> None:
    desk = found(settled(BusOwner(RTU, SITE)))
    before = len(desk.sent)
    desk.owner.take(Send(cmd_id="c", actuator="pump", on=True, lease=SECOND, not_after=desk.now + 5 * SECOND), desk.now)
    desk.owner.take(MakeSafe(actuator="pump", reason="x"), desk.now)
    desk.owner.take(AskState(actuator="pump"), desk.now)
    desk.run(20 * SECOND)
    said = [frame for _, frame in desk.sent[before:]]
    assert said == [crc("01 05 00 00 00 00").hex(" "), crc("01 01 00 00 00 02").hex(" ")], "no poll, no ON"
    refused = next(reply for reply in desk.of(Reply) if reply.cmd_id == "c")
    assert refused.status is ReplyStatus.SEND_FAILED
    assert "somebody else asks" in refused.evidence
    assert desk.of(ReadBack)[-1].on is False


def test_an_order_that_waited_when_he_came_does_not_leave() -> None:
    desk = settled(BusOwner(RTU, SITE))
    desk.run(300 * MS)
    desk.hear(ASKS)
    desk.owner.take(Send(cmd_id="c", actuator="pump", on=True, lease=SECOND, not_after=desk.now + 5 * SECOND), desk.now)
    desk.hear(ASKS, after=0)
    before = len(desk.sent)
    desk.run(SECOND)
    assert not any(frame.startswith("01 05 02 00") for _, frame in desk.sent[before:])


def test_when_he_has_been_silent_for_long_enough_the_line_is_ours_again() -> None:
    desk = found(settled(BusOwner(RTU, SITE)))
    before = len(desk.sent)
    desk.run(QUIET - SECOND)
    assert len(desk.sent) == before
    desk.run(10 * SECOND)
    assert [news.heard for news in strangers(desk)] == [True, False]
    assert len(desk.sent) > before


def test_who_comes_back_is_waited_for_longer_each_time() -> None:
    watch, now, waits = ForeignWatch(), 0, []
    for _ in range(9):
        assert not watch.hear((ASKS,), now)
        assert watch.hear((ASKS,), now + 1)
        assert watch.over_at is not None
        waits.append(watch.over_at - now - 1)
        now = watch.over_at
        assert watch.over(now)
        now += SECOND
    assert waits[:4] == [QUIET, 2 * QUIET, 4 * QUIET, 8 * QUIET]
    assert waits[-1] == LONGEST_QUIET
    now += 2 * LONGEST_QUIET
    watch.hear((ASKS,), now)
    watch.hear((ASKS,), now)
    assert watch.over_at == now + QUIET, "a visit after a long time is a first one"


def test_an_echo_of_our_own_is_nobody_else() -> None:
    """A late echo of a write looks like a request; an adapter may hear every word of its own."""
    desk = settled(BusOwner(RTU, SITE))
    for _ in range(6):
        desk.owner.take(MakeSafe(actuator="pump", reason="x"), desk.now)
        while (frame := desk.turn()) is None or "01 05" not in frame:
            desk.now += 10 * MS
        desk.hear(bytes.fromhex(frame)[:5])
        desk.now += SECOND
        desk.turn()
        desk.owner.hear(bytes.fromhex(frame), desk.now)
    desk.dead |= {1, 5, 7}
    for _ in range(30):
        if (frame := desk.turn()) is not None:
            desk.owner.hear(bytes.fromhex(frame), desk.now + MS)
        desk.now += 500 * MS
    assert strangers(desk) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=20))
def test_noise_and_answers_are_nobody(pieces: list[bytes]) -> None:
    desk = settled(BusOwner(RTU, SITE))
    for piece in pieces:
        desk.hear(piece, after=50 * MS)
        desk.hear(crc("05 03 02 00 7d"), after=50 * MS)  # a slave that says the same again and again
        desk.hear(crc("01 01 03 00 00 00"), after=50 * MS)
        desk.run(100 * MS)
    assert strangers(desk) == []


@settings(max_examples=200, deadline=None)
@given(before=st.binary(max_size=30), after=st.binary(max_size=30))
def test_a_request_is_found_in_any_noise(before: bytes, after: bytes) -> None:
    assert ASKS in modbus.requests_in(before + ASKS + after)


@pytest.mark.parametrize(
    "frame",
    ["01 05 00 00 ff 00", "01 06 00 01 00 03", "07 04 00 10 00 02", "01 0f 00 00 00 08 01 ff", "02 02 00 00 00 10"],
)
def test_each_kind_of_request_is_known(frame: str) -> None:
    assert modbus.requests_in(crc(frame)) == (crc(frame),)


def test_nothing_is_on_and_nothing_starts_while_another_one_asks() -> None:
    world = World(example_site(), example_schedules(), 1)
    while not any(task.phase == "hold" for task in world.state.tasks.values()):
        world.run(world.now + SECOND)
    site = world.site
    bus = next(iter(site.buses), None)
    if bus is None:
        devices = frozenset(actuator.device for actuator in site.actuators.values())
        bus, world._stepper.state.site = "field", replace(site, buses={"field": devices})
    world.offer(ForeignMaster(bus=bus, heard=True, at=world.now, evidence="somebody else asks on this line"))
    world.run(world.now + 5 * SECOND)
    assert world.state.alarms[f"foreign_master:{bus}"].active
    assert not any(output.owed_off for output in world.state.outputs.values())
    pump = next(actuator for actuator in site.actuators.values() if actuator.role == "pump")
    draft = Draft(world.state, Now(mono=world.now, wall=world.wall))
    veto = veto_start(draft, pump, SECOND)
    assert veto is not None
    assert veto.rule == "foreign_master"
    assert veto_stay(draft, pump) is not None
    world.offer(ForeignMaster(bus=bus, heard=False, at=world.now))
    world.run(world.now + SECOND)
    assert not world.state.alarms[f"foreign_master:{bus}"].active
    after = veto_start(Draft(world.state, Now(mono=world.now, wall=world.wall)), pump, SECOND)
    assert after is None or after.rule != "foreign_master"
