"""The files that go to sysusers.d, tmpfiles.d and udev's rules.d: what they create, and that no line is a mistake."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.units import FOLDER, settings, tool

RULES = (FOLDER / "99-edgectl.rules").read_text()


def test_the_account_is_created_and_may_open_serial_ports(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    ran = subprocess.run(
        [tool("systemd-sysusers"), f"--root={tmp_path}", str(FOLDER / "edgectl.sysusers")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    [user] = [r for r in (tmp_path / "etc/passwd").read_text().splitlines() if r.startswith("edgectl:")]
    assert user.endswith(":/var/lib/edgectl:/usr/sbin/nologin")
    groups = {r.split(":")[0]: r.split(":")[3] for r in (tmp_path / "etc/group").read_text().splitlines()}
    assert groups["dialout"] == "edgectl"
    assert "edgectl" in groups
    unit = settings((FOLDER / "edgectl.service").read_text())
    assert unit["Service.User"] == unit["Service.Group"] == ["edgectl"]


def test_a_mistake_in_the_account_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    planted = tmp_path / "bad.conf"
    planted.write_text((FOLDER / "edgectl.sysusers").read_text().replace("m edgectl", "member edgectl"))
    ran = subprocess.run(
        [tool("systemd-sysusers"), f"--root={tmp_path}", "--dry-run", str(planted)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode != 0


def directories(root: Path, text: str) -> dict[str, int]:
    """Path -> mode of what systemd-tmpfiles makes under `root` of this text, all owned by whoever tests."""
    (root / "etc").mkdir(parents=True)
    (root / "etc/passwd").write_text(f"edgectl:x:{os.getuid()}:{os.getgid()}::/:/bin/sh\n")
    (root / "etc/group").write_text(f"edgectl:x:{os.getgid()}:\n")
    file = root / "edgectl.conf"
    file.write_text(re.sub(r"\broot\b", "edgectl", text))
    ran = subprocess.run(
        [tool("systemd-tmpfiles"), f"--root={root}", "--create", str(file)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    made = [p for p in root.rglob("*") if p.is_dir() and "edgectl" in p.parts]
    return {f"/{p.relative_to(root)}": p.stat().st_mode & 0o7777 for p in made}


def test_the_directories_have_the_modes_that_the_unit_expects(tmp_path: Path) -> None:
    made = directories(tmp_path / "root", (FOLDER / "edgectl.tmpfiles").read_text())
    assert made == {
        "/etc/edgectl": 0o750,
        "/etc/edgectl/conf.d": 0o750,
        "/etc/edgectl/credentials": 0o710,
        "/var/lib/edgectl": 0o750,
    }
    unit = settings((FOLDER / "edgectl.service").read_text())
    assert int(unit["Service.StateDirectoryMode"][0], 8) == made["/var/lib/edgectl"]
    assert int(unit["Service.ConfigurationDirectoryMode"][0], 8) == made["/etc/edgectl"]


def test_the_daemon_can_read_its_site_and_never_change_it() -> None:
    lines = [line.split() for line in (FOLDER / "edgectl.tmpfiles").read_text().splitlines() if line[:1] == "d"]
    assert {path: (user, group) for _, path, _, user, group, _ in lines} == {
        "/etc/edgectl": ("root", "edgectl"),
        "/etc/edgectl/conf.d": ("root", "edgectl"),
        "/etc/edgectl/credentials": ("root", "edgectl"),
        "/var/lib/edgectl": ("edgectl", "edgectl"),
    }


def test_a_mistake_in_the_directories_is_found(tmp_path: Path) -> None:
    text = (FOLDER / "edgectl.tmpfiles").read_text().replace("d /var/lib", "dd /var/lib")
    with pytest.raises(AssertionError):
        directories(tmp_path / "root", text)


# One clause of a rule: what it may be called, how it may be used. Only what these rules have use for; the program that
# checks rules came with systemd 254, so the grammar is held here.
MATCHED = {
    "ACTION": False,
    "ATTR": True,
    "ATTRS": True,
    "DRIVER": False,
    "DRIVERS": False,
    "ENV": True,
    "KERNEL": False,
    "SUBSYSTEM": False,
}
ASSIGNED = {"ATTR": "=", "ENV": "=", "GROUP": "=", "MODE": "=", "SYMLINK": "+="}
CLAUSE = re.compile(r'([A-Z]+)(?:\{([\w/]+)\})?(==|!=|\+=|=)"([^"]*)"')


def faults(rule: str) -> list[str]:
    """What is wrong with one line of udev rules; nothing if it is good."""
    found, matches, assigns = [], 0, 0
    for clause in rule.split(", "):
        parts = CLAUSE.fullmatch(clause)
        if not parts:
            found.append(f"not a clause: {clause}")
            continue
        key, inner, operator, value = parts.groups()
        if operator in {"==", "!="}:
            matches += 1
            if key not in MATCHED or MATCHED[key] != (inner is not None):
                found.append(f"cannot be matched: {clause}")
        else:
            assigns += 1
            if ASSIGNED.get(key) != operator or (key in {"ATTR", "ENV"}) != (inner is not None):
                found.append(f"cannot be assigned: {clause}")
            if key == "MODE" and not re.fullmatch(r"0[0-7]{3}", value):
                found.append(f"no mode: {clause}")
            if key == "SYMLINK" and not re.fullmatch(r"edgectl/[a-z0-9_-]+", value):
                found.append(f"a link outside /dev/edgectl: {clause}")
        if not value:
            found.append(f"empty: {clause}")
    if not matches or not assigns:
        found.append("matches everything or does nothing")
    return found


def rules() -> list[str]:
    """The rules, and the examples behind a comment sign."""
    lines = [line.removeprefix("# ") for line in RULES.splitlines()]
    return [line for line in lines if re.match(r"[A-Z]+[{=!]", line)]


def test_every_rule_and_every_example_is_well_formed() -> None:
    assert len(rules()) == 10
    assert sum("SYMLINK" in rule for rule in rules()) == 3
    assert {rule: faults(rule) for rule in rules() if faults(rule)} == {}


def test_no_live_line_was_overlooked() -> None:
    live = [line for line in RULES.splitlines() if line and not line.startswith("#")]
    assert [line for line in live if line not in rules()] == []
    assert not [line for line in live if "SYMLINK" in line], "names are the site's"


@pytest.mark.parametrize(
    "planted",
    [
        'SUBSYSTEM="tty", ENV{ID_PATH}=="x", SYMLINK+="edgectl/ph"',
        'SUBSYSTEM=="tty", SYMLINK="edgectl/ph"',
        'SUBSYSTEM=="tty" SYMLINK+="edgectl/ph"',
        'SUBSYSTEM=="tty", SYMLINK+="ttyUSB0"',
        'SUBSYSTEM=="tty", MODE="660"',
        'SUBSYSTEM=="tty", ENV=="1", GROUP="dialout"',
        'SUBSYSTEM=="tty", GROUP=="dialout"',
        'GROUP="dialout"',
    ],
)
def test_a_mistake_in_a_rule_is_found(planted: str) -> None:
    assert faults(planted)


def test_the_adapters_are_kept_from_modem_manager_and_an_uplink_is_not() -> None:
    ports = [rule for rule in rules() if 'SUBSYSTEM=="tty"' in rule and "ID_MM_DEVICE_IGNORE" in rule]
    assert len(ports) == 2
    for rule in ports:
        assert 'GROUP="dialout"' in rule
        assert 'MODE="0660"' in rule
        assert 'ENV{ID_MM_PORT_IGNORE}="1"' in rule
        assert "DRIVERS==" in rule or "idVendor" in rule, "an LTE stick is a ttyUSB too"


def test_every_file_is_explained_and_installed() -> None:
    readme = (FOLDER / "README.md").read_text()
    files = {str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*") if file.is_file()} - {"README.md"}
    assert len(files) == 11
    assert {name for name in files if f"| `{name}` |" not in readme} == set()
    commands = [line for line in readme.splitlines() if line.startswith("    ")]
    assert len(commands) == 9, "the program in one line, the service in eight"
    examples = {name for name in files if name.endswith(".example")}
    assert {name for name in files - examples if not re.search(rf" {re.escape(name)} ", "\n".join(commands))} == set()
