"""`edgectl journal verify`: has anybody changed what the timeline says?"""

from pathlib import Path

import click

from edgectl.cli.client import DEFAULT_STATE, refuse, show
from edgectl.cli.groups import Group


@click.group(cls=Group)
def journal() -> None:
    """The record of everything that happened."""


@journal.command()
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    envvar="EDGECTL_STATE",
    default=DEFAULT_STATE,
    help="The folder that holds the journal.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def verify(state: Path, as_json: bool) -> None:
    """Follow the chain of hashes through the timeline. Exit code 1 when a line was changed, taken out or put in."""
    from edgectl.journal.chain import walk
    from edgectl.journal.errors import JournalError

    try:
        chain = walk(state / "journal.db")
    except JournalError as error:
        refuse(str(error).splitlines()[0], error.hint)
    body = {"lines": chain.lines, "last": chain.last, "broken_at": chain.broken_at, "why": chain.why}
    if not show(body, as_json):
        if chain.broken_at is None:
            click.echo(f"{chain.lines} lines, none changed; the last hash is {chain.last}")
            click.echo("keep that hash somewhere else: a journal whose newest lines were cut off has another one")
        else:
            click.echo(f"the chain breaks at line {chain.broken_at}: {chain.why}")
            click.echo(f"the {chain.lines} lines before it are whole")
    if chain.broken_at is not None:
        raise SystemExit(1)
