"""The climate of a zone, from what was written to frozen values."""

from edgectl.config import defaults
from edgectl.config.origins import Origins
from edgectl.config.schema_air import ClimateEntry, MixerEntry, ScreenEntry, SetPoint, VentEntry
from edgectl.model.air import Climate, Gas, Screen, Vent


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
        vents=tuple(_drive(vent, drive) for vent, drive in entry.vents.items()),
        fog=entry.fog,
        radiation=entry.radiation,
        screens=tuple(
            Screen(drive=_drive(screen, drive), shade_above=drive.shade_above, cold_below=drive.cold_below)
            for screen, drive in entry.screens.items()
        ),
        mixers=tuple(_drive(mixer, drive) for mixer, drive in entry.mixing.items()),
        gas=None
        if entry.co2 is None
        else Gas(valve=entry.co2.valve, sensor=entry.co2.sensor, target=entry.co2.target, most=entry.co2.most),
        heat=_pair(entry.heat),
        vent=_pair(entry.vent),
        day=(begin, end),
        ramp=entry.ramp or 0,
        driest=entry.driest,
        wettest=entry.wettest,
        overheat=origins.pick(
            (*path, "overheat"),
            defaults.OVERHEAT if entry.overheat is None else entry.overheat,
            "default",
            "{:g} °C".format,
        ),
        unseen=origins.pick(
            (*path, "unseen"),
            defaults.UNSEEN_OPEN if entry.unseen is None else entry.unseen,
            "default",
            "{:g} %".format,
        )
        / 100,
    )


def drives_of(entry: ClimateEntry) -> tuple[VentEntry | ScreenEntry | MixerEntry, ...]:
    """Everything of it that runs on three wires."""
    return (*entry.vents.values(), *entry.screens.values(), *entry.mixing.values())


def _drive(name: str, entry: VentEntry | ScreenEntry | MixerEntry) -> Vent:
    return Vent(name=name, opens=entry.opens, closes=entry.closes, travel=entry.travel)


def _pair(entry: SetPoint | None) -> tuple[float, float] | None:
    return None if entry is None else (entry.day, entry.night)
