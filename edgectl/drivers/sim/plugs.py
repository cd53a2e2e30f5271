"""Tasmota and Shelly devices as their makers describe them. Pure: messages in, messages out; time is an argument.

An answer is (topic, payload, retain). Whatever a relay did is in `moved`.
"""

import json
import math
from dataclasses import dataclass, field
from typing import Any

SECOND = 1_000_000_000
Said = tuple[str, str, bool]


@dataclass(slots=True, kw_only=True)
class Plug:
    """What both kinds have: relays that a timer may end, and faults. `restores` is what a power cut does to it."""

    name: str
    relays: int = 1
    on: list[bool] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)
    restores: bool = False
    faults: set[str] = field(default_factory=set)
    orders: int = 0
    watts: float = 0.0
    moved: list[tuple[int, str, bool, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.on = [False] * self.relays

    def turn(self, number: int, on: bool, why: str, now: int) -> bool:
        """Move one relay, counted from 1. True when it moved."""
        if "stuck" in self.faults or self.on[number - 1] is on:
            return False
        self.on[number - 1] = on
        if not on:
            self.ends.pop(number, None)
        self.moved.append((now, f"relay_{number}", on, why))
        return True

    def ended(self, now: int) -> list[tuple[int, int]]:
        """The relays whose time is over, each with the instant of its end, however late anybody looks."""
        over = [(number, end) for number, end in self.ends.items() if now >= end]
        for number, _ in over:
            del self.ends[number]
        return over


@dataclass(slots=True, kw_only=True)
class TasmotaPlug(Plug):
    """Commands come on cmnd/NAME/COMMAND and are worked off one after the other."""

    pulse: dict[int, int] = field(default_factory=dict)  # by relay: as PulseTime counts
    degrees: float = 21.5

    @property
    def topics(self) -> tuple[str, ...]:
        """What it listens to."""
        return (f"cmnd/{self.name}/+",)

    @property
    def will(self) -> Said:
        """What the broker says when it is gone."""
        return f"tele/{self.name}/LWT", "Offline", True

    def hello(self) -> list[Said]:
        """Its first words."""
        return [(f"tele/{self.name}/LWT", "Online", True), (f"cmnd/{self.name}/POWER", "", False)]

    def hear(self, topic: str, payload: str, now: int) -> list[Said]:
        """One command, or a backlog of them."""
        command = topic.rpartition("/")[2]
        if "deaf" in self.faults:
            return []
        told = payload.split(";") if command.lower().startswith("backlog") else [f"{command} {payload}"]
        said: list[Said] = []
        for _ in range(2 if "double" in self.faults else 1):
            for one in told:
                word, _, rest = one.strip().partition(" ")
                said += self._obey(word.lower(), rest.strip(), now)
        return said

    def advance(self, now: int) -> list[Said]:
        """What happens by itself."""
        return [item for number, end in self.ended(now) for item in self._power(number, "OFF", "pulse", end)]

    def telemetry(self) -> list[Said]:
        """What it says each TelePeriod."""
        return [self._tele("SENSOR", self._sensors()), self._tele("STATE", self._state())]

    def _obey(self, word: str, rest: str, now: int) -> list[Said]:
        number = int(word[-1]) if word[-1:].isdigit() else 1
        match word.rstrip("0123456789"):
            case "publish":
                topic, _, text = rest.partition(" ")
                return [(topic, text, False)]
            case "power" if 1 <= number <= self.relays:
                self.orders += rest.upper() == "ON"
                return self._power(number, rest.upper(), "order", now)
            case "pulsetime":
                if rest:
                    self.pulse[number] = int(rest)
                left = math.ceil(max(0, self.ends.get(number, now) - now) / SECOND)
                return [self._stat({f"PulseTime{number}": {"Set": self.pulse.get(number, 0), "Remaining": left}})]
            case "poweronstate":
                return [self._stat({"PowerOnState": 3 if self.restores else 0})]
            case "status" if rest in ("10", "11"):
                body = {"StatusSNS": self._sensors()} if rest == "10" else {"StatusSTS": self._state()}
                return [(f"stat/{self.name}/STATUS{rest}", json.dumps(body), False)]
            case _:
                return [self._stat({"Command": "Unknown"})]

    def _power(self, number: int, wanted: str, why: str, now: int) -> list[Said]:
        if wanted in ("ON", "OFF"):
            on = wanted == "ON"
            self.turn(number, on, why, now)
            counts = self.pulse.get(number, 0)
            if on and counts and self.on[number - 1]:  # it starts again with every ON
                span = counts * SECOND // 10 if counts <= 111 else (counts - 100) * SECOND
                self.ends[number] = now + span
        name, state = self._called(number), "ON" if self.on[number - 1] else "OFF"
        if "noop" in self.faults:
            state = wanted or state
        return [self._stat({name: state}), (f"stat/{self.name}/{name}", state, False)]

    def _called(self, number: int) -> str:
        return "POWER" if self.relays == 1 else f"POWER{number}"

    def _state(self) -> dict[str, Any]:
        shown = {self._called(n): "ON" if on else "OFF" for n, on in enumerate(self.on, 1)}
        return {"Time": "2026-01-01T00:00:00", "Uptime": "0T00:01:00", **shown, "Wifi": {"RSSI": 66}}

    def _sensors(self) -> dict[str, Any]:
        air = {"Temperature": self.degrees, "Humidity": 55.5}
        energy = {"Power": self.watts, "Voltage": 230, "Current": round(self.watts / 230, 3)}
        return {"Time": "2026-01-01T00:00:00", "AM2301": air, "ENERGY": energy, "TempUnit": "C"}

    def _stat(self, body: dict[str, Any]) -> Said:
        return f"stat/{self.name}/RESULT", json.dumps(body), False

    def _tele(self, what: str, body: dict[str, Any]) -> Said:
        return f"tele/{self.name}/{what}", json.dumps(body), False


@dataclass(slots=True, kw_only=True)
class ShellyPlug(Plug):
    """Requests come on NAME/rpc, answers go to where each wants them."""

    @property
    def topics(self) -> tuple[str, ...]:
        """What it listens to."""
        return (f"{self.name}/rpc",)

    @property
    def will(self) -> Said:
        """What the broker says when it is gone."""
        return f"{self.name}/online", "false", True

    def hello(self) -> list[Said]:
        """Its first words."""
        return [(f"{self.name}/online", "true", True)]

    def hear(self, topic: str, payload: str, now: int) -> list[Said]:
        """One request."""
        if "deaf" in self.faults:
            return []
        asked = json.loads(payload)
        said: list[Said] = []
        for _ in range(2 if "double" in self.faults else 1):
            answer = self._answer(asked["method"], asked.get("params", {}), now)
            frame = {"id": asked["id"], "src": self.name, "dst": asked["src"], **answer}
            said += [(f"{asked['src']}/rpc", json.dumps(frame), False)]
        return said

    def advance(self, now: int) -> list[Said]:
        """What happens by itself."""
        said = []
        for number, end in self.ended(now):
            self.turn(number, not self.on[number - 1], "timer", end)
            said.append(self._notify(number, "timer"))
        return said

    def telemetry(self) -> list[Said]:
        """Nothing: status over MQTT is off from the factory."""
        return []

    def press(self, number: int, now: int) -> list[Said]:
        """Somebody's finger."""
        self.turn(number, not self.on[number - 1], "button", now)
        return [self._notify(number, "button")]

    def _answer(self, method: str, params: dict[str, Any], now: int) -> dict[str, Any]:
        match method:
            case "Switch.Set":
                number = int(params["id"]) + 1
                if not 1 <= number <= self.relays:
                    return {"error": {"code": -105, "message": f"Argument 'id', value {number - 1} not found!"}}
                was = self.on[number - 1]
                self.orders += bool(params["on"])
                if "noop" not in self.faults:
                    self.turn(number, bool(params["on"]), "order", now)
                    self.ends.pop(number, None)
                    if "toggle_after" in params and self.on[number - 1] is params["on"]:
                        self.ends[number] = now + round(params["toggle_after"] * SECOND)
                return {"result": {"was_on": was}}
            case "Shelly.GetStatus":
                return {
                    "result": {
                        "sys": {"uptime": 60, "cfg_rev": 10 + self.restores},
                        **{f"switch:{n}": self._status(n) for n in range(self.relays)},
                    }
                }
            case "Shelly.GetConfig":
                state = "restore_last" if self.restores else "off"
                return {"result": {f"switch:{n}": {"id": n, "initial_state": state} for n in range(self.relays)}}
            case _:
                return {"error": {"code": 404, "message": f"No handler for {method}"}}

    def _status(self, place: int) -> dict[str, Any]:
        on = self.on[place]
        amps = round(self.watts / 230, 3)
        return {"id": place, "source": "init", "output": on, "apower": self.watts, "voltage": 230.0, "current": amps}

    def _notify(self, number: int, source: str) -> Said:
        change = {"id": number - 1, "output": self.on[number - 1], "source": source}
        body = {
            "src": self.name,
            "dst": "x",
            "method": "NotifyStatus",
            "params": {"ts": 1.0, f"switch:{number - 1}": change},
        }
        return f"{self.name}/events/rpc", json.dumps(body), False
