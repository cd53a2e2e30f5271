"""Node protocol 2.0, what goes down to the nodes: signed orders, the place of a node, the time.

The signature covers the canonical form of an order: keys sorted at every depth, no spaces, UTF-8 as it is, whole
numbers without a point, other numbers with 15 significant digits, or 17 where 15 do not give the same number back. The
nodes print their copy with cJSON, so one digit of difference is an order that is refused.

Source: byYorick/hydro2.0, doc_ai/03_TRANSPORT_MQTT/MQTT_SPEC_FULL.md 7.3, firmware node_command_handler.c.
"""

import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgectl.drivers.codecs.hydro2 import ROOT, UNBOUND, WIRE_ID

LONGEST_ID = 63  # of protocol 2.0's 128 characters the firmware keeps 63
LONGEST_RUN_MS = 3_600_000
TIME = f"{ROOT}/time/response"
EXACT = 1e15  # from here on the firmware prints whole numbers with an exponent
_CMD = re.compile(r"[a-z0-9_]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order. `ts_s` is the wall clock: a node refuses what is more than 10 s away from its own."""

    cmd_id: str
    cmd: str
    params: Mapping[str, Any] = field(default_factory=dict)
    ts_s: int


def signed(order: Order, secret: bytes) -> bytes:
    """The payload of an order. Raises ValueError for one that no node would take."""
    if not WIRE_ID.fullmatch(order.cmd_id) or len(order.cmd_id) > LONGEST_ID:
        raise ValueError(f"{order.cmd_id!r} is no cmd_id of at most {LONGEST_ID} letters, digits, _ and -")
    if not _CMD.fullmatch(order.cmd):
        raise ValueError(f"{order.cmd!r} is no command")
    if not secret:
        raise ValueError("an order without a secret cannot be signed")
    body = {"cmd_id": order.cmd_id, "cmd": order.cmd, "params": dict(order.params), "ts": order.ts_s}
    return canonical({**body, "sig": signature(body, secret)}).encode()


def signature(body: Mapping[str, Any], secret: bytes) -> str:
    """The signature of an order without its `sig`: 64 hex digits."""
    return hmac.new(secret, canonical(body).encode(), hashlib.sha256).hexdigest()


def canonical(value: Any) -> str:
    """The one text of a JSON value. Raises ValueError for what JSON cannot say."""
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            return str(value)
        case float():
            return _number(value)
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                raise ValueError("a key must be a text")
            return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
        case list() | tuple():
            return "[" + ",".join(canonical(item) for item in value) + "]"
    raise ValueError(f"{type(value).__name__} cannot be said in JSON")


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be said in JSON")
    if value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    text = f"{value:.15g}"
    return text if float(text) == value else f"{value:.17g}"


def run_pump(duration_ms: int) -> tuple[str, dict[str, Any]]:
    """Run for a time; the node ends it by itself. Raises ValueError when the node would not."""
    if not 0 < duration_ms <= LONGEST_RUN_MS:
        raise ValueError(f"a node runs a pump for 1 ms to {LONGEST_RUN_MS // 60_000} min")
    return "run_pump", {"duration_ms": duration_ms}


def set_relay(on: bool, duration_ms: int | None = None) -> tuple[str, dict[str, Any]]:
    """Switch. Newer firmware ends an ON after `duration_ms`; older passes the number over and stays on."""
    return "set_relay", {"state": on, **({} if duration_ms is None else {"duration_ms": duration_ms})}


def switched(how: str, on: bool, duration_ms: int | None = None) -> tuple[str, dict[str, Any]]:
    """ON or OFF of an output that no run ends, in the word that its node knows. One that is dimmed is driven fully or
    not at all: the firmware takes a value up to 100 for percent and a larger one for parts of 255, so that only the two
    ends mean the same in both."""
    if how == "light":
        return ("light_on" if on else "light_off"), {}
    return ("set_pwm", {"value": 255 if on else 0}) if how == "set_pwm" else set_relay(on, duration_ms)


def topic(gh: str, zone: str, node: str, channel: str) -> str:
    """Where an order goes."""
    return f"{ROOT}/{gh}/{zone}/{node}/{channel}/command"


def binding(hardware_id: str, gh: str, zone: str) -> tuple[str, bytes]:
    """Topic and payload that tell a node of nobody where it belongs."""
    there = "/".join((ROOT, *UNBOUND, hardware_id, "config"))
    return there, canonical({"gh_uid": gh, "zone_uid": zone}).encode()


def the_time(now_s: int) -> tuple[str, bytes]:
    """Topic and payload that tell every node what time it is."""
    body = {"message_type": "time_response", "unix_ts": now_s, "server_time": now_s}
    return TIME, canonical(body).encode()
