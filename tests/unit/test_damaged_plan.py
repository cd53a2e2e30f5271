"""A plan on which the disk flipped a bit: nothing of it ends a start, and it leaves no output on without a word."""

import json
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edgectl.__main__ import main
from edgectl.cli import safe_state
from edgectl.config.loader import load
from edgectl.daemon import former, safeplan, words
from edgectl.daemon.judged import judge, summed
from edgectl.daemon.words import FirstWords
from edgectl.drivers import rescue as rescues
from edgectl.drivers import talk
from tests.unit.test_config_lines import SITE as BOARD
from tests.unit.test_config_plugs import SITE as PLUGS
from tests.unit.test_safe_plan_nodes import SITE as NODES

ROOT = Path(__file__).parents[2]
HOUSE = """\
site: {id: gh-1, name: Plan, timezone: Europe/Berlin}
buses:
  field: {type: modbus-rtu, port: /nowhere/field}
  hall:  {type: modbus-rtu-over-tcp, host: 127.0.0.1, port: 9}
  roof:  {type: modbus-tcp, host: roof.invalid}
  dose:  {type: ezo-uart, port: /nowhere/dose}
devices:
  one: {bus: field, profile: waveshare-relay-8ch, unit: 1}
  two: {bus: hall, profile: waveshare-relay-8ch, unit: 2}
  six: {bus: roof, profile: waveshare-relay-8ch, unit: 3}
  pmp: {bus: dose, profile: atlas-ezo-pmp}
actuators:
  pump: {to: one.relay_1, role: pump, max_on: 5m}
  vent: {to: one.relay_2, role: valve, max_on: 5m}
  fill: {to: two.relay_1, role: valve, max_on: 5m}
  mist: {to: six.relay_1, role: valve, max_on: 5m}
  acid: {to: pmp.pump, role: dosing, ml_per_s: 0.5, max_dose: 20ml}
"""


def plan_from(folder: Path, text: str = HOUSE) -> dict[str, Any]:
    (folder / "site.yaml").write_text(text)
    loaded = load(folder / "site.yaml")
    plan: dict[str, Any] = json.loads(json.dumps(safeplan.plan_of(loaded.site, loaded.buses)))
    return {**plan, "made_from": "it"}


def written(folder: Path, plan: dict[str, Any]) -> Path:
    (folder / safeplan.NAME).write_text(json.dumps(plan, indent=1))
    return folder


@pytest.fixture
def unplugged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line fails to open, at once."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("unplugged")

    for module, name in ((talk, "open_line"), (rescues, "open_line"), (rescues, "open_port")):
        monkeypatch.setattr(module, name, fail)
    monkeypatch.setattr("edgectl.drivers.rescue_lines.open_port", fail)
    monkeypatch.setattr("paho.mqtt.client.Client.connect", fail)


@pytest.mark.parametrize(
    "text", [HOUSE, NODES, BOARD, PLUGS, *((ROOT / "examples" / f"{n}.yaml").read_text() for n in ("small", "product"))]
)
def test_a_plan_that_is_whole_is_followed_with_and_without_sums(tmp_path: Path, text: str) -> None:
    plan = plan_from(tmp_path, text)
    assert judge(json.dumps(plan).encode()).damaged == ()
    safeplan.write(tmp_path, plan)
    judged = safeplan.judged(tmp_path)
    assert judged is not None
    assert ([*judged.buses], judged.damaged, judged.made_from) == (plan["buses"], (), "it")


