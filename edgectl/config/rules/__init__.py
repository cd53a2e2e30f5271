"""What makes sense together: checks across the entries of the file, one small function each.

A rule reports with a sentence and a hint, and says nothing about what another finding already covers.
"""

from edgectl.config.parts import Parts
from edgectl.config.rules import outputs, places, sensors, tanks, times, wires, zones


def judge(parts: Parts) -> None:
    """Every rule over everything that could be understood."""
    for rule in (*wires.RULES, *sensors.RULES, *outputs.RULES, *zones.RULES, *tanks.RULES, *places.RULES, *times.RULES):
        rule(parts)
