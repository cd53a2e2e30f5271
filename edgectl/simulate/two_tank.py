"""The two-tank example: clean water and solution, one pump, acid and base, two nutrients, and what is done there daily.

The same names as in `examples/two-tank.yaml`. The dosing pumps are small for the tank, so that a mistake shows slowly
enough to be stopped.
"""

from dataclasses import replace
from random import Random

from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site, Zone
from edgectl.model.time import MS, SECOND
from edgectl.model.water import Chemistry, Circuit, Doser, Tank
from edgectl.plant.layout import Layout, TankPart, two_tanks
from edgectl.plant.water import RO, Solute
from edgectl.scheduler.schedule import Cron, Schedule
from edgectl.simulate.ground import Ground

DOSERS = {
    "acid": Doser(ml_per_s=1.1, gain=0.03, max_dose_ml=20, max_per_hour_ml=80, max_per_day_ml=400),
    "base": Doser(ml_per_s=1.05, gain=0.03, max_dose_ml=20, max_per_hour_ml=80, max_per_day_ml=400),
    "nutrient_a": Doser(ml_per_s=4.0, gain=0.002, max_dose_ml=200, max_per_hour_ml=600, max_per_day_ml=1500),
    "nutrient_b": Doser(ml_per_s=4.0, gain=0.0015, max_dose_ml=200, max_per_hour_ml=600, max_per_day_ml=1500),
    "nutrient_c": Doser(ml_per_s=4.0, gain=0.0005, max_dose_ml=200, max_per_hour_ml=600, max_per_day_ml=1500),
}
STILL = 600 * SECOND  # a probe in moving water that shows the same digit for so long is dead
FLOATS = ("clean_min", "clean_max", "solution_min", "solution_max")
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
            **{name: Sensor(name=name, channel=f"floats.{name}", unit="", low=0, high=1) for name in FLOATS},
            "flow": Sensor(name="flow", channel="meter.flow", unit="L/min", max_age=2500 * MS),
            "volume": Sensor(name="volume", channel="meter.volume", unit="L"),
            "solution_ph": Sensor(
                name="solution_ph", channel="probe.ph", unit="pH", low=0, high=14, frozen_after=STILL
            ),
            "solution_ec": Sensor(
                name="solution_ec", channel="probe.ec", unit="mS/cm", low=0, high=20, frozen_after=STILL
            ),
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
                    clean=Tank(name="clean", volume_l=200, low="clean_min", high="clean_max"),
                    solution=Tank(name="solution", volume_l=100, low="solution_min", high="solution_max"),
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
                    least_ec=0.01,  # fresh RO water shows 0.02; a probe in the air shows nothing at all
                    acid="acid",
                    base="base",
                    nutrients=("nutrient_a", "nutrient_b", "nutrient_c"),
                ),
            )
        },
        never_together=(frozenset({"acid", "base"}), frozenset({"nutrient_a", "nutrient_b", "nutrient_c"})),
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


def two_tank_ground(random: Random, tap: Solute = RO) -> Ground:
    """Empty tanks of 200 and 100 L, and pumps that give what the site file says."""
    layout = two_tanks(tap)
    channels = {"flow": "meter.flow", "volume": "meter.volume", "ph": "probe.ph", "ec": "probe.ec"}
    channels |= {name: f"floats.{name}" for name in FLOATS}
    clean, solution = layout.tanks
    return Ground(_fitted(layout, (clean, _smaller(solution)), channels), random)


def _smaller(tank: TankPart) -> TankPart:
    return replace(tank, capacity_l=100, min_float_l=10, max_float_l=95)


def _fitted(layout: Layout, tanks: tuple[TankPart, ...], channels: dict[str, str]) -> Layout:
    """The layout with the rates of the site file, and its channels under the names that the site file uses."""
    return replace(
        layout,
        tanks=tanks,
        doses=tuple(replace(dose, ml_s=DOSERS[dose.name].ml_per_s) for dose in layout.doses),
        gauges=tuple(replace(g, channel=channels[g.channel]) for g in layout.gauges if g.channel in channels),
    )
