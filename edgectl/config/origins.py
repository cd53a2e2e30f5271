"""Every value in force, and where it came from: a line of the file, or the reason of a default."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from edgectl.config.findings import Findings
from edgectl.config.source import Path, dotted, find

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """One value in force, as text, and where it came from: a line of the file, or the reason of a default."""

    path: str
    value: str
    origin: str


class Origins:
    """Picks the written value or the default, and remembers which."""

    def __init__(self, findings: Findings) -> None:
        self.lines: list[Effective] = []
        self._findings = findings

    def pick(self, path: Path, value: T, why: str, text: Callable[[T], str] = str) -> T:
        """Note a value. `why` is its origin when nobody wrote it."""
        mark, _, written = find(self._findings.root, path)
        origin = f"{mark.file}:{mark.line}" if written else why
        self.lines.append(Effective(path=dotted(path), value=text(value), origin=origin))
        return value
