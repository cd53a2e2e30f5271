"""What is wrong with a site file: where, what, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgectl.config.feasibility import Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in a file. Line and column count from 1; line 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def seen_from(self, other: "Mark") -> str:
        """How a sentence about another place names this one: "line 19", with the file when that differs."""
        return f"line {self.line}" if self.file == other.file else f"{self.file} line {self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake. `path` is the dotted name of the key, empty for the file as a whole."""

    file: str
    line: int
    column: int
    path: str
    what: str
    hint: str = ""

    @property
    def place(self) -> str:
        """file:line:column, or the file alone."""
        return str(Mark(file=self.file, line=self.line, column=self.column))

    def text(self, width: int = 0) -> str:
        """One line and an indented hint; `width` is the room for the place, so that a list of problems lines up."""
        width = max(width, len(self.place))
        first = f"{self.place:<{width}}  {self.path}{': ' if self.path else ''}{self.what}"
        return first if not self.hint else f"{first}\n{' ' * width}  {self.hint}"

    def __str__(self) -> str:
        return self.text()


def render(problems: Iterable[Problem]) -> str:
    """All of them, lined up."""
    listed = list(problems)
    width = max((len(problem.place) for problem in listed), default=0)
    return "\n".join(problem.text(width) for problem in listed)


class SiteRejected(Exception):
    """The site file cannot be used. `problems` holds every mistake that was found, in the order of the file; `loads`
    are the buses in numbers, where all else is right and they are what is wrong."""

    def __init__(self, problems: Iterable[Problem], loads: "tuple[Load, ...]" = ()) -> None:
        self.loads = loads
        # The main file comes first: whoever reads begins there, and conf.d only adds to it.
        self.problems = tuple(sorted(problems, key=lambda p: ("conf.d" in p.file, p.file, p.line, p.column, p.path)))
        super().__init__(render(self.problems))
