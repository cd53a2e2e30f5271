"""Every type of line in the timeline: one enum, one sentence each."""

from dataclasses import dataclass
from enum import StrEnum


class Event(StrEnum):
    """What a line of the timeline tells of. `HAPPENINGS` says each in words."""

    # a task's life
    TASK_RECEIVED = "TASK_RECEIVED"
    TASK_STARTED = "TASK_STARTED"
    DECISION_MADE = "DECISION_MADE"
    STAGE_ENTERED = "STAGE_ENTERED"
    STAGE_UNDER_WAY = "STAGE_UNDER_WAY"
    STAGE_LEFT = "STAGE_LEFT"
    STAGE_REFUSED = "STAGE_REFUSED"
    STAGE_RESUMED = "STAGE_RESUMED"
    TASK_REFUSED = "TASK_REFUSED"
    TASK_CANCEL_ORDERED = "TASK_CANCEL_ORDERED"
    TASK_APPROVED = "TASK_APPROVED"
    VOLUME_NOT_REACHED = "VOLUME_NOT_REACHED"
    FILL_VOLUME_REACHED = "FILL_VOLUME_REACHED"
    TASK_FINISHED = "TASK_FINISHED"
    # the calendar, and what was asked for later
    SCHEDULE_SKIPPED = "SCHEDULE_SKIPPED"
    SCHEDULE_TASK_ACCEPTED = "SCHEDULE_TASK_ACCEPTED"
    SCHEDULE_TASK_COMPLETED = "SCHEDULE_TASK_COMPLETED"
    SCHEDULE_TASK_FAILED = "SCHEDULE_TASK_FAILED"
    SCHEDULE_TASK_EXECUTION_STARTED = "SCHEDULE_TASK_EXECUTION_STARTED"
    SCHEDULE_TASK_EXECUTION_FINISHED = "SCHEDULE_TASK_EXECUTION_FINISHED"
    SELF_TASK_ENQUEUED = "SELF_TASK_ENQUEUED"
    SELF_TASK_DISPATCHED = "SELF_TASK_DISPATCHED"
    SELF_TASK_DISPATCH_RETRY_SCHEDULED = "SELF_TASK_DISPATCH_RETRY_SCHEDULED"
    SELF_TASK_DISPATCH_FAILED = "SELF_TASK_DISPATCH_FAILED"
    SELF_TASK_EXPIRED = "SELF_TASK_EXPIRED"
    # orders and outputs
    COMMAND_DISPATCHED = "COMMAND_DISPATCHED"
    COMMAND_CONFIRMED = "COMMAND_CONFIRMED"
    COMMAND_FAILED = "COMMAND_FAILED"
    COMMAND_TIMEOUT = "COMMAND_TIMEOUT"
    COMMAND_EFFECT_NOT_CONFIRMED = "COMMAND_EFFECT_NOT_CONFIRMED"
    LATE_REPLY = "LATE_REPLY"
    OUTPUT_OFF_ORDERED = "OUTPUT_OFF_ORDERED"
    OUTPUT_SEEN_OFF = "OUTPUT_SEEN_OFF"
    VETO = "VETO"
    LOCKED_OUT = "LOCKED_OUT"
    PUMP_HANDED_ON = "PUMP_HANDED_ON"
    BACKUP_FELL = "BACKUP_FELL"
    LEASE_TAKEN = "LEASE_TAKEN"
    # people
    MANUAL_ON = "MANUAL_ON"
    MANUAL_OFF = "MANUAL_OFF"
    STOP_ALL = "STOP_ALL"
    STOP_WATER = "STOP_WATER"
    RESUMED = "RESUMED"
    ESTOP_OPENED = "ESTOP_OPENED"
    ESTOP_CLOSED = "ESTOP_CLOSED"
    LOCK_SET = "LOCK_SET"
    LOCK_RELEASED = "LOCK_RELEASED"
    HOLD_SET = "HOLD_SET"
    HOLD_ENDED = "HOLD_ENDED"
    OVERRIDE_SET = "OVERRIDE_SET"
    OVERRIDE_ENDED = "OVERRIDE_ENDED"
    MODE_CHANGED = "MODE_CHANGED"
    CALIBRATED = "CALIBRATED"
    CALIBRATION_BEGUN = "CALIBRATION_BEGUN"
    CALIBRATION_LEFT = "CALIBRATION_LEFT"
    OUTPUT_TRIED = "OUTPUT_TRIED"
    ACCESS_OFFERED = "ACCESS_OFFERED"
    ACCESS_GIVEN = "ACCESS_GIVEN"
    ACCESS_TAKEN = "ACCESS_TAKEN"
    # alarms
    ALARM_RAISED = "ALARM_RAISED"
    ALARM_CLEARED = "ALARM_CLEARED"
    ALARM_ACKNOWLEDGED = "ALARM_ACKNOWLEDGED"
    ALARM_SHELVED = "ALARM_SHELVED"
    ALARM_UNSHELVED = "ALARM_UNSHELVED"
    CLIMATE_DECIDED = "CLIMATE_DECIDED"
    ALARM_REPEATED = "ALARM_REPEATED"
    ALARM_ESCALATED = "ALARM_ESCALATED"
    # tanks
    DIAGNOSTICS_SERVICE_UNAVAILABLE = "DIAGNOSTICS_SERVICE_UNAVAILABLE"
    CYCLE_START_INITIATED = "CYCLE_START_INITIATED"
    NODES_AVAILABILITY_CHECKED = "NODES_AVAILABILITY_CHECKED"
    TANK_LEVEL_CHECKED = "TANK_LEVEL_CHECKED"
    TANK_LEVEL_STALE = "TANK_LEVEL_STALE"
    LEVEL_RECKONED = "LEVEL_RECKONED"
    TANK_REFILL_STARTED = "TANK_REFILL_STARTED"
    TANK_REFILL_COMPLETED = "TANK_REFILL_COMPLETED"
    TANK_REFILL_TIMEOUT = "TANK_REFILL_TIMEOUT"
    TWO_TANK_STARTUP_INITIATED = "TWO_TANK_STARTUP_INITIATED"
    CLEAN_FILL_STARTED = "CLEAN_FILL_STARTED"
    CLEAN_FILL_COMPLETED = "CLEAN_FILL_COMPLETED"
    CLEAN_FILL_RETRY_STARTED = "CLEAN_FILL_RETRY_STARTED"
    SOLUTION_FILL_STARTED = "SOLUTION_FILL_STARTED"
    SOLUTION_FILL_COMPLETED = "SOLUTION_FILL_COMPLETED"
    IRRIGATION_FILL_STARTED = "IRRIGATION_FILL_STARTED"
    IRRIGATION_FILL_COMPLETED = "IRRIGATION_FILL_COMPLETED"
    # the solution
    PREPARE_TARGETS_REACHED = "PREPARE_TARGETS_REACHED"
    IRRIGATION_ONLINE_CORRECTION_FAILED = "IRRIGATION_ONLINE_CORRECTION_FAILED"
    CORRECTION_GATED = "CORRECTION_GATED"
    DOSE_PLANNED = "DOSE_PLANNED"
    DOSE_DONE = "DOSE_DONE"
    DOSE_SKIPPED = "DOSE_SKIPPED"
    DOSE_WITHOUT_EFFECT = "DOSE_WITHOUT_EFFECT"
    DOSING_LOCKED = "DOSING_LOCKED"
    FALLBACK_STARTED = "FALLBACK_STARTED"
    # the controller itself
    CENTRE_REQUEST_ANSWERED = "CENTRE_REQUEST_ANSWERED"
    TELEMETRY_DROPPED = "TELEMETRY_DROPPED"
    LIMITS_TIGHTENED = "LIMITS_TIGHTENED"
    RAW_BEGUN = "RAW_BEGUN"
    RAW_ENDED = "RAW_ENDED"
    READY = "READY"
    JOURNAL_PUT_BACK = "JOURNAL_PUT_BACK"
    CONFIG_CHANGED = "CONFIG_CHANGED"
    SHUTDOWN = "SHUTDOWN"
    OBSERVE_ONLY = "OBSERVE_ONLY"
    LEADS_AGAIN = "LEADS_AGAIN"
    DEVICE_SILENT = "DEVICE_SILENT"
    DEVICE_BACK = "DEVICE_BACK"
    DEVICE_SET_UP = "DEVICE_SET_UP"
    DEVICE_WRITE_MEANT = "DEVICE_WRITE_MEANT"
    DEVICE_WRITTEN = "DEVICE_WRITTEN"
    STORAGE_BACK = "STORAGE_BACK"
    CLOCK_STEPPED = "CLOCK_STEPPED"
    CALENDAR_SET_BACK = "CALENDAR_SET_BACK"
    # nodes behind a broker
    NODE_DONE = "NODE_DONE"
    NODE_EVENT = "NODE_EVENT"
    NODE_ERROR = "NODE_ERROR"
    NODE_REFUSED = "NODE_REFUSED"
    NODE_CONTRADICTED = "NODE_CONTRADICTED"
    NODE_MISTRUSTED = "NODE_MISTRUSTED"
    NODE_FLOODS = "NODE_FLOODS"
    NODE_HELLO = "NODE_HELLO"
    NODE_FITS = "NODE_FITS"
    NODE_DIFFERS = "NODE_DIFFERS"
    NODE_LACKS = "NODE_LACKS"
    BROKER_FORGOT = "BROKER_FORGOT"


