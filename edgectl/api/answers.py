"""What comes back, for /openapi.json alone: loaded when somebody asks for that page.

Answers may grow: a reader passes over fields that it does not know.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, RootModel


class Answer(BaseModel):
    """An object that may grow."""

    model_config = ConfigDict(extra="allow")


class Refusal(Answer):
    """Every refusal looks like this: a word, a sentence, what to do next."""

    status: Literal["error"]
    code: str
    message: str
    hint: str
    detail: dict[str, Any]


class Alive(Answer):
    """The process runs."""

    status: Literal["ok"]


class Check(Answer):
    """One thing that dispatching needs."""

    ok: bool
    reason: str


class Readiness(Answer):
    """May work be dispatched?"""

    status: Literal["ok", "error"]
    ready: bool
    checks: dict[str, Check]


class ReadingRow(Answer):
    """A sensor: its value and age, or why there is none."""

    sensor: str
    unit: str
    age_s: float | None
    value: float | None


class OutputRow(Answer):
    """An output: what is seen, and what is owed. Where its device is silent `on` is null; `last_on` is what was seen
    `seen_s` ago."""

    output: str
    role: str
    on: bool | None
    last_on: bool | None
    silent: bool
    seen_s: float | None
    owed_off: bool
    ends_at: str | None


class Channels(RootModel[list[ReadingRow | OutputRow]]):
    """Every sensor and every output."""


class Outputs(RootModel[list[OutputRow]]):
    """In the order of the site file."""


class OverrideRow(Answer):
    """A setting with another value, who gave it, and until when."""

    zone: str
    setting: str
    value: float
    who: str
    until: str | None


class Overrides(RootModel[list[OverrideRow]]):
    """Those that are in force."""


class CalibrationRow(Answer):
    """What the device shows without any correction, what is read of it, and its last calibration."""

    sensor: str
    unit: str
    shown: float | None
    value: float | None
    missing: str | None
    calibration: dict[str, Any] | None


class Calibrations(RootModel[list[CalibrationRow]]):
    """Every sensor."""


class AlarmRow(Answer):
    """What a person must know."""

    id: str
    since: str
    first: str
    times: int
    active: bool
    message: str
    advice: str
    priority: Literal["critical", "high", "low"]
    acknowledged_by: str | None


class Alarms(RootModel[list[AlarmRow]]):
    """The oldest first."""


class ZoneRow(Answer):
    """A zone and what runs there."""

    zone: str
    number: int
    tasks: list[dict[str, Any]]


class Zones(RootModel[list[ZoneRow]]):
    """Every zone."""


class Status(Answer):
    """The whole site."""

    site: dict[str, str]
    ready: bool
    now: str
    clock: str
    stopped: bool
    proposed: list[dict[str, Any]]
    zones: list[ZoneRow]
    outputs: list[OutputRow]
    readings: list[ReadingRow]
    next: list[dict[str, Any]]
    alarms: list[AlarmRow]


class Central(Answer):
    """How it stands with the centre."""

    contact: Literal["offline", "connecting", "online", "rejected"]
    for_s: float
    why: str
    advice: str
    again_in_s: float | None
    heard_s: float | None
    waiting: int
    oldest: str | None
    sent: int
    gaps: list[str]


class TaskRow(Answer):
    """A task."""

    task_id: str
    zone: str
    zone_id: int | None
    task_type: str
    status: Literal["accepted", "running", "completed", "failed", "rejected", "expired"]
    source: str
    correlation_id: str
    scheduled_for: str
    waits_until: str | None
    due_at: str
    expires_at: str
    created_at: str
    updated_at: str
    error: str | None
    error_code: str | None
    result: dict[str, Any] | None


class Tasks(RootModel[list[TaskRow]]):
    """The newest first."""


class TaskWhole(TaskRow):
    """A task with its lifecycle and its timeline, in order."""

    lifecycle: list[dict[str, Any]]
    timeline: list[dict[str, Any]]


class SchedulerTask(TaskRow):
    """As the contract: the lifecycle always, the timeline when it was asked for."""

    lifecycle: list[dict[str, Any]]


class SchedulerTasks(RootModel[list[SchedulerTask]]):
    """The newest first."""


class AutomationState(Answer):
    """What a zone's water is doing. A level that nobody can see is null, never zero."""

    zone: str
    zone_id: int
    state: Literal["IDLE", "TANK_FILLING", "TANK_RECIRC", "READY", "IRRIGATING", "IRRIG_RECIRC"]
    state_details: dict[str, Any]
    current_levels: dict[str, Any]
    next_state: str
    estimated_completion_sec: int | None


class ScheduleRow(Answer):
    """A schedule: its next runs, what keeps it, and what was left out last."""

    schedule: str
    zone: str
    task_type: str
    when: str
    next: list[dict[str, Any]]
    kept: str | None
    held_until: str | None
    keeper: dict[str, Any] | None
    skipped: dict[str, Any] | None


class Schedules(RootModel[list[ScheduleRow]]):
    """In the order of the site file."""


class Done(Answer):
    """It was taken on, and written down."""

    result: str


class Unit(Answer):
    """What a unit of a bus is, as far as its registers tell."""

    unit: int
    answers: list[int]
    collides: bool
    speaks: str | None
    whole: bool
    guesses: list[dict[str, Any]]


class Asking(Answer):
    """How far the last person is who asked on a bus, what the next question waits for, and what was found so far."""

    asking: bool
    unit: int
    asked: int
    waits_for: str | None
    left_s: int | None
    so_far: Unit | None


class Registers(Answer):
    """Registers or bits, each with its address."""

    values: list[dict[str, int]]


class Setting(Answer):
    """What a setting held, what it holds, and whether that is in force already."""

    before: str
    after: str | None
    answers_at: int
    taken: bool
    in_force: bool


class Frames(Answer):
    """What passed over a bus."""

    up: bool
    lines: list[dict[str, Any]]


class Past(Answer):
    """What a sensor showed, a point a minute: instants in seconds since 1970, and null where there was no value."""

    sensor: str
    unit: str
    at: list[int]
    values: list[float | None]
    tasks: list[dict[str, Any]]


class Day(Answer):
    """What ran, what was left out and why, and what is planned."""

    runs: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
    planned: list[dict[str, Any]]


class MissedRow(Answer):
    """A run that should have been and was not: left out, or begun and come to nothing."""

    zone: str
    schedule: str | None
    scheduled_for: str
    reason_code: str | None
    reason: str | None
    why: str | None


class Missed(RootModel[list[MissedRow]]):
    """Each with its reason."""


class TokenRow(Answer):
    """A token, without its secret."""

    id: str
    name: str
    role: str
    kind: Literal["token", "page"]
    created_at: str
    until: str | None


class TokenList(RootModel[list[TokenRow]]):
    """The oldest first."""


class NewToken(TokenRow):
    """Its secret is told this once."""

    token: str


class Code(Answer):
    """A code for a phone, good once."""

    code: str
    path: str
    good_for_s: int
    address: str
    reachable: bool
    fingerprint: str


class Lease(Answer):
    """The lease of an outside scheduler, or why there is none."""

    bootstrap_status: str | None = None


class Submitted(Answer):
    """A task as the contract's public fields."""

    task_id: str
    status: str


class Enqueued(Answer):
    """It waits for its time."""

    enqueue_id: str
    status: str
