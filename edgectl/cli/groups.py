"""A group of commands that says of each what it does, in a whole sentence."""

from difflib import get_close_matches

import click

LONG = 400  # letters: no first sentence has so many


class Group(click.Group):
    """As click has it, but a sentence that does not fit goes on in the next line instead of ending in dots."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Whoever mistypes a command hears which one was meant."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            close = get_close_matches(args[0], self.list_commands(ctx), n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"{ctx.command_path} --help lists them"
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with its first sentence."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        told = [(name, command.get_short_help_str(LONG)) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(told)