def flips(raw: bytes, count: int) -> Iterator[bytes]:
    chance = random.Random(19)
    for bit in chance.sample(range(8 * len(raw)), count):
        damaged = bytearray(raw)
        damaged[bit // 8] ^= 1 << bit % 8
        yield bytes(damaged)


@pytest.mark.parametrize("text", [HOUSE, NODES, BOARD])
def test_a_flipped_bit_never_becomes_an_order_to_another_place(tmp_path: Path, text: str) -> None:
    plan = plan_from(tmp_path, text)
    safeplan.write(tmp_path, plan)
    for raw in flips((tmp_path / safeplan.NAME).read_bytes(), 2500):
        judged = judge(raw)
        assert all(bus in plan["buses"] for bus in judged.buses)
        assert judged.damaged or len(judged.buses) == len(plan["buses"]), "a bus was left out without a word"


@pytest.mark.usefixtures("unplugged")
@pytest.mark.parametrize("text", [HOUSE, NODES, BOARD, PLUGS])
def test_a_flipped_bit_ends_no_start_and_no_rescue(tmp_path: Path, text: str) -> None:
    """A plan without sums, as an older edgectl left it: more of what flipped gets through to whoever follows it."""
    plan = plan_from(tmp_path, text)
    plain = json.dumps(plan, indent=1).encode()
    for raw in flips(plain, 150):
        (tmp_path / safeplan.NAME).write_bytes(raw)
        FirstWords(tmp_path, "it").end()
        assert len(former.switch_off(tmp_path, plan).debts) <= sum(len(bus["outputs"]) for bus in plan["buses"])
        buses, lost = safe_state._buses(tmp_path, tmp_path / "site.yaml")
        rows = safe_state._rescue(tmp_path, buses) + lost
        named = {row["output"] for row in rows}
        assert len(named) >= sum(len(bus["outputs"]) for bus in plan["buses"]), "an output without a row"


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "no port": lambda bus: bus["line"].update(pnrt=bus["line"].pop("port")),
    "a number": lambda bus: bus["line"].update(port=7),
    "nothing": lambda bus: bus["line"].update(port=""),
    "null": lambda bus: bus["line"].update(port=None),
    "NUL": lambda bus: bus["line"].update(port="/dev/\0"),
    "half a letter": lambda bus: bus["line"].update(port="/dev/\ud800"),
    "no speed": lambda bus: bus["line"].update(baudrate=0),
    "too fast": lambda bus: bus["line"].update(baudrate=10**30),
    "strange parity": lambda bus: bus["line"].update(parity=["N"]),
    "no type": lambda bus: bus.update(kind=[]),
    "no coil": lambda bus: bus["outputs"][0].pop("coil"),
    "rests": lambda bus: bus["outputs"][0].update(rests_drawn=1),
    "hnst": lambda bus: bus["line"].update(hnst="x"),
}


@pytest.mark.usefixtures("unplugged")
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_bus_is_left_out_and_the_others_are_followed(tmp_path: Path, damage: str) -> None:
    plan = plan_from(tmp_path)
    DAMAGE[damage](plan["buses"][0])
    judged = judge(json.dumps(plan).encode())
    assert [bus["name"] for bus in judged.buses] == ["hall", "roof", "dose"]
    (damaged,) = judged.damaged
    assert "of the plan" in damaged.why
    assert [output["actuator"] for output in damaged.outputs] == ["pump", "vent"]
    (unproven, _) = rescues.rescue(plan["buses"][0])
    assert not unproven.proven, "and whoever follows it all the same is not ended by it"


def test_what_was_changed_but_could_be_meant_is_found_by_its_sum(tmp_path: Path) -> None:
    bus = summed(plan_from(tmp_path)["buses"][0])
    bus["outputs"][0]["coil"] = 4
    assert judge(json.dumps({"buses": [bus]}).encode()).buses == ()


@pytest.mark.usefixtures("unplugged")
def test_the_first_words_are_not_ended_by_what_nobody_foresaw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(safeplan, "judged", lambda _: 1 / 0)
    FirstWords(tmp_path, "it").end()
    assert "could not be followed" in caplog.text


def test_a_bus_that_never_answers_holds_the_start_for_a_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, go_on = [], threading.Event()

    def hang(line: Any, **_: object) -> None:
        opened.append(line)
        go_on.wait(120)
        raise OSError("gone")

    monkeypatch.setattr(talk, "open_line", hang)
    monkeypatch.setattr(words, "FOR_ALL", 0)
    monkeypatch.setattr(words, "LATEST", 10**8)
    plan = plan_from(tmp_path)
    plan["buses"][0]["line"]["port"] = str(
        tmp_path / "field"
    )  # its name is leased, and other tests run beside this one
    speaking = FirstWords(written(tmp_path, plan), "it")
    speaking.end()
    assert not go_on.is_set()
    assert [thread.is_alive() for thread in speaking._threads] == [True, True]
    go_on.set()
    assert not any(getattr(line, "host", "") == "roof.invalid" for line in opened), "a name may take long to be found"


