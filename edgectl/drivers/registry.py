"""The profiles that come with edgectl, by name. One YAML file each; a file is read when somebody asks for it."""

import difflib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from edgectl.drivers.profile import DEFAULT_TURNAROUND, Channel, Check, Outlet, Profile, Register
from edgectl.model.site import FailSafe
from edgectl.model.time import MS, seconds


class UnknownProfile(Exception):
    """No profile bears this name. `similar` are names that somebody may have meant."""

    def __init__(self, name: str, similar: list[str]) -> None:
        super().__init__(f"{name!r} is not a known profile")
        self.similar = similar


@cache
def names() -> tuple[str, ...]:
    """Every profile name, sorted."""
    folder = resources.files("edgectl.drivers") / "profiles"
    return tuple(sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".yaml")))


@cache
def find(name: str) -> Profile:
    """One profile. Raises UnknownProfile."""
    if name not in names():
        raise UnknownProfile(name, difflib.get_close_matches(name, names(), n=2, cutoff=0.5))
    text = (resources.files("edgectl.drivers") / "profiles" / f"{name}.yaml").read_text()
    return _profile(name, YAML(typ="safe", pure=True).load(text))


def _profile(name: str, raw: Mapping[str, Any]) -> Profile:
    return Profile(
        name=name,
        title=raw["title"],
        buses=frozenset(raw["buses"]),
        evidence=raw["evidence"],
        source=raw["source"],
        turnaround=raw["turnaround_ms"] * MS if "turnaround_ms" in raw else DEFAULT_TURNAROUND,
        channels={key: _channel(key, value) for key, value in raw.get("channels", {}).items()},
        outlets={key: _outlet(key, value) for key, value in raw.get("outputs", {}).items()},
        checks=tuple(_check(item) for item in raw.get("checks", ())),
        quirks=tuple(raw.get("quirks", ())),
    )


def _register(raw: Mapping[str, Any]) -> Register:
    return Register(
        function=raw["function"],
        address=raw["address"],
        kind=raw.get("type", "u16"),
        scale=float(raw.get("scale", 1.0)),
        low_word_first=raw.get("word_order", "be") == "le",
        decimals_at=raw.get("decimals_at"),
    )


def _channel(name: str, raw: Mapping[str, Any]) -> Channel:
    low, high = raw.get("range", (None, None))
    return Channel(
        name=name, unit=raw["unit"], low=low, high=high, register=_register(raw) if "function" in raw else None
    )


def _outlet(name: str, raw: Mapping[str, Any]) -> Outlet:
    return Outlet(
        name=name,
        fail_safe=FailSafe(raw["fail_safe"]),
        coil=raw.get("coil"),
        pulse=raw.get("pulse"),
        pulse_max=seconds(raw["pulse_max_s"]) if "pulse_max_s" in raw else None,
    )


def _check(raw: Mapping[str, Any]) -> Check:
    low, high = raw["between"]
    return Check(what=raw["what"], register=_register(raw), low=float(low), high=float(high), count=raw.get("count", 1))
