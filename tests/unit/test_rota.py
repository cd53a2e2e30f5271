"""The rota of a bus against a look at all of its reads: who is next, and when."""

from hypothesis import given
from hypothesis import strategies as st

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.rota import Rota
from edgectl.model.time import SECOND, Nanos
from tests.unit.test_bus_owner import RTU, SITE

INSTANTS = st.integers(0, 6)  # few, so that some are the same


def rota(dues: list[Nanos], rests: list[Nanos]) -> Rota:
    """The reads of the desk's three devices, due then, of devices that rest until then."""
    made = BusOwner(RTU, SITE)._rota
    for place, due, rest in zip(made._places, dues, rests, strict=True):
        place.due, place.health.rest_until = due, rest
    return made


THREE = st.lists(INSTANTS, min_size=3, max_size=3)


@given(THREE, THREE, INSTANTS)
def test_whoever_has_waited_longest_is_next_and_of_two_the_first(dues: list[int], rests: list[int], now: int) -> None:
    made = rota(dues, rests)
    ready = [(due, n) for n, (due, rest) in enumerate(zip(dues, rests, strict=True)) if due <= now and rest <= now]
    found = made.next(now)
    assert (None if found is None else made._places.index(found)) == (min(ready)[1] if ready else None)


@given(THREE, THREE, INSTANTS)
def test_it_wakes_when_the_first_may_be_asked_and_no_sooner_than_the_line(
    dues: list[int], rests: list[int], floor: int
) -> None:
    soonest = min(max(due, rest) for due, rest in zip(dues, rests, strict=True))
    assert rota(dues, rests).wakes(floor) == max(floor, soonest)


def test_what_left_is_due_again_after_its_time_also_when_it_was_asked_for() -> None:
    made = rota([5, 5, 5], [0, 0, 0])
    for exchange in (made._places[0].poll, made._places[1].asked):
        made.left(exchange, 7)
    assert [place.due for place in made._places] == [7 + place.read.every for place in made._places[:2]] + [5]


def test_a_read_that_is_taken_apart_keeps_its_turn_and_its_neighbours() -> None:
    made = rota([1, 2, 3], [0, 0, 0])
    before = [place.read for place in made._places]
    made.replace(before[1], (before[1], before[1]))
    assert [place.read for place in made._places] == [before[0], before[1], before[1], before[2]]
    assert [place.due for place in made._places] == [1, 2, 2, 3]
    made.left(made._places[2].poll, SECOND)
    assert [place.due for place in made._places][1:3] == [2, SECOND + before[1].every], (
        "each part has a turn of its own"
    )
