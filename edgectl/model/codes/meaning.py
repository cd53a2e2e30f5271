"""What belongs to a code: where it may stand, one sentence, what to do, and why edgectl never says it, if so."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Where a code may stand. One code may stand in several places."""

    REASON = "reason"  # why a decision was made: `reason_code`
    ERROR = "error"  # why a task failed: `error_code`
    REFUSAL = "refusal"  # why a request did not become a task
    NODE = "node"  # said by a device, understood here
    ALARM = "alarm"  # the first half of an alarm's id


@dataclass(frozen=True, slots=True)
class Meaning:
    """A code in words. `legacy` is the reason why edgectl understands the code and never says it."""

    sentence: str
    kinds: frozenset[Kind]
    legacy: str | None = None
    advice: str | None = None


def reason(sentence: str, advice: str | None = None, *, legacy: str | None = None) -> Meaning:
    """Stands as a reason alone."""
    return Meaning(sentence, frozenset({Kind.REASON}), legacy, advice)


def error(sentence: str, advice: str | None = None, *, legacy: str | None = None) -> Meaning:
    """Stands as an error alone."""
    return Meaning(sentence, frozenset({Kind.ERROR}), legacy, advice)


def both(sentence: str, advice: str | None = None, *, legacy: str | None = None) -> Meaning:
    """Stands as a reason and, when the task failed by it, as its error too."""
    return Meaning(sentence, frozenset({Kind.REASON, Kind.ERROR}), legacy, advice)


def refusal(sentence: str, advice: str) -> Meaning:
    """Stands in the answer to a request."""
    return Meaning(sentence, frozenset({Kind.REFUSAL}), None, advice)


def node(sentence: str, advice: str) -> Meaning:
    """Stands in the answer of a device."""
    return Meaning(sentence, frozenset({Kind.NODE}), None, advice)


def alarm(sentence: str, advice: str, *also: Kind) -> Meaning:
    """Calls a person, so it always says what to do."""
    return Meaning(sentence, frozenset({Kind.ALARM, *also}), None, advice)
