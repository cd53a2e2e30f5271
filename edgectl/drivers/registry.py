"""The profiles by name: those that come with edgectl, one YAML file each, read when somebody asks for it; and those of
one's own, which the reader of the site file has judged."""

import difflib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from edgectl.drivers.profile import (
    DEFAULT_TURNAROUND,
    Arm,
    Asked,
    Channel,
    Check,
    Demand,
    Form,
    Metered,
    Outlet,
    Panel,
    Profile,
    Register,
    Setting,
    Spot,
    Told,
    Writable,
)
from edgectl.model.site import FailSafe
from edgectl.model.time import MS, Nanos, seconds


class UnknownProfile(Exception):
    """No profile bears this name. `similar` are names that somebody may have meant."""

    def __init__(self, name: str, similar: list[str]) -> None:
        super().__init__(f"{name!r} is not a known profile")
        self.similar = similar


_OWN: dict[str, Profile] = {}


def adopt(own: Mapping[str, Profile]) -> None:
    """From now on these are known beside those that come with edgectl, and no others. None bears a name of those."""
    assert not set(own) & set(shipped())
    _OWN.clear()
    _OWN.update(own)


def own() -> frozenset[str]:
    """The names that did not come with edgectl."""
    return frozenset(_OWN)


def names() -> tuple[str, ...]:
    """Every profile name, sorted."""
    return tuple(sorted([*shipped(), *_OWN]))


def find(name: str) -> Profile:
    """One profile. Raises UnknownProfile."""
    if name in _OWN:
        return _OWN[name]
    if name not in shipped():
        raise UnknownProfile(name, difflib.get_close_matches(name, names(), n=2, cutoff=0.5))
    return _shipped(name)


@cache
def shipped() -> tuple[str, ...]:
    """The names of those that come with edgectl, sorted."""
    folder = resources.files("edgectl.drivers") / "profiles"
    return tuple(sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".yaml")))


@cache
def _shipped(name: str) -> Profile:
    text = (resources.files("edgectl.drivers") / "profiles" / f"{name}.yaml").read_text()
    return read_profile(name, text)


def read_profile(name: str, text: str) -> Profile:
    """A profile from the text of its file."""
    return build(name, YAML(typ="safe", pure=True).load(text))


def build(name: str, raw: Mapping[str, Any]) -> Profile:
    """A profile from what its file holds."""
    turnaround = raw["turnaround_ms"] * MS if "turnaround_ms" in raw else DEFAULT_TURNAROUND
    return Profile(
        name=name,
        title=raw["title"],
        buses=frozenset(raw["buses"]),
        evidence=raw["evidence"],
        source=raw["source"],
        turnaround=turnaround,
        circuit=tuple(raw.get("circuit", ())),
        fields=tuple(raw.get("fields", ())),
        form=_form(raw["frame"], turnaround) if "frame" in raw else None,
        panel=_panel(raw["shows"], turnaround) if "shows" in raw else None,
        protocol=raw.get("protocol", "hydro2") if "mqtt" in raw["buses"] else "",
        node_type=raw.get("node_type", ""),
        state=raw.get("state", ""),
        settles=seconds(raw.get("settles_s", 0)),
        channels={key: _channel(key, value, turnaround) for key, value in raw.get("channels", {}).items()},
        outlets={key: _outlet(key, value) for key, value in raw.get("outputs", {}).items()},
        checks=tuple(_demand(item, turnaround) for item in raw.get("checks", ())),
        arms=tuple(_arm(item) for item in raw.get("arms", ())),
        settings={key: _writable(key, value) for key, value in raw.get("settings", {}).items()},
        quirks=tuple(raw.get("quirks", ())),
        clones=tuple(raw.get("clones", ())),
        warm_up=seconds(raw.get("warm_up_s", 0)),
        sparse=bool(raw.get("sparse", False)),
    )


def _register(raw: Mapping[str, Any]) -> Register:
    return Register(
        function=raw["function"],
        address=raw["address"],
        kind=raw.get("type", "u16"),
        scale=float(raw.get("scale", 1.0)),
        offset=float(raw.get("offset", 0.0)),
        low_word_first=raw.get("word_order", "be") == "le",
        decimals_at=raw.get("decimals_at"),
    )


