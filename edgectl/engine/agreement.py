"""Which of several voices may be believed. Pure: values in, the voices that agree out."""

from collections.abc import Sequence


def middle(values: Sequence[float]) -> float:
    """The median of one or more values that are in order."""
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def agreeing(values: Sequence[float], within: float | None) -> list[int]:
    """The positions, in values that are in order, of those that agree; empty when no majority does.

    Two must not be further apart than `within`. Of three or more each must be as near as that to the median: whoever is
    not is left out, as long as more than half remain. Without a limit all agree.
    """
    everybody = list(range(len(values)))
    if within is None or len(values) < 2:
        return everybody
    if len(values) == 2:
        return everybody if abs(values[0] - values[1]) <= within else []
    centre = middle(values)
    near = [index for index in everybody if abs(values[index] - centre) <= within]
    return near if 2 * len(near) > len(values) else []
