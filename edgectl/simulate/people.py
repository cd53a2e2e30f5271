"""The people around a simulated greenhouse: they ask twice, ask for something else under the same name, press buttons,
stop, hold, lock and cancel, set clocks and acknowledge alarms. What they were told is kept: it binds the controller.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Any, Protocol

from edgectl.model.hands import Shelve
from edgectl.model.inputs import (
    Acknowledge,
    Answer,
    Approve,
    Cancel,
    Input,
    ManualOff,
    ManualOn,
    Mode,
    Restrain,
    Restraint,
    Resume,
    SetMode,
    StopAll,
    TaskRequest,
)
from edgectl.model.site import Site, Zone
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos

HOUR = 3600 * SECOND
BUSY: Nanos = 3 * HOUR // 2  # about how often somebody does something
Act = Callable[[], str]  # does it, and says what it was
OF_THREE_TANKS = ("irrigation_fill", "three_tank_startup")
PREPARATIONS = ("startup", "clean_fill", "solution_fill", "prepare_recirculation", "refill", "irrigation_recovery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One answer that reached somebody. `changed` says that the request differed from the first one of its name."""

    correlation_id: str
    changed: bool
    ok: bool
    code: str
    task_id: str


class House(Protocol):
    """What people find around them: a clock on the wall, the alarms, and a controller that takes orders."""

    site: Site
    now: Nanos

    @property
    def wall(self) -> Nanos:
        """The wall clock."""

    def step_wall(self, by: Nanos) -> None:
        """Set the wall clock forward or back."""

    def offer(self, item: Input) -> None:
        """Give an order or ask for something."""

    def known(self, correlation_id: str) -> Task | None:
        """The task that bears this name already, as the shell looks it up."""

    def alarms(self) -> list[str]:
        """What the alarm list shows now."""

    def open_tasks(self) -> list[str]:
        """What the task list shows as open."""


