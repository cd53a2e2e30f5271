"""The climate of a zone, from what was written to frozen values."""

from edgectl.config import defaults
from edgectl.config.origins import Origins
from edgectl.config.schema_air import ClimateEntry, SetPoint
from edgectl.model.air import Climate, Vent


def build_climate(name: str, entry: ClimateEntry, origins: Origins) -> Climate:
    """One climate. Every reference in it holds."""
    path = ("zones", name, "climate")
    begin, end = entry.day or defaults.DAY
    return Climate(
        temperature=entry.temperature,
        humidity=entry.humidity,
        outside=entry.outside,
        wind=entry.wind,
        rain=entry.rain,
        heaters=tuple(entry.heaters or ()),
        fans=tuple(entry.fans or ()),
        vents=tuple(
            Vent(name=vent, opens=drive.opens, closes=drive.closes, travel=drive.travel)
            for vent, drive in entry.vents.items()
        ),
        fog=entry.fog,
        heat=_pair(entry.heat),
        vent=_pair(entry.vent),
        day=(begin, end),
        driest=entry.driest,
        wettest=entry.wettest,
        overheat=origins.pick(
            (*path, "overheat"),
            defaults.OVERHEAT if entry.overheat is None else entry.overheat,
            "default",
            "{:g} °C".format,
        ),
    )


def _pair(entry: SetPoint | None) -> tuple[float, float] | None:
    return None if entry is None else (entry.day, entry.night)
