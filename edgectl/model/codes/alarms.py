"""What calls a person. Each says what it means for the plants and what to do."""

from edgectl.model.codes.code import Code
from edgectl.model.codes.meaning import Meaning, alarm

_PROBES = "Check the probe in a reference solution, then the stock bottles."

ALARMS: dict[Code, Meaning] = {
    # the plants and their machines
    Code.BIZ_NO_FLOW: alarm(
        "A pump ran and no water was seen.", "Check the source, the suction filter and the valve, then acknowledge."
    ),
    Code.SCHEDULE_FAILED: alarm(
        "A scheduled run was not carried out.", "The task it names tells why; the next good run clears this."
    ),
    Code.FILL_OVERRUN: alarm(
        "A fill took all the time it may, and no float rose.",
        "Check the supply, the float and the floor around the tank, then acknowledge.",
    ),
    Code.DEVICE_WRITE_UNSEEN: alarm(
        "A setting of a device was being written as edgectl ended, and nobody saw the outcome.",
        "Look at which address it answers and what it holds, then acknowledge.",
    ),
    Code.FLOAT_PROOF_DUE: alarm(
        "An upper float has not moved for too long to be relied on.",
        "Lift it by hand and let it down again; edgectl has to see both.",
    ),
    Code.LEVEL_BY_BALANCE: alarm(
        "A level cannot be believed, and plants are watered on what is reckoned since it was seen.",
        "Look at the level sensor and its cable, and into the tank; a leak is not reckoned.",
    ),
    Code.LEVEL_BY_FLOAT: alarm(
        "A level cannot be believed, and a float speaks for it.", "Look at the level sensor and its cable."
    ),
    Code.BUS_SILENT: alarm(
        "No device on a bus answers.",
        "Check the adapter, the power of the bus and its cable; it is one fault, not many.",
    ),
    Code.WRONG_SCALE: alarm(
        "A device counts in other steps than its profile says: a clone. Nothing that it reads is believed.",
        "Write the profile that the alarm names in the site file; edgectl device identify shows what fits.",
    ),
    Code.CLIMATE_BLIND: alarm(
        "The temperature or the wind of a house cannot be seen.", "Look at the sensor and its cable."
    ),
    Code.HEATER_NO_GAIN: alarm(
        "The heating is on and it does not get warmer.",
        "Look at the heater, its fuel and its fuse, and for an open vent.",
    ),
    Code.FLOW_WITHOUT_ORDER: alarm(
        "A meter sees water while nothing is ordered on.",
        "Look for a valve that does not close or a pump that runs by hand.",
    ),
    Code.BIZ_OVERCURRENT: alarm("A motor draws too much current.", "Switch it off, look for what blocks it."),
    Code.BIZ_DRY_RUN: alarm("The source is so low that its pump would soon run dry.", "Fill the tank."),
    Code.BIZ_PUMP_STUCK_ON: alarm("A pump was ordered off and still runs.", "Cut its power, then check its relay."),
    Code.BIZ_HIGH_PH: alarm("The pH is above its band.", _PROBES),
    Code.BIZ_LOW_PH: alarm("The pH is below its band.", _PROBES),
    Code.BIZ_HIGH_EC: alarm("The EC is above its band.", _PROBES),
    Code.BIZ_LOW_WATER: alarm(
        "The tank that a pump draws from is nearly empty.", "Fill it, or look why it is not filled; look for a leak."
    ),
    Code.BIZ_LOW_EC: alarm("The EC is below its band.", _PROBES),
    Code.BIZ_HIGH_TEMP: alarm("It is too warm for the plants.", "Open the vents by hand if they stay shut."),
    Code.BIZ_LOW_TEMP: alarm("It is too cold for the plants.", "Check the heating and the vents."),
    Code.BIZ_HIGH_HUMIDITY: alarm("The air is too humid.", "Check vents and heating; wet leaves bring mould."),
    Code.BIZ_LOW_HUMIDITY: alarm("The air is too dry.", "Check the mist and the vents."),
    Code.BIZ_LIGHT_FAILURE: alarm(
        "The lamps should have been on and were not.", "Check the lamp, its relay and its fuse."
    ),
    Code.CIRCULATION_OFF: alarm(
        "Roots that live in moving water or air have been without it for longer than they bear.",
        "Water by hand now, then look at the pump, its power and its source.",
    ),
    Code.LIT_TOO_LONG: alarm(
        "A lamp was on for longer than its `max_on` allows.",
        "Look who switched it on, and at its relay; its next window lights it again.",
    ),
    Code.BIZ_NODE_OFFLINE: alarm(
        "A node of the zone is off the air, or no order to it can be signed.",
        "Check its power and its network; where its secret is missing or wrong the alarm says so.",
    ),
    Code.BIZ_CONFIG_ERROR: alarm(
        "What is asked for does not fit what the site file has, or what a device holds.",
        "Compare the schedule and the device's settings with the site file.",
    ),
    Code.CALENDAR_AHEAD: alarm(
        "The clock was far ahead and came back; the calendar goes on from now.",
        "Look at what was watered meanwhile, and why the clock was wrong.",
    ),
    Code.ZONE_THIRSTY: alarm(
        "The zone has gone without water for half of the longest time its plants bear.",
        "Look why nothing ran; water by hand if in doubt.",
    ),
    Code.FALLBACK_WATERING: alarm(
        "The zone is watered by its plain timer, because what should guide it is missing.",
        "Repair the sensor or schedule that is named.",
    ),
    Code.FROST_RISK: alarm(
        "The plants may freeze.", "Check the heating, shut the vents, release a stop that holds it."
    ),
    Code.CO2_HIGH: alarm(
        "There is more CO2 in the house than people may breathe.",
        "Go out, shut the gas by hand, and air the house before anybody enters.",
    ),
    Code.FLOW_LOW: alarm(
        "A zone gets far less water than its pump gave when it was commissioned.",
        "Look at the filter, the emitters and the pump; a run by time gives the plants less until then.",
    ),
    Code.FLOW_METER_SUSPECT: alarm(
        "The meter and the flow sensor of a pump do not agree, or the meter cannot be read.",
        "Clean or replace the meter; water is given by time meanwhile.",
    ),
    Code.TANK_MOVED: alarm(
        "A float rose or fell while everything was off.",
        "Look for a leak, and for a valve that does not close; the tank may run over or dry.",
    ),
    Code.PROBE_RESTLESS: alarm(
        "A probe jumps from one reading to the next and back.",
        "Look at its plug, its cable and what runs beside it; nothing is dosed on a jump.",
    ),
    Code.DOSING_LOCKED: alarm("Dosing is locked, because it could do harm.", "Find the cause, then release."),
    Code.DOSE_NO_EFFECT: alarm(
        "Doses were given and the solution hardly changed.", "Check the stock bottle, the hose and the pump."
    ),
    Code.OVERSHOOT_GUARD: alarm(
        "The pH left the range in which dosing is allowed at all.", "Measure by hand before anything is dosed."
    ),
    Code.PROBE_OUT_OF_WATER: alarm(
        "The probe reads as if it hung in the air.", "Put the probe back into the solution."
    ),
    Code.CALIBRATION_DUE: alarm("A probe or pump has not been calibrated for too long.", "Calibrate it."),
    Code.CALIBRATION_FORGOTTEN: alarm(
        "A sensor was taken out for calibration and not returned; its dosing stays held.", "Finish the calibration."
    ),
    # what is on, held or stopped
    Code.OUTPUT_MAY_BE_ON: alarm(
        "An output was ordered off and could not be seen off.",
        "Switch it off by hand, then check cable and power of its relay board.",
    ),
    Code.OUTPUT_LOCKOUT: alarm(
        "An output failed so often that it stays off until a person releases it.", "Find the cause, then release it."
    ),
    Code.ESTOP_OPEN: alarm(
        "An emergency stop is pressed, or its wire is broken.", "Find out why; its reset starts nothing by itself."
    ),
    Code.STOP_LATCHED: alarm(
        "A stop is still in force and the plants go without.", "Release it when it is safe; it is no emergency stop."
    ),
    Code.SERVICE_LOCK_REMINDER: alarm(
        "A service lock still keeps its outputs off.", "Ask its owner whether the work is done, then release it."
    ),
    # the controller itself
    Code.DEVICE_SILENT: alarm("A device or its bus does not answer.", "Check its power, cable and address."),
    Code.FOREIGN_MASTER: alarm(
        "Somebody else gives orders to the same devices; a wire that both ask on is left.",
        "Find the other master and unplug it, or take its right to give orders.",
    ),
    Code.STORAGE_DEGRADED: alarm(
        "The journal does not take entries, so nothing dangerous is switched on.",
        "Make room on the disk or change the card.",
    ),
    Code.STORAGE_TIGHT: alarm(
        "The disk is full, and only a reserve let the last entry through.", "Make room on the disk now."
    ),
    Code.OBSERVE_ONLY: alarm(
        "The controller restarted so often that it only watches; frost heating and aeration go on.",
        "Look in the log for the cause, then let it lead again.",
    ),
    Code.CENTRE_REJECTED: alarm(
        "The centre answers and says no.",
        "The message says what is wrong there; the house works on, and everything is kept until it is taken.",
    ),
    Code.PARITY_GAP: alarm(
        "What the centre holds of a day is not what this site holds.",
        "Run edgectl central parity: it names the lines.",
    ),
    Code.ALARM_UNTOLD: alarm(
        "An alarm could not be told to anybody's phone.",
        "Look at the list of services and at the network; until then look at the page yourself.",
    ),
    Code.CERTIFICATE_ENDS: alarm(
        "The certificate of the door to the network ends soon, has ended, or is of no use.",
        "Put right what the sentence names; else make a new one with `edgectl door renew`, and compare its fingerprint"
        " on each phone.",
    ),
    Code.ALARM_FLOOD: alarm(
        "So many alarms came at once that they are shown as one.", "Look for a cause they share: power, a bus, a tank."
    ),
}

