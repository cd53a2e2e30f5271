"""Site files drawn by lot: beds with one to three zones, one tank, two tanks, three tanks, the air of a house.

Each is a file as a person could have written it and passes the same check, so that what breaks in one of them breaks in
somebody's greenhouse. JSON is YAML: the text of a drawn file can be kept and lived in by its own.
"""

import json
from random import Random
from typing import Any

Entry = dict[str, Any]

CABINET = {"type": "modbus-rtu", "port": "/dev/serial/by-id/usb-drawn-cabinet-port0", "baudrate": 19200}
PROBES = {"type": "modbus-rtu", "port": "/dev/serial/by-id/usb-drawn-probes-port0", "baudrate": 9600}
BOARD = {"bus": "cabinet", "profile": "waveshare-relay-8ch", "unit": 1}
AIR_EACH, ESTOP_EACH = 20, 25  # houses
THIRD_TANK = 0.25  # of the houses with two
HANDED_ON, FILM = 0.5, 0.12  # of the beds with several zones, and of those with one
OWN_ACID = 0.3  # of the houses with dosing: so much for each litre filled
ZONES_OF_TIME = ("Europe/Berlin", "Europe/Lisbon", "UTC", "America/New_York", "Asia/Kolkata")


def drawn_site(seed: int) -> str:
    """The text of the site file with this number. The same number, the same file."""
    random = Random(f"site {seed}")
    draw = random.choices([_bed, _two_tanks, _one_tank], [42, 40, 18])[0]
    # The air is looked at every half minute, and an emergency stop with it: both cost much, so they come in turn.
    site = _air(random) if seed % AIR_EACH == AIR_EACH - 1 else draw(random)
    lot = Random(f"third tank {seed}")  # drawn apart, so that the houses of before stay what they were
    if "clean" in site.get("tanks", ()) and lot.random() < THIRD_TANK:
        _with_third_tank(site, lot)
    hard = Random(f"acid {seed}")
    if "acid" in site["actuators"] and hard.random() < OWN_ACID:
        _with_own_acid(site, hard)
    shared = Random(f"shared {seed}")
    if "circuit" not in site["zones"].get("zone-1", {"circuit": {}}):
        if len(site["zones"]) > 1 and shared.random() < HANDED_ON:
            _with_a_pump_that_is_handed_on(site, shared)
        elif len(site["zones"]) == 1 and shared.random() < FILM:
            _with_a_film(site, shared)
    site["site"] = {"id": f"gh-{seed}", "name": f"Drawn house {seed}", "timezone": random.choice(ZONES_OF_TIME)}
    if seed % ESTOP_EACH == ESTOP_EACH - 1 and "air" not in site["devices"]:
        site["sensors"]["estop"] = {"from": "board.di_8", "range": [0, 1], "max_age": "30s"}
        site["site"]["estop"] = "estop"
    return json.dumps(site, indent=1)


def _bed(random: Random) -> Entry:
    """A pump with a level before it and a flow behind it, a valve for each zone, lamps in some houses."""
    numbers = range(1, random.choice((1, 1, 2, 3)) + 1)
    lamp = random.random() < 0.4
    actuators: Entry = {
        "pump": {
            "to": "board.relay_1",
            "role": "pump",
            "max_on": "10m",
            "min_off": f"{random.choice((0, 5, 60))}s",
            "run_down": f"{random.choice((0, 2, 5))}s",
            "requires": ["level > 15"],
            "stop_if": ["level < 10"],
        }
    }
    if random.random() < 0.3:
        actuators["pump"]["starts_per_hour"] = random.randint(4, 12)
    zones, schedules = Entry(), Entry()
    for number in numbers:
        travel = random.choice((0, 3, 10))
        actuators[f"valve_{number}"] = _valve(number + 1, "12m") | {"travel": f"{travel}s"}
        zone: Entry = {
            "number": number,
            "pump": "pump",
            "valve": f"valve_{number}",
            "tank": "level",
            "flow": "flow",
            "meter": "volume",
        }
        zones[f"zone-{number}"] = zone | _thirst(random)
        schedules[f"water-{number}"] = {"zone": f"zone-{number}", "task": "irrigation"} | _often(random) | _much(random)
    if lamp:
        actuators["lamp"] = {"to": "board.relay_8", "role": "light"}
        zones["zone-1"]["light"] = "lamp"
        hours = random.randint(8, 18)
        schedules["lamps"] = {
            "zone": "zone-1",
            "task": "lighting",
            "window": {"start": f"{random.randint(3, 8):02d}:00", "photoperiod": f"{hours}h"},
        }
    return {
        "buses": {"cabinet": CABINET},
        "devices": {
            "board": BOARD,
            "level": {"bus": "cabinet", "profile": "qdy30a-level", "unit": 5},
            "counter": {"bus": "cabinet", "profile": "wb-mcm8", "unit": 7},
        },
        "sensors": {
            "level": {"from": "level.level", "unit": "%", "scale": [0, 250, 0, 100], "range": [-5, 105]},
            **_water_meter(),
        },
        "actuators": actuators,
        "zones": zones,
        "schedules": schedules,
        "declare": ["air_gap", "overflow", "motor_overload"],
    }


