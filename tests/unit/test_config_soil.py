"""The soil of a zone in a site file: what comes out, and each mistake at its line with what to do."""

from pathlib import Path

import pytest

from edgectl.config.loader import load
from tests.unit.site_files import changed, line_of, rejected

SOIL = changed(
    "    light: lamp\n",
    "    light: lamp\n    soil: soil\n    soil_band: [40, 60]\n",
    changed(
        "  air_humidity:    {",
        '  soil:            {from: level.level, unit: "%", scale: [0, 100, 0, 100]}\n  air_humidity:    {',
    ),
)

# old, new, a fragment of the line that is blamed, path, words of sentence and hint
MISTAKES = [
    ("soil_band: [40, 60]", "soil_band: [60, 40]", "soil_band", "zones.zone-1.soil_band", ["no band of percent"]),
    ("    soil_band: [40, 60]\n", "", "zone-1:", "zones.zone-1.soil_band", ["is missing", "[40, 60]"]),
    ("    soil: soil\n", "", "soil_band", "zones.zone-1.soil_band", ["without soil"]),
    (
        "    soil: soil\n",
        "    soil: flow\n",
        "soil: flow",
        "zones.zone-1.soil",
        ["L/min", "moisture of soil is percent"],
    ),
    ("    soil: soil\n", "    soil: soli\n", "soil: soli", "zones.zone-1.soil", ["no sensor 'soli'", "soil"]),
]


def test_the_band_of_a_soil_comes_out_as_written(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SOIL)
    zone = load(path).site.zones["zone-1"]
    assert (zone.soil, zone.soil_band) == ("soil", (40.0, 60.0))


@pytest.mark.parametrize(
    ("old", "new", "blamed", "path", "words"), MISTAKES, ids=[m[1].strip() or m[3] for m in MISTAKES]
)
def test_a_mistake_is_a_sentence_at_its_line(
    tmp_path: Path, old: str, new: str, blamed: str, path: str, words: list[str]
) -> None:
    text = changed(old, new, SOIL)
    problems = [problem for problem in rejected(tmp_path, text) if problem.path == path]
    assert len(problems) == 1
    assert blamed in text.splitlines()[problems[0].line - 1] or problems[0].line == line_of(text, blamed)
    for word in words:
        assert word in f"{problems[0].what} {problems[0].hint}"
