"""Profiles of one's own: `profiles/*.yaml` beside the site file, judged before anything believes them.

Two rules. What comes with edgectl is never replaced by a file of the same name: nobody would see which one counts. And
a file with a mistake is no profile at all, and the site does not start with it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from edgectl.config.findings import Findings, nearest
from edgectl.config.problems import Problem
from edgectl.config.profile_languages import MODBUS, SECTIONS, language_of
from edgectl.config.source import Items, Node, Table, parse, plain
from edgectl.config.wording import sentence
from edgectl.drivers import registry
from edgectl.drivers.profile import Profile
from edgectl.drivers.registry import build

FOLDER = "profiles"
LARGEST = 64 * 1024
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,47}")


def adopt_beside(site: Path) -> tuple[list[Problem], frozenset[str]]:
    """Make the profiles beside a site file known, and no others of one's own. Returns what is wrong with the rest, and
    the names of those that could not be taken."""
    folder = site.parent / FOLDER
    good: dict[str, Profile] = {}
    problems: list[Problem] = []
    try:
        files = sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        files = []
        problems.append(_of_file(folder, f"cannot be listed: {error.strerror}", "check its mode"))
    for file in files:
        if file.name.startswith("."):
            continue
        profile, found = _one(file)
        problems += found
        if profile is not None:
            good[profile.name] = profile
    registry.adopt(good)
    return problems, frozenset(file.stem for file in files) - set(good)


def _one(file: Path) -> tuple[Profile | None, list[Problem]]:
    if file.suffix != ".yaml":
        return None, [_of_file(file, "is not read: only *.yaml is", f"rename it to {file.stem}.yaml, or move it away")]
    if file.stem in registry.shipped():
        hint = f"give yours a name of its own, for example my-{file.stem}, here and in the site file"
        return None, [_of_file(file, f"{file.stem} comes with edgectl, and is not replaced by a file", hint)]
    if not NAME.fullmatch(file.stem):
        return None, [_of_file(file, f"{file.stem!r} is no name of a profile", "small letters and dashes: my-level")]
    try:
        if not file.is_file():
            return None, [_of_file(file, "is not an ordinary file", "copy its text into a file")]
        with file.open(encoding="utf-8") as stream:
            text = stream.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        return None, [_of_file(file, f"cannot be read: {error}", "save it as UTF-8 text, and check its mode")]
    if len(text) > LARGEST:
        return None, [_of_file(file, f"is larger than {LARGEST // 1024} kB", "is this really a profile?")]
    return judge(str(file), file.stem, text)


def judge(file: str, name: str, text: str) -> tuple[Profile | None, list[Problem]]:
    """A profile, or everything that is wrong with its text."""
    root, problems = parse(file, text)
    if not isinstance(root, Table):
        return None, problems or [_of_file(Path(file), "holds no profile", "edgectl device new begins one")]
    findings = Findings(root)
    language = language_of(plain(root.entries["buses"].node)) if "buses" in root.entries else MODBUS
    head = {key: entry for key, entry in root.entries.items() if key not in SECTIONS}
    raw = _valid(language.head, (), Table(mark=root.mark, entries=head), findings)
    for section in SECTIONS & set(root.entries) - set(language.groups) - set(language.lists):
        findings.key((section,), f"means nothing to a device that speaks {language.speaks}", "take it out")
    for section, model in language.groups.items():
        raw[section] = _group(root, section, model, findings)
    for section, model in language.lists.items():
        raw[section] = _list(root, section, model, findings)
    if not findings.problems:
        for where, what, hint in language.beyond(raw):
            findings.value(where, what, hint)
    if not (raw["channels"] or raw["outputs"]) and not findings.problems:
        findings.value(("channels",), "is missing", "add channels: or outputs:, or nothing can be done with it")
    problems += findings.problems
    return (None, problems) if problems else (build(name, raw), [])


def _group(root: Table, section: str, model: type[BaseModel], findings: Findings) -> dict[str, Any]:
    if (entry := root.entries.get(section)) is None:
        return {}
    if not isinstance(entry.node, Table):
        findings.value((section,), "has to be a group of names", f"write {section}: and one name in each line below it")
        return {}
    found = {}
    for name, item in entry.node.entries.items():
        if not CHANNEL.fullmatch(name):
            findings.key((section, name), "is not a name", "small letters, digits and _: relay_1")
        found[name] = _valid(model, (section, name), item.node, findings)
    return found


def _list(root: Table, section: str, model: type[BaseModel], findings: Findings) -> list[dict[str, Any]]:
    if (entry := root.entries.get(section)) is None:
        return []
    if not isinstance(entry.node, Items):
        findings.value((section,), "has to be a list", f"write {section}: and a dash before each item below it")
        return []
    return [_valid(model, (section, place), node, findings) for place, node in enumerate(entry.node.nodes)]


def _valid(model: type[BaseModel], path: tuple[str | int, ...], node: Node, findings: Findings) -> dict[str, Any]:
    """What was written, as it was written, when the model takes it."""
    data = plain(node)
    if not isinstance(data, dict):
        findings.value(path, "has to be a group of keys", "write {function: 3, address: 0, …}")
        return {}
    try:
        known = _keys(model)
        value = TypeAdapter(model).validate_python(data)
    except ValidationError as refused:
        for error in refused.errors(include_url=False):
            # Of a place within, the keys that somebody wrote; what the library adds for its own members is left out.
            inside = tuple(part for part in error["loc"] if isinstance(part, int) or part in known)
            if error["type"] == "extra_forbidden":
                what, hint = "is not a known key", nearest(str(error["loc"][-1]), known)
                findings.key((*path, *error["loc"]), what, hint)
                continue
            findings.value((*path, *inside), *sentence(error, model, inside))
        return {}
    return {
        key: _flat(value_) for key, value_ in value.model_dump(by_alias=True, exclude_none=True).items() if key in data
    }


def _keys(model: type[BaseModel]) -> set[str]:
    """The keys that somebody may have written, within those of a group too."""
    keys = set()
    for name, field in model.model_fields.items():
        keys.add(field.alias or name)
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                keys |= _keys(part)
    return keys


def _flat(value: Any) -> Any:
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else value


def _of_file(file: Path, what: str, hint: str) -> Problem:
    return Problem(file=str(file), line=0, column=0, path=FOLDER, what=what, hint=hint)
