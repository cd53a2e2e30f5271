"""Who gets a second look on a quiet machine, and who does not."""

import json
from pathlib import Path

import pytest

from tests import second_look


@pytest.mark.parametrize(
    ("failed", "again"),
    [
        (["tests/integration/test_daemon.py::test_a", "hil/test_hazards.py::test_b[x]"], True),
        (["tests/integration/test_daemon.py::test_a", "tests/crash/test_sigkill.py::test_c[0]"], False),
        (["tests/sim/test_seeds.py::test_d"], False),
        (["tests/unit/test_bus_owner.py::test_e"], False),
        ([f"tests/page/test_now.py::test_{n}" for n in range(9)], False),
        ([], False),
    ],
)
def test_only_a_few_tests_of_real_processes_get_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failed: list[str],
    again: bool,
) -> None:
    file = tmp_path / "lastfailed"
    file.write_text(json.dumps(dict.fromkeys(failed, True)))
    monkeypatch.setattr(second_look, "FAILED", file)
    if again:
        second_look.main()
    else:
        with pytest.raises(SystemExit) as end:
            second_look.main()
        assert end.value.code == 1
    told = capsys.readouterr().out
    assert all(name in told for name in failed if again)
