"""`edgectl central`: how it stands with the centre, and the few things that are done there by hand."""

import asyncio
import sys
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgectl.cli.client import DEFAULT_SITE, DEFAULT_STATE, ask, refuse, show
from edgectl.cli.groups import Group
from edgectl.cli.words import span, table
from edgectl.model.time import SECOND

if TYPE_CHECKING:
    from edgectl.sync.dsn import Address
    from edgectl.sync.parity import Gap

T = TypeVar("T")
LOOK_AGAIN_S = 0.5

_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_dsn = click.option(
    "--dsn",
    envvar="EDGECTL_CENTRE_DSN",
    required=True,
    help="The centre's database, as its owner: postgresql://ROLE:PASSWORD@HOST/DATABASE ($EDGECTL_CENTRE_DSN).",
)


@click.group(cls=Group)
def central() -> None:
    """The centre: what has arrived there, and the schema that holds it."""


@central.command()
@_json
def status(as_json: bool) -> None:
    """How it stands. Exit code 1 while the centre is away or says no."""
    data = _asked("GET")
    if not show(data, as_json):
        for line in lines(data):
            click.echo(line)
    if data["contact"] != "online" or data["gaps"]:
        raise SystemExit(1)


@central.command()
@click.option("--within", "within_s", default=600.0, help="Give up after so many seconds.")
@_json
def drain(within_s: float, as_json: bool) -> None:
    """Wait until everything that has happened up to now is at the centre."""
    from edgectl.host.clock import SystemClock

    now, data = SystemClock().now, _asked("POST")
    goal = {j["journal"]: j["head"] for j in data["journals"]}
    began, total = now().mono, max(1, data["waiting"])
    while left := _left(data, goal):
        if data["contact"] == "rejected":
            refuse(f"the centre says no: {data['why']}", data["advice"])
        if now().mono - began > within_s * SECOND:
            why = f": {data['why']}" if data["why"] else ""
            refuse(
                f"{left} lines still wait after {within_s:g} s; the centre is {data['contact']}{why}", data["advice"]
            )
        if sys.stderr.isatty() and not as_json:
            share = 1 - min(1.0, left / total)
            click.echo(f"\r{share:4.0%}  {left} lines left, {data['contact']}   ", err=True, nl=False)
        time.sleep(LOOK_AGAIN_S)
        data = _asked("GET")
    if not show(data, as_json):
        click.echo(f"{sum(goal.values())} lines of {len(goal)} journal{'s' * (len(goal) != 1)} are at the centre")


@central.command()
@_dsn
@click.option("--ahead", default=3, show_default=True, help="Months to make ahead.")
@click.option("--keep", type=int, default=None, help="Months to keep; older ones are let go as tables of their own.")
@click.option("--keep-readings", type=int, default=None, help="The same for readings, which are most of the bytes.")
@click.option("--keep-raw", type=int, default=None, help="The same for samples as they were read.")
@_json
def migrate(
    dsn: str, ahead: int, keep: int | None, keep_readings: int | None, keep_raw: int | None, as_json: bool
) -> None:
    """Bring the centre's schema to this version and its months up to date. Run it again as often as you like."""
    kept = keep, keep_readings, keep_raw
    if ahead < 0 or any(months is not None and months < 1 for months in kept):
        raise click.UsageError("--ahead is 0 or more, --keep, --keep-readings and --keep-raw are 1 or more")

    def tell(text: str) -> None:
        if not as_json:
            click.echo(text)

    async def work() -> dict[str, Any]:
        from edgectl.sync.migrate import keep_partitions, migrate, owner

        async with owner(_address(dsn)) as db:
            steps = await migrate(db, tell)
            months = await keep_partitions(db, ahead, *kept)
        for month in months:
            tell(month)
        return {"steps": steps, "months": months}

    done = _run(work())
    if not show(done, as_json):
        click.echo(
            f"{done['steps']} steps applied, {len(done['months'])} months changed; the schema is as it should be"
        )


@central.command()
@click.argument("site_id")
@_dsn
@click.option("--name", default="", help="What people call the site.")
@click.option("--timezone", default="UTC", show_default=True, help="Its time zone, as Europe/Berlin.")
@_json
def enrol(site_id: str, dsn: str, name: str, timezone: str, as_json: bool) -> None:
    """Make a site known at the centre, with a role of its own. Prints its connection string, once."""
    where = _address(dsn)

    async def work() -> dict[str, Any]:
        from edgectl.sync import migrate

        async with migrate.owner(where) as db:
            role, password = await migrate.enrol(db, site_id, name or site_id, timezone)
        own = migrate.dsn_of(role, password, where)
        return {"site": site_id, "role": role, "dsn": own}

    made = _run(work())
    if not show(made, as_json):
        click.echo(made["dsn"])
        click.echo(
            f"this goes into the credential file of {site_id} (mode 0600); the password is shown nowhere again",
            err=True,
        )


