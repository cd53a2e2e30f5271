"""Site files for the tests: the example, changed in one place."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck

from edgectl.config.loader import load
from edgectl.config.problems import Problem, SiteRejected

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
# One folder does for all examples of a test, and a crowded machine may be slow to draw them.
IN_A_FOLDER = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
SMALL = (EXAMPLES / "small.yaml").read_text()


def changed(old: str, new: str, text: str = SMALL) -> str:
    """The text with one place changed; the place has to exist once."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the example"
    return text.replace(old, new)


def line_of(text: str, fragment: str) -> int:
    """The number of the only line that holds a fragment."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if fragment in line]
    assert len(lines) == 1, f"{fragment!r} stands in lines {lines}"
    return lines[0]


def rejected(folder: Path, text: str | bytes) -> tuple[Problem, ...]:
    """What the loader has against a text."""
    path = folder / "site.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SiteRejected) as caught:
        load(path)
    return caught.value.problems
