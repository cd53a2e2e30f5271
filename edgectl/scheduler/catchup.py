"""Which missed runs are still worth running, and when a late one may begin."""

import hashlib
from collections.abc import Mapping
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from edgectl.model.time import SECOND, Nanos, Now, iso
from edgectl.model.timeline import Cursor
from edgectl.scheduler.cadence import strikes_back
from edgectl.scheduler.occurrence import correlation
from edgectl.scheduler.schedule import Every, Policy, Schedule

MINUTE: Nanos = 60 * SECOND
RATE = 20  # late runs that one site starts within a minute
TIMELY: Nanos = 15 * SECOND  # what is answered within this after its instant was not missed


def given_up(schedule: Schedule, begin: Cursor, now: Now, zone: ZoneInfo, *, lost: bool) -> Nanos:
    """The wall instant up to which missed runs are left out; what was due after it may still run. Two sums and at most
    `max` strikes, however long the controller was off."""
    rule, cadence = schedule.catch_up, schedule.cadence
    timely = now.wall - TIMELY - 1
    if lost or rule.policy is Policy.SKIP or isinstance(cadence, Every):
        return timely
    oldest = now.wall - rule.within - 1
    if rule.policy is Policy.REPLAY_LIMITED:
        newest = islice(strikes_back(cadence, begin.position, now.wall, zone, schedule.days), rule.max, None)
        oldest = max(oldest, next(newest, oldest))
    return min(oldest, timely)


def late_start(schedule: Schedule, at: Nanos, begin: Cursor, now: Now, zone_number: int) -> Nanos:
    """The monotonic instant from which the late run of `at` may begin. Once chosen it stays with the cursor."""
    spread = schedule.catch_up.jitter
    if begin.late_at is not None and begin.late_at - now.mono <= spread:
        return begin.late_at
    # The key of the run is the seed: the same run waits equally long after every crash, and each zone differently.
    seed = correlation(zone_number, schedule.task_type, at, schedule.name)
    drawn = int.from_bytes(hashlib.sha256(f"jitter|{seed}".encode()).digest()[:8])
    return now.mono + drawn % (spread + 1)


def late_payload(schedule: Schedule, at: Nanos) -> Mapping[str, Any]:
    """What a late run is told: its original time and the policy that lets it run."""
    return {
        **schedule.payload,
        "catchup_original_trigger_time": iso(at),
        "catchup_policy": schedule.catch_up.policy.value,
    }
