"""The site file is read by a process beside, while this one loads what it will need next.

Reading takes libraries and schemas that nothing needs afterwards: they never enter the process that stays, and the two
loads share the cores. Whatever becomes of that process, the file is read here then.
"""

import contextlib
import ctypes
import logging
import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import BinaryIO

from edgectl.config.loaded import Loaded
from edgectl.config.problems import Problem, SiteRejected

LOG = logging.getLogger("edgectl")
WITHIN_S = 20.0  # a third of what the service manager gives a start: the file may have to be read once more
PR_SET_PDEATHSIG = 1  # prctl(2)
SAID_ON_STDERR = 2  # whatever a library prints there; the site has a pipe of its own


class Reading:
    """One site file that is being read. Whoever begins one ends it, however the start goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process: subprocess.Popen[bytes] | None = None
        here, there = os.pipe()
        self._pipe: BinaryIO = os.fdopen(here, "rb")
        # Nothing that lies in the current folder may be taken for a module (-P).
        command = [sys.executable, "-P", "-m", "edgectl.config.beside", str(path), str(there), str(os.getpid())]
        with contextlib.suppress(OSError, ValueError):
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=SAID_ON_STDERR, pass_fds=(there,)
            )
        os.close(there)

    def loaded(self) -> Loaded:
        """What it says. Raises SiteRejected."""
        try:
            found = self._heard()
        finally:
            self.end()
        if isinstance(found, Loaded):
            return found
        if found is not None:
            raise SiteRejected(found)
        LOG.warning("the process that was to read the site file did not; it is read here")
        from edgectl.config.loader import load

        return load(self._path)

    def end(self) -> None:
        """Nothing of it stays, not even a process that somebody stopped."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._pipe.close()

    def _heard(self) -> Loaded | tuple[Problem, ...] | None:
        """None when the process beside could not say it, or not in time."""
        if self._process is None:
            return None
        patience = Timer(WITHIN_S, self._process.kill)
        patience.daemon = True
        patience.start()
        try:
            said = self._pipe.read()
            failed = self._process.wait()
        finally:
            patience.cancel()
        return None if failed else _unpacked(said)


def _unpacked(said: bytes) -> Loaded | tuple[Problem, ...] | None:
    """What a process of our own making has said; None when it is nothing of that kind."""
    try:
        found = pickle.loads(said)
    except Exception:
        LOG.exception("what the process beside read of the site file cannot be understood")
        return None
    if isinstance(found, Loaded):
        return found
    told = isinstance(found, tuple) and found and all(isinstance(problem, Problem) for problem in found)
    return found if told else None


def _end_with(asker: int) -> None:
    """When whoever asked is killed, this process goes too, also while it waits for a file or stands still."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != asker:
        os._exit(0)  # it was killed before


def main() -> None:
    """Read the file that is named, and say it as a pickle: the site, or everything that is wrong with the file."""
    _end_with(int(sys.argv[3]))
    from edgectl.config.loader import load

    found: Loaded | tuple[Problem, ...]
    try:
        # What only `edgectl check` tells stays behind: it would bring the reader's own modules with it.
        found = replace(load(Path(sys.argv[1])), loads=(), effective=())
    except SiteRejected as rejected:
        found = rejected.problems
    with contextlib.suppress(BrokenPipeError), os.fdopen(int(sys.argv[2]), "wb") as pipe:  # whoever asked may be gone
        pipe.write(pickle.dumps(found))
    os._exit(0)


if __name__ == "__main__":
    main()
