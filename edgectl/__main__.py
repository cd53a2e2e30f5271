"""The door for people: `python -m edgectl` and the `edgectl` command."""

import importlib
import io
import json
import sys
from typing import Any

import click

from edgectl import __version__
from edgectl.cli.groups import Group

# Where each command lives, and what it does in a line, by who needs it. A command's file is loaded when it is called:
# `edgectl status` must feel instant, and so must the list of all.
GROWER = {
    "status": ("status:status", "What runs, what is next, what was missed, what needs you."),
    "top": ("top:top", "The same again and again, with every output."),
    "tasks": ("tasks:tasks", "What ran and what came of it."),
    "task": ("tasks:task", "One task: why it ran; ask for one, approve, cancel."),
    "schedule": ("schedule:schedule", "What runs when; hold, release, run now, left out."),
    "alarms": ("outputs:alarms", "What a person must know."),
    "ack": ("outputs:ack", "Take note of an alarm; release what it locked."),
    "shelve": ("outputs:shelve", "Silence an alarm for a while."),
    "stop-water": ("restraints:stop_water", "Pumps, valves, dosing off until resume."),
    "stop-all": ("outputs:stop_all", "Everything dangerous off until resume."),
    "resume": ("outputs:resume", "End a stop."),
    "hold": ("restraints:hold", "No scheduled work in a zone for a while."),
    "release": ("restraints:release", "End a hold."),
    "mode": ("restraints:mode", "Who starts the work of a zone: auto, semi, manual."),
    "override": ("restraints:override", "Another value for a setting, for a while."),
    "explain": ("codes:explain", "What a code means, and what to do."),
}
ELECTRICIAN = {
    "init": ("init:init", "A first site file, question by question."),
    "check": ("check:check", "Is the site file right, can its buses keep up?"),
    "profiles": ("profiles:profiles", "The devices that a site file can name."),
    "bus": ("bus:bus", "Who is on a line, and the frames that pass."),
    "device": ("device:device", "One device on a line: what it is, its registers."),
    "channel": ("outputs:channel", "Sensors and outputs by hand, under the guards."),
    "press": ("press:press", "Each output for two seconds: does the load move?"),
    "calibrate": ("calibrate:calibrate", "Probes and dosing pumps, step by step."),
    "lock": ("restraints:lock", "Somebody works in a zone: nothing starts there."),
    "unlock": ("restraints:unlock", "Release a service lock."),
    "udev": ("udev:udev", "Names for serial ports that stay the same."),
}
INTEGRATOR = {
    "run": ("run:run", "The daemon, in the foreground."),
    "plan": ("plan:plan", "What the schedules will do, also after an outage."),
    "simulate": ("simulate:simulate", "Days of the house in virtual time."),
    "door": ("door:door", "The door to the network: certificate, address."),
    "token": ("token:token", "Let a program or a phone in."),
    "central": ("central:central", "The way to the central database."),
    "journal": ("copies:journal", "Is it sound, its numbers, its lines; back it up, put it back."),
    "doctor": ("doctor:doctor", "What is wrong on this machine."),
    "support-bundle": ("support:support_bundle", "One file for whoever helps, without secrets."),
    "safe-state": ("safe_state:safe_state", "Every output safe, without daemon or site file."),
}
SECTIONS = {"Every day": GROWER, "On the wires": ELECTRICIAN, "For many houses": INTEGRATOR}
COMMANDS = {name: place for section in SECTIONS.values() for name, (place, _) in section.items()}


BROKEN_OFF = "broken off before it was done"


class _Late(Group):
    def main(self, *args: Any, **extra: Any) -> Any:
        """As click does it; whoever asked for JSON hears of a wrong usage as JSON too, with exit code 2."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal of another alphabet shows a ? and not a traceback
        words = list(args[0] if args and args[0] is not None else extra.get("args") or sys.argv[1:])
        if "--json" not in words:
            return super().main(*args, **extra)
        try:
            return super().main(*args, **{**extra, "standalone_mode": False, "obj": True}) or 0
        except click.UsageError as wrong:
            hint = wrong.ctx.get_usage() if wrong.ctx is not None else ""
            click.echo(json.dumps({"ok": False, "message": wrong.format_message(), "hint": hint}, ensure_ascii=False))
            raise SystemExit(wrong.exit_code) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Whoever ends a command before it had anything to tell gets a word all the same."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo(err=True)  # after the ^C of a terminal
            as_json = bool(ctx.obj)
            said = {"ok": False, "message": BROKEN_OFF, "hint": ""}
            click.echo(json.dumps(said) if as_json else BROKEN_OFF, err=not as_json)
            raise SystemExit(1) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them."""
        return sorted(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By who needs them; no command is loaded for its line."""
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, line) for name, (_, line) in section.items()], col_max=16)

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
    """edgectl: one greenhouse, driven safely.

    edgectl COMMAND --help tells more of one. Every reading command takes --json. Exit codes: 0 well, 1 something is
    wrong, 2 wrong usage, 3 no daemon answers.
    """


if __name__ == "__main__":
    main()
