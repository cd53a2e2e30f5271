"""Node protocol 2.0: the topics, and what the nodes send up as typed values. `hydro2_read` makes them from bytes.

A topic is `hydro/{gh}/{zone}/{node}/{channel}/{type}`, or the same without a channel. A node that belongs to no house
yet speaks under `hydro/gh-temp/zn-temp/{hardware_id}`.

Source: byYorick/hydro2.0, doc_ai/03_TRANSPORT_MQTT/MQTT_SPEC_FULL.md, and the firmware of its nodes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ROOT = "hydro"
UNBOUND = ("gh-temp", "zn-temp")  # where nodes live that belong to no house yet
WIRE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
NAME = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Status(StrEnum):
    """How a node answers an order. All but ACK are its last word."""

    ACK = "ACK"
    DONE = "DONE"
    NO_EFFECT = "NO_EFFECT"
    BUSY = "BUSY"
    INVALID = "INVALID"
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"


class Kind(StrEnum):
    """The last part of a topic that comes from a node."""

    TELEMETRY = "telemetry"
    RESPONSE = "command_response"
    EVENT = "event"
    STATUS = "status"
    LWT = "lwt"
    HEARTBEAT = "heartbeat"
    CONFIG_REPORT = "config_report"
    ERROR = "error"
    HELLO = "node_hello"
    TIME_REQUEST = "request"


class Metric(StrEnum):
    """What a measurement measures."""

    PH = "PH"
    EC = "EC"
    TEMPERATURE = "TEMPERATURE"
    HUMIDITY = "HUMIDITY"
    CO2 = "CO2"
    LIGHT_INTENSITY = "LIGHT_INTENSITY"
    WATER_LEVEL = "WATER_LEVEL"
    WATER_LEVEL_SWITCH = "WATER_LEVEL_SWITCH"
    SOIL_MOISTURE = "SOIL_MOISTURE"
    SOIL_TEMP = "SOIL_TEMP"
    WIND_SPEED = "WIND_SPEED"
    OUTSIDE_TEMP = "OUTSIDE_TEMP"
    FLOW_RATE = "FLOW_RATE"
    PUMP_CURRENT = "PUMP_CURRENT"


class NodeType(StrEnum):
    """What a node is for."""

    PH = "ph"
    EC = "ec"
    CLIMATE = "climate"
    IRRIG = "irrig"
    LIGHT = "light"
    RELAY = "relay"
    WATER_SENSOR = "water_sensor"
    RECIRCULATION = "recirculation"
    UNKNOWN = "unknown"


_OF_A_CHANNEL = frozenset({Kind.TELEMETRY, Kind.RESPONSE, Kind.EVENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message comes from. `node` is the hardware id while the node belongs to no house."""

    kind: Kind
    gh: str = ""
    zone: str = ""
    node: str = ""
    channel: str = ""

    @property
    def unbound(self) -> bool:
        """True for a node that still has to be told where it belongs."""
        return (self.gh, self.zone) == UNBOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """One measurement. The flags are None where the node does not say."""

    metric: str
    value: float
    ts_s: int
    unit: str = ""
    stub: bool | None = None
    stable: bool | None = None
    flow_active: bool | None = None
    corrections_allowed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a node says to one order."""

    cmd_id: str
    status: Status
    ts_ms: int
    details: Mapping[str, Any] = field(default_factory=dict)
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """A status message, or the last will, which has no time of its own."""

    online: bool
    ts_s: int | None = None
    restarting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A node is alive. It bears no time."""

    uptime_s: int
    free_heap: int
    rssi: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipped:
    """One channel that a node says it has."""

    name: str
    actuator: bool
    metric: str = ""
    poll_interval_ms: int | None = None
    actuator_type: str = ""
    max_duration_ms: int | None = None
    min_off_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReport:
    """Who a node says that it is, and what it has."""

    node_id: str
    node_type: str
    gh: str
    zone: str
    channels: tuple[Equipped, ...]
    fw_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened at a node. The snapshot shows its outputs and floats by name."""

    code: str
    ts_s: int
    snapshot: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A node reports a fault of its own."""

    level: str
    component: str
    error_code: str
    message: str
    ts_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """A node has started and belongs to nobody yet."""

    hardware_id: str
    node_type: str
    fw_version: str
    hardware_revision: str
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRequest:
    """A node asks what time it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A message that must not be believed, with its bytes."""

    why: str
    topic: str
    raw: bytes

    def __str__(self) -> str:
        return f"{self.why} ({self.topic[:200]}: {self.raw[:120]!r})"


Message = (
    Telemetry | Response | Presence | Heartbeat | ConfigReport | Event | Trouble | Hello | TimeRequest
)  # what a payload can be


def place(topic: str) -> Place | None:
    """Where a topic belongs; None when it is none of ours."""
    parts = topic.split("/")
    if parts[0] != ROOT or not all(NAME.fullmatch(part) for part in parts[1:]):
        return None
    match parts[1:]:
        case ["node_hello"]:
            return Place(kind=Kind.HELLO)
        case ["time", "request"]:
            return Place(kind=Kind.TIME_REQUEST)
        case [gh, zone, node, kind] if kind in _KINDS and _KINDS[kind] not in _OF_A_CHANNEL:
            return Place(kind=_KINDS[kind], gh=gh, zone=zone, node=node)
        case [gh, zone, node, channel, kind] if kind in _KINDS and _KINDS[kind] in _OF_A_CHANNEL:
            return Place(kind=_KINDS[kind], gh=gh, zone=zone, node=node, channel=channel)
    return None


_KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind if kind is not Kind.TIME_REQUEST}
