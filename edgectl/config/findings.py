"""What the checks have found so far, each finding pinned to its place in the file."""

import difflib
from collections.abc import Iterable

from edgectl.config.problems import Mark, Problem
from edgectl.config.source import Path, Table, dotted, find


class Findings:
    """A list of problems that knows where things stand.

    A path is reported once: a value that was refused for its form is not judged again for its meaning.
    """

    def __init__(self, root: Table) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self._paths: set[Path] = set()
        self._within: set[Path] = set()  # those, and everything that holds them

    def value(self, path: Path, what: str, hint: str = "") -> None:
        """Something is wrong with the value at a path, or the path is missing."""
        self._add(find(self.root, path)[1], path, what, hint)

    def key(self, path: Path, what: str, hint: str = "") -> None:
        """Something is wrong with the key itself."""
        self._add(find(self.root, path)[0], path, what, hint)

    def refused(self, path: Path) -> bool:
        """True when this path, or something in it, has been reported already."""
        return path in self._within

    def mark(self, path: Path) -> Mark:
        """Where the key at a path stands, or its nearest ancestor."""
        return find(self.root, path)[0]

    def place(self, path: Path, seen_from: Path) -> str:
        """How a sentence about `seen_from` names the place of `path`."""
        return self.mark(path).seen_from(self.mark(seen_from))

    def _add(self, mark: Mark, path: Path, what: str, hint: str) -> None:
        if path in self._paths:
            return
        self._paths.add(path)
        self._within.update(path[:length] for length in range(len(path) + 1))
        self.problems.append(
            Problem(file=mark.file, line=mark.line, column=mark.column, path=dotted(path), what=what, hint=hint)
        )


def nearest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint: the words that may have been meant; else what else to do, and all of them when they are few."""
    words = sorted(known)
    close = difflib.get_close_matches(word[:100], words, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    listed = f"known here: {', '.join(words)}" if 0 < len(words) <= 12 else ""
    return "; ".join(part for part in (otherwise, listed) if part)
