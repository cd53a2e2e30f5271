"""The service files as the tests see them: read as text, copied, and judged by systemd-analyze."""

import json
import re
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "systemd"
UNITS = ("edgectl.service", "edgectl-clock.service")


def tool(name: str) -> str:
    """Where the command is. AssertionError with a sentence if it is missing: a check left out is red."""
    found = shutil.which(name)
    assert found, f"{name} is missing: .ci/run installs what these tests need."
    return found


def settings(text: str) -> dict[str, list[str]]:
    """Every assignment of a unit as `Section.Key` -> values in order, without comments."""
    section, found = "", {}
    for line in text.splitlines():
        if head := re.fullmatch(r"\[(\w+)\]", line):
            section = head[1]
        elif line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            found.setdefault(f"{section}.{key}", []).append(value)
    return found


def lacking(text: str, line: str) -> str:
    """The unit without this one line, which must be there exactly once."""
    assert text.splitlines().count(line) == 1, f"the unit no longer says {line!r} once; plant another fault"
    return text.replace(f"{line}\n", "")


def installable(text: str) -> str:
    """The same unit on a machine without edgectl: only the path of the executable differs."""
    there = tool("true")
    changed = re.sub(r"=(?:/usr/bin/edgectl|/usr/libexec/edgectl-clock) ", f"={there} ", text)
    assert changed != text
    return changed


def complaints(folder: Path, text: str, name: str = "edgectl.service") -> str:
    """What `systemd-analyze verify` says about the unit; empty is good. systemd 252 exits with 0 on a bad directive."""
    file = folder / name
    file.write_text(text)
    ran = subprocess.run(
        [tool("systemd-analyze"), "verify", "--man=no", str(file)], capture_output=True, text=True, timeout=60
    )
    return ran.stderr + (f"exit status {ran.returncode}" if ran.returncode else "")


def exposure(folder: Path, text: str, name: str = "edgectl.service") -> tuple[int, float]:
    """(exit status with the threshold 1.5, overall exposure level 0.0 to 10.0) of `systemd-analyze security`."""
    file = folder / name
    file.write_text(text)
    ran = subprocess.run(
        [tool("systemd-analyze"), "security", "--offline=true", "--threshold=15", "--no-pager", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    level = re.search(r"Overall exposure level for .*: ([0-9.]+)", ran.stdout)
    assert level, f"no verdict: {ran.stdout[-300:]}{ran.stderr}"
    return ran.returncode, float(level[1])


def findings(folder: Path, text: str, name: str = "edgectl.service") -> dict[str, float]:
    """What each check of `systemd-analyze security` counts against the unit, by its name; good ones count 0."""
    file = folder / name
    file.write_text(text)
    ran = subprocess.run(
        [tool("systemd-analyze"), "security", "--offline=true", "--json=short", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return {row["name"]: float(row["exposure"] or 0) for row in json.loads(ran.stdout)}
