"""The bench: real devices with the face of a rig. What is not there is said before anything is switched.

Two rules. What moved is told by the witness, never by the bus under test. And a fault that only hands can make is asked
of a person, or of a program that has hands; where neither is, the scene fails with that sentence and is not passed
over.
"""

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from edgectl.drivers import discover
from edgectl.drivers.circuit import ask_kind
from edgectl.drivers.codecs import modbus
from edgectl.drivers.codecs.modbus import BadReply
from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.talk import open_line
from edgectl.drivers.wiring import SerialLine, TcpHost, Wire
from edgectl.testing.daemon import DaemonProcess
from hil.moves import LOADS, Move
from hil.nodes import BenchNode

REPLY_WITHIN_S = 0.3
LOOKED_EVERY_S = 0.02
HAND_WITHIN_S = 120
HANDS = {
    "blocked": "shut the tap behind the pump",
    "dead": "cut the supply of the device at address {unit}",
    "unplug": "pull the adapter of the line under test out of its socket",
    "tank": "fill or empty the vessel until the level stands at {percent:g} %",
    "welded_relay": "bridge the contact of relay {relay}",
    "frozen_level": "take the level probe into a cup that keeps it where it is, whatever the vessel does",
    "lost_answer": "take off the wire by which the dosing pump answers, and put it back when the pump stands",
    "node_off": "cut the supply of the node",
    "wrong_identity": "put another device at the address of the relay board",
    "plug": "put the adapter back into its socket",
    "heal": "put everything back as it was",
    "bad_crc": "short A and B of the line again and again",
}
# What every house on a bench is watered by; its zones come behind.
HOUSE = """\
site: {{id: bench, name: Bench, timezone: Europe/Berlin, restarts_allowed: 1000}}
buses: {{field: {{type: modbus-rtu, port: {port}}}}}
devices:
  board: {{bus: field, profile: waveshare-relay-8ch, unit: 1}}
  level: {{bus: field, profile: qdy30a-level, unit: 5}}
  meter: {{bus: field, profile: wb-mcm8, unit: 7}}
sensors:
  tank_level: {{from: level.level, unit: "%", scale: [0, 250, 0, 100], range: [0, 100], max_age: 4s}}
  flow: {{from: meter.frequency_1, unit: L/min, scale: [0, 7.5, 0, 1], max_age: 2s, range: [0, 60]}}
actuators:
  pump: {{to: board.relay_1, role: pump, max_on: 1m, requires: [tank_level > 15], stop_if: [tank_level < 10]}}
  valve: {{to: board.relay_2, role: valve, max_on: 2m, travel: 200ms}}
"""
SITE = (
    HOUSE
    + """\
zones: {{beds: {{number: 1, pump: pump, valve: valve, tank: tank_level, flow: flow}}}}
schedules: {{watering: {{zone: beds, task: irrigation, every: 1h, duration: {duration}}}}}
"""
)


class RigAbsent(Exception):
    """The rig is not there, or not whole: each missing part in a line."""


