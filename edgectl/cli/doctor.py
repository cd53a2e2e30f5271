"""`edgectl doctor`: what is wrong on this machine, with or without a daemon. It reads, and changes nothing."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from edgectl.cli.client import DEFAULT_SITE, DEFAULT_STATE, UNREACHABLE, ask, show
from edgectl.cli.words import table
from edgectl.observe.checks import BAD, LOOK, WELL, Finding, folder, machine, ports

NOBODY = Finding(what="daemon", state=LOOK, says="does not answer", do="systemctl status edgectl")
SIGNS = {WELL: "ok", LOOK: "LOOK", BAD: "WRONG"}


@click.command()
@click.option(
    "--site", type=click.Path(path_type=Path), envvar="EDGECTL_SITE", default=DEFAULT_SITE, help="The site file."
)
@click.option("--state", type=click.Path(path_type=Path), envvar="EDGECTL_STATE", default=DEFAULT_STATE)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(site: Path, state: Path, as_json: bool) -> None:
    """Look at this machine, the state folder, the site file and the daemon.

    Exit code 1 when something is wrong, an alarm that is neither low nor silenced too; 3 when all that is wrong is that
    no daemon answers.
    """
    found = examine(site, state)
    if not show([asdict(one) for one in found], as_json):
        for line in table([[SIGNS[one.state], one.what, one.says] for one in found]):
            click.echo(line)
        for one in found:
            if one.do:
                click.echo(f"  {one.what}: {one.do}")
    if code := exit_code(found):
        raise SystemExit(code)


def exit_code(found: list[Finding]) -> int:
    """As of every command: 0 well, 1 something is wrong, 3 no daemon answers."""
    if any(one.state == BAD for one in found):
        return 1
    return UNREACHABLE if NOBODY in found else 0


def examine(site: Path, state: Path) -> list[Finding]:
    """Every look."""
    file, names = _site(site)
    return [*machine(), *folder(state), *_owed(state), file, *ports(names), *_daemon()]


def _owed(state: Path) -> list[Finding]:
    """What a damaged plan cannot be followed to. No program closes that: somebody has to look."""
    from edgectl.daemon import safeplan

    plan = safeplan.judged(state)
    found = []
    for bus in () if plan is None else plan.damaged:
        named = ", ".join(str(output.get("actuator")) for output in bus.outputs) or "every output of that bus"
        do = f"look by hand whether {named} is off, then remove {state / safeplan.NAME} while the daemon is stopped"
        found.append(Finding(what=f"safe plan, bus {bus.name}", state=BAD, says=bus.why, do=do))
    return found


def _site(path: Path) -> tuple[Finding, list[str]]:
    # Imported here: the reader of the site file takes longer to load than the rest of this command.
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected
    from edgectl.drivers.wiring import SerialLine

    try:
        loaded = load(path)
    except SiteRejected as rejected:
        count = len(rejected.problems)
        do = f"edgectl check {path} names each"
        return Finding(what="site file", state=BAD, says=f"{count} problem{'s' * (count != 1)}", do=do), []
    names = [str(bus.line.port) for bus in loaded.buses if isinstance(bus.line, SerialLine)]
    return Finding(what="site file", state=WELL, says=f"{path}: {loaded.site.name}"), names


def _daemon() -> list[Finding]:
    try:
        status: dict[str, Any] = ask("GET", "/status", quiet=True)
    except SystemExit:
        return [NOBODY]
    if not status["ready"]:
        return [Finding(what="daemon", state=BAD, says="; ".join(status["not_ready_because"]), do="edgectl status")]
    found = [Finding(what="daemon", state=WELL, says="ready")]
    if status["clock"] == "untrusted":
        do = "give it a time server, or set it"
        found.append(Finding(what="clock", state=BAD, says="cannot be believed", do=do))
    for alarm in status["alarms"]:
        if alarm["active"]:
            calm = alarm["priority"] == "low" or alarm["shelved_until"] is not None
            state = LOOK if calm else BAD
            found.append(Finding(what=alarm["id"], state=state, says=alarm["message"], do=alarm["advice"]))
    return found
