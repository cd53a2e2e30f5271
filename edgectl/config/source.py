"""YAML as a tree that remembers where everything was written.

Two rules. The tree is built from parser events in one loop, so no nesting can exhaust the stack. And the language is
smaller than YAML: no anchors, no aliases, no tags, one document, each key once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edgectl.config.letters import hidden
from edgectl.config.problems import Mark, Problem
from edgectl.config.stream import Unsure, careful, kind, quick

Path = tuple[str | int, ...]
DEEPEST = 12  # the language itself is five levels deep
LONGEST_KEY = 100

_ENDS = ("SequenceEndEvent", "MappingEndEvent")
_NODES = ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent", "AliasEvent")

# The core schema of YAML 1.2: `on`, `off`, `no` and 12:30 are words.
_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE, _FALSE = re.compile(r"true|True|TRUE"), re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,4})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A value. `text` is what was written."""

    mark: Mark
    text: str
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list."""

    mark: Mark
    nodes: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key of a table, where it stands, and what it holds."""

    mark: Mark
    node: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Keys and values in the order of the file."""

    mark: Mark
    entries: dict[str, Entry] = field(default_factory=dict)


Node = Scalar | Items | Table


def dotted(path: Path) -> str:
    """devices.level.profile, actuators.main_pump.requires[0]."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text


def plain(node: Node) -> Any:
    """The tree as dict, list and scalars."""
    match node:
        case Scalar():
            return node.value
        case Items():
            return [plain(item) for item in node.nodes]
        case Table():
            return {key: plain(entry.node) for key, entry in node.entries.items()}


def find(root: Node, path: Path) -> tuple[Mark, Mark, bool]:
    """Where the key and the value at a path stand, and whether the path exists. A missing path has the place of its
    nearest ancestor."""
    key, node = root.mark, root
    for part in path:
        if isinstance(node, Table) and part in node.entries:
            entry = node.entries[str(part)]
            key, node = entry.mark, entry.node
        elif isinstance(node, Items) and isinstance(part, int) and 0 <= part < len(node.nodes):
            node = node.nodes[part]
            key = node.mark
        else:
            return key, key, False
    return key, node.mark, True


@dataclass(slots=True, kw_only=True)
class _Open:
    """A list or table that is being filled; `key` waits for its value."""

    node: Items | Table
    key: tuple[str, Mark] | None = None
    skipped: bool = False  # the value at hand belongs to a key that was refused


class _Refused(Exception):
    """Something after which reading on makes no sense."""

    def __init__(self, mark: Mark, what: str, hint: str) -> None:
        super().__init__(what)
        self.mark, self.what, self.hint = mark, what, hint


def parse(file: str, text: str) -> tuple[Node | None, list[Problem]]:
    """The tree of one document, and what is wrong with its form. No tree when the form is beyond reading."""
    problems: list[Problem] = []
    try:
        return _build(file, quick(text), problems), problems
    except (Unsure, _Refused):
        return _parse_with_care(file, text)


def _parse_with_care(file: str, text: str) -> tuple[Node | None, list[Problem]]:
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    problems: list[Problem] = []
    try:
        return _build(file, careful(text), problems), problems
    except _Refused as refused:
        problems.append(_problem(refused.mark, (), refused.what, refused.hint))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Mark(file=file, line=mark.line + 1, column=mark.column + 1) if mark is not None else Mark(file=file)
        what = " ".join(str(error.problem or error.context or "cannot be read as YAML").split())
        problems.append(_problem(at, (), *_in_words(what)))
    except (YAMLError, ValueError, IndexError, TypeError, AttributeError, AssertionError, KeyError) as error:
        # The parser has corners where a broken text surfaces as one of these; the file is unreadable either way.
        what = " ".join(str(error).split()) or type(error).__name__
        problems.append(_problem(Mark(file=file), (), *_in_words(what[:200])))
    return None, problems


