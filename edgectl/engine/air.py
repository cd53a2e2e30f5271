"""What the air of a zone needs now: pure arithmetic over readings, with hysteresis from what was wanted before.

In the order of authority: wind and rain, overheat, humidity, temperature. What cannot be seen is never assumed: without
a temperature nothing heats and nothing fogs, and without the wind a vent opens a little at most.
"""

from dataclasses import dataclass, replace

from edgectl.model.air import Climate
from edgectl.model.codes import Code

HEATS_BELOW, HEATED_ABOVE = 1.5, 0.5  # degC below the set-point: on, off
HEATER_STEP = 2.0  # degC further down for each further heater
FAN_STEP, FAN_BACK = 2.0, 0.8  # degC above the set-point for each fan; less by so much ends it
FULLY_OPEN = 6.0  # degC above the set-point
FULLY_OPEN_RH = 20.0  # %RH above the wettest
SMALL = 0.15  # of the whole way: less is not worth a move
SHUT_BELOW, SHUT_DRIER = 1.0, 4.0  # degC and %RH below what opened it
FOG_ON, FOG_OFF, NEVER_FOG = 10.0, 2.0, 85.0  # %RH below the driest: on, off; and never above
LESS_WIND, STORM, LULL = 8.0, 12.0, 6.0  # m/s: reduce, close, and what counts as over
ANY_RAIN = 1e-9
LESS_OPEN, RAIN_OPEN = 0.25, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Readings good enough to act on; None is a sensor that cannot be believed now, or that the site has not got."""

    temperature: float | None = None
    humidity: float | None = None
    outside: float | None = None
    wind: float | None = None
    rain: float | None = None
    radiation: float | None = None
    co2: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Vent opening 0..1, how many fans and heaters, fog or not, and the reason for what was cut, empty for none."""

    vent: float = 0.0
    fans: int = 0
    heaters: int = 0
    fog: bool = False
    screens: tuple[float, ...] = ()  # how far each is folded away, 0..1
    mix: float = 0.0  # how far the mixing valves are open to the warm side, 0..1
    gas: bool = False
    why: str = ""
    most: float = 1.0  # how far wind and rain let a vent be open
    urgent: bool = False  # does not wait for the rest between two moves
    own: float | None = None  # where the vents would be if nobody had asked for more or less; None: where they are

    @property
    def unasked(self) -> float:
        """What the air by itself had wanted. A wish that is over leaves nothing behind, least of all in the dark."""
        return self.vent if self.own is None else self.own


def wanted(climate: Climate, seen: Seen, before: Wanted, *, night: bool, stormy: bool) -> Wanted:
    """The state that the air needs. `stormy` says that a storm was seen and its lull has not lasted yet."""
    most, why = most_open(climate, seen, stormy=stormy)
    at = seen.temperature
    if at is None:
        return Wanted(vent=min(before.unasked, most), fans=before.fans, why=why, most=most, urgent=before.vent > most)
    if at >= climate.overheat:
        fog = _fog(climate, seen, before)
        return Wanted(vent=most, fans=len(climate.fans), fog=fog, why=why, most=most, urgent=True)
    vent = max(_for_heat(climate, seen, at, night=night), _for_humidity(climate, seen))
    if seen.outside is not None and seen.outside >= at and vent > 0 and not why:
        vent, why = 0.0, Code.OUTSIDE_TEMP_BLOCKED.value
    vent = _steady(climate, seen, at, vent, before.unasked, night=night)
    return Wanted(
        vent=min(vent, most),
        fans=_fans(climate, at, before.fans, night=night),
        heaters=_heaters(climate, at, before.heaters, night=night),
        fog=_fog(climate, seen, before),
        why=why if vent > most or why == Code.OUTSIDE_TEMP_BLOCKED else "",
        most=most,
        urgent=before.vent > most,
    )


def by_hand(climate: Climate, seen: Seen, found: Wanted, vent: float, *, stormy: bool) -> Wanted:
    """The same with the vents where a person wants them: as far as wind and rain allow, and never against overheat."""
    if seen.temperature is not None and seen.temperature >= climate.overheat:
        return found
    most, why = most_open(climate, seen, stormy=stormy)
    return replace(found, vent=min(vent, most), why=why if vent > most else "", own=found.vent)


