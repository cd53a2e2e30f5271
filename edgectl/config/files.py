"""The site file and its `conf.d` on the disk, merged into one tree that still knows which line came from where."""

from pathlib import Path

from edgectl.config.letters import encoding, unseen
from edgectl.config.problems import Mark, Problem
from edgectl.config.source import Entry, Items, Scalar, Table, parse

LARGEST = 2048 * 1024  # bytes; a site with 200 outputs takes about 40 kB, one with 10,000 schedules less than 1 MB


def read(path: Path) -> tuple[Table, list[Problem]]:
    """One tree out of the file and `conf.d/*.yaml` beside it, and everything that is wrong with their form."""
    root = Table(mark=Mark(file=str(path), line=1, column=1))
    problems: list[Problem] = []
    files = [path]
    try:
        folder = path.parent / "conf.d"
        beside = sorted(folder.iterdir()) if folder.is_dir() else []
    except (OSError, ValueError) as error:
        beside = []
        problems.append(_of_file(str(path.parent / "conf.d"), f"cannot be listed: {_reason(error)}", "check its mode"))
    for item in beside:
        if item.suffix == ".yaml" and not item.name.startswith("."):
            files.append(item)
        elif item.suffix == ".yml":
            # A file that somebody believes to be in force and that nobody reads is the worst kind of silence.
            problems.append(_of_file(str(item), "is not read: only *.yaml is", f"rename it to {item.stem}.yaml"))
    for file in files:
        table = _one(file, problems, main=file is path)
        if table is not None:
            _merge(root, table, problems)
    return root, problems


def _one(path: Path, problems: list[Problem], *, main: bool) -> Table | None:
    name = str(path)
    text = _text(path, problems, main=main)
    if text is None:
        return None
    node, found = parse(name, text)
    problems += found
    if node is None or (isinstance(node, Scalar) and node.value is None):
        if main and not found:
            problems.append(_of_file(name, "is empty", "start from examples/small.yaml"))
        return None
    if not isinstance(node, Table):
        problems.append(_of_file(name, "holds no sections", "a site file begins with  site: {id: …}"))
        return None
    return node


def _text(path: Path, problems: list[Problem], *, main: bool) -> str | None:
    name = str(path)
    try:
        if path.is_dir():
            problems.append(_of_file(name, "is a folder", f"name the file: {path / 'site.yaml'}"))
            return None
        if not path.exists() and path.is_symlink():
            problems.append(_of_file(name, "is a link that leads to no file", "mend the link, or name the file"))
            return None
        if not path.exists():
            hint = f"edgectl init {name} writes a first one, or name another" if main else "a broken link?"
            problems.append(_of_file(name, "there is no such file", hint))
            return None
        if not path.is_file():
            problems.append(_of_file(name, "is not an ordinary file", "copy its text into a file"))
            return None
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        problems.append(_of_file(name, f"cannot be read: {_reason(error)}", "check its owner and mode"))
        return None
    if len(raw) > LARGEST:
        problems.append(_of_file(name, f"is larger than {LARGEST // 1024} kB", "is this really a site file?"))
        return None
    if other := encoding(raw):
        problems.append(_of_file(name, f"is saved as {other}, not as UTF-8", "save the file as UTF-8 text"))
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        what = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        problems.append(
            Problem(file=name, line=line, column=column, path="", what=what, hint="save the file as UTF-8 text")
        )
        return None
    if (problem := unseen(name, text)) is not None:
        problems.append(problem)
        return None
    return text


def _merge(root: Table, table: Table, problems: list[Problem]) -> None:
    for section, entry in table.entries.items():
        before = root.entries.get(section)
        if before is None:
            root.entries[section] = entry
        elif isinstance(before.node, Items) and isinstance(entry.node, Items):
            before.node.nodes.extend(entry.node.nodes)
        elif isinstance(before.node, Table) and isinstance(entry.node, Table):
            for key, value in entry.node.entries.items():
                _add(before.node, section, key, value, problems)
        else:
            _twice(section, before.mark, entry.mark, problems)


def _add(into: Table, section: str, key: str, value: Entry, problems: list[Problem]) -> None:
    before = into.entries.get(key)
    if before is None:
        into.entries[key] = value
    else:
        _twice(f"{section}.{key}", before.mark, value.mark, problems)


def _twice(path: str, before: Mark, here: Mark, problems: list[Problem]) -> None:
    problems.append(
        Problem(
            file=here.file,
            line=here.line,
            column=here.column,
            path=path,
            what=f"is written twice (first in {before.seen_from(here)})",
            hint="keep one of the two",
        )
    )


def _of_file(file: str, what: str, hint: str) -> Problem:
    return Problem(file=file, line=0, column=0, path="", what=what, hint=hint)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
