"""Which language a profile of one's own is written in: its `buses` say what the device speaks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgectl.config import schema_profile as modbus
from edgectl.config import schema_profile_more as more
from edgectl.config.schema_profile import Head
from edgectl.config.written import Strict
from edgectl.drivers import registry

Found = Iterator[tuple[tuple[str | int, ...], str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What may stand in a profile: its head, groups of names, lists; and what no single entry shows. What is validated
    entry by entry does not let one bad line hide the next."""

    speaks: str
    head: type[Head]
    groups: Mapping[str, type[Strict]]
    lists: Mapping[str, type[Strict]] = field(default_factory=dict)
    beyond: Callable[[Mapping[str, Any]], Found] = more.beyond


def _look_alikes(raw: Mapping[str, Any]) -> Found:
    for place, name in enumerate(raw.get("clones", ())):
        if name not in registry.shipped():
            yield ("clones", place), f"{name} is no profile that comes with edgectl", "edgectl profiles lists them"


MODBUS = Language(
    speaks="Modbus",
    head=modbus.ProfileHead,
    groups={"channels": modbus.ChannelEntry, "outputs": modbus.OutletEntry, "settings": modbus.SettingEntry},
    lists={"checks": modbus.CheckEntry, "arms": modbus.ArmEntry},
    beyond=_look_alikes,
)
LINES = Language(
    speaks="frames of bytes",
    head=more.LineHead,
    groups={"channels": more.LineChannel, "outputs": more.LineOutlet},
)
CIRCUIT = Language(
    speaks="the words of an EZO circuit",
    head=more.CircuitHead,
    groups={"channels": more.CircuitChannel, "outputs": more.CircuitOutlet},
    lists={"checks": more.CircuitCheck},
)
NODE = Language(
    speaks="MQTT",
    head=more.NodeHead,
    groups={"channels": more.NodeChannel, "outputs": more.NodeOutlet},
)
SECTIONS = {*MODBUS.groups, *MODBUS.lists}


def language_of(buses: Any) -> Language:
    """By the first bus that is named; whoever writes something else is told what there is by the one of Modbus."""
    first = buses[0] if isinstance(buses, list) and buses else buses
    return {"serial-lines": LINES, "ezo-uart": CIRCUIT, "mqtt": NODE}.get(str(first), MODBUS)
