"""When the air of a zone needs a person: too hot, too cold, not to be seen, or heated without getting warmer."""

from collections.abc import Mapping
from dataclasses import replace

from edgectl.engine.air import Seen
from edgectl.engine.airing import Airing
from edgectl.engine.draft import Draft
from edgectl.model.air import Climate
from edgectl.model.channel import Missing, Reading
from edgectl.model.site import Zone
from edgectl.model.time import SECOND, Nanos

MINUTE: Nanos = 60 * SECOND
UNSEEN_FOR: Nanos = 5 * MINUTE
HOT_FOR: Nanos = 10 * MINUTE
COLD_FOR: Nanos = 20 * MINUTE
COLD_BELOW = 4.0  # degC below the set-point of the heating
FROST, FROST_FOR = 3.0, 5 * MINUTE  # degC in the house: outside it is far below
HUMID_FOR, FAR_RH, WETTEST = 120 * MINUTE, 15.0, 99.0  # %RH
CALM_AGAIN = 1.0  # degC on the good side
WARMS_WITHIN: Nanos = 30 * MINUTE
WIDE = 0.95  # of a mixing valve: it is plainly too cold
GAS_FOR: Nanos = MINUTE
WARMS_BY = 0.5  # degC that heating has to bring in that time


def watch(
    draft: Draft, zone: Zone, climate: Climate, found: Mapping[str, Reading | Missing], seen: Seen, *, night: bool
) -> None:
    """Look at what the sensors say, and whether they say anything."""
    for name in (climate.temperature, climate.wind):
        if name is None:
            continue
        reading = found[name]
        if not isinstance(reading, Missing):
            draft.forget_since(("unseen", name))
            draft.calm("climate_blind", name)
        elif draft.now.mono - draft.since(("unseen", name)) >= UNSEEN_FOR:
            means = "nothing heats and nothing fogs" if name == climate.temperature else "vents open a little at most"
            draft.alert(
                "climate_blind",
                name,
                f"{name} of {zone.name} cannot be believed ({reading.reason.value.replace('_', ' ')}): {means}",
                "look at the sensor and its cable; until then watch the house by hand",
            )
    _damp_and_dry(draft, zone, climate, seen)
    if climate.gas is not None and seen.co2 is not None:
        over, out = seen.co2 - climate.gas.most, "go out, shut the gas by hand, and air the house before anybody enters"
        _band(draft, zone, "co2_high", over, GAS_FOR, f"{seen.co2:.0f} ppm of CO2", out)
    if seen.temperature is None:
        return
    at = seen.temperature
    _band(
        draft, zone, "biz_high_temp", at - climate.overheat, HOT_FOR, f"{at:.1f} °C", "open by hand what does not open"
    )
    held = draft.held("stop_all") or draft.held(f"lock:{zone.name}")
    freeing = "release what holds the heating: edgectl status" if held else "look at the heating, shut the vents"
    _band(draft, zone, "frost_risk", FROST - at, FROST_FOR, f"{at:.1f} °C", freeing)
    if climate.heat is not None:
        cold = climate.heat[night] - COLD_BELOW - at
        _band(draft, zone, "biz_low_temp", cold, COLD_FOR, f"{at:.1f} °C", "look at the heating and for open vents")


def _damp_and_dry(draft: Draft, zone: Zone, climate: Climate, seen: Seen) -> None:
    """Far beyond what the vents and the fog are there for, and for so long that they do not bring it back."""
    if seen.humidity is None:
        return
    shown = f"{seen.humidity:.0f} %RH"
    if climate.wettest is not None:
        over = seen.humidity - min(climate.wettest + FAR_RH, WETTEST)
        _band(draft, zone, "biz_high_humidity", over, HUMID_FOR, shown, "look for shut vents, a leak, and cold glass")
    if climate.driest is not None:
        under = climate.driest - FAR_RH - seen.humidity
        _band(draft, zone, "biz_low_humidity", under, HUMID_FOR, shown, "look at the fog, and for vents that stay open")


def warms(draft: Draft, zone: Zone, seen: Seen, memory: Airing) -> Airing:
    """Heating that brings no warmth is no heating: a flame that is out, a fuse, a window."""
    now, at = draft.now.mono, seen.temperature
    heats = memory.wanted.heaters > 0 or memory.wanted.mix >= WIDE
    if not heats or at is None:
        if not heats:
            draft.calm("heater_no_gain", zone.name)
        return replace(memory, heating_since=None)
    if memory.heating_since is None or at >= memory.heating_from + WARMS_BY:
        draft.calm("heater_no_gain", zone.name)
        return replace(memory, heating_since=now, heating_from=at)
    if now - memory.heating_since >= WARMS_WITHIN:
        draft.alert(
            "heater_no_gain",
            zone.name,
            f"{zone.name} has been heated for {(now - memory.heating_since) // MINUTE} min and stays at {at:.1f} °C",
            "look at the heater, its fuel and its fuse, and for a vent or a door that is open",
        )
    return memory


def _band(draft: Draft, zone: Zone, code: str, beyond: float, lasts: Nanos, shown: str, advice: str) -> None:
    """An alarm for a value that is beyond its limit for some time; it ends on the good side of it."""
    if beyond < -CALM_AGAIN:
        draft.calm(code, zone.name)
    if beyond < 0:
        draft.forget_since((code, zone.name))
    elif draft.now.mono - draft.since((code, zone.name)) >= lasts:
        draft.alert(code, zone.name, f"the air of {zone.name} has {shown}", advice)
