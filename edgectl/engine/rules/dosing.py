"""What may be dosed at all: the caps, one mixing time between acid and base, moving water, and the lock-out.

These hold for everyone, tasks and hands alike. What was given counts from the ledger, across restarts and clock steps.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules import preparing
from edgectl.engine.rules.latched import mode_of
from edgectl.engine.rules.overrides import DOSING, named
from edgectl.model.channel import Reading
from edgectl.model.inputs import Mode
from edgectl.model.ledger import DAY, HOUR
from edgectl.model.site import Actuator, Zone
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Latch

NEVER_BELOW_PH, NEVER_PAST_PH = 4.0, 9.0
SMALLEST_ML = 1e-9
LOCKED = "lockout:dosing"  # everywhere: the journal that knew what was dosed is lost


def caps_left(draft: Draft, actuator: str) -> float:
    """Millilitres that this hour and this day leave; a preparation goes by its litres where those leave more."""
    doser = draft.state.site.actuators[actuator].doser
    assert doser is not None
    hour, day = draft.spent(actuator, HOUR), draft.spent(actuator, DAY)
    now = max(doser.max_per_hour_ml - hour, preparing.left_ml(draft, actuator))
    return max(0.0, min(now, doser.max_per_day_ml - day))


def veto_dose(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    """Why this dose must not be given now."""
    doser = actuator.doser
    if doser is None or lease is None:
        return f"{actuator.name} has no ml_per_s and caps, so nobody knows what it would give"
    ml = lease / SECOND * doser.ml_per_s
    if ml > doser.max_dose_ml * (1 + 1e-6):
        return f"{ml:.1f} ml is more than max_dose {doser.max_dose_ml:g} ml"
    left = caps_left(draft, actuator.name)
    if ml > left + SMALLEST_ML + 1e-6 * ml:
        return f"{ml:.1f} ml is more than the {left:.1f} ml that max_per_hour and max_per_day leave"
    if draft.held(LOCKED):
        return (
            "dosing is locked: the journal was rebuilt or put back, or another controller led; look at the tanks and"
            " acknowledge it"
        )
    for zone in draft.state.site.zones.values():
        if zone.chemistry is None or actuator.name not in zone.chemistry.dosers:
            continue
        if draft.held(f"lockout:{zone.name}"):
            return f"dosing into {zone.name} is locked out until its alarm is acknowledged"
        if not draft.service and (hold := held_by(draft, zone.name)) is not None:
            return f"dosing into {zone.name} is held by {hold.who}"
        beside = _not_manual(draft, zone) if draft.service else still(draft, zone)
        if why := _mixing(draft, zone, actuator.name) or beside:
            return why
    return None


def kept_off(draft: Draft, zone: str) -> bool:
    """Is nothing dosed into this zone now, whatever its solution is: locked, or held by a person?"""
    return draft.held(LOCKED) or draft.held(f"lockout:{zone}") or held_by(draft, zone) is not None


def held_by(draft: Draft, zone: str) -> Latch | None:
    """The word of a person that nothing is dosed there for a while."""
    latch = draft.latch(named(zone, DOSING))
    return latch if latch is not None and latch.held else None


def lock_dosing(draft: Draft, zone: Zone, code: str, why: str) -> None:
    """Nothing is dosed into this zone until a person has looked."""
    name = f"lockout:{zone.name}"
    if draft.held(name):
        return
    draft.put(Latch(name=name, held=True, since=draft.now.wall, who=f"{code}:{zone.name}", why=why))
    draft.note("DOSING_LOCKED", zone=zone.name, why=why)
    draft.alert(
        code,
        zone.name,
        f"dosing into {zone.name} is locked: {why}",
        "look at the probes, the dosing lines and the tank, then acknowledge",
    )


def _mixing(draft: Draft, zone: Zone, actuator: str) -> str | None:
    """Another pump has given within the mixing time: acid and base never meet, and neither do two concentrates."""
    assert zone.chemistry is not None
    state = draft.state
    for other in zone.chemistry.dosers:
        if other == actuator:
            continue
        if draft.ledger(other).within(zone.chemistry.mixing, draft.now, state.boot_id, state.started):
            return f"{other} gave within the last {zone.chemistry.mixing / SECOND:.0f} s, and that has not mixed yet"
    return None


def _not_manual(draft: Draft, zone: Zone) -> str | None:
    """A dose into a measure is no dose into a tank; nobody else may be at work there meanwhile."""
    if mode_of(draft, zone.name) is Mode.MANUAL:
        return None
    return f"a pump gives into a measure only while its zone is in manual mode: edgectl mode {zone.name} manual"


def still(draft: Draft, zone: Zone) -> str | None:
    """A dose into standing water stays where it fell."""
    way = zone.mixing
    output = None if way is None else draft.output(way.pump)
    command = None if output is None or not output.owed_off or output.closing is not None else output.cmd_id
    pump = draft.command(command)
    if pump is None or pump.seen_at is None:
        return f"{'no pump' if way is None else way.pump} does not move the solution of {zone.name}"
    if way is not None and way.flow is not None:
        reading = draft.read(way.flow)
        if not isinstance(reading, Reading) or reading.value < 0.1:
            return f"{way.flow} sees no water move in {zone.name}"
    return None
