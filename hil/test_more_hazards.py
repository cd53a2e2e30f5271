"""Hazards that need more than a pump and a valve: a fill, a heater, a dosing pump, and a node behind a broker."""

import contextlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edgectl.testing.daemon import DaemonProcess
from hil.bench import HOUSE, BenchRig
from hil.nodes import BenchNode, NodeSide
from hil.plugin import Report, Row
from hil.rig import Rig

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # paho lets its own sockets lie
]
SLACK_S = 3  # a loaded machine
FILL_S, POLL_S = 20, 4
GAP_S = 30  # the plants of this scene bear half a minute without water

TANK = """\
site: {{id: rig, name: Rig, timezone: Europe/Berlin, restarts_allowed: 1000}}
buses: {{field: {{type: modbus-rtu, port: {port}}}}}
devices:
  board: {{bus: field, profile: waveshare-relay-8ch, unit: 1}}
  level: {{bus: field, profile: qdy30a-level, unit: 5}}
sensors:
  tank_level: {{from: level.level, unit: "%", scale: [0, 250, 0, 100], range: [0, 100], max_age: 4s}}
actuators:
  fill:   {{to: board.relay_4, role: valve, max_on: 20s, stop_if: [tank_level > 90]}}
  heater: {{to: board.relay_5, role: heater, max_on: 1m}}
zones: {{}}
declare: [air_gap, overflow, emergency_stop, frost_thermostat]
"""
DRY = (
    HOUSE
    + """\
zones:
  beds:
    {{number: 1, pump: pump, valve: valve, tank: tank_level, flow: flow, max_gap: {gap},
     fallback: {{duration: 5s, every: 1h, max_per_day: 2}}}}
declare: [air_gap, overflow, motor_overload, emergency_stop]
"""
)
DOSE = """\
site: {{id: rig, name: Rig, timezone: Europe/Berlin, restarts_allowed: 1000}}
buses: {{line: {{type: ezo-uart, port: {acid}}}}}
devices: {{pmp: {{bus: line, profile: atlas-ezo-pmp}}}}
sensors: {{acid_given: {{from: pmp.total_volume, max_age: 6s}}}}
actuators:
  acid: {{to: pmp.pump, role: dosing, ml_per_s: 0.5, max_dose: 20ml, max_per_hour: 60ml, max_per_day: 90ml}}
zones: {{}}
declare: [anti_siphon, emergency_stop]
"""
NODE = """\
site: {{id: gh-1, name: Rig, timezone: Europe/Berlin, restarts_allowed: 1000}}
buses: {{nodes: {{type: mqtt, url: "mqtt://127.0.0.1:{broker}", protocol: hydro2}}}}
devices:
  irrig: {{bus: nodes, profile: hydro2-irrig, node: {node}, zone: {zone}, secret: {{credential: node-irrig}}}}
actuators:
  pump:  {{to: irrig.pump_main, role: pump, max_on: 1m, run_down: 500ms}}
  valve: {{to: irrig.valve_irrigation, role: valve, max_on: 2m, travel: 300ms}}
zones: {{beds: {{number: 1, pump: pump, valve: valve}}}}
declare: [air_gap, overflow, motor_overload, emergency_stop]
"""
AnyRig = Rig | BenchRig
APART_S = 3  # two readings so far apart are two


def told(report: Report, hazard: str, done: str, bound_s: float | None = None) -> Row:
    row = Row(hazard=hazard, done=done, bound_s=bound_s)
    report.rows.append(row)
    return row


def failed(report: Report, hazards: tuple[str, ...]) -> list[str]:
    """The rows of these hazards that did not hold; each has to be there."""
    rows = [row for row in report.rows if row.hazard.split()[0] in hazards]
    missing = [hazard for hazard in hazards if hazard not in {row.hazard.split()[0] for row in rows}]
    return [*missing, *(f"{row.hazard}: {row.done}: {row.plant}" for row in rows if not row.ok)]


