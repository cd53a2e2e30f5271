"""The unit as systemd reads it, the promises it makes, and what its sandbox is worth."""

import re
from pathlib import Path

import pytest

from tests.integration.units import FOLDER, UNITS, complaints, exposure, findings, installable, lacking, settings, tool

UNIT = (FOLDER / "edgectl.service").read_text()
CLOCK = (FOLDER / "edgectl-clock.service").read_text()


def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    assert complaints(tmp_path, installable(CLOCK), "edgectl-clock.service") == ""
    assert complaints(tmp_path, installable(UNIT)) == ""


@pytest.mark.parametrize(
    ("said", "planted"),
    [
        ("WatchdogSec=10", "WatchdogSeconds=10"),
        ("Restart=always", "Restart=for-ever"),
        ("StartLimitIntervalSec=0\n", "StartLimitIntervalSec=never\n"),
        ("SystemCallFilter=@system-service", "SystemCallFilter=@system-services"),
        ("ProtectSystem=strict", "ProtectSystem=stricter"),
        ("UMask=0077", "UMask=77x"),
    ],
)
def test_a_directive_that_systemd_would_ignore_is_found(tmp_path: Path, said: str, planted: str) -> None:
    assert UNIT.count(said) == 1
    assert complaints(tmp_path, installable(UNIT.replace(said, planted))) != ""


def test_an_executable_that_is_not_there_is_found(tmp_path: Path) -> None:
    text = installable(UNIT).replace(f"ExecStopPost={tool('true')}", "ExecStopPost=/nonexistent/edgectl")
    assert "/nonexistent/edgectl" in complaints(tmp_path, text)


def test_only_the_path_of_the_executable_differs_in_the_judged_copy() -> None:
    changed = [(a, b) for a, b in zip(UNIT.splitlines(), installable(UNIT).splitlines(), strict=True) if a != b]
    assert [a.partition("=")[0] for a, _ in changed] == ["ExecStart", "ExecStopPost"]


@pytest.mark.parametrize("name", UNITS)
def test_the_exposure_is_at_most_one_and_a_half(tmp_path: Path, name: str) -> None:
    status, level = exposure(tmp_path, (FOLDER / name).read_text(), name)
    assert status == 0
    assert level <= 1.5


WALLS = UNIT[UNIT.index("DevicePolicy=") : UNIT.index("[Install]")].splitlines()
WALLS = [line for line in WALLS if line and not line.startswith("#")]
# What systemd's arithmetic gives no weight, each for its reason.
WEIGHTLESS = {
    "AmbientCapabilities=",  # says the default aloud
    "KeyringMode=private",  # the default of the system manager
    "PrivateMounts=yes",  # counted by systemd 252; 257 knows that ProtectSystem= brings it along
    "ProcSubset=all",  # open on purpose
    "PrivateUsers=no",  # open on purpose
    "SystemCallErrorNumber=EPERM",  # not a wall but what hitting it does: the sandbox test holds it
    *(line for line in WALLS if line.startswith("DeviceAllow=")),  # doors
}
LIGHT = {  # a tenth each: seen in the findings, lost in the rounding of the level
    "DevicePolicy=closed",
    "RemoveIPC=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "MemoryDenyWriteExecute=yes",
    "ProtectHostname=yes",
}


@pytest.mark.parametrize("line", [line for line in WALLS if line not in WEIGHTLESS])
def test_a_wall_taken_out_is_missed(tmp_path: Path, line: str) -> None:
    without = lacking(UNIT, line)
    assert sum(findings(tmp_path, without).values()) > sum(findings(tmp_path, UNIT).values()) + 0.05
    if line not in LIGHT:
        status, level = exposure(tmp_path, without)
        assert level > 1.5
        assert status != 0


def test_no_wall_is_left_untried() -> None:
    assert len(WALLS) > 25
    assert set(WALLS) >= WEIGHTLESS | LIGHT, "the lists name lines that the unit no longer has"


def test_an_open_device_list_is_missed(tmp_path: Path) -> None:
    without = re.sub(r"^DeviceAllow=.*\n", "", lacking(UNIT, "DevicePolicy=closed"), flags=re.M)
    assert findings(tmp_path, without)["DeviceAllow="] > findings(tmp_path, UNIT)["DeviceAllow="]


