"""What a refusal means at a door: its HTTP status, and what to do next."""

HINTS = {
    "unknown_zone": "edgectl status names the zones",
    "unsupported_task_type": "the message lists the kinds there are",
    "payload_invalid": 'irrigation takes {"duration_s": 90} or {"volume_l": 5}, lighting {"on": true}',
    "not_to_be_shelved": "edgectl ack ALARM says that you have seen it",
    "device_in_use": "switch it off first: edgectl channel OUTPUT off; for one that is out, without power: --follows",
    "zone_not_locked": "edgectl lock ZONE first, and edgectl unlock ZONE when it is done",
    "too_many_tasks": "wait until some have run, or cancel some: edgectl tasks --preset open",
    "lock_needs_a_reason": "whoever finds the lock wants to know why it hangs there",
    "not_held": "edgectl status shows what is held or locked",
    "idempotency_payload_mismatch": "this correlation id belongs to a different task; use a new one",
    "unknown_actuator": "edgectl status names the outputs",
    "hold_needs_an_end": "say how long: more than 0 s and at most 14 days",
    "already_locked": "edgectl status says who works there; the lock comes off when that person is out",
    "lock_of_another": "ask them; if they are gone: sudo edgectl unlock ZONE on the controller, after a look",
    "unknown_alarm": "edgectl status names the alarms",
    "unknown_schedule": "edgectl schedule list names them",
    "hold": "release the hold, or say that you know of it: edgectl schedule run-now NAME --anyway",
    "schedule_busy": "wait for it, or end it: edgectl task cancel ID",
    "unknown_task": "it has ended already, or never was: edgectl tasks lists them",
    "busy": "try again in a moment",
}
STILL_THERE = (
    "--follows is for the place of one that is dead, and {takes} is not: give a free address; or it was done already,"
    " and the new one answers there: edgectl bus scan shows it"
)
HTTP = {
    "unknown_zone": 404,
    "unknown_actuator": 404,
    "unknown_sensor": 404,
    "unknown_alarm": 404,
    "unknown_schedule": 404,
    "hold": 409,
    "schedule_busy": 409,
    "unknown_task": 404,
    "vetoed": 409,
    "already_locked": 409,
    "lock_of_another": 403,
    "not_held": 409,
    "device_in_use": 409,
    "zone_not_locked": 409,
    "reset_in_person": 409,
    "too_many_tasks": 429,
    "busy": 503,
}
