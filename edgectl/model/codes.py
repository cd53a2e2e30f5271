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
    IRRIGATION_NOT_REQUIRED = "irrigation_not_required"
    LIGHTING_NOT_REQUIRED = "lighting_not_required"
    VENTILATION_REQUIRED = "ventilation_required"
    VENTILATION_NOT_REQUIRED = "ventilation_not_required"
    SOLUTION_CHANGE_REQUIRED = "solution_change_required"
    SOLUTION_CHANGE_NOT_REQUIRED = "solution_change_not_required"
    MIST_REQUIRED = "mist_required"
    MIST_NOT_REQUIRED = "mist_not_required"
    DIAGNOSTICS_REQUIRED = "diagnostics_required"
    DIAGNOSTICS_NOT_REQUIRED = "diagnostics_not_required"
    DOSING_REQUIRED = "dosing_required"
    DOSING_NOT_REQUIRED = "dosing_not_required"
    CLIMATE_REQUIRED = "climate_required"
    CLIMATE_NOT_REQUIRED = "climate_not_required"
    CIRCULATE_REQUIRED = "circulate_required"
    CIRCULATE_NOT_REQUIRED = "circulate_not_required"
    REQUIRED_NODES_CHECKED = "required_nodes_checked"
    DOSE_BELOW_RESOLUTION = "dose_below_resolution"
    TARGET_ALREADY_MET = "target_already_met"
    TASK_CANCELLED = "task_cancelled"
    CORRECTIONS_NOT_ALLOWED = "corrections_not_allowed"
    OUTSIDE_WINDOW = "outside_window"
    CLEAN_FILL_STARTED = "clean_fill_started"
    CLEAN_FILL_IN_PROGRESS = "clean_fill_in_progress"
    CLEAN_FILL_COMPLETED = "clean_fill_completed"
    CLEAN_FILL_RETRY_STARTED = "clean_fill_retry_started"
    CLEAN_FILL_TIMEOUT = "clean_fill_timeout"
    CLEAN_TANK_NOT_FILLED_TIMEOUT = "clean_tank_not_filled_timeout"
    SOLUTION_FILL_STARTED = "solution_fill_started"
    SOLUTION_FILL_IN_PROGRESS = "solution_fill_in_progress"
    SOLUTION_FILL_COMPLETED = "solution_fill_completed"
    SOLUTION_FILL_TIMEOUT = "solution_fill_timeout"
    SOLUTION_TANK_NOT_FILLED_TIMEOUT = "solution_tank_not_filled_timeout"
    PREPARE_RECIRCULATION_STARTED = "prepare_recirculation_started"
    PREPARE_TARGETS_REACHED = "prepare_targets_reached"
    PREPARE_TARGETS_NOT_REACHED = "prepare_targets_not_reached"
    PREPARE_NPK_PH_TARGET_NOT_REACHED = "prepare_npk_ph_target_not_reached"
    TWO_TANK_LEVEL_STALE = "two_tank_level_stale"
    TWO_TANK_LEVEL_UNAVAILABLE = "two_tank_level_unavailable"
    TANK_REFILL_STARTED = "tank_refill_started"
    TANK_REFILL_IN_PROGRESS = "tank_refill_in_progress"
    TANK_REFILL_COMPLETED = "tank_refill_completed"
    TANK_REFILL_NOT_REQUIRED = "tank_refill_not_required"
    TANK_REFILL_REQUIRED = "tank_refill_required"
    CYCLE_START_REFILL_TIMEOUT = "cycle_start_refill_timeout"
    CYCLE_START_TANK_LEVEL_STALE = "cycle_start_tank_level_stale"
    CYCLE_START_TANK_LEVEL_UNAVAILABLE = "cycle_start_tank_level_unavailable"
    CYCLE_START_BLOCKED_NODES_UNAVAILABLE = "cycle_start_blocked_nodes_unavailable"
    IRRIGATION_RECOVERY_STARTED = "irrigation_recovery_started"
    IRRIGATION_RECOVERY_RECOVERED = "irrigation_recovery_recovered"
    IRRIGATION_RECOVERY_FAILED = "irrigation_recovery_failed"
    IRRIGATION_RECOVERY_DEGRADED = "irrigation_recovery_degraded"
    IRRIGATION_RECOVERY_ATTEMPTS_EXCEEDED = "irrigation_recovery_attempts_exceeded"


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
    Code.CLEAN_FILL_STARTED: "Clean water flows into the tank.",
    Code.CLEAN_FILL_IN_PROGRESS: "The tank is being filled with clean water.",
    Code.CLEAN_FILL_COMPLETED: "The tank is full of clean water.",
    Code.CLEAN_FILL_RETRY_STARTED: "The tank was not full in time; it is tried once more.",
    Code.CLEAN_FILL_TIMEOUT: "The tank did not get full in the time that a fill may take.",
    Code.CLEAN_TANK_NOT_FILLED_TIMEOUT: "The clean tank could not be filled.",
    Code.SOLUTION_FILL_STARTED: "The solution tank is being filled from the clean tank.",
    Code.SOLUTION_FILL_IN_PROGRESS: "Water is on its way into the solution tank.",
    Code.SOLUTION_FILL_COMPLETED: "The solution tank is full.",
    Code.SOLUTION_FILL_TIMEOUT: "The solution tank did not get full in time.",
    Code.SOLUTION_TANK_NOT_FILLED_TIMEOUT: "The solution tank could not be filled.",
    Code.PREPARE_RECIRCULATION_STARTED: "The solution is pumped round while it is corrected.",
    Code.PREPARE_TARGETS_REACHED: "pH and EC are where they should be.",
    Code.PREPARE_TARGETS_NOT_REACHED: "pH and EC did not come near enough to their targets in time.",
    Code.PREPARE_NPK_PH_TARGET_NOT_REACHED: "The solution could not be brought to its targets.",
    Code.TWO_TANK_LEVEL_STALE: "A float that ends the fill could not be read, so the flow was stopped.",
    Code.TWO_TANK_LEVEL_UNAVAILABLE: "The floats of a tank contradict each other: wet at the top, dry at the bottom.",
    Code.TANK_REFILL_STARTED: "The source is being topped up.",
    Code.TANK_REFILL_IN_PROGRESS: "Water flows into the source.",
    Code.TANK_REFILL_COMPLETED: "The source is full again.",
    Code.TANK_REFILL_NOT_REQUIRED: "The source is full enough.",
    Code.TANK_REFILL_REQUIRED: "The source needs water.",
    Code.CYCLE_START_REFILL_TIMEOUT: "The source did not get full in time.",
    Code.CYCLE_START_TANK_LEVEL_STALE: "The level of the source became too old, so the flow was stopped.",
    Code.CYCLE_START_TANK_LEVEL_UNAVAILABLE: "The level of the source cannot be read.",
    Code.CYCLE_START_BLOCKED_NODES_UNAVAILABLE: "A device that the cycle needs does not answer.",
    Code.IRRIGATION_RECOVERY_STARTED: "The solution is off its targets; it is pumped round and corrected.",
    Code.IRRIGATION_RECOVERY_RECOVERED: "The solution is back on its targets.",
    Code.IRRIGATION_RECOVERY_FAILED: "The solution did not come back to its targets.",
    Code.IRRIGATION_RECOVERY_DEGRADED: "The solution is near its targets, and watering goes on with it.",
    Code.IRRIGATION_RECOVERY_ATTEMPTS_EXCEEDED: "Every attempt to correct the solution has been used.",
    Code.IRRIGATION_NOT_REQUIRED: "Nothing had to be done: irrigation was not needed.",
    Code.LIGHTING_NOT_REQUIRED: "Nothing had to be done: lighting was not needed.",
    Code.VENTILATION_REQUIRED: "The vents must move now.",
    Code.VENTILATION_NOT_REQUIRED: "Nothing had to be done: ventilation was not needed.",
    Code.SOLUTION_CHANGE_REQUIRED: "The solution has to be changed.",
    Code.SOLUTION_CHANGE_NOT_REQUIRED: "Nothing had to be done: solution change was not needed.",
    Code.MIST_REQUIRED: "The air needs fog.",
    Code.MIST_NOT_REQUIRED: "Nothing had to be done: mist was not needed.",
    Code.DIAGNOSTICS_REQUIRED: "The devices have to be looked at.",
    Code.DIAGNOSTICS_NOT_REQUIRED: "Nothing had to be done: diagnostics was not needed.",
    Code.DOSING_REQUIRED: "The solution needs a dose.",
    Code.DOSING_NOT_REQUIRED: "Nothing had to be done: dosing was not needed.",
    Code.CLIMATE_REQUIRED: "The climate must be corrected.",
    Code.CLIMATE_NOT_REQUIRED: "Nothing had to be done: climate was not needed.",
    Code.CIRCULATE_REQUIRED: "The water must be kept moving.",
    Code.CIRCULATE_NOT_REQUIRED: "Nothing had to be done: circulate was not needed.",
    Code.REQUIRED_NODES_CHECKED: "Every device that the zone needs answers.",
    Code.DOSE_BELOW_RESOLUTION: "The dose would be smaller than the pump can give.",
    Code.TARGET_ALREADY_MET: "The target is met already.",
    Code.TASK_CANCELLED: "Somebody cancelled it.",
    Code.CORRECTIONS_NOT_ALLOWED: "Dosing is locked or held.",
    Code.OUTSIDE_WINDOW: "It may only run at other hours.",
}


def required(task_type: str) -> Code:
    """The reason of a task that had to run."""
    return Code(f"{task_type}_required")


def not_required(task_type: str) -> Code:
    """The reason of a task that had nothing to do."""
    return Code(f"{task_type}_not_required")
