"""How long each output is asked to stay on by the work that its zone can do; for the check of a site file."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgectl.engine.workflows import recover, tanks, times
from edgectl.engine.workflows.stage import Table
from edgectl.model.site import Site, Zone
from edgectl.model.time import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One output in one stage, and the longest time that one order keeps it on."""

    zone: str
    workflow: str
    stage: str
    actuator: str
    lease: Nanos


def spans(site: Site) -> Iterator[Span]:
    """Every output of every stage that does not depend on what a request asks for."""
    for zone in site.zones.values():
        for workflow, table in _tables(site, zone):
            for stage in table:
                for actuator in stage.opens:
                    held = times.lease(site, stage, actuator)
                    yield Span(zone=zone.name, workflow=workflow, stage=stage.name, actuator=actuator, lease=held)


def _tables(site: Site, zone: Zone) -> Iterator[tuple[str, Table]]:
    if zone.circuit is None:
        return
    yield "refill", tanks.refill(site, zone)
    yield "startup", tanks.startup(site, zone)
    if zone.chemistry is not None:
        yield "irrigation_recovery", recover.recovery(site, zone)
