"""Why something ran, was skipped, or failed: the words that every kind of task shares."""

from edgectl.model.codes.code import Code
from edgectl.model.codes.meaning import Kind, Meaning, alarm, both, error, reason

_NEEDS = {
    "irrigation": ("The zone needs water now.", "The zone needs no water now."),
    "lighting": ("The lamp must change its state now.", "The lamp needs no change now."),
    "ventilation": ("The vents or fans must move now.", "The vents and fans may stay as they are."),
    "solution_change": ("The nutrient solution must be changed now.", "The nutrient solution may stay for now."),
    "mist": ("The air needs mist now.", "The air needs no mist now."),
    "diagnostics": ("The zone's tanks and devices must be looked after now.", "The zone's tanks need nothing now."),
    "dosing": ("The solution must be corrected now.", "The solution needs no correction now."),
    "climate": ("Heating or air must be adjusted now.", "The climate needs no adjustment now."),
    "circulate": ("The solution must be kept moving now.", "The solution need not move now."),
}
_REQUIRED = {task_type: Code(f"{task_type}_required") for task_type in _NEEDS}
_NOT_REQUIRED = {task_type: Code(f"{task_type}_not_required") for task_type in _NEEDS}


def required(task_type: str) -> Code:
    """`{type}_required`: the zone needs it. Raises KeyError for a type that edgectl does not know."""
    return _REQUIRED[task_type]


def not_required(task_type: str) -> Code:
    """`{type}_not_required`: the zone does not need it. Raises KeyError for a type that edgectl does not know."""
    return _NOT_REQUIRED[task_type]


REASONS: dict[Code, Meaning] = {
    **{required(task_type): reason(needed) for task_type, (needed, _) in _NEEDS.items()},
    **{not_required(task_type): reason(idle) for task_type, (_, idle) in _NEEDS.items()},
    # before anything runs
    Code.ALREADY_RUNNING: reason("Another task of this zone is running."),
    Code.OUTSIDE_WINDOW: reason("The zone allows this only at other hours.", "Look at the zone's windows."),
    Code.SAFETY_BLOCKED: both(
        "A stop, a lock-out or a guard forbids it.", "The timeline names the rule; remove its cause, then release it."
    ),
    Code.TARGET_ALREADY_MET: reason("What the task should bring about is so already."),
    Code.LIGHTING_ALREADY: reason("The lamp is in the wanted state already."),
    Code.LOW_WATER: reason("The source holds too little water.", "Fill the tank, or look why it is not filled."),
    Code.NODES_UNAVAILABLE: reason(
        "A device that the task needs does not answer.", "Check its power, cable and address."
    ),
    Code.WIND_BLOCKED: reason("Wind or rain, or a storm that is hardly over, keeps the vents shut or nearly so."),
    Code.OUTSIDE_TEMP_BLOCKED: reason("The air outside is too cold or too hot to let it in."),
    Code.CLIMATE_EXTERNAL_NODES_UNAVAILABLE: reason(
        "The weather outside cannot be read, so the vents keep to their cautious limit.", "Check the weather station."
    ),
    Code.LEVEL_UNAVAILABLE: both(
        "The level of the source cannot be read, so the pump stays off.", "Check the level sensor and its cable."
    ),
    Code.STALE: both("A reading that protects the pump is too old.", "Check the sensor and its bus."),
    Code.UNSUPPORTED: both(
        "The zone has not the parts that such a task needs.", "Add the parts to the zone's section of the site file."
    ),
    Code.HOLD: reason("A person holds the zone or the schedule.", "Release the hold, or wait until it ends by itself."),
    Code.BUDGET: reason("The allowance of water, doses or starts is used up for now."),
    # how a task ended, whatever its workflow
    Code.DUE_EXCEEDED: both(
        "The task could not start before it was due.", "If it happens often, give the schedule more queue_patience."
    ),
    Code.EXPIRED: both("The task came or waited past its expiry.", "Send it again with later times."),
    Code.EXECUTION_FAILED: both(
        "The task started and could not be carried out.", "The last lines of its timeline say what failed."
    ),
    Code.RECOVERED: both("The controller restarted in the middle; outputs were made safe and the task was ended."),
    Code.COPY_PUT_BACK: both(
        "It was open in the copy of the journal that was put back; it may have been done.",
        "Look at the plants and the tanks; it is not begun again.",
    ),
    Code.TASK_CANCELLED: both("Somebody cancelled the task."),
    Code.STOPPED: both("A person stopped it.", "Release the stop when it is safe; no task resumes by itself."),
    Code.EXECUTION_EXCEPTION: both(
        "The program itself failed in the middle of the task.",
        legacy="a mistake of the program makes the outputs safe and ends the process; the task then ends as"
        " `task_recovered_after_restart`",
    ),
    Code.COMMAND_BUS_UNAVAILABLE: both(
        "The bus to the devices is down, so no order can leave.", "Check the adapter, its cable and its power."
    ),
    Code.DIAGNOSTICS_SERVICE_UNAVAILABLE: both(
        "The service that looks after the tanks did not answer.",
        legacy="tank work is a workflow inside the controller; there is no such service to be missed",
    ),
    Code.MAPPING_NOT_FOUND: error(
        "No output of the zone is named for this kind of work.", "Name the output in the zone's section."
    ),
    Code.NO_ONLINE_NODES: error("Not one device of the zone answers.", "Check the power of the zone and its bus."),
    # the calendar
    Code.CATCHUP_SKIPPED: reason("Missed while the controller was off; the schedule's catch-up policy leaves it out."),
    Code.CATCHUP_RATE_LIMITED: reason("Many missed runs are being caught up, and this one has to wait its turn."),
    Code.SCHEDULE_BUSY: reason("The previous run of this schedule has not ended.", "Space the runs further apart."),
    Code.NOT_LEADER: reason("The other controller of the pair leads, so this one starts nothing."),
    Code.LEADER_RETRY_BACKOFF: reason("The lead could not be taken just now, and the next try is a little later."),
    Code.NOT_READY: Meaning(
        "The controller is not ready: outputs are being settled or the journal does not take entries.",
        frozenset({Kind.REASON, Kind.REFUSAL}),
        advice="Look at edgectl status, then try again.",
    ),
    Code.CLOCK_UNTRUSTED: alarm(
        "The wall clock could not be believed yet.",
        "Set the clock, or let it reach a time server; until then runs may come at the wrong hour.",
        Kind.REASON,
    ),
    Code.JOURNAL_LOST: alarm(
        "The journal had to be rebuilt, or is a copy that was put back, so what was missed is not repeated.",
        "Look at the tanks, then acknowledge; doses have a lock and an alarm of their own.",
        Kind.REASON,
    ),
}
