"""The site file: each mistake has its place, its sentence and its hint; all of them at once; never a traceback."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.config.loader import load
from edgectl.config.problems import SiteRejected
from edgectl.config.schema import SiteFile
from edgectl.model.site import FailSafe, Role
from edgectl.model.time import SECOND
from edgectl.scheduler.schedule import Cron, Every, Policy, Window

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SMALL = (EXAMPLES / "small.yaml").read_text()


def problems(folder: Path, text: str) -> list[str]:
    """The mistakes of a text, as printed; empty when it loads."""
    file = folder / "site.yaml"
    file.write_text(text)
    try:
        load(file)
    except SiteRejected as rejected:
        return str(rejected).splitlines()
    return []


def test_the_small_example_becomes_what_it_says() -> None:
    loaded = load(EXAMPLES / "small.yaml")
    pump = loaded.site.actuators["pump"]
    assert (pump.role, pump.fail_safe, pump.max_on, pump.min_off) == (
        Role.PUMP,
        FailSafe.PULSE,
        600 * SECOND,
        5 * SECOND,
    )
    assert [str(c) for c in (*pump.requires, *pump.stop_if)] == ["tank_level > 15", "tank_level < 10"]
    assert loaded.site.sensors["tank_level"].scaled(125.0) == 50.0
    watering, lamps = loaded.schedules
    assert watering.cadence == Cron(expression="0 6-20/2 * * *")
    assert watering.payload == {"duration_s": 90.0}
    assert (watering.catch_up.policy, watering.catch_up.max) == (Policy.REPLAY_LIMITED, 1)
    assert lamps.cadence == Window(start_minute=300, length=16 * 3600 * SECOND)
    field, climate = loaded.buses
    assert [(d.name, d.unit, d.profile.name) for d in field.devices] == [
        ("board", 1, "waveshare-relay-8ch"),
        ("level", 5, "qdy30a-level"),
        ("meter", 7, "wb-mcm8"),
    ]
    assert climate.kind == "modbus-tcp"


def test_the_language_of_the_documentation_loads() -> None:
    loaded = load(EXAMPLES / "product.yaml")
    assert loaded.undriven == ("probe", "nodes")
    assert "central" in loaded.ignored
    assert loaded.site.actuators["acid_pump"].max_on == 18_200_000_000  # 20 ml at 1.10 ml/s, rounded up to 0.1 s
    assert loaded.site.never_together == (frozenset({"acid_pump", "base_pump"}),)


MISTAKES = [
    ("profile: qdy30a-level", "profile: qdy30-level", "devices.level.profile", "did you mean qdy30a-level?"),
    ("unit: 5", "unit: 1", "devices.level.unit", "unit 1 on field is board already"),
    ("unit: 5", "unit: 300", "devices.level.unit", "less than or equal to 247"),
    ("unit: 5", "unit: five", "devices.level.unit", "valid integer"),
    (", unit: 5", "", "devices.level", "needs its unit number"),
    ("bus: field, profile: qdy30a", "bus: fild, profile: qdy30a", "devices.level.bus", "did you mean field?"),
    ("profile: xy-md02", "profile: atlas-ezo-ph", "devices.air.profile", "does not speak modbus-tcp"),
    ("max_age: 3s", "max_age: 3", "sensors.flow.max_age", "'3' needs a unit"),
    ("max_age: 3s", "max_age: 3x", "sensors.flow.max_age", "is no duration"),
    ("max_age: 3s", "max_age: 1s, poll: 2s", "sensors.flow.poll", "less often than its value stays fresh"),
    ("max_age: 3s", "max_age: 600ms", "buses.field", "the bus cannot do this"),
    ("level.level", "level.depth", "sensors.tank_level.from", "has no channel depth"),
    ("level.level", "lewel.level", "sensors.tank_level.from", "did you mean level?"),
    ("level.level", "level", "sensors.tank_level.from", "a device, a dot and its channel"),
    ("[0, 250, 0, 100]", "[0, 250, 0]", "sensors.tank_level.scale", "at least 4"),
    ("[0, 250, 0, 100]", "[5, 5, 0, 100]", "sensors.tank_level.scale", "first two numbers are equal"),
    ("range: [0, 60]", "range: [60, 0]", "sensors.flow.range", "the range is empty"),
    ("range: [0, 60]", "range: [0, .nan]", "sensors.flow.range.1", ".nan is no number"),
    ("board.relay_1", "board.relay_9", "actuators.pump.to", "has no output relay_9"),
    ("board.relay_2", "board.relay_1", "actuators.valve.to", "board.relay_1 is pump already"),
    ("role: valve", "role: valves", "actuators.valve.role", "did you mean valve?"),
    ("role: valve, max_on: 11m", "role: valve", "actuators.valve", "a valve needs max_on"),
    ("max_on: 11m", "max_on: 2h", "actuators.valve.max_on", "ends a pulse after 3276.7 s at most"),
    ("max_on: 11m", "max_on: 95s", "schedules.watering.duration", "valve must stay open for 110s"),
    ("max_on: 10m", "max_on: 60s", "schedules.watering.duration", "90s is longer than pump's max_on 1m (line"),
    ("tank_level > 15", "tank_leve > 15", "actuators.pump.requires.0", "did you mean tank_level?"),
    ("tank_level > 15", "tank_level >= 15", "actuators.pump.requires.0", "is no condition"),
    ("tank_level < 10", "tank_level < 20", "actuators.pump.stop_if.0", "stops it where"),
    ("[tank_level > 15]", "[flow < 15]", "zones.beds.tank", "does not ask for tank_level"),
    ("pump: pump", "pump: pomp", "zones.beds.pump", "did you mean pump?"),
    ("pump: pump", "pump: valve", "zones.beds.pump", "valve is a valve, not a pump"),
    ("light: lamp", "ligth: lamp", "zones.beds.ligth", "did you mean light?"),
    ("light: lamp", "light: 7", "zones.beds.light", "valid string"),
    ("light: lamp}", "max_gap: 1d}", "schedules.lamps.zone", "beds has no light"),
    ("zone: beds, task: irr", "zone: bets, task: irr", "schedules.watering.zone", "did you mean beds?"),
    ("0 6-20/2 * * *", "0 25 * * *", "schedules.watering.cron", "is no cron line"),
    ("0 6-20/2 * * *", "0 6 * *", "schedules.watering.cron", "five fields"),
    ("0 6-20/2 * * *", "0 6 31 2 *", "schedules.watering.cron", "is no cron line"),
    (', cron: "0 6-20/2 * * *"', "", "schedules.watering", "exactly one of cron, every, window"),
    ("duration: 90s, ", "", "schedules.watering", "irrigation needs a duration"),
    ("task: irrigation", "task: irigation", "schedules.watering.task", "did you mean irrigation?"),
    ("policy: replay_limited", "policy: all", "schedules.watering.catch_up.policy", "is not one of"),
    ('"05:00"', '"25:00"', "schedules.lamps.window.start", "no time of day"),
    ('"05:00"', "05:00:00", "schedules.lamps.window.start", "no time of day"),
    ("photoperiod: 16h", "photoperiod: 25h", "schedules.lamps.window", "at most 24 h"),
    ("photoperiod: 16h", "photoperiod: 16h, end: '21:00'", "schedules.lamps.window", "either photoperiod or end"),
    ("Europe/Berlin", "Europe/Berln", "site.timezone", "is no time zone"),
    ("baudrate: 9600", "baudrate: 9601", "buses.field.baudrate", "is not one of"),
    ("type: modbus-rtu", "type: modbus-rto", "buses.field.type", "did you mean modbus-rtu?"),
    ("type: modbus-rtu, ", "", "buses.field.type", "this is missing"),
    ("site: {id: gh-1", "site: {id: gh-1, id: gh-2", "site.id", "for the second time"),
    ("schedules:", "schedule:", "schedule", "did you mean schedules?"),
    ("site: {", "site: &x {", "site", "anchors and aliases"),
    ("site: {", "site {", "", "this is no YAML"),
    ("  lamp:  {to", "  Lamp:  {to", "actuators.Lamp", "is no name"),
    ("overflow,", "owerflow,", "declare.1", "did you mean overflow?"),
]


@pytest.mark.parametrize(("old", "new", "path", "words"), MISTAKES, ids=[f"{m[2]}-{i}" for i, m in enumerate(MISTAKES)])
def test_a_mistake_has_its_place_and_its_sentence(tmp_path: Path, old: str, new: str, path: str, words: str) -> None:
    assert SMALL.count(old) >= 1, "the example has changed"
    text = SMALL.replace(old, new, 1)
    lines = problems(tmp_path, text)
    at = SMALL[: SMALL.index(old)].count("\n") + 1
    hit = [i for i, line in enumerate(lines) if f"  {path}: " in f"{line}: " or (path and f" {path}: " in line)]
    hit = hit or ([0] if not path else [])
    assert hit, lines
    assert any(words in "\n".join(lines[i : i + 2]) for i in hit), lines
    if path not in ("buses.field", "schedules.watering.duration", "zones.beds.tank", "schedules.lamps.zone"):
        assert any(lines[i].startswith(f"site.yaml:{at}:") for i in hit), (at, lines)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = SMALL.replace("unit: 5", "unit: 1").replace("max_age: 3s", "max_age: 3").replace("pump: pump", "pump: pomp")
    lines = problems(tmp_path, text)
    assert lines[-1] == "3 problems."
    places = [int(line.split(":")[1]) for line in lines if line.startswith("site.yaml")]
    assert places == sorted(places)


def test_a_dangerous_output_that_nothing_ends_must_be_accepted_by_name(tmp_path: Path) -> None:
    node = """
  nodes: {type: mqtt, url: "mqtt://127.0.0.1", protocol: hydro2}"""
    text = SMALL.replace("host: 192.168.1.20}", "host: 192.168.1.20}" + node, 1)
    # No profile of ours has such an output: take the pulse away from a copy of the board's.
    from edgectl.drivers import registry
    from edgectl.drivers.profile import Outlet

    board = registry.find("waveshare-relay-8ch")
    outlets = dict(board.outlets)
    assert isinstance(board.outlets, dict)
    board.outlets["relay_2"] = Outlet(name="relay_2", fail_safe=FailSafe.NONE, coil=1)
    try:
        assert any("nothing ends this valve when the controller dies" in line for line in problems(tmp_path, text))
        accepted = text.replace("role: valve, ", "role: valve, accept: [no_hardware_end], ")
        assert problems(tmp_path, accepted) == []
    finally:
        board.outlets.update(outlets)


def test_files_beside_are_merged_and_a_name_defined_twice_is_told(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    extra = tmp_path / "conf.d" / "more.yaml"
    extra.write_text("schedules:\n  night: {zone: beds, task: irrigation, every: 6h, duration: 30s}\n")
    (tmp_path / "site.yaml").write_text(SMALL)
    night = load(tmp_path / "site.yaml").schedules[-1]
    assert night.cadence == Every(interval=6 * 3600 * SECOND)
    extra.write_text("schedules:\n  lamps: {zone: beds, task: irrigation, every: 6h, duration: 30}\n")
    lines = problems(tmp_path, SMALL)
    assert any(line.startswith("conf.d/more.yaml:2:3") and "is defined in site.yaml" in line for line in lines), lines


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"- a\n- b\n", "must begin with sections"),
        (b"\xff\xfe\x00", "no UTF-8"),
        (b"a: \x00", "zero byte"),
        (b"a: [" * 500, "no YAML"),
        (b"site: " + b"{a: " * 40 + b"1" + b"}" * 40, "nested too deeply"),
    ],
)
def test_what_is_no_site_file_is_told_so(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "site.yaml"
    file.write_bytes(content)
    with pytest.raises(SiteRejected, match=words):
        load(file)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SiteRejected, match="there is no file"):
        load(tmp_path / "nothing.yaml")
    with pytest.raises(SiteRejected, match="is a folder"):
        load(tmp_path)


LINES = SMALL.splitlines()


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, len(LINES) - 1),
    st.sampled_from(["delete", "double", "cut", "swap", "noise"]),
    st.integers(0, 100),
    st.text(max_size=12),
)
def test_whatever_is_in_the_file_it_loads_or_is_rejected_in_words(
    tmp_path_factory: pytest.TempPathFactory, at: int, how: str, column: int, noise: str
) -> None:
    lines = list(LINES)
    match how:
        case "delete":
            del lines[at]
        case "double":
            lines.insert(at, lines[at])
        case "cut":
            lines[at] = lines[at][:column]
        case "swap":
            lines[at], lines[0] = lines[0], lines[at]
        case "noise":
            lines[at] = lines[at][:column] + noise + lines[at][column:]
    file = tmp_path_factory.getbasetemp() / f"fuzz-{at}.yaml"
    file.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    with contextlib.suppress(SiteRejected):
        load(file)


def test_the_schema_names_every_section() -> None:
    schema = SiteFile.model_json_schema()
    assert set(schema["properties"]) >= {"site", "buses", "devices", "sensors", "actuators", "zones", "schedules"}
    assert schema["additionalProperties"] is False
