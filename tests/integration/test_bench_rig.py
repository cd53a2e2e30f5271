"""The rig of real devices where there are none: it says what is absent. With simulated ones in their place it works."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgectl.testing.field import SimulatedField
from edgectl.testing.nodes import SimulatedNodes
from edgectl.testing.ports import free_port

ROOT = Path(__file__).parents[2]
NODE = {"name": "nd-irrig-1", "kind": "irrig", "zone": "zone-1", "secret": "s3cret-of-the-bench"}
BED, LOOKED_EVERY_S = 6, 0.02  # the input of the witness on which the node's valve hangs
pytestmark = pytest.mark.timeout(400)
RIG = """\
title: A bench of simulated devices
field: {port}
witness: {{place: "{witness}", unit: 3}}
hands: {hands}
parts:
  fill_valve: relay 4
  heater: relay 5
  dosing_pump: {acid}
  node: {{name: nd-irrig-1, zone: zone-1, secret: s3cret-of-the-bench, port: {broker}}}
labels:
  - {{label: relay board, line: field, unit: 1, is: waveshare-relay-8ch}}
  - {{label: level probe in the bucket, line: field, unit: 5, is: qdy30a-level}}
"""
# What a person does to the bench, done to the devices that stand in for it.
HANDS = """\
#!{python}
import sys
from pathlib import Path
from edgectl.testing.field import SimulatedField
from edgectl.testing.nodes import SimulatedNodes

field, what = SimulatedField(Path("{field}")), sys.argv[1]
more = dict(word.split("=") for word in sys.argv[2:])
match what:
    case "tank":
        field.wish("tank", litres=2 * float(more["percent"]))
    case "welded_relay":
        field.fault(what, relay=int(more["relay"]))
    case "frozen_level":
        field.fault(what)
    case "lost_answer":
        field.hurt("acid", "silent", only="D", count=1)
    case "node_off":
        SimulatedNodes(Path("{nodes}"), 0, []).do("fault", "nd-irrig-1", kind="deaf")
    case "heal":
        field.wish("clear")
    case _:
        sys.exit(f"these hands do not know how to {{what}}")
"""


def bench(*words: str, rig: object = "bench") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "EDGECTL_REACHED"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
    command += ["hil/test_hazards.py", "hil/test_more_hazards.py", "--rig", str(rig), *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT, env=environment,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_what_is_absent_is_said_and_nothing_is_passed_over() -> None:
    said = bench("-k", "killed")
    assert said.returncode == 2
    assert "A bench of real devices is not there:" in said.stdout + said.stderr
    assert "the line under test, /dev/edgectl/bench-field" in said.stdout + said.stderr
    assert "the witness of the relays" in said.stdout + said.stderr
    assert 'docs/rig.md, "A bench of real devices", says what to buy' in said.stdout + said.stderr
    assert "\n# A bench of real devices\n" in (ROOT / "docs" / "rig.md").read_text()
    assert "skipped" not in said.stdout


@contextlib.contextmanager
def wired(nodes: SimulatedNodes, field: SimulatedField) -> Iterator[None]:
    """The contact of the node's valve on its input of the witness."""
    over = threading.Event()

    def carry() -> None:
        was = False
        while not over.wait(LOOKED_EVERY_S):
            now = nodes.look(str(NODE["name"]))["outputs"]["valve_irrigation"]
            if now is not was:
                field.control("contact", input=BED, on=now)
            was = now

    wire = threading.Thread(target=carry)
    wire.start()
    try:
        yield
    finally:
        over.set()
        wire.join(20)


def file(folder: Path, field: SimulatedField, nodes: Path, broker: int, text: str = RIG) -> Path:
    hands, rig = folder / "hands", folder / "bench.yaml"
    hands.write_text(HANDS.format(python=sys.executable, field=field.folder, nodes=nodes))
    hands.chmod(0o700)
    witness = ":".join(map(str, field.tcp))
    acid = field.folder / "bus-acid"
    rig.write_text(text.format(port=field.port, witness=witness, hands=hands, acid=acid, broker=broker))
    return rig


def test_the_same_scenes_run_where_the_devices_are(tmp_path: Path) -> None:
    port = free_port()
    with (
        SimulatedField(tmp_path / "field", witness=True, circuits={"acid": "PMP"}) as field,
        SimulatedNodes(tmp_path / "nodes", port, [NODE]) as nodes,
        wired(nodes, field),
    ):
        rig = file(tmp_path, field, tmp_path / "nodes", port)
        said = bench("-k", "run_that_was_killed or fill or heater or dose or node", rig=rig)
        assert said.returncode == 0, said.stdout + said.stderr
        assert "5 passed" in said.stdout
        assert "left out" not in said.stdout


def test_a_scene_whose_part_is_not_there_is_left_out_and_told(tmp_path: Path) -> None:
    with SimulatedField(tmp_path / "field", witness=True) as field:
        bare = RIG[: RIG.index("parts:")] + "parts: {{}}\n" + RIG[RIG.index("labels:") :]
        rig = file(tmp_path, field, tmp_path, 1, bare)
        page = tmp_path / "report.html"
        said = bench("-k", "blocked or fill", "--hil-report", str(page), rig=rig)
        # The one scene that needs no more fails, because these hands cannot shut a tap; it is not passed over.
        assert said.returncode == 1, said.stdout + said.stderr
        assert "could not: shut the tap behind the pump" in said.stdout
        sentence = "test_a_fill_that_goes_wrong needs fill_valve, which the rig file does not name under parts"
        assert f"left out: {sentence}" in said.stdout
        assert f"Left out: {sentence}" in page.read_text()
        field.fault("wrong_identity")
        wrong = bench("-k", "killed", rig=rig)
        assert wrong.returncode == 2
        assert "level probe in the bucket, a qdy30a-level at unit 5: " in wrong.stdout + wrong.stderr
