"""The file of a support bundle: whole or not there, and nobody else's to read."""

import errno
import json
import os
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgectl.cli import support


def bundled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *texts: str | OSError, more: tuple[str, ...] = ()
) -> tuple[Result, Path]:
    """The command with these texts to gather."""
    out = tmp_path / "bundle.tar.gz"

    def gathered(site: Path, state: Path, log: Path | None) -> object:
        for number, text in enumerate(texts):
            if isinstance(text, OSError):
                raise text
            modes = {entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir()}
            assert modes == {0o600}, "while it is made"
            yield f"{number}.txt", text

    monkeypatch.setattr(support, "gathered", gathered)
    before = os.umask(0o022)
    try:
        return CliRunner().invoke(support.support_bundle, ["--out", str(out), *more]), out
    finally:
        os.umask(before)


def test_it_is_its_owners_alone_and_holds_what_was_gathered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result, out = bundled(monkeypatch, tmp_path, "one", "two")
    assert result.exit_code == 0, result.output
    assert (list(tmp_path.iterdir()), out.stat().st_mode & 0o777) == ([out], 0o600)
    with tarfile.open(out) as bundle:
        assert bundle.getnames() == ["edgectl-support/0.txt", "edgectl-support/1.txt"]


def test_what_it_holds_is_told_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result, out = bundled(monkeypatch, tmp_path, "one", "two", more=("--json",))
    assert (json.loads(result.stdout)["holds"], result.stderr) == (["0.txt", "1.txt"], "")
    out.unlink()
    assert bundled(monkeypatch, tmp_path, "one")[0].stderr == "  0.txt\n"


def test_of_a_full_disk_nothing_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result, _ = bundled(monkeypatch, tmp_path, "one", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert (result.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "No space left" in result.output
    again, out = bundled(monkeypatch, tmp_path, "one")
    assert (again.exit_code, out.exists()) == (0, True)


def test_of_a_long_log_the_last_whole_lines_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(support, "LONGEST_TEXT", 10)
    log = tmp_path / "log"
    log.write_text("token=abcdef\nlast\n")
    assert support._text(log) == "last\n"
    log.write_text("all of it\n")
    assert support._text(log) == "all of it\n"
    assert "no ordinary file" in support._text(Path("/dev/zero"))
    assert "No such file" in support._text(tmp_path / "none")
