"""The examples load, and what comes out is what the engine, the scheduler and the drivers expect."""

from pathlib import Path

from edgectl.config.loader import load
from edgectl.drivers.wiring import Broker, SerialLine, TcpHost
from edgectl.model.site import Actuator, Central, Compare, Condition, FailSafe, Fallback, Role, Sensor, Zone
from edgectl.model.time import MS, SECOND
from edgectl.scheduler.schedule import CatchUp, Cron, Every, Policy, Schedule, Window
from tests.unit.site_files import EXAMPLES, SMALL, changed

LEVEL = "solution_level"


def test_the_small_example_becomes_these_very_values() -> None:
    loaded = load(EXAMPLES / "small.yaml")
    site = loaded.site
    assert (site.site_id, site.name, site.timezone) == ("gh-small", "Small house", "Europe/Berlin")
    assert site.actuators["main_pump"] == Actuator(
        name="main_pump",
        channel="board.relay_1",
        role=Role.PUMP,
        fail_safe=FailSafe.PULSE,
        max_on=600 * SECOND,
        min_off=5 * SECOND,
        run_down=2 * SECOND,
        requires=(Condition(sensor=LEVEL, compare=Compare.ABOVE, limit=15),),
        stop_if=(Condition(sensor=LEVEL, compare=Compare.BELOW, limit=10),),
        priority=40,
    )
    valve, lamp = site.actuators["irrigation_valve"], site.actuators["lamp"]
    assert (valve.travel, valve.run_down, valve.max_on) == (3 * SECOND, 0, 660 * SECOND)
    assert (lamp.max_on, lamp.travel, lamp.run_down) == (None, 0, 0)
    assert site.sensors["flow"] == Sensor(
        name="flow",
        channel="counter.frequency_1",
        unit="L/min",
        scale=(0, 7.5, 0, 1),
        max_age=3 * SECOND,
        poll_every=750 * MS,
        low=0,
        high=60,
    )
    assert site.sensors["volume"].scaled(450) == 1
    # Nothing scales the air sensor, so its unit and its range are what the device can mean.
    assert (site.sensors["air_humidity"].unit, site.sensors["air_humidity"].high) == ("%RH", 100)
    assert site.zones["zone-1"] == Zone(
        name="zone-1",
        number=1,
        pump="main_pump",
        valve="irrigation_valve",
        tank=LEVEL,
        flow="flow",
        meter="volume",
        light="lamp",
    )
    morning, lamps = loaded.schedules
    assert morning == Schedule(
        name="morning",
        zone="zone-1",
        task_type="irrigation",
        cadence=Cron(expression="0 6-20/2 * * *"),
        payload={"duration_s": 90.0},
        catch_up=CatchUp(policy=Policy.REPLAY_LIMITED, max=1, within=7200 * SECOND),
        queue_patience=15 * SECOND,
    )
    assert lamps.cadence == Window(start_minute=300, length=16 * 3600 * SECOND)
    assert lamps.payload == {}
    cabinet, climate = loaded.buses
    assert isinstance(cabinet.line, SerialLine)
    assert (cabinet.line.baudrate, cabinet.line.parity, cabinet.line.stopbits) == (9600, "N", 1)
    assert [(device.name, device.unit) for device in cabinet.devices] == [("board", 1), ("level", 5), ("counter", 7)]
    assert climate.line == TcpHost(host="192.168.1.20", port=502)
    assert (loaded.undriven, loaded.ignored, loaded.notices) == ((), (), ())
    assert [line.split(":")[0] for line in loaded.undeclared] == ["emergency_stop"]


def test_the_whole_language_loads_and_says_what_waits_for_a_later_version() -> None:
    loaded = load(EXAMPLES / "product.yaml")
    assert [bus.name for bus in loaded.buses] == ["relays", "plc", "probe", "nodes"]
    assert loaded.undriven == ()
    nodes = loaded.buses[-1]
    assert nodes.line == Broker(host="127.0.0.1", port=1883, protocol="hydro2", house="gh-1")
    (irrig,) = nodes.devices
    assert (irrig.node, irrig.zone, irrig.secret) == ("nd-irrig-1", "zone-1", "node-irrig")
    assert loaded.site.nodes == {"irrig"}
    assert "solution_ph" in loaded.site.sensors
    zone = loaded.site.zones["zone-1"]
    assert zone.max_gap == 24 * 3600 * 1000 * MS
    assert zone.fallback == Fallback(duration=60_000 * MS, every=4 * 3600 * 1000 * MS, max_per_day=3)
    assert not loaded.ignored
    assert loaded.central == Central(credential="central-dsn")
    # The longest a dosing pump may run is its largest dose, up to the next tick of the relay's timer.
    assert loaded.site.actuators["acid_pump"].max_on == 18_200 * MS  # 20 / 1.10 = 18.18
    assert loaded.site.actuators["base_pump"].max_on == 19_100 * MS  # 20 / 1.05 = 19.05
    assert loaded.site.never_together == (frozenset({"acid_pump", "base_pump"}),)
    assert loaded.notices == (
        "zone-1 has no flow sensor: a pump that moves no water is not noticed there",
        "nothing of irrig is used: add a sensor {from: irrig.level_clean_min}, or take it out",
    )
    assert {line.split(":")[0] for line in loaded.undeclared} == {
        "anti_siphon",
        "air_gap",
        "overflow",
        "motor_overload",
        "emergency_stop",
    }


def test_an_interval_an_end_time_and_defaults_of_catch_up(tmp_path: Path) -> None:
    text = changed("    catch_up: {policy: replay_limited, max: 1, within: 2h}\n", "")
    text = changed("photoperiod: 16h", 'end: "03:30"', text)
    rested = "  rest: {zone: zone-1, task: irrigation, every: 4h, duration: 60s}\n"
    text = changed("schedules:\n", "schedules:\n" + rested, text)
    (tmp_path / "site.yaml").write_text(text)
    rest, morning, lamps = load(tmp_path / "site.yaml").schedules
    assert rest.cadence == Every(interval=4 * 3600 * SECOND)
    assert rest.catch_up == CatchUp()
    assert morning.catch_up == CatchUp(policy=Policy.REPLAY_LIMITED, max=1, within=7200 * SECOND)
    assert lamps.cadence == Window(start_minute=300, length=(22 * 60 + 30) * 60 * SECOND)  # over midnight


def test_each_value_in_force_says_where_it_came_from(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SMALL)
    origins = {line.path: (line.value, line.origin) for line in load(path).effective}
    assert origins["actuators.main_pump.max_on"] == ("10m", f"{path}:33")
    assert origins["actuators.main_pump.fail_safe"] == ("pulse", "profile waveshare-relay-8ch")
    assert origins["actuators.irrigation_valve.travel"] == ("3s", "role valve")
    assert origins["sensors.air_humidity.range"] == ("[0, 100]", "profile xy-md02")
    assert origins["sensors.flow.poll_every"] == ("750ms", "a quarter of max_age")
