"""A person gives a setting of a zone another value for a while: how far the vents are open, how warm it is kept, that
nothing is dosed.

Two rules. It ends by itself, across restarts, and never later than it was to. And it changes what is wanted, not what
is allowed: wind, rain, overheat and every guard stand above it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import told
from edgectl.model.air import Climate
from edgectl.model.hands import Override
from edgectl.model.inputs import Answer
from edgectl.model.site import Zone
from edgectl.model.time import SECOND, Nanos, Trust
from edgectl.model.timeline import Latch

LONGEST: Nanos = 24 * 3600 * SECOND
COLDEST, WARMEST = 2.0, 30.0  # degC
DOSING = "dosing"
# Setting -> lowest, highest, unit. Dosing can only be held: more of it is nothing that a hand may ask for.
SETTINGS = {"vent": (0.0, 100.0, "%"), "heat": (COLDEST, WARMEST, "°C"), DOSING: (0.0, 0.0, "")}


def override(draft: Draft, order: Override, there_s: Callable[[Draft, Zone, float], float]) -> bool:
    """Set a value for a while, or take it back. True when that has been done. `there_s` says how long vents take."""
    if code := _refusal(draft, order):
        draft.effect(Answer(token=order.token, ok=False, code=code, body={"why": _why(draft, code, order)}))
        return False
    name, now = named(order.zone, order.setting), draft.now
    before, replaced = in_force(draft, order.zone, order.setting), told(draft, name)
    if order.value is None:
        end(draft, name, f"taken back by {order.who}")
    else:
        latch = Latch(
            name=name,
            held=True,
            since=now.wall,
            who=order.who,
            why=order.why,
            until=now.wall + order.lasts,
            until_mono=now.mono + order.lasts,
            boot_id=draft.state.boot_id,
            synced=now.trust is Trust.SYNCED,
            value=order.value,
        )
        draft.put(latch)
        draft.note(
            "OVERRIDE_SET",
            zone=order.zone,
            setting=order.setting,
            who=order.who,
            why=order.why,
            before=before,
            after=order.value,
            seconds=order.lasts // SECOND,
        )
        _look_anew(draft, order.zone)
    body: dict[str, Any] = {"override": name, "value": order.value, "there_s": None}
    if order.setting == "vent" and order.value is not None:
        body["there_s"] = there_s(draft, draft.state.site.zones[order.zone], order.value)
    body["before"] = None if replaced is None else {**replaced, "value": before}
    draft.effect(Answer(token=order.token, ok=True, code="ok", body=body))
    return True


def settings_of(zone: Zone) -> tuple[str, ...]:
    """What can be set there: it has the vents, the heating or the dosing pumps that this would move."""
    climate, chemistry = zone.climate, zone.chemistry
    fitted = {
        "vent": climate is not None and bool(climate.vents),
        "heat": climate is not None and climate.heat is not None,
        DOSING: chemistry is not None and bool(chemistry.dosers),
    }
    return tuple(setting for setting in SETTINGS if fitted[setting])


def expire(draft: Draft, latch: Latch) -> None:
    """End what has lasted long enough."""
    if latch.over(draft.now, draft.state.boot_id):
        end(draft, latch.name, "its time is over")
    elif latch.boot_id == draft.state.boot_id:
        draft.wake(latch.until_mono)


def end(draft: Draft, name: str, why: str) -> None:
    """The setting is the site file's again."""
    latch = draft.latch(name)
    assert latch is not None
    draft.put(replace(latch, held=False, since=draft.now.wall, why=why))
    _, zone, setting = name.split(":")
    draft.note("OVERRIDE_ENDED", zone=zone, setting=setting, before=latch.value, after=None, why=why)
    _look_anew(draft, zone)


def _look_anew(draft: Draft, zone: str) -> None:
    """What was wanted of the air does not stand any more: nobody waits half a minute to see it."""
    if (memory := draft.airing.get(zone)) is not None:
        draft.airing = {**draft.airing, zone: replace(memory, anew=True)}


def in_force(draft: Draft, zone: str, setting: str) -> float | None:
    """The value that a person has set, if any."""
    latch = draft.latch(named(zone, setting))
    return latch.value if latch is not None and latch.held else None


def overridden(draft: Draft, zone: str, climate: Climate) -> Climate:
    """The set-points with what a person has put over them. Heating never meets venting."""
    warm = in_force(draft, zone, "heat")
    if warm is None or climate.heat is None:
        return climate
    highest = min(climate.vent) - 1.0 if climate.vent is not None else warm
    return replace(climate, heat=(min(warm, highest), min(warm, highest)))


def named(zone: str, setting: str) -> str:
    """The latch of a setting."""
    return f"override:{zone}:{setting}"


def _refusal(draft: Draft, order: Override) -> str:
    zone = draft.state.site.zones.get(order.zone)
    if zone is None:
        return "unknown_zone"
    if order.setting not in settings_of(zone):
        return "unknown_setting"
    if order.value is None:
        return "" if in_force(draft, order.zone, order.setting) is not None else "not_held"
    low, high, _ = SETTINGS[order.setting]
    if not low <= order.value <= high:
        return "value_out_of_range"
    return "" if 0 < order.lasts <= LONGEST else "override_needs_an_end"


def _why(draft: Draft, code: str, order: Override) -> str:
    if code == "unknown_zone":
        return f"there is no zone {order.zone[:60]!r}; there are: {', '.join(sorted(draft.state.site.zones))}"
    if code == "unknown_setting":
        fitted = ", ".join(sorted(settings_of(draft.state.site.zones[order.zone]))) or "nothing"
        return f"{order.zone} has no {order.setting[:60]!r} to set; it can be set: {fitted}"
    if code == "value_out_of_range":
        low, high, unit = SETTINGS[order.setting]
        if order.setting == DOSING:
            return "dosing can be held, with 0, and not be made more"
        return f"{order.setting} is set from {low:g} to {high:g} {unit}"
    if code == "not_held":
        return "there is nothing to take back"
    return "an override lasts more than 0 s and at most 24 h"
