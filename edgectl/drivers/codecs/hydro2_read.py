"""Node protocol 2.0: what a payload says.

Two rules. Nothing here raises: what is not exactly a message of the protocol is a `Fault` with its bytes, never a
value. Times are counted in seconds, except in answers and errors, which count milliseconds; one in the place of the
other is a fault, for the wrong one would be fifty years away. What the protocol leaves open spoils no
message: a word that may be missing may be empty or long as well.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from edgectl.drivers.codecs.hydro2 import (
    NAME,
    WIRE_ID,
    ConfigReport,
    Equipped,
    Event,
    Fault,
    Heartbeat,
    Hello,
    Kind,
    Message,
    Metric,
    NodeType,
    Place,
    Presence,
    Response,
    Status,
    Telemetry,
    TimeRequest,
    Trouble,
)
from edgectl.drivers.codecs.json_strict import NotJson, read_object

SECONDS_BELOW = 100_000_000_000  # more seconds than that lie beyond the year 5000
CLOCK_SET = 1_000_000_000  # fewer milliseconds than that are the uptime of a node whose clock was never set
LARGEST = 1e15
MOST_SHOWN = 64  # outputs and floats of one node; who shows more is none
_WORD = 64
_TEXT = 300
_DAY_MS = 24 * 3_600_000
# The protocol writes PH; the nodes' firmware prints ph, and has words of its own for some.
_METRICS: Mapping[str, str] = {
    **{word: metric.value for metric in Metric for word in (metric.value, metric.value.lower())},
    "air_temp_c": Metric.TEMPERATURE.value,
    "solution_temp_c": Metric.TEMPERATURE.value,
    "air_rh": Metric.HUMIDITY.value,
    "co2_ppm": Metric.CO2.value,
    "light": Metric.LIGHT_INTENSITY.value,
    "light_level": Metric.LIGHT_INTENSITY.value,
    "ina209_ma": Metric.PUMP_CURRENT.value,
    "flow_present": Metric.FLOW_RATE.value,
}
_TYPES = frozenset(kind.value for kind in NodeType)
_STATUSES = frozenset(status.value for status in Status)


def message(where: Place, topic: str, payload: bytes) -> Message | Fault:
    """What a payload says at its place."""
    if where.kind is Kind.LWT:
        if payload == b"offline":
            return Presence(online=False)
        return Fault(why="a last will says offline and nothing else", topic=topic, raw=payload)
    if where.kind is Kind.TIME_REQUEST:
        return TimeRequest()
    try:
        return _READERS[where.kind](_Fields(read_object(payload)))
    except (NotJson, _Wrong) as wrong:
        return Fault(why=str(wrong), topic=topic, raw=payload)


class _Wrong(Exception):
    """A field that is missing or cannot be what it says."""


class _Fields:
    """The fields of one object, each read as what it has to be."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw

    def raw(self, name: str) -> Any:
        return self._raw.get(name)

    def has(self, name: str) -> bool:
        return self._raw.get(name) is not None

    def text(self, name: str, longest: int = _WORD) -> str:
        value = self._raw.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= longest or not _storable(value):
            raise _Wrong(f"{name} must be a text of 1 to {longest} characters")
        return value

    def words(self, name: str, longest: int = _WORD) -> str:
        """A text that may be missing. What is too long is cut off, what is no text is left out."""
        value = self._raw.get(name)
        if isinstance(value, str) and not _storable(value):
            raise _Wrong(f"{name} holds half a character")
        return value[:longest] if isinstance(value, str) else ""

    def word(self, name: str, known: Collection[str]) -> str:
        value = self.text(name)
        if value not in known:
            raise _Wrong(f"{name} {value[:20]!r} is not known")
        return value

    def number(self, name: str) -> float:
        value = self._raw.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
            raise _Wrong(f"{name} must be a number")
        return float(value)

    def whole(self, name: str, low: int, high: int) -> int:
        value = self.number(name)
        if not value.is_integer() or not low <= value <= high:
            raise _Wrong(f"{name} must be a whole number from {low} to {high}")
        return int(value)

    def maybe_whole(self, name: str, low: int, high: int) -> int | None:
        return self.whole(name, low, high) if self.has(name) else None

    def flag(self, name: str) -> bool | None:
        value = self._raw.get(name)
        if value is not None and not isinstance(value, bool):
            raise _Wrong(f"{name} must be true or false")
        return value

    def seconds(self, name: str = "ts") -> int:
        value = self.number(name)
        if value >= SECONDS_BELOW:
            raise _Wrong(f"{name} is in milliseconds, it must be in seconds")
        return self.whole(name, 0, SECONDS_BELOW)

    def milliseconds(self, name: str = "ts") -> int:
        value = self.number(name)
        if CLOCK_SET <= value < SECONDS_BELOW:
            raise _Wrong(f"{name} is in seconds, it must be in milliseconds")
        return self.whole(name, 0, SECONDS_BELOW * 1000)

    def table(self, name: str) -> Mapping[str, Any]:
        value = self._raw.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise _Wrong(f"{name} must be an object")
        return value

    def rows(self, name: str) -> list["_Fields"]:
        value = self._raw.get(name)
        if not isinstance(value, list) or len(value) > 64 or not all(isinstance(row, dict) for row in value):
            raise _Wrong(f"{name} must be a list of at most 64 objects")
        return [_Fields(row) for row in value]


