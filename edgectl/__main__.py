"""The door for people: `python -m edgectl` and the `edgectl` command."""

import importlib
import json
import sys
from typing import Any

import click

from edgectl import __version__

# Where each command lives. A command's file is loaded when it is called: `edgectl status` must feel instant.
COMMANDS = {
    "ack": "outputs:ack",
    "alarms": "outputs:alarms",
    "bus": "bus:bus",
    "calibrate": "calibrate:calibrate",
    "central": "central:central",
    "channel": "outputs:channel",
    "check": "check:check",
    "device": "device:device",
    "doctor": "doctor:doctor",
    "explain": "codes:explain",
    "hold": "restraints:hold",
    "init": "init:init",
    "journal": "journal:journal",
    "lock": "restraints:lock",
    "mode": "restraints:mode",
    "override": "restraints:override",
    "plan": "plan:plan",
    "press": "press:press",
    "profiles": "profiles:profiles",
    "release": "restraints:release",
    "resume": "outputs:resume",
    "run": "run:run",
    "safe-state": "safe_state:safe_state",
    "schedule": "schedule:schedule",
    "shelve": "outputs:shelve",
    "simulate": "simulate:simulate",
    "status": "status:status",
    "stop-all": "outputs:stop_all",
    "stop-water": "restraints:stop_water",
    "support-bundle": "support:support_bundle",
    "task": "tasks:task",
    "tasks": "tasks:tasks",
    "token": "token:token",
    "top": "top:top",
    "udev": "udev:udev",
    "unlock": "restraints:unlock",
}


class _Late(click.Group):
    def main(self, *args: Any, **extra: Any) -> Any:
        """As click does it; whoever asked for JSON hears of a wrong usage as JSON too, with exit code 2."""
        words = list(args[0] if args and args[0] is not None else extra.get("args") or sys.argv[1:])
        if "--json" not in words:
            return super().main(*args, **extra)
        try:
            return super().main(*args, **{**extra, "standalone_mode": False}) or 0
        except click.UsageError as wrong:
            hint = wrong.ctx.get_usage() if wrong.ctx is not None else ""
            click.echo(json.dumps({"ok": False, "message": wrong.format_message(), "hint": hint}, ensure_ascii=False))
            raise SystemExit(wrong.exit_code) from None
        except click.Abort:
            raise SystemExit(1) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the file of a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(f"edgectl.cli.{module}"), name)
        return command


@click.command(cls=_Late)
@click.version_option(__version__)
def main() -> None:
    """edgectl: one greenhouse, driven safely."""


if __name__ == "__main__":
    main()
