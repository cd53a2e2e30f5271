"""The kinds of values that a site file may hold: names, amounts with units, conditions, and the strict group of keys.

Amounts are numbers once they are read: durations in nanoseconds, doses in millilitres, volumes of tanks in litres.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from edgectl.config import quantities
from edgectl.model.time import Nanos

NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,47}$"


def _text(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


Duration = Annotated[Nanos, PlainValidator(quantities.duration), _text(quantities.DURATION, "90s")]
SomeTime = Annotated[Nanos, PlainValidator(quantities.some_time), _text(quantities.DURATION, "10m")]
Volume = Annotated[float, PlainValidator(quantities.volume_ml), _text(quantities.VOLUME, "20ml")]
Litres = Annotated[float, PlainValidator(quantities.volume_l), _text(quantities.VOLUME, "200l")]
FlowRate = Annotated[float, PlainValidator(quantities.flow_l_min), _text(quantities.FLOW, "20l/min")]
Gain = Annotated[float, PlainValidator(quantities.per_ml), _text(quantities.PER_ML, "0.03/ml")]
Rate = Annotated[float, PlainValidator(quantities.rate_per_minute), _text(quantities.RATE, "0.5/min")]
LightSum = Annotated[float, PlainValidator(quantities.light_sum), _text(quantities.LIGHT, "120 J/cm2")]
KiloPascal = Annotated[float, PlainValidator(quantities.kilopascal), _text(quantities.PRESSURE, "1.2 kPa")]
Percent = Annotated[float, PlainValidator(quantities.percent), _text(quantities.PERCENT, "15 %")]
Clock = Annotated[int, PlainValidator(quantities.minute_of_day), _text(quantities.CLOCK, "05:00")]
SunTime = Annotated[quantities.SunTime, PlainValidator(quantities.sun_time), _text(quantities.SUN, "sunrise+1h")]
MonthDay = Annotated[tuple[int, int], PlainValidator(quantities.month_day), _text(quantities.MONTH_DAY, "04-01")]
When = Annotated[
    quantities.Clause, PlainValidator(quantities.clause), _text(quantities.CONDITION, "solution_level > 15")
]
Name = Annotated[str, Field(pattern=NAME)]
Point = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,47}\.[a-z][a-z0-9_]{0,47}$")]
Words = Annotated[str, Field(min_length=1, max_length=200)]
Conditions = Annotated[list[When], Field(max_length=20)]
Above = Annotated[float, Field(gt=0)]
Pair = Annotated[list[float], Field(min_length=2, max_length=2)]


class Strict(BaseModel):
    """No unknown keys, no silent conversion, no infinity."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
