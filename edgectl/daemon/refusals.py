"""What a refusal means at a door: its HTTP status, and what to do next."""

HINTS = {
    "unknown_zone": "edgectl status names the zones",
    "unsupported_task_type": "the message lists the kinds there are",
    "payload_invalid": 'irrigation takes {"duration_s": 90} or {"volume_l": 5}, lighting {"on": true}',
    "not_to_be_shelved": "edgectl ack ALARM says that you have seen it",
    "too_many_tasks": "wait until some have run, or cancel some: edgectl tasks --preset open",
    "lock_needs_a_reason": "whoever finds the lock wants to know why it hangs there",
    "not_held": "edgectl status shows what is held or locked",
    "idempotency_payload_mismatch": "this correlation id belongs to a different task; use a new one",
    "unknown_actuator": "edgectl status names the outputs",
    "hold_needs_an_end": "say how long: more than 0 s and at most 14 days",
    "already_locked": "only who works there may release it: edgectl status says who",
    "unknown_alarm": "edgectl status names the alarms",
    "unknown_schedule": "edgectl schedule list names them",
    "schedule_busy": "wait for it, or end it: edgectl task cancel ID",
    "unknown_task": "it has ended already, or never was: edgectl tasks lists them",
    "busy": "try again in a moment",
}
HTTP = {
    "unknown_zone": 404,
    "unknown_actuator": 404,
    "unknown_alarm": 404,
    "unknown_schedule": 404,
    "schedule_busy": 409,
    "unknown_task": 404,
    "vetoed": 409,
    "already_locked": 409,
    "not_held": 409,
    "reset_in_person": 409,
    "too_many_tasks": 429,
    "busy": 503,
}