def _two_tanks(random: Random) -> Entry:
    """Clean water from the mains, solution prepared by night, plants watered from it by day."""
    site = _solution(random, solution_l=random.choice((60, 100, 150)))
    clean_l = random.choice((150, 200, 300))
    rate = random.choice((15, 20, 30))
    site["tanks"]["clean"] = {"volume": f"{clean_l}l", "low": "clean_min", "high": "clean_max"}
    site["sensors"] |= {
        "clean_min": {"from": "board.di_1", "range": [0, 1]},
        "clean_max": {"from": "board.di_2", "range": [0, 1]},
    }
    site["actuators"] |= {
        "valve_fill": _valve(2, f"{round(1.5 * clean_l / rate) + 3}m") | {"stop_if": ["clean_max > 0.5"]},
        "valve_clean_supply": _valve(3, "12m"),
        "valve_solution_supply": _valve(4, "54m"),
        "valve_solution_fill": _valve(5, "54m"),
    }
    site["zones"]["zone-1"]["circuit"] = {
        "clean": "clean",
        "solution": "solution",
        "fill": "valve_fill",
        "fill_rate": f"{rate}l/min",
        "clean_supply": "valve_clean_supply",
        "solution_supply": "valve_solution_supply",
        "solution_fill": "valve_solution_fill",
    }
    return site


def _with_third_tank(site: Entry, random: Random) -> None:
    """The same with a tank of the plants' own and a pump for each way, with counters on some of them."""
    zone, actuators, litres = site["zones"]["zone-1"], site["actuators"], random.choice((60, 120, 200))
    site["devices"] |= {"more": {**BOARD, "unit": 3}}
    site["tanks"]["irrigation"] = {"volume": f"{litres}l", "low": "irrigation_min", "high": "irrigation_max"}
    site["sensors"] |= {
        "irrigation_min": {"from": "board.di_5", "range": [0, 1]},
        "irrigation_max": {"from": "board.di_6", "range": [0, 1]},
        **_water_meter("mix_", 2),
        **_water_meter("fill_", 3),
    }
    # The pump that did everything mixes now: its valves stay where they are.
    actuators["pump_mix"], actuators["pump"] = actuators["pump"], {**actuators["pump"], "to": "more.relay_1"}
    actuators["pump_fill"] = {**actuators["pump"], "to": "more.relay_2"}
    actuators["valve_return"] = _valve(3, "54m") | {"to": "more.relay_3"}
    actuators["valve_onward"] = _valve(4, "54m") | {"to": "more.relay_4"}
    zone["circuit"] |= {
        "irrigation": "irrigation",
        "irrigation_fill": "valve_onward",
        "mix_pump": "pump_mix",
        "mix_flow": "mix_flow",
        "solution_return": "valve_return",
        "fill_pump": "pump_fill",
        "fill_flow": "fill_flow",
        "solution_rate": "20l/min",
    }
    if random.random() < 0.5:
        zone["circuit"] |= {"solution_meter": "fill_volume", "irrigation_meter": "mix_volume"}
    zone["chemistry"]["rate"] = "20l/min"


def _with_own_acid(site: Entry, random: Random) -> None:
    """A preparation goes by its litres, as far as the day allows."""
    day, litres = float(site["actuators"]["acid"]["max_per_day"][:-2]), float(site["tanks"]["solution"]["volume"][:-1])
    site["zones"]["zone-1"]["chemistry"]["acid_per_litre"] = f"{random.choice((0.3, 0.6, 0.9)) * day / litres:.2f}ml"


def _with_a_pump_that_is_handed_on(site: Entry, random: Random) -> None:
    """Its zones are due together, and most of them go by time: what is counted in litres stops and starts."""
    site["actuators"]["pump"]["hands_on"] = True
    first, *others = [schedule for name, schedule in site["schedules"].items() if name.startswith("water-")]
    much = ("duration", "volume")
    for schedule in others:
        kept = {key: value for key, value in schedule.items() if key in ("zone", "task", *much)}
        when = {key: value for key, value in first.items() if key not in ("zone", *much)}
        schedule.clear()
        schedule |= when | kept
    for schedule in (first, *others):
        if random.random() < 0.8:
            schedule.pop("volume", None)
            schedule["duration"] = f"{random.randint(10, 90)}s"


