"""`./dev demo`: the main job on real protocols, a centre that is cut off, a SIGKILL in the middle, and what is left."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgectl.host.ends import ENDS
from edgectl.testing.centre import SimulatedCentre, wheel
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.postgres import PostgresServer
from edgectl.testing.verdict import broken, counts

SECOND = 1_000_000_000
# Beside the beds, for whoever tries the commands by hand: a roof that can be set, and a probe that is to be calibrated.
# It stands in the solution of 4.01 already.
MORE = """\
buses:   {{probe: {{type: ezo-uart, port: {probe}}}}}
devices: {{ph: {{bus: probe, profile: atlas-ezo-ph}}}}
sensors: {{solution_ph: {{from: ph.ph, max_age: 10s, range: [3.0, 9.0], calibrate_every: 30d}}}}
actuators:
  roof_open:  {{to: board.relay_5, role: motor, max_on: 1m}}
  roof_close: {{to: board.relay_6, role: motor, max_on: 1m}}
zones:
  house:
    number: 2
    climate: {{temperature: air_temperature, vent: {{day: 26, night: 26}}, vents: {{roof: {roof}}}}}
"""
ROOF = "{opens: roof_open, closes: roof_close, travel: 20s}"


def say(text: str) -> None:
    """One line for whoever watches."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the demo. Returns 0 only when every promise held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    keep = parser.parse_args().keep
    for number in set(ENDS) - {signal.SIGINT}:
        signal.signal(number, lambda number, _: sys.exit(128 + number))  # what was started ends with it
    folder = Path(tempfile.mkdtemp(prefix="edgectl-demo-"))
    good = False
    try:
        with (
            SimulatedField(folder / "field", circuits={"ph": "pH"}) as field,
            SimulatedCentre(folder, "demo", PostgresServer(wheel())) as centre,
        ):
            good = _play(folder, field, centre, keep=keep)
    except SystemExit:
        good = True  # somebody ended it, or closed its terminal: no promise was broken, and nobody comes back to look
        raise
    finally:
        if good:
            shutil.rmtree(folder)
        else:
            say(f"everything is kept in {folder}")
    return 0 if good else 1


def _play(folder: Path, field: SimulatedField, centre: SimulatedCentre, *, keep: bool) -> bool:
    say("1  a simulated house: relay board, level probe and flow counter on a serial line (Modbus RTU), air on TCP,")
    say("   a pH circuit on a line of its own (EZO), and a centre: a real PostgreSQL, to which everything is sent once")
    site = write_site(folder, field, timezone="Europe/Berlin")
    centre.write_into(site)
    (folder / "conf.d").mkdir()
    (folder / "conf.d" / "more.yaml").write_text(MORE.format(probe=field.folder / "bus-ph", roof=ROOF))
    daemon = DaemonProcess(folder, site)
    with daemon:
        born = time.monotonic()
        daemon.wait_ready()
        say(f"   the daemon is ready {time.monotonic() - born:.1f} s after its start, outputs proven off")
        say("2  it waters on schedule: valve open, pump on, water through the meter, everything seen off again")
        first = _wait(daemon, "completed", 1, "   watering")
        _show(daemon, first[0])
        say("3  the centre is cut off, and in the next run: SIGKILL while the pump is on")
        _until(lambda: centre.lines() > 0, "   waiting for the centre to hear of it")
        arrived = centre.lines()
        centre.server.stop(signal.SIGKILL)
        say(f"   {arrived} lines had arrived at the centre")
        _until(lambda: _pump_on(field), "   waiting for the pump")
        time.sleep(1.5)
        killed = time.monotonic_ns()
        daemon.kill()
        say("   killed; nobody is in charge now")
        started = time.monotonic_ns()
        daemon.start()
        daemon.wait_ready()
        off = next(m["at"] for m in field.trace() if m["relay"] == "relay_1" and not m["on"] and m["at"] > killed)
        say(f"   the new start switched the pump off {(off - started) / SECOND:.2f} s after its first instruction")
        recovered = _wait(daemon, "failed", 1, "   recovering")
        _show(daemon, recovered[0])
        say("4  and it goes on: the next scheduled run")
        done = len([t for t in daemon.data("/tasks?limit=100") if t["status"] == "completed"])
        _wait(daemon, "completed", done + 1, "   watering")
        say(daemon.cli("status").stdout.rstrip())
        even = _heal(daemon, centre)
        if keep:
            say("6  it stays up. In another terminal:")
            say("   . .venv/bin/activate")
            say(f"   export EDGECTL_SOCKET={daemon.socket} EDGECTL_STATE={daemon.state} EDGECTL_SITE={daemon.site}")
            say(f"   export EDGECTL_CREDENTIALS={daemon.environment['EDGECTL_CREDENTIALS']}")
            say("   edgectl status")
            code = daemon.ask("POST", "/access/pairings", {"name": "demo", "role": "operator"})[1]["data"]
            say(f"   the page, once and within ten minutes: http://127.0.0.1:{daemon.http}{code['path']}")
            say(f"   metrics: http://127.0.0.1:{daemon.http}/metrics · site file: {daemon.site} · Ctrl-C ends it")
            if not _stays(daemon):
                return False
        else:
            say("6  the end: SIGTERM makes everything safe before anything closes")
        code = daemon.terminate()
    say(f"   edgectl status now says: {daemon.cli('status').stderr.splitlines()[0]}")
    return _judge(daemon, field, code, recovered[0], even=even)


