"""Who let whom in is told by the engine in one line for each change, and touches nothing of the plants."""

import pytest

from edgectl.model.events import Event
from edgectl.model.hands import AccessChanged
from edgectl.model.time import SECOND
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World


@pytest.mark.parametrize("event", [Event.ACCESS_OFFERED, Event.ACCESS_GIVEN, Event.ACCESS_TAKEN])
def test_each_change_of_access_is_one_line_that_says_who_whom_and_as_what(event: Event) -> None:
    world = World(example_site(), example_schedules(), 1)
    world.run(SECOND)
    before = len(world.journal.timeline)
    world.offer(AccessChanged(token=1, event=event, who="Ana", name="grafana", role="viewer", token_id="t-1"))
    world.run(world.now + SECOND)
    lines = [one for one in world.journal.timeline[before:] if one.event_type.startswith("ACCESS_")]
    assert [(one.event_type, dict(one.details)) for one in lines] == [
        (event.value, {"who": "Ana", "name": "grafana", "role": "viewer", "id": "t-1"})
    ]