def _with_a_film(site: Entry, random: Random) -> None:
    """Roots in channels that nobody can shut, in turns; what is watered on a schedule is a task beside it."""
    del site["actuators"]["valve_1"]
    zone = site["zones"]["zone-1"]
    for key in ("valve", "max_gap", "fallback"):
        zone.pop(key, None)
    on, off = random.choice((1, 2)), random.choice((20, 40))
    zone["circulation"] = {"pump": {"on": f"{on}m", "off": f"{off}m", "max_off": f"{2 * off}m"}}
    site["actuators"]["pump"].pop("starts_per_hour", None)


def _one_tank(random: Random) -> Entry:
    """A tank that is filled from the mains and pumped round over itself."""
    solution_l, rate = random.choice((60, 100)), random.choice((10, 20))
    site = _solution(random, solution_l=solution_l)
    site["actuators"] |= {
        "valve_fill": _valve(2, f"{round(1.5 * solution_l / rate) + 3}m") | {"stop_if": ["solution_max > 0.5"]},
        "valve_solution_fill": _valve(5, "54m"),
    }
    site["zones"]["zone-1"]["circuit"] = {
        "solution": "solution",
        "fill": "valve_fill",
        "fill_rate": f"{rate}l/min",
        "solution_fill": "valve_solution_fill",
    }
    return site


def _solution(random: Random, *, solution_l: int) -> Entry:
    """What one tank and two have in common: a pump, floats, probes and dosing."""
    per_litre = 100 / solution_l  # a millilitre changes a small tank more
    dosing: Entry = {"acid": _doser(1, 0.03 * per_litre, random.choice((10, 20)), 1.1)}
    if random.random() < 0.7:
        dosing["base"] = _doser(2, 0.03 * per_litre, 20, 1.05)
    parts = [("part_a", 0.002), ("part_b", 0.0015), ("part_c", 0.0005)][: random.choice((1, 2, 3))]
    nutrients = [name for name, _ in parts]
    for number, (name, gain) in enumerate(parts):
        dosing[name] = _doser(3 + number, gain * per_litre, random.choice((100, 200)), 4)
    chemistry: Entry = {
        "ph": "solution_ph",
        "target_ph": round(random.uniform(5.5, 6.3), 1),
        "ec": "solution_ec",
        "target_ec": round(random.uniform(1.2, 2.2), 1),
        "nutrients": nutrients,
        "least_ec": 0.01,
        **{name: name for name in ("acid", "base") if name in dosing},
    }
    zone: Entry = {
        "number": 1,
        "pump": "pump",
        "valve": "valve",
        "flow": "flow",
        "meter": "volume",
        "rate": "20l/min",
        "chemistry": chemistry,
    }
    prepare = {
        "zone": "zone-1",
        "task": "diagnostics",
        "workflow": random.choice(("startup", "startup", "cycle_start")),
        "cron": f"{random.randint(0, 59)} {random.randint(1, 5)} * * *",
    }
    water = {"zone": "zone-1", "task": "irrigation"} | _often(random) | {"duration": f"{random.randint(10, 60)}s"}
    site: Entry = {
        "buses": {"cabinet": CABINET, "probes": PROBES},
        "devices": {
            "board": BOARD,
            "dosing": {**BOARD, "unit": 2},
            "counter": {"bus": "cabinet", "profile": "wb-mcm8", "unit": 7},
            "ph": {"bus": "probes", "profile": "seeed-s-ph-01", "unit": 1},
            "ec": {"bus": "probes", "profile": "seeed-s-ec-01", "unit": 30},
        },
        "sensors": {
            "solution_min": {"from": "board.di_3", "range": [0, 1]},
            "solution_max": {"from": "board.di_4", "range": [0, 1]},
            "solution_ph": {"from": "ph.ph", "range": [0, 14], "frozen_after": "10m"},
            "solution_ec": {"from": "ec.ec", "unit": "mS/cm", "scale": [0, 20000, 0, 20], "frozen_after": "10m"},
            **_water_meter(),
        },
        "actuators": {
            "pump": {"to": "board.relay_1", "role": "pump", "max_on": "54m", "min_off": "5s", "run_down": "2s"},
            "valve": _valve(6, "11m"),
            **dosing,
        },
        "tanks": {"solution": {"volume": f"{solution_l}l", "low": "solution_min", "high": "solution_max"}},
        "zones": {"zone-1": zone | _thirst(random)},
        "schedules": {"prepare": prepare, "water": water},
        "declare": ["air_gap", "overflow", "motor_overload", "anti_siphon", "emergency_stop"],
    }
    if "base" in dosing:
        site["interlocks"] = [{"never_together": ["acid", "base"]}]
    return site


