"""Every reason, error and event the engine may write: one enum, one sentence each."""

from enum import StrEnum


class Code(StrEnum):
    """A reason or an error. `SENTENCES` says each in words."""

    IRRIGATION_REQUIRED = "irrigation_required"
    LIGHTING_REQUIRED = "lighting_required"
    LIGHTING_ALREADY = "lighting_already_in_target_state"
    ALREADY_RUNNING = "already_running"
    SAFETY_BLOCKED = "safety_blocked"
    LOW_WATER = "low_water"
    LEVEL_UNAVAILABLE = "sensor_level_unavailable"
    STALE = "sensor_stale_detected"
    DUE_EXCEEDED = "task_due_deadline_exceeded"
    EXPIRED = "task_expired"
    EXECUTION_FAILED = "task_execution_failed"
    RECOVERED = "task_recovered_after_restart"
    FLOW_INACTIVE = "flow_inactive"
    NODES_UNAVAILABLE = "nodes_unavailable"
    UNSUPPORTED = "unsupported_workflow"
    CATCHUP_SKIPPED = "catchup_skipped"
    JOURNAL_LOST = "journal_lost"
    SCHEDULE_BUSY = "schedule_busy"
    CLOCK_UNTRUSTED = "clock_untrusted"
    STOPPED = "stopped_by_operator"
    NOT_CONFIRMED = "command_effect_not_confirmed"
    SEND_FAILED = "command_send_failed"
    TIMEOUT = "command_timeout"
    ERROR = "command_error"
    INVALID = "command_invalid"
    BUSY = "command_busy"
    NO_EFFECT = "command_no_effect"
    MISMATCH = "idempotency_payload_mismatch"
    NOT_READY = "not_ready"


SENTENCES: dict[Code, str] = {
    Code.IRRIGATION_REQUIRED: "The zone needs water now.",
    Code.LIGHTING_REQUIRED: "The lamp must change its state now.",
    Code.LIGHTING_ALREADY: "The lamp is in the wanted state already.",
    Code.ALREADY_RUNNING: "Another task of this zone is running.",
    Code.SAFETY_BLOCKED: "A stop, a lock-out or a guard forbids it.",
    Code.LOW_WATER: "The source holds too little water.",
    Code.LEVEL_UNAVAILABLE: "The level of the source cannot be read, so the pump stays off.",
    Code.STALE: "A reading that protects the pump is too old.",
    Code.DUE_EXCEEDED: "The task could not start before it was due.",
    Code.EXPIRED: "The task came or waited past its expiry.",
    Code.EXECUTION_FAILED: "The task started and could not be carried out.",
    Code.RECOVERED: "The controller restarted in the middle; outputs were made safe and the task was ended.",
    Code.FLOW_INACTIVE: "The pump ran and no water moved.",
    Code.NODES_UNAVAILABLE: "A device that the task needs does not answer.",
    Code.UNSUPPORTED: "The zone has not the parts that such a task needs.",
    Code.CATCHUP_SKIPPED: "Missed while the controller was off; the schedule's catch-up policy leaves it out.",
    Code.JOURNAL_LOST: "The journal had to be rebuilt, so what was missed is not repeated.",
    Code.SCHEDULE_BUSY: "The previous run of this schedule has not ended.",
    Code.CLOCK_UNTRUSTED: "The wall clock could not be believed yet.",
    Code.STOPPED: "A person stopped it.",
    Code.NOT_CONFIRMED: "The device took the order and the effect was not seen.",
    Code.SEND_FAILED: "The order could not be sent.",
    Code.TIMEOUT: "The device did not answer the order.",
    Code.ERROR: "The device reported an error.",
    Code.INVALID: "The device refused the order.",
    Code.BUSY: "The device was busy.",
    Code.NO_EFFECT: "The device took the order and nothing changed.",
    Code.MISMATCH: "The correlation id was used for a different task.",
    Code.NOT_READY: "The controller is not ready: outputs are being settled or the journal does not take entries.",
}
