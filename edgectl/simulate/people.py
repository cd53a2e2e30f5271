"""The people around a simulated greenhouse: they ask twice, ask for something else under the same name, press buttons,
stop everything, set clocks and acknowledge alarms. What they were told is kept, for it binds the controller.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Protocol

from edgectl.model.inputs import Acknowledge, Answer, Input, ManualOff, ManualOn, Resume, StopAll, TaskRequest
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos

HOUR = 3600 * SECOND
BUSY: Nanos = 3 * HOUR // 2  # about how often somebody does something


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


class People:
    """Everybody, from one seeded source."""

    def __init__(self, world: House, random: Random) -> None:
        self.world, self.random = world, random
        self.next_at: Nanos = HOUR
        self.told: list[Told] = []
        self.pressed = 0
        self._tokens = count(1)
        self._asked: list[TaskRequest] = []
        self._waiting: dict[int, tuple[TaskRequest, bool]] = {}
        self._later: list[tuple[Nanos, Callable[[], None]]] = []

    def act(self) -> None:
        """Somebody does something now."""
        due = [act for at, act in self._later if at <= self.world.now]
        self._later = [(at, act) for at, act in self._later if at > self.world.now]
        if not due:
            due = [
                self.random.choice([self._ask, self._ask, self._press, self._press, self._stop, self._look, self._set])
            ]
        for act in due:
            act()
        self.pressed += len(due)
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

    def _ask(self) -> None:
        changed = False
        if self._asked and self.random.random() < 0.5:
            request = self.random.choice(self._asked)
            if changed := self.random.random() < 0.5:
                request = replace(request, payload={"duration_s": 2 * request.payload["duration_s"]})
        else:
            wall = self.world.wall
            request = TaskRequest(
                token=0,
                zone="zone-1",
                task_type="irrigation",
                payload={"duration_s": float(self.random.randint(5, 60))},
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

    def _press(self) -> None:
        name = self.random.choice(["pump", "valve", "lamp"])
        if self.random.random() < 0.3:
            self.world.offer(ManualOff(token=next(self._tokens), actuator=name, who="somebody"))
        else:
            lease = round(self.random.uniform(0.5, 120) * SECOND)
            self.world.offer(ManualOn(token=next(self._tokens), actuator=name, lease=lease, who="somebody"))

    def _stop(self) -> None:
        self.world.offer(StopAll(token=next(self._tokens), who="somebody"))
        self._later.append((self.world.now + round(self.random.uniform(10, 1800)) * SECOND, self._release))

    def _release(self) -> None:
        self.world.offer(Resume(token=next(self._tokens), who="somebody"))

    def _look(self) -> None:
        for alarm_id in self.world.alarms():
            self.world.offer(Acknowledge(token=next(self._tokens), alarm_id=alarm_id, who="somebody"))

    def _set(self) -> None:
        by = self.random.choice([1, 3, 60, 1800, 7200, 86_400]) * SECOND
        self.world.step_wall(by if self.random.random() < 0.5 else -by)
