"""Why a request was not taken: each answer names the field or the state that stood in the way."""

from edgectl.model.codes.code import Code
from edgectl.model.codes.meaning import Meaning, refusal

_ISO = "Send an ISO time with its offset."
_LEASE = "Bootstrap again and use the lease from the answer."

REFUSALS: dict[Code, Meaning] = {
    Code.DUE_AT_REQUIRED_OR_INVALID: refusal("The request does not say by when it must begin.", _ISO),
    Code.EXPIRES_AT_REQUIRED_OR_INVALID: refusal("The request does not say when it is of no use any more.", _ISO),
    Code.SCHEDULED_FOR_INVALID: refusal("The planned time of the request is no time.", _ISO),
    Code.EXPIRES_AT_MUST_BE_AFTER_DUE_AT: refusal(
        "The request would expire before it is due, or at the same instant.", "Send a later expires_at."
    ),
    Code.DUE_AT_MUST_BE_GTE_SCHEDULED_FOR: refusal(
        "The request would be due before its planned time.", "Send a later due_at."
    ),
    Code.CORRELATION_ID_REQUIRED_OR_INVALID: refusal(
        "The request lacks the id that keeps it from running twice.", "Send a correlation_id of 8 to 128 characters."
    ),
    Code.UNSUPPORTED_TASK_TYPE: refusal("There is no such kind of task.", "The answer lists the kinds there are."),
    Code.MISMATCH: refusal(
        "The correlation id was used for a different task.", "Use a new id for a new task, or repeat the first exactly."
    ),
    Code.UNKNOWN_ZONE: refusal("There is no such zone.", "The zones are those of the site file."),
    Code.PAYLOAD_INVALID: refusal("The task's own settings are missing or make no sense.", "Look at its task type."),
    Code.EXPIRES_AT_INVALID: refusal("The expiry of the request is no time.", _ISO),
    Code.EXPIRES_AT_IS_IN_THE_PAST: refusal("The request had expired before it came.", "Send a later expires_at."),
    Code.EXPIRES_AT_BEFORE_SCHEDULED_FOR: refusal(
        "The request would expire before its planned time.", "Send an expires_at after scheduled_for."
    ),
    Code.VETOED: refusal("A guard does not let this output switch on now.", "The answer says which guard and why."),
    Code.UNKNOWN_ACTUATOR: refusal("There is no such output.", "The outputs are those of the site file."),
    Code.UNKNOWN_ALARM: refusal("There is no such alarm, or it is over and was seen.", "Look at edgectl status."),
    Code.UNKNOWN_SCHEDULE: refusal("There is no such schedule.", "Look at edgectl schedule list: it names them."),
    Code.HOLD_NEEDS_AN_END: refusal("A hold needs an end within 14 days.", "Say how long it lasts."),
    Code.LOCK_NEEDS_A_REASON: refusal("A service lock says what is being done there.", "Say why."),
    Code.UNKNOWN_SENSOR: refusal("There is no such sensor.", "The sensors are those of the site file."),
    Code.NOT_TO_BE_CALIBRATED: refusal("This cannot be calibrated so, or not now.", "The answer says why."),
    Code.CALIBRATION_IMPLAUSIBLE: refusal(
        "The points make no probe that could be believed.", "Clean the probe, take fresh solution, and begin again."
    ),
    Code.CALIBRATION_DISAGREES: refusal(
        "The sensor reads otherwise than before it was taken out.",
        "Put it back into its place; if it is there, say --accept.",
    ),
    Code.RESET_IN_PERSON: refusal(
        "This part was released twice from afar within a day and failed again.",
        "Go there and look; then acknowledge it there: edgectl ack ALARM --here.",
    ),
    Code.UNKNOWN_SETTING: refusal(
        "The zone has no such setting, or nothing that it would move.", "The answer lists them."
    ),
    Code.VALUE_OUT_OF_RANGE: refusal("The value lies outside of what the setting takes.", "The answer says the range."),
    Code.OVERRIDE_NEEDS_AN_END: refusal("An override needs an end within 24 h.", "Say how long it lasts."),
    Code.UNKNOWN_REQUEST: refusal(
        "The centre asked for something that this site cannot be asked for.", "The answer lists what there is."
    ),
    Code.HELD_ON_SITE: refusal(
        "Somebody at the site put this on, and it is not released or changed from afar.",
        "Release it there: edgectl release, or edgectl override --end.",
    ),
    Code.LIMITS_REFUSED: refusal(
        "Limits from the centre were not taken; those before are still in force.",
        "The answer names the limit: it must be known, tighter than the site file, and leave room for its work.",
    ),
    Code.RAW_REFUSED: refusal(
        "Readings as they are read were not promised to the centre.",
        "The answer says how long and how many there may be.",
    ),
    Code.NOT_HELD: refusal("There is nothing to release.", "Look at edgectl status: it shows what is held or locked."),
    Code.DEVICE_IN_USE: refusal(
        "Something hangs on this device and is on, or was not seen off.",
        "Switch it off first; edgectl status shows it.",
    ),
    Code.ZONE_NOT_LOCKED: refusal(
        "A zone needs this device, and nothing keeps its tasks away while the device is being set.",
        "Lock the zone first, edgectl lock ZONE, and unlock it when the device is as it should be.",
    ),
    Code.TOO_MANY_TASKS: refusal(
        "Too many tasks of this zone have not begun yet.", "Wait until some have run, or cancel some."
    ),
    Code.NOT_TO_BE_SHELVED: refusal(
        "This alarm cannot be silenced for that long.", "Acknowledge it; others are shelved for 24 h at most."
    ),
    Code.ALREADY_LOCKED: refusal(
        "Somebody else has locked the zone and works there.", "Ask who it is; edgectl status says so."
    ),
    Code.LOCK_OF_ANOTHER: refusal(
        "Somebody else put the lock on; nobody takes it off under their hands.",
        "Ask them. If they are gone, an engineer looks that nobody is there, and then unlocks.",
    ),
    # an outside scheduler
    Code.AUTOMATION_NOT_READY: refusal("The controller cannot take orders from a scheduler yet.", "Ask again soon."),
    Code.PROTOCOL_NOT_SUPPORTED: refusal("The scheduler speaks another version of the protocol.", "Speak version 2."),
    Code.LEASE_NOT_FOUND: refusal("The heartbeat names a lease that is not known.", _LEASE),
    Code.SCHEDULER_BOOTSTRAP_REQUIRED: refusal("The scheduler has not introduced itself.", "Bootstrap first."),
    Code.SCHEDULER_LEASE_NOT_FOUND: refusal("The scheduler's lease is not known here.", _LEASE),
    Code.SCHEDULER_LEASE_MISMATCH: refusal("The lease belongs to another scheduler.", _LEASE),
    Code.SCHEDULER_LEASE_EXPIRED: refusal("The scheduler's lease ran out.", _LEASE),
}
