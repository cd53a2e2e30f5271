"""An electrician at a line that nobody drives: who is there, what is it, and what does a stranger hold."""

import contextlib
import itertools
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from serial import SerialException

from edgectl.__main__ import main
from edgectl.cli import asking
from edgectl.drivers.codecs.modbus import Request
from edgectl.drivers.profile import Profile
from edgectl.drivers.registry import find
from edgectl.drivers.talk import Talk
from edgectl.journal.errors import JournalUnwritable
from edgectl.journal.sqlite import SqliteJournal
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.hours import MORNING

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedField]:
    shelf = {9: "sht3x", 11: "md02-clone", 14: "soil", 20: "sht3x-locked", 21: "sht3x-lazy"}
    with SimulatedField(tmp_path_factory.mktemp("line"), circuits={"ph": "pH"}, units=shelf) as running:
        yield running


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def edgectl(*words: object, folder: Path = ROOT) -> Said:
    with contextlib.chdir(folder):
        done = CliRunner().invoke(main, [*map(str, words)])
    return Said(done.exit_code, done.stdout, done.stderr)


def test_a_scan_names_every_device_and_writes_nothing(field: SimulatedField) -> None:
    field.control("clear")
    field.control("power")  # whatever an earlier test left on has fallen
    before = field.trace()
    said = edgectl("bus", "scan", field.port, "--units", "1..8", "--json")
    assert said.returncode == 0, said.stderr
    rows = {row["unit"]: row for row in json.loads(said.stdout)}
    assert {unit: row["guesses"][0]["profile"] for unit, row in rows.items()} == {
        1: "waveshare-relay-8ch",
        3: "wb-mr6c",
        5: "qdy30a-level",
        7: "wb-mcm8",
    }
    assert "reads only" in said.stderr
    assert field.trace() == before, "no relay has moved"


def test_two_devices_at_one_address_are_told_from_one(field: SimulatedField) -> None:
    field.control("clear")
    field.fault("bad_crc", unit=5)
    said = edgectl("bus", "scan", field.port, "--units", "4..5")
    field.control("clear")
    assert "unit 5" in said.stdout
    assert "collide" in said.stdout
    assert "heard 05" in said.stdout, "the bytes are the evidence"


def test_a_probe_tells_what_the_device_reads_now(field: SimulatedField) -> None:
    field.control("clear")
    said = edgectl("bus", "probe", field.port, 5)
    assert said.returncode == 0, said.stderr
    assert "is a qdy30a-level: level " in said.stdout
    silent = edgectl("bus", "probe", field.port, 6)
    assert silent.returncode == 1
    assert "unit 6 is silent" in silent.stderr
    assert "edgectl bus scan" in silent.stderr


def test_registers_can_be_read_and_what_is_not_there_is_said(field: SimulatedField) -> None:
    field.control("clear")
    said = edgectl("device", "read", field.port, 5, 2, "--count", 2, "--json")
    assert json.loads(said.stdout) == [{"address": 2, "value": 1}, {"address": 3, "value": 1}]
    refused = edgectl("device", "read", field.port, 5, 99)
    assert refused.returncode == 1
    assert "unit 5" in refused.stderr
    assert "exception 2" in refused.stderr


