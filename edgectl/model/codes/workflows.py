"""Why a workflow of the tanks and the solution went on, stopped or gave up."""

from edgectl.model.codes.code import Code
from edgectl.model.codes.meaning import Meaning, both, error, reason

_INSIDE = "a workflow waits inside its running task; nothing is put into a queue that could refuse it"
_LEVEL = "Check the level sensor and its cable."
_FILL = "Check the supply, the valve and the floats."

WORKFLOWS: dict[Code, Meaning] = {
    # one tank
    Code.REQUIRED_NODES_CHECKED: reason("All devices that the refill needs answer."),
    Code.TANK_LEVEL_CHECKED: reason("The level of the tank was read and can be believed."),
    Code.TANK_REFILL_REQUIRED: reason("The tank is not full enough and must be filled."),
    Code.TANK_REFILL_STARTED: reason("The filling of the tank began."),
    Code.TANK_REFILL_IN_PROGRESS: reason("The tank is being filled."),
    Code.TANK_REFILL_COMPLETED: reason("The tank is full."),
    Code.TANK_REFILL_NOT_REQUIRED: reason("The tank is full enough already."),
    Code.CYCLE_START_BLOCKED_NODES_UNAVAILABLE: reason(
        "The cycle cannot begin, because a device that it needs does not answer.", "Check its power, cable and address."
    ),
    Code.CYCLE_START_REQUIRED_NODES_UNAVAILABLE: error(
        "The cycle did not begin: the devices that it needs did not answer in time.", "Check their power and bus."
    ),
    Code.CYCLE_START_TANK_LEVEL_UNAVAILABLE: both("The level of the tank cannot be read before the cycle.", _LEVEL),
    Code.CYCLE_START_TANK_LEVEL_STALE: both("The last level of the tank is too old to begin the cycle.", _LEVEL),
    Code.CYCLE_START_REFILL_TIMEOUT: both("The tank did not become full in the time it should take.", _FILL),
    Code.CYCLE_START_REFILL_NODE_NOT_FOUND: error(
        "The zone has no valve or pump that fills its tank.", "Name the fill valve in the zone's section."
    ),
    Code.CYCLE_START_REFILL_COMMAND_FAILED: both(
        "The order to fill the tank failed.", "The command says how it ended."
    ),
    Code.CYCLE_START_SELF_TASK_ENQUEUE_FAILED: both("The next look at the tank could not be queued.", legacy=_INSIDE),
    # two tanks
    Code.CLEAN_FILL_STARTED: reason("The clean-water tank is beginning to fill."),
    Code.CLEAN_FILL_IN_PROGRESS: reason("The clean-water tank is filling."),
    Code.CLEAN_FILL_COMPLETED: reason("The clean-water tank is full."),
    Code.CLEAN_FILL_TIMEOUT: reason("The clean-water tank did not fill in time.", _FILL),
    Code.FILL_VOLUME_REACHED: both(
        "A fill let in all the water that it may, and the tank did not show full.",
        "Look at the floor around the tank and at the upper float before you acknowledge the alarm.",
    ),
    Code.CLEAN_FILL_RETRY_STARTED: reason("The clean-water tank did not fill in time and is filled once more."),
    Code.CLEAN_TANK_NOT_FILLED_TIMEOUT: error("The clean-water tank did not fill, also at the second try.", _FILL),
    Code.SOLUTION_FILL_STARTED: reason("The solution tank is beginning to fill."),
    Code.SOLUTION_FILL_IN_PROGRESS: reason("The solution tank is filling."),
    Code.SOLUTION_FILL_COMPLETED: reason("The solution tank is full."),
    Code.SOLUTION_FILL_TIMEOUT: reason("The solution tank did not fill in its time.", _FILL),
    Code.SOLUTION_TANK_NOT_FILLED_TIMEOUT: error("The solution tank was given up: it did not fill in time.", _FILL),
    Code.IRRIGATION_FILL_STARTED: reason("The tank that the plants drink from is beginning to fill."),
    Code.IRRIGATION_FILL_IN_PROGRESS: reason("The tank that the plants drink from is filling."),
    Code.IRRIGATION_FILL_COMPLETED: reason("The tank that the plants drink from is full."),
    Code.IRRIGATION_FILL_TIMEOUT: reason("The tank that the plants drink from did not fill in its time.", _FILL),
    Code.IRRIGATION_TANK_NOT_FILLED_TIMEOUT: error(
        "The tank that the plants drink from was given up: it did not fill in time.", _FILL
    ),
    Code.PREPARE_RECIRCULATION_STARTED: reason("The solution circulates while it is brought to its pH and EC."),
    Code.PREPARE_TARGETS_REACHED: reason("The solution has its pH and EC."),
    Code.PREPARE_TARGETS_NOT_REACHED: reason("The solution did not come to its pH and EC in time."),
    Code.PREPARE_NPK_PH_TARGET_NOT_REACHED: error(
        "The solution was given up: its pH or EC stayed off the target.", "Check the stock bottles, pumps and probes."
    ),
    Code.TWO_TANK_LEVEL_UNAVAILABLE: both("A float of the two tanks cannot be read.", "Check the float and its cable."),
    Code.TWO_TANK_LEVEL_STALE: both("The last reading of a float of the two tanks is too old.", "Check its device."),
    Code.TWO_TANK_COMMAND_FAILED: both(
        "A valve or pump of the two tanks did not obey.", "The command says how it ended."
    ),
    Code.TWO_TANK_CHANNEL_NOT_FOUND: error(
        "The zone lacks a valve, pump or float that two tanks need.", "Name the part in the zone's section."
    ),
    Code.TWO_TANK_ENQUEUE_FAILED: error("The next look at the two tanks could not be queued.", legacy=_INSIDE),
    # correction
    Code.IRRIGATION_RECOVERY_STARTED: reason("Watering stopped and the solution circulates to be corrected."),
    Code.IRRIGATION_RECOVERY_RECOVERED: reason("The solution is back on its target and watering may go on."),
    Code.IRRIGATION_RECOVERY_FAILED: reason("The solution could not be brought back to its target."),
    Code.IRRIGATION_RECOVERY_DEGRADED: reason(
        "The solution is not on its target, yet near enough to water with it.", "Check the stock bottles and probes."
    ),
    Code.IRRIGATION_RECOVERY_ATTEMPTS_EXCEEDED: error(
        "The solution was corrected as often as allowed and is still off.", "Check the stock bottles, pumps and probes."
    ),
    Code.ONLINE_CORRECTION_FAILED: reason("The solution could not be corrected while it was watering."),
    Code.TANK_TO_TANK_CORRECTION_STARTED: reason("The solution goes round between the tanks while it is corrected."),
    Code.MISSING_FLAGS: reason(
        "A probe's reading does not come with what a correction needs: it is absent, too old or too poor.",
        "Look at the probe, its cable and its calibration.",
    ),
    Code.FLOW_INACTIVE: both(
        "Water should move there and none does.", "Check the source, the suction filter and the valve."
    ),
    Code.SENSOR_UNSTABLE: reason("The probe has not settled, so nothing is dosed by it."),
    Code.CORRECTIONS_NOT_ALLOWED: reason(
        "Dosing is locked, so the solution is left as it is.", "The alarm of the zone says why; acknowledge it."
    ),
    Code.GATING_PASSED: reason("The water moves, the probes are at rest and nothing is locked: it may be corrected."),
    Code.DOSE_BELOW_RESOLUTION: reason("The dose would be smaller than the pump can measure, so none is given."),
}
