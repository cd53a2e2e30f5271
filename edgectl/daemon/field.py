"""All buses of the site: who carries an effect, and what becomes of an effect that nobody can carry."""

import logging
from collections.abc import Callable
from itertools import count

from edgectl.daemon.lines import Deliver, Line, line_of
from edgectl.drivers.line import Alarm
from edgectl.drivers.wiring import Bus
from edgectl.model.deadman import Sound
from edgectl.model.inputs import AskState, Carried, DeviceHealth, MakeSafe, ReadBack, Reply, ReplyStatus, Send
from edgectl.model.site import Role, Site
from edgectl.model.time import SECOND, Nanos, Now

LOG = logging.getLogger("edgectl")
STALE = 10 * SECOND  # a word to a siren that has waited longer is of no use


class Field:
    """The bus tasks by name, and the way from an actuator to its bus."""

    def __init__(
        self,
        site: Site,
        buses: tuple[Bus, ...],
        *,
        now: Callable[[], Now],
        deliver: Deliver,
        alarm: Callable[[Callable[[], None]], Alarm],
        may_speak: Callable[[Nanos], bool] = lambda _: True,
    ) -> None:
        self.site = site
        self._now = now
        self._deliver = deliver
        ids = count(1)
        self.tasks: dict[str, Line] = {
            bus.name: line_of(bus, site, sample_ids=ids, now=now, deliver=deliver, alarm=alarm, may_speak=may_speak)
            for bus in buses
        }
        bus_of = {device.name: bus.name for bus in buses for device in bus.devices}
        self._route = {
            name: self.tasks[bus_of[actuator.device]]
            for name, actuator in site.actuators.items()
            if actuator.device in bus_of
        }
        self._driven = set(bus_of)

    def make_safe_first(self) -> None:
        """The first words on every bus: OFF to whatever is dangerous, pumps before valves, and how is it now?"""
        dangerous = [a for a in self.site.actuators.values() if a.dangerous]
        for actuator in sorted(dangerous, key=lambda a: (a.role is not Role.PUMP, a.name)):
            self._carry_on(MakeSafe(actuator=actuator.name, reason="start"))
        for actuator in self.site.actuators.values():
            self._carry_on(AskState(actuator=actuator.name))
        for name in sorted(self._undriven()):
            why = "its bus is of a type that this version does not drive"
            self._deliver(DeviceHealth(device=name, healthy=False, at=self._now().mono, reason=why))

    def carry(self, effect: Carried) -> None:
        """Hand an effect to its bus. One that no bus can carry is answered at once."""
        task = self._route.get(effect.actuator)
        if isinstance(effect, Sound):
            silent, limit = effect.silent_for, self._now().mono + STALE
            order = Send(cmd_id="", actuator=effect.actuator, on=silent is None, lease=silent, not_after=limit)
            return None if task is None else task.take(order)
        if task is not None:
            task.take(effect)
            return
        why = f"nothing drives {effect.actuator}"
        if isinstance(effect, Send):
            failed = ReplyStatus.SEND_FAILED
            self._deliver(Reply(cmd_id=effect.cmd_id, status=failed, at=self._now().mono, evidence=why))
        elif isinstance(effect, AskState):
            self._deliver(ReadBack(actuator=effect.actuator, on=None, at=self._now().mono, evidence=why))

    def _carry_on(self, effect: MakeSafe | AskState) -> None:
        """One bus that cannot even take the order keeps no other output on."""
        try:
            self.carry(effect)
        except Exception:
            LOG.exception("%s could not be reached", effect.actuator)

    def _undriven(self) -> set[str]:
        used = {actuator.device for actuator in self.site.actuators.values()}
        used = used.union(*(sensor.devices for sensor in self.site.sensors.values()))
        return used - self._driven
