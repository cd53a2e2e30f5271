"""What the soil says about a planned watering. It advises: what cannot be seen keeps nobody from their water.

below the band                  the whole run
in the band, and it is hot      half a run
in the band                     none: what the run should bring about is so already
above the band                  none
"""

from collections.abc import Mapping
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.senses import cited
from edgectl.engine.workflows.need import RUN, SKIP, Need
from edgectl.model.channel import Missing, Reading, Use
from edgectl.model.codes import Code
from edgectl.model.site import Zone
from edgectl.model.task import Task

HOT = 30.0  # degC of the zone's air

Samples = tuple[Mapping[str, Any], ...]


def need(draft: Draft, zone: Zone, task: Task, samples: Samples) -> Need:
    """Run as planned, in part, or not at all."""
    run = Need(RUN, Code.IRRIGATION_REQUIRED, samples=samples)
    band = _band(zone, task.payload)
    if zone.soil is None or band is None or task.payload.get("fallback") is True:
        return run
    reading = draft.read(zone.soil, Use.IRRIGATION)
    samples = (*samples, cited(reading))
    if isinstance(reading, Missing):
        _tell(draft, zone, reading)
        why = f"{zone.soil} cannot be seen, so it is watered as planned"
        return Need(RUN, Code.IRRIGATION_REQUIRED, samples=samples, why=why)
    driest, wettest = band
    if reading.value > wettest:
        return Need(SKIP, Code.IRRIGATION_NOT_REQUIRED, samples=samples)
    if reading.value < driest:
        return Need(RUN, Code.IRRIGATION_REQUIRED, samples=samples)
    air = None if zone.climate is None else draft.read(zone.climate.temperature, Use.CLIMATE)
    if isinstance(air, Reading) and air.value >= HOT:
        samples = (*samples, cited(air))
        return Need(RUN, Code.IRRIGATION_REQUIRED, samples=samples, run_mode="run_reduced")
    return Need(SKIP, Code.TARGET_ALREADY_MET, samples=samples)


def flaw(payload: Mapping[str, Any]) -> str:
    """What is wrong with the soil targets of a request, as a sentence; empty when nothing is."""
    asked = _asked(payload)
    if asked is None:
        return ""
    ends = [asked.get("min"), asked.get("max")]
    numbers = [value for value in ends if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == 2 and 0 <= numbers[0] < numbers[1] <= 100:
        return ""
    return 'targets.soil_moisture has to be {"min": 40, "max": 60}, in percent'


def _band(zone: Zone, payload: Mapping[str, Any]) -> tuple[float, float] | None:
    asked = _asked(payload)
    return zone.soil_band if asked is None else (float(asked["min"]), float(asked["max"]))


def _asked(payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    targets = payload.get("targets")
    found = targets.get("soil_moisture") if isinstance(targets, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _tell(draft: Draft, zone: Zone, missing: Missing) -> None:
    draft.alert(
        "fallback_watering",
        zone.name,
        f"{zone.name} is watered as planned, because {zone.soil} cannot be seen ({missing.reason.value})",
        f"look at {zone.soil} and its cable; a run of the schedule ends this",
    )
