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
    """A vent that two outputs move."""

    opens: Name = Field(description="the actuator with role vent that opens it")
    closes: Name = Field(description="the actuator with role vent that closes it")
    travel: SomeTime = Field(description="the time of the whole way, as measured: 120s")


class ScreenEntry(Strict):
    """A screen that two outputs move, and when it is drawn."""

    opens: Name = Field(description="the actuator with role screen that folds it away")
    closes: Name = Field(description="the actuator with role screen that draws it")
    travel: SomeTime = Field(description="the time of the whole way, as measured: 300s")
    shade_above: Annotated[float, Field(gt=0, le=2000)] | None = Field(None, description="in W/m2: drawn by day above")
    cold_below: Degrees | None = Field(None, description="in °C outside: drawn by night below, for example 8")


class MixerEntry(Strict):
    """A three-way valve of the heating water."""

    opens: Name = Field(description="the actuator with role motor_valve that lets warm water in")
    closes: Name = Field(description="the actuator with role motor_valve that shuts it off")
    travel: SomeTime = Field(description="the time of the whole way, as measured: 120s")


class GasEntry(Strict):
    """CO2 for the plants."""

    valve: Name = Field(description="the actuator with role co2")
    sensor: Name = Field(description="a sensor in ppm, inside")
    target: float = Field(ge=400, le=2000, description="in ppm, for example 900")
    most: float = Field(ge=600, le=5000, description="in ppm: above it the gas is shut and a person is called, 1500")


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
    radiation: Name | None = Field(None, description="a sensor in W/m2, outside")
    screens: dict[Name, ScreenEntry] = Field(
        default_factory=dict, description="energy: {opens: …, closes: …, travel: 300s, cold_below: 8}"
    )
    mixing: dict[Name, MixerEntry] = Field(
        default_factory=dict, description="pipes: {opens: mix_open, closes: mix_close, travel: 120s}"
    )
    co2: GasEntry | None = Field(None, description="{valve: gas, sensor: co2, target: 900, most: 1500}")
    fog: Name | None = Field(None, description="an actuator with role fog")
    heat: SetPoint | None = Field(None, description="{day: 18, night: 15}: heated below")
    vent: SetPoint | None = Field(None, description="{day: 24, night: 20}: ventilated above")
    day: Annotated[list[Clock], Field(min_length=2, max_length=2)] | None = Field(
        None, description='begin and end in quotes, ["06:00", "20:00"] unless told'
    )
    ramp: SomeTime | None = Field(None, description="how long the set-points take between night and day: 30m")
    driest: Percent | None = Field(None, description="in %RH: fogged below, for example 60")
    wettest: Percent | None = Field(None, description="in %RH: ventilated above, for example 85")
    unseen: Annotated[float, Field(ge=0, le=50)] | None = Field(
        None, description="in %: how far vents are open while wind or rain cannot be seen, 20 unless told"
    )
    overheat: Degrees | None = Field(None, description="in °C: everything open above, 38 unless told")
