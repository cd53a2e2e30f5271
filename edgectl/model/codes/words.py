"""Words beside the codes: why a reading is missing, and what a person has put on. Each has its sentence too."""

from collections.abc import Mapping

from edgectl.model.channel import Absence
from edgectl.model.inputs import Mode, Restraint

Told = tuple[str, str]  # what it means, what to do

ABSENCES: Mapping[Absence, Told] = {
    Absence.NEVER_READ: ("The sensor has not been read since the start.", "Look whether its device answers."),
    Absence.STALE: ("The last reading is older than `max_age`.", "Look whether its device and its bus answer."),
    Absence.NOT_A_NUMBER: (
        "The device answered with something that it cannot mean: outside of its profile's range, or no number.",
        "`edgectl bus monitor BUS` shows the bytes and the reason; probe, cable, or another kind of device.",
    ),
    Absence.OUT_OF_RANGE: (
        "The value lies outside of `range` in the site file.",
        "Look at the probe, then at `scale`.",
    ),
    Absence.FROM_THE_FUTURE: ("The reading bears a time that has not come.", "Restart; report it if it comes back."),
    Absence.FROZEN: ("The value has not changed by the smallest step for `frozen_after`.", "The probe may be dead."),
    Absence.DISAGREES: ("The probes of the sensor contradict each other.", "Find the one that lies; look at each."),
    Absence.IN_CALIBRATION: ("Somebody calibrates the sensor.", "`edgectl calibrate cancel SENSOR` gives it back."),
    Absence.LOW_QUALITY: (
        "There is a value, and it is not good enough for what it is wanted for.",
        "`edgectl status` says what weakens it: freshness, rate, noise, agreement or calibration.",
    ),
    Absence.WARMING_UP: (
        "The device has spoken for too short a time: its numbers mean nothing yet.",
        "Wait; its profile says how long. One that warms up again and again loses its supply.",
    ),
    Absence.WRONG_SCALE: (
        "The value is impossible under the profile of the site file, and possible under that of a clone.",
        "The alarm of the same name says which; write that profile, or exchange the device.",
    ),
}
PUT_ON: Mapping[Restraint | Mode, Told] = {
    Restraint.STOP_WATER: ("Pumps, valves and dosing of the whole site are stopped.", "`edgectl resume` releases it."),
    Restraint.LOCK: (
        "Somebody works in the zone: no source may order anything there, and it never ends by itself.",
        "Who put it on takes it off: `edgectl unlock ZONE`; an engineer may, after a look.",
    ),
    Restraint.HOLD: ("No scheduled work in the zone for a while.", "It ends by itself, or by `edgectl release ZONE`."),
    Mode.AUTO: ("Schedules start the work of the zone.", "`edgectl mode ZONE semi` or `manual` changes that."),
    Mode.SEMI: ("Each task of the zone is proposed, and a person releases it.", "`edgectl task approve ID` does."),
    Mode.MANUAL: (
        "The zone does only what people order; wind and rain still shut its vents.",
        "`edgectl mode ZONE auto` gives it back to its schedules.",
    ),
}
WORDS: Mapping[str, tuple[str, Told]] = {
    **{word.value: ("missing reading", told) for word, told in ABSENCES.items()},
    **{word.value: ("put on by a person", told) for word, told in PUT_ON.items()},
}
