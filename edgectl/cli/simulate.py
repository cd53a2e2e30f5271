"""`edgectl simulate`: greenhouse-days in virtual time, and whether every promise held."""

import json
import sys
from pathlib import Path

import click

from edgectl.cli.client import refuse
from edgectl.cli.words import table
from edgectl.model.task import Task
from edgectl.simulate.field import Faults
from edgectl.simulate.houses import SMALL, House, house_of, settle_in, verdict
from edgectl.simulate.picture import NoPlots, Track
from edgectl.simulate.single_faults import Ended, each_fault
from edgectl.simulate.unwatered import unwatered
from edgectl.simulate.world import DAY

ROUGH = Faults(lost_request=0.02, lost_reply=0.02, stuck_relay=0.01, bad_level=0.01, blocked=0.05)
DRAWN = (".svg", ".png", ".pdf")
LOOKS = 144  # a day, for a picture


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--days", type=click.IntRange(1, 1_000_000), default=30, help="Greenhouse-days to live through.")
@click.option("--seed", type=int, default=1, help="The same seed gives the same days.")
@click.option("--faults", type=click.Choice(["none", "rough"]), default="rough", help="What the field does to us.")
@click.option("--every-fault", is_flag=True, help="Break each part of the plant once, and say how it ended.")
@click.option("--campaign", is_flag=True, help="Live in houses drawn by lot, from the one numbered --seed on.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="A picture: run.svg, run.png.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def simulate(
    file: Path | None,
    days: int,
    seed: int,
    faults: str,
    every_fault: bool,
    campaign: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Live in the greenhouse of the site file FILE, or in a small example. Exit code 1 when a promise was broken."""
    if every_fault and plot is not None:
        raise click.UsageError("--every-fault lives through many runs: it draws no picture")
    if plot is not None and (plot.suffix not in DRAWN or not plot.absolute().parent.is_dir()):
        raise click.UsageError(f"{plot}: a picture ends with {', '.join(DRAWN)}, in a folder that exists")
    if campaign:
        if file is not None or every_fault or plot is not None:
            raise click.UsageError("--campaign draws its houses itself: it takes --days, --seed and --json alone")
        from edgectl.cli.campaign import run

        run(days, seed, as_json)
        return
    house, rough = _house(file), faults == "rough"
    if every_fault:
        _every_fault(house, seed, as_json)
        return
    world = settle_in(
        house,
        seed,
        faults=ROUGH if rough else Faults(),
        crash=0.01 if rough else 0.0,
        people=rough,
        disk=0.002 if rough else 0.0,
    )
    track = Track(house) if plot is not None else None
    for day in range(days):
        for part in range(LOOKS if track is not None else 1):
            world.run(day * DAY + (part + 1) * DAY // (LOOKS if track is not None else 1))
            if track is not None:
                track.look(world)
        if sys.stderr.isatty():
            click.echo(f"\rday {day + 1} of {days}", err=True, nl=day + 1 == days)
    tasks = [value for value in world.journal.values.values() if isinstance(value, Task)]
    ends: dict[str, int] = {}
    for task in tasks:
        reason = task.outcome.reason_code if task.outcome is not None else "open"
        key = f"{task.task_type} {task.status.value} ({reason})"
        ends[key] = ends.get(key, 0) + 1
    found = verdict(house, world)
    report = {
        "house": house.site().site_id,
        "seed": seed,
        "days": days,
        "turns": world.report.turns,
        "crashes": world.report.crashes,
        "faults_injected": world.field.injected,
        "clock_steps": world.report.steps,
        "refused_commits": world.report.lost_commits,
        "acts_of_people": 0 if world.people is None else world.people.pressed,
        "tasks": dict(sorted(ends.items())),
        "not_watered": unwatered(world),
        "broken": found,
    }
    if as_json:
        click.echo(json.dumps(report))
    else:
        if rough:
            click.echo("the field is rough on purpose: lost frames, stuck relays, lying sensors (--faults none)")
        _print(report, ends, unwatered(world))
        for sentence in found:
            click.echo(f"BROKEN  {sentence}")
        if found:
            click.echo(f"seed {seed}; the last lines of the timeline:")
            for entry in world.journal.timeline[-20:]:
                click.echo(f"  {entry.seq} {entry.event_type} {dict(entry.details)}")
    if track is not None and plot is not None:
        try:
            track.draw(world, plot)
        except (NoPlots, OSError, ValueError) as error:
            refuse(f"no picture was drawn: {error}", "the report above stands")
        if not as_json:
            click.echo(f"the picture is in {plot.absolute()}")
    if found:
        raise SystemExit(1)


def _print(report: dict[str, object], ends: dict[str, int], dry: list[str]) -> None:
    days = "1 day" if report["days"] == 1 else f"{report['days']} days"
    click.echo(
        f"{days}, seed {report['seed']}: {report['turns']} turns, {report['crashes']} crashes, "
        f"{report['faults_injected']} faults injected, {report['clock_steps']} clock steps, "
        f"{report['refused_commits']} commits refused by the disk, {report['acts_of_people']} acts of people"
    )
    for key, count in sorted(ends.items(), key=lambda item: -item[1]):
        click.echo(f"  {count:6d}  {key}")
    for sentence in dry:
        click.echo(f"DRY  {sentence}")
    watered = sum(count for key, count in ends.items() if key.startswith("irrigation "))
    if watered and not dry:
        click.echo(f"nobody went dry: each of {watered} runs of irrigation gave its water, or none was needed")
    held = "every promise held" if not dry else "every promise of safety held, and plants went without water"
    click.echo(held if not report["broken"] else "a promise was broken")


def _house(file: Path | None) -> House:
    """What the file describes."""
    if file is None:
        return SMALL
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected

    try:
        loaded = load(file)
    except SiteRejected as rejected:
        refuse(str(rejected), f"edgectl check {file} tells the same; nothing was simulated")
    return house_of(loaded.site, loaded.schedules)


def _every_fault(house: House, seed: int, as_json: bool) -> None:
    ended: list[Ended] = []
    for item in each_fault(house, seed):
        ended.append(item)
        if sys.stderr.isatty():
            click.echo(f"\r{len(ended)} faults lived through", err=True, nl=False)
    wrong = [item for item in ended if not item.safe or not item.told]
    rows = [
        {
            "fault": item.breakage.fault.value,
            "of": item.breakage.of,
            "safe": item.safe,
            "unseen_because": item.unseen,
            "alarms": item.alarms,
            "tasks_failed_because": item.said,
            "broken": item.broken,
        }
        for item in ended
    ]
    if as_json:
        click.echo(json.dumps(rows))
    else:
        lines = [["fault", "of", "end", "alarms; why tasks failed"]]
        for item in ended:
            end = "BROKEN" if not item.safe else "SAFE" if item.told else "SILENT"
            words = ", ".join([*item.alarms, *item.said]) or item.unseen or "no alarm, no failed task"
            lines.append([item.breakage.fault.value, item.breakage.of, end, words])
        for line in table(lines):
            click.echo(line)
        alarmed = sum(bool(item.alarms) for item in ended)
        click.echo(
            f"{sum(item.safe for item in ended)} of {len(ended)} single faults ended safe, {alarmed} with an alarm, "
            f"{sum(bool(item.unseen) for item in ended)} that no instrument of this house can show"
        )
    if wrong:
        raise SystemExit(1)
