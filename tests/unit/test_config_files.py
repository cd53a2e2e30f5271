"""Whatever lies at the path: a Loaded site, or a sentence. Never a traceback."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.config.letters import unseen
from edgectl.config.loaded import Loaded
from edgectl.config.loader import load
from edgectl.config.problems import SiteRejected
from edgectl.config.source import parse, plain
from tests.unit.site_files import EXAMPLES, IN_A_FOLDER, SMALL, changed, line_of, rejected

PRODUCT = (EXAMPLES / "product.yaml").read_text()

FORMS = [
    ("site: {id: gh-1\nbuses: {}\n", 2, "this is not YAML"),
    ("site: a: b\n", 1, "one ':' too many"),
    ("site:\n\tid: x\n", 2, "indent with spaces"),
    ("site: 'x\n", 2, "quote"),
    ("", 0, "is empty"),
    ("# nothing yet\n", 0, "is empty"),
    ("just words\n", 0, "holds no sections"),
    ("- a\n- b\n", 0, "holds no sections"),
    ("a: &x 1\nb: 2\n", 1, "anchors and aliases"),
    ("a: 1\nb: *x\n", 2, "anchors and aliases"),
    ("a: !!python/object/apply:os.system [ls]\n", 1, "tags such as"),
    ("a: !!str 5\n", 1, "tags such as"),
    ("a: 1\n---\nb: 2\n", 2, "second document"),
    ("? [a, b]\n: 1\n", 1, "one short word"),
    ("a: " + "[" * 5000 + "\n", 1, "levels deep"),
    ("a: " + "{b: " * 5000 + "\n", 1, "levels deep"),
    ("k" * 5000 + ": 1\n", 1, "this is not YAML"),
    ("k" * 500 + ": 1\n", 1, "one short word"),
    ("%YAML 3.0\n---\na: 1\n", 1, "this is not YAML"),
    ("a: \x00\n", 1, "a NUL byte (U+0000) stands here"),
    ("site: {}\r\n# \x1b[31m\r\n", 2, "an escape character (U+001B)"),
    ("site:\n  id: \u202ex\n", 2, "turns the direction of the text (U+202E)"),
    ("site:\n\xa0 id: x\n", 2, "a space that does not break"),
    ("a: 1\n\ufeffb: 1\n", 2, "a byte order mark (U+FEFF)"),
    ("a: @x\n", 1, "put the text into quotes"),
    ("a: 1\n" * 500_000, 0, "larger than 2048 kB"),
    (b"\xff\xfea\x00", 0, "is saved as UTF-16"),
    (b"site: \xed\xa0\x80\n", 1, "byte 0xed is not UTF-8"),
    (b"site: {}\nname: \xe9t\xe9\n", 2, "byte 0xe9 is not UTF-8"),
]


@pytest.mark.parametrize(("text", "line", "words"), FORMS, ids=[str(f[0])[:24] for f in FORMS])
def test_a_broken_form_is_one_sentence(tmp_path: Path, text: str | bytes, line: int, words: str) -> None:
    problem = rejected(tmp_path, text)[0]
    assert problem.line == line, str(problem)
    assert words in str(problem)
    assert problem.hint


@pytest.mark.parametrize("change", [lambda text: f"\ufeff{text}", lambda text: text.replace("\n", "\r\n")])
def test_what_windows_makes_of_a_file_changes_nothing(tmp_path: Path, change: Callable[[str], str]) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SMALL)
    plainly = load(path)
    path.write_bytes(change(SMALL).encode())
    assert load(path).site == plainly.site


@pytest.mark.parametrize(
    ("text", "place"), [("a: 1\nb: x\x07y\n", (2, 5)), ("a: 1\rb: \x07\r", (2, 4)), ("\u2066", (1, 1))]
)
def test_a_letter_that_nobody_sees_is_named_with_its_place(text: str, place: tuple[int, int]) -> None:
    found = unseen("site.yaml", text)
    assert found is not None
    assert (found.line, found.column) == place


def test_a_name_in_any_script_is_no_strange_letter() -> None:
    assert unseen("f", "name: Теплица «Север» – 温室 – Gärtnerei – N°\u00a07 \U0001f33f\n\ttext\r\n") is None


ESCAPED = {
    r'name: "\e]0;x\a"': "an escape character (U+001B)",
    r'name: "\u202eesuoh"': "turns the direction of the text (U+202E)",
    r'"\0": 1': "a NUL byte (U+0000)",
}


@pytest.mark.parametrize("line", ESCAPED)
def test_what_a_terminal_would_obey_cannot_be_written_as_an_escape_either(line: str) -> None:
    tree, problems = parse("site.yaml", f"site:\n  {line}\n")
    assert tree is None
    assert ESCAPED[line] in problems[0].what
    assert (problems[0].line, problems[0].column > 1) == (2, True)
    assert parse("site.yaml", r'name: "two\nlines, a \" and \u0442"')[1] == []


def test_a_bomb_of_aliases_costs_nothing(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    (problem,) = rejected(tmp_path, "\n".join(rows))
    assert "anchors and aliases" in problem.what


def test_what_is_not_a_file_is_said_in_words(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, words in {
        "absent.yaml": "there is no such file",
        ".": "is a folder",
        "pipe": "is not an ordinary file",
        "loop": "is a link that leads to no file",
        "x" * 300: "",
        "nul\0": "",
    }.items():
        with pytest.raises(SiteRejected) as caught:
            load(tmp_path / name)
        assert words in str(caught.value)
        assert caught.value.problems[0].hint


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SMALL)

    def refuse(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # tests may run as root, for whom every mode is readable
    with pytest.raises(SiteRejected, match=r"cannot be read: Permission denied\n.*check its owner"):
        load(path)


def test_all_mistakes_are_reported_together_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = changed("qdy30a-level", "qdy30-level")
    text = changed("max_on: 11m", "max_on: 100", text)
    text = changed("number: 1", "number: 1\n    nummer: 2", text)
    text = changed("duration: 90s", "duration: 15m", text)
    problems = rejected(tmp_path, text)
    assert [(problem.path, problem.line) for problem in problems] == [
        ("devices.level.profile", line_of(text, "qdy30-level")),
        ("actuators.irrigation_valve.max_on", line_of(text, "max_on: 100")),
        ("zones.zone-1.nummer", line_of(text, "nummer")),
        ("schedules.morning.duration", line_of(text, "duration: 15m")),
    ]


def test_problems_line_up(tmp_path: Path) -> None:
    text = changed("name: Small house", "name: 7", changed("number: 1", "number: 0"))
    path = tmp_path / "site.yaml"
    path.write_text(text)
    with pytest.raises(SiteRejected) as caught:
        load(path)
    lines = str(caught.value).splitlines()
    first = f"{path}:5:28  site.name: '7' is not text"
    assert lines[0].split() == first.split()
    starts = {len(line) - len(line.split(None, 1)[1]) for line in lines[::2]}
    hints = {len(line) - len(line.lstrip()) for line in lines[1::2]}
    assert starts == hints
    assert len(starts) == 1


def test_conf_d_adds_to_the_file_and_never_overrides_it(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SMALL)
    beside = tmp_path / "conf.d"
    beside.mkdir()
    (beside / "10-fan.yaml").write_text("actuators:\n  fan: {to: board.relay_4, role: fan}\n")
    (beside / "20-stop.yaml").write_text("declare: [emergency_stop]\ninterlocks: [{never_together: [fan, lamp]}]\n")
    (beside / ".#30-editor.yaml").write_text("broken: [")
    loaded = load(tmp_path / "site.yaml")
    assert "fan" in loaded.site.actuators
    assert loaded.undeclared == ()
    (beside / "40-again.yaml").write_text("\nactuators: {lamp: {to: board.relay_5, role: light}}\n")
    (beside / "50-wrong.yml").write_text("a: 1\n")
    with pytest.raises(SiteRejected) as caught:
        load(tmp_path / "site.yaml")
    (beside / "50-wrong.yml").unlink()
    assert "only *.yaml is" in str(caught.value)
    with pytest.raises(SiteRejected) as caught:
        load(tmp_path / "site.yaml")
    (problem,) = caught.value.problems
    assert problem.file == str(beside / "40-again.yaml")
    assert (problem.line, problem.path) == (2, "actuators.lamp")
    assert f"first in {tmp_path / 'site.yaml'} line 38" in problem.what


def test_a_mistake_in_conf_d_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SMALL)
    beside = tmp_path / "conf.d"
    beside.mkdir()
    (beside / "a.yaml").write_text("actuators:\n  fan: {to: board.relay_3, role: fan}\n")
    with pytest.raises(SiteRejected) as caught:
        load(tmp_path / "site.yaml")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(beside / "a.yaml"), 2)
    assert "site.yaml line 38" in problem.what


# ---------------------------------------------------------------- any text at all


def _is_only_loaded_or_rejected(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    found: Loaded | SiteRejected
    try:
        found = load(path)
    except SiteRejected as refusal:
        found = refusal
    if isinstance(found, SiteRejected):
        assert found.problems
        for problem in found.problems:
            assert problem.what
            assert 0 <= problem.line <= len(text) + 1


SIGNS = """[ ] { } : , - -1 0 1e99 null ~ true " ' # | &a *a !x % --- <<: board.relay_1 lamp .nan 5s 20ml é */0"""
LONG = ["", " ", "  ", ": ", "- ", "\n", "---\n", "\t", "{a: 1}", "[1, 2]", "9" * 20, "x" * 300, "\u2028"]
WORDS = st.sampled_from([*SIGNS.split(), *LONG])


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """An example with lines deleted, doubled, moved, and words put anywhere."""
    lines = draw(st.sampled_from([SMALL, PRODUCT])).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["delete", "double", "move", "insert", "cut", "value", "indent"])):
            case "delete" if len(lines) > 1:
                lines.pop(at)
            case "double":
                lines.insert(at, lines[at])
            case "move":
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(at))
            case "insert":
                column = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:column] + draw(WORDS) + lines[at][column:]
            case "cut":
                column = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:column] + lines[at][column + draw(st.integers(1, 8)) :]
            case "value":
                head, colon, _ = lines[at].partition(": ")
                lines[at] = head + colon + draw(WORDS)
            case _:
                lines[at] = draw(st.sampled_from([" ", "  ", "\t"])) + lines[at]
    return "\n".join(lines) + "\n"