def until(condition: Callable[[], Any], what: str, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"it did not come to it: {what}"
        time.sleep(0.05)


def alarm(daemon: DaemonProcess, part: str) -> str:
    rows = daemon.wait("/alarms", lambda rows: [r for r in rows if part in r["id"] and r["active"]], 60)
    return next(str(row["message"]) for row in rows if part in row["id"])


@contextlib.contextmanager
def at_work(rig: AnyRig, site: str, **more: str) -> Iterator[DaemonProcess]:
    """A controller that has read every sensor of its site."""
    with rig.daemon(site, **more) as daemon:
        daemon.wait_ready()
        daemon.wait("/channels", lambda rows: all(r["value"] is not None for r in rows if "sensor" in r))
        yield daemon


def reading(daemon: DaemonProcess, sensor: str) -> float:
    """What it reads; no number while the controller believes none, as of one that was not asked in time."""
    value = next(r["value"] for r in daemon.data("/channels") if r.get("sensor") == sensor)
    return math.nan if value is None else float(value)


def on(daemon: DaemonProcess, output: str, seconds: float) -> None:
    """Switched on, once it has been seen off since its last run."""
    daemon.wait(
        "/channels",
        lambda rows: any(r.get("output") == output and r["on"] is False and not r["owed_off"] for r in rows),
    )
    code, body = daemon.ask("POST", f"/outputs/{output}/on", {"seconds": seconds})
    assert code == 200, body


@pytest.mark.needs("fill_valve")
def test_a_fill_that_goes_wrong(rig: AnyRig, report: Report) -> None:
    with at_work(rig, TANK) as tank:
        row = told(report, "H2 tank overflow", "the tank runs full while its fill valve is open", POLL_S)
        rig.do("tank", percent=60)
        on(tank, "fill", FILL_S)
        until(lambda: rig.on("fill"), "the fill valve opens")
        rig.do("tank", percent=97)
        begun = time.monotonic()
        until(lambda: not rig.on("fill"), "the fill valve closes", FILL_S - 2)
        row.safe_s, row.plant = round(time.monotonic() - begun, 2), "the fill valve closed by the level"
        row.ok = row.safe_s <= POLL_S + SLACK_S

        row = told(report, "H2 tank overflow", "the level is stuck low while the fill valve is open", 3)
        rig.do("tank", percent=50)
        tank.wait("/channels", lambda _: 45 <= reading(tank, "tank_level") <= 55)
        rig.hurt("frozen_level")
        on(tank, "fill", 3)
        until(lambda: rig.on("fill"), "the fill valve opens")
        rig.do("tank", percent=99)
        begun = time.monotonic()
        until(lambda: not rig.on("fill"), "the fill valve closes", 20)
        row.safe_s, row.plant = round(time.monotonic() - begun, 2), "the fill valve closed by its time, by the board"
        last = [move for move in rig.moves() if move.output == "fill"][-1]
        # A witness sees that it closed, and a simulated board tells besides that its own timer did it.
        row.ok = last.why in ("pulse_end", "seen") and row.safe_s <= 3 + SLACK_S
        rig.heal()
    assert failed(report, ("H2",)) == []


def test_plants_that_get_no_water_are_called_for_and_tried_by_the_plain_timer(rig: AnyRig, report: Report) -> None:
    row = told(report, "H23 plants without water", "the suction is blocked, and no schedule asks for water", GAP_S)
    rig.hurt("blocked")
    with at_work(rig, DRY, gap=f"{GAP_S}s") as daemon:
        row.alarm = alarm(daemon, "zone_thirsty:beds")
        assert not rig.moves(), "a person is called before anything is tried"
        until(lambda: rig.on("pump"), "the plain timer waters", GAP_S + 10)
        begun = time.monotonic()
        until(lambda: not rig.on("pump") and not rig.on("valve"), "and gives up on a pump that moves no water", 20)
        row.safe_s, row.bound_s = round(time.monotonic() - begun, 2), 5
        daemon.wait("/tasks", lambda rows: [t for t in rows if t["result"] and t["status"] == "failed"])
        row.plant = "a person was called, the plain timer tried once, and the dry pump was stopped"
        row.ok = row.safe_s <= 5 + SLACK_S and [move.on for move in rig.moves() if move.output == "pump"] == [
            True,
            False,
        ]
    assert failed(report, ("H23",)) == []


@pytest.mark.needs("heater")
def test_a_heater_whose_relay_welds(rig: AnyRig, report: Report) -> None:
    row = told(report, "H5 heater stuck on", "the relay of the heater welds while it is on")
    with at_work(rig, TANK) as tank:
        on(tank, "heater", 3)
        until(lambda: rig.on("heater"), "the heater is on")
        rig.hurt("welded_relay", relay=5)
        row.alarm = alarm(tank, "output_may_be_on:heater")
        row.plant = "the heater stays on; only its own thermostat or a hand can stop it"
        row.ok = rig.on("heater")
        rig.heal()
    assert failed(report, ("H5",)) == []


@pytest.mark.needs("dosing_pump")
def test_a_dose_whose_answer_is_lost(rig: AnyRig, report: Report) -> None:
    row = told(report, "H3 overdose", "the answer of the dosing pump to an order of 5 ml is lost")
    with at_work(rig, DOSE) as daemon:
        before, ordered = reading(daemon, "acid_given"), rig.doses()
        rig.hurt("lost_answer")
        on(daemon, "acid", 10)
        daemon.wait("/channels", lambda _: reading(daemon, "acid_given") > before, 60)
        seen = [(time.monotonic(), before)]

        def stands() -> bool:
            """The total of the pump itself is twice the same, and no OFF is owed."""
            if time.monotonic() - seen[-1][0] >= APART_S:
                seen.append((time.monotonic(), reading(daemon, "acid_given")))
            return seen[-1][1] == seen[-2][1] > before if len(seen) > 2 and not owed(daemon, "acid") else False

        until(stands, "the dose is over", 60)
        given = seen[-1][1] - before
        row.plant = f"{given:.2f} ml left the pump" + (", ordered once" if ordered is not None else "")
        row.ok = 0 < given <= 5.01 and (ordered is None or rig.doses() == ordered + 1)
    assert failed(report, ("H3",)) == []


def owed(daemon: DaemonProcess, output: str) -> bool:
    return any(r["owed_off"] for r in daemon.data("/channels") if r.get("output") == output)


@pytest.mark.needs("node")
def test_a_node_behind_a_broker_that_is_hurt(rig: AnyRig, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    with rig.node_side() as side:
        secrets = rig.folder / "credentials"
        secrets.mkdir(mode=0o700)
        (secrets / "node-irrig").write_text(side.secret + "\n")
        os.chmod(secrets / "node-irrig", 0o600)
        monkeypatch.setenv("EDGECTL_CREDENTIALS", str(secrets))
        with rig.daemon(NODE, broker=side.broker.port, node=side.name, zone=side.zone) as daemon:
            daemon.wait_ready()
            Hurt(side, daemon, report).all()
    assert failed(report, ("H6", "H11", "H17", "H18", "H24")) == []


class Hurt:
    """What is done to a node, one thing after the other."""

    def __init__(self, side: NodeSide | BenchNode, daemon: DaemonProcess, report: Report) -> None:
        self.side, self.daemon, self.report = side, daemon, report
        self.recorded: list[tuple[str, bytes]] = []
        self.spy = paho.Client(CallbackAPIVersion.VERSION2, client_id="spy")
        self.spy.on_message = lambda _c, _d, said: self.recorded.append((said.topic, bytes(said.payload)))

    def all(self) -> None:
        self.spy.connect("127.0.0.1", self.side.broker.port)
        self.spy.loop_start()
        self.spy.subscribe("hydro/+/+/+/+/command", 1)
        self.wait_well()
        on(self.daemon, "valve", 2)
        until(lambda: self.moves() == [True, False], "it ran and closed")
        orders = [one for one in self.recorded if one[0].endswith("valve_irrigation/command")]
        opens = next(one for one in orders if json.loads(one[1])["params"]["state"] is True)
        self.old_orders(orders, opens)
        self.forged_order(opens)
        self.spy.publish(opens[0], b"", 1, retain=True).wait_for_publish(10)
        self.spy.loop_stop()
        self.dead_broker()
        self.people()
        self.dead_node()

    def moves(self) -> list[bool]:
        """What the valve of the bed did."""
        return [move.on for move in self.side.moves() if move.output == "bed"]

    def wait_well(self) -> None:
        self.daemon.wait(
            "/status", lambda status: not any(d["down"] for b in status["buses"] for d in b["devices"]), 60
        )

    def old_orders(self, orders: list[tuple[str, bytes]], opens: tuple[str, bytes]) -> None:
        row = told(self.report, "H17 an old order acts again", "each order is played back, and one is retained")

        def play() -> None:
            for topic, payload in orders * 4:
                self.spy.publish(topic, payload, 1)
            self.spy.publish(*opens, 1, retain=True)

        self.side.hears(play, old=4 * len(orders))
        row.plant = f"the node heard {4 * len(orders)} old orders; the valve opened once in all, when it was ordered"
        row.ok = self.moves() == [True, False]

    def forged_order(self, opens: tuple[str, bytes]) -> None:
        row = told(self.report, "H18 a forged order", "an order with a signature of another secret is published")
        body = {**json.loads(opens[1]), "cmd_id": "forged-1", "ts": int(time.time())}

        def forge() -> None:
            self.spy.publish(opens[0], json.dumps(body), 1)

        self.side.hears(forge, forged=1)
        row.plant = "the node refused it, and the timeline names who else gives orders"
        row.ok = self.moves() == [True, False]

    def dead_broker(self) -> None:
        row = told(self.report, "H11 a broker that is down", "SIGKILL of the broker while the valve is open", 10)
        on(self.daemon, "valve", 8)
        until(lambda: self.moves() == [True, False, True], "the valve opens")
        self.side.broker.kill()
        begun = time.monotonic()
        row.alarm = alarm(self.daemon, "biz_node_offline:irrig")
        self.daemon.ask("POST", "/outputs/pump/on", {"seconds": 2})  # whatever it answers, it must not run later
        until(lambda: not self.moves()[-1], "the node closes the valve by itself", 20)
        last = [move for move in self.side.moves() if move.output == "bed"][-1]
        row.safe_s = round(last.at / 1e9 - begun, 2)
        row.plant = "the node closed the valve at the end that its order bore"
        self.side.broker.start()
        self.wait_well()
        ran = [move for move in self.side.moves() if move.output == "bed_pump"]
        row.ok = row.safe_s <= 10 + SLACK_S and not ran

    def people(self) -> None:
        row = told(self.report, "H24 people at the machine", "the zone is locked, and its valve is ordered on")
        assert self.daemon.ask("POST", "/zones/beds/lock", {"why": "hands in the bed"})[0] == 200
        refused = self.daemon.ask("POST", "/outputs/valve/on", {"seconds": 2})
        row.plant, row.ok = "the order was refused, nothing moved", refused[0] == 409 and self.moves().count(True) == 2
        assert self.daemon.ask("DELETE", "/zones/beds/lock")[0] == 200

    def dead_node(self) -> None:
        row = told(self.report, "H6 work that silently does not happen", "the node loses its supply")
        self.side.end()
        row.alarm = alarm(self.daemon, "biz_node_offline:irrig")
        refused = self.daemon.ask("POST", "/outputs/valve/on", {"seconds": 2})
        row.plant, row.ok = "nothing is ordered of it any more", refused[0] == 409
