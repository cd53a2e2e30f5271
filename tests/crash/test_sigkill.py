"""The real daemon on real ptys, killed at random instants of its watering: nothing is lost, doubled or left on."""

import os
import time
from pathlib import Path
from random import Random

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.verdict import broken, counts

KILLS = int(os.environ.get("EDGECTL_KILLS", "200"))
SHARES = 4  # independent houses, so that the test runner can spread them
LEAST_RUNS = KILLS // SHARES // 4  # of each share's pump: fewer prove nothing
FIRST_START_S = 1.2  # until one has been seen
MOST_LIVES = 3 * KILLS // SHARES  # of a machine so crowded that little comes of a life


@pytest.mark.timeout(300 + 6 * KILLS)
@pytest.mark.parametrize("share", range(SHARES))
def test_a_kill_at_any_instant_leaves_outputs_safe_and_the_journal_whole(tmp_path: Path, share: int) -> None:
    random = Random(share)
    with SimulatedField(tmp_path / "field", speed=3000) as field:
        site = write_site(tmp_path, field, every="300ms", duration="1s", travel="200ms", run_down="200ms")
        daemon = DaemonProcess(tmp_path, site)
        try:
            lives, start_s = 0, FIRST_START_S
            while lives < KILLS // SHARES or (lives < MOST_LIVES and counts(field.trace())["pump"] < LEAST_RUNS):
                lives += 1
                with daemon:
                    start_s = _some_instant(daemon, random, start_s)
                    daemon.kill()
            with daemon:
                daemon.wait_ready()
                relays = field.control("state")["relays"]
                settled = daemon.data("/status")
                assert daemon.terminate() == 0
            assert not relays[0] or settled["zones"][0]["tasks"], "nothing runs without a task"
        finally:
            log = daemon.log.read_text()
        assert "Traceback" not in log, log[log.index("Traceback") :][:3000]
        found = broken(daemon.state / "journal.db", field.trace())
        assert not found, "\n".join(found)
        on = counts(field.trace())
        assert on["pump"] >= LEAST_RUNS, f"too little happened to prove anything in {lives} lives: {on}"
        assert not any(field.control("state")["relays"][:2])


def _some_instant(daemon: DaemonProcess, random: Random, start_s: float) -> float:
    """Before the first safe write, or from there to the middle of the second run, however slow the machine is: what
    lies between is as long as the last start took that was waited for. Returns that."""
    if random.random() < 0.4:
        time.sleep(random.uniform(0.1, start_s))
        return start_s
    began = time.monotonic()
    daemon.wait_ready()
    start_s = time.monotonic() - began
    time.sleep(random.uniform(0, 2.5))
    return start_s
