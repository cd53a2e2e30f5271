"""`edgectl safe-state`: every dangerous output off, with or without a daemon, with or without a readable site file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgectl.cli.client import DEFAULT_SITE, DEFAULT_SOCKET, DEFAULT_STATE, ask, refuse, show
from edgectl.model.time import SECOND

if TYPE_CHECKING:
    from edgectl.drivers.rescued import Rescued

LOCKS_WITHIN_S = 5.0
PLAN = "safe-plan.json"
LONGEST_RESCUE = 3 * SECOND  # what one output that does not answer may take


@click.command("safe-state")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    envvar="EDGECTL_STATE",
    default=DEFAULT_STATE,
    help="The folder of the journal.",
)
@click.option(
    "--site",
    type=click.Path(path_type=Path),
    envvar="EDGECTL_SITE",
    default=DEFAULT_SITE,
    help="The site file, for a plan that is damaged.",
)
@click.option("--after-end", is_flag=True, help="Only clean up after a dead daemon: one that leads is left alone.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def safe_state(state: Path, site: Path, after_end: bool, as_json: bool) -> None:
    """Switch every dangerous output off and look at it. Exit code 1 when one could not be seen off.

    A daemon that runs is asked to stop everything (and stays stopped until `resume`). Without one the ports are
    opened here, from the plan that the daemon left beside its journal, and where that is damaged from the site file.
    Of a redundant pair only the one that leads is touched.
    """
    there = os.path.exists(os.environ.get("EDGECTL_SOCKET", DEFAULT_SOCKET))
    if there and not after_end and _asked_the_daemon(as_json):
        return
    rows = _by_ourselves(state, site, after_end=after_end)
    if not show(rows, as_json):
        for row in rows:
            click.echo(f"{row['output']}: " + ("off, read back" if row["off"] else f"NOT PROVEN OFF: {row['reason']}"))
        if not rows:
            click.echo("the plan names no dangerous output")
    if not all(row["off"] for row in rows):
        raise SystemExit(1)


def _asked_the_daemon(as_json: bool) -> bool:
    try:
        answer = ask("POST", "/stop-all", {}, quiet=True)
    except SystemExit:
        return False  # a socket that a killed daemon left behind
    if not show({"asked": "the daemon", **answer}, as_json):
        click.echo("the daemon runs; it was asked to stop everything. edgectl resume releases it")
    return True


def _by_ourselves(state: Path, site: Path, *, after_end: bool) -> list[dict[str, Any]]:
    from edgectl.host.lock import AlreadyRunning, HostLock

    buses, lost = _buses(state, site)
    lock = HostLock(state)
    try:
        lock.take(wait_s=LOCKS_WITHIN_S)
    except AlreadyRunning as other:
        if after_end:
            click.echo(f"nothing was touched: {other}")
            raise SystemExit(0) from None
        end_it = f"kill {other.pid}" if other.pid else "end it"
        refuse(
            f"nothing was touched: {other}, and it does not answer here",
            f"its outputs go off when it ends: {end_it}, then edgectl safe-state again",
        )
    except OSError as error:
        refuse(
            f"the state folder {state} cannot be locked: {error.strerror}", "run this as root or as the service user"
        )
    try:
        return _rescue(state, buses) + lost
    finally:
        lock.release()


def _buses(state: Path, site: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the daemon left behind; where that is damaged, what the site file says now. And what neither can follow."""
    from edgectl.daemon import safeplan

    plan = safeplan.judged(state)
    if plan is None:
        refuse(f"there is no {PLAN} in {state}", "no daemon has energised anything from here; --state names the folder")
    buses = list(plan.buses)
    if not plan.damaged:
        return buses, []
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected

    for damaged in plan.damaged:
        click.echo(f"{state / PLAN} is damaged; {site} is followed instead: {damaged.why}", err=True)
    now: dict[str, Any] = {"buses": []}
    try:
        loaded = load(site)
        now = safeplan.plan_of(loaded.site, loaded.buses)
    except SiteRejected as rejected:
        if not buses:
            refuse(f"it cannot be followed either:\n{rejected}", "switch the outputs off by hand")
        click.echo(f"it cannot be followed either:\n{rejected}", err=True)
        lost = [
            _by_hand(f"what else was on {'some bus' if bus.name == '?' else f'bus {bus.name}'}") for bus in plan.damaged
        ]
    else:
        left = [safeplan.unknown(bus, now) for bus in plan.damaged]
        lost = [_by_hand(f"{output['actuator']} (bus {bus.name})") for bus in left for output in bus.outputs]
    return buses + safeplan.without(now["buses"], {"buses": buses}), lost


def _by_hand(what: str) -> dict[str, Any]:
    return {"output": what, "off": False, "reason": "its place in the plan is damaged: switch it off by hand"}


def _rescue(state: Path, buses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One bus after the other. Whatever is wrong with one, the next one has its turn, and each output its row."""
    from edgectl.drivers.rescued import Rescued

    rescued: list[Rescued] = []
    for bus in buses:
        try:
            rescued += _rescue_bus(state, bus)
        except Exception as error:  # noqa: BLE001  it is told as the reason of each row
            why = f"bus {bus['name']} cannot be followed ({type(error).__name__}: {error})"
            rescued += [Rescued(actuator=o["actuator"], proven=False, reason=why) for o in bus["outputs"]]
    return [{"output": row.actuator, "off": row.proven, "reason": row.reason} for row in rescued]


def _rescue_bus(state: Path, bus: dict[str, Any]) -> "list[Rescued]":
    from edgectl.daemon.means import means
    from edgectl.daemon.pair import still_leads
    from edgectl.drivers.rescue import rescue
    from edgectl.drivers.rescued import Rescued
    from edgectl.host.clock import SystemClock, boot_id

    clock, boot = SystemClock(), boot_id()
    if still_leads(state, boot, 0) is None:
        return rescue(bus, means())
    rescued: list[Rescued] = []
    for output in bus["outputs"]:
        # Of a pair, asked before each one: the bus may be the other controller's from one second to the next.
        if still_leads(state, boot, clock.now().mono + LONGEST_RESCUE):
            rescued += rescue({**bus, "outputs": [output]}, means())
        else:
            left = "left alone: this controller does not lead, and the other one of the pair may"
            rescued.append(Rescued(actuator=output["actuator"], proven=False, reason=left))
    return rescued
