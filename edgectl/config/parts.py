"""The sections of the file, validated entry by entry, so that one bad line does not hide the next mistake."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from edgectl.config import schema
from edgectl.config.findings import Findings, nearest
from edgectl.config.schema import (
    ActuatorEntry,
    CentralSection,
    DeviceEntry,
    EzoBus,
    GatewayBus,
    Interlock,
    LinesBus,
    MqttBus,
    RtuBus,
    SensorEntry,
    SiteSection,
    TcpBus,
    ValveGroup,
    ZoneEntry,
)
from edgectl.config.schema_dispatch import ApiSection, HostLease, Lease, PostgresLease
from edgectl.config.schema_times import ClockSection, ScheduleEntry
from edgectl.config.schema_water import TankEntry
from edgectl.config.source import Items, Node, Path, Scalar, Table, plain
from edgectl.config.wording import sentence
from edgectl.config.written import Name


@dataclass(slots=True, kw_only=True)
class Parts:
    """What could be understood. `names` holds every name that was written, understood or not: a reference to a device
    whose own line is wrong is not a second mistake."""

    findings: Findings
    site: SiteSection | None = None
    buses: dict[str, RtuBus | TcpBus | GatewayBus | EzoBus | LinesBus | MqttBus] = field(default_factory=dict)
    devices: dict[str, DeviceEntry] = field(default_factory=dict)
    sensors: dict[str, SensorEntry] = field(default_factory=dict)
    actuators: dict[str, ActuatorEntry] = field(default_factory=dict)
    valve_groups: dict[str, ValveGroup] = field(default_factory=dict)
    tanks: dict[str, TankEntry] = field(default_factory=dict)
    zones: dict[str, ZoneEntry] = field(default_factory=dict)
    schedules: dict[str, ScheduleEntry] = field(default_factory=dict)
    interlocks: list[Interlock] = field(default_factory=list)
    clock: ClockSection | None = None
    central: CentralSection | None = None
    lease: HostLease | PostgresLease | None = None
    alarms: schema.AlarmsSection | None = None
    api: ApiSection | None = None
    home_assistant: schema.HomeAssistantSection | None = None
    declare: list[str] = field(default_factory=list)
    names: dict[str, set[str]] = field(default_factory=dict)
    spoilt: frozenset[str] = frozenset()  # profiles of one's own whose files are wrong themselves


def understand(root: Table, findings: Findings) -> Parts:
    """Every section of the file; what cannot be understood goes into the findings."""
    parts = Parts(findings=findings)
    _nulls(root, (), findings)
    known = schema.SiteFile.model_fields
    for section in root.entries:
        if section not in known:
            findings.key((section,), "is not a known section", nearest(section, known))
    for section in ("site", "buses", "devices"):
        if section not in root.entries:
            findings.value((section,), "is missing", f"add {section}: {known[section].description}")
    for section, model in schema.ENTRIES.items():
        parts.names[section] = set()
        if (table := _table(root, section, findings)) is not None:
            kept: dict[str, Any] = getattr(parts, section)
            for name, entry in table.entries.items():
                parts.names[section].add(name)
                if (understood := _entry(model, (section, name), entry.node, findings)) is not None:
                    kept[name] = understood
    parts.site = _section(root, "site", SiteSection, findings)
    parts.clock = _section(root, "clock", ClockSection, findings)
    parts.central = _section(root, "central", CentralSection, findings)
    parts.lease = _section(root, "lease", Lease, findings)
    parts.alarms = _section(root, "alarms", schema.AlarmsSection, findings)
    parts.api = _section(root, "api", ApiSection, findings)
    parts.home_assistant = _section(root, "home_assistant", schema.HomeAssistantSection, findings)
    parts.interlocks = _section(root, "interlocks", list[Interlock], findings) or []
    parts.declare = _section(root, "declare", list[schema.Declaration], findings) or []
    return parts


def _table(root: Table, section: str, findings: Findings) -> Table | None:
    entry = root.entries.get(section)
    if entry is None:
        return None
    if isinstance(entry.node, Table):
        return entry.node
    about = schema.SiteFile.model_fields[section].description
    findings.value((section,), "has to be a group of names", f"write {section}: {{{about}}}")
    return None


def _section(root: Table, section: str, model: Any, findings: Findings) -> Any:
    entry = root.entries.get(section)
    return None if entry is None else _validate(model, (section,), entry.node, findings)


def _entry(model: Any, path: Path, node: Node, findings: Findings) -> Any:
    name = str(path[-1])
    try:
        _adapter(Name).validate_python(name)
    except ValidationError:
        findings.key(path, "is not a name", "a name begins with a letter and holds letters, digits, - and _")
        return None
    if not isinstance(node, Table):
        about = schema.SiteFile.model_fields[str(path[0])].description
        findings.value(path, "has to be a group of keys", f"write {about}")
        return None
    return _validate(model, path, node, findings)


def _validate(model: Any, path: Path, node: Node, findings: Findings) -> Any:
    data = _without_nulls(plain(node))
    bad: set[str | int] = set()
    try:
        return _adapter(model).validate_python(data)
    except ValidationError as refused:
        for error in refused.errors(include_url=False):
            inside = _inside(error["loc"], node)
            what, hint = sentence(error, _described(model, data), inside)
            hint = hint or f"write {schema.SiteFile.model_fields[str(path[0])].description}"
            if error["type"] == "union_tag_invalid":
                inside = ("type",)
            report = findings.key if error["type"] == "extra_forbidden" else findings.value
            report((*path, *inside), what, hint)
            bad.add("" if not inside or error["type"] == "missing" else inside[0])
    if not isinstance(data, dict) or "" in bad:
        return None
    # The rest of the entry may hold further mistakes of its own: judge it without the keys that were refused.
    try:
        return _adapter(model).validate_python({key: value for key, value in data.items() if key not in bad})
    except ValidationError:
        return None


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def _described(model: Any, data: Any) -> Any:
    """Of the bus types, the one that was named: its keys are the ones to suggest."""
    if model is schema.Bus and isinstance(data, dict):
        for kind in (RtuBus, TcpBus, GatewayBus, EzoBus, LinesBus, MqttBus):
            if data.get("type") in _tags(kind):
                return kind
    return model


def _tags(kind: type[BaseModel]) -> tuple[Any, ...]:
    annotation = kind.model_fields["type"].annotation
    return tuple(getattr(annotation, "__args__", ()))


def _inside(loc: tuple[str | int, ...], node: Node) -> Path:
    """The path within the entry: the library adds the names of union members, which nobody wrote."""
    inside: list[str | int] = []
    here: Node | None = node
    for index, part in enumerate(loc):
        if isinstance(here, Table) and part in here.entries:
            here = here.entries[str(part)].node
        elif isinstance(here, Items) and isinstance(part, int) and part < len(here.nodes):
            here = here.nodes[part]
        elif index == len(loc) - 1 and isinstance(part, str):
            here = None
        else:
            continue
        inside.append(part)
    return tuple(inside)


def _nulls(node: Node, path: Path, findings: Findings) -> None:
    match node:
        case Scalar(value=None):
            findings.key(path, "holds nothing", "give it a value, or remove the line")
        case Items():
            for index, item in enumerate(node.nodes):
                _nulls(item, (*path, index), findings)
        case Table():
            for key, entry in node.entries.items():
                _nulls(entry.node, (*path, key), findings)


def _without_nulls(data: Any) -> Any:
    return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data