@settings(max_examples=150, deadline=None, suppress_health_check=IN_A_FOLDER)
@given(text=spoilt())
def test_a_spoilt_example_is_loaded_or_rejected(tmp_path: Path, text: str) -> None:
    _is_only_loaded_or_rejected(tmp_path / "site.yaml", text)


@settings(max_examples=200, deadline=None, suppress_health_check=IN_A_FOLDER)
@given(text=st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=40).map("".join)))
def test_any_text_is_loaded_or_rejected(tmp_path: Path, text: str) -> None:
    _is_only_loaded_or_rejected(tmp_path / "site.yaml", text)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=IN_A_FOLDER)
@given(data=st.data())
def test_any_value_in_any_place_is_loaded_or_rejected(tmp_path: Path, data: st.DataObject) -> None:
    node, _ = parse("x", PRODUCT)
    assert node is not None
    tree = plain(node)
    here = tree
    while True:
        key = data.draw(st.sampled_from(list(here) if isinstance(here, dict) else list(range(len(here)))))
        if not isinstance(here[key], dict | list) or not here[key] or data.draw(st.integers(0, 3)) == 0:
            here[key] = data.draw(VALUES)
            break
        here = here[key]
    _is_only_loaded_or_rejected(tmp_path / "site.yaml", json.dumps(tree, ensure_ascii=False))
