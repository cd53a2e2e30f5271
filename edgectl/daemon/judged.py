"""What of a safe plan can be followed: judged wholly, here and nowhere else.

The disk may have flipped a bit since the plan was written, or somebody edited it. A bus bears the sum of its facts, so
that a changed coil never becomes an order to another place, and a lost `rests_drawn` never an ON; its shape is judged
all the same, because a plan of an older edgectl bears no sums. A damaged bus leaves the others in force.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from edgectl.drivers.wiring import DRIVEN, SPOKEN, Broker, RtuGateway, SerialLine, TcpHost

PLACE = ("unit", "coil", "register", "node", "zone", "channel", "number")  # what says where an output is
FACTS = ("name", "kind", "line", "outputs")
LINES = {
    "ezo-uart": SerialLine,
    "modbus-rtu": SerialLine,
    "modbus-rtu-over-tcp": RtuGateway,
    "modbus-tcp": TcpHost,
    "mqtt": Broker,
    "serial-lines": SerialLine,
}
HOST = re.compile(r"[\w.:%-]{1,253}")
HEX = re.compile(r"([0-9a-f]{2})+")
FASTEST = 10_000_000
assert set(LINES) == DRIVEN


class PlanDamaged(Exception):
    """A plan, or one bus of it, that cannot be followed: where, and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedBus:
    """As much as can still be read of a bus that cannot be followed: each of the `outputs` has at least a name."""

    name: str
    why: str
    outputs: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A plan: `buses` can be followed word for word, `damaged` not at all."""

    buses: tuple[dict[str, Any], ...] = ()
    damaged: tuple[DamagedBus, ...] = ()
    made_from: str = ""


def judge(raw: bytes) -> Judged:
    """What these bytes say. Never raises."""
    try:
        plan = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return _nothing(f"the plan is no JSON: {error}")
    if not isinstance(plan, dict) or not isinstance(plan.get("buses"), list):
        return _nothing("the plan names no buses")
    buses, damaged = [], []
    for bus in plan["buses"]:
        try:
            buses.append(_followable(bus))
        except (PlanDamaged, RecursionError) as error:
            damaged.append(_remains(bus, str(error)))
    made_from = plan.get("made_from")
    kept = plan.get("damaged")  # what an earlier life could not follow either
    earlier = "an earlier start could not follow it"
    damaged += [_remains(bus, earlier) for bus in (kept if isinstance(kept, list) else ())]
    return Judged(buses=tuple(buses), damaged=tuple(damaged), made_from=made_from if isinstance(made_from, str) else "")


def summed(bus: Mapping[str, Any]) -> dict[str, Any]:
    """A bus with the sum of its facts."""
    return {**bus, "sum": _sum(bus)}


def _sum(bus: Mapping[str, Any]) -> str:
    facts = json.dumps({key: bus[key] for key in FACTS}, sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def _nothing(why: str) -> Judged:
    return Judged(damaged=(DamagedBus(name="?", why=why),))


def _remains(bus: object, why: str) -> DamagedBus:
    bus = bus if isinstance(bus, dict) else {}
    name, outputs = bus.get("name"), bus.get("outputs")
    named = tuple(
        {key: output[key] for key in ("actuator", *PLACE) if _text(output.get(key)) or type(output.get(key)) is int}
        for output in (outputs if isinstance(outputs, list) else ())
        if isinstance(output, dict) and _text(output.get("actuator"))
    )
    return DamagedBus(name=str(name) if _text(name) else "?", why=why, outputs=named)


def _followable(bus: object) -> dict[str, Any]:
    """The facts of a bus. Raises PlanDamaged."""
    if not isinstance(bus, dict):
        raise PlanDamaged("a bus of the plan is no bus")
    name, kind, line, outputs = (bus.get(key) for key in FACTS)
    if not _text(name):
        raise PlanDamaged("a bus of the plan has no name")
    where = f"bus {name} of the plan"
    if not isinstance(kind, str) or kind not in LINES:
        raise PlanDamaged(f"{where} is of no type that is known")
    if not isinstance(line, dict) or (wrong := _wrong_in_line(kind, line)):
        raise PlanDamaged(f"{where} has no line that can be opened" + (f": {wrong}" if isinstance(line, dict) else ""))
    if not isinstance(outputs, list) or not all(_is_output(kind, line, output) for output in outputs):
        raise PlanDamaged(f"{where} has an output that is nowhere")
    if not set(bus) <= {*FACTS, "sum"} or ("sum" in bus and bus["sum"] != _sum(bus)):
        raise PlanDamaged(f"{where} is not as it was written")
    return {key: bus[key] for key in FACTS}


def _wrong_in_line(kind: str, line: Mapping[str, Any]) -> str:
    """What of a line is not what its type needs; empty when all of it is."""
    known = fields(LINES[kind])
    if extra := sorted(set(line) - {field.name for field in known}):
        return f"{extra[0]!a} is unknown"
    for field in known:
        if field.name not in line:
            if field.name in NEEDED:
                return f"{field.name} is missing"
        elif not (PORTS if field.name == "port" and "host" in line else LINE)[field.name](line[field.name]):
            return f"{field.name} {line[field.name]!a} is none"
    return ""


def _is_output(kind: str, line: Mapping[str, Any], output: object) -> bool:
    if not isinstance(output, dict) or not _text(output.get("actuator")):
        return False
    needed: dict[str, Callable[[object], bool]] = {}
    if kind.startswith("modbus-"):
        needed = WORDS if "register" in output else MODBUS
    elif kind == "serial-lines":
        needed = BOARD
    elif kind == "mqtt":
        needed = NODE if line["protocol"] == "hydro2" else PLUG
    return all(fits(output.get(key)) for key, fits in needed.items())


def _text(value: object) -> bool:
    """A word that can be printed and be part of a path."""
    return _printable(value) and value != ""


def _printable(value: object) -> bool:
    return isinstance(value, str) and len(value) < 4096 and value.isprintable()


def _words(value: object) -> bool:
    return isinstance(value, str)


def _number(lowest: int, highest: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and lowest <= value <= highest


def _may_be(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or fits(value)


def _bytes(value: object) -> bool:
    return isinstance(value, str) and HEX.fullmatch(value) is not None


def _host(value: object) -> bool:
    return isinstance(value, str) and HOST.fullmatch(value) is not None


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_numbers(value: object) -> bool:
    return isinstance(value, list) and all(_number(0, 0xFFFF)(number) for number in value)


def _is_panel(value: object) -> bool:
    return isinstance(value, dict) and _bytes(value.get("ask")) and all(_words(value.get(k)) for k in PANEL)


NEEDED = frozenset({"port", "host", "protocol", "house"})
PANEL = ("label", "on", "off")
LINE: dict[str, Callable[[object], bool]] = {
    "port": _text,
    "baudrate": _number(1, FASTEST),
    "parity": lambda value: value in ("N", "E", "O"),
    "stopbits": _number(1, 2),
    "host": _host,
    "protocol": lambda value: isinstance(value, str) and value in SPOKEN,
    "house": _text,
    "tls": _flag,
    **dict.fromkeys(("username", "password", "ca", "certificate", "key"), _words),
}
PORTS = {**LINE, "port": _number(1, 0xFFFF)}
MODBUS = {"unit": _number(1, 247), "coil": _number(0, 0xFFFF), "rests_drawn": _may_be(_flag)}
WORDS = {"unit": _number(1, 247), "register": _number(0, 0xFFFF), "says": _number(0, 0xFFFF), "shows": _number(0, 1)}
BOARD = {"number": _number(0, 0xFFFF), "says": _bytes, "rests": _words, "numbers": _is_numbers, "panel": _is_panel}
NODE = {
    "node": _text, "zone": _text, "channel": _text, "secret": _words, "state": _words,
    "number": _may_be(_number(0, 0xFFFF)), "order": _may_be(_words),
}  # fmt: skip
PLUG = {"node": _text, "channel": _text, "state": _words, "number": _number(0, 0xFFFF)}
