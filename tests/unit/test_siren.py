"""The siren: kept silent word by word, loud for what nobody has seen, and loud when there is nobody."""

from dataclasses import replace

import pytest

from edgectl.drivers.bus import BusOwner
from edgectl.engine.draft import Draft
from edgectl.engine.rules import replies, siren
from edgectl.engine.rules.siren import AGAIN, SILENCE
from edgectl.engine.state import State
from edgectl.model.deadman import Sound
from edgectl.model.inputs import Reply, ReplyStatus, Send
from edgectl.model.site import Actuator, FailSafe, Role
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World
from tests.unit.test_bus_owner import RTU, SITE, crc, settled
from tests.unit.test_vetoes import NOW

SIREN = Actuator(name="siren", channel="board.relay_4", role=Role.SIREN, fail_safe=FailSafe.PULSE, inverted=True)


def state() -> State:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    found = world.state
    found.site = replace(found.site, actuators={**found.site.actuators, "siren": SIREN})
    return found


def turn(found: State, after: Nanos, *alarms: str, seen_by: str | None = None) -> list[Sound]:
    """One turn with these alarms in force."""
    draft = Draft(found, replace(NOW, mono=NOW.mono + after))
    for code in alarms:
        draft.alert(code, "pump", "it failed", "look")
        alarm = draft.alarm(f"{code}:pump")
        assert alarm is not None
        draft.put(replace(alarm, acknowledged_by=seen_by))
    siren.keep(draft)
    found.holding = draft.holding
    return [effect for effect in draft.effects if isinstance(effect, Sound)]


def test_it_is_kept_silent_for_a_minute_at_a_time_and_told_so_three_times_in_that() -> None:
    found = state()
    assert turn(found, 0) == [Sound(actuator="siren", silent_for=SILENCE)]
    assert turn(found, AGAIN - SECOND) == []
    assert turn(found, AGAIN) == [Sound(actuator="siren", silent_for=SILENCE)]
    assert SILENCE >= 3 * AGAIN


@pytest.mark.parametrize(
    ("code", "seen_by", "loud"),
    [("output_may_be_on", None, True), ("output_may_be_on", "Ana", False), ("schedule_failed", None, False)],
)
def test_it_sounds_at_once_for_what_is_critical_and_nobody_has_seen(code: str, seen_by: str | None, loud: bool) -> None:
    found = state()
    turn(found, 0)
    assert turn(found, SECOND, code, seen_by=seen_by) == ([Sound(actuator="siren")] if loud else [])
    assert turn(found, 2 * SECOND, code, seen_by=seen_by) == [], "once is enough: nobody renews the silence"
    quiet = turn(found, 3 * SECOND, code, seen_by="Ana")
    assert quiet == ([Sound(actuator="siren", silent_for=SILENCE)] if loud else [])


def test_silence_is_a_relay_that_the_board_lets_fall_by_itself() -> None:
    site = replace(SITE, actuators={**SITE.actuators, "siren": SIREN})
    desk = settled(BusOwner(RTU, site))
    desk.replies["01 01 00 00 00 04"] = crc("01 01 01 00")
    hush = Send(cmd_id="", actuator="siren", on=False, lease=60 * SECOND, not_after=desk.now + SECOND)
    desk.owner.take(hush, desk.now)
    desk.run(100 * MS)
    assert crc("01 05 02 03 02 58").hex(" ") in desk.frames(), "drawn for 600 ticks of 100 ms"
    desk.owner.take(replace(hush, on=True, lease=None), desk.now)
    desk.run(100 * MS)
    assert crc("01 05 00 03 00 00").hex(" ") in desk.frames(), "fallen: it sounds"


def test_nobody_answers_for_a_siren_and_nothing_of_it_is_journaled() -> None:
    draft = Draft(state(), NOW)
    replies.on_reply(draft, Reply(cmd_id="", status=ReplyStatus.TIMEOUT, at=NOW.mono))
    assert not draft.entries
