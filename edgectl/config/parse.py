"""From the tree to checked entries. Each entry is checked for itself, so that one mistake hides no other."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from edgectl.config import schema
from edgectl.config.problems import Path_
from edgectl.config.tree import Tree

M = TypeVar("M")
_TABLES: dict[str, TypeAdapter[Any]] = {
    "buses": TypeAdapter(schema.Bus),
    "devices": TypeAdapter(schema.Device),
    "sensors": TypeAdapter(schema.Sensor),
    "actuators": TypeAdapter(schema.Actuator),
    "zones": TypeAdapter(schema.Zone),
    "schedules": TypeAdapter(schema.Schedule),
}
_SINGLES: dict[str, TypeAdapter[Any]] = {
    "site": TypeAdapter(schema.SiteInfo),
    "interlocks": TypeAdapter(list[schema.Interlock]),
    "central": TypeAdapter(schema.Central),
    "declare": TypeAdapter(list[schema.Declaration]),
}
_MODELS: dict[str, tuple[type[BaseModel], ...]] = {
    "site": (schema.SiteInfo,),
    "buses": (schema.RtuBus, schema.TcpBus, schema.EzoBus, schema.MqttBus),
    "devices": (schema.Device,),
    "sensors": (schema.Sensor,),
    "actuators": (schema.Actuator,),
    "zones": (schema.Zone,),
    "schedules": (schema.Schedule,),
    "central": (schema.Central,),
}
_NEEDED = ("site", "buses", "devices")


@dataclass(slots=True)
class Entries:
    """What was good, by section; `named` also knows the entries that were not."""

    site: schema.SiteInfo | None = None
    buses: dict[str, Any] = field(default_factory=dict)
    devices: dict[str, schema.Device] = field(default_factory=dict)
    sensors: dict[str, schema.Sensor] = field(default_factory=dict)
    actuators: dict[str, schema.Actuator] = field(default_factory=dict)
    zones: dict[str, schema.Zone] = field(default_factory=dict)
    schedules: dict[str, schema.Schedule] = field(default_factory=dict)
    interlocks: list[schema.Interlock] = field(default_factory=list)
    central: schema.Central | None = None
    declare: list[str] = field(default_factory=list)
    named: dict[str, set[str]] = field(default_factory=dict)


def parse(tree: Tree) -> Entries:
    """Check every entry against the language. Mistakes go into the tree's problems."""
    entries = Entries()
    for section, value in tree.values.items():
        if section in _TABLES:
            setattr(entries, section, _table(tree, section, value, entries))
        elif section in _SINGLES:
            good = _entry(tree, (section,), _SINGLES[section], value)
            if good is not None:
                setattr(entries, section, good)
        else:
            known = [*_TABLES, *_SINGLES]
            tree.wrong((section,), f"there is no section {section!r}", _near(section, known))
    for section in _NEEDED:
        if section not in tree.values and (tree.values or not tree.problems):
            tree.wrong((), f"the section {section}: is missing", "examples/small.yaml shows one")
    return entries


def _table(tree: Tree, section: str, value: Any, entries: Entries) -> dict[str, Any]:
    if value is None:
        value = {}
    if not isinstance(value, dict):
        tree.wrong((section,), "this must be a list of names, each with its settings", "examples/small.yaml shows it")
        return {}
    entries.named[section] = set(value)
    good: dict[str, Any] = {}
    for name, raw in value.items():
        if not re.match(schema.NAME, name):
            hint = "lower case letters, digits, _ and -, beginning with a letter"
            tree.wrong((section, name), f"{name!r} is no name", hint)
            continue
        entry = _entry(tree, (section, name), _TABLES[section], raw)
        if entry is not None:
            good[name] = entry
    return good


def _entry(tree: Tree, path: Path_, adapter: TypeAdapter[M], raw: Any) -> M | None:
    try:
        return adapter.validate_python(raw)
    except ValidationError as errors:
        for error in errors.errors():
            _translate(tree, path, raw, error)
        return None


def _translate(tree: Tree, base: Path_, raw: Any, error: Mapping[str, Any]) -> None:
    """One mistake in our words."""
    path, value = _walk(base, raw, error["loc"])
    context = error.get("ctx", {})
    match error["type"]:
        case "quantity":
            tree.wrong(path, context["what"], context["hint"])
        case "missing":
            tree.wrong(path, "this is missing", f"add {error['loc'][-1]}:")
        case "extra_forbidden":
            tree.wrong(
                path, f"there is no setting {error['loc'][-1]!r}", _near(str(error["loc"][-1]), _keys(path[:-1]))
            )
        case "literal_error" | "enum" | "union_tag_invalid":
            shown = value.get("type") if isinstance(value, dict) and error["type"] == "union_tag_invalid" else value
            where = (*path, "type") if error["type"] == "union_tag_invalid" else path
            choices = str(context.get("expected") or context.get("expected_tags")).replace(" or ", ", ")
            offered = [choice.strip().strip("'") for choice in choices.split(",")]
            tree.wrong(where, f"{shown!r} is not one of {', '.join(offered)}", _near(str(shown), offered, quiet=True))
        case "union_tag_not_found":
            tree.wrong((*path, "type"), "this is missing", "add type: modbus-rtu or modbus-tcp")
        case "string_pattern_mismatch" if context.get("pattern", "").startswith(r"^[a-z][a-z0-9_-]*\."):
            tree.wrong(path, f"{value!r} must be a device, a dot and its channel", "write for example board.relay_1")
        case _:
            tree.wrong(path, f"{value!r}: {_plain(str(error['msg']))}")


def _walk(base: Path_, raw: Any, loc: tuple[str | int, ...]) -> tuple[Path_, Any]:
    """The path in the file: pydantic's own has the names of union members in it."""
    path, value = base, raw
    for index, part in enumerate(loc):
        inside = isinstance(value, dict) and part in value
        if inside or (isinstance(value, list) and isinstance(part, int) and part < len(value)):
            path, value = (*path, part), value[part]
        elif index == len(loc) - 1:
            return (*path, part), None
    return path, value


def _keys(path: Path_) -> list[str]:
    """The settings that may stand at a path; deeper down, every word of the language."""
    models = [m for m in vars(schema).values() if isinstance(m, type) and issubclass(m, BaseModel)]
    own = _MODELS.get(str(path[0]), ()) if len(path) <= 2 else ()
    return [info.alias or name for model in own or models for name, info in model.model_fields.items()]


def _near(word: str, known: list[str], *, quiet: bool = False) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return "" if quiet else f"known are: {', '.join(sorted(set(known))[:24])}"


def _plain(message: str) -> str:
    return message.replace("Input should be", "this should be").replace("Input", "this")
