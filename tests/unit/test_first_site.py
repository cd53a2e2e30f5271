"""Whatever a person answers, the first site file is one that `edgectl check` takes."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from edgectl.__main__ import main
from edgectl.config.first import Device, First, Line, Output, Sensor, write
from edgectl.config.loader import load
from edgectl.model.time import SECOND
from tests.unit.site_files import IN_A_FOLDER

LINES = (
    Line(name="field", kind="modbus-rtu", place="/dev/edgectl/field"),
    Line(name="net", kind="modbus-tcp", place="192.168.1.20:502"),
    Line(name="probe", kind="ezo-uart", place="/dev/edgectl/probe"),
    Line(name="nodes", kind="mqtt", place="mqtt://127.0.0.1:1883", protocol="hydro2"),
)
DEVICES = (
    Device(name="board", line="field", profile="waveshare-relay-8ch", unit=1),
    Device(name="level", line="field", profile="qdy30a-level", unit=5),
    Device(name="meter", line="field", profile="wb-mcm8", unit=7),
    Device(name="air", line="net", profile="xy-md02", unit=2),
    Device(name="ph", line="probe", profile="atlas-ezo-ph"),
    Device(name="irrig", line="nodes", profile="hydro2-irrig", node="nd-irrig-1", signed=True),
)
SENSORS = (
    Sensor(name="tank", source="level.level", empty=0, full=250),
    Sensor(name="flow", source="meter.frequency_1", hz=7.5),
    Sensor(name="air_temperature", source="air.temperature"),
    Sensor(name="ph", source="ph.ph"),
)
ROLES = ("pump", "valve", "dosing", "light", "fan", "heater", "air_pump", "fog")


@settings(max_examples=60, deadline=None, suppress_health_check=IN_A_FOLDER)
@given(
    roles=st.lists(st.sampled_from(ROLES), max_size=8),
    sensors=st.sets(st.sampled_from(SENSORS)),
    name=st.text(st.characters(categories=("L", "N", "P", "Zs"), max_codepoint=0x2FFF), min_size=1, max_size=30),
    water_at=st.sampled_from(("", "07:30")),
)
def test_every_first_site_passes_the_check(
    tmp_path: Path, roles: list[str], sensors: set[Sensor], name: str, water_at: str
) -> None:
    outputs = tuple(
        Output(name=f"{role}_{number}", to=f"board.relay_{number}", role=role) for number, role in enumerate(roles, 1)
    )
    first = First(
        site_id="gh-1",
        name=name.strip() or "x",
        timezone="Europe/Berlin",
        lines=LINES,
        devices=DEVICES,
        sensors=tuple(sorted(sensors, key=lambda sensor: sensor.name)),
        outputs=outputs,
        water_at=water_at,
    )
    file = tmp_path / "site.yaml"
    file.write_text(write(first))
    loaded = load(file)
    assert loaded.site.name == first.name
    assert set(loaded.site.actuators) == {output.name for output in outputs}
    if "pump" in roles and "valve" in roles and SENSORS[0] in sensors:
        zone = loaded.site.zones["zone-1"]
        assert zone.tank == "tank", "the pump is kept from running dry"
        assert loaded.site.actuators[str(zone.pump)].requires


GIVEN = shlex.split(
    "--id gh-2 --name South --timezone Europe/Berlin --water-at 07:30 "
    "--line field=/dev/edgectl/field --line ph=/dev/edgectl/ph --line net=10.0.0.5:502 "
    "--line box=rtu://10.0.0.6:4196 --device far=box:3:xy-md02 "
    "--device board=field:1:waveshare-relay-8ch --device level=field:5:qdy30a-level "
    "--device ph=ph:atlas-ezo-ph --device air=net:2:xy-md02 --sensor tank=level.level:0:250 --sensor ph=ph.ph "
    "--output pump=board.relay_1:pump --output valve=board.relay_2:valve"
)


def init(file: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["init", str(file), *words])


def test_options_alone_write_a_site_and_never_twice(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    said = init(file, *GIVEN)
    assert said.exit_code == 0, said.output
    loaded = load(file)
    assert {bus.name: bus.kind for bus in loaded.buses} == {
        "field": "modbus-rtu",
        "ph": "ezo-uart",
        "net": "modbus-tcp",
        "box": "modbus-rtu-over-tcp",
    }
    assert loaded.schedules[0].name == "watering"
    before = file.read_bytes()
    again = init(file, *GIVEN)
    assert again.exit_code == 1
    assert "is there already" in again.stderr
    assert file.read_bytes() == before


def test_nodes_and_what_speaks_frames_are_written_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "site.yaml"
    words = shlex.split(
        "--line nodes=mqtt://127.0.0.1:1883 --device irrig=nodes:nd-irrig-1:hydro2-irrig "
        "--output bed=irrig.valve_irrigation:valve --sensor low=irrig.level_solution_min "
        "--line plugs=mqtts://broker.local:8884 --device lamp=plugs:plug-1:tasmota-plug "
        "--line far=/dev/edgectl/far --device sonar=far:a02yyuw --sensor distance=sonar.distance"
    )
    said = init(file, *GIVEN, *words)
    assert said.exit_code == 0, said.output
    assert "the secret that nd-irrig-1 shares with this controller goes into" in said.stdout
    assert "as node-irrig" in said.stdout
    (tmp_path / "node-irrig").touch(mode=0o600)
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(tmp_path))
    again = init(tmp_path / "again.yaml", *GIVEN, *words).stdout
    assert f"the secret that nd-irrig-1 shares with this controller is there: {tmp_path / 'node-irrig'}" in again
    buses = {bus.name: bus for bus in load(file).buses}
    assert buses["far"].kind == "serial-lines"
    (irrig,), (lamp,) = buses["nodes"].devices, buses["plugs"].devices
    assert (irrig.node, irrig.zone, irrig.secret) == ("nd-irrig-1", "zone-1", "node-irrig")
    assert (lamp.node, lamp.zone, lamp.secret) == ("plug-1", "", "")
    assert [getattr(buses[name].line, "protocol", "") for name in ("nodes", "plugs")] == ["hydro2", "tasmota"]


def test_nodes_are_asked_for_by_name_and_those_of_one_broker_speak_one_language(tmp_path: Path) -> None:
    answers = {
        "greenhouse": "gh-1", "people call it": "House", "time zone": "Europe/Berlin",
        "a line": "mqtt://127.0.0.1:1883", "its name": "", "no more lines": "",
        "a node with a blank": "nd 1", "a node": "nd-irrig-1",
        "no profile": "hydro3", "its profile": "hydro2-irrig", "called": "", "a second": "nd-ph-1",
        "another language": "tasmota-plug", "of the same": "hydro2-ph", "named": "ph", "no more nodes": "",
        "irrig measures": "", "ph measures": "ph_sensor", "pump_main": "pump", "pump": "",
        "nothing more": "q", "acid": "pump", "taken": "pump", "its own": "acid", "another": "pump", "free": "",
        "no more outputs": "q", "water": "",
    }  # fmt: skip
    file = tmp_path / "site.yaml"
    said = CliRunner().invoke(main, ["init", str(file)], input="\n".join(answers.values()) + "\n")
    assert said.exit_code == 0, said.output
    for sentence in ("a node has a name of letters", "there is no 'hydro3'", "there is no 'tasmota-plug'"):
        assert sentence in said.stderr
    loaded = load(file)
    limits = {name: actuator.max_on for name, actuator in loaded.site.actuators.items()}
    assert limits == {"pump": 600 * SECOND, "acid": 60 * SECOND, "pump_2": 60 * SECOND}, "what their timers count"
    nodes = {device.name: (device.node, device.profile.name) for bus in loaded.buses for device in bus.devices}
    assert nodes == {"irrig": ("nd-irrig-1", "hydro2-irrig"), "ph": ("nd-ph-1", "hydro2-ph")}
    assert {a.name: a.channel for a in loaded.site.actuators.values()} == {
        "pump": "irrig.pump_main",
        "acid": "ph.pump_acid",
        "pump_2": "ph.pump_base",
    }
    assert "there is a pump already" in said.stderr


def test_a_wrong_word_writes_nothing_and_the_right_one_is_not_in_its_own_way(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    said = init(file, *GIVEN, "--device", "co=field:1:seeed-s-co2-03", "--output", "x=board.nine:fan")
    assert said.exit_code == 1
    assert "still to mend: devices.co" in said.stdout
    assert "both unit 1" in said.stdout
    assert "actuators.x" in said.stdout
    assert "was not written" in said.stdout
    told = json.loads(init(file, *GIVEN, "--timezone", "Moscow", "--json").stdout)
    assert (told["ok"], told["file"], told["draft"]) == (False, None, None)
    assert told["problems"] == ["site.timezone: 'Moscow' is not a known time zone; did you mean Europe/Moscow?"]
    assert not list(tmp_path.iterdir())
    assert init(file, *GIVEN).exit_code == 0


def test_answers_are_kept_as_a_draft_where_something_is_still_to_mend(tmp_path: Path) -> None:
    # Two outputs may not have one relay each that is the same: no question can know what hangs on which.
    answers = [
        *("gh-1", "House", "Moscow", "Europe/Moscow", "mqtt://127.0.0.1:1883", "nodes", ""),
        *("nd-1", "hydro2-irrig", "", "nd-1", "hydro2-irrig", "second", "", "-", "-", "q", "q"),
    ]
    file = tmp_path / "site.yaml"
    for name in ("site.yaml.draft", "site.yaml.draft1"):
        said = CliRunner().invoke(main, ["init", str(file)], input="\n".join(answers) + "\n")
        assert said.exit_code == 1, said.output
        assert "there is no time zone 'Moscow': did you mean Europe/Moscow?" in said.stderr
        assert "still to mend: line" in said.stdout
        assert f"what you answered is in {tmp_path / name}" in said.stdout
        assert "second: {bus: nodes" in (tmp_path / name).read_text()
    assert not file.exists()


def test_whoever_names_nothing_is_not_left_with_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, ["init", str(tmp_path / "site.yaml")], input="gh-1\nHouse\nUTC\n\n")
    assert said.exit_code == 1
    assert "no device was named; nothing was written" in said.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ("--device", "board"),
        ("--device", "b=field:x:y"),
        ("--device", "b=field:²:y"),
        ("--device", "b=f:1:p", "--line", "f"),
        ("--device", "b=f:1:p", "--sensor", "s=b.c:1"),
        ("--device", "b=f:1:p", "--output", "o=b.r"),
    ],
)
def test_a_word_that_is_not_understood_writes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert init(tmp_path / "site.yaml", *words).exit_code == 2
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_gets_a_sentence(tmp_path: Path) -> None:
    said = init(tmp_path / "nowhere" / "site.yaml", *GIVEN)
    assert said.exit_code == 1
    assert "nothing was written" in said.stderr


anything = st.text(min_size=1, max_size=20) | st.text("\"'\\\n\t :#{}[]&*!|>%@,?-=~x1", min_size=1, max_size=8)
said_words = anything.filter(lambda text: not any(0xD800 <= ord(sign) < 0xE000 for sign in text)) | st.sampled_from(
    ("on", "No", "null", "~", "1e5", "0x1F", ".inf", '/dev/tty"x: {', "a\nb: c", "60s", "10.0.0.5", "\ufeff", "\x85")
)


@settings(max_examples=60, deadline=None)
@given(words=st.lists(said_words, min_size=14, max_size=14, unique=True), level=st.booleans())
def test_whatever_is_said_stays_one_value_of_the_file(words: list[str], level: bool) -> None:
    """The check may refuse it, with its line: but nobody's word becomes another line, another key, or no YAML."""
    site_id, name, zone_name, line, place, device, profile, sensor, source, output, to, at, lasts, timezone = words
    first = First(
        site_id=site_id,
        name=name,
        timezone=timezone,
        zone=zone_name,
        water_at=at,
        water_for=lasts,
        lines=(Line(name=line, kind="modbus-rtu", place=place), Line(name="x" + line, kind="modbus-tcp", place=place)),
        devices=(Device(name=device, line=line, profile=profile, unit=1),),
        sensors=(Sensor(name=sensor, source=source, empty=0 if level else None, full=9 if level else None),),
        outputs=(Output(name=output, to=to, role="pump"), Output(name="x" + output, to=to, role=profile)),
    )
    read = YAML(typ="safe", pure=True).load(write(first))
    host, _, port = place.rpartition(":")
    assert read["site"] == {"id": site_id, "name": name, "timezone": timezone}
    assert read["buses"][line]["port"] == place
    far = read["buses"]["x" + line]
    assert (far["host"], str(far["port"])) == (host, port)
    assert read["devices"] == {device: {"bus": line, "profile": profile, "unit": 1}}
    assert read["sensors"][sensor]["from"] == source
    pump = read["actuators"][output]
    assert (pump["to"], read["actuators"]["x" + output]["role"]) == (to, profile)
    assert pump.get("requires") == ([f"{sensor} > 15"] if level else None)
    (zone,) = read["zones"].items()
    assert zone[0] == zone_name
    assert zone[1]["pump"] == output
    watering = read["schedules"]["watering"]
    assert (watering["zone"], watering["at"], watering["duration"]) == (zone_name, [at], lasts)


@pytest.mark.parametrize("words", [("--zone", "a\nb"), ("--name", "a\x00"), ("--line", f"x=/dev/{'y' * 300}")])
def test_what_cannot_be_printed_on_a_line_writes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = init(tmp_path / "site.yaml", *GIVEN, *words)
    assert said.exit_code == 2
    assert "nothing was written" in said.output
    assert not list(tmp_path.iterdir())


def test_a_place_that_looks_like_yaml_is_one_place(tmp_path: Path) -> None:
    said = init(tmp_path / "site.yaml", *GIVEN, "--line", 'far=/dev/tty"x: {')
    assert "is not YAML" not in said.output
    assert """buses.far.port: '/dev/tty"x: {' is not written as expected""" in said.stdout
