"""`edgectl simulate`: greenhouse-days in virtual time, and whether every promise held."""

import json

import click

from edgectl.model.task import Task
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.invariants import broken
from edgectl.simulate.promises import broken_promises
from edgectl.simulate.world import DAY, World

ROUGH = Faults(lost_request=0.02, lost_reply=0.02, stuck_relay=0.01, bad_level=0.01, blocked=0.05)


@click.command()
@click.option("--days", type=click.IntRange(1, 100_000), default=30, help="Greenhouse-days to live through.")
@click.option("--seed", type=int, default=1, help="The same seed gives the same days.")
@click.option("--faults", type=click.Choice(["none", "rough"]), default="rough", help="What the field does to us.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def simulate(days: int, seed: int, faults: str, as_json: bool) -> None:
    """Run the engine against a simulated greenhouse. Exit code 1 when a promise was broken."""
    rough = faults == "rough"
    world = World(
        example_site(),
        example_schedules(),
        seed,
        faults=ROUGH if rough else Faults(),
        crash=0.01 if rough else 0.0,
        people=rough,
        disk=0.002 if rough else 0.0,
    )
    for day in range(days):
        world.run((day + 1) * DAY)
        click.echo(f"\rday {day + 1} of {days}", err=True, nl=day + 1 == days)
    tasks = [value for value in world.journal.values.values() if isinstance(value, Task)]
    ends: dict[str, int] = {}
    for task in tasks:
        reason = task.outcome.reason_code if task.outcome is not None else "open"
        key = f"{task.task_type} {task.status.value} ({reason})"
        ends[key] = ends.get(key, 0) + 1
    found = [
        *broken(world.site, world.journal, world.field.trace, world.report.ready_at),
        *broken_promises(world),
    ]
    report = {
        "seed": seed,
        "days": days,
        "turns": world.report.turns,
        "crashes": world.report.crashes,
        "faults_injected": world.field.injected,
        "clock_steps": world.report.steps,
        "refused_commits": world.report.lost_commits,
        "acts_of_people": 0 if world.people is None else world.people.pressed,
        "tasks": dict(sorted(ends.items())),
        "broken": found,
    }
    if as_json:
        click.echo(json.dumps(report))
    else:
        _print(report, ends)
        for sentence in found:
            click.echo(f"BROKEN  {sentence}")
        if found:
            click.echo(f"seed {seed}; the last lines of the timeline:")
            for entry in world.journal.timeline[-20:]:
                click.echo(f"  {entry.seq} {entry.event_type} {dict(entry.details)}")
    if found:
        raise SystemExit(1)


def _print(report: dict[str, object], ends: dict[str, int]) -> None:
    click.echo(
        f"{report['days']} days, seed {report['seed']}: {report['turns']} turns, {report['crashes']} crashes, "
        f"{report['faults_injected']} faults injected, {report['clock_steps']} clock steps, "
        f"{report['refused_commits']} commits refused by the disk, {report['acts_of_people']} acts of people"
    )
    for key, count in sorted(ends.items(), key=lambda item: -item[1]):
        click.echo(f"  {count:6d}  {key}")
    click.echo("every promise held" if not report["broken"] else "a promise was broken")
