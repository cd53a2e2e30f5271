"""A group of commands that says of each what it does, in a whole sentence."""

import click

LONG = 400  # letters: no first sentence has so many


class Group(click.Group):
    """As click has it, but a sentence that does not fit goes on in the next line instead of ending in dots."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with its first sentence."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        told = [(name, command.get_short_help_str(LONG)) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(told)
