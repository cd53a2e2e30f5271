"""What the tests of the centre share: a migrated database, an enrolled site, and a journal with lines in it."""

from dataclasses import dataclass, replace

from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.command import Command, Order
from edgectl.model.output import Output
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND
from edgectl.model.timeline import Alarm, Batch, Entry
from edgectl.sync import migrate
from edgectl.sync.dsn import address

NOON = 1_780_000_000 * SECOND  # 2026-05-28
NUMBERS = {"beds": 1}


@dataclass(frozen=True)
class Enrolled:
    """A site's own way to a database."""

    owner: str
    dsn: str


async def enrolled(owner: str, site_id: str) -> Enrolled:
    """Migrate the database and make a site known in it."""
    async with migrate.owner(address(owner)) as db:
        await migrate.migrate(db, lambda _: None)
        role, password = await migrate.enrol(db, site_id, site_id, "Europe/Berlin")
    return Enrolled(owner=owner, dsn=migrate.dsn_of(role, password, address(owner)))


def line(seq: int, *, at: int = NOON, **details: object) -> Entry:
    """One line of a timeline."""
    return Entry(
        seq=seq, event_type="VETO", wall=at + seq * SECOND, mono=seq, boot_id="b", zone="beds", details=details
    )


def fill(journal: SqliteJournal, first: int, last: int, *, at: int = NOON) -> None:
    """Lines from one number to another."""
    journal.commit(
        Batch(changes=(), entries=tuple(line(seq, at=at, why=f"line {seq}") for seq in range(first, last + 1)))
    )


def task(number: int, status: TaskStatus = TaskStatus.ACCEPTED) -> Task:
    """A task of the beds."""
    return Task(
        task_id=f"st-task-{number}",
        zone="beds",
        task_type="irrigation",
        source="schedule",
        correlation_id=f"sch:z1:irrigation:{number}",
        payload={"duration_s": 6},
        fingerprint="f",
        scheduled_for=NOON,
        due_at=NOON,
        expires_at=NOON + SECOND,
        created_at=NOON,
        due=0,
        expires=1,
        status=status,
        updated_at=NOON + number * SECOND,
    )


def alarm(active: bool = True) -> Alarm:
    """Something that a person must know."""
    return Alarm(
        alarm_id="biz_no_flow:pump",
        code="biz_no_flow",
        subject="pump",
        raised_at=NOON,
        message="no water was seen",
        advice="look",
        active=active,
    )


def command() -> Command:
    """An order to the pump."""
    return Command(
        cmd_id="st-task-1-water-pump",
        task_id="st-task-1",
        zone="beds",
        stage="water",
        actuator="pump",
        order=Order.ON,
        lease=6 * SECOND,
        queued_at=0,
        not_after=SECOND,
    )


def output() -> Output:
    """The pump, which still has to be seen off."""
    return Output(name="pump", owed_off=True, cmd_id="st-task-1-water-pump", task_id="st-task-1", zone="beds", off_by=0)


def answered(seq: int) -> Entry:
    """The line by which the centre hears an answer."""
    said = {"request_id": "request-1", "ok": True, "code": "ok", "why": "", "who": "centre:desk", "kind": "hold"}
    return replace(line(seq, **said), event_type="CENTRE_REQUEST_ANSWERED")
