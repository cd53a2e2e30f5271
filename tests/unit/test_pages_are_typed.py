"""Every command that a page tells a person to type exists, with every option that stands there."""

import re
import shlex
from pathlib import Path

import click
import pytest

from edgectl.__main__ import main

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "hil" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "systemd/README.md",
]
TYPED = re.compile(r"(?:^ {4,}|`)((?:sudo )?edgectl [^`#]+)", re.M)


def typed(page: Path) -> list[str]:
    """The command lines of a page, those that go on in the next line put together."""
    text = page.read_text().replace("\\\n", " ")
    lines = [" ".join(found.split()) for found in TYPED.findall(text)]
    return [line.removeprefix("sudo ") for line in lines]


def faults(line: str) -> list[str]:
    """What is wrong with a command line; nothing when it could be typed."""
    try:
        words = shlex.split(line.split(" > ")[0].split(" | ")[0].split(" && ")[0].rstrip(";:.,&"))[1:]
    except ValueError:
        words = line.split()[1:]
    command: click.Command = main
    while words and isinstance(command, click.Group):
        name = words[0].split("/")[0].split("|")[0]
        if name.startswith(("-", "…")) or name.isupper():
            return []
        found = command.get_command(click.Context(command), name)
        if found is None:
            return [f"there is no command {name!r} in: {line}"]
        command, words = found, words[1:]
    known = {word for parameter in command.params for word in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
    used = [word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return [f"there is no option {word} in: {line}" for word in used if word not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_says_can_be_typed(page: Path) -> None:
    assert not [fault for line in typed(page) for fault in faults(line)]


def test_a_command_that_is_not_there_is_seen() -> None:
    assert faults("edgectl journey verify")
    assert faults("edgectl bus scan /dev/x --unit 5")
    assert not faults("edgectl bus scan /dev/x --units 5")
    assert sum(len(typed(page)) for page in PAGES) > 80
