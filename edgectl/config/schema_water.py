"""Tanks, circuits and chemistry as a site file writes them."""

from typing import Annotated

from pydantic import Field

from edgectl.config.written import FlowRate, Litres, Name, Pair, SomeTime, Strict, Volume


class BalanceEntry(Strict):
    """How a level is reckoned while it cannot be seen."""

    volume: Litres = Field(description="what 100 % of the level are, for example 200l")
    lasts: SomeTime = Field(description="how long after it was seen last, for example 2h")
    into: Name | None = Field(None, description="a sensor in L that counts what comes into the tank")


class TankEntry(Strict):
    """A tank, and what shows how full it is."""

    volume: Litres = Field(description="what it holds, for example 200l")
    level: Name | None = Field(None, description="a sensor in percent")
    low: Name | None = Field(None, description="the lower float, a sensor that reads 1 when it is wet")
    high: Name | None = Field(None, description="the upper float, a sensor that reads 1 when it is wet")
    prove_every: SomeTime | None = Field(
        None, description="how long the upper float may rest before somebody has to lift it, for example 30d"
    )


class CircuitEntry(Strict):
    """The tanks of a zone and the valves between them. With one tank there is no clean tank, with three the plants have
    one of their own."""

    solution: Name = Field(description="the tank in which the solution is prepared")
    clean: Name | None = Field(None, description="the tank of clean water, where there is one")
    fill: Name = Field(description="the valve that lets water in from the mains")
    clean_supply: Name | None = Field(None, description="the valve through which the pump draws clean water")
    solution_supply: Name | None = Field(None, description="the valve through which the pump draws solution")
    solution_fill: Name | None = Field(None, description="the valve that leads back into the solution tank")
    fill_rate: FlowRate | None = Field(None, description="what the mains give, as measured: 20l/min")
    fill_meter: Name | None = Field(None, description="a sensor in L that counts what the mains let in")
    fill_most: Litres | None = Field(None, description="the most that one fill may let in, for example 180l")
    drain: Name | None = Field(None, description="the valve that empties the solution tank")
    drain_time: SomeTime | None = Field(None, description="the longest that may take, 30m unless told")
    fill_time: SomeTime | None = Field(None, description="the longest the first fill may take, 20m unless told")
    solution_time: SomeTime | None = Field(None, description="the longest the second fill may take, 30m unless told")
    solution_meter: Name | None = Field(
        None, description="a sensor in L that counts what flows into the solution tank; the meter of the zone counts"
    )
    solution_return: Name | None = Field(
        None, description="the valve that leads the solution back on its round; solution_fill unless told"
    )
    solution_rate: FlowRate | None = Field(None, description="what the fill_pump moves, as measured: 20l/min")
    fill_pump: Name | None = Field(None, description="the pump that moves clean water into the solution tank")
    fill_flow: Name | None = Field(None, description="a sensor in L/min behind the fill_pump")
    mix_pump: Name | None = Field(None, description="the pump that moves the solution round and on, with three tanks")
    mix_flow: Name | None = Field(None, description="a sensor in L/min behind the mix_pump")
    irrigation: Name | None = Field(None, description="the third tank, from which the plants are watered")
    irrigation_fill: Name | None = Field(None, description="the valve through which the mix_pump fills the third tank")
    irrigation_meter: Name | None = Field(None, description="a sensor in L that counts what flows into the third tank")
    irrigation_time: SomeTime | None = Field(None, description="the longest that fill may take, 30m unless told")


class RoundEntry(Strict):
    """An output of a zone that is wanted on without end."""

    max_off: SomeTime = Field(description="the longest that roots bear without it, for example 10m")
    on: SomeTime | None = Field(None, description="with off: how long a turn lasts, for example 15m")
    off: SomeTime | None = Field(None, description="with on: how long it rests between two turns, for example 15m")
    pulse: SomeTime | None = Field(None, description="the longest single ON of a pump, 30m unless told")


class ChemistryEntry(Strict):
    """The targets of a solution and the pumps that reach them."""

    ph: Name | None = Field(None, description="a sensor in pH")
    ec: Name | None = Field(None, description="a sensor in mS/cm")
    target_ph: float | None = Field(None, ge=4, le=9, description="for example 5.8")
    target_ec: float | None = Field(None, gt=0, le=10, description="in mS/cm, for example 1.6")
    ph_band: Pair | None = Field(None, description="[lowest, highest]: where a request may put the target")
    ec_band: Pair | None = Field(None, description="[lowest, highest]: where a request may put the target")
    acid: Name | None = Field(None, description="a dosing pump that lowers the pH")
    base: Name | None = Field(None, description="a dosing pump that raises the pH")
    nutrients: Annotated[list[Name], Field(min_length=1, max_length=8)] | None = Field(
        None, description="dosing pumps in the order in which they give: [part_a, part_b]"
    )
    rate: FlowRate | None = Field(
        None, description="how fast the solution is pumped round; the rate of the zone counts"
    )
    acid_per_litre: Volume | None = Field(
        None, description="what a preparation may give for each litre filled, inside max_per_day: 2.8ml in hard water"
    )
    least_ec: float | None = Field(None, ge=0, le=5, description="below it the probe hangs in the air, 0.2 mS/cm")
