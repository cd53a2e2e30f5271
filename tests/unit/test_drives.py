"""Where a drive stands after a run of which nobody can say how far it went, and what the wind forbids beforehand."""

import pytest

from edgectl.engine.air import Wanted
from edgectl.engine.airing import Airing, Drive
from edgectl.engine.draft import Draft
from edgectl.engine.rules import drives, weather
from edgectl.engine.state import State
from edgectl.model.channel import Sample
from edgectl.model.command import Command, CommandState, Order
from edgectl.model.output import Output
from edgectl.model.time import SECOND, Nanos, Now, Trust
from tests.unit.test_overrides import FILE, house

NOW = Now(mono=5000 * SECOND, wall=9000 * SECOND, trust=Trust.SYNCED)
CLIMATE = FILE.site.zones["house"].climate
assert CLIMATE is not None
RUNS = Airing(drives={"roof": Drive(position=0.0, order="c-1", opening=True)})


def taken_back(*, owed: bool, off_after: Nanos) -> State:
    """An opening of 30 s that was ordered a minute ago, and taken back before its echo came."""
    state, queued = house().state, NOW.mono - 60 * SECOND
    state.commands["c-1"] = Command(
        cmd_id="c-1",
        task_id=None,
        zone="house",
        stage="climate",
        actuator="roof_open",
        order=Order.ON,
        lease=30 * SECOND,
        queued_at=queued,
        not_after=queued + 5 * SECOND,
        state=CommandState.SEND_FAILED,
        ended_at=queued,
    )
    state.outputs["roof_open"] = Output(
        name="roof_open",
        owed_off=owed,
        cmd_id="c-1",
        task_id=None,
        zone="house",
        off_by=NOW.mono,
        off_at=None if owed else queued + off_after,
        boot_id=state.boot_id,
    )
    return state


@pytest.mark.parametrize(
    ("owed", "off_after", "found"),
    [
        (True, 0, RUNS.drives["roof"]),  # it may run on, and is followed
        (False, SECOND, Drive(position=0.0)),
        (False, 20 * SECOND, Drive(position=None)),  # nobody knows how far it went until then
    ],
    ids=["not seen off yet", "off at once", "off late"],
)
def test_an_order_that_was_taken_back_may_have_moved_it(owed: bool, off_after: Nanos, found: Drive) -> None:
    draft = Draft(taken_back(owed=owed, off_after=off_after), NOW)
    assert drives.follow(draft, CLIMATE, RUNS).drives["roof"] == found


def test_an_order_that_nobody_remembers_may_have_gone_anywhere() -> None:
    state = taken_back(owed=False, off_after=SECOND)
    del state.commands["c-1"]
    assert drives.follow(Draft(state, NOW), CLIMATE, RUNS).drives["roof"].position is None


def blows(metres_per_second: float) -> Draft:
    state = house().state
    for name, value in (("wind", metres_per_second), ("rain", 0.0)):
        channel = FILE.site.sensors[name].channel
        raw = FILE.site.sensors[name].unscaled(value)
        state.image[channel] = Sample(sample_id=9, channel=channel, value=raw, at=NOW.mono - SECOND)
    return Draft(state, NOW)


@pytest.mark.parametrize(
    ("wanted", "position", "wind", "turns"),
    [
        (Wanted(vent=0.5), 0.0, 13.0, True),  # shut, and its motor about to have rested
        (Wanted(vent=0.2), 0.0, 9.0, False),  # a quarter may be open
        (Wanted(vent=0.0), 0.0, 13.0, False),
        (Wanted(vent=0.0), 0.5, 13.0, True),
        (Wanted(vent=0.0, most=0.0), 0.5, 13.0, False),  # the last look knew
    ],
)
def test_wind_is_looked_at_anew_where_it_forbids_what_stands_or_is_to_come(
    wanted: Wanted, position: float, wind: float, turns: bool
) -> None:
    memory = Airing(wanted=wanted, drives={"roof": Drive(position=position)})
    assert weather.turned(blows(wind), CLIMATE, memory) is turns