class BenchRig:
    """Real devices. A context manager: the witness looks as long as it is open."""

    def __init__(self, plan: Mapping[str, Any], folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self._field = os.environ.get("EDGECTL_BENCH_FIELD", plan["field"])
        self._witness = os.environ.get("EDGECTL_BENCH_WITNESS", plan["witness"]["place"])
        self._hands = os.environ.get("EDGECTL_BENCH_HANDS", plan.get("hands", ""))
        self._seen: list[Move] = []
        self._on = [False] * len(LOADS)
        self._over = threading.Event()
        self._looker = threading.Thread(target=self._look, name="witness")

    def __enter__(self) -> Self:
        if missing := self.absent():
            raise RigAbsent(missing)
        self._looker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looker.join(10)

    def absent(self) -> str:
        """What is not there, or is something else; empty when the bench is whole."""
        missing = [*self._absent_devices(), *self._absent_witness(), *self._absent_pump()]
        build = 'docs/rig.md, "A bench of real devices", says what to buy and how to wire it'
        lines = [f"{self.plan['title']} is not there:", *(f"  {line}" for line in missing), f"  {build}"]
        return "\n".join(lines) if missing else ""

    def controller(self, *, duration: str) -> DaemonProcess:
        """A controller for the bench that waters once, as soon as it is ready."""
        return self.daemon(SITE, duration=duration)

    def daemon(self, site: str, **more: Any) -> DaemonProcess:
        """A controller with a site file of the scene's own; {port} is the serial line, {acid} that of the pump."""
        path = self.folder / "site.yaml"
        path.write_text(site.format(port=self._field, acid=self.plan["parts"].get("dosing_pump", ""), **more))
        return DaemonProcess(self.folder, path)

    def node_side(self) -> BenchNode:
        """The node of this bench and its broker, to be opened."""
        return BenchNode(self.plan["parts"]["node"], self.folder / "nodes", self.moves, self.do)

    def doses(self) -> int | None:
        """Nobody counts the orders of a real pump; its own total tells what it gave."""
        return None

    def hurt(self, kind: str, **more: Any) -> None:
        """A fault, by hand."""
        self.do(kind, **more)

    def do(self, what: str, **more: Any) -> None:
        """Ask whoever has hands for it. Fails where nobody is."""
        asked = HANDS[what].format(**more)
        if self._hands:
            words = [self._hands, what, *(f"{key}={value}" for key, value in more.items())]
            done = subprocess.run(words, capture_output=True, text=True, timeout=HAND_WITHIN_S, check=False)
            assert done.returncode == 0, f"{self._hands} could not: {asked}: {done.stderr.strip() or done.returncode}"
            return
        try:
            with Path("/dev/tty").open("r+") as terminal:
                terminal.write(f"\nNOW: {asked}, then press Enter ")
                terminal.flush()
                terminal.readline()
        except OSError:
            raise AssertionError(f"only hands can do this on a bench, and nobody is here: {asked}") from None

    def heal(self) -> None:
        """Everything as it was, by hand."""
        self.do("heal")

    def on(self, output: str) -> bool:
        """Whether an output is on now, by the witness."""
        return self._on[LOADS.index(output)]

    def moves(self) -> list[Move]:
        """Every relay that moved, in order, by the witness."""
        return list(self._seen)

    def _look(self) -> None:
        with open_line(line_at(self._witness), reply_within_s=REPLY_WITHIN_S) as talk:
            request = modbus.read(self.plan["witness"]["unit"], 2, 0, 8)
            while not self._over.wait(LOOKED_EVERY_S):
                try:
                    bits = modbus.bits(talk.exchange(request), 8)
                except BadReply:
                    continue  # the next look is 20 ms away
                for place, name in enumerate(LOADS):
                    if bits[place] is not self._on[place]:
                        self._on[place] = bits[place]
                        self._seen.append(Move(output=name, on=bits[place], at=time.monotonic_ns(), why="seen"))

    def _absent_devices(self) -> list[str]:
        try:
            with open_line(line_at(self._field), reply_within_s=REPLY_WITHIN_S) as talk:
                found = {row["unit"]: discover.probe(talk, "modbus-rtu", row["unit"]) for row in self.plan["labels"]}
        except (LinkDown, OSError) as error:
            return [f"the line under test, {self._field}: {_reason(error)} (EDGECTL_BENCH_FIELD names another)"]
        missing = []
        for row in self.plan["labels"]:
            fits = [guess.profile for guess in found[row["unit"]].guesses]
            if row["is"] not in fits:
                there = f"there is {' or '.join(fits)}" if fits else "nobody answers"
                missing.append(f"{row['label']}, a {row['is']} at unit {row['unit']}: {there}")
        return missing

    def _absent_witness(self) -> list[str]:
        unit = self.plan["witness"]["unit"]
        try:
            with open_line(line_at(self._witness), reply_within_s=REPLY_WITHIN_S) as talk:
                talk.exchange(modbus.read(unit, 2, 0, 8))
        except (LinkDown, OSError, BadReply) as error:
            where = f"unit {unit} at {self._witness}"
            return [f"the witness of the relays, {where}: {_reason(error)} (EDGECTL_BENCH_WITNESS names another)"]
        return []

    def _absent_pump(self) -> list[str]:
        if not (place := self.plan["parts"].get("dosing_pump")):
            return []
        try:
            kind, _ = ask_kind(str(place))
        except (LinkDown, OSError) as error:
            return [f"the dosing pump, {place}: {_reason(error)}"]
        return [] if kind == "PMP" else [f"the dosing pump, an EZO-PMP at {place}: there is {kind or 'nobody'}"]


def line_at(place: str) -> Wire:
    """A port, or HOST:PORT."""
    if place.startswith("/"):
        return SerialLine(port=place)
    host, _, port = place.rpartition(":")
    return TcpHost(host=host, port=int(port))


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else str(error)