def broken_off_after(unit: int, questions: int, by: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C, or the adapter pulled, when a unit has been asked so many questions."""
    monkeypatch.undo()
    asked, exchange = itertools.count(1), Talk.exchange

    def broken(talk: Talk, request: Request) -> bytes:
        if request.unit == unit and next(asked) > questions:
            raise by
        return exchange(talk, request)

    monkeypatch.setattr(Talk, "exchange", broken)


@pytest.mark.parametrize(
    ("by", "sentence"),
    [(KeyboardInterrupt(), "broken off by hand"), (SerialException("device disconnected"), "the line was lost")],
)
def test_what_was_found_is_kept_by_whoever_is_broken_off(
    by: BaseException, sentence: str, field: SimulatedField, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field.control("clear")
    broken_off_after(6, 1, by, monkeypatch)
    said = edgectl("bus", "scan", field.port, "--units", "5..12")
    assert said.returncode == 1
    assert "is a qdy30a-level" in said.stdout
    assert sentence in said.stderr
    assert "a part of 5..12, whole up to 5; unit 6 was being asked" in said.stderr
    assert "go on with --units 6..12" in said.stderr
    told = json.loads(edgectl("bus", "scan", field.port, "--units", "5..12", "--json").stdout)
    assert (told["ok"], told["so_far"][0]["guesses"][0]["profile"]) == (False, "qdy30a-level")
    for words in (("device", "identify"), ("bus", "probe")):
        broken_off_after(9, 12, by, monkeypatch)
        part = edgectl(*words, field.port, 9)
        assert (part.returncode, sentence in part.stderr) == (1, True)
        assert "so far, and not all that there is to ask:" in part.stdout
        assert "unit 9    answers FC01 FC03 FC04  no profile has been found to fit yet" in part.stdout
    broken_off_after(5, 6, by, monkeypatch)
    said = edgectl("device", "new", field.port, 5, "my-part", folder=tmp_path)
    assert said.returncode == 1
    assert sentence in said.stderr
    assert "was not read" in said.stderr
    text = (tmp_path / "my-part.yaml").read_text()
    assert text.startswith(f"# A part: {sentence}")
    assert "holding_3:" in text, "what had answered"


def test_a_stranger_becomes_the_beginning_of_a_profile(field: SimulatedField, tmp_path: Path) -> None:
    field.control("clear")
    said = edgectl("device", "new", field.port, 5, "my-probe", "--last", 20, folder=tmp_path)
    assert said.returncode == 0, said.stderr
    from edgectl.drivers.registry import read_profile

    profile = read_profile("my-probe", (tmp_path / "my-probe.yaml").read_text())
    assert isinstance(profile, Profile)
    wanted = find("qdy30a-level").channels["level"].register
    assert wanted is not None
    assert any(c.register is not None and c.register.address == wanted.address for c in profile.channels.values())
    again = edgectl("device", "new", field.port, 5, "my-probe", folder=tmp_path)
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_a_line_that_a_daemon_drives_is_left_to_it(field: SimulatedField, tmp_path: Path) -> None:
    field.control("clear")
    daemon = DaemonProcess(tmp_path, write_site(tmp_path, field, every="1h", duration="1s", travel="100ms"))
    with daemon:
        daemon.wait_ready()
        before = field.control("state")["requests"]
        said = edgectl("bus", "scan", "field", "--site", daemon.site)
        assert said.returncode == 1
        assert "in use by another program" in said.stderr
        assert "systemctl stop edgectl" in said.stderr
        listed = daemon.cli("bus", "list")
        assert listed.returncode == 0
        assert "qdy30a" not in listed.stdout
        # by its name, and through its owner
        named = daemon.cli("bus", "scan", "field", "--units", "5..6", "--wait", "1m")
        assert named.returncode == 0, named
        assert "is a qdy30a-level" in named.stdout
        told = json.loads(daemon.cli("bus", "scan", "field", "--units", "6..7", "--wait", "1m", "--json").stdout)
        assert [(row["line"], row["guesses"][0]["profile"]) for row in told] == [("bus field", "wb-mcm8")]
        port = daemon.cli("device", "identify", str(field.port), "5")
        assert f"{field.port}  9600 8N1 is bus field of the daemon that runs here; nothing was asked" in port.stderr
        assert "edgectl bus scan field" in port.stderr
        words = ("device", "new", "field", "5", "swept", "--last", "20", "--wait", "1m")
        command = [sys.executable, "-m", "edgectl", *words]
        swept = subprocess.run(
            command, cwd=tmp_path, env=daemon.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert swept.returncode == 0, swept
        assert "holding_4:" in (tmp_path / "swept.yaml").read_text()
        assert {"field", "climate"} <= set(listed.stdout.split())
        assert field.control("state")["requests"] >= before
        began = datetime.fromisoformat(daemon.data("/status")["now"]).astimezone(ZoneInfo(MORNING))
        watch = [sys.executable, "-m", "edgectl", "bus", "monitor", "field"]
        with subprocess.Popen(watch, stdout=subprocess.PIPE, text=True, env=daemon.environment) as monitor:
            assert monitor.stdout is not None
            first = monitor.stdout.readline()
            monitor.terminate()
        told = datetime.combine(began.date(), time.fromisoformat(first.split()[0]), began.tzinfo)
        late = (told - began).total_seconds() % 86_400  # a night may lie between the two
        assert late < 3600, f"it begins with now, in the time of the site: {first}"


def test_one_garbled_answer_is_asked_again_and_is_no_collision(field: SimulatedField) -> None:
    field.control("clear")
    field.fault("bad_crc", unit=5, count=1)
    said = edgectl("bus", "scan", field.port, "--units", "5", "--json")
    (row,) = json.loads(said.stdout)
    assert not row["collides"]
    assert row["guesses"][0]["profile"] == "qdy30a-level"


def test_every_profile_that_fits_is_shown_with_what_it_would_read(field: SimulatedField) -> None:
    field.control("clear")
    said = edgectl("bus", "scan", field.port, "--units", "9..11").stdout
    assert "could be a sht3x-rs485: humidity 61.2 %RH" in said
    assert "or a seeed-s-co2-03: co2 612 ppm" in said
    assert "could be a md02: temperature 22.1 degC" in said, "in tenths it would be 221 degC, which cannot be"
    told = edgectl("device", "identify", field.port, 1).stdout
    assert "software version of a Waveshare board is 200" in told


def test_every_usual_speed_and_parity_is_asked_with_its_place_in_the_round(field: SimulatedField) -> None:
    field.control("clear")
    said = edgectl("bus", "scan", field.port, "--units", "5", "--every-speed", "--json")
    lines = [row["line"].split("  ")[1] for row in json.loads(said.stdout)]  # a pty carries each speed alike
    assert lines == [f"{baud} 8N1" for baud in (9600, 19200, 4800, 115200, 38400, 2400)]
    assert all(f"({number} of 12)" in said.stderr for number in range(1, 13))
    assert "does not take 9600 8E1: left out (2 of 12)" in said.stderr, "and knows no parity"


def test_a_line_that_speaks_in_words_is_no_collision(field: SimulatedField) -> None:
    field.control("clear")
    port = field.folder / "bus-ph"
    said = edgectl("bus", "scan", port, "--units", "12..14")
    assert said.returncode == 0
    assert "collide" not in said.stdout
    assert "speaks in words, not in Modbus" in said.stdout
    quiet = edgectl("bus", "scan", port, "--units", "1..2", "--json")  # no carriage return among these bytes
    assert json.loads(quiet.stdout)[0]["speaks"], "asked for its kind, or heard in continuous mode"
    told = json.loads(edgectl("device", "identify", port, "--json").stdout)
    assert told["profiles"] == ["atlas-ezo-ph"]


def write(field: SimulatedField, state: Path, *words: object) -> tuple[int, dict[str, object]]:
    done = CliRunner().invoke(
        main, ["device", "write", str(field.port), *map(str, words), "--state", str(state), "--json"]
    )
    return done.exit_code, json.loads(done.stdout.splitlines()[-1])


def test_an_address_is_written_read_back_and_stands_in_the_timeline(field: SimulatedField, tmp_path: Path) -> None:
    field.control("clear")
    code, done = write(field, tmp_path, 14, "address", 4, "--profile", "jxct-soil-7in1", "--only-one")
    assert (code, done["before"], done["after"], done["in_force"]) == (0, "14", "4", True)
    for unit, there in ((4, 1), (14, 0)):
        assert len(json.loads(edgectl("bus", "scan", field.port, "--units", unit, "--json").stdout)) == there
    with sqlite3.connect(tmp_path / "journal.db") as db:
        lines = [(event, json.loads(body)) for event, body in db.execute("SELECT event_type, body FROM timeline")]
    assert [event for event, _ in lines] == ["DEVICE_WRITE_MEANT", "DEVICE_WRITTEN"]
    assert lines[0][1]["details"]["who"], "who did it stands there"
    assert lines[1][1]["details"]["taken"] is True
    assert write(field, tmp_path, 4, "address", 14, "--only-one")[0] == 0  # as it was, for the other tests


def test_what_is_not_certain_or_not_declared_is_not_written(field: SimulatedField, tmp_path: Path) -> None:
    field.control("clear")
    refused = {
        "somebody answers at 9 already": (14, "address", 9, "--only-one"),
        "has no setting 'colour'": (14, "colour", 3),
        "baud is one of 2400, 4800, 9600": (14, "baud", 115200),
        "address is 1 to 247": (14, "address", 255, "--only-one"),
        "it is not certain what unit 9": (9, "address", 8, "--only-one"),
        "is no qdy30a-level": (9, "address", 8, "--profile", "qdy30a-level", "--only-one"),
        "does not answer": (6, "address", 8),
        "nothing was written": (14, "address", 4),  # nobody says that it is the only one
    }
    for sentence, words in refused.items():
        code, said = write(field, tmp_path, *words)
        assert code == 1, words
        assert sentence in str(said["message"])
    with sqlite3.connect(tmp_path / "journal.db") as db:
        assert not db.execute("SELECT count(*) FROM timeline").fetchone()[0]


def test_nothing_is_written_that_the_journal_does_not_take(
    field: SimulatedField, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field.control("clear")

    def full(_self: SqliteJournal, _batch: object) -> None:
        raise JournalUnwritable("the disk is full", "make room")

    monkeypatch.setattr(SqliteJournal, "commit", full)
    code, said = write(field, tmp_path, 14, "address", 4, "--only-one")
    assert code == 1
    assert said["message"] == "the disk is full"
    rows = json.loads(edgectl("bus", "scan", field.port, "--units", "14", "--json").stdout)
    assert [row["unit"] for row in rows] == [14], "it is where it was"


def test_a_device_that_keeps_nothing_or_moves_later_is_told_from_one_that_obeyed(
    field: SimulatedField, tmp_path: Path
) -> None:
    field.control("clear")
    which = ("--profile", "sht3x-rs485", "--only-one")
    code, said = write(field, tmp_path, 20, "address", 22, *which)
    assert (code, said["taken"], said["after"], said["answers_at"]) == (1, False, "20", 20)
    code, said = write(field, tmp_path, 21, "address", 22, *which)
    assert (code, said["taken"], said["in_force"], said["answers_at"]) == (0, True, False, 21)
    with sqlite3.connect(tmp_path / "journal.db") as db:
        lines = [json.loads(body)["details"] for (body,) in db.execute("SELECT body FROM timeline")]
    assert [line["taken"] for line in lines if "taken" in line] == [False, True]


def test_a_device_is_not_written_while_a_daemon_leads(field: SimulatedField, tmp_path: Path) -> None:
    field.control("clear")
    site = write_site(tmp_path, field, every="1h", duration="1s", travel="100ms")
    with DaemonProcess(tmp_path, site) as daemon:
        daemon.wait_ready()
        host, port = field.tcp  # a network line lets two in; the lock of the state folder does not
        words = ["device", "write", f"{host}:{port}", "2", "address", "3", "--only-one", "--state", str(daemon.state)]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 1
        assert "nothing was written" in done.stderr
        assert "drives the site" in done.stderr


def test_on_a_bus_that_a_daemon_drives_the_owner_asks_and_a_write_needs_the_lock(
    field: SimulatedField, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field.control("clear")
    site = write_site(tmp_path, field, every="1h", duration="1s", travel="100ms")
    with DaemonProcess(tmp_path, site) as daemon:
        daemon.wait_ready()
        daemon.wait("/tasks", lambda rows: any(t["task_type"] == "irrigation" and t["result"] for t in rows))
        for name, value in daemon.environment.items():
            monkeypatch.setenv(name, value)

        def say(*words: object, code: int = 0) -> str:
            done = CliRunner().invoke(main, [*map(str, words), "--site", str(site)])
            assert done.exit_code == code, done.output
            return done.output

        def events() -> list[tuple[str, dict[str, object]]]:
            with sqlite3.connect(daemon.state / "journal.db") as db:
                rows = db.execute("SELECT event_type, body FROM timeline WHERE event_type LIKE 'DEVICE_WRIT%'")
                return [(event, json.loads(body)["details"]) for event, body in rows]

        # looked at through the owner, whose own reads go on
        assert "software version of a Waveshare board is 200" in say("device", "identify", "field", 1)
        assert "is a qdy30a-level: level " in say("bus", "probe", "field", 5, "--wait", "1m")
        assert "no reply" in say("device", "read", "field", 33, 0, code=1)
        assert json.loads(say("device", "read", "field", 5, 2, "--json"))[0]["value"] == 1
        assert "runs past the last address" in say("device", "read", "field", 5, 65535, "--count", 100, code=1)
        # one person at a time; who is killed in the middle is asked for no more
        asked = lambda: [  # noqa: E731
            line["number"]
            for line in daemon.data("/buses/field/frames?after=0")["lines"]
            if line["note"] == "by hand" and line["data"].startswith("09 ")
        ]
        field.fault("late", unit=9, ms=150)  # dozens of questions take their time
        command = [sys.executable, "-m", "edgectl", "device", "identify", "field", "9"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=daemon.environment) as person:
            daemon.wait("/buses/field/asking", lambda told: told["so_far"] and told["so_far"]["answers"])
            person.send_signal(signal.SIGINT)
            part = person.communicate(timeout=30)[0]
        assert (person.returncode, "so far, and not all" in part, "unit 9 " in part) == (1, True, True), part
        daemon.wait("/buses/field/asking", lambda told: not told["asking"])
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=daemon.environment) as person:
            daemon.wait("/buses/field/asking", lambda told: told["asking"] and asked())
            assert "somebody asks unit 9 on bus field already" in say("device", "read", "field", 5, 2, code=1)
            person.kill()
        one = "/buses/field/units/5/registers/holding?address=2"
        daemon.wait("/status", lambda _: daemon.ask("GET", one)[0] == 200)
        last = asked()[-1]
        assert json.loads(say("device", "read", "field", 5, 2, "--json"))[0]["value"] == 1
        assert asked()[-1] == last
        field.control("clear")
        # a network line lets two in, so it is asked who drives it
        place = ":".join(map(str, field.tcp))
        assert "is bus climate of the daemon that runs here" in say("bus", "scan", place, code=1)
        assert "xy-md02" in say("bus", "scan", "climate", "--units", "2")
        # what the site does not name is set at once; what a zone needs, under its lock alone
        words = ("device", "write", "field", 14, "address", 4, "--profile", "jxct-soil-7in1")
        assert "nothing was written" in say(*words, code=1), "nobody says that it is the only one"
        assert "address was 14 and is 4, read back" in say(*words, "--only-one")
        assert "4 and is 14" in say("device", "write", "field", 4, "address", 14, "--only-one")
        assert [event for event, _ in events()] == ["DEVICE_WRITE_MEANT", "DEVICE_WRITTEN"] * 2
        locked = ("device", "write", "field", 5, "address", 6, "--only-one")
        assert "beds needs level and is not locked; nothing was written" in say(*locked, code=1)
        assert len(events()) == 4
        assert daemon.ask("POST", "/zones/beds/lock", {"why": "a probe is set"})[0] == 200
        assert "was written and not read back: it holds 5" in say(*locked, code=1), "this probe keeps its address"
        (meant, first), (written, last) = events()[4:]
        assert (meant, written) == ("DEVICE_WRITE_MEANT", "DEVICE_WRITTEN")
        assert (first["device"], first["before"], last["taken"], last["after"]) == ("level", "5", False, "5")
        lost = say("device", "write", "field", 14, "baud", 4800, "--profile", "jxct-soil-7in1", code=1)
        assert "lost to the bus" in lost
        # and nothing else was hurt by it
        daemon.wait("/channels", lambda rows: any(r.get("sensor") == "tank_level" and r["value"] for r in rows))


def test_a_first_site_is_asked_for_line_by_line(
    field: SimulatedField, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field.control("clear")
    monkeypatch.setattr(asking, "HIGHEST", 9)
    answers = {
        "greenhouse": "gh-1", "people call it": "House", "time zone": "Europe/Berlin",
        "a line": str(field.port), "its name": "field", "another line": str(field.folder / "bus-ph"), "named": "ph",
        "no more": "", "addresses": "5..7", "all of them": "n", "unit 5": "tank", "unit 7": "meter", "unit 9 is": "1",
        "called": "cabinet",
        "circuit": "", "tank measures": "", "full": "250", "empty": "0", "meter measures": "", "hz": "7.5",
        "cabinet measures": "temperature", "ph measures": "",
    }  # fmt: skip
    file = tmp_path / "site.yaml"
    said = CliRunner().invoke(main, ["init", str(file)], input="\n".join(answers.values()) + "\n")
    assert said.exit_code == 0, said.output
    from edgectl.config.loader import load

    loaded = load(file)
    devices = {
        device.name: (bus.kind, device.unit, device.profile.name) for bus in loaded.buses for device in bus.devices
    }
    assert devices == {
        "tank": ("modbus-rtu", 5, "qdy30a-level"),
        "meter": ("modbus-rtu", 7, "wb-mcm8"),
        "cabinet": ("modbus-rtu", 9, "sht3x-rs485"),
        "ph": ("ezo-uart", None, "atlas-ezo-ph"),
    }
    units = {name: sensor.unit for name, sensor in loaded.site.sensors.items()}
    assert units == {"tank_level": "%", "flow": "L/min", "cabinet_temperature": "degC", "ph": "pH"}
    broken = CliRunner().invoke(main, ["init", str(tmp_path / "other.yaml")], input="gh-1\n")
    assert broken.exit_code == 1
    assert "nothing was written" in broken.stderr
    assert not (tmp_path / "other.yaml").exists()


def test_a_look_that_is_broken_off_costs_a_first_site_none_of_its_answers(
    field: SimulatedField, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field.control("clear")
    broken_off_after(6, 0, KeyboardInterrupt(), monkeypatch)
    answers = ["gh-1", "House", "UTC", str(field.port), "field", "", "5..9", "", "tank", "", "250", "0"]
    said = CliRunner().invoke(main, ["init", str(tmp_path / "site.yaml")], input="\n".join(answers) + "\n")
    assert said.exit_code == 0, said.output
    assert "broken off by hand" in said.stderr
    assert "1 answered at 5..9; is that all of field?" in said.stderr
    assert "tank: {bus: field, profile: qdy30a-level, unit: 5}" in (tmp_path / "site.yaml").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ("status", "--json"),
        ("bus", "scan", "/dev/nothing-here", "--json"),
        ("bus", "scan", "/dev/x", "--units", "x", "--json"),
    ],
)
def test_who_asked_for_json_hears_of_an_error_as_json(words: tuple[str, ...], tmp_path: Path) -> None:
    environment = {"EDGECTL_SOCKET": str(tmp_path / "nobody.sock")}
    plain = CliRunner().invoke(main, words[:-1], env=environment)
    told = CliRunner().invoke(main, words, env=environment)
    assert told.exit_code == plain.exit_code > 0
    said = json.loads(told.stdout.splitlines()[-1])
    assert said["ok"] is False
    assert said["message"] in plain.stderr, "the same sentence"
    assert said["message"] not in told.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("bus", "scan", "/dev/nothing-here"), "/dev/nothing-here"),
        (("bus", "scan", "127.0.0.1:1"), "127.0.0.1:1"),
        (("bus", "scan", "nowhere", "--site", "examples/small.yaml"), "there are: cabinet, climate"),
        (("bus", "scan", "relays", "--site", "/nothing.yaml"), "/nothing.yaml"),
        (("device", "new", "/dev/x", "5", "My Probe"), "no name of a profile"),
    ],
)
def test_a_wrong_line_gets_a_sentence(words: tuple[str, ...], sentence: str) -> None:
    said = edgectl(*words)
    assert said.returncode == 1
    assert sentence in said.stderr
    assert "Traceback" not in said.stderr


def test_addresses_outside_of_the_protocol_are_a_wrong_usage() -> None:
    for units in ("0..5", "5..300", "x", "9..2"):
        said = edgectl("bus", "scan", "/dev/x", "--units", units)
        assert said.returncode == 2, units
        assert "1..247" in said.stderr