@central.command()
@click.option(
    "--site", type=click.Path(path_type=Path), envvar="EDGECTL_SITE", default=DEFAULT_SITE, help="The site file."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    envvar="EDGECTL_STATE",
    default=DEFAULT_STATE,
    help="The folder of the journal.",
)
@_json
def parity(site: Path, state: Path, as_json: bool) -> None:
    """Hold what this site says happened against what the centre holds, day by day. Exit code 1 when they differ."""
    days, gaps = _run(_parity(site, state))
    body = {"days": days, "gaps": [{**_plain(gap), "words": gap.words()} for gap in gaps]}
    if not show(body, as_json):
        rows = [[d["day"], d["journal"][:8], f"{d['here']} here", f"{d['there']} there", d["verdict"]] for d in days]
        for line in table(rows):
            click.echo(line)
        for gap in gaps:
            click.echo(gap.words())
        click.echo("parity is exact" if not gaps else f"{len(gaps)} days differ")
    if gaps:
        raise SystemExit(1)


def lines(data: dict[str, Any]) -> list[str]:
    """How it stands, in words."""
    heard = "never heard" if data["heard_s"] is None else f"heard {span(data['heard_s'])} ago"
    out = [f"{data['contact']} for {span(data['for_s'])} · {heard} · {data['waiting']} lines wait"]
    if data["why"]:
        out += [f"  {data['why']}", f"  {data['advice']}"]
    if data["again_in_s"] is not None:
        out.append(f"  asked again in {span(data['again_in_s'])}; at once with: edgectl central drain")
    if data.get("limits") is not None:
        out.append(f"  limits of the centre, revision {data['limits']['revision']}: {data['limits']['set']}")
    rows = [
        [
            f"journal {journal['journal'][:8]}",
            f"{journal['acknowledged']} of {journal['head']} lines arrived",
            "in use" if journal["in_use"] else "put aside",
        ]
        for journal in data["journals"]
    ]
    return out + table(rows) + [f"GAP  {gap}" for gap in data["gaps"]]


def _upto(last: int, payloads: Mapping[int, bytes]) -> dict[int, bytes]:
    return {seq: payload for seq, payload in payloads.items() if seq <= last}


async def _parity(site: Path, state: Path) -> "tuple[list[dict[str, Any]], list[Gap]]":
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected
    from edgectl.daemon.centre import Doorway
    from edgectl.journal.errors import JournalError
    from edgectl.journal.outbox import JournalOutbox
    from edgectl.sync.parity import compare, narrow

    try:
        loaded = load(site)
    except SiteRejected as rejected:
        refuse(str(rejected))
    if loaded.central is None:
        refuse(f"{site} names no centre", "central: {dsn: {credential: NAME}}")
    outbox = JournalOutbox(state / "journal.db")
    days: list[dict[str, Any]] = []
    gaps: list[Gap] = []
    try:
        async with Doorway(loaded.site, loaded.central).session() as session:
            for shelf in await outbox.shelves():
                arrived, _ = await session.arrived(shelf.journal_id)
                if shelf.beyond(arrived):
                    continue
                theirs = await session.day_sums(shelf.journal_id)
                ours = await outbox.day_sums(shelf.journal_id, upto=arrived)
                odd = {gap.day: gap for gap in compare(ours, theirs)}
                there = {one.day: one.lines for one in theirs}
                for one in ours:
                    if gap := odd.get(one.day):
                        # Lines go on arriving while both sides are added up: what came after the first look is no gap.
                        here = _upto(arrived, await outbox.payloads_of(shelf.journal_id, one.day))
                        closer = narrow(gap, here, _upto(arrived, await session.payloads_of(shelf.journal_id, one.day)))
                        there[one.day] = closer.there
                        if closer.missing or closer.foreign or closer.different:
                            gaps.append(closer)
                        else:
                            del odd[one.day]
                    row = {
                        "journal": shelf.journal_id,
                        "day": one.day,
                        "here": one.lines,
                        "there": there.get(one.day, 0),
                    }
                    days.append({**row, "verdict": "NOT THE SAME" if one.day in odd else "the same"})
                if waiting := shelf.head - max(arrived, shelf.begins):
                    row = {"journal": shelf.journal_id, "day": "not sent", "here": waiting, "there": 0}
                    days.append({**row, "verdict": "waits"})
    except JournalError as error:
        refuse(str(error).splitlines()[0], error.hint)
    return days, gaps


def _plain(gap: "Gap") -> dict[str, Any]:
    return {
        "journal": gap.journal_id,
        "day": gap.day,
        "here": gap.here,
        "there": gap.there,
        "missing": gap.missing,
        "foreign": gap.foreign,
        "different": gap.different,
    }


def _asked(method: str) -> dict[str, Any]:
    data: dict[str, Any] = ask(method, "/central")
    return data


def _left(data: dict[str, Any], goal: dict[str, int]) -> int:
    arrived = {j["journal"]: j["acknowledged"] for j in data["journals"]}
    return sum(max(0, head - arrived.get(journal, 0)) for journal, head in goal.items())


def _address(dsn: str) -> "Address":
    from edgectl.sync.dsn import address
    from edgectl.sync.errors import CentreError

    try:
        return address(dsn)
    except CentreError as error:
        refuse(str(error), error.hint)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Do something at the centre; every way it can fail has a sentence."""
    from edgectl.sync.errors import CentreError

    try:
        return asyncio.run(work)
    except CentreError as error:
        refuse(str(error), error.hint)
    except ImportError as error:
        refuse(f"the library that speaks with the centre is not installed: {error}", "pip install 'edgectl[central]'")
