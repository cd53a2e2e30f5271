"""`edgectl simulate`: houses, single faults, pictures."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgectl.__main__ import main
from edgectl.cli import simulate
from edgectl.plant.faults import Breakage, Fault
from edgectl.simulate.houses import SMALL, settle_in
from edgectl.simulate.single_faults import each_fault
from tests.unit.site_files import EXAMPLES


def test_two_tanks_are_lived_in_and_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "run.svg"
    args = [
        "simulate",
        str(EXAMPLES / "two-tank.yaml"),
        "--days",
        "2",
        "--faults",
        "none",
        "--plot",
        str(picture),
        "--json",
    ]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["broken"] == []
    assert report["tasks"]["diagnostics completed (prepare_targets_reached)"] == 2
    drawn = picture.read_text()
    assert "<svg" in drawn
    assert drawn.count("<path") > 20


@pytest.mark.parametrize(
    ("ends", "dry", "says"),
    [
        ({"irrigation completed (irrigation_required)": 8}, [], True),
        (
            {"irrigation completed (irrigation_required)": 7},
            ["zone-1 was not watered in 1 of 8 runs: low_water 1"],
            False,
        ),
        ({"ventilation completed (ventilation_required)": 8}, [], False),
    ],
)
def test_that_nobody_went_dry_is_said_where_it_holds(
    ends: dict[str, int], dry: list[str], says: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = dict.fromkeys(
        ("turns", "crashes", "faults_injected", "clock_steps", "refused_commits", "acts_of_people"), 0
    )
    simulate._print({"days": 1, "seed": 1, "broken": [], **counted}, ends, dry)
    said = capsys.readouterr().out
    assert ("nobody went dry: each of 8 runs of irrigation" in said) == says
    assert ("DRY  zone-1" in said) == bool(dry)


def test_a_picture_that_cannot_be_drawn_is_a_sentence(tmp_path: Path) -> None:
    args = ["simulate", "--days", "1", "--faults", "none", "--plot", str(tmp_path / "run.nonsense")]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 2
    assert "a picture ends with .svg" in result.stderr
    assert "Traceback" not in result.output


def test_each_fault_of_the_small_house_ends_safe_and_says_something_where_it_must() -> None:
    house = SMALL
    ended = {item.breakage: item for item in each_fault(house, 1)}
    assert set(ended) == set(settle_in(house, 1).field.ground.plant.possible_faults())
    assert not [item for item in ended.values() if item.broken or item.still_on]
    blocked = ended[Breakage(fault=Fault.SUCTION_BLOCKED, of="pump")]
    assert "biz_no_flow:pump" in blocked.alarms
    silent = ended[Breakage(fault=Fault.PROBE_DROPOUT, of="level.level")]
    assert "schedule_failed:morning" in silent.alarms


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.yaml")))
def test_every_example_can_be_lived_in(name: str) -> None:
    result = CliRunner().invoke(main, ["simulate", str(EXAMPLES / name), "--days", "1", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["broken"] == []


def test_a_report_of_a_house_that_did_not_water_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every promise of safety is kept by a pump that never runs."""

    def settled(*given, **named):  # type: ignore[no-untyped-def]
        world = settle_in(*given, **named)
        world.field.ground.plant.break_part(Fault.SUCTION_BLOCKED, "pump", 0)
        return world

    args = ["simulate", "--days", "1", "--faults", "none"]
    healthy = CliRunner().invoke(main, args)
    assert "every promise held" in healthy.output
    assert "DRY" not in healthy.output
    monkeypatch.setattr("edgectl.cli.simulate.settle_in", settled)
    dry = CliRunner().invoke(main, args)
    assert dry.exit_code == 0
    assert "DRY  zone-1 was not watered in 8 of 8 runs: safety_blocked 5, flow_inactive 3" in dry.output
    assert "every promise of safety held, and plants went without water" in dry.output
    assert json.loads(CliRunner().invoke(main, [*args, "--json"]).stdout)["not_watered"]


def test_a_report_says_where_the_picture_was_written(tmp_path: Path) -> None:
    picture = tmp_path / "run.svg"
    result = CliRunner().invoke(main, ["simulate", "--days", "1", "--faults", "none", "--plot", str(picture)])
    assert result.exit_code == 0, result.output
    assert f"the picture is in {picture}" in result.output
    assert "nobody went dry: each of " in result.output
    assert picture.exists()
