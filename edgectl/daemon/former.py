"""Outputs that an older site file knew and this one does not: they go off before anything else, by the old plan.

A pump that was moved to another relay while the controller lay dead may still run on the old one, and no line of the
new site file would ever look there.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgectl.daemon import safeplan
from edgectl.daemon.judged import PLACE, DamagedBus
from edgectl.daemon.means import means
from edgectl.drivers.rescue import rescue
from edgectl.drivers.rescued import Rescued
from edgectl.model.output import Output

LOG = logging.getLogger("edgectl")


@dataclass(frozen=True, slots=True)
class Former:
    """What could not be proven off, as buses of a safe plan: it stays in the plan until it can."""

    buses: tuple[dict[str, Any], ...] = ()
    damaged: tuple[DamagedBus, ...] = ()  # what nobody can follow any more: a person has to look

    def kept_in(self, plan: dict[str, Any]) -> dict[str, Any]:
        """The plan with all of it: the next life tries again, and owes the rest as this one does."""
        damaged = [{"name": bus.name, "outputs": list(bus.outputs)} for bus in self.damaged if bus.outputs]
        return {**plan, "buses": [*plan["buses"], *self.buses], **({"damaged": damaged} if damaged else {})}

    @property
    def debts(self) -> tuple[Output, ...]:
        """The same as outputs that nobody has seen off, each under a name that says where it is."""
        return tuple(
            Output(
                name=f"{output['actuator']} (bus {name}, {_where(output)})",
                owed_off=True,
                cmd_id=None,
                task_id=None,
                zone=None,
                off_by=0,
            )
            for name, outputs in (
                *((bus["name"], bus["outputs"]) for bus in self.buses),
                *((bus.name, bus.outputs) for bus in self.damaged),
            )
            for output in outputs
        )


def switch_off(folder: Path, plan: dict[str, Any]) -> Former:
    """Switch off what the plan of the last life names and this one does not. Before the buses are opened."""
    old = safeplan.judged(folder)
    if old is None:
        return Former()
    damaged = tuple(safeplan.unknown(bus, plan) for bus in old.damaged)
    for lost in damaged:
        LOG.error("the plan of the last start is damaged: %s", _lost(lost))
    left = []
    for bus in safeplan.without(old.buses, plan):
        told = {row.actuator: row for row in rescue(bus, means())}
        for output in bus["outputs"]:
            row = told.get(output["actuator"], Rescued(actuator=output["actuator"], proven=False))
            LOG.log(
                logging.INFO if row.proven else logging.ERROR,
                "%s was at %s of bus %s before: %s",
                output["actuator"],
                _where(output),
                bus["name"],
                "off, read back" if row.proven else f"not proven off, {row.reason}",
            )
        open_ = [output for output in bus["outputs"] if not getattr(told.get(output["actuator"]), "proven", False)]
        if open_:
            left.append({**bus, "outputs": open_})
    return Former(tuple(left), damaged)


def _where(output: dict[str, Any]) -> str:
    return " ".join(f"{key} {output[key]}" for key in PLACE if output.get(key) is not None) or "its line"


def _lost(bus: DamagedBus) -> str:
    if not bus.outputs:
        return bus.why
    named = ", ".join(output["actuator"] for output in bus.outputs)
    return f"{bus.why}; look by hand whether {named} is off, then remove {safeplan.NAME} while the daemon is stopped"
