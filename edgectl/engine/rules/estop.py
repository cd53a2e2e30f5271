"""The wired emergency stop, as its feedback input tells it. The wire does the work; this keeps out of its way.

While it is open nothing is commanded, and what ran is ended. Its reset restarts nothing.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.loop import is_open
from edgectl.engine.rules.orders import switch_off
from edgectl.engine.rules.restraints import end_what_waits, restart_intervals
from edgectl.engine.rules.stopping import abort
from edgectl.model.codes import Code
from edgectl.model.task import TaskStatus


def watch(draft: Draft) -> None:
    """Follow the loop: what ran under it is ended, and a person is told once."""
    if draft.state.site.estop is None:
        return
    why = is_open(draft)
    alarm = draft.alarm("estop_open:site")
    was_open = alarm is not None and alarm.active
    if why is None:
        if was_open:
            draft.note("ESTOP_CLOSED")
            draft.calm("estop_open", "site")
            restart_intervals(draft, "")
        return
    if not was_open:
        draft.note("ESTOP_OPENED", why=why)
        draft.alert("estop_open", "site", why, "find out who pressed it before you reset it; nothing starts by that")
        end_what_waits(draft, "", wet=False)
        for task in draft.tasks():
            if task.status is TaskStatus.RUNNING and task.stage and task.task_type != "lighting" and not task.stopping:
                abort(draft, task, Code.STOPPED)
    for output in draft.owed():
        switch_off(draft, output, planned=False, why=why)
