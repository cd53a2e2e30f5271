"""A value of the faster constructor is the same value, as frozen and as particular about its fields as any other."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from edgectl.model.quick import quick


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Made as `dataclass` makes it."""

    name: str
    level_pct: float = 1.5
    details: Mapping[str, Any] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """The same with the other constructor."""

    name: str
    level_pct: float = 1.5
    details: Mapping[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize("given", [{"name": "a"}, {"name": "a", "level_pct": 2.0}, {"name": "a", "details": {"k": 1}}])
def test_it_holds_what_the_plain_one_holds(given: dict[str, Any]) -> None:
    made, plain = Quick(**given), Plain(**given)
    assert [getattr(made, f.name) for f in fields(made)] == [getattr(plain, f.name) for f in fields(plain)]
    assert made == Quick(**given) == replace(Quick(name="b"), **given)
    assert repr(made) == repr(plain).replace("Plain", "Quick")


def test_no_two_values_share_what_was_not_given() -> None:
    assert Quick(name="a").details is not Quick(name="a").details


def test_a_field_that_is_missing_or_unknown_or_out_of_place_is_refused() -> None:
    call: Any = Quick
    for given in ({}, {"name": "a", "colour": 1}):
        with pytest.raises(TypeError):
            call(**given)
    with pytest.raises(TypeError):
        call("a")


def test_it_stays_frozen() -> None:
    made: Any = Quick(name="a")
    with pytest.raises(FrozenInstanceError):
        made.name = "b"


@dataclass(slots=True, kw_only=True)
class Soft:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    name: str

    def __post_init__(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Loose:
    name: str


@dataclass(frozen=True, slots=True)
class Placed:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    name: str = field(default="a", init=False)


@pytest.mark.parametrize("kind", [Soft, Busy, Loose, Placed, Reckoned, int])
def test_what_is_no_frozen_value_or_does_something_in_its_constructor_is_refused(kind: type[Any]) -> None:
    with pytest.raises(TypeError, match="is no frozen value"):
        quick(kind)