def _storable(text: str) -> bool:
    """False for half a character, which JSON can say and no file can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _telemetry(fields: _Fields) -> Telemetry:
    return Telemetry(
        metric=_METRICS[fields.word("metric_type", _METRICS)],
        value=fields.number("value"),
        ts_s=fields.seconds(),
        unit=fields.words("unit", 20),
        stub=fields.flag("stub"),
        stable=fields.flag("stable"),
        flow_active=fields.flag("flow_active"),
        corrections_allowed=fields.flag("corrections_allowed"),
    )


def _response(fields: _Fields) -> Response:
    cmd_id = fields.text("cmd_id", 128)
    if not WIRE_ID.fullmatch(cmd_id):
        raise _Wrong("cmd_id holds other characters than letters, digits, _ and -")
    return Response(
        cmd_id=cmd_id,
        status=Status(fields.word("status", _STATUSES)),
        ts_ms=fields.milliseconds(),
        details=fields.table("details"),
        error_code=fields.words("error_code"),
        error_message=fields.words("error_message", _TEXT),
    )


def _status(fields: _Fields) -> Presence:
    word = fields.word("status", {"ONLINE", "OFFLINE", "RESTARTING"})
    return Presence(online=word == "ONLINE", ts_s=fields.seconds(), restarting=word == "RESTARTING")


def _heartbeat(fields: _Fields) -> Heartbeat:
    return Heartbeat(
        uptime_s=fields.whole("uptime", 0, SECONDS_BELOW),
        free_heap=fields.whole("free_heap", 0, SECONDS_BELOW),
        rssi=fields.maybe_whole("rssi", -200, 100),
    )


def _config_report(fields: _Fields) -> ConfigReport:
    if fields.whole("version", 0, 1000) != 3:
        raise _Wrong("version must be 3")
    return ConfigReport(
        node_id=fields.text("node_id"),
        node_type=fields.word("type", _TYPES),
        gh=fields.text("gh_uid"),
        zone=fields.text("zone_uid"),
        channels=tuple(_equipped(row) for row in fields.rows("channels")),
        fw_version=fields.words("fw_version"),
    )


def _equipped(fields: _Fields) -> Equipped:
    limits = _Fields(fields.table("safe_limits"))
    return Equipped(
        name=fields.text("name"),
        actuator=fields.word("type", {"SENSOR", "ACTUATOR"}) == "ACTUATOR",
        metric=fields.words("metric"),
        poll_interval_ms=fields.maybe_whole("poll_interval_ms", 0, _DAY_MS),
        actuator_type=fields.words("actuator_type"),
        max_duration_ms=limits.maybe_whole("max_duration_ms", 0, _DAY_MS),
        min_off_ms=limits.maybe_whole("min_off_ms", 0, _DAY_MS),
    )


def _event(fields: _Fields) -> Event:
    return Event(
        code=fields.text("event_code", 255), ts_s=fields.seconds(), snapshot=snapshot(fields.table("snapshot"))
    )


def snapshot(raw: object) -> Mapping[str, bool]:
    """The states in a snapshot. A field that is neither true nor false is unknown, and left out."""
    if not isinstance(raw, Mapping):
        return {}
    told = {name: value for name, value in raw.items() if NAME.fullmatch(name) and isinstance(value, bool)}
    return told if len(told) <= MOST_SHOWN else {}


def time_of(payload: bytes) -> int | None:
    """The seconds that somebody tells all nodes; None for what is no time."""
    try:
        return _Fields(read_object(payload)).whole("unix_ts", 0, SECONDS_BELOW)
    except (NotJson, _Wrong):
        return None


def _error(fields: _Fields) -> Trouble:
    return Trouble(
        level=fields.text("level", 20),
        component=fields.text("component"),
        error_code=fields.text("error_code", 128),
        message=fields.text("message", _TEXT),
        ts_ms=fields.milliseconds() if fields.has("ts") else None,
    )


def _hello(fields: _Fields) -> Hello:
    fields.word("message_type", {"node_hello"})
    fields.table("provisioning_meta")
    hardware_id = fields.text("hardware_id")
    if not NAME.fullmatch(hardware_id):
        raise _Wrong("hardware_id cannot stand in a topic")
    return Hello(
        hardware_id=hardware_id,
        node_type=fields.word("node_type", _TYPES),
        fw_version=fields.text("fw_version"),
        hardware_revision=fields.words("hardware_revision"),  # required, and the firmware does not print it
        capabilities=_capabilities(fields),
    )


def _capabilities(fields: _Fields) -> tuple[str, ...]:
    value = fields.raw("capabilities")
    words = isinstance(value, list) and len(value) <= 64 and all(isinstance(w, str) and _storable(w) for w in value)
    if not words:
        raise _Wrong("capabilities must be a list of at most 64 words")
    return tuple(value)


_READERS: Mapping[Kind, Callable[[_Fields], Message]] = {
    Kind.TELEMETRY: _telemetry,
    Kind.RESPONSE: _response,
    Kind.EVENT: _event,
    Kind.STATUS: _status,
    Kind.HEARTBEAT: _heartbeat,
    Kind.CONFIG_REPORT: _config_report,
    Kind.ERROR: _error,
    Kind.HELLO: _hello,
}