class People:
    """Everybody, from one seeded source."""

    def __init__(self, world: House, random: Random) -> None:
        self.world, self.random = world, random
        self.next_at: Nanos = HOUR
        self.told: list[Told] = []
        self.did: Counter[str] = Counter()
        self._tokens = count(1)
        self._asked: list[TaskRequest] = []
        self._waiting: dict[int, tuple[TaskRequest, bool]] = {}
        self._later: list[tuple[Nanos, Act]] = []
        self._buttons = list(world.site.actuators)
        self._zones = sorted(world.site.zones)

    @property
    def pressed(self) -> int:
        """How often somebody did something."""
        return self.did.total()

    def act(self) -> None:
        """Somebody does something now."""
        due = [act for at, act in self._later if at <= self.world.now]
        self._later = [later for later in self._later if later[0] > self.world.now]
        if not due:
            acts = [self._ask, self._ask, self._ask, self._press, self._press, self._press, self._stop, self._look]
            acts += [self._look, self._set, self._restrain, self._choose_mode, self._end_or_release]
            due = [self.random.choice(acts)]
        for act in due:
            self.did[act()] += 1
        self.next_at = self.world.now + round(self.random.expovariate(1 / BUSY)) + SECOND
        self.next_at = min([self.next_at, *(at for at, _ in self._later)])

    def hear(self, answer: Answer) -> None:
        """An answer arrived."""
        if answer.token not in self._waiting:
            return
        request, changed = self._waiting.pop(answer.token)
        task_id = str(answer.body.get("task_id", ""))
        told = Told(
            correlation_id=request.correlation_id,
            changed=changed,
            ok=answer.ok,
            code=str(answer.code),
            task_id=task_id,
        )
        self.told.append(told)

    def forget(self) -> None:
        """The controller died: nobody hears from it what it had not said."""
        self._waiting.clear()

    def _ask(self) -> str:
        changed = False
        if self._asked and self.random.random() < 0.5:
            request = self.random.choice(self._asked)
            if changed := self.random.random() < 0.5:
                request = replace(request, payload={**request.payload, "trigger_time": "another wish"})
        else:
            wall, zone = self.world.wall, self.world.site.zones[self.random.choice(self._zones)]
            task_type, payload = self._wish(zone)
            request = TaskRequest(
                token=0,
                zone=zone.name,
                task_type=task_type,
                payload=payload,
                source="cli",
                correlation_id=f"asked-{len(self._asked):06d}",
                scheduled_for=wall,
                due_at=wall + 30 * SECOND,
                expires_at=wall + 90 * SECOND,
            )
            self._asked.append(request)
        known = self.world.known(request.correlation_id)
        token = next(self._tokens)
        self._waiting[token] = (request, changed)
        self.world.offer(replace(request, token=token, known=known))
        return "asked"

    def _wish(self, zone: Zone) -> tuple[str, dict[str, Any]]:
        """Something that this zone can do."""
        wishes: list[tuple[str, dict[str, Any]]] = []
        if zone.pump is not None:
            wishes += [("irrigation", {"duration_s": float(self.random.randint(5, 60))})] * 3
        if zone.meter is not None:
            wishes.append(("irrigation", {"volume_l": float(self.random.randint(1, 8))}))
        if zone.circuit is not None:
            known = PREPARATIONS if zone.circuit.irrigation is None else (*PREPARATIONS, *OF_THREE_TANKS)
            wishes.append(("diagnostics", {"workflow": self.random.choice(known)}))
            wishes.append(("circulate", {"duration_s": float(self.random.randint(30, 300))}))
        if zone.light is not None:
            wishes.append(("lighting", {"on": self.random.random() < 0.5}))
        if zone.climate is not None:
            wishes.append(("ventilation", {"duration_s": float(self.random.randint(30, 300))}))
            wishes += [("mist", {"duration_s": 5.0})] if zone.climate.fog is not None else []
        return self.random.choice(wishes)

    def _press(self) -> str:
        name = self.random.choice(self._buttons)
        if self.random.random() < 0.3:
            self.world.offer(ManualOff(token=next(self._tokens), actuator=name, who="somebody"))
        else:
            lease = round(self.random.uniform(0.5, 120) * SECOND)
            self.world.offer(ManualOn(token=next(self._tokens), actuator=name, lease=lease, who="somebody"))
        return "pressed a button"

    def _stop(self) -> str:
        if self.random.random() < 0.5:
            self.world.offer(StopAll(token=next(self._tokens), who="somebody"))
        else:
            self.world.offer(
                Restrain(token=next(self._tokens), what=Restraint.STOP_WATER, on=True, who="somebody", why="a leak")
            )
        self._in(10, 1800, self._release)
        return "stopped"

    def _release(self) -> str:
        self.world.offer(Resume(token=next(self._tokens), who="somebody"))
        return "resumed"

    def _restrain(self) -> str:
        zone, who = self.random.choice(self._zones), self.random.choice(("Ana", "Ben"))
        if self.random.random() < 0.5:
            lasts = round(self.random.uniform(60, 6 * 3600)) * SECOND
            self.world.offer(
                Restrain(token=next(self._tokens), what=Restraint.HOLD, on=True, who=who, zone=zone, lasts=lasts)
            )
            return "held"
        lock = Restrain(token=next(self._tokens), what=Restraint.LOCK, on=True, who=who, zone=zone, why="filter")
        self.world.offer(lock)
        self._in(60, 4 * 3600, lambda: self._unlock(lock))
        return "locked"

    def _unlock(self, lock: Restrain) -> str:
        self.world.offer(replace(lock, token=next(self._tokens), on=False))
        return "unlocked"

    def _choose_mode(self) -> str:
        zone = self.random.choice(self._zones)
        mode = self.random.choice((Mode.SEMI, Mode.MANUAL))
        self.world.offer(SetMode(token=next(self._tokens), zone=zone, mode=mode, who="Ana"))
        self._in(600, 4 * 3600, lambda: self._back_to_auto(zone))
        return "changed the mode"

    def _back_to_auto(self, zone: str) -> str:
        self.world.offer(SetMode(token=next(self._tokens), zone=zone, mode=Mode.AUTO, who="Ana"))
        return "back to auto"

    def _end_or_release(self) -> str:
        for task_id in self.world.open_tasks()[:1]:
            make = Cancel if self.random.random() < 0.5 else Approve
            self.world.offer(make(token=next(self._tokens), task_id=task_id, who="Ben"))
        return "cancelled or approved"

    def _look(self) -> str:
        for alarm_id in self.world.alarms():
            if self.random.random() < 0.2:
                shelve = Shelve(token=next(self._tokens), alarm_id=alarm_id, lasts=HOUR, who="somebody")
                self.world.offer(shelve)
            else:
                self.world.offer(Acknowledge(token=next(self._tokens), alarm_id=alarm_id, who="somebody"))
        return "acknowledged or shelved"

    def _set(self) -> str:
        by = self.random.choice([1, 3, 60, 1800, 7200, 86_400]) * SECOND
        self.world.step_wall(by if self.random.random() < 0.5 else -by)
        return "set the clock"

    def _in(self, least_s: float, most_s: float, act: Act) -> None:
        """Somebody will do this after a while."""
        self._later.append((self.world.now + round(self.random.uniform(least_s, most_s)) * SECOND, act))
