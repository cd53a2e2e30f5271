"""The door for people: `python -m edgectl` and the `edgectl` command."""

import click

from edgectl import __version__
from edgectl.cli import check, simulate


@click.group()
@click.version_option(__version__)
def main() -> None:
    """edgectl: one greenhouse, driven safely."""


main.add_command(check.check)
main.add_command(simulate.simulate)

if __name__ == "__main__":
    main()
