"""The safe plan of nodes: topics and the names of credentials, never a secret; and which outputs an older plan knew."""

import json
from pathlib import Path
from typing import Any

from edgectl.config.loader import load
from edgectl.daemon import safeplan

SITE = """\
site: {id: gh-1, name: Plan, timezone: Europe/Berlin}
buses:
  nodes: {type: mqtt, url: "mqtts://broker", protocol: hydro2, username: me, password: {credential: broker-password}}
  line:  {type: ezo-uart, port: /dev/edgectl/pump}
devices:
  irrig: {bus: nodes, profile: hydro2-irrig, node: nd-1, zone: zone-1, secret: {credential: node-irrig}}
  pmp:   {bus: line, profile: atlas-ezo-pmp}
actuators:
  valve: {to: irrig.valve_irrigation, role: valve, max_on: 2m}
  pump:  {to: irrig.pump_main, role: pump, max_on: 1m}
  acid:  {to: pmp.pump, role: dosing, ml_per_s: 0.5, max_dose: 20ml}
"""


def plan(folder: Path, text: str = SITE) -> dict[str, Any]:
    (folder / "site.yaml").write_text(text)
    loaded = load(folder / "site.yaml")
    return safeplan.plan_of(loaded.site, loaded.buses)


def names(buses: list[dict[str, list[dict[str, str]]]]) -> list[str]:
    return [output["actuator"] for bus in buses for output in bus["outputs"]]


def test_it_names_topics_and_credentials_pumps_first(tmp_path: Path) -> None:
    nodes, _ = plan(tmp_path)["buses"]
    assert [output["actuator"] for output in nodes["outputs"]] == ["pump", "valve"]
    assert nodes["outputs"][0] == {
        "actuator": "pump",
        "node": "nd-1",
        "zone": "zone-1",
        "channel": "pump_main",
        "order": "run_pump",
        "secret": "node-irrig",
        "state": "storage_state",
    }
    assert (nodes["line"]["password"], nodes["line"]["tls"], nodes["line"]["port"]) == ("broker-password", True, 8883)
    assert json.dumps(nodes)


def test_an_output_that_only_changed_its_name_is_no_former_one_and_one_that_moved_is(tmp_path: Path) -> None:
    old = plan(tmp_path)
    assert safeplan.without(old["buses"], old) == []
    renamed = plan(tmp_path, SITE.replace("  valve:", "  tap:").replace("username: me", "username: you"))
    assert safeplan.without(old["buses"], renamed) == []
    moved = plan(
        tmp_path, SITE.replace("irrig.valve_irrigation", "irrig.valve_clean_fill").replace("/pump}", "/other}")
    )
    assert names(safeplan.without(old["buses"], moved)) == ["valve", "acid"]
    assert names(safeplan.without(old["buses"], plan(tmp_path, SITE.replace("id: gh-1", "id: gh-2")))) == [
        "pump",
        "valve",
    ]