# Told again after five minutes, and to others after fifteen: plants, a house or a person may come to harm meanwhile.
CRITICAL = frozenset(
    {
        Code.OUTPUT_MAY_BE_ON,
        Code.FLOW_WITHOUT_ORDER,
        Code.HEATER_NO_GAIN,
        Code.CLIMATE_BLIND,
        Code.BIZ_HIGH_TEMP,
        Code.BIZ_LOW_TEMP,
        Code.FROST_RISK,
        Code.CO2_HIGH,
        Code.OUTPUT_LOCKOUT,
        Code.FILL_OVERRUN,
        Code.OVERSHOOT_GUARD,
        Code.CIRCULATION_OFF,
        Code.ZONE_THIRSTY,
        Code.STORAGE_DEGRADED,
        Code.JOURNAL_LOST,
        Code.BUS_SILENT,
        Code.BIZ_NO_FLOW,
        Code.BIZ_DRY_RUN,
        Code.BIZ_PUMP_STUCK_ON,
        Code.BIZ_OVERCURRENT,
        Code.BIZ_LIGHT_FAILURE,
        Code.OBSERVE_ONLY,
    }
)
# Worth knowing, and nobody has to be woken for it.
LOW = frozenset(
    {
        Code.CALIBRATION_DUE,
        Code.SERVICE_LOCK_REMINDER,
        Code.STOP_LATCHED,
        Code.CLOCK_UNTRUSTED,
        Code.FALLBACK_WATERING,
        Code.CERTIFICATE_ENDS,
    }
)


def priority(code: str) -> str:
    """critical, high or low."""
    known = Code(code) if code in Code._value2member_map_ else None
    return "critical" if known in CRITICAL else "low" if known in LOW else "high"