def test_the_promises_of_the_unit() -> None:
    unit = settings(UNIT)
    promised = {
        "Unit.StartLimitIntervalSec": "0",
        "Service.Type": "notify",
        "Service.NotifyAccess": "main",
        "Service.ExecStart": "/usr/bin/edgectl run --site /etc/edgectl/site.yaml",
        "Service.ExecStopPost": "/usr/bin/edgectl safe-state --after-end",
        "Service.Restart": "always",
        "Service.RestartSec": "2",
        "Service.KillMode": "mixed",
        "Service.User": "edgectl",
        "Service.Group": "edgectl",
        "Service.SupplementaryGroups": "dialout",
        "Service.StateDirectory": "edgectl",
        "Service.StateDirectoryMode": "0750",
        "Service.RuntimeDirectory": "edgectl",
        "Service.ConfigurationDirectory": "edgectl",
        "Service.UMask": "0077",
        "Service.LimitCORE": "0",
        "Service.SystemCallErrorNumber": "EPERM",
        "Install.WantedBy": "multi-user.target",
    }
    assert {key: unit.get(key) for key in promised} == {key: [value] for key, value in promised.items()}


def test_a_stall_of_a_slow_card_is_no_reason_to_kill() -> None:
    """The thread inside ends a stall of 2 s in the loop, one fsync may take 5 s; the watchdog stands behind both."""
    assert 6 <= int(settings(UNIT)["Service.WatchdogSec"][0]) <= 15


def test_the_start_waits_for_nothing_that_can_be_missing() -> None:
    unit = settings(UNIT)
    assert not {"Unit.Requires", "Unit.Requisite", "Unit.BindsTo", "Unit.PartOf"} & set(unit)
    waited = " ".join(unit["Unit.After"])
    for never in ("network-online.target", "time-sync.target", "edgectl-clock.service"):
        assert never not in waited
    assert not [key for key in unit if "Condition" in key or "Assert" in key or "LoadCredential" in key]


def test_devices_are_allowed_by_class_and_each_class_has_its_driver() -> None:
    unit = settings(UNIT)
    assert unit["Service.DevicePolicy"] == ["closed"]
    assert unit["Service.DeviceAllow"] == [f"char-{kind} rw" for kind in ("ttyUSB", "ttyACM", "ttyS", "ttyAMA")]
    lines = (FOLDER / "edgectl.modules-load").read_text().splitlines()
    modules = [line for line in lines if line and not line.startswith("#")]
    assert modules == ["usbserial", "ch341", "cp210x", "ftdi_sio", "pl2303", "cdc_acm"]
    assert "systemd-modules-load.service" in " ".join(unit["Unit.After"])


def test_the_file_that_says_the_clock_is_good_has_one_name() -> None:
    told = [v for v in settings(UNIT)["Service.Environment"] if v.startswith("EDGECTL_CLOCK_SYNCHRONISED=")]
    [file] = [v.partition("=")[2] for v in told]
    clock = settings(CLOCK)
    assert clock["Service.ExecStart"] == [f"/usr/libexec/edgectl-clock {file}"]
    assert Path(file).parent == Path("/run", clock["Service.RuntimeDirectory"][0])
    assert "Unit.Before" not in clock, "an offline site must not wait for its clock"
    assert (
        Path("/usr/lib/systemd/systemd-time-wait-sync").exists() or Path("/lib/systemd/systemd-time-wait-sync").exists()
    )


def test_every_line_of_the_examples_is_understood(tmp_path: Path) -> None:
    folder = tmp_path / "edgectl.service.d"
    folder.mkdir()
    examples = sorted((FOLDER / "edgectl.service.d").glob("*.conf.example"))
    assert [e.name for e in examples] == ["central.conf.example", "network.conf.example"]
    for example in examples:
        (folder / example.stem).write_text(example.read_text())
    assert complaints(tmp_path, installable(UNIT)) == ""
    (folder / "network.conf").write_text("[Service]\nIPAddressDeni=any\n")
    assert "IPAddressDeni" in complaints(tmp_path, installable(UNIT)), "drop-ins were not read at all"


def test_a_missing_tool_is_red_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssertionError, match=r"systemd-analyze is missing: \.ci/run installs"):
        complaints(tmp_path, UNIT)
