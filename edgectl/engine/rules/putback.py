"""A copy of a journal that was put back: what it holds open may have been done long ago.

Two rules. Nothing that it holds open is begun, gone on with or made whole: whether it was done, and what a meter has
counted since, nobody knows. And what may have been dosed, watered or released since is treated as after a lost journal:
missed runs are left out, and nothing is dosed for a day or until a person has looked.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules import rebuilt
from edgectl.engine.rules.admission import end
from edgectl.engine.state import PUT_BACK_SETTLED
from edgectl.model.codes import Code
from edgectl.model.command import CommandState
from edgectl.model.task import Outcome, PhysicalEffect, Task, TaskStatus
from edgectl.model.time import iso, to_datetime
from edgectl.model.timeline import Latch


def part_with(draft: Draft, task: Task) -> None:
    """A task that was open when the copy was taken has ended since, in a way that is not known here."""
    commands = draft.commands(task.task_id)
    for command in commands:
        if not command.terminal:
            draft.end_command(command, CommandState.ERROR, "a copy of the journal was put back")
    outcome = Outcome(
        success=False,
        action_required=True,
        decision="fail",
        reason_code=Code.COPY_PUT_BACK.value,
        error_code=Code.COPY_PUT_BACK.value,
        physical_effect=PhysicalEffect.UNKNOWN,
        commands_total=len(commands),
        commands_failed=len(commands),
    )
    end(draft, task, TaskStatus.FAILED, Code.COPY_PUT_BACK, decision="fail", outcome=outcome)


def settle(draft: Draft) -> None:
    """In the first start on a copy: part with what is open, say so, and lock dosing. Once for each time that a copy was
    put back, also when the copy was itself taken of one."""
    back = draft.state.put_back
    if back is None:
        return
    for task in draft.tasks():
        part_with(draft, task)
    newest, since = iso(back.newest) if back.upto else "its beginning", "its beginning"
    if back.upto:  # as people of the house read it from their clocks
        since = f"{to_datetime(back.newest).astimezone(draft.state.zone_info):%Y-%m-%d %H:%M}"
    draft.put(Latch(name=PUT_BACK_SETTLED, held=True, since=draft.now.wall, who=back.who, why=back.journal_id))
    draft.note("JOURNAL_PUT_BACK", who=back.who, former=back.former, upto=back.upto, newest=newest, at=iso(back.at))
    for code, subject in (("journal_lost", "journal"), ("dosing_locked", "dosing")):
        draft.calm(code, subject)  # what the copy says of an older loss would hide this one
    draft.alert(
        "journal_lost",
        "journal",
        f"{back.who} has put back a copy of the journal; what happened since {since} is not in it",
        "look at what was watered, stopped and locked since then, then acknowledge; runs missed before now are not"
        " repeated",
    )
    rebuilt.lock_for(draft, f"a copy of the journal was put back, and what was dosed since {since} is not in it")
