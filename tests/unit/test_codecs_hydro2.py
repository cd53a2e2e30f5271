"""Node protocol 2.0 to the byte: signatures, topics, every message both ways, and garbage that stays garbage."""

import ctypes
import hashlib
import hmac
import json
import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgectl.drivers.codecs import hydro2_orders as down
from edgectl.drivers.codecs.hydro2 import (
    ConfigReport,
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
    place,
)
from edgectl.drivers.codecs.hydro2_read import message

LIBC = ctypes.CDLL(None)
LIBC.strtod.restype = ctypes.c_double
SECRET = b"edge-secret-1"
NOW_S = 1_737_355_112
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def heard(topic: str, body: Any) -> Message | Fault:
    where = place(topic)
    assert where is not None
    return message(where, topic, body if isinstance(body, bytes) else json.dumps(body).encode())


# ---------------------------------------------------------------- going down


def test_an_order_to_the_byte() -> None:
    """The signature was made by openssl: printf '%s' TEXT | openssl dgst -sha256 -hmac edge-secret-1."""
    order = down.Order(cmd_id="cmd-591", cmd="run_pump", params={"duration_ms": 2500}, ts_s=NOW_S)
    assert down.canonical({"ts": NOW_S, "params": {"duration_ms": 2500}, "cmd_id": "cmd-591", "cmd": "run_pump"}) == (
        '{"cmd":"run_pump","cmd_id":"cmd-591","params":{"duration_ms":2500},"ts":1737355112}'
    )
    assert down.signed(order, SECRET) == (
        b'{"cmd":"run_pump","cmd_id":"cmd-591","params":{"duration_ms":2500},'
        b'"sig":"a287224034049f6fd55f1ea98b5da4e4934c7f2bbedf8c19117f326aa20d56f7","ts":1737355112}'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (2500.0, "2500"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),  # 15 digits would be 0.3, which is another number
        (1 / 3, "0.33333333333333331"),
        (5.86, "5.86"),
        (1e-7, "1e-07"),
        (1.5e300, "1.5e+300"),
        (True, "true"),
        (None, "null"),
        ('Grüße/\n"ü"', '"Grüße/\\n\\"ü\\""'),
        ({"b": [1.0, 2], "a": {"z": 1, "Y": 2}}, '{"a":{"Y":2,"z":1},"b":[1,2]}'),
    ],
)
def test_the_canonical_form_is_that_of_the_firmware(value: Any, text: str) -> None:
    assert down.canonical(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(struct.unpack("<d", b"\x01" + bytes(7))[0])
def test_a_number_comes_back_as_the_same_number(value: float) -> None:
    text = down.canonical(value)
    assert float(text) == value
    assert len(text.lstrip("-").replace(".", "").split("e")[0].strip("0")) <= 17


def print_as_c(value: Any) -> bytes:
    """The canonical text by another way: numbers by the C library, keys in the order of their bytes."""
    match value:
        case dict():
            keys = sorted(value, key=lambda key: key.encode())
            return b"{" + b",".join(print_as_c(key) + b":" + print_as_c(value[key]) for key in keys) + b"}"
        case list():
            return b"[" + b",".join(map(print_as_c, value)) + b"]"
        case str():
            return (
                b'"' + b"".join(ESCAPED.get(c, c.encode() if c >= " " else b"\\u%04x" % ord(c)) for c in value) + b'"'
            )
        case float():
            return print_number(value)
        case None:
            return b"null"
        case bool():
            return b"true" if value else b"false"
        case _:
            return b"%d" % value


ESCAPED = {'"': b'\\"', "\\": b"\\\\", "\b": b"\\b", "\f": b"\\f", "\n": b"\\n", "\r": b"\\r", "\t": b"\\t"}


def print_number(value: float) -> bytes:
    """As cJSON does it: %d while it is whole, else %1.15g, and %1.17g where that reads as another number."""
    out = ctypes.create_string_buffer(40)
    for form in ([b"%.0f"] if value == int(value) and abs(value) < 1e15 else []) + [b"%1.15g", b"%1.17g"]:
        LIBC.snprintf(out, ctypes.c_size_t(40), form, ctypes.c_double(value))
        if LIBC.strtod(out, None) == value:
            break
    return b"0" if out.value == b"-0" else out.value


@given(JSON)
def test_a_writer_in_c_comes_to_the_same_text(value: Any) -> None:
    assert down.canonical(value).encode() == print_as_c(value)


@given(JSON)
def test_a_canonical_text_says_what_was_meant_and_is_its_own_canonical_text(value: Any) -> None:
    text = down.canonical(value)
    assert json.loads(text) == value
    assert down.canonical(json.loads(text)) == text


@given(NAMES, st.dictionaries(NAMES, JSON, max_size=4), st.integers(0, 2**40), st.binary(min_size=1, max_size=40))
def test_a_node_that_sorts_and_signs_by_itself_comes_to_the_same_signature(
    cmd_id: str, params: dict[str, Any], ts_s: int, secret: bytes
) -> None:
    payload = down.signed(down.Order(cmd_id=cmd_id, cmd="state", params=params, ts_s=ts_s), secret)
    body = json.loads(payload)
    sig = body.pop("sig")
    assert body == {"cmd_id": cmd_id, "cmd": "state", "params": params, "ts": ts_s}
    unsigned = payload.replace(b'"sig":"' + sig.encode() + b'",', b"")
    assert sig == hmac.new(secret, unsigned, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("bad", ["", "a b", "é", "x" * 64, "a/b"])
def test_an_id_that_a_node_would_refuse_is_refused_here(bad: str) -> None:
    with pytest.raises(ValueError, match="cmd_id"):
        down.signed(down.Order(cmd_id=bad, cmd="state", ts_s=NOW_S), SECRET)


def test_what_cannot_be_signed_or_ordered() -> None:
    with pytest.raises(ValueError, match="secret"):
        down.signed(down.Order(cmd_id="a", cmd="state", ts_s=NOW_S), b"")
    with pytest.raises(ValueError, match="no command"):
        down.signed(down.Order(cmd_id="a", cmd="x" * 65, ts_s=NOW_S), SECRET)
    for value in (float("nan"), float("inf"), {1: 2}, {"a": object()}):
        with pytest.raises(ValueError, match=r"JSON|text"):
            down.canonical(value)
    for wrong in (0, 3_600_001):
        with pytest.raises(ValueError, match="runs a pump"):
            down.run_pump(wrong)


def test_binding_and_time_to_the_byte() -> None:
    assert down.binding("esp32-a1", "gh-1", "zone-1") == (
        "hydro/gh-temp/zn-temp/esp32-a1/config",
        b'{"gh_uid":"gh-1","zone_uid":"zone-1"}',
    )
    assert down.the_time(NOW_S) == (
        "hydro/time/response",
        b'{"message_type":"time_response","server_time":1737355112,"unix_ts":1737355112}',
    )
    assert down.topic("gh-1", "zone-1", "nd-1", "pump_main") == "hydro/gh-1/zone-1/nd-1/pump_main/command"
    assert down.set_relay(False) == ("set_relay", {"state": False})


# ---------------------------------------------------------------- coming up

NODE = {"gh": "gh-1", "zone": "zone-1", "node": "nd-1"}
EXAMPLES: list[tuple[str, Any, Message]] = [  # what MQTT_SPEC_FULL.md prints
    (
        "hydro/gh-1/zone-1/nd-1/ph_sensor/telemetry",
        {"metric_type": "PH", "value": 5.86, "ts": 1710001234, "flow_active": True, "stable": False},
        Telemetry(metric="PH", value=5.86, ts_s=1710001234, flow_active=True, stable=False),
    ),
    (
        "hydro/gh-1/zone-1/nd-1/pump_in/command_response",
        {
            "cmd_id": "cmd-591",
            "status": "ERROR",
            "ts": 1710003399123,
            "error_code": "current_not_detected",
            "error_message": "No current",
            "details": {"channel": "pump_in"},
        },
        Response(
            cmd_id="cmd-591",
            status=Status.ERROR,
            ts_ms=1710003399123,
            details={"channel": "pump_in"},
            error_code="current_not_detected",
            error_message="No current",
        ),
    ),
    ("hydro/gh-1/zone-1/nd-1/status", {"status": "ONLINE", "ts": 1710001555}, Presence(online=True, ts_s=1710001555)),
    (
        "hydro/gh-1/zone-1/nd-1/status",
        {"status": "RESTARTING", "ts": 1710001555},
        Presence(online=False, ts_s=1710001555, restarting=True),
    ),
    ("hydro/gh-1/zone-1/nd-1/lwt", b"offline", Presence(online=False)),
    (
        "hydro/gh-1/zone-1/nd-1/heartbeat",
        {"uptime": 3600, "free_heap": 102000, "rssi": -62},
        Heartbeat(uptime_s=3600, free_heap=102000, rssi=-62),
    ),
    (
        "hydro/gh-1/zone-1/nd-1/storage_state/event",
        {"event_code": "clean_fill_completed", "ts": 1710003399, "snapshot": {"pump_main": False, "odd": 1}},
        Event(code="clean_fill_completed", ts_s=1710003399, snapshot={"pump_main": False}),
    ),
    (
        "hydro/gh-1/zone-1/nd-1/error",
        {"level": "ERROR", "component": "ph_sensor", "error_code": "esp_1", "message": "no", "ts": 1710003399123},
        Trouble(level="ERROR", component="ph_sensor", error_code="esp_1", message="no", ts_ms=1710003399123),
    ),
    (
        "hydro/node_hello",
        {
            "message_type": "node_hello",
            "hardware_id": "esp32-ABCD1234",
            "node_type": "ph",
            "fw_version": "2.0.1",
            "hardware_revision": "v1.0",
            "capabilities": ["ph", "temperature"],
            "provisioning_meta": {"node_name": None},
        },
        Hello(
            hardware_id="esp32-ABCD1234",
            node_type="ph",
            fw_version="2.0.1",
            hardware_revision="v1.0",
            capabilities=("ph", "temperature"),
        ),
    ),
    ("hydro/time/request", b"{}", TimeRequest()),
]


@pytest.mark.parametrize(("topic", "body", "meaning"), EXAMPLES, ids=[topic for topic, _, _ in EXAMPLES])
def test_the_examples_of_the_protocol(topic: str, body: Any, meaning: Message) -> None:
    assert heard(topic, body) == meaning


def test_a_config_report_names_the_channels_and_their_limits() -> None:
    report = heard(
        "hydro/gh-1/zone-1/nd-1/config_report",
        {
            "node_id": "nd-1",
            "version": 3,
            "type": "irrig",
            "gh_uid": "gh-1",
            "zone_uid": "zone-1",
            "channels": [
                {"name": "level_clean_min", "type": "SENSOR", "metric": "WATER_LEVEL_SWITCH", "poll_interval_ms": 200},
                {
                    "name": "pump_main",
                    "type": "ACTUATOR",
                    "actuator_type": "PUMP",
                    "safe_limits": {"max_duration_ms": 5000, "min_off_ms": 3000},
                },
            ],
            "wifi": {"ssid": "x"},
        },
    )
    assert isinstance(report, ConfigReport)
    level, pump = report.channels
    assert (level.actuator, level.metric, level.poll_interval_ms) == (False, "WATER_LEVEL_SWITCH", 200)
    assert (pump.actuator, pump.actuator_type, pump.max_duration_ms, pump.min_off_ms) == (True, "PUMP", 5000, 3000)


@given(
    st.sampled_from(Metric),
    st.floats(-1e9, 1e9),
    st.integers(0, 2**35),
    st.fixed_dictionaries({}, optional={name: st.booleans() for name in ("stub", "stable", "corrections_allowed")}),
)
def test_telemetry_comes_through(metric: Metric, value: float, ts_s: int, flags: dict[str, bool]) -> None:
    body = {"metric_type": metric.value, "value": value, "ts": ts_s, **flags}
    assert heard("hydro/g/z/n/c/telemetry", body) == Telemetry(metric=metric.value, value=value, ts_s=ts_s, **flags)


@given(NAMES, st.sampled_from(Status), st.integers(10**11, 2**43), TEXTS, st.dictionaries(TEXTS, JSON, max_size=3))
def test_an_answer_comes_through(cmd_id: str, status: Status, ts_ms: int, words: str, details: dict[str, Any]) -> None:
    body = {"cmd_id": cmd_id, "status": status.value, "ts": ts_ms, "details": details, "error_message": words}
    assert heard("hydro/g/z/n/c/command_response", body) == Response(
        cmd_id=cmd_id, status=status, ts_ms=ts_ms, details=details, error_message=words
    )


@given(NAMES, NAMES, NAMES, NAMES, st.sampled_from(sorted(Kind)))
def test_a_topic_comes_through(gh: str, zone: str, node: str, channel: str, kind: Kind) -> None:
    deep = kind in (Kind.TELEMETRY, Kind.RESPONSE, Kind.EVENT)
    topic = "/".join(["hydro", gh, zone, node, *([channel] if deep else []), kind.value])
    expected = Place(kind=kind, gh=gh, zone=zone, node=node, channel=channel if deep else "")
    assert place(topic) == (None if kind is Kind.TIME_REQUEST else expected)


@pytest.mark.parametrize(
    "topic",
    ["", "hydro", "hydro/a/b/c/d", "hydro/a/b/c/telemetry", "hydro/a/b/c/d/status", "other/a/b/c/status",
     "hydro//b/c/status", "hydro/a/b/c/d/e/telemetry", "hydro/a/b/+/status", "hydro/a b/c/d/status",
     "hydro/a/b/c/d/command"],
)  # fmt: skip
def test_what_is_no_topic_of_a_node(topic: str) -> None:
    assert place(topic) is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [("ph", "PH"), ("ec", "EC"), ("air_temp_c", "TEMPERATURE"), ("solution_temp_c", "TEMPERATURE"),
     ("air_rh", "HUMIDITY"), ("co2_ppm", "CO2"), ("ina209_ma", "PUMP_CURRENT"), ("flow_present", "FLOW_RATE"),
     ("water_level_switch", "WATER_LEVEL_SWITCH"), ("LIGHT_INTENSITY", "LIGHT_INTENSITY")],
)  # fmt: skip
def test_a_metric_is_known_by_the_word_of_the_protocol_and_by_that_of_the_firmware(said: str, meant: str) -> None:
    found = heard("hydro/g/z/n/c/telemetry", {**TELEMETRY, "metric_type": said})
    assert isinstance(found, Telemetry)
    assert found.metric == meant


@pytest.mark.parametrize("word", ["", "x" * 5000, 7, None, ["a"], {"a": 1}])
def test_a_word_that_may_be_missing_spoils_no_message(word: Any) -> None:
    answer = heard("hydro/g/z/n/c/command_response", {**ANSWER, "error_code": word, "error_message": word})
    assert isinstance(answer, Response)
    assert (answer.status, len(answer.error_code) <= 64, len(answer.error_message) <= 300) == (Status.DONE, True, True)
    assert isinstance(heard("hydro/g/z/n/c/telemetry", {**TELEMETRY, "unit": word}), Telemetry)
    channel = {"name": "pump_main", "type": "ACTUATOR", "actuator_type": word, "metric": word}
    report = {"node_id": "n", "version": 3, "type": "irrig", "gh_uid": "g", "zone_uid": "z", "fw_version": word}
    assert isinstance(heard("hydro/g/z/n/config_report", {**report, "channels": [channel]}), ConfigReport)


def test_the_hello_of_the_firmware_which_names_no_revision() -> None:
    hello = {"message_type": "node_hello", "hardware_id": "esp32-1", "node_type": "ec", "fw_version": "v5.1"}
    found = heard("hydro/node_hello", {**hello, "capabilities": ["ec_sensor"]})
    assert isinstance(found, Hello)
    assert (found.hardware_id, found.hardware_revision) == ("esp32-1", "")


TELEMETRY = {"metric_type": "PH", "value": 5.9, "ts": 1710001234}
ANSWER = {"cmd_id": "a", "status": "DONE", "ts": 1710001234000}


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        ("c/telemetry", {**TELEMETRY, "ts": 1710001234000}, "milliseconds"),
        ("c/telemetry", {**TELEMETRY, "ts": -1}, "whole number"),
        ("c/telemetry", {**TELEMETRY, "ts": 1.5}, "whole number"),
        ("c/telemetry", {**TELEMETRY, "value": "5.9"}, "number"),
        ("c/telemetry", {**TELEMETRY, "value": True}, "number"),
        ("c/telemetry", {**TELEMETRY, "value": 10**30}, "number"),
        ("c/telemetry", {**TELEMETRY, "other": 10**400}, "a row of 401 digits is no number"),
        ("c/telemetry", b'{"metric_type":"PH","value":5.9,"ts":1,"other":-1e999}', "-1e999 is no number"),
        ("c/telemetry", {**TELEMETRY, "metric_type": "pH"}, "not known"),
        ("c/telemetry", {**TELEMETRY, "stable": 1}, "true or false"),
        ("c/telemetry", {"value": 5.9, "ts": 1}, "metric_type"),
        ("c/telemetry", b'{"metric_type":"PH","value":NaN,"ts":1}', "no JSON"),
        ("c/telemetry", b'{"metric_type":"PH","value":5.9,"ts":1,"value":7.0}', "twice"),
        ("c/telemetry", b"\xff\xfe", "no JSON"),
        ("c/telemetry", b"[1,2]", "no object"),
        ("c/telemetry", b"", "no JSON"),
        ("c/telemetry", b"[" * 9000, "no JSON"),
        ("c/telemetry", b" " * 20000, "more than"),
        ("c/command_response", {**ANSWER, "ts": 1710001234}, "seconds"),
        ("c/command_response", {**ANSWER, "status": "ACCEPTED"}, "not known"),
        ("c/command_response", {**ANSWER, "cmd_id": "a b"}, "cmd_id"),
        ("c/command_response", {**ANSWER, "cmd_id": "x" * 129}, "cmd_id"),
        ("c/command_response", {**ANSWER, "details": []}, "details"),
        ("c/command_response", b'{"cmd_id":"a","status":"ERROR","ts":1,"error_code":"\\ud800"}', "error_code"),
        ("c/event", {"event_code": "", "ts": 1}, "event_code"),
        ("status", {"status": "online", "ts": 1}, "not known"),
        ("lwt", b"ONLINE", "last will"),
        ("heartbeat", {"uptime": "1", "free_heap": 1}, "uptime"),
        ("config_report", {"node_id": "a", "version": 2}, "version"),
    ],
)
def test_what_is_not_exactly_a_message_is_a_fault_with_its_bytes(kind: str, body: Any, why: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fault = heard(f"hydro/g/z/n/{kind}", raw)
    assert isinstance(fault, Fault), fault
    assert why in fault.why
    assert fault.raw == raw
    assert "hydro/g/z/n" in str(fault)


def test_a_clock_that_was_never_set_does_not_make_an_answer_unreadable() -> None:
    assert isinstance(heard("hydro/g/z/n/c/command_response", {**ANSWER, "ts": 41000}), Response)


@settings(max_examples=300)
@given(st.sampled_from(sorted(Kind)), st.binary(max_size=80) | JSON.map(lambda v: json.dumps(v).encode()))
def test_garbage_raises_nothing_and_is_no_value(kind: Kind, payload: bytes) -> None:
    found = message(Place(kind=kind, gh="g", zone="z", node="n", channel="c"), "t", payload)
    if isinstance(found, Telemetry):
        assert json.loads(payload)["value"] == found.value
    assert {node.value for node in NodeType} >= {"ph", "irrig"}
