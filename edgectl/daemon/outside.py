"""The desk of an outside scheduler: who holds the lease, and its tasks through the same inbox as everybody's.

Leases live as long as this process: after a restart of either side the answer is 409, the scheduler bootstraps again,
and a task that it sends a second time under its correlation id is the first one, told again. Two rules. One lease at a
time: whoever comes second waits until the first has fallen silent. And a lease is no way around anything: it says who
dispatches, and every guard asks the same questions as before.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from edgectl.api.house import Body, Unavailable
from edgectl.daemon.house import LATER_EXPIRY, instant_of
from edgectl.model.time import SECOND, Nanos, Now, iso

TTL: Nanos = 60 * SECOND
POLL_S, TASK_TIMEOUT_S, DEDUPE_S = 5, 30, 86_400
REMEMBERED = 16  # leases that are over and can still be told from unknown ones
HEADERS = "send X-Scheduler-Id and X-Scheduler-Lease-Id as POST /scheduler/bootstrap gave them"
AGAIN = "bootstrap again and use the lease from the answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerLease:
    """The right to send tasks, until a monotonic instant."""

    lease_id: str
    scheduler_id: str
    until: Nanos


class Leases:
    """The lease that is in force, and the last ones before it. No clock of its own."""

    def __init__(self, new_id: Callable[[], str] = lambda: uuid4().hex) -> None:
        self._new_id = new_id
        self._known: dict[str, SchedulerLease] = {}

    def give(self, scheduler_id: str, now: Nanos) -> SchedulerLease | None:
        """A new lease, in place of an older one of the same scheduler; None while another one holds it."""
        live = self.live(now)
        if live is not None and live.scheduler_id != scheduler_id:
            return None
        if live is not None:
            del self._known[live.lease_id]
        while len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        lease = SchedulerLease(lease_id=self._new_id(), scheduler_id=scheduler_id, until=now + TTL)
        self._known[lease.lease_id] = lease
        return lease

    def live(self, now: Nanos) -> SchedulerLease | None:
        """The one that is in force."""
        return next((lease for lease in self._known.values() if now < lease.until), None)

    def fault(self, scheduler_id: str, lease_id: str, now: Nanos) -> str:
        """What is wrong with a lease, as a code; empty when it is in force."""
        lease = self._known.get(lease_id)
        if lease is None:
            return "scheduler_lease_not_found"
        if lease.scheduler_id != scheduler_id:
            return "scheduler_lease_mismatch"
        return "" if now < lease.until else "scheduler_lease_expired"

    def prolong(self, lease_id: str, now: Nanos) -> SchedulerLease:
        """The lease lasts its whole time again."""
        lease = replace(self._known[lease_id], until=now + TTL)
        self._known[lease_id] = lease
        return lease


class SchedulerDesk:
    """Serves the routes. `house` is asked what it is asked by everybody else."""

    def __init__(self, house: Any, now: Callable[[], Now], *, allowed: bool) -> None:
        self._house, self._now, self._allowed = house, now, allowed
        self._leases = Leases()

    def bootstrap(self, scheduler_id: str, protocol_version: str) -> Body:
        """Ready with a lease, wait, or deny."""
        self._must_be_allowed()
        now = self._now()
        answer: Body = {
            "bootstrap_status": "ready",
            "lease_id": None,
            "lease_ttl_sec": TTL // SECOND,
            "poll_interval_sec": POLL_S,
            "task_timeout_sec": TASK_TIMEOUT_S,
            "dedupe_window_sec": DEDUPE_S,
            "server_time": iso(now.wall),
        }
        if protocol_version.partition(".")[0] != "2":
            return {**answer, "bootstrap_status": "deny", "reason": "protocol_not_supported"}
        ready, checks = self._house.readiness()
        if not ready:
            why = "; ".join(f"{name}: {check['reason']}" for name, check in checks.items() if not check["ok"])
            return {**answer, "bootstrap_status": "wait", "reason": "automation_not_ready", "message": why}
        lease = self._leases.give(scheduler_id, now.mono)
        if lease is None:
            holder = self._leases.live(now.mono)
            assert holder is not None
            why = f"scheduler {holder.scheduler_id} dispatches here; its lease ends when it falls silent"
            return {**answer, "bootstrap_status": "wait", "reason": "automation_not_ready", "message": why}
        return {**answer, "lease_id": lease.lease_id}

    def heartbeat(self, scheduler_id: str, lease_id: str) -> Body:
        """Ready with a new end of the lease, or wait."""
        self._must_be_allowed()
        now = self._now()
        if self._leases.fault(scheduler_id, lease_id, now.mono):
            return {"status": "wait", "reason": "lease_not_found"}
        lease = self._leases.prolong(lease_id, now.mono)
        if not self._house.readiness()[0]:
            return {"status": "wait", "reason": "automation_not_ready"}
        return {"status": "ready", "lease_expires_at": iso(now.wall_at(lease.until))}

    async def submit(self, request: Body, scheduler_id: str, lease_id: str) -> Body:
        """One task. Everything that the contract wants must be there: a scheduler has no "now"."""
        self._must_be_allowed()
        self._must_hold(scheduler_id, lease_id)
        zone = _zone(request)
        if not isinstance(request.get("correlation_id"), str):
            code = "correlation_id_required_or_invalid"
            raise Unavailable(422, code, "correlation_id is missing", "8 to 128 characters, the same at every retry")
        for name in ("due_at", "expires_at"):
            if request.get(name) is None:
                code, hint = f"{name}_required_or_invalid", "write it with an offset, 2026-06-01T06:00:00+00:00"
                raise Unavailable(422, code, f"{name} is missing", hint)
        body = await self._house.submit({**request, "zone": zone, "source": "api"}, scheduler_id)
        names = ("task_id", "task_type", "status", "is_duplicate")
        return {"zone_id": zone, **{name: body[name] for name in names}}

    async def task(self, task_id: str) -> Body:
        """The public fields."""
        whole = await self._house.task(task_id)
        hidden = ("commands", "lifecycle", "timeline", "stage", "phase", "zone", "schedule")
        return {name: value for name, value in whole.items() if name not in hidden}

    async def enqueue(self, request: Body) -> Body:
        """A task for later: it is in the journal when this returns."""
        self._must_be_allowed()
        zone, now = _zone(request), self._now().wall
        scheduled = instant_of(request, "scheduled_for", now)
        expires = instant_of(request, "expires_at", scheduled + LATER_EXPIRY, "expires_at_invalid")
        if expires <= scheduled:
            code, message = "expires_at_before_scheduled_for", "expires_at has to lie after scheduled_for"
            raise Unavailable(422, code, message, "leave it out: then it is two hours later")
        if expires <= now:
            code, message = "expires_at_is_in_the_past", "expires_at has passed already"
            raise Unavailable(422, code, message, "nothing would ever come of this task")
        name = request.get("correlation_id") or f"ae:self:{zone}:{request.get('task_type')}:{uuid4().hex[:20]}"
        wish = {**request, "zone": zone, "correlation_id": name}
        body = await self._house.submit(wish, "self", later=True)
        waits = body["status"] == "accepted"
        return {
            "enqueue_id": f"enq-{body['task_id'].removeprefix('st-')}",
            "status": "pending" if waits else body["status"],
            "task_id": body["task_id"],
            "is_duplicate": body["is_duplicate"],
        }

    def _must_be_allowed(self) -> None:
        if not self._allowed:
            message = "this site takes no outside scheduler"
            raise Unavailable(
                403, "scheduler_bootstrap_required", message, "write api: {outside_scheduler: true} into the site file"
            )

    def _must_hold(self, scheduler_id: str, lease_id: str) -> None:
        if not scheduler_id or not lease_id:
            raise Unavailable(403, "scheduler_bootstrap_required", "this needs the lease of a scheduler", HEADERS)
        if code := self._leases.fault(scheduler_id, lease_id, self._now().mono):
            raise Unavailable(409, code, code.replace("_", " "), AGAIN)


def _zone(request: Body) -> int:
    zone = request.get("zone_id")
    if not isinstance(zone, int) or isinstance(zone, bool):
        raise Unavailable(422, "payload_invalid", "zone_id has to be the number of a zone", "edgectl status shows them")
    return zone
