"""The site file is read by a process beside, while this one loads what it will need next.

Reading takes libraries and schemas that nothing needs afterwards: they never enter the process that stays, and the two
loads share the cores. Whatever becomes of that process, the file is read here then.
"""

import contextlib
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from edgectl.config.loaded import Loaded
from edgectl.config.problems import Problem, SiteRejected


class Reading:
    """One site file that is being read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            command = [sys.executable, "-m", "edgectl.config.beside", str(path)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def loaded(self) -> Loaded:
        """What it says. Raises SiteRejected."""
        found = self._heard()
        if isinstance(found, Loaded):
            return found
        if found is not None:
            raise SiteRejected(found)
        from edgectl.config.loader import load

        return load(self._path)

    def _heard(self) -> Loaded | tuple[Problem, ...] | None:
        """None when the process beside could not say it."""
        if self._process is None:
            return None
        said, _ = self._process.communicate()  # as long as reading it here would take
        if self._process.returncode:
            return None
        found: Loaded | tuple[Problem, ...] = pickle.loads(said)  # from a process of our own making
        return found


def main() -> None:
    """Read the file that is named, and say it as a pickle: the site, or everything that is wrong with the file."""
    from edgectl.config.loader import load

    found: Loaded | tuple[Problem, ...]
    try:
        # What only `edgectl check` tells stays behind: it would bring the reader's own modules with it.
        found = replace(load(Path(sys.argv[1])), loads=(), effective=())
    except SiteRejected as rejected:
        found = rejected.problems
    with contextlib.suppress(BrokenPipeError):  # whoever asked is gone
        sys.stdout.buffer.write(pickle.dumps(found))
        sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
