"""The lease of an outside scheduler, with a clock that is set by hand."""

from itertools import count
from typing import Any

import pytest

from edgectl.api.house import Unavailable
from edgectl.daemon.outside import TTL, Leases, SchedulerDesk
from edgectl.model.time import SECOND, Now


class Hand:
    """A clock."""

    mono = 100 * SECOND

    def __call__(self) -> Now:
        return Now(mono=self.mono, wall=self.mono)


class House:
    """A controller that can be ready or not, and notes what it is asked."""

    ready = True

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        return self.ready, {"journal": {"ok": self.ready, "reason": "" if self.ready else "it takes no entries"}}

    async def submit(self, request: dict[str, Any], who: str, *, later: bool = False) -> dict[str, Any]:
        self.asked.append({**request, "who": who, "later": later})
        return {"task_id": "st-1", "task_type": "irrigation", "status": "accepted", "is_duplicate": False}


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def desk(house: House, clock: Hand) -> SchedulerDesk:
    return SchedulerDesk(house, clock, allowed=True)


TASK = {
    "zone_id": 1,
    "task_type": "irrigation",
    "payload": {"duration_s": 5},
    "correlation_id": "sch:z1:irrigation:1",
    "due_at": "2026-06-01T06:00:00+00:00",
    "expires_at": "2026-06-01T06:02:00+00:00",
}


def refused(error: pytest.ExceptionInfo[Unavailable]) -> tuple[int, str]:
    assert error.value.hint, "a refusal says what to do next"
    return error.value.http, error.value.code


def test_a_lease_lasts_a_minute_and_a_heartbeat_makes_it_last(desk: SchedulerDesk, clock: Hand) -> None:
    lease = desk.bootstrap("cloud", "2.0")
    assert (lease["bootstrap_status"], lease["lease_ttl_sec"], lease["poll_interval_sec"]) == ("ready", 60, 5)
    for _ in range(5):
        clock.mono += TTL - 1
        assert desk.heartbeat("cloud", lease["lease_id"])["status"] == "ready"
    clock.mono += TTL
    assert desk.heartbeat("cloud", lease["lease_id"]) == {"status": "wait", "reason": "lease_not_found"}


@pytest.mark.parametrize("version", ["1.9", "3.0", "", "two"])
def test_another_protocol_is_denied(desk: SchedulerDesk, version: str) -> None:
    answer = desk.bootstrap("cloud", version)
    assert (answer["bootstrap_status"], answer["reason"]) == ("deny", "protocol_not_supported")
    assert answer["lease_id"] is None


def test_nobody_leads_a_house_that_is_not_ready(desk: SchedulerDesk, house: House) -> None:
    lease = desk.bootstrap("cloud", "2.0")
    house.ready = False
    answer = desk.bootstrap("cloud", "2.0")
    assert (answer["bootstrap_status"], answer["reason"]) == ("wait", "automation_not_ready")
    assert "it takes no entries" in answer["message"]
    assert desk.heartbeat("cloud", lease["lease_id"])["reason"] == "automation_not_ready"


def test_a_second_scheduler_waits_until_the_first_is_silent(desk: SchedulerDesk, clock: Hand) -> None:
    first = desk.bootstrap("cloud", "2.0")
    waits = desk.bootstrap("laptop", "2.1")
    assert (waits["bootstrap_status"], waits["lease_id"]) == ("wait", None)
    assert "cloud" in waits["message"]
    clock.mono += TTL
    assert desk.bootstrap("laptop", "2.1")["bootstrap_status"] == "ready"
    assert desk.heartbeat("cloud", first["lease_id"])["status"] == "wait"


async def test_each_way_to_have_no_lease_has_its_code(desk: SchedulerDesk, house: House, clock: Hand) -> None:
    with pytest.raises(Unavailable) as none:
        await desk.submit(TASK, "", "")
    assert refused(none) == (403, "scheduler_bootstrap_required")
    with pytest.raises(Unavailable) as unknown:
        await desk.submit(TASK, "cloud", "never-given")
    assert refused(unknown) == (409, "scheduler_lease_not_found")
    lease = desk.bootstrap("cloud", "2.0")["lease_id"]
    with pytest.raises(Unavailable) as mismatch:
        await desk.submit(TASK, "laptop", lease)
    assert refused(mismatch) == (409, "scheduler_lease_mismatch")
    assert (await desk.submit(TASK, "cloud", lease))["status"] == "accepted"
    clock.mono += TTL
    with pytest.raises(Unavailable) as expired:
        await desk.submit(TASK, "cloud", lease)
    assert refused(expired) == (409, "scheduler_lease_expired")
    assert len(house.asked) == 1


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("due_at", "due_at_required_or_invalid"),
        ("expires_at", "expires_at_required_or_invalid"),
        ("correlation_id", "correlation_id_required_or_invalid"),
        ("zone_id", "payload_invalid"),
    ],
)
async def test_a_scheduler_must_say_everything(desk: SchedulerDesk, missing: str, code: str) -> None:
    lease = desk.bootstrap("cloud", "2.0")["lease_id"]
    with pytest.raises(Unavailable) as error:
        await desk.submit({key: value for key, value in TASK.items() if key != missing}, "cloud", lease)
    assert refused(error) == (422, code)


async def test_a_site_that_allows_none_says_where_to_allow_it(house: House, clock: Hand) -> None:
    desk = SchedulerDesk(house, clock, allowed=False)
    with pytest.raises(Unavailable) as error:
        desk.bootstrap("cloud", "2.0")
    assert refused(error) == (403, "scheduler_bootstrap_required")
    assert "outside_scheduler" in error.value.hint
    with pytest.raises(Unavailable):
        await desk.enqueue({"zone_id": 1, "task_type": "irrigation"})
    assert house.asked == []


def test_old_leases_are_remembered_and_bounded() -> None:
    numbers = count()
    leases = Leases(lambda: f"lease-{next(numbers)}")
    for number in range(100):
        assert leases.give("cloud", number * TTL) is not None
    assert leases.fault("cloud", "lease-98", 99 * TTL) == "scheduler_lease_expired"
    assert leases.fault("cloud", "lease-1", 99 * TTL) == "scheduler_lease_not_found"
    assert len(leases._known) <= 16
