"""A stranger's hour on the virtual rig, as docs/rig.md has it: from a scan to a watering by the command line alone."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edgectl.testing.daemon import DaemonProcess
from hil.rig import Rig, plan_of

pytestmark = pytest.mark.timeout(300)


class Desk:
    """The second terminal."""

    def __init__(self, folder: Path) -> None:
        self.daemon = DaemonProcess(folder, folder / "site.yaml")
        self._environment = {**self.daemon.environment, "EDGECTL_SITE": str(folder / "site.yaml")}

    def say(self, *words: object, answers: str = "", code: int = 0) -> str:
        command = [sys.executable, "-m", "edgectl", *map(str, words)]
        done = subprocess.run(
            command, input=answers, capture_output=True, text=True, timeout=120, check=False, env=self._environment
        )
        assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def test_a_site_is_commissioned_through_the_command_line_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").mkdir()
    secrets = tmp_path / "credentials"
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(secrets))
    with Rig("virtual", tmp_path) as rig, rig.node_side() as side:
        desk, port = Desk(tmp_path), rig.field.port
        host = ":".join(map(str, rig.field.tcp))

        # 1. who is there, against the labels: one is dead, one has another address, one counts in other steps
        found = {row["unit"]: row for row in json.loads(desk.say("bus", "scan", port, "--units", "4..14", "--json"))}
        labels = {row["unit"]: row for row in plan_of("virtual")["labels"] if row["line"] == "field"}
        missing = {unit for unit in labels if 4 <= unit <= 14} - set(found)
        assert missing == {4, 6}
        assert set(found) - set(labels) == {14}
        assert [guess["profile"] for guess in found[11]["guesses"]] == ["md02"], "the clone"
        assert "xy-md02" in desk.say("bus", "scan", host, "--units", "2")

        # 2. its address put right; it is what the label says
        desk.say("device", "write", port, 14, "address", 4, answers="y\n")
        assert "jxct-soil-7in1" in desk.say("device", "identify", port, 4)

        # 3. a secret, a site file, and a check
        kept = 'install -d -m 700 "$EDGECTL_CREDENTIALS"; (umask 077; echo "$0" > "$EDGECTL_CREDENTIALS/node-irrig")'
        subprocess.run(["sh", "-c", kept, plan_of("virtual")["nodes"][0]["secret"]], check=True, timeout=20)
        desk.say(
            *("init", "--timezone", "Europe/Berlin", "--line", f"field={port}", "--line", f"net={host}"),
            *("--line", f"ph={rig.field.folder / 'bus-ph'}", "--device", "ph=ph:atlas-ezo-ph", "--sensor", "ph=ph.ph"),
            *("--device", "board=field:1:waveshare-relay-8ch", "--device", "level=field:5:qdy30a-level"),
            *("--device", "meter=field:7:wb-mcm8", "--device", "soil=field:4:jxct-soil-7in1"),
            *("--device", "roof=field:11:md02", "--device", "air=net:2:xy-md02", "--sensor", "roof=roof.temperature"),
            *("--sensor", "tank=level.level:0:250", "--sensor", "flow=meter.frequency_1:hz:7.5"),
            *("--output", "pump=board.relay_1:pump", "--output", "valve=board.relay_2:valve"),
            *("--output", "lamp=board.relay_3:light", "--output", "bed=irrig.valve_irrigation:valve"),
            *("--line", f"nodes=mqtt://127.0.0.1:{side.broker.port}"),
            *("--device", "irrig=nodes:nd-irrig-1:hydro2-irrig", "--sensor", "low=irrig.level_solution_min"),
        )
        assert "site ok" in desk.say("check")

        # 4. started, and every output pressed
        with desk.daemon as daemon:
            daemon.wait_ready()
            daemon.wait("/status", lambda status: status["up_s"] > 12)  # loads come back one after the other
            desk.say("press", answers="\ny\n" * 4)
            moves = [(move.output, move.why) for move in rig.moves() if move.on]
            assert moves == [("pump", "pulse"), ("valve", "pulse"), ("lamp", "pulse")]
            bed = [row["on"] for row in side.nodes["nd-irrig-1"].moved("valve_irrigation")]
            assert bed == [True, False], "and the valve of the node, ended as its order said"

            # 5. water, by command
            task = json.loads(desk.say("task", "submit", "zone-1", "irrigation", "--duration", "5s", "--json"))
            ended = daemon.wait(f"/tasks/{task['task_id']}", lambda body: body["result"] is not None, 60)
            assert ended["status"] == "completed", ended
            assert "completed" in desk.say("task", "show", task["task_id"])
            values = {row["sensor"]: row["value"] for row in daemon.data("/channels") if "sensor" in row}
            assert 20 < values["roof"] < 25, "degrees, and not tenths of them"
            assert values["ph"] is not None
            assert values["low"] == 1

            # 6. the board dies while it waters, and a new one takes its place and its loads
            desk.say("task", "submit", "zone-1", "irrigation", "--duration", "60s")
            daemon.wait("/status", lambda _: rig.on("pump"), 60)
            rig.hurt("dead", unit=1)
            seen = {"device_silent:board", "output_may_be_on:pump", "output_may_be_on:valve"}
            daemon.wait("/alarms", lambda rows: seen <= {row["id"] for row in rows if row["active"]}, 60)
            monkeypatch.setenv("EDGECTL_RIG", str(tmp_path))
            assert [out_of_its_box(unit) for unit in ("33", "33", "x")] == [0, 1, 2]
            desk.say("lock", "zone-1", "--why", "new board")
            place = ("device", "write", "field", 33, "address", 1)
            desk.say(*place, answers="y\n", code=1)
            desk.say(*place, "--follows", answers="y\n")
            daemon.wait("/alarms", lambda rows: not seen & {row["id"] for row in rows if row["active"]}, 60)
            desk.say("unlock", "zone-1")
            desk.say("press", "lamp", "--again", answers="\ny\n")
            assert [(move.output, move.why) for move in rig.moves() if move.on][-1] == ("lamp", "pulse")


def out_of_its_box(unit: str) -> int:
    return subprocess.run([sys.executable, "-m", "hil", "bring", unit], timeout=60, check=False).returncode


@pytest.mark.parametrize(("ends", "runs"), [(signal.SIGINT, False), (signal.SIGTERM, True), (signal.SIGHUP, False)])
def test_the_rig_that_was_opened_by_hand_leaves_nothing_behind(ends: signal.Signals, runs: bool) -> None:
    command = [sys.executable, "-m", "hil"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as rig:
        assert rig.stdout is not None
        told = ""
        while "Ctrl-C here ends it" not in told:
            told += (line := rig.stdout.readline())
            assert line, f"it ended by itself: {told}"
        folder = Path(told.split("EDGECTL_SITE=")[1].split()[0]).parent
        device = json.loads((folder / "rig" / "ports.json").read_text())["pid"]
        with socket.socket(socket.AF_UNIX) as controller:
            if runs:  # somebody's controller, which still has its journal there
                controller.bind(str(folder / "edgectl.sock"))
                controller.listen()
            network = told.split("HOST=")[1].split()[0].split(":")
            with socket.create_connection((network[0], int(network[1])), timeout=10):  # somebody who still listens
                rig.send_signal(ends)
                assert rig.wait(60) == 0
        said = rig.stderr.read() if rig.stderr is not None else ""
    assert "Traceback" not in said
    assert ("a controller still runs in" in said) is runs
    assert f"export PORT={folder}" in told
    assert "edgectl bus scan $PORT" in told
    with pytest.raises(ProcessLookupError):
        os.kill(device, 0)
    assert folder.exists() is runs
    shutil.rmtree(folder, ignore_errors=True)
