"""What the doors need of the running controller. The daemon implements it; tests may fake it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

Body = dict[str, Any]


class Unavailable(Exception):
    """The request cannot be answered now or at all. `http` is the status, `code` the word, `hint` the next step."""

    def __init__(self, http: int, code: str, message: str, hint: str = "", detail: Body | None = None) -> None:
        super().__init__(message)
        self.http, self.code, self.message, self.hint, self.detail = http, code, message, hint, detail or {}


class House(Protocol):
    """Reads are read models; writes go through the inbox and are answered after their commit. Raises Unavailable."""

    @property
    def timezone(self) -> str:
        """The time zone of the site, as Europe/Berlin."""

    def readiness(self) -> tuple[bool, Mapping[str, Mapping[str, Any]]]:
        """Is everything good that dispatching needs, and each check with its reason."""

    async def metrics(self) -> bytes:
        """The metrics in Prometheus text."""

    async def prepare(self) -> None:
        """Look at what is large before it is asked for, without keeping anything else waiting."""

    def status(self) -> Body:
        """What runs now."""

    def central(self, *, hurry: bool = False) -> Body | None:
        """How it stands with the centre, None when the site has none. `hurry` ends a rest between two tries."""

    def channels(self) -> list[Body]:
        """Every sensor and every output with its age."""

    async def tasks(self, preset: str, zone: str | None, limit: int) -> list[Body]:
        """Tasks, the newest first."""

    async def task(self, task_id: str) -> Body:
        """One task with its commands and its timeline."""

    async def submit(self, request: Body, who: str) -> Body:
        """Ask for a task."""

    async def output_on(self, name: str, seconds: float, who: str, *, service: bool = False) -> Body:
        """Switch an output on for a while."""

    async def calibrate(self, subject: str, request: Body, who: str) -> Body:
        """Take a sensor out for calibration, or give it back with what was found."""

    async def tried(self, name: str, request: Body, who: str) -> Body:
        """Write down what a person saw when an output was pressed."""

    async def output_off(self, name: str, who: str) -> Body:
        """Switch an output off."""

    async def stop_all(self, who: str) -> Body:
        """Everything dangerous off, and latched."""

    async def resume(self, who: str) -> Body:
        """Release the latched stop."""

    async def restrain(
        self, what: str, zone: str, request: Body, *, on: bool, who: str, engineer: bool = False
    ) -> Body:
        """Put a restraint on or take it off: stop_water, lock, hold. An engineer takes off the lock of another."""

    async def set_mode(self, zone: str, mode: str, who: str) -> Body:
        """Decide who starts the work of a zone: auto, semi, manual."""

    async def cancel(self, task_id: str, who: str) -> Body:
        """End a task before its time."""

    async def approve(self, task_id: str, who: str) -> Body:
        """Release a proposed task."""

    async def override(self, zone: str, setting: str, request: Body, who: str) -> Body:
        """Give a setting of a zone another value for a while, or take that back."""

    async def acknowledge(self, alarm_id: str, request: Body, who: str) -> Body:
        """Take note of an alarm."""

    def alarms(self) -> list[Body]:
        """Alarms that are active or not yet acknowledged."""

    async def shelve(self, alarm_id: str, seconds_: float | None, who: str) -> Body:
        """Silence an alarm for a while."""

    def frames(self, bus: str, after: int) -> Body:
        """The last frames of a bus beyond a number."""


class Looks(Protocol):
    """What the doors show beyond the state of now: tasks by contract and by search, the past, the day."""

    async def tasks(
        self, preset: str, zone: str | None, search: str, limit: int, codes: Collection[str] = ()
    ) -> list[Body]:
        """Tasks of a preset that hold the words or one of the codes, the newest first. Raises Unavailable."""

    async def zone_tasks(self, zone: str, limit: int, *, timeline: bool) -> list[Body]:
        """Tasks of a zone, by its number or name, with their lifecycle, and their timeline if asked for."""

    async def zone_task(self, zone: str, task_id: str) -> Body:
        """One task of a zone, whole. Raises Unavailable."""

    def automation_state(self, zone: str) -> Body:
        """What a zone's water is doing, in the words of the contract. Raises Unavailable."""

    def curve(self, sensor: str) -> tuple[Sequence[int], Sequence[float | None]]:
        """What a sensor showed: instants in seconds since 1970, and values."""

    async def by_hand(self, outputs: Sequence[str]) -> dict[str, Body]:
        """For how long each of them may be switched on by hand now, and what is against longer or at all."""

    async def vents_reach(self, zone: str) -> Mapping[int, float]:
        """How many seconds its vents would take to each place where a person may want them. Raises Unavailable."""

    async def past(self, sensor: str) -> Body:
        """What a sensor showed, and which tasks ran meanwhile. Raises Unavailable."""

    async def missed(self) -> list[Body]:
        """Of each zone the newest run of the last 24 h that should have been and was not."""

    async def left_out(self, schedule: str | None, limit: int) -> list[Body]:
        """The newest runs that were left out, the newest first. Raises Unavailable."""

    async def day(self, date: str | None) -> Body:
        """What ran, what was left out and why, what is planned. Raises Unavailable when that is no day."""
