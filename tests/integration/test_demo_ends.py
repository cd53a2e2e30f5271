"""A demo whose terminal is closed leaves nothing behind: no process, no folder."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path


def test_a_demo_whose_terminal_is_closed_leaves_nothing_behind() -> None:
    command = [sys.executable, "-m", "edgectl.testing.demo", "--keep"]
    with tempfile.TemporaryDirectory(dir="/tmp") as home:  # short: the name of a socket has little room
        Path(home).chmod(0o755)  # the database server is another user, where the tests are root
        environment = {**os.environ, "TMPDIR": home}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as demo:
            assert demo.stdout is not None
            told = ""
            while "the daemon is ready" not in told:
                told += (line := demo.stdout.readline())
                assert line, f"it ended by itself: {told}"
            children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split()
            demo.send_signal(signal.SIGHUP)
            assert demo.wait(60) == 128 + signal.SIGHUP
        assert len(children) >= 3, "the devices, the centre and the daemon"
        assert [child for child in children if Path(f"/proc/{child}").exists()] == []
        assert list(Path(home).glob("edgectl-demo-*")) == []
