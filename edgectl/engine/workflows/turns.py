"""Sections of a zone that are watered one after the other, in one run of the pump.

The next valve is seen open, and has had the time that it needs, before the last one closes: the pump never pushes
against a shut pipe. It is one pulse for all of them, for a pulse that runs may not be renewed (docs/adr/0022).
"""

from collections.abc import Callable

from edgectl.engine.draft import Draft
from edgectl.engine.rules.orders import switch_off
from edgectl.engine.workflows.stage import Elapsed, Stage, Volume
from edgectl.model.channel import Reading
from edgectl.model.site import Actuator
from edgectl.model.task import Task

Opener = Callable[[Draft, Task, Stage, Actuator], bool]


def pass_on(draft: Draft, task: Task, stage: Stage, seen_open: Opener) -> None:
    """Open the section whose turn it is, and close the one before it. `seen_open` orders a part, once."""
    count = len(stage.turns)
    index = min(count - 1, int(_progress(draft, task, stage) * count))
    name = stage.turns[index]
    part = draft.state.site.actuators[name]
    if not seen_open(draft, task, stage, part):
        return
    opened = next(c.ack_at for c in reversed(draft.commands(task.task_id)) if c.actuator == name)
    ready = (opened or draft.now.mono) + part.travel
    if draft.now.mono < ready:
        draft.wake(ready)
        return
    for other in stage.turns:
        output = draft.output(other)
        if other != name and output is not None and output.owed_off and output.task_id == task.task_id:
            switch_off(draft, output, planned=True, why=f"{name} is open, and it is its turn")


def _progress(draft: Draft, task: Task, stage: Stage) -> float:
    """How much of the run is behind it, 0 to 1: by the meter where it goes by litres, else by the clock."""
    if isinstance(stage.until, Volume):
        reading = draft.read(stage.until.meter)
        if not isinstance(reading, Reading) or task.meter_at_start is None:
            return 0.0
        return max(0.0, reading.value - task.meter_at_start) / stage.until.litres
    whole = stage.until.after if isinstance(stage.until, Elapsed) else stage.limit
    share, held = whole // len(stage.turns), draft.now.mono - task.stage_since + task.held
    draft.wake(draft.now.mono + share - held % share)
    return held / whole
