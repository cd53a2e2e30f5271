"""Where it is the middle of the morning: a house there has the same hours before it whenever somebody tries it."""

import time

HOUR = 10


def place_of_the_hour(hour: int, utc_hour: int) -> str:
    """The time zone in which it is that hour of the day now."""
    east = (hour - utc_hour + 11) % 24 - 11  # -11 to 12
    return f"Etc/GMT{-east:+d}"  # POSIX counts them the other way round


MORNING = place_of_the_hour(HOUR, time.gmtime().tm_hour)
