"""A value with other fields is the value that the standard library would make."""

import dataclasses

import pytest

from edgectl.model.changed import replace
from edgectl.model.timeline import Cursor, Latch
from edgectl.scheduler.schedule import CatchUp, Gauge, Trigger

VALUES = [
    (Cursor(schedule="s", position=1, last_finished=5, light=0.5), {"position": 2, "waits": "queued"}),
    (Latch(name="lock:beds", held=True, since=1, who="Ana", why="filter"), {"held": False}),
    (Trigger(interval=5, gauge=Gauge.VPD, limit=1.2, min_gap=1), {"interval": 7, "limit": 2.0}),  # of two classes
    (CatchUp(), {}),
]


@pytest.mark.parametrize(("value", "changes"), VALUES)
def test_a_changed_value_is_a_new_one_with_the_other_fields_as_they_were(
    value: object, changes: dict[str, int]
) -> None:
    before = repr(value)
    made = replace(value, **changes)
    assert made == dataclasses.replace(value, **changes)  # type: ignore[type-var]  # every value here is a dataclass
    assert made is not value
    assert repr(value) == before
    with pytest.raises(KeyError):
        replace(value, colour="green")
