"""The numbers of the running controller, for the metrics."""

from edgectl.daemon import views
from edgectl.daemon.control import Control
from edgectl.daemon.field import Field
from edgectl.daemon.supervise import Supervisor
from edgectl.model.time import SECOND, Now
from edgectl.observe.metrics import Gauge, per


def gauges(control: Control, field: Field, supervisor: Supervisor, now: Now, *, ready: bool) -> list[Gauge]:
    """One snapshot, taken on the loop."""
    state = control.stepper.state
    lines = field.tasks
    ages = {row["sensor"]: row["age_s"] for row in views.readings(state, now) if row["age_s"] is not None}
    outputs = views.outputs(state, now)
    return [
        Gauge(name="edgectl_ready", help="1 when work may be dispatched.", value=ready),
        Gauge(name="edgectl_turns_total", help="Turns of the control loop.", value=control.turns, total=True),
        Gauge(name="edgectl_commits_total", help="Commits of the journal.", value=control.commits, total=True),
        Gauge(
            name="edgectl_commit_failures_total",
            help="Commits that the disk refused.",
            value=control.commit_failures,
            total=True,
        ),
        Gauge(
            name="edgectl_inputs_dropped_total",
            help="Inputs that found the inbox full.",
            value=control.dropped,
            total=True,
        ),
        Gauge(
            name="edgectl_longest_turn_seconds",
            help="The longest turn since the start.",
            value=control.longest_turn / SECOND,
        ),
        Gauge(name="edgectl_clock_trusted", help="1 when the calendar may be believed.", value=views.trusted(now)),
        Gauge(name="scheduler_active_tasks", help="Open tasks.", value=len(state.tasks)),
        Gauge(name="edgectl_alarms_active", help="Active alarms.", value=sum(a.active for a in state.alarms.values())),
        *per("edgectl_sample_age_seconds", "Age of the newest sample.", "sensor", ages),
        *per("edgectl_output_on", "1 when seen on.", "output", {o["output"]: float(bool(o["on"])) for o in outputs}),
        *per(
            "edgectl_output_owed_off",
            "1 while an OFF is owed.",
            "output",
            {o["output"]: float(o["owed_off"]) for o in outputs},
        ),
        *per("edgectl_bus_up", "1 when the line is open.", "bus", {n: float(t.up) for n, t in lines.items()}),
        *per(
            "edgectl_bus_frames_total",
            "Requests sent.",
            "bus",
            {n: float(t.owner.log.frames) for n, t in lines.items()},
            total=True,
        ),
        *per(
            "edgectl_bus_timeouts_total",
            "Requests without a believable reply.",
            "bus",
            {n: float(t.owner.log.timeouts) for n, t in lines.items()},
            total=True,
        ),
        *per(
            "edgectl_bus_busy_seconds_total",
            "Time on the wire.",
            "bus",
            {n: t.owner.log.busy / SECOND for n, t in lines.items()},
            total=True,
        ),
        *per(
            "edgectl_task_crashes_total",
            "Crashes of supervised tasks.",
            "task",
            {name: float(n) for name, n in supervisor.crashes.items()},
            total=True,
        ),
    ]
