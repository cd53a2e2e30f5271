"""The two-tank example: clean water and solution, one pump, acid and base, two nutrients, and what is done there daily.

The same names as in `examples/two-tank.yaml`. The dosing pumps are small for the tank, so that a mistake shows slowly
enough to be stopped.
"""

from random import Random

from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site, Zone
from edgectl.model.time import MS, SECOND
from edgectl.model.water import Chemistry, Circuit, Doser, Tank
from edgectl.plant.hydroponics import Hydroponics
from edgectl.plant.two_tanks import Layout, Stock, TwoTanks
from edgectl.plant.water import RO, Water
from edgectl.scheduler.schedule import Cron, Schedule

DOSERS = {
    "acid_pump": Doser(ml_per_s=1.1, gain=0.022, max_dose_ml=20, max_per_hour_ml=80, max_per_day_ml=400),
    "base_pump": Doser(ml_per_s=1.05, gain=0.022, max_dose_ml=20, max_per_hour_ml=80, max_per_day_ml=400),
    "nutrient_a": Doser(ml_per_s=2.0, gain=0.005, max_dose_ml=80, max_per_hour_ml=320, max_per_day_ml=900),
    "nutrient_b": Doser(ml_per_s=2.0, gain=0.005, max_dose_ml=80, max_per_hour_ml=320, max_per_day_ml=900),
}
VALVES = {
    "valve_clean_fill": 1400,
    "valve_clean_supply": 1900,
    "valve_solution_supply": 7300,
    "valve_solution_fill": 7300,
    "valve_irrigation": 700,
}


def two_tank_site() -> Site:
    """Everything ends its own pulses; floats guard the fills, the solution's lower float guards the pump."""
    return Site(
        site_id="gh-2",
        name="Two tanks",
        timezone="Europe/Berlin",
        sensors={
            **{
                name: Sensor(name=name, channel=f"floats.{name}", unit="", low=0, high=1)
                for name in ("clean_low", "clean_high", "solution_low", "solution_high")
            },
            "flow": Sensor(name="flow", channel="meter.flow", unit="L/min", max_age=2500 * MS),
            "volume": Sensor(name="volume", channel="meter.volume", unit="L"),
            "solution_ph": Sensor(name="solution_ph", channel="probe.ph", unit="pH", low=0, high=14),
            "solution_ec": Sensor(name="solution_ec", channel="probe.ec", unit="mS/cm", low=0, high=20),
        },
        actuators={
            "pump_main": Actuator(
                name="pump_main",
                channel="board_1.relay_1",
                role=Role.PUMP,
                fail_safe=FailSafe.PULSE,
                max_on=7300 * SECOND,
                min_off=5 * SECOND,
                run_down=2 * SECOND,
            ),
            **{
                name: Actuator(
                    name=name,
                    channel=f"board_1.relay_{number}",
                    role=Role.VALVE,
                    fail_safe=FailSafe.PULSE,
                    max_on=limit_s * SECOND,
                    travel=3 * SECOND,
                )
                for number, (name, limit_s) in enumerate(VALVES.items(), 2)
            },
            **{
                name: Actuator(
                    name=name,
                    channel=f"board_2.relay_{number}",
                    role=Role.DOSING,
                    fail_safe=FailSafe.PULSE,
                    max_on=60 * SECOND,
                    doser=doser,
                )
                for number, (name, doser) in enumerate(DOSERS.items(), 1)
            },
        },
        zones={
            "zone-1": Zone(
                name="zone-1",
                number=1,
                pump="pump_main",
                valve="valve_irrigation",
                flow="flow",
                meter="volume",
                rate_l_min=20.0,
                circuit=Circuit(
                    clean=Tank(name="clean", volume_l=200, low="clean_low", high="clean_high"),
                    solution=Tank(name="solution", volume_l=100, low="solution_low", high="solution_high"),
                    fill="valve_clean_fill",
                    clean_supply="valve_clean_supply",
                    solution_supply="valve_solution_supply",
                    solution_fill="valve_solution_fill",
                    fill_l_min=20.0,
                ),
                chemistry=Chemistry(
                    volume_l=100,
                    rate_l_min=20,
                    ph="solution_ph",
                    ec="solution_ec",
                    target_ph=5.8,
                    target_ec=1.6,
                    acid="acid_pump",
                    base="base_pump",
                    nutrients=("nutrient_a", "nutrient_b"),
                ),
            )
        },
        never_together=(frozenset({"acid_pump", "base_pump"}), frozenset({"nutrient_a", "nutrient_b"})),
    )


def two_tank_schedules() -> tuple[Schedule, ...]:
    """Prepare before dawn, water every two hours of the day from what was prepared."""
    return (
        Schedule(
            name="prepare",
            zone="zone-1",
            task_type="diagnostics",
            cadence=Cron(expression="0 4 * * *"),
            payload={"workflow": "startup"},
        ),
        Schedule(
            name="morning",
            zone="zone-1",
            task_type="irrigation",
            cadence=Cron(expression="0 8-20/2 * * *"),
            payload={"duration_s": 30.0},
        ),
    )


def two_tank_ground(random: Random, water: Water = RO) -> Hydroponics:
    """Empty tanks, and stocks that bring what the gains of the site file promise."""
    return Hydroponics(
        random=random,
        tanks=TwoTanks(
            layout=Layout(
                pump="pump_main",
                fill="valve_clean_fill",
                clean_supply="valve_clean_supply",
                solution_supply="valve_solution_supply",
                solution_fill="valve_solution_fill",
                irrigation="valve_irrigation",
                water=water,
                stocks={
                    "acid_pump": Stock(ml_per_s=1.1, alk_meq=-0.8),
                    "base_pump": Stock(ml_per_s=1.05, alk_meq=0.8),
                    "nutrient_a": Stock(ml_per_s=2.0, salt=0.5),
                    "nutrient_b": Stock(ml_per_s=2.0, salt=0.5),
                },
            )
        ),
    )