def _stays(daemon: DaemonProcess) -> bool:
    """Until Ctrl-C. False when the daemon ended before it: who killed it knows why, and nothing is left to judge."""
    assert daemon.process is not None
    try:
        code = daemon.process.wait()
    except KeyboardInterrupt:
        say("")
        return True
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
    say(f"   the daemon {how}, and not from here; it is not started again. Its log: {daemon.log}")
    return False


def _heal(daemon: DaemonProcess, centre: SimulatedCentre) -> bool:
    """The centre comes back. Is everything there that happened without it, and nothing twice?"""
    waiting = daemon.data("/central")["waiting"]
    say(f"5  the centre comes back: {waiting} lines have waited for it")
    centre.server.start()
    drained, parity = daemon.cli("central", "drain"), daemon.cli("central", "parity", "--site", str(daemon.site))
    for line in (drained.stdout + drained.stderr + parity.stdout + parity.stderr).splitlines():
        say(f"     {line}")
    return drained.returncode == 0 and parity.returncode == 0 and waiting > 0


def _judge(daemon: DaemonProcess, field: SimulatedField, code: int, recovered: dict[str, Any], *, even: bool) -> bool:
    found = broken(daemon.state / "journal.db", field.trace())
    result = recovered["result"]
    if not even:
        found.append("the centre does not hold what happened here")
    if code != 0:
        found.append(f"the daemon ended with {code}")
    if result["reason_code"] != "task_recovered_after_restart" or result["physical_effect"] != "partial":
        found.append(f"the killed run ended as {result['reason_code']}, effect {result['physical_effect']}")
    on = counts(field.trace())
    say(f"7  checked: {on['pump']} pump runs and {on['valve']} valve openings in the trace against the journal")
    for sentence in found:
        say(f"   BROKEN  {sentence}")
    say("   every promise held" if not found else "   a promise was broken")
    return not found


def _pump_on(field: SimulatedField) -> bool:
    return bool(field.control("state")["relays"][0])


def _wait(daemon: DaemonProcess, status: str, count: int, doing: str) -> list[dict[str, Any]]:
    """Wait for so many irrigation tasks in a status, with a sign of life. The newest first."""
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        tasks = daemon.data("/tasks?limit=100")
        found[:] = [t for t in tasks if t["status"] == status and t["task_type"] == "irrigation"]
        return len(found) >= count

    _until(enough, doing)
    return found


def _until(condition: Callable[[], bool], doing: str, within_s: float = 60) -> None:
    began = time.monotonic()
    live = sys.stdout.isatty()
    while not condition():
        if time.monotonic() - began > within_s:
            raise TimeoutError(f"{doing.strip()} took longer than {within_s:g} s")
        if live:
            sys.stdout.write(f"\r{doing} … {time.monotonic() - began:4.1f} s")
            sys.stdout.flush()
        time.sleep(0.2)
    if live:
        sys.stdout.write("\r" + " " * 60 + "\r")


def _show(daemon: DaemonProcess, task: dict[str, Any]) -> None:
    for line in daemon.cli("task", "show", task["task_id"]).stdout.splitlines():
        say(f"     {line}")


if __name__ == "__main__":
    raise SystemExit(main())
