"""How often somebody may ask. The memory for it is bounded too: a crowd of strangers costs no more than one."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from edgectl.model.time import SECOND, Nanos


@dataclass(slots=True)
class _Bucket:
    left: float
    at: Nanos


class Rate:
    """So many questions at once, and so many per second later, for each asker. Only the newest `remembered` askers are
    known; whoever was forgotten begins with a full bucket, so `crowd` bounds what all of them may do together."""

    def __init__(
        self,
        mono: Callable[[], Nanos],
        *,
        burst: float,
        per_s: float,
        remembered: int = 512,
        crowd: float | None = None,
    ) -> None:
        self._mono, self._burst, self._per_s, self._remembered = mono, burst, per_s, remembered
        self._askers: OrderedDict[Hashable, _Bucket] = OrderedDict()
        self._crowd = None if crowd is None else Rate(mono, burst=crowd, per_s=per_s * crowd / burst, remembered=1)

    def take(self, asker: Hashable) -> float:
        """One question. Returns 0 when it is allowed, else the seconds to wait."""
        now = self._mono()
        bucket = self._askers.pop(asker, None) or _Bucket(self._burst, now)
        bucket.left = min(self._burst, bucket.left + self._per_s * (now - bucket.at) / SECOND)
        bucket.at = now
        self._askers[asker] = bucket
        while len(self._askers) > self._remembered:
            self._askers.popitem(last=False)
        if bucket.left < 1:
            return (1 - bucket.left) / self._per_s
        # Whoever is refused here takes nothing from the crowd: one loud neighbour must not use up what is for all.
        if self._crowd is not None and (wait := self._crowd.take("all")):
            return wait
        bucket.left -= 1
        return 0.0

    def patience(self, asker: Hashable) -> float:
        """The seconds that this one has to wait for what it did itself. Takes nothing."""
        bucket = self._askers.get(asker)
        if bucket is None:
            return 0.0
        left = bucket.left + self._per_s * (self._mono() - bucket.at) / SECOND
        return 0.0 if left >= 1 else (1 - left) / self._per_s

    def __len__(self) -> int:
        return len(self._askers)
