"""What is written for a world that lets one wait, asked where nobody ever has to."""

from collections.abc import Coroutine
from typing import Any


def at_once(answer: Coroutine[Any, Any, Any]) -> Any:
    """Its answer. Raises AssertionError when it would wait: nothing in memory does."""
    try:
        answer.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")
