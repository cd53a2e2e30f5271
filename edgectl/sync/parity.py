"""Does what left add up to what arrived? Two lists of days, held against each other. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgectl.model.parcel import DaySum


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One day of one journal that is not the same on both sides."""

    journal_id: str
    day: str
    here: int  # lines
    there: int
    missing: tuple[tuple[int, int], ...] = ()  # lines that are not there, from and to
    foreign: tuple[tuple[int, int], ...] = ()  # lines that are there and not here
    different: tuple[tuple[int, int], ...] = ()  # lines that say something else there

    def words(self) -> str:
        """The gap as one says it."""
        parts = [
            f"{label} {_spans(spans)}"
            for label, spans in (
                ("missing there:", self.missing),
                ("only there:", self.foreign),
                ("not the same:", self.different),
            )
            if spans
        ]
        what = "; ".join(parts) or "the sums differ"
        return f"{self.day}, journal {self.journal_id[:8]}: {self.here} lines here, {self.there} there; {what}"


def compare(here: Iterable[DaySum], there: Iterable[DaySum]) -> list[Gap]:
    """The days of this side that do not add up on the other."""
    theirs = {(one.journal_id, one.day): one for one in there}
    gaps = []
    for one in here:
        other = theirs.get((one.journal_id, one.day))
        if other is None or other.digest != one.digest:
            count = 0 if other is None else other.lines
            gaps.append(Gap(journal_id=one.journal_id, day=one.day, here=one.lines, there=count))
    return gaps


def narrow(gap: Gap, here: Mapping[int, bytes], there: Mapping[int, bytes]) -> Gap:
    """The same gap with its very lines."""
    return Gap(
        journal_id=gap.journal_id,
        day=gap.day,
        here=len(here),
        there=len(there),
        missing=_runs(seq for seq in here if seq not in there),
        foreign=_runs(seq for seq in there if seq not in here),
        different=_runs(seq for seq, payload in here.items() if there.get(seq, payload) != payload),
    )


def _runs(seqs: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Numbers as spans from-to."""
    spans: list[tuple[int, int]] = []
    for seq in sorted(seqs):
        if spans and spans[-1][1] == seq - 1:
            spans[-1] = spans[-1][0], seq
        else:
            spans.append((seq, seq))
    return tuple(spans)


def _spans(spans: tuple[tuple[int, int], ...]) -> str:
    told = [str(first) if first == last else f"{first}-{last}" for first, last in spans[:5]]
    return ", ".join(told) + (f" and {len(spans) - 5} more" if len(spans) > 5 else "")
