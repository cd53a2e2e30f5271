"""Mistakes in a site file, each with its place and what to do."""

from dataclasses import dataclass

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where something stands. Lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake."""

    place: Place
    path: str
    what: str
    hint: str = ""

    def lines(self, width: int) -> list[str]:
        """As it is printed: place, path and sentence, and the hint below the sentence."""
        subject = f"{self.path}: " if self.path else ""
        first = f"{self.place!s:<{width}}  {subject}{self.what}"
        return [first, *([" " * (width + 2) + self.hint] if self.hint else [])]


class SiteRejected(Exception):
    """The site file cannot be used. `problems` are all of its mistakes, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.place, p.path, p.what))
        super().__init__(self.text())

    def text(self) -> str:
        """Every mistake in words."""
        width = max(len(str(problem.place)) for problem in self.problems)
        lines = [line for problem in self.problems for line in problem.lines(width)]
        count = len(self.problems)
        return "\n".join([*lines, f"{count} problem{'s' if count != 1 else ''}."])


def dotted(path: Path_) -> str:
    """A path as people write it."""
    return ".".join(str(part) for part in path)
