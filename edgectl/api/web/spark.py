"""Small curves as SVG, drawn here: a phone needs no script to see where a level is going. Pure."""

from collections.abc import Sequence

WIDTH, HEIGHT = 120, 28
LONGEST_S = 6 * 3600
SHORTEST_S = 1800  # soon after a start a curve is not a dot at the edge
FEWEST = 5  # points: fewer tell nobody where it is going


def span(at: Sequence[int]) -> int:
    """How much past a curve shows, in seconds."""
    return min(LONGEST_S, max(SHORTEST_S, at[-1] - at[0])) if at else LONGEST_S


def points(at: Sequence[int], values: Sequence[float | None]) -> list[str]:
    """The lines of a curve, one for each stretch without a gap, as the points of an SVG polyline."""
    if not at:
        return []
    end, shown_s = at[-1], span(at)
    seen = [(second, value) for second, value in zip(at, values, strict=True) if second >= end - shown_s]
    known = [value for _, value in seen if value is not None]
    if len(known) < FEWEST:
        return []
    low, high = min(known), max(known)
    room = high - low or 1.0
    lines: list[list[str]] = [[]]
    for second, value in seen:
        if value is None:
            lines.append([])
            continue
        x = WIDTH * (1 - (end - second) / shown_s)
        y = HEIGHT - 2 - (HEIGHT - 4) * ((value - low) / room if high > low else 0.5)
        lines[-1].append(f"{x:.1f},{y:.1f}")
    return [" ".join(line) for line in lines if len(line) > 1]
