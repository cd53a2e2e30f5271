"""Whether a judge has seen what was planted."""

from collections.abc import Callable, Iterable


def broken(promise: int, found: Iterable[str]) -> bool:
    """Is it among what the judge has found?"""
    return any(sentence.startswith(f"{promise}: ") for sentence in found)


def broken_in_one_of_six(promise: int, lived: Callable[[int], tuple[object, list[str]]]) -> bool:
    """Is it found in one of six lives at least? Not each of them meets what it takes."""
    return any(broken(promise, lived(seed)[1]) for seed in range(6))
