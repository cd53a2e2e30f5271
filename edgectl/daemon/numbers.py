"""The numbers of the running controller, for the metrics."""

from collections import Counter
from collections.abc import Collection

from edgectl.api.leisure import Leisure
from edgectl.daemon import views
from edgectl.daemon.control import Control
from edgectl.daemon.field import Field
from edgectl.daemon.supervise import Supervisor
from edgectl.engine.draft import Draft
from edgectl.engine.state import State
from edgectl.model.channel import Absence, Missing
from edgectl.model.codes.alarms import priority
from edgectl.model.ports import Clock
from edgectl.model.site import Site
from edgectl.model.time import SECOND, Now
from edgectl.observe.metrics import Gauge, per

MANY = 300  # sensors
AT_ONCE = 40  # sensors: then whatever else is due has its turn

Seen = dict[str, tuple[float | None, Absence | None]]


async def look(control: Control, clock: Clock, leisure: Leisure) -> Seen:
    """How old each reading is, in seconds, and why it has no value. A house of 1,500 channels is looked at piece by
    piece: no order waits for a scrape."""
    seen: Seen = {}
    names = tuple(control.stepper.state.site.sensors)
    async for some in leisure.pieces(names, AT_ONCE):
        draft = Draft(control.stepper.state, clock.now())
        for name in some:
            reading = draft.read(name)
            age = None if reading.age is None else round(reading.age / SECOND, 1)
            seen[name] = age, reading.reason if isinstance(reading, Missing) else None
    return seen


def gauges(control: Control, field: Field, supervisor: Supervisor, now: Now, *, ready: bool) -> list[Gauge]:
    """One snapshot, taken on the loop: what changes there, and is short."""
    state = control.stepper.state
    lines = field.tasks
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
        Gauge(
            name="edgectl_stalls_total",
            help="Turns of the control loop that took more than half a second, or came that much too late.",
            value=control.stalls,
            total=True,
        ),
        Gauge(
            name="edgectl_lease_epoch",
            help="The epoch in which this controller of a pair leads; 0 for one alone.",
            value=state.epoch,
        ),
        Gauge(name="edgectl_clock_trusted", help="1 when the calendar may be believed.", value=views.trusted(now)),
        Gauge(name="scheduler_active_tasks", help="Open tasks.", value=len(state.tasks)),
        Gauge(name="edgectl_alarms_active", help="Active alarms.", value=sum(a.active for a in state.alarms.values())),
        Gauge(name="scheduler_leader_role", help="1 where this daemon leads; one that waits has no door.", value=1),
        Gauge(name="edgectl_journal_ok", help="1 while the journal takes entries.", value=state.storage_ok),
        Gauge(
            name="edgectl_turn_age_seconds",
            help="Time since the last turn of the control loop.",
            value=(now.mono - control.last_turn) / SECOND,
        ),
        *_alarms(state),
        *per(
            "edgectl_output_overdue_seconds",
            "How long an output has been on past its end.",
            "output",
            _overdue(state, now),
        ),
        # An output that nobody sees is neither on nor off: it has no sample here, and 0 below.
        Gauge.declared("edgectl_output_on", "1 when seen on, 0 when seen off."),
        *per("edgectl_output_on", "", "output", {o["output"]: float(o["on"]) for o in outputs if o["on"] is not None}),
        *per(
            "edgectl_output_known",
            "1 while its state is read back.",
            "output",
            {o["output"]: float(o["on"] is not None) for o in outputs},
        ),
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


def _alarms(state: State) -> list[Gauge]:
    """Active alarms by what they are: as many series as there are codes, whatever the size of the house."""
    active = Counter(alarm.code for alarm in state.alarms.values() if alarm.active)
    name, says = "edgectl_alarms", "Active alarms of a kind."
    return [
        Gauge.declared(name, says),
        *(
            Gauge(name=name, help=says, value=n, labels=(("code", code), ("priority", priority(code))))
            for code, n in sorted(active.items())
        ),
    ]


def of_the_field(site: Site, silent: Collection[str], seen: Seen) -> list[Gauge]:
    """Sensors and devices, of which there may be many: out of what was looked at before, on any thread."""
    devices = [device for devices in site.buses.values() for device in devices]
    down = {device: float(device in silent) for device in devices}
    return [*_readings(site, seen), *per("edgectl_device_down", "1 while a device does not answer.", "device", down)]


def _readings(site: Site, seen: Seen) -> list[Gauge]:
    """Ages and gaps of readings. A house of many sensors tells them by bus: the series stay few."""
    ages = {name: age for name, (age, _) in seen.items() if age is not None}
    missing = Counter(reason.value for _, reason in seen.values() if reason is not None)
    oldest: dict[str, float] = {}
    for name, age in ages.items():
        for device in site.sensors[name].devices:
            bus = site.bus_of(device)
            if bus is not None:
                oldest[bus] = max(oldest.get(bus, 0.0), age)
    return [
        Gauge.declared("edgectl_sample_age_seconds", "Age of the newest sample, where there are few sensors."),
        *per("edgectl_sample_age_seconds", "", "sensor", ages if len(ages) <= MANY else {}),
        *per("edgectl_sample_age_max_seconds", "The oldest of the newest samples of a bus.", "bus", oldest),
        *per(
            "edgectl_readings_missing",
            "Sensors without a value that can be believed.",
            "reason",
            {reason.value: float(missing[reason.value]) for reason in Absence},
        ),
    ]


def _overdue(state: State, now: Now) -> dict[str, float]:
    found: dict[str, float] = dict.fromkeys(state.site.actuators, 0.0)
    for name, output in state.outputs.items():
        command = state.commands.get(output.cmd_id) if output.cmd_id is not None else None
        if output.owed_off and command is not None and command.ack_at is not None and command.lease is not None:
            found[name] = max(0.0, (now.mono - command.ack_at - command.lease) / SECOND)
    return found
