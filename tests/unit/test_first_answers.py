"""Each answer to `edgectl init` is judged where it is given, and asked for again."""

from pathlib import Path

import click
import pytest

from edgectl.cli import answers, asking


@pytest.mark.parametrize(
    ("judge", "good", "bad"),
    [
        (answers.zone, ["Europe/Berlin", "UTC"], ["Europe/Berlin2", "", "../UTC"]),
        (
            answers.place,
            ["", "/dev/null", "box:502", "rtu://10.0.0.7:4196"],
            ["Europe/Berlin", "/dev/nowhere", "rtu://box"],
        ),
        (answers.addresses, ["1", "1..32", "247"], ["0", "32..1", "1..248", "all", ""]),
        (answers.channels(["level", "soil"]), ["level", "level, soil", "all", "-"], ["moisture", "level soilph", "0"]),
        (answers.number, ["", "0", "-2.5"], ["ten", "1e12", "nan"]),
        (answers.time_of_day, ["", "07:30", "23:59"], ["25:99", "7:30", "noon"]),
    ],
)
def test_an_answer_is_good_or_told_what_is_wrong_with_it(judge: answers.Judge, good: list[str], bad: list[str]) -> None:
    assert [judge(text) for text in good] == [""] * len(good)
    assert all(judge(text) for text in bad)


def test_a_wrong_answer_loses_nothing_but_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = iter(["Europe/Berlin", str(tmp_path), "field", ""])
    monkeypatch.setattr(click, "prompt", lambda *_, **__: next(said))
    assert asking._lines() == [f"field={tmp_path}"]
    assert "'Europe/Berlin' is no line" in capsys.readouterr().err
