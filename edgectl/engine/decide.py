"""The one place that decides: inputs in, a decision out, without a single await.

The order of the rules is the order of authority. Safety speaks first, then people, then work; the passes repeat until
nothing changes, so that accepted, running and the first command share one commit.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules import (
    admission,
    alarms,
    backups,
    balance,
    calibrations,
    centre,
    circulation,
    climate,
    conditions,
    crashes,
    drives,
    dry_run,
    enqueued,
    estop,
    floats,
    foreign,
    handwork,
    instruments,
    interlock,
    lasting,
    limits,
    lit,
    nodes,
    operator,
    overrides,
    photoperiod,
    raw,
    rebuilt,
    recovery,
    replies,
    restraints,
    schedule_orders,
    schedules,
    siren,
    solution,
    stand_in,
    stopping,
    stuck,
    thirst,
    tried,
    witness,
)
from edgectl.engine.state import Decision, Phase, State
from edgectl.engine.workflows import catalogue, lighting, waiting
from edgectl.model.ask import SendRaw, Tighten
from edgectl.model.deadman import DeviceSet
from edgectl.model.hands import AccessChanged, Calibrate, Handwork, Override, Shelve, Tried
from edgectl.model.inputs import (
    Acknowledge,
    Answer,
    Approve,
    Cancel,
    CentreRequest,
    ClockStepped,
    Concern,
    DeviceHealth,
    ForeignMaster,
    HoldSchedule,
    Input,
    ManualOff,
    ManualOn,
    NodeNews,
    ReadBack,
    Reply,
    ReserveUsed,
    Restrain,
    Resume,
    RunNow,
    Samples,
    SetMode,
    Shutdown,
    StopAll,
    Storage,
    TaskRequest,
    TelemetryDropped,
)
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import Now

PASSES = 8


def decide(state: State, inputs: list[Input], now: Now) -> Decision:
    """One turn. `state` is read and not changed; its image already holds the samples among the inputs."""
    draft = Draft(state, now)
    phase = state.phase
    lasting.watch(draft)
    floats.look(draft)
    balance.follow(draft)
    for item in inputs:
        if not isinstance(item, Samples):  # nearly all are, and they are in the image already
            _hear(draft, item)
    if phase is Phase.SETTLING:
        crashes.count(draft)
        recovery.call_debts(draft)
        interlock.watch_outputs(draft)
        if recovery.settle(draft, catalogue.resume):
            recovery.become_ready(draft)
            limits.look_again(draft)
            draft.wake(now.mono + 1)
        return draft.decision()
    if phase is Phase.STOPPING:
        # Tasks stay open: the next start ends them with what the meters say then.
        interlock.watch_outputs(draft)
        return draft.decision()
    for _ in range(PASSES):
        before = draft.version
        replies.overdue(draft)
        estop.watch(draft)
        restraints.expire(draft)
        schedule_orders.expire(draft)
        crashes.watch(draft)
        rebuilt.watch(draft)
        interlock.watch_outputs(draft)
        schedules.run(draft)
        thirst.watch(draft)
        enqueued.hand_over(draft)
        admission.deadlines(draft, waiting.reasons)
        _work(draft)
        if draft.version == before:
            break
    backups.keep(draft)
    climate.run(draft)
    circulation.run(draft)
    witness.watch(draft)
    witness.suspect(draft)
    witness.weak(draft)
    dry_run.watch(draft)
    floats.watch(draft)
    stand_in.watch(draft)
    stuck.watch(draft)
    calibrations.watch(draft)
    photoperiod.watch(draft)
    lit.watch(draft)
    solution.watch(draft)
    instruments.watch(draft)
    alarms.watch(draft)
    siren.keep(draft)
    return draft.decision()


def _may_begin(draft: Draft, task: Task) -> bool:
    return not task.enqueued and not any(waiting.people(draft, task))


def _hear(draft: Draft, item: Input) -> None:
    match item:
        case Reply():
            replies.on_reply(draft, item)
        case ReadBack():
            replies.on_read_back(draft, item)
        case TaskRequest():
            admission.admit(draft, item, catalogue.lacks)
        case ManualOn():
            operator.manual_on(draft, item)
        case ManualOff():
            operator.manual_off(draft, item)
        case StopAll():
            operator.stop_all(draft, item)
        case Resume():
            operator.resume(draft, item)
        case Shelve():
            alarms.shelve(draft, item)
        case Restrain():
            restraints.restrain(draft, item)
        case HoldSchedule():
            schedule_orders.hold(draft, item)
        case RunNow():
            schedule_orders.run_now(draft, item)
        case SetMode():
            restraints.set_mode(draft, item)
        case Calibrate():
            calibrations.calibrate(draft, item)
        case Tried():
            tried.tried(draft, item)
        case Handwork():
            handwork.handwork(draft, item)
        case Override():
            if overrides.override(draft, item, drives.there_s) and item.setting == overrides.DOSING:
                stopping.stop_doses(draft, item.zone)
        case Cancel():
            stopping.cancel(draft, item)
        case Approve():
            stopping.approve(draft, item)
        case Acknowledge():
            operator.acknowledge(draft, item)
        case ForeignMaster():
            foreign.heard(draft, item)
        case DeviceHealth():
            conditions.device(draft, item)
        case NodeNews():
            nodes.told(draft, item)
        case DeviceSet():
            conditions.device_set(draft, item)
        case Storage():
            conditions.storage(draft, item)
        case ReserveUsed():
            conditions.reserve_used(draft, item)
        case ClockStepped():
            conditions.clock_stepped(draft, item)
        case CentreRequest():
            centre.hear(draft, item, _hear)
        case Tighten():
            limits.tighten(draft, item)
        case SendRaw():
            raw.send_raw(draft, item)
        case TelemetryDropped():
            draft.note("TELEMETRY_DROPPED", minutes=item.minutes, samples=item.samples, budget=item.budget)
        case Concern():
            conditions.concern(draft, item)
        case AccessChanged():
            draft.note(item.event.value, who=item.who, name=item.name, role=item.role, id=item.token_id)
            draft.effect(Answer(token=item.token, ok=True, code="ok", body={}))
        case Shutdown():
            conditions.shutdown(draft, item)
        case _:
            pass


def _work(draft: Draft) -> None:
    # Water and light of one zone do not wait for each other: a dry tank must not leave the plants in the dark.
    draft.eager = False
    busy = {(task.zone, task.task_type) for task in draft.tasks() if task.status is TaskStatus.RUNNING}
    for task in draft.tasks():
        workflow = lighting if task.task_type == "lighting" else catalogue
        if task.status is TaskStatus.RUNNING:
            if not draft.rests(task.task_id, task.task_id):
                before = draft.version
                workflow.progress(draft, task)
                if draft.version == before and workflow is catalogue and task.retry_at is None:
                    draft.found_still(task.task_id, task.task_id)
            draft.eager = draft.eager or task.retry_at is None or bool(task.stopping)
        elif (task.zone, task.task_type) not in busy and _may_begin(draft, task):
            workflow.start(draft, task)
            draft.eager = True
            if not draft.task(task.task_id).terminal:
                busy.add((task.zone, task.task_type))
