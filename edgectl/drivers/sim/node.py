"""One simulated node of protocol 2.0, made from the protocol's pages: what it does with an order, and what it says.

Time is an argument, and everything that can be wrong with a node is a switch: it lies, it is late, it says things
twice.
"""

import hmac
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

SECOND = 1_000_000_000
TOLERANCE_S = 10
REMEMBERED, REMEMBERED_FOR_S = 128, 300
PUMPS = ("pump_main", "pump_in", "pump_acid", "pump_base", "pump_a", "pump_b", "pump_c", "pump_d",
         "ph_doser_down", "ph_doser_up")  # fmt: skip
EQUIPMENT = {
    "irrig": (
        ("pump_main", "valve_clean_fill", "valve_clean_supply", "valve_solution_fill", "valve_solution_supply",
         "valve_irrigation"),
        {"level_clean_min": ("WATER_LEVEL_SWITCH", 1.0), "level_clean_max": ("WATER_LEVEL_SWITCH", 0.0),
         "level_solution_min": ("WATER_LEVEL_SWITCH", 1.0), "level_solution_max": ("WATER_LEVEL_SWITCH", 0.0),
         "flow_present": ("FLOW_RATE", 0.0)},
    ),
    "ph": (("pump_acid", "pump_base"), {"ph_sensor": ("PH", 6.1), "solution_temp_c": ("TEMPERATURE", 20.5)}),
    "ec": (("pump_a", "pump_b", "pump_c", "pump_d"), {"ec_sensor": ("EC", 1.8)}),
    "climate": (("fan_air", "heater"), {"temperature": ("TEMPERATURE", 21.5), "humidity": ("HUMIDITY", 61.0)}),
    "light": (("white_light",), {"light": ("LIGHT_INTENSITY", 900.0)}),
}  # fmt: skip
KNOWN = ("set_relay", "set_pwm", "light_on", "light_off")
FAULTS = frozenset(
    ["deaf", "mute", "double", "early_done", "noop_done", "late", "duplicated", "refuse", "latched", "stuck", "welded",
     "retained", "garbage", "clock", "lost", "interlock", "no_off"]
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """One message of the node: when, where below its own topic, and what."""

    at: int
    topic: str
    body: dict[str, Any] | bytes
    retain: bool = False


@dataclass(slots=True, kw_only=True)
class Node:
    """Outputs, sensors, the ids that it has heard, and its faults with their settings."""

    name: str
    kind: str
    secret: str
    outputs: dict[str, bool] = field(default_factory=dict)
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)  # output -> when its run is over, and of which order
    sensors: dict[str, tuple[str, float]] = field(default_factory=dict)
    heard: OrderedDict[str, int] = field(default_factory=OrderedDict)
    faults: dict[str, dict[str, Any]] = field(default_factory=dict)
    synced: bool = False
    asleep: bool = False  # it measures only after activate_sensor_mode
    dimmed: frozenset[str] = frozenset()  # outputs that take set_pwm and nothing else
    orders: int = 0
    replays: int = 0  # an id that it had heard
    expired: int = 0  # an order whose time was too far from its own
    forged: int = 0
    moved: list[tuple[int, str, bool, str]] = field(default_factory=list)  # when, output, on, why

    def __post_init__(self) -> None:
        outputs, sensors = EQUIPMENT[self.kind]
        self.outputs = dict.fromkeys(outputs, False)
        self.sensors = dict(sensors)

    # -- orders

    def order(self, channel: str, payload: bytes, now: int, wall_s: int) -> list[Say]:
        """What a node does when an order arrives."""
        if "deaf" in self.faults:
            return []
        try:
            body = json.loads(payload)
            cmd_id, cmd = str(body["cmd_id"]), str(body["cmd"])
        except (ValueError, KeyError, TypeError):
            return []
        if (wrong := self._unsigned(body, wall_s)) is not None:
            return self._said(channel, cmd_id, "ERROR", now, wall_s, error_code=wrong)
        self._forget(wall_s)
        if cmd_id in self.heard:
            self.replays += 1
            return []  # a node stays silent when an id comes twice
        self.heard[cmd_id] = wall_s
        self.orders += 1
        return self._do(channel, cmd_id, cmd, body.get("params", {}), now, wall_s)

    def advance(self, now: int, wall_s: int) -> list[Say]:
        """Runs that are over."""
        said: list[Say] = []
        for output, (end, cmd_id) in list(self.ends.items()):
            if end <= now:
                del self.ends[output]
                self._switch(output, False, "end", end)
                if not {"early_done", "noop_done"} & set(self.faults):
                    said += self._said(output, cmd_id, "DONE", now, wall_s, details={"transient": True, "state": False})
                    if "double" in self.faults:
                        said += self._said(output, cmd_id, "BUSY", now, wall_s)
        return said

    def power_cycle(self, now: int) -> None:
        """Everything off, and every id forgotten."""
        for output in self.outputs:
            self._switch(output, False, "power", now)
        self.ends.clear()
        self.heard.clear()

    def snapshot(self) -> dict[str, bool]:
        """The state as `state` and events print it: floats under their other names."""
        floats = {n: v for n, (m, v) in self.sensors.items() if m == "WATER_LEVEL_SWITCH"}
        named = {f"{n.split('_')[1]}_level_{n.split('_')[2]}": v >= 0.5 for n, v in floats.items()}
        return {**named, **self.outputs}

    def report(self, house: str, zone: str) -> dict[str, Any]:
        """The config_report."""
        sensors = [
            {"name": n, "type": "SENSOR", "metric": m, "poll_interval_ms": 200} for n, (m, _) in self.sensors.items()
        ]
        limits = {"max_duration_ms": int(self.faults.get("limit", {}).get("ms", 3_600_000)), "min_off_ms": 0}
        outputs = [
            {"name": n, "type": "ACTUATOR", "actuator_type": "PUMP" if n in PUMPS else "RELAY", "safe_limits": limits}
            for n in self.outputs
        ]
        kind = str(self.faults.get("stranger", {}).get("type", self.kind))
        return {"node_id": self.name, "version": 3, "type": kind, "gh_uid": house, "zone_uid": zone,
                "channels": [*sensors, *outputs], "fw_version": "sim"}  # fmt: skip

    def _do(self, channel: str, cmd_id: str, cmd: str, params: Any, now: int, wall_s: int) -> list[Say]:
        if "refuse" in self.faults and cmd != "state" and not _is_off(cmd, params):
            code = str(self.faults["refuse"].get("code", ""))
            status = str(self.faults["refuse"].get("status", "ERROR"))
            return self._said(channel, cmd_id, status, now, wall_s, error_code=code, error_message="by a switch")
        if cmd == "state" and channel == "storage_state" and self.kind == "irrig":
            details = {"snapshot": self.snapshot(), "sample_ts": wall_s}
            return self._said(channel, cmd_id, "DONE", now, wall_s, details=details)
        if cmd == "activate_sensor_mode" and channel == "system" and self.kind in ("ph", "ec"):
            self.asleep = False
            return self._said(channel, cmd_id, "DONE", now, wall_s, details={"mode": "ACTIVE"})
        if cmd == "set_relay" and "no_off" in self.faults:  # pH and EC firmware knows runs and doses only
            return self._said(channel, cmd_id, "ERROR", now, wall_s, error_code="unknown_command")
        if channel not in self.outputs or (cmd == "run_pump" and channel not in PUMPS):
            return self._said(channel, cmd_id, "INVALID", now, wall_s, error_code="unsupported_channel_cmd")
        if cmd == "run_pump":
            duration = params.get("duration_ms")
            if not isinstance(duration, int) or not 0 < duration <= 3_600_000:
                return self._said(channel, cmd_id, "INVALID", now, wall_s, error_code="missing_duration")
            return self._run(channel, cmd_id, duration, now, wall_s)
        if cmd in KNOWN and (channel in self.dimmed) is not (cmd == "set_pwm"):
            return self._said(channel, cmd_id, "ERROR", now, wall_s, error_code="driver_failed")
        if cmd in KNOWN:
            on = bool(params.get("value" if cmd == "set_pwm" else "state", cmd == "light_on"))
            duration = None if "latched" in self.faults else params.get("duration_ms")
            if on and isinstance(duration, int):
                return self._run(channel, cmd_id, duration, now, wall_s)
            if "noop_done" not in self.faults or not on:
                self._switch(channel, on, cmd, now)
            self.ends.pop(channel, None)
            return self._said(channel, cmd_id, "DONE", now, wall_s, details={"state": on})
        return self._said(channel, cmd_id, "ERROR", now, wall_s, error_code="unknown_command")

    def _run(self, output: str, cmd_id: str, duration_ms: int, now: int, wall_s: int) -> list[Say]:
        if "interlock" in self.faults and output == "pump_main" and not self.outputs.get("valve_irrigation"):
            return self._said(output, cmd_id, "ERROR", now, wall_s, error_code="pump_interlock_blocked")
        if "noop_done" in self.faults:
            return self._said(output, cmd_id, "DONE", now, wall_s, details={"note": "nothing to do"})
        self._switch(output, True, cmd_id, now)
        self.ends[output] = (now + duration_ms * 1_000_000, cmd_id)
        if "early_done" in self.faults:
            return self._said(output, cmd_id, "DONE", now, wall_s)
        return self._said(output, cmd_id, "ACK", now, wall_s) * (2 if "double" in self.faults else 1)

    def _switch(self, output: str, on: bool, why: str, now: int) -> None:
        if (on and "stuck" in self.faults) or (not on and "welded" in self.faults):
            return
        if self.outputs[output] is not on:
            self.outputs[output] = on
            self.moved.append((now, output, on, why))

    def _said(self, channel: str, cmd_id: str, status: str, now: int, wall_s: int, **more: Any) -> list[Say]:
        if "mute" in self.faults:
            return []
        if "lost" in self.faults and self.faults["lost"].setdefault("count", 1) > 0:
            self.faults["lost"]["count"] -= 1
            return []
        body: dict[str, Any] | bytes = {"cmd_id": cmd_id, "status": status, "ts": wall_s * 1000, **more}
        if "garbage" in self.faults:
            body = b'{"cmd_id":"' + cmd_id.encode() + b'","status":"DO'
        at = now + int(self.faults.get("late", {}).get("ms", 0)) * 1_000_000
        said = Say(at=at, topic=f"{channel}/command_response", body=body, retain="retained" in self.faults)
        return [said] * (2 if "duplicated" in self.faults else 1)

    # -- whom it believes

    def _unsigned(self, body: dict[str, Any], wall_s: int) -> str | None:
        ts, sig = body.get("ts"), body.pop("sig", None)
        if not isinstance(ts, int) or not isinstance(sig, str) or len(sig) != 64:
            return "invalid_hmac_format"
        if not self.synced:
            return "time_not_synced"
        skew = int(self.faults.get("clock", {}).get("seconds", 0))
        if abs(wall_s + skew - ts) > TOLERANCE_S:
            self.expired += 1
            return "timestamp_expired"
        if not hmac.compare_digest(
            sig.lower(), hmac.new(self.secret.encode(), _plain(body).encode(), "sha256").hexdigest()
        ):
            self.forged += 1
            return "invalid_signature"
        return None

    def _forget(self, wall_s: int) -> None:
        while self.heard and (
            len(self.heard) > REMEMBERED or next(iter(self.heard.values())) < wall_s - REMEMBERED_FOR_S
        ):
            self.heard.popitem(last=False)


def _is_off(cmd: str, params: Any) -> bool:
    return cmd == "light_off" or (cmd == "set_relay" and not params.get("state"))


def _plain(value: Any) -> str:
    """As cJSON prints a sorted copy: whole numbers as such, others with 15 digits, or 17 where those are not enough."""
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k, ensure_ascii=False) + ":" + _plain(value[k]) for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_plain, value)) + "]"
    if isinstance(value, float):
        if value == int(value) and abs(value) < 1e15:
            return f"{int(value)}"
        short = "%.15g" % value  # noqa: UP031  the very words of the C code
        return short if float(short) == value else "%.17g" % value  # noqa: UP031
    return json.dumps(value, ensure_ascii=False)
