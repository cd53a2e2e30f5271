"""Shelly devices of the second generation and later: JSON-RPC over MQTT.

A request goes to `{device}/rpc` and bears an id and where the answer is to go; the answer comes to `{src}/rpc` with the
same id. `{device}/online` holds true or false, `{device}/events/rpc` tells what changed.

Source: shelly-api-docs.shelly.cloud, gen2: General/RPCProtocol, ComponentsAndServices/{Switch,Mqtt,Shelly}.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgectl.drivers.codecs.json_strict import NotJson, read_object
from edgectl.model.time import MS, SECOND, Nanos

LONGEST_PULSE: Nanos = 86_400 * SECOND
_INVALID = (-105, -104, -103, 404)  # no such thing, or not said so; everything else is the device's own trouble
_PASSWORD = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer. With a `refused` it is a no, in the words of the device."""

    wire_id: str
    result: Mapping[str, Any] = field(default_factory=dict)
    refused: str = ""
    invalid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """Something changed. `changes` are components by their key, such as switch:0."""

    changes: Mapping[str, Any]


def request(src: str, wire_id: str, method: str, params: Mapping[str, Any]) -> bytes:
    """One request frame."""
    return json.dumps({"id": wire_id, "src": src, "method": method, "params": params}, separators=(",", ":")).encode()


def set_switch(number: int, on: bool, lease: Nanos | None) -> dict[str, Any]:
    """The parameters of Switch.Set. Raises ValueError for an end that is too far away."""
    params: dict[str, Any] = {"id": number - 1, "on": on}
    if on and lease is not None:
        if not 0 < lease <= LONGEST_PULSE:
            raise ValueError(f"{lease / SECOND:g} s is more than is asked of it ({LONGEST_PULSE / SECOND:g} s)")
        params["toggle_after"] = math.ceil(lease / (100 * MS)) / 10
    return params


def frame(payload: bytes) -> Answered | Notified | str:
    """What one frame says, or the sentence that says why it says nothing. Never raises."""
    try:
        said = read_object(payload)
    except NotJson as wrong:
        return str(wrong)
    if said.get("method") in ("NotifyStatus", "NotifyFullStatus"):
        params = said.get("params")
        return Notified(changes=params) if isinstance(params, dict) else "a notification without its parameters"
    wire_id = said.get("id")
    if not isinstance(wire_id, str) or not 0 < len(wire_id) <= 128:
        return "an answer without the id of its question"
    if "error" in said:
        return _refusal(wire_id, said["error"])
    result = said.get("result")
    if not isinstance(result, dict):
        return "an answer without a result"
    return Answered(wire_id=wire_id, result=result)


def output(said: Mapping[str, Any], number: int) -> bool | None:
    """What a status shows of one switch."""
    component = said.get(f"switch:{number - 1}")
    shown = component.get("output") if isinstance(component, Mapping) else None
    return shown if isinstance(shown, bool) else None


def initial_state(said: Mapping[str, Any], number: int) -> str | None:
    """What a switch does when its power returns, by its configuration."""
    component = said.get(f"switch:{number - 1}")
    found = component.get("initial_state") if isinstance(component, Mapping) else None
    return found if isinstance(found, str) else None


def _refusal(wire_id: str, error: object) -> Answered:
    found = error if isinstance(error, Mapping) else {}
    code, words = found.get("code"), str(found.get("message", ""))[:120]
    if code == _PASSWORD:
        words = (
            "it wants a password, and edgectl has none for it: switch authentication off, or keep it off this broker"
        )
    return Answered(wire_id=wire_id, refused=f"{code}: {words}", invalid=code in _INVALID)