def aired(climate: Climate, seen: Seen, found: Wanted, *, stormy: bool) -> Wanted:
    """The same while a task airs the house: the vents are open as far as wind and rain allow."""
    most, why = most_open(climate, seen, stormy=stormy)
    return found if found.vent >= most else replace(found, vent=most, why=why, own=found.vent)


def bound_by_weather(climate: Climate, seen: Seen, *, stormy: bool) -> tuple[float, str]:
    """How far wind and rain that are seen let a vent be open, and why; 1.0 while neither speaks against it. What cannot
    be seen shuts nothing here."""
    blind_is_calm = replace(
        seen,
        wind=0.0 if seen.wind is None else seen.wind,
        rain=0.0 if seen.rain is None else seen.rain,
    )
    return most_open(climate, blind_is_calm, stormy=stormy)


def most_open(climate: Climate, seen: Seen, *, stormy: bool) -> tuple[float, str]:
    """How far wind and rain let a vent be open, and the reason where that is not the whole way. Whoever cannot see them
    goes by the cautious limit."""
    most, why = 1.0, ""
    if climate.rain is not None and (seen.rain is None or seen.rain > 0):
        most, why = (RAIN_OPEN, Code.WIND_BLOCKED.value) if seen.rain else (climate.unseen, _BLIND)
    if climate.wind is not None:
        if stormy or (seen.wind is not None and seen.wind >= STORM):
            return 0.0, Code.WIND_BLOCKED.value
        if seen.wind is None and most > climate.unseen:
            most, why = climate.unseen, _BLIND
        elif seen.wind is not None and seen.wind >= LESS_WIND and most > LESS_OPEN:
            most, why = LESS_OPEN, Code.WIND_BLOCKED.value
    return most, why


_BLIND = Code.CLIMATE_EXTERNAL_NODES_UNAVAILABLE.value


def _for_heat(climate: Climate, seen: Seen, at: float, *, night: bool) -> float:
    if climate.vent is None:
        return 0.0
    return _share((at - climate.vent[night]) / FULLY_OPEN)


def _for_humidity(climate: Climate, seen: Seen) -> float:
    if climate.wettest is None or seen.humidity is None:
        return 0.0
    return _share((seen.humidity - climate.wettest) / FULLY_OPEN_RH)


def _steady(climate: Climate, seen: Seen, at: float, vent: float, before: float, *, night: bool) -> float:
    """Neither the noise of a probe nor a cloud moves a motor: small changes wait until they are large, and a vent is
    shut only when it is plainly cool and dry enough."""
    if vent == 0.0 and before > 0.0:
        warm = climate.vent is not None and at > climate.vent[night] - SHUT_BELOW
        damp = (
            climate.wettest is not None and seen.humidity is not None and seen.humidity > climate.wettest - SHUT_DRIER
        )
        return min(before, SMALL) if warm or damp else 0.0
    return before if 0.0 < vent < 1.0 and abs(vent - before) < SMALL else vent


def _share(x: float) -> float:
    return min(1.0, max(0.0, x))


def _fans(climate: Climate, at: float, running: int, *, night: bool) -> int:
    if climate.vent is None:
        return 0
    over = at - climate.vent[night]
    more = min(len(climate.fans), max(0, int(over // FAN_STEP)))
    if more >= running:
        return more
    # One fan less only when it is cooler than the step that brought it, by some margin.
    return running if over > running * FAN_STEP - FAN_BACK else max(more, running - 1)


def _heaters(climate: Climate, at: float, running: int, *, night: bool) -> int:
    if climate.heat is None or not climate.heaters:
        return 0
    under = climate.heat[night] - at
    if under < HEATED_ABOVE:
        return 0
    more = 0 if under < HEATS_BELOW else 1 + int((under - HEATS_BELOW) // HEATER_STEP)
    return min(len(climate.heaters), max(more, running))


def _fog(climate: Climate, seen: Seen, before: Wanted) -> bool:
    if climate.fog is None or climate.driest is None or seen.humidity is None or seen.humidity >= NEVER_FOG:
        return False
    under = climate.driest - seen.humidity
    return under > FOG_ON or (before.fog and under > FOG_OFF)
