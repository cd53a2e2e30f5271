"""What work waits for and what kept a run, in words: the command line and the page say the same. Pure."""

# The rule that is in the way of a task that waits for its turn: until when it waits.
BEHIND = {
    "in_use": "until what is at work before it has ended",
    "min_off": "until its pump or lamp has rested",
    "power_return": "until it is its turn after the start",
    "max_open": "until others need less water",
    "restraint": "until somebody takes off what keeps it",
    "no_yes": "until a person lets it run",
    "storage": "until the disk takes entries",
}

# One code stands for whatever people put on: which of it that was.
WAS_KEPT = {
    "stop_all": "everything was stopped",
    "stop_water": "the water was stopped",
    "lock": "the zone was locked for service",
    "hold": "the zone, or the schedule, was held",
    "manual": "the zone was left to people alone",
}