def _build(file: str, events: Iterator[Any], problems: list[Problem]) -> Node | None:
    root: Node | None = None
    stack: list[_Open] = []
    documents = 0
    for event in events:
        if kind(event) in _ENDS:
            stack.pop()
            continue
        at = Mark(file=file, line=event.start_mark.line + 1, column=event.start_mark.column + 1)
        if kind(event) == "DocumentStartEvent":
            documents += 1
            if documents > 1:
                raise _Refused(at, "a second document begins here", "a site file is one document: remove the ---")
        if kind(event) not in _NODES:
            continue
        _refuse_extras(event, at)
        top = stack[-1] if stack else None
        if top is not None and isinstance(top.node, Table) and top.key is None and not top.skipped:
            _take_key(stack, event, at, problems)
            continue
        node = _node(event, at)
        root = root or node
        _attach(top, node)
        if not isinstance(node, Scalar):
            stack.append(_Open(node=node))
            if len(stack) > DEEPEST:
                raise _Refused(at, f"nested more than {DEEPEST} levels deep", "a site file needs five levels")
    return root


def _refuse_extras(event: Any, at: Mark) -> None:
    if kind(event) == "AliasEvent" or getattr(event, "anchor", None):
        raise _Refused(at, "anchors and aliases (& and *) are not used here", "write the values out where they belong")
    tag = getattr(event, "tag", None)
    if tag and str(tag) != "!":
        raise _Refused(at, f"tags such as {str(tag)[:40]} are not used here", "remove the tag; write text in quotes")
    if kind(event) == "ScalarEvent" and event.style == '"' and (what := hidden(event.value)):
        raise _Refused(at, f"{what} is written here as an escape", "leave it out: a terminal would obey it")


def _take_key(stack: list[_Open], event: Any, at: Mark, problems: list[Problem]) -> None:
    top = stack[-1]
    if kind(event) != "ScalarEvent" or len(event.value) > LONGEST_KEY:
        raise _Refused(at, "a key has to be one short word", "write it as  key: value")
    assert isinstance(top.node, Table)
    before = top.node.entries.get(event.value)
    if before is not None:
        path = (*_path(stack), event.value)
        what = f"is written twice (first in {before.mark.seen_from(at)})"
        problems.append(_problem(at, path, what, "keep one of the two"))
        top.skipped = True
    else:
        top.key = (event.value, at)


def _attach(top: _Open | None, node: Node) -> None:
    if top is None:
        return
    if isinstance(top.node, Items):
        top.node.nodes.append(node)
    elif top.key is not None:
        name, mark = top.key
        top.node.entries[name] = Entry(mark=mark, node=node)
        top.key = None
    top.skipped = False


def _path(stack: list[_Open]) -> Path:
    """The path of the innermost open node: its name is the last one that its parent took."""
    path: list[str | int] = []
    for parent in stack[:-1]:
        if isinstance(parent.node, Items):
            path.append(len(parent.node.nodes) - 1)
        elif parent.node.entries:
            path.append(next(reversed(parent.node.entries)))
    return tuple(path)


def _node(event: Any, at: Mark) -> Node:
    if kind(event) == "MappingStartEvent":
        return Table(mark=at)
    if kind(event) == "SequenceStartEvent":
        return Items(mark=at)
    assert kind(event) == "ScalarEvent"
    return Scalar(mark=at, text=event.value, value=event.value if event.style else _resolve(event.value))


def _resolve(text: str) -> str | int | float | bool | None:
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


# What the parser says, what that means, and what to do.
_WORDS = (
    (
        "mapping values are not allowed",
        "a ':' stands where none can be",
        "one ':' too many in this line, or the line above is unfinished; quote text",
    ),
    ("'\\t'", "a tab stands where only spaces can", "indent with spaces: YAML does not take tabs"),
    (
        "expected ',' or",
        "the brackets go on without a comma",
        "a comma or a closing bracket is missing here or in the line above",
    ),
    (
        "expected <block end>",
        "this line does not begin where its neighbours do",
        "give it the same number of spaces as they have",
    ),
    ("could not find expected ':'", "a key without its ':'", "a key needs a ':' and a space after it"),
    ("expected the node content", "a value is missing", "a bracket was opened and never closed"),
    ("end of stream", "the text ends within quotes", "a quote was opened and never closed"),
    ("cannot start any token", "this sign has a meaning of its own in YAML", "put the text into quotes"),
)


def _in_words(said: str) -> tuple[str, str]:
    """What is wrong and what to do, for what a parser said."""
    for sign, what, hint in _WORDS:
        if sign in said:
            return f"this is not YAML: {what}", hint
    return f"this is not YAML: {said}", "look at this line and the one above it: brackets, quotes, colons, indentation"


def _problem(mark: Mark, path: Path, what: str, hint: str) -> Problem:
    return Problem(file=mark.file, line=mark.line, column=mark.column, path=dotted(path), what=what, hint=hint)
