"""A real Mosquitto in a folder of its own on a free port of this machine: start, freeze, kill, start again."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from edgectl.testing.ports import free_port

PROGRAM = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
PLAIN = "set_tcp_nodelay true\nlistener {port} 127.0.0.1\nallow_anonymous true\n"


class Broker:
    """A context manager around one Mosquitto. `config` may hold {port}, {other} and {third} for more, and {folder}."""

    def __init__(self, folder: Path, *, config: str = PLAIN, port: int | None = None) -> None:
        self.folder = folder
        self.port, self.other, self.third = port or free_port(), free_port(), free_port()
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it and wait until it listens. What it kept from before is still there."""
        if PROGRAM is None:
            raise RuntimeError("there is no mosquitto; bash .ci/run installs it")
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "mosquitto.conf"
        kept = f"persistence true\npersistence_location {self.folder}/\nautosave_interval 1\nautosave_on_changes true\n"
        user = "user root\n" if os.geteuid() == 0 else ""
        config.write_text(
            kept + user + self._config.format(port=self.port, other=self.other, third=self.third, folder=self.folder)
        )
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([PROGRAM, "-c", str(config)], stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise RuntimeError(f"mosquitto did not start: {(self.folder / 'mosquitto.log').read_text()[-1000:]}")

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def stop(self) -> None:
        """SIGTERM: it writes down what it keeps."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(30)

    def freeze(self) -> None:
        """It answers nobody, and its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it stood."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
