"""A device that answers and cannot be what the site file says: a clone in other steps, or one that is not warm yet."""

from collections.abc import Callable
from dataclasses import replace
from math import nan

import pytest

from edgectl.drivers import clones, news
from edgectl.drivers.bus import BusOwner
from edgectl.drivers.health import Health
from edgectl.drivers.profile import Profile
from edgectl.drivers.registry import find, names
from edgectl.engine.senses import sense
from edgectl.model.channel import Absence, Missing, Sample
from edgectl.model.inputs import Concern, Samples
from edgectl.model.time import SECOND, Now, Trust
from tests.unit import test_senses
from tests.unit.test_bus_owner import RTU, SITE, Desk, crc, settled

AIR = "07 04 00 01 00 01"
TENTHS, HUNDREDTHS, NOTHING = "07 04 02 00 dd", "07 04 02 08 a2", "07 04 02 7f ff"  # 22.1 degC, and no probe


def desk_of(profile: Profile) -> Desk:
    devices = (*RTU.devices[:2], replace(RTU.devices[2], profile=profile))
    return settled(BusOwner(replace(RTU, devices=devices), SITE))


def hears(desk: Desk, reply: str, seconds: int = 20) -> list[Concern]:
    desk.replies[AIR] = crc(reply)
    desk.news.clear()
    desk.run(seconds * SECOND)
    return desk.of(Concern)


def air(desk: Desk) -> Sample:
    return [one for item in desk.news for one in getattr(item, "block", ()) if one.channel == "air.temperature"][-1]


def a_clone_is_named_once_with_what_it_counts_and_taken_back() -> None:
    desk = desk_of(find("xy-md02"))
    (told,) = hears(desk, HUNDREDTHS)
    assert (told.code, told.subject, told.active) == ("wrong_scale", "air", True)
    assert "wired as a xy-md02" in told.message
    assert "221 degC is impossible" in told.message
    assert "it reads 10x what is there, as a md02 does; by that profile it is 22.1 degC" in told.message
    assert air(desk).why is Absence.WRONG_SCALE
    assert [(item.active, item.subject) for item in hears(desk, TENTHS)] == [(False, "air")]
    assert (air(desk).value, air(desk).why) == (pytest.approx(22.1), None)


def test_a_clone_is_named_once_with_what_it_counts_and_taken_back() -> None:
    a_clone_is_named_once_with_what_it_counts_and_taken_back()


def test_a_probe_that_is_gone_and_one_strange_number_name_nobody() -> None:
    desk = desk_of(find("xy-md02"))
    assert hears(desk, NOTHING) == []
    assert air(desk).why is None
    owner = desk.owner.health["air"]
    told = news.News()
    strange = (("air.temperature", clones.Clone("221 degC, as a md02")),)
    for values in (strange, strange, (("air.temperature", 22.0),), strange, strange):
        told.measured(owner, values, 0, iter(range(9)), desk.owner.log)
    assert not [item for item in told.take() if isinstance(item, Concern)]


def test_every_look_alike_is_a_profile_that_counts_otherwise_in_the_same_place() -> None:
    pairs = [(find(name), find(other)) for name in names() for other in find(name).clones]
    assert pairs
    for one, other in pairs:
        assert one.name in other.clones, "who looks like another is looked like"
        shared = {n: c for n, c in one.channels.items() if n in other.channels}
        assert any(c.register and c.register.scale != other.channels[n].register.scale for n, c in shared.items())  # type: ignore[union-attr]


def what_warms_up_is_not_believed_and_counts_anew_after_a_silence() -> None:
    slow = replace(find("xy-md02"), warm_up=180 * SECOND)
    desk = desk_of(slow)
    hears(desk, TENTHS, 170)
    assert air(desk).why is Absence.WARMING_UP
    hears(desk, TENTHS, 20)
    assert air(desk).value == pytest.approx(22.1)
    desk.dead.add(7)
    desk.run(30 * SECOND)
    desk.dead.clear()
    hears(desk, TENTHS, 20)
    assert air(desk).why is Absence.WARMING_UP, "it may have been without power"


def test_what_warms_up_is_not_believed_and_counts_anew_after_a_silence() -> None:
    what_warms_up_is_not_believed_and_counts_anew_after_a_silence()


def test_the_engine_calls_a_person_and_says_why_there_is_no_value() -> None:
    engine = test_senses.Desk(test_senses.PH)
    concern = Concern(code="wrong_scale", subject="air", active=True, message="it reads 10x", advice="look")
    block = (Sample(sample_id=1, channel="a.ph", value=nan, at=test_senses.BASE, why=Absence.WRONG_SCALE),)
    for item in (concern, Samples(block=block)):
        engine.stepper.offer(item)
    now = Now(mono=test_senses.BASE, wall=test_senses.BASE, trust=Trust.SYNCED)
    engine.stepper.turn(now)
    assert "wrong_scale:air" in engine.state.alarms
    assert sense(engine.state, "ph", now) == Missing(sensor="ph", reason=Absence.WRONG_SCALE, age=0)


def test_a_gas_sensor_of_the_shelf_warms_up_for_three_minutes() -> None:
    assert find("mh-z19").warm_up == 180 * SECOND


def no_warm_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Health, "cold", lambda self, now: False)


def warm_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Health, "doubt", lambda self: setattr(self, "unverified", list(self.demands)))


def a_clone_is_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(news, "ENOUGH", 10_000)


def a_clone_is_never_taken_back(patch: pytest.MonkeyPatch) -> None:
    honest = news._concern
    patch.setattr(news, "_concern", lambda *args, active: honest(*args, active=True))


@pytest.mark.parametrize(
    ("plant", "seen"),
    [
        (no_warm_up, what_warms_up_is_not_believed_and_counts_anew_after_a_silence),
        (warm_for_ever, what_warms_up_is_not_believed_and_counts_anew_after_a_silence),
        (a_clone_is_nobody, a_clone_is_named_once_with_what_it_counts_and_taken_back),
        (a_clone_is_never_taken_back, a_clone_is_named_once_with_what_it_counts_and_taken_back),
    ],
    ids=lambda one: one.__name__,
)
def test_planted_bugs_are_seen(
    plant: Callable[[pytest.MonkeyPatch], None], seen: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        seen()
