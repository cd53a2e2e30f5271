"""The climate of a zone as a site file writes it."""

from typing import Annotated

from pydantic import Field

from edgectl.config.written import Clock, Name, SomeTime, Strict

Degrees = Annotated[float, Field(ge=-10, le=50)]
Percent = Annotated[float, Field(ge=0, le=100)]
Some = Annotated[list[Name], Field(min_length=1, max_length=8)]


class SetPoint(Strict):
    """A temperature for the day and one for the night."""

    day: Degrees = Field(description="in °C, for example 18")
    night: Degrees = Field(description="in °C, for example 15")


class VentEntry(Strict):
    """A vent or a screen that two outputs move."""

    opens: Name = Field(description="the actuator with role vent that opens it")
    closes: Name = Field(description="the actuator with role vent that closes it")
    travel: SomeTime = Field(description="the time of the whole way, as measured: 120s")


class ClimateEntry(Strict):
    """Where the air of a zone is to be kept, and with what."""

    temperature: Name = Field(description="a sensor in °C, inside")
    humidity: Name | None = Field(None, description="a sensor in %RH, inside")
    outside: Name | None = Field(None, description="a sensor in °C, outside")
    wind: Name | None = Field(None, description="a sensor in m/s")
    rain: Name | None = Field(None, description="a sensor that is above 0 while it rains")
    heaters: Some | None = Field(None, description="actuators with role heater, the first one first")
    fans: Some | None = Field(None, description="actuators with role fan, the first one first")
    vents: dict[Name, VentEntry] = Field(
        default_factory=dict, description="roof: {opens: roof_open, closes: roof_close, travel: 120s}"
    )
    fog: Name | None = Field(None, description="an actuator with role fog")
    heat: SetPoint | None = Field(None, description="{day: 18, night: 15}: heated below")
    vent: SetPoint | None = Field(None, description="{day: 24, night: 20}: ventilated above")
    day: Annotated[list[Clock], Field(min_length=2, max_length=2)] | None = Field(
        None, description='begin and end in quotes, ["06:00", "20:00"] unless told'
    )
    driest: Percent | None = Field(None, description="in %RH: fogged below, for example 60")
    wettest: Percent | None = Field(None, description="in %RH: ventilated above, for example 85")
    overheat: Degrees | None = Field(None, description="in °C: everything open above, 38 unless told")