def _air(random: Random) -> Entry:
    """The air of one house: heaters, fans, a vent on three wires, fog in some."""
    night = random.randint(12, 16)
    climate: Entry = {
        "temperature": "air_temperature",
        "humidity": "air_humidity",
        "outside": "outside_temperature",
        "wind": "wind",
        "heat": {"day": night + 3, "night": night},
        "vent": {"day": night + 9, "night": night + 6},
        "wettest": 88,
        "heaters": ["heater"],
        "fans": ["fan"],
        "vents": {"roof": {"opens": "roof_open", "closes": "roof_close", "travel": f"{random.randint(60, 150)}s"}},
    }
    actuators: Entry = {
        "heater": {"to": "board.relay_1", "role": "heater", "max_on": "20m"},
        "fan": {"to": "board.relay_3", "role": "fan"},
        "roof_open": {"to": "board.relay_5", "role": "motor", "max_on": "3m"},
        "roof_close": {"to": "board.relay_6", "role": "motor", "max_on": "3m"},
    }
    if random.random() < 0.5:
        climate |= {"driest": 55, "fog": "fog"}
        actuators["fog"] = {"to": "board.relay_7", "role": "fog", "max_on": "30s"}
    return {
        "buses": {"cabinet": CABINET, "weather": PROBES},
        "devices": {
            "board": BOARD,
            "air": {"bus": "cabinet", "profile": "xy-md02", "unit": 2},
            "outside": {"bus": "weather", "profile": "xy-md02", "unit": 1},
            "counter": {"bus": "weather", "profile": "wb-mcm8", "unit": 7},
        },
        "sensors": {
            "air_temperature": {"from": "air.temperature", "max_age": "60s", "range": [-20, 60]},
            "air_humidity": {"from": "air.humidity", "max_age": "60s", "range": [0, 100]},
            "outside_temperature": {"from": "outside.temperature", "max_age": "5m", "range": [-40, 60]},
            "wind": {"from": "counter.frequency_1", "unit": "m/s", "scale": [0, 10, 0, 10], "range": [0, 60]},
        },
        "actuators": actuators,
        "zones": {"house": {"number": 1, "climate": climate}},
        "schedules": {"airing": {"zone": "house", "task": "ventilation", "cron": "30 9 * * *", "duration": "5m"}},
        "declare": ["frost_thermostat", "emergency_stop"],
    }


def _water_meter(of: str = "", number: int = 1) -> Entry:
    flow = {"from": f"counter.frequency_{number}", "unit": "L/min", "scale": [0, 7.5, 0, 1], "max_age": "2500ms"}
    return {
        f"{of}flow": flow,
        f"{of}volume": {"from": f"counter.counter_{number}", "unit": "L", "scale": [0, 450, 0, 1]},
    }


def _valve(relay: int, max_on: str) -> Entry:
    return {"to": f"board.relay_{relay}", "role": "valve", "max_on": max_on}


def _doser(relay: int, gain: float, most: int, ml_per_s: float) -> Entry:
    return {
        "to": f"dosing.relay_{relay}",
        "role": "dosing",
        "ml_per_s": ml_per_s,
        "gain": f"{gain:.6f}/ml",
        "max_dose": f"{most}ml",
        "max_per_hour": f"{3 * most}ml",
        "max_per_day": f"{10 * most}ml",
    }


def _often(random: Random) -> Entry:
    """When, and what becomes of what was missed."""
    kind = random.choice(("hours", "hours", "minutes", "at", "every"))
    if kind == "every":
        return {"every": f"{random.choice((2, 4, 6))}h"}
    when: Entry = {
        "at": sorted(f"{hour:02d}:{random.choice((0, 15, 40)):02d}" for hour in random.sample(range(5, 22), 3))
    }
    if kind == "hours":
        first = random.randint(4, 9)
        when = {"cron": f"{random.choice((0, 10, 30))} {first}-{first + 10}/{random.choice((1, 2, 3))} * * *"}
    elif kind == "minutes":
        when = {"cron": f"*/{random.choice((20, 30))} {random.randint(6, 12)}-{random.randint(13, 20)} * * *"}
    late = {"within": f"{random.randint(1, 6)}h"}
    when["catch_up"] = random.choice(
        (
            {"policy": "skip"},
            {"policy": "replay_limited", "max": random.randint(1, 3), **late},
            {"policy": "replay_all", **late},
        )
    )
    if random.random() < 0.3:
        when["overlap"] = "queue_one"
    return when


def _much(random: Random) -> Entry:
    if random.random() < 0.3:
        return {"volume": f"{random.randint(2, 15)}l"}
    return {"duration": f"{random.randint(10, 120)}s"}


def _thirst(random: Random) -> Entry:
    """How long the plants bear to go without water, in some houses."""
    if random.random() < 0.5:
        return {}
    zone: Entry = {"max_gap": f"{random.choice((12, 18, 24))}h"}
    if random.random() < 0.7:
        zone["fallback"] = {"duration": "30s", "every": "4h", "max_per_day": 3}
    return zone
