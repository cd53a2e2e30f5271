"""Schedules and the clock as a site file writes them."""

from typing import Annotated, Literal

from pydantic import Field

from edgectl.config.written import (
    Clock,
    Duration,
    KiloPascal,
    LightSum,
    Litres,
    MonthDay,
    Name,
    Percent,
    SomeTime,
    Strict,
    SunTime,
)


class WindowEntry(Strict):
    """A state to hold through a part of the day."""

    start: Clock = Field(description='a time of day in quotes, for example "05:00"')
    photoperiod: SomeTime | None = Field(None, description="how long, for example 16h")
    end: Clock | None = Field(None, description="a time of day in quotes, instead of photoperiod")


class CatchUpEntry(Strict):
    """What becomes of missed runs."""

    policy: Literal["skip", "replay_limited", "replay_all"] = Field(description="skip, replay_limited or replay_all")
    max: int | None = Field(None, ge=1, le=100, description="how many of the newest missed runs are run late")
    within: SomeTime | None = Field(None, description="how late at most, for example 2h")
    jitter: Duration | None = Field(None, description="each late run begins up to so much later, for example 10s")


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


PREPARATIONS = Literal[
    "clean_fill",
    "cycle_start",
    "irrigation_fill",
    "irrigation_recovery",
    "prepare_recirculation",
    "refill",
    "solution_fill",
    "startup",
    "three_tank_startup",
]


class ScheduleEntry(Strict):
    """When something is done."""

    zone: Name = Field(description="a zone of this file")
    task: Literal[
        "circulate",
        "climate",
        "diagnostics",
        "dosing",
        "irrigation",
        "lighting",
        "mist",
        "solution_change",
        "ventilation",
    ] = Field(description="irrigation, lighting, diagnostics (everything that fills and prepares tanks), …")
    workflow: PREPARATIONS | None = Field(None, description="which work on the tanks, for example startup")
    cron: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(None, description='"0 6-20/2 * * *"')
    at: Annotated[list[Clock], Field(min_length=1, max_length=48)] | None = Field(
        None, description='a list of times of day in quotes, for example ["06:00", "18:30"]'
    )
    sun: SunTime | None = Field(None, description="sunrise, noon or sunset, earlier or later: sunrise+1h")
    every: SomeTime | None = Field(None, description="the rest between two runs, for example 4h")
    light_sum: LightSum | None = Field(None, description="the light that asks for the next run: 120 J/cm2")
    vpd: KiloPascal | None = Field(None, description="the thirst of the air that asks for a run: 1.2 kPa")
    drain: Percent | None = Field(None, description="a drain below it asks for the next run: 15 %")
    min_gap: SomeTime | None = Field(None, description="the shortest rest, whatever is measured: 20m")
    max_gap: SomeTime | None = Field(None, description="the longest rest, whatever is measured: 4h")
    window: WindowEntry | None = Field(None, description='{start: "05:00", photoperiod: 16h}')
    duration: SomeTime | None = Field(None, description="how long to water, for example 90s")
    volume: Litres | None = Field(None, description="how much to water instead of how long, for example 5l")
    days: Annotated[list[Weekday], Field(min_length=1, max_length=7)] | None = Field(
        None, description="a list of days of the week, for example [mon, wed, fri]"
    )
    season: Annotated[list[MonthDay], Field(min_length=2, max_length=2)] | None = Field(
        None, description='the first and the last day in quotes, for example ["04-01", "10-15"]'
    )
    overlap: Literal["skip", "queue_one", "cancel_running"] | None = Field(
        None, description="what becomes of a run that meets the one before it: skip, queue_one or cancel_running"
    )
    queue_patience: SomeTime | None = Field(
        None, description="how long a run may wait for what others are using, 1h at most: 10m"
    )
    needs_synced_clock: bool | None = Field(None, description="true: it waits for a time server, however long that is")
    catch_up: CatchUpEntry | None = Field(None, description="{policy: replay_limited, max: 1, within: 2h}")


class ClockSection(Strict):
    """How far the time of day may be guessed."""

    patience: Duration = Field(description="how long the calendar waits for a clock that can be believed: 10m")
