"""What can be measured in a house, by name: `solution.ph`, `pump_main.flow`, `air.temperature`. The truth, no probe."""

from collections.abc import Callable

from edgectl.plant.climate import Climate
from edgectl.plant.layout import MAINS, ZONE, Layout, TankPart
from edgectl.plant.plumbing import Plumbing
from edgectl.plant.pump import Pump
from edgectl.plant.tank import Tank
from edgectl.plant.weather import Sky

Quantity = Callable[[], float]


def quantities(
    layout: Layout, plumbing: Plumbing, climate: Climate | None, sky: Callable[[], Sky]
) -> dict[str, Quantity]:
    """How each quantity of this house is found at the instant reached."""
    found: dict[str, Quantity] = {}
    for part in layout.tanks:
        found |= _named(part.name, _of_tank(part, plumbing.tanks[part.name]))
    for name, pump in plumbing.pumps.items():
        found |= _named(name, _of_pump(pump, layout.meter_l_per_pulse))
    found |= {f"{MAINS}.volume": lambda: plumbing.mains_l, f"{ZONE}.volume": lambda: plumbing.zone_l}
    found |= _named("weather", _of_weather(sky))
    return found | _named("air", _of_air(climate)) if climate is not None else found


def _of_tank(part: TankPart, tank: Tank) -> dict[str, Quantity]:
    """L, %, 1 or 0 of the two floats, pH, mS/cm."""
    return {
        "volume": lambda: tank.volume_l,
        "level": lambda: tank.volume_l / tank.capacity_l * 100,
        "min": lambda: float(tank.volume_l >= part.min_float_l),
        "max": lambda: float(tank.volume_l >= part.max_float_l),
        "ph": lambda: tank.ph,
        "ec": lambda: tank.ec,
    }


def _of_pump(pump: Pump, l_per_pulse: float) -> dict[str, Quantity]:
    """L/min, L, pulses of the meter, W."""
    return {
        "flow": lambda: pump.flow_l_s * 60,
        "volume": lambda: pump.moved_l,
        "pulses": lambda: float(pump.moved_l // l_per_pulse),
        "power": lambda: pump.power_w,
    }


def _of_weather(sky: Callable[[], Sky]) -> dict[str, Quantity]:
    """degC, W/m2, m/s, mm/h."""
    return {
        "temperature": lambda: sky().temperature,
        "radiation": lambda: sky().radiation,
        "wind": lambda: sky().wind,
        "rain": lambda: sky().rain,
    }


def _of_air(climate: Climate) -> dict[str, Quantity]:
    """degC, %, ppm."""
    return {
        "temperature": lambda: climate.air.temperature,
        "humidity": lambda: climate.air.humidity,
        "co2": lambda: climate.air.co2_ppm,
    }


def _named(of: str, found: dict[str, Quantity]) -> dict[str, Quantity]:
    return {f"{of}.{name}": quantity for name, quantity in found.items()}