@dataclass(frozen=True, slots=True)
class Happening:
    """An event in words. `legacy` is the reason why edgectl understands the type and never writes it."""

    sentence: str
    legacy: str | None = None


def _twice(own: str) -> str:
    return f"calendar and engine share one process and one journal, where `{own}` says it already"


_AT_ONCE = "a task that was asked for later begins in the same process, so there is no hand-over that could fail"

HAPPENINGS: dict[Event, Happening] = {
    Event.TASK_RECEIVED: Happening("A task was taken on."),
    Event.TASK_STARTED: Happening("A task began to run."),
    Event.DECISION_MADE: Happening("It was decided whether the task runs, and by which readings."),
    Event.STAGE_ENTERED: Happening("A workflow went on to its next stage."),
    Event.STAGE_UNDER_WAY: Happening("All parts of a stage are seen on; it lasts until its end comes."),
    Event.STAGE_LEFT: Happening("A workflow left a stage; what the next one does not keep was switched off."),
    Event.STAGE_RESUMED: Happening("A fill goes on after a restart, within the time that it has left."),
    Event.STAGE_REFUSED: Happening("A stage could not begin, so the workflow winds down."),
    Event.TASK_CANCEL_ORDERED: Happening("A person asked for a task to be ended."),
    Event.TASK_APPROVED: Happening("A person released a task that the zone had only proposed."),
    Event.TASK_REFUSED: Happening("The zone has not the parts that the task needs, so nothing was begun."),
    Event.VOLUME_NOT_REACHED: Happening("The time for a volume was over before the meter had counted it."),
    Event.FILL_VOLUME_REACHED: Happening("A fill ended at its litres; no float or level had shown the tank full."),
    Event.TASK_FINISHED: Happening("A task came to its end, with its result."),
    Event.SCHEDULE_SKIPPED: Happening("A planned run was left out, with the reason."),
    Event.SCHEDULE_TASK_ACCEPTED: Happening("The planned task was accepted.", _twice("TASK_RECEIVED")),
    Event.SCHEDULE_TASK_COMPLETED: Happening("The planned task was completed.", _twice("TASK_FINISHED")),
    Event.SCHEDULE_TASK_FAILED: Happening("The planned task failed.", _twice("TASK_FINISHED")),
    Event.SCHEDULE_TASK_EXECUTION_STARTED: Happening("The planned task began to run.", _twice("TASK_STARTED")),
    Event.SCHEDULE_TASK_EXECUTION_FINISHED: Happening("The planned task ceased to run.", _twice("TASK_FINISHED")),
    Event.SELF_TASK_ENQUEUED: Happening("A task was asked for at a later time."),
    Event.SELF_TASK_DISPATCHED: Happening("The time of a task that was asked for has come, and it was taken on."),
    Event.SELF_TASK_DISPATCH_RETRY_SCHEDULED: Happening("The task asked for is handed over again later.", _AT_ONCE),
    Event.SELF_TASK_DISPATCH_FAILED: Happening("The task asked for could not be handed over.", _AT_ONCE),
    Event.SELF_TASK_EXPIRED: Happening("A task that was asked for was of no use any more when its turn came."),
    Event.COMMAND_DISPATCHED: Happening("An order was given to the bus of its device."),
    Event.COMMAND_CONFIRMED: Happening("The hardware showed that an order was carried out."),
    Event.COMMAND_FAILED: Happening(
        "An order was not carried out: not sent, refused, or answered by busy or an error."
    ),
    Event.COMMAND_TIMEOUT: Happening("Nobody answered an order in its time."),
    Event.COMMAND_EFFECT_NOT_CONFIRMED: Happening("A device took an order and its output did not follow."),
    Event.LATE_REPLY: Happening("An answer came after its order was over; it changes nothing."),
    Event.OUTPUT_OFF_ORDERED: Happening("An output was ordered off, with the reason."),
    Event.OUTPUT_SEEN_OFF: Happening("An output was read back and is off."),
    Event.VETO: Happening("A guard forbade an order or ended one."),
    Event.PUMP_HANDED_ON: Happening("A pump went on running for the next zone, whose valve was open by then."),
    Event.LOCKED_OUT: Happening("A pump failed so often that it stays off until a person releases it."),
    Event.BACKUP_FELL: Happening("An output could not be switched off, so what feeds it was dropped."),
    Event.MANUAL_ON: Happening("Somebody asked for an output on, by hand and for a while."),
    Event.MANUAL_OFF: Happening("Somebody switched an output off by hand."),
    Event.ACCESS_OFFERED: Happening("Somebody made a code that lets a phone in."),
    Event.ACCESS_GIVEN: Happening("A program got a token, or a phone came in by its code."),
    Event.ACCESS_TAKEN: Happening("A token was taken back, or a phone forgot who it is."),
    Event.STOP_ALL: Happening("Somebody stopped everything dangerous."),
    Event.STOP_WATER: Happening("Somebody stopped pumps, valves and dosing."),
    Event.RESUMED: Happening("Somebody released the stop; no task is resumed by it."),
    Event.ESTOP_OPENED: Happening("The wired emergency stop was pressed, or its wire broke."),
    Event.ESTOP_CLOSED: Happening("The wired emergency stop was reset; nothing starts by that."),
    Event.LOCK_SET: Happening("Somebody locked outputs for service."),
    Event.LOCK_RELEASED: Happening("A service lock was released."),
    Event.HOLD_SET: Happening("Somebody put a zone or a schedule on hold for a while."),
    Event.HOLD_ENDED: Happening("A hold was released or ran out."),
    Event.OVERRIDE_SET: Happening("Somebody gave an output or a setting another value for a while."),
    Event.OVERRIDE_ENDED: Happening("An override was taken back or ran out."),
    Event.MODE_CHANGED: Happening("A zone's control mode was changed."),
    Event.CALIBRATED: Happening("A probe or pump was calibrated."),
    Event.CALIBRATION_BEGUN: Happening("A sensor was taken out for calibration, and is Missing for every rule."),
    Event.OUTPUT_TRIED: Happening("A person has pressed an output, and says whether the load behind it moved."),
    Event.CALIBRATION_LEFT: Happening("A sensor was given back without a new calibration."),
    Event.ALARM_RAISED: Happening("An alarm began."),
    Event.ALARM_CLEARED: Happening("The cause of an alarm is gone."),
    Event.ALARM_ACKNOWLEDGED: Happening("Somebody has seen an alarm."),
    Event.ALARM_REPEATED: Happening("An alarm that nobody has seen was told again."),
    Event.CLIMATE_DECIDED: Happening("The air of a zone is to be kept in another way from now on."),
    Event.ALARM_SHELVED: Happening("Somebody silenced an alarm for a while."),
    Event.ALARM_UNSHELVED: Happening("Somebody ended the silence of an alarm."),
    Event.ALARM_ESCALATED: Happening("Nobody saw a critical alarm in time, so others are called."),
    Event.DIAGNOSTICS_SERVICE_UNAVAILABLE: Happening(
        "The service of the tanks was out of reach.",
        "tank work is a workflow inside the controller; there is no such service to be missed",
    ),
    Event.CYCLE_START_INITIATED: Happening("The cycle of a zone with one tank began."),
    Event.NODES_AVAILABILITY_CHECKED: Happening("It was checked that the devices a workflow needs answer."),
    Event.TANK_LEVEL_CHECKED: Happening("The level of the tank was checked."),
    Event.LEVEL_RECKONED: Happening("A run began on a level that was reckoned from what was drawn since it was seen."),
    Event.TANK_LEVEL_STALE: Happening("The level of the tank was too old to rely on."),
    Event.TANK_REFILL_STARTED: Happening("The tank began to be filled."),
    Event.TANK_REFILL_COMPLETED: Happening("The tank was filled."),
    Event.TANK_REFILL_TIMEOUT: Happening("The filling of the tank took too long and was stopped."),
    Event.TWO_TANK_STARTUP_INITIATED: Happening("The preparation of a zone with two tanks or three began."),
    Event.CLEAN_FILL_STARTED: Happening("The filling of the clean-water tank began."),
    Event.CLEAN_FILL_COMPLETED: Happening("The clean-water tank was filled."),
    Event.CLEAN_FILL_RETRY_STARTED: Happening("The clean-water tank is tried once more."),
    Event.SOLUTION_FILL_STARTED: Happening("The filling of the solution tank began."),
    Event.SOLUTION_FILL_COMPLETED: Happening("The solution tank was filled."),
    Event.IRRIGATION_FILL_STARTED: Happening("The filling of the tank that the plants drink from began."),
    Event.IRRIGATION_FILL_COMPLETED: Happening("The tank that the plants drink from was filled."),
    Event.PREPARE_TARGETS_REACHED: Happening("The prepared solution came to its pH and EC."),
    Event.IRRIGATION_ONLINE_CORRECTION_FAILED: Happening("The correction during watering failed."),
    Event.CORRECTION_GATED: Happening("It was found whether the solution may be corrected now, and why not."),
    Event.DOSE_PLANNED: Happening("A dose was computed and booked against its caps before it was given."),
    Event.DOSE_DONE: Happening("A dose was given."),
    Event.DOSE_WITHOUT_EFFECT: Happening("A dose has mixed and changed almost nothing."),
    Event.DOSE_SKIPPED: Happening("A dose was left out, with the reason."),
    Event.DOSING_LOCKED: Happening("Dosing was locked, with the reason."),
    Event.FALLBACK_STARTED: Happening("A zone began to be watered by its plain timer."),
    Event.CENTRE_REQUEST_ANSWERED: Happening("Something that the centre asked for was done or refused."),
    Event.TELEMETRY_DROPPED: Happening("Readings went before the centre had them, for room on the disk."),
    Event.LIMITS_TIGHTENED: Happening("The centre set tighter limits than the site file has."),
    Event.RAW_BEGUN: Happening("The centre asked for readings as they are read, for a while."),
    Event.RAW_ENDED: Happening("Readings travel folded to a row a minute again."),
    Event.READY: Happening("The controller has settled its outputs and takes up its work."),
    Event.JOURNAL_PUT_BACK: Happening(
        "A copy of the journal was put back: what happened since it was taken is not known."
    ),
    Event.LEASE_TAKEN: Happening("This controller of a pair took the lead, in a new epoch."),
    Event.CONFIG_CHANGED: Happening("The site file of this start differs from that of the last one."),
    Event.SHUTDOWN: Happening("The controller was asked to end and switches off."),
    Event.OBSERVE_ONLY: Happening("After too many restarts the controller only watches."),
    Event.LEADS_AGAIN: Happening("The controller that only watched takes up its work again."),
    Event.DEVICE_SILENT: Happening("A device or its bus ceased to answer."),
    Event.DEVICE_BACK: Happening("A device or its bus answers again."),
    Event.DEVICE_WRITE_MEANT: Happening("A person is about to set a register of a device; the write leaves next."),
    Event.DEVICE_WRITTEN: Happening("A register of a device was set by a person, with what was read back of it."),
    Event.DEVICE_SET_UP: Happening(
        "A register was written and read back that lets a device fall safe when the bus is silent."
    ),
    Event.STORAGE_BACK: Happening("The journal takes entries again."),
    Event.CLOCK_STEPPED: Happening("The wall clock was set."),
    Event.CALENDAR_SET_BACK: Happening("A schedule stood far ahead of a clock that came back, and goes on from now."),
    Event.NODE_DONE: Happening("A node said that it carried an order out; what its outputs show decides."),
    Event.NODE_EVENT: Happening("A node told of something that happened there."),
    Event.NODE_ERROR: Happening("A node told of a fault of its own."),
    Event.NODE_REFUSED: Happening("A node refused an order and named its reason."),
    Event.NODE_CONTRADICTED: Happening("A node said two things that cannot both be true; the first one counts."),
    Event.NODE_MISTRUSTED: Happening("A message was not believed, and changed nothing."),
    Event.NODE_FLOODS: Happening("A node said more than is written down; what was left out is counted."),
    Event.NODE_HELLO: Happening("A node that belongs to nobody said hello; one of the site file was told its place."),
    Event.NODE_FITS: Happening("A node reported what it has, and it fits the site file."),
    Event.NODE_DIFFERS: Happening("A node is not the one that the site file means, or two bear its name."),
    Event.NODE_LACKS: Happening("A node reported what it has, and outputs of the site file are missing."),
    Event.BROKER_FORGOT: Happening(
        "A broker kept nothing while the line to it was down: what nodes said meanwhile is lost."
    ),
}
