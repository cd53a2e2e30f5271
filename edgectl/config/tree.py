"""YAML 1.2 to plain values that remember where they stood.

Read from the node graph and not from loaded objects: only there are a duplicate key and its place still visible.
Anchors are refused; a site file needs none, and a few of them can unfold into more than a machine holds.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from edgectl.config.problems import Path_, Place, Problem, dotted

DEEPEST = 12
LONGEST = 1_000_000


@dataclass(slots=True)
class Tree:
    """The values of a site file and the place of each of them."""

    name: str
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Path_, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path_) -> Place:
        """Where a path stands; of a path that is not there, where it should be."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(file=self.name, line=1, column=1))

    def wrong(self, path: Path_, what: str, hint: str = "") -> None:
        """Note a mistake."""
        self.problems.append(Problem(place=self.place(path), path=dotted(path), what=what, hint=hint))


def read(path: Path) -> Tree:
    """The file and its `conf.d/*.yaml` as one tree. Mistakes of form are in its problems."""
    tree = Tree(path.name)
    if not _read_into(tree, path, Tree(path.name)):
        return tree
    folder = path.parent / "conf.d"
    for extra in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
        part = Tree(f"conf.d/{extra.name}")
        _read_into(tree, extra, part)
    return tree


def _read_into(tree: Tree, path: Path, part: Tree) -> bool:
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except FileNotFoundError:
        part.wrong((), f"there is no file {path}", "write one, or name another: edgectl check FILE")
    except IsADirectoryError:
        part.wrong((), f"{path} is a folder", "name the file in it")
    except PermissionError:
        part.wrong((), f"{path} may not be read", "use sudo, or join the group edgectl")
    except OSError as error:
        part.wrong((), f"{path} cannot be read: {error.strerror}", "check the disk")
    except UnicodeDecodeError as error:
        part.wrong((), f"byte {error.start} is no UTF-8", "save the file as UTF-8")
    else:
        _compose(part, text)
    tree.problems += part.problems
    _merge(tree, part)
    return not part.problems or bool(part.values)


def _compose(part: Tree, text: str) -> None:
    if len(text) > LONGEST:
        part.wrong((), f"the file is longer than {LONGEST:,} characters", "this is no site file")
        return
    if "\0" in text:
        part.wrong((), "the file holds a zero byte", "this is no text")
        return
    try:
        node = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file=part.name, line=mark.line + 1 if mark else 1, column=mark.column + 1 if mark else 1)
        what = f"this is no YAML: {error.problem or error.context}"
        part.problems.append(Problem(place=place, path="", what=what, hint="look at the line and the one before it"))
        return
    except (YAMLError, ValueError, RecursionError) as error:
        part.wrong((), f"this is no YAML: {str(error).splitlines()[0]}", "look for control characters and odd nesting")
        return
    if node is None:
        part.wrong((), "the file is empty", "examples/small.yaml is a beginning")
    elif not isinstance(node, MappingNode):
        part.wrong((), "the file must begin with sections such as site: and buses:", "examples/small.yaml shows them")
    else:
        value = _value(part, node, (), 0)
        part.values = value if isinstance(value, dict) else {}


def _value(part: Tree, node: Node, path: Path_, depth: int) -> Any:
    part.places.setdefault(path, _place(part, node))
    if getattr(node, "anchor", None) is not None:
        part.wrong(path, "anchors and aliases (& and *) are not part of the site file", "write the value out")
        return None
    if depth > DEEPEST:
        part.wrong(path, "this is nested too deeply", "a site file needs five levels at most")
        return None
    if isinstance(node, MappingNode):
        return _mapping(part, node, path, depth)
    if isinstance(node, SequenceNode):
        return [_value(part, item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
    assert isinstance(node, ScalarNode)
    return _scalar(part, node, path)


def _mapping(part: Tree, node: MappingNode, path: Path_, depth: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    first: dict[str, Place] = {}
    for key_node, value_node in node.value:
        place = _place(part, key_node)
        if not isinstance(key_node, ScalarNode):
            part.problems.append(Problem(place=place, path=dotted(path), what="a key must be a word"))
            continue
        key = str(key_node.value)
        if key in first:
            what = f"{key!r} stands here for the second time, first in line {first[key].line}"
            hint = "keep one of the two"
            part.problems.append(Problem(place=place, path=dotted((*path, key)), what=what, hint=hint))
            continue
        first[key] = place
        part.places[(*path, key)] = place
        values[key] = _value(part, value_node, (*path, key), depth + 1)
    return values


def _scalar(part: Tree, node: ScalarNode, path: Path_) -> Any:
    text = str(node.value)
    kind = str(node.tag).rsplit(":", 1)[-1]
    try:
        match kind:
            case "int":
                return int(text.replace("_", ""), 0) if not text.lstrip("+-").isdigit() else int(text)
            case "float":
                number = float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
                if math.isfinite(number):
                    return number
                part.wrong(path, f"{text} is no number that anything can have")
                return None
            case "bool":
                return text.lower() == "true"
            case "null":
                return None
    except ValueError:
        pass
    return text


def _place(part: Tree, node: Node) -> Place:
    mark = node.start_mark
    return Place(file=part.name, line=mark.line + 1, column=mark.column + 1)


def _merge(tree: Tree, part: Tree) -> None:
    """Sections of several files become one; a name that two files define is a mistake of the second."""
    for section, value in part.values.items():
        if section not in tree.values:
            tree.values[section] = value
        elif isinstance(value, dict) and isinstance(tree.values[section], dict):
            for name, entry in value.items():
                if name in tree.values[section]:
                    there = tree.place((section, name))
                    place = part.place((section, name))
                    what = f"{name!r} is defined in {there} already"
                    path = dotted((section, name))
                    tree.problems.append(Problem(place=place, path=path, what=what, hint="keep one of the two"))
                else:
                    tree.values[section][name] = entry
                    _adopt(tree, part, (section, name))
            continue
        elif isinstance(value, list) and isinstance(tree.values[section], list):
            for index, entry in enumerate(value):
                tree.places[(section, len(tree.values[section]))] = part.place((section, index))
                tree.values[section].append(entry)
            continue
        else:
            what = f"{section!r} is defined in {tree.place((section,))} already"
            tree.problems.append(Problem(place=part.place((section,)), path=section, what=what))
            continue
        _adopt(tree, part, (section,))


def _adopt(tree: Tree, part: Tree, prefix: Path_) -> None:
    for path, place in part.places.items():
        if path[: len(prefix)] == prefix:
            tree.places[path] = place