def _writable(name: str, raw: Mapping[str, Any]) -> Writable:
    scale = float(raw.get("scale", 1.0))
    low, high = raw.get("range", (0, 65535 * scale))
    return Writable(
        name=name,
        address=raw["register"],
        low=float(low),
        high=float(high),
        scale=scale,
        signed=float(low) < 0,
        words={str(word): int(code) for word, code in raw.get("values", {}).items()},
    )


def _asked(raw: Mapping[str, Any], turnaround: Nanos) -> Asked:
    return Asked(
        command=raw["ask"],
        wait=raw["wait_ms"] * MS if "wait_ms" in raw else turnaround,
        name=raw.get("answer", "").lower(),
        field=raw.get("field", ""),
        decimals=raw.get("decimals"),
    )


def _form(raw: Mapping[str, Any], turnaround: Nanos) -> Form:
    return Form(
        head=bytes.fromhex(raw["head"]),
        length=raw["length"],
        ask=bytes.fromhex(raw.get("ask", "")),
        sum_from=raw.get("sum_from", 0),
        negated=bool(raw.get("negated", False)),
        crc16=bool(raw.get("crc16", False)),
        wait=turnaround,
    )


def _panel(raw: Mapping[str, Any], turnaround: Nanos) -> Panel:
    return Panel(ask=bytes.fromhex(raw["ask"]), label=raw["label"], on=raw["on"], off=raw["off"], wait=turnaround)


def _spot(raw: Mapping[str, Any]) -> Spot:
    return Spot(
        at=raw["at"],
        width=raw.get("bytes", 1),
        scale=float(raw.get("scale", 1.0)),
        offset=float(raw.get("offset", 0.0)),
        low_first=bool(raw.get("low_first", False)),
        signed=bool(raw.get("signed", False)),
    )


def _channel(name: str, raw: Mapping[str, Any], turnaround: Nanos) -> Channel:
    low, high = raw.get("range", (None, None))
    return Channel(
        name=name,
        unit=raw["unit"],
        low=low,
        high=high,
        register=_register(raw) if "function" in raw else None,
        asked=_asked(raw, turnaround) if "ask" in raw else None,
        spot=_spot(raw) if "at" in raw else None,
        metric=raw.get("metric", ""),
    )


def _outlet(name: str, raw: Mapping[str, Any]) -> Outlet:
    return Outlet(
        name=name,
        fail_safe=FailSafe(raw["fail_safe"]),
        coil=raw.get("coil"),
        pulse=raw.get("pulse"),
        pulse_off=raw.get("pulse_off"),
        pulse_max=seconds(raw["pulse_max_s"]) if "pulse_max_s" in raw else None,
        told=_told(raw) if "register" in raw else None,
        metered=_metered(raw["dispense"]) if "dispense" in raw else None,
        order=raw.get("order", ""),
        number=raw.get("number"),
        says_on=bytes.fromhex(raw.get("on_bytes", "")),
        says_off=bytes.fromhex(raw.get("off_bytes", "")),
    )


def _told(raw: Mapping[str, Any]) -> Told:
    return Told(register=raw["register"], on=raw["on_word"], off=raw["off_word"], pulse=raw.get("pulse_word"))


def _metered(raw: Mapping[str, Any]) -> Metered:
    slowest, fastest = raw["ml_per_min"]
    return Metered(slowest=float(slowest), fastest=float(fastest), least=seconds(raw["least_s"]))


def _arm(raw: Mapping[str, Any]) -> Arm:
    register = _register({**raw, "function": 3})
    return Arm(what=raw["what"], register=register, value=raw["value"], count=raw.get("count", 1))


def _demand(raw: Mapping[str, Any], turnaround: Nanos) -> Demand:
    if "ask" in raw:
        answers = tuple(str(answer).lower() for answer in raw["answers"])
        return Setting(
            what=raw["what"], command=raw["ask"], wait=turnaround, name=raw["answer"].lower(), answers=answers
        )
    if raw.get("own_address"):
        return Check(what=raw["what"], register=_register(raw), low=1.0, high=247.0, own=True)
    low, high = raw["between"]
    return Check(what=raw["what"], register=_register(raw), low=float(low), high=float(high), count=raw.get("count", 1))