@pytest.mark.usefixtures("unplugged")
def test_what_cannot_be_followed_stays_owed_from_start_to_start(tmp_path: Path) -> None:
    old, moved = plan_from(tmp_path), plan_from(tmp_path, HOUSE.replace("one.relay_1", "one.relay_5"))
    old["buses"][0]["line"]["baudrate"] = 0
    left = former.switch_off(written(tmp_path, old), moved)
    assert [debt.name for debt in left.debts] == ["pump (bus field, unit 1 coil 0)"]
    safeplan.write(tmp_path, left.kept_in(moved))
    assert former.switch_off(tmp_path, moved).debts == left.debts
    back = former.switch_off(tmp_path, plan_from(tmp_path)).debts
    assert [debt.name for debt in back] == ["pump (bus field, unit 1 coil 4)"], (
        "the owner of the bus looks at coil 0 again"
    )


@pytest.mark.usefixtures("unplugged")
def test_each_bus_has_its_turn_whatever_happens_on_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_breaks(bus: dict[str, Any], _: object) -> list[rescues.Rescued]:
        if bus["name"] == "field":
            raise ZeroDivisionError
        return [rescues.Rescued(actuator=output["actuator"], proven=True) for output in bus["outputs"]]

    monkeypatch.setattr(rescues, "rescue", one_breaks)
    rows = safe_state._rescue(tmp_path, plan_from(tmp_path)["buses"])
    assert {row["output"]: row["off"] for row in rows} == {
        "pump": False, "vent": False, "fill": True, "mist": True, "acid": True
    }  # fmt: skip


@pytest.mark.usefixtures("unplugged")
@pytest.mark.parametrize("readable", [True, False])
def test_safe_state_follows_the_site_file_where_its_plan_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, readable: bool
) -> None:
    monkeypatch.setenv("EDGECTL_SOCKET", str(tmp_path / "none.sock"))
    plan = plan_from(tmp_path)
    plan["buses"][0]["line"]["pnrt"] = plan["buses"][0]["line"].pop("port")
    written(tmp_path, plan)
    site = tmp_path / ("site.yaml" if readable else "none.yaml")
    done = CliRunner().invoke(
        safe_state.safe_state, ["--json", "--state", str(tmp_path), "--site", str(site)], catch_exceptions=False
    )
    assert done.exit_code == 1
    rows = json.loads(done.stdout)
    rows = rows["data"] if isinstance(rows, dict) else rows
    assert {row["output"] for row in rows} >= {
        "fill",
        "mist",
        "acid",
        "pump" if readable else "what else was on bus field",
    }
    assert "is damaged" in done.stderr


def test_the_doctor_tells_what_only_a_person_can_close(tmp_path: Path) -> None:
    def told() -> list[dict[str, str]]:
        asked = ["doctor", "--site", str(tmp_path / "site.yaml"), "--state", str(tmp_path), "--json"]
        found: list[dict[str, str]] = json.loads(CliRunner().invoke(main, asked).stdout)
        return [one for one in found if one["what"].startswith("safe plan")]

    plan = plan_from(tmp_path)
    written(tmp_path, {**plan, "buses": [summed(bus) for bus in plan["buses"]]})
    assert told() == []
    (bus,) = (summed(bus) for bus in plan["buses"] if bus["name"] == "field")
    bus["outputs"][0]["coil"] += 1  # the disk has flipped a bit
    written(tmp_path, {**plan, "buses": [bus]})
    (one,) = told()
    assert (one["what"], one["state"]) == ("safe plan, bus field", "bad")
    assert "look by hand whether" in one["do"]
    assert bus["outputs"][0]["actuator"] in one["do"]
    assert "while the daemon is stopped" in one["do"]
