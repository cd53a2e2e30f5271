"""The small site that the simulator lives in: one zone with pump, valve, tank level, flow and meter, and a lamp."""

from edgectl.model.site import Actuator, Compare, Condition, FailSafe, Role, Sensor, Site, Zone
from edgectl.model.time import MS, SECOND
from edgectl.scheduler.schedule import CatchUp, Cron, Policy, Schedule, Window


def example_site() -> Site:
    """Two relays that end their own pulses, a lamp, and sensors with freshness limits."""
    return Site(
        site_id="gh-1",
        name="North house",
        timezone="Europe/Berlin",
        sensors={
            # A full tank with a little noise reads 100.2 %: without room in the range nothing would be watered from it.
            "level": Sensor(name="level", channel="level.level", unit="%", low=-5, high=105),
            "flow": Sensor(name="flow", channel="meter.flow", unit="L/min", max_age=2500 * MS),
            "volume": Sensor(name="volume", channel="meter.volume", unit="L"),
        },
        actuators={
            "pump": Actuator(
                name="pump",
                channel="board.relay_1",
                role=Role.PUMP,
                fail_safe=FailSafe.PULSE,
                max_on=600 * SECOND,
                min_off=5 * SECOND,
                run_down=2 * SECOND,
                requires=(Condition(sensor="level", compare=Compare.ABOVE, limit=15),),
                stop_if=(Condition(sensor="level", compare=Compare.BELOW, limit=10),),
            ),
            "valve": Actuator(
                name="valve",
                channel="board.relay_2",
                role=Role.VALVE,
                fail_safe=FailSafe.PULSE,
                max_on=660 * SECOND,
                travel=3 * SECOND,
            ),
            "lamp": Actuator(name="lamp", channel="board.relay_3", role=Role.LIGHT, fail_safe=FailSafe.NONE),
        },
        zones={
            "zone-1": Zone(
                name="zone-1",
                number=1,
                pump="pump",
                valve="valve",
                tank="level",
                flow="flow",
                meter="volume",
                light="lamp",
            )
        },
    )


def example_schedules() -> tuple[Schedule, ...]:
    """Watering every two hours of the day, the lamp for sixteen hours."""
    return (
        Schedule(
            name="morning",
            zone="zone-1",
            task_type="irrigation",
            cadence=Cron(expression="0 6-20/2 * * *"),
            payload={"duration_s": 90.0},
            catch_up=CatchUp(policy=Policy.REPLAY_LIMITED, max=1, within=7200 * SECOND),
        ),
        Schedule(
            name="lamps",
            zone="zone-1",
            task_type="lighting",
            cadence=Window(start_minute=300, length=16 * 3600 * SECOND),
        ),
    )
