"""One mistake in a right file: found once, at its line, under its path, in words that say what to do."""

from pathlib import Path

import pytest

from tests.unit.site_files import changed, line_of, rejected

LEVEL = 'level.level, unit: "%", scale: [0, 250, 0, 100], max_age: 10s, range: [0, 100]}'
VALVE = "{to: board.relay_2, role: valve, max_on: 11m}"
LAMP = "{to: board.relay_3, role: light}"
SPARE = "{to: board.relay_4, role: fan}"
ACID = "{to: board.relay_7, role: dosing, ml_per_s: 1.1, max_dose: 20ml}"
CRON = 'cron: "0 6-20/2 * * *"'
LATE = "{policy: replay_limited, max: 1, within: 2h}"
WINDOW = 'window: {start: "05:00", photoperiod: 16h}'

# The example, and an output without duties and an interlock, so that both can be got wrong.
WHOLE = changed(
    "# What belongs together.",
    f"  spare:            {SPARE}\n\ninterlocks:\n  - {{never_together: [spare, lamp]}}\n\n# What belongs together.",
)

# old, new, a fragment of the line that is blamed, path, words of sentence and hint
MISTAKES = [
    # form
    (
        "name: Small house",
        "name: Small house, named: x",
        "named",
        "site.named",
        ["not a known key", "did you mean name?"],
    ),
    ("name: Small house, ", "", "site: {", "site.name", ["is missing", "add name"]),
    ("timezone: Europe/Berlin", "timezone: 5", "timezone: 5", "site.timezone", ["'5' is not text"]),
    ("Europe/Berlin", "Europe/Berlim", "Berlim", "site.timezone", ["not a known time zone", "Europe/Berlin"]),
    ("Europe/Berlin", "../../etc/passwd", "passwd", "site.timezone", ["not a known time zone"]),
    ("id: gh-small", "id: gh small", "id: gh small", "site.id", ["'gh small'", "a short word"]),
    ("Berlin}", "Berlin, latitude: 152}", "latitude", "site.latitude", ["out of bounds", "at most 90"]),
    ("Berlin}", "Berlin, latitude: .inf}", "latitude", "site.latitude", ["'.inf' is not a number"]),
    ("Berlin}", "Berlin, latitude: 1e999}", "latitude", "site.latitude", ["finite"]),
    ("# What is switched.", "pumps: {a: b}\n# What is switched.", "pumps:", "pumps", ["not a known section"]),
    ("interlocks:", "interlock:", "interlock:", "interlock", ["not a known section", "did you mean interlocks?"]),
    ("min_off: 5s", "min_off:", "min_off", "actuators.main_pump.min_off", ["holds nothing", "remove the line"]),
    ("min_off: 5s", "max_on: 5m", "max_on: 5m", "actuators.main_pump.max_on", ["written twice", "first in line 33"]),
    ("lamps:\n", "my lamps:\n", "my lamps:", "schedules.my lamps", ["is not a name"]),
    (LAMP, "relay_3", "lamp:             relay_3", "actuators.lamp", ["a group of keys"]),
    ("[air_gap, overflow, motor_overload]", "[air_gab]", "air_gab", "declare[0]", ["did you mean air_gap?"]),
    (
        "[air_gap, overflow, motor_overload]",
        "air_gap",
        "declare: air_gap",
        "declare",
        ["is not a list", "write a list such as"],
    ),
    # units
    ("max_on: 10m", "max_on: 600", "max_on: 600", "actuators.main_pump.max_on", ["'600' needs a unit", "write 600s"]),
    (
        "duration: 90s",
        "duration: 90 sec",
        "duration: 90 sec",
        "schedules.morning.duration",
        ["is not a duration", "20s"],
    ),
    ("duration: 90s", "duration: -90s", "-90s", "schedules.morning.duration", ["is not a duration"]),
    ("duration: 90s", "duration: 1h30m", "1h30m", "schedules.morning.duration", ["is not a duration", "one number"]),
    ("duration: 90s", "duration: 0s", " 0s", "schedules.morning.duration", ["no time at all"]),
    ("duration: 90s", "duration: 50ms", "50ms", "schedules.morning.duration", ["shorter than a relay", "least 1s"]),
    ("duration: 90s", "duration: 999d", "999d", "schedules.morning.duration", ["longer than a year"]),
    (SPARE, ACID.replace("20ml", "20"), "dosing", "actuators.spare.max_dose", ["'20' needs a unit", "write 20ml"]),
    (SPARE, ACID.replace("20ml", "20s"), "dosing", "actuators.spare.max_dose", ["'20s' is not a volume", "ml or l"]),
    ('"05:00"', "5 o'clock", "o'clock", "schedules.lamps.window.start", ["not a time of day"]),
    # buses and devices
    ("type: modbus-tcp", "type: modbus-tpc", "tpc", "buses.climate.type", ["not known", "did you mean modbus-tcp"]),
    ("type: modbus-tcp, ", "", "climate: {", "buses.climate", ["has no type", "add type"]),
    ("baudrate: 9600", "baudrate: 9601", "9601", "buses.cabinet.baudrate", ["'9601' is not known", "mean 9600?"]),
    ("baudrate: 9600", "baud: 9600", "baud: 9600", "buses.cabinet.baud", ["did you mean baudrate?"]),
    ("host: 192.168.1.20", "host: 192.168.1.20, port: 0", "port: 0", "buses.climate.port", ["at least 1"]),
    ("qdy30a-level", "qdy30-level", "qdy30-", "devices.level.profile", ["not a known profile", "mean qdy30a-level?"]),
    (
        "qdy30a-level, unit: 5",
        "atlas-ezo-ph, unit: 5",
        "ezo-ph",
        "devices.level.profile",
        ["does not speak modbus-rtu"],
    ),
    ("{bus: climate,", "{bus: climte,", "climte", "devices.air.bus", ["no bus 'climte'", "did you mean climate?"]),
    (
        "unit: 7",
        "unit: 5",
        "wb-mcm8, unit: 5",
        "devices.counter.unit",
        ["level and counter are both unit 5", "line 15"],
    ),
    ("unit: 7", "unit: 248", "248", "devices.counter.unit", ["not a Modbus address", "1..247"]),
    ("unit: 7", "unit: 0", "unit: 0", "devices.counter.unit", ["not a Modbus address"]),
    ("unit: 7", "unit: true", "true", "devices.counter.unit", ["'true' is not a whole number"]),
    (", unit: 7", "", "wb-mcm8", "devices.counter.unit", ["is missing", "add unit"]),
    ("unit: 7", "unit: 7, node: n1", "node", "devices.counter.node", ["means nothing on a bus of type modbus-rtu"]),
    # sensors
    ("air.humidity", "air.moisture", "moisture", "sensors.air_humidity.from", ["no channel 'moisture'", "humidity"]),
    ("air.humidity", "sky.humidity", "sky", "sensors.air_humidity.from", ["no device 'sky'", "known here: air"]),
    ("[0, 250, 0, 100]", "[5, 5, 0, 100]", "[5, 5", "sensors.solution_level.scale", ["divides by zero"]),
    ("[0, 250, 0, 100]", "[0, 1e-320, 0, 100]", "[0, 1e", "sensors.solution_level.scale", ["nothing is measured so"]),
    ("[0, 250, 0, 100]", "[0, 250, 0, 1e-320]", "[0, 250", "sensors.solution_level.scale", ["nothing is measured so"]),
    ("[0, 250, 0, 100]", "[0, 250, 0]", "[0, 250", "sensors.solution_level.scale", ["a list of 3", "in_lo, in_hi"]),
    ("range: [0, 60]", "range: [60, 0]", "[60, 0]", "sensors.flow.range", ["60 is not below 0", "write [0, 60]"]),
    (LEVEL, LEVEL.replace("scale: [0, 250, 0, 100], ", ""), "250 cm", "sensors.solution_level.unit", ["gives cm"]),
    ("max_age: 3s", "max_age: 600ms", "600ms", "sensors.flow.max_age", ["on bus cabinet", "write at least"]),
    # actuators
    ("board.relay_3", "board.relay_9", "relay_9", "actuators.lamp.to", ["no output 'relay_9'", "relay_8"]),
    ("board.relay_3", "board.relay_2", "light}", "actuators.lamp.to", ["irrigation_valve and lamp are both on"]),
    (", max_on: 11m", "", "relay_2", "actuators.irrigation_valve.max_on", ["is missing", "add max_on"]),
    (
        SPARE,
        SPARE.replace("fan", "dosing"),
        "dosing",
        "actuators.spare.max_on",
        ["is missing", "max_dose and ml_per_s"],
    ),
    (
        "max_on: 11m",
        "max_on: 2h",
        "max_on: 2h",
        "actuators.irrigation_valve.max_on",
        ["longer", "3276.7s", "timer"],
    ),
    ("max_on: 11m", "max_on: 100s", "100s", "actuators.irrigation_valve.max_on", ["110s", "morning", "15s slack"]),
    ("role: pump", "role: pomp", "pomp", "actuators.main_pump.role", ["'pomp' is not known", "did you mean pump?"]),
    (VALVE, VALVE.replace("}", ", safe: on}"), "safe: on", "actuators.irrigation_valve.safe", ["'on' is refused"]),
    (SPARE, SPARE.replace("}", ", travel: 3s}"), "travel", "actuators.spare.travel", ["belongs to role valve"]),
    (SPARE, SPARE.replace("}", ", max_dose: 5ml}"), "5ml", "actuators.spare.max_dose", ["belongs to role dosing"]),
    (
        SPARE,
        ACID.replace("}", ", max_per_hour: 10ml}"),
        "10ml",
        "actuators.spare.max_dose",
        ["20ml is more than max_per_hour 10ml"],
    ),
    (SPARE, ACID.replace("}", ", max_on: 5s}"), "dosing", "actuators.spare.max_on", ["too short", "18.2s"]),
    ("[solution_level > 15]", "[level > 15]", "[level", "actuators.main_pump.requires[0]", ["no sensor 'level'"]),
    ("level > 15]", "level >= 15]", ">= 15", "actuators.main_pump.requires[0]", [">= is not known", "level > 15"]),
    ("level > 15]", "level > 15 cm]", "15 cm", "actuators.main_pump.requires[0]", ["in %, not in cm"]),
    ("level > 15]", "level > 15 for 5]", "for 5]", "actuators.main_pump.requires[0]", ["'5' needs a unit"]),
    ("level > 15]", "level > 15 for 0s]", "for 0s", "actuators.main_pump.requires[0]", ["no time at all"]),
    ("level > 15]", "level > 150]", "> 150]", "actuators.main_pump.requires[0]", ["outside the range", "[0, 100]"]),
    ("level > 15]", "level]", "[solution_level]", "actuators.main_pump.requires[0]", ["is not a condition"]),
    ("level < 10]", "level < 15]", "< 15]", "actuators.main_pump.stop_if[0]", ["not below requires", "below 15"]),
    ("level < 10]", "level > 10]", "> 10]", "actuators.main_pump.stop_if[0]", ["turn the sign"]),
    ("[spare, lamp]", "[spare, lump]", "lump", "interlocks[0].never_together[1]", ["no actuator 'lump'", "mean lamp?"]),
    ("[spare, lamp]", "[spare, spare]", "[spare", "interlocks[0].never_together[1]", ["named twice"]),
    ("[spare, lamp]", "[spare]", "[spare", "interlocks[0].never_together", ["a list of 1 does not fit"]),
    # zones
    (
        "pump: main_pump",
        "pump: main_pum",
        "pump: main_pum",
        "zones.zone-1.pump",
        ["no actuator", "did you mean main_pump?"],
    ),
    ("pump: main_pump", "pump: lamp", "pump: lamp", "zones.zone-1.pump", ["role light, not pump", "main_pump"]),
    ("flow: flow", "flow: volume", "flow: volume", "zones.zone-1.flow", ["measured in L", "L/min"]),
    ("tank: solution_level", "tank: solution", "tank: sol", "zones.zone-1.tank", ["no sensor", "solution_level"]),
    ("number: 1", "number: 0", "number: 0", "zones.zone-1.number", ["at least 1"]),
    # schedules
    ("task: lighting", "task: lightning", "lightning", "schedules.lamps.task", ["did you mean lighting?"]),
    ("    light: lamp\n", "", "task: lighting", "schedules.lamps.task", ["needs a light", "line 47"]),
    ("0 6-20/2 * * *", "0 6-20/2 * *", "20/2", "schedules.morning.cron", ["has 4 fields, not 5"]),
    ("0 6-20/2 * * *", "0 26 * * *", "0 26", "schedules.morning.cron", ["not a calendar", "bad hour"]),
    ("0 6-20/2 * * *", "0 0 30 2 *", "30 2", "schedules.morning.cron", ["not a calendar"]),
    ("duration: 90s", "duration: 15m", "15m", "schedules.morning.duration", ["max_on 10m (line 33)", "two runs"]),
    ("    duration: 90s\n", "", "morning:", "schedules.morning.duration", ["is missing", "90s"]),
    ("replay_limited,", "replay_limit,", "replay_limit,", "schedules.morning.catch_up.policy", ["replay_limited"]),
    (
        "replay_limited,",
        "replay_all,",
        "replay_all",
        "schedules.morning.catch_up.max",
        ["nothing with policy replay_all"],
    ),
    (LATE, "{policy: replay_all}", "replay_all", "schedules.morning.catch_up.within", ["is missing", "add within"]),
    (LATE, "{policy: skip, jitter: 5s}", "skip", "schedules.morning.catch_up.jitter", ["nothing with policy skip"]),
    ("policy: replay_limited", "policy: skip", "skip", "schedules.morning.catch_up.max", ["nothing with policy skip"]),
    (CRON, 'at: ["06:00", "24:00"]', "24:00", "schedules.morning.at[1]", ["'24:00' is not a time of day", "in quotes"]),
    (CRON, 'at: ["06:00", "06:00"]', "at: [", "schedules.morning.at[1]", ["06:00 stands twice", "keep one"]),
    (CRON, 'at: "06:00"', "at: ", "schedules.morning.at", ["is not a list", 'for example ["06:00", "18:30"]']),
    (CRON, CRON + '\n    at: ["06:00"]', "at: [", "schedules.morning.at", ["stands beside cron"]),
    (CRON, "sun: sunup", "sunup", "schedules.morning.sun", ["'sunup' is not a time by the sun", "sunrise+1h"]),
    (CRON, "sun: sunrise+60", "sunrise", "schedules.morning.sun", ["'60' needs a unit", "write 60s"]),
    (CRON, "sun: sunset-13h", "sunset", "schedules.morning.sun", ["13h is more than 12h from sunset"]),
    (
        CRON,
        "sun: sunrise+1h",
        "sunrise",
        "schedules.morning.sun",
        ["needs the latitude and the longitude of the site", "add to site (line 5), in degrees: latitude: 52.52"],
    ),
    (CRON, CRON + "\n    days: [mon, wen]", "days", "schedules.morning.days[1]", ["'wen' is not known", "wed"]),
    (CRON, CRON + "\n    days: [mon, mon]", "days", "schedules.morning.days[1]", ["mon stands twice"]),
    (CRON, CRON + "\n    days: []", "days", "schedules.morning.days", ["a list of 0 does not fit", "[mon, wed, fri]"]),
    (
        CRON,
        CRON + '\n    season: ["04-01", "02-30"]',
        "season",
        "schedules.morning.season[1]",
        ["'02-30' is not a day of the year", "month and day in quotes"],
    ),
    (CRON, CRON + '\n    season: ["04-01"]', "season", "schedules.morning.season", ["a list of 1", "the last day"]),
    (
        CRON,
        'cron: "0 6 31 1 *"\n    season: ["04-01", "10-15"]',
        "season",
        "schedules.morning.season",
        ["leaves no run: no day suits both", "other days of the year"],
    ),
    (CRON, CRON + "\n    overlap: queue", "overlap", "schedules.morning.overlap", ["did you mean queue_one?"]),
    (
        WINDOW,
        WINDOW + "\n    overlap: skip",
        "overlap",
        "schedules.lamps.overlap",
        ["nothing here: a window is a state"],
    ),
    (
        "Berlin}",
        "Berlin, latitude: 52.5, longitude: -73}",
        "-73",
        "site.longitude",
        ["is 6 hours of sun", "is the sign"],
    ),
    ("photoperiod: 16h", "photoperiod: 25h", "25h", "schedules.lamps.window.photoperiod", ["longer than a day"]),
    ("photoperiod: 16h", 'end: "05:00"', "end:", "schedules.lamps.window.end", ["same time as start"]),
    (", photoperiod: 16h", "", "window", "schedules.lamps.window", ["has no end"]),
    ("    " + WINDOW + "\n", "", "lamps:", "schedules.lamps", ["does not say when"]),
    (WINDOW, 'cron: "0 5 * * *"', "0 5", "schedules.lamps.cron", ["does not suit lighting"]),
    (WINDOW, WINDOW + "\n    every: 4h", "window", "schedules.lamps.window", ["stands beside every"]),
]


@pytest.mark.parametrize(
    ("old", "new", "at", "path", "words"), MISTAKES, ids=[f"{r[3]}-{r[1][:24]!r}" for r in MISTAKES]
)
def test_one_mistake(tmp_path: Path, old: str, new: str, at: str, path: str, words: list[str]) -> None:
    text = changed(old, new, WHOLE)
    problems = rejected(tmp_path, text)
    blamed = [p for p in problems if p.path == path]
    assert len(blamed) == 1, [str(p) for p in problems]
    (problem,) = blamed
    assert problem.line == line_of(text, at), str(problem)
    for word in words:
        assert word in str(problem)
    assert len(problems) == 1, [str(p) for p in problems]
