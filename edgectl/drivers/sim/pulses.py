"""The pulses of a board that counts by itself: each relay has an instant at which its pulse ends, or none."""

from collections.abc import Iterator


def next_end(until: list[int | None]) -> int | None:
    """When the next pulse ends."""
    return min((at for at in until if at is not None), default=None)


def ended(until: list[int | None], now: int) -> Iterator[tuple[int, int]]:
    """The relays whose pulse is over, each with its own instant. It is forgotten before it is told."""
    while (end := next_end(until)) is not None and end <= now:
        relay = until.index(end)
        until[relay] = None
        yield relay, end
