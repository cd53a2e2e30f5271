"""The dictionary is complete, spelled as the contract spells it, and the page says what the program does."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgectl.cli.codes import explain
from edgectl.model.channel import Absence
from edgectl.model.codes import MEANINGS, SENTENCES, Code, Kind, error_of, not_required, required
from edgectl.model.codes.page import page
from edgectl.model.codes.words import ABSENCES, PUT_ON
from edgectl.model.command import CommandState
from edgectl.model.events import HAPPENINGS, Event
from edgectl.model.inputs import Mode, Restraint

ROOT = Path(__file__).parent.parent.parent
SPOKEN = {path: path.read_text() for path in sorted((ROOT / "edgectl" / "engine").rglob("*.py"))}

TYPES = (
    "irrigation",
    "lighting",
    "ventilation",
    "solution_change",
    "mist",
    "diagnostics",
    "dosing",
    "climate",
    "circulate",
)
CONTRACT = {
    Kind.REASON: """
        already_running outside_window safety_blocked target_already_met lighting_already_in_target_state low_water
        nodes_unavailable wind_blocked outside_temp_blocked climate_external_nodes_unavailable sensor_level_unavailable
        sensor_stale_detected task_due_deadline_exceeded task_expired command_bus_unavailable execution_exception
        task_execution_failed task_recovered_after_restart required_nodes_checked tank_level_checked
        tank_refill_required tank_refill_started tank_refill_in_progress tank_refill_completed
        tank_refill_not_required cycle_start_blocked_nodes_unavailable cycle_start_tank_level_unavailable
        cycle_start_tank_level_stale cycle_start_refill_timeout cycle_start_refill_command_failed
        cycle_start_self_task_enqueue_failed clean_fill_started clean_fill_in_progress clean_fill_completed
        clean_fill_timeout clean_fill_retry_started solution_fill_started solution_fill_in_progress
        solution_fill_completed solution_fill_timeout prepare_recirculation_started prepare_targets_reached
        prepare_targets_not_reached irrigation_recovery_started irrigation_recovery_recovered
        irrigation_recovery_failed irrigation_recovery_degraded online_correction_failed
        tank_to_tank_correction_started diagnostics_service_unavailable unsupported_workflow missing_flags
        flow_inactive sensor_unstable corrections_not_allowed gating_passed catchup_skipped journal_lost schedule_busy
        not_leader leader_retry_backoff not_ready catchup_rate_limited clock_untrusted hold budget
        dose_below_resolution""",
    Kind.ERROR: """
        task_due_deadline_exceeded task_expired task_recovered_after_restart command_bus_unavailable
        execution_exception task_execution_failed command_publish_failed command_send_failed command_timeout
        command_error command_invalid command_busy command_no_effect command_tracker_unavailable
        command_effect_not_confirmed mapping_not_found no_online_nodes cycle_start_required_nodes_unavailable
        cycle_start_tank_level_unavailable cycle_start_tank_level_stale cycle_start_refill_timeout
        cycle_start_refill_node_not_found cycle_start_refill_command_failed cycle_start_self_task_enqueue_failed
        clean_tank_not_filled_timeout solution_tank_not_filled_timeout two_tank_level_unavailable
        two_tank_level_stale two_tank_command_failed two_tank_enqueue_failed two_tank_channel_not_found
        prepare_npk_ph_target_not_reached irrigation_recovery_attempts_exceeded diagnostics_service_unavailable
        unsupported_workflow task_cancelled stopped_by_operator""",
    Kind.REFUSAL: """
        due_at_required_or_invalid expires_at_required_or_invalid scheduled_for_invalid
        expires_at_must_be_after_due_at due_at_must_be_gte_scheduled_for correlation_id_required_or_invalid
        unsupported_task_type idempotency_payload_mismatch not_ready unknown_zone payload_invalid expires_at_invalid
        expires_at_is_in_the_past expires_at_before_scheduled_for automation_not_ready protocol_not_supported
        lease_not_found scheduler_bootstrap_required scheduler_lease_not_found scheduler_lease_mismatch
        scheduler_lease_expired""",
    Kind.NODE: """
        invalid_hmac_format invalid_signature timestamp_expired invalid_command_format invalid_json
        current_not_detected missing_duration pump_queue_full pump_interlock_blocked node_not_activated
        unsupported_channel_cmd estop_active""",
    Kind.ALARM: """
        biz_no_flow biz_overcurrent biz_dry_run biz_pump_stuck_on biz_high_ph biz_low_ph biz_high_ec biz_low_ec
        biz_high_temp biz_low_temp biz_high_humidity biz_low_humidity biz_light_failure biz_node_offline
        biz_config_error output_may_be_on flow_meter_suspect foreign_master storage_degraded storage_tight
        device_silent clock_untrusted journal_lost zone_thirsty fallback_watering dosing_locked dose_no_effect
        overshoot_guard probe_out_of_water service_lock_reminder stop_latched output_lockout calibration_due
        calibration_forgotten estop_open frost_risk observe_only alarm_flood heater_no_gain""",
}
EVENTS = """
    TASK_RECEIVED TASK_STARTED DECISION_MADE COMMAND_DISPATCHED COMMAND_FAILED COMMAND_TIMEOUT
    COMMAND_EFFECT_NOT_CONFIRMED TASK_FINISHED SCHEDULE_TASK_ACCEPTED SCHEDULE_TASK_COMPLETED SCHEDULE_TASK_FAILED
    SCHEDULE_TASK_EXECUTION_STARTED SCHEDULE_TASK_EXECUTION_FINISHED DIAGNOSTICS_SERVICE_UNAVAILABLE
    SELF_TASK_ENQUEUED SELF_TASK_DISPATCHED SELF_TASK_DISPATCH_RETRY_SCHEDULED SELF_TASK_DISPATCH_FAILED
    SELF_TASK_EXPIRED CYCLE_START_INITIATED NODES_AVAILABILITY_CHECKED TANK_LEVEL_CHECKED TANK_LEVEL_STALE
    TANK_REFILL_STARTED TANK_REFILL_COMPLETED TANK_REFILL_TIMEOUT TWO_TANK_STARTUP_INITIATED CLEAN_FILL_STARTED
    CLEAN_FILL_COMPLETED CLEAN_FILL_RETRY_STARTED SOLUTION_FILL_STARTED SOLUTION_FILL_COMPLETED
    PREPARE_TARGETS_REACHED IRRIGATION_ONLINE_CORRECTION_FAILED ALARM_SHELVED ALARM_ESCALATED LOCK_SET LOCK_RELEASED
    HOLD_SET HOLD_ENDED OVERRIDE_SET OVERRIDE_ENDED MODE_CHANGED DOSE_PLANNED DOSE_DONE DOSE_SKIPPED DOSING_LOCKED
    STAGE_ENTERED STAGE_LEFT STOP_WATER ESTOP_OPENED ESTOP_CLOSED CALIBRATED FALLBACK_STARTED OBSERVE_ONLY"""


@pytest.mark.parametrize("kind", Kind)
def test_each_code_of_the_contract_is_known_for_what_it_is(kind: Kind) -> None:
    for word in CONTRACT[kind].split():
        assert kind in MEANINGS[Code(word)].kinds, word


def test_each_event_of_the_contract_is_known() -> None:
    assert {Event(word) for word in EVENTS.split()} <= set(HAPPENINGS)


def test_each_type_of_task_has_its_two_reasons() -> None:
    for task_type in TYPES:
        assert required(task_type) == f"{task_type}_required"
        assert not_required(task_type) == f"{task_type}_not_required"
        assert {Kind.REASON} == MEANINGS[required(task_type)].kinds == MEANINGS[not_required(task_type)].kinds
    for unknown in ("tank_refill", "scheduler_bootstrap"):
        with pytest.raises(KeyError):
            required(unknown)


def test_each_code_and_event_has_one_sentence_of_its_own() -> None:
    assert list(MEANINGS) == list(SENTENCES) == list(Code)
    assert set(HAPPENINGS) == set(Event)
    sentences = [*SENTENCES.values(), *(told.sentence for told in HAPPENINGS.values())]
    assert all(re.fullmatch(r"[A-Z].*[^.]\.", sentence) for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


def test_who_is_called_is_told_what_to_do() -> None:
    for code, meaning in MEANINGS.items():
        assert meaning.kinds, code
        assert meaning.advice is None or re.fullmatch(r"[A-Z].*[^.]\.", meaning.advice), code
        assert meaning.advice or not meaning.kinds & {Kind.ALARM, Kind.REFUSAL, Kind.NODE}, code


def test_a_command_that_ended_otherwise_was_not_confirmed() -> None:
    named = {"SEND_FAILED", "TIMEOUT", "ERROR", "INVALID", "BUSY", "NO_EFFECT"}
    for state in CommandState:
        word = f"command_{state.lower()}" if state in named else "command_effect_not_confirmed"
        assert error_of(state) == word


def test_nobody_says_what_only_the_predecessor_needed() -> None:
    legacy = {code for code, meaning in MEANINGS.items() if meaning.legacy}
    assert {
        "cycle_start_self_task_enqueue_failed",
        "two_tank_enqueue_failed",
        "command_tracker_unavailable",
        "command_publish_failed",
    } <= legacy
    words = [rf"\bCode\.{code.name}\b|[\"']{code.value}[\"']" for code in legacy]
    words += [rf"\bEvent\.{event}\b|[\"']{event}[\"']" for event, told in HAPPENINGS.items() if told.legacy]
    for path, text in SPOKEN.items():
        assert not re.findall("|".join(words), text), path


def test_what_the_engine_writes_is_in_the_dictionary() -> None:
    text = "\n".join(SPOKEN.values())
    events = set(re.findall(r"\.note\(\s*\"(\w+)\"", text)) | set(re.findall(r"\"(COMMAND_\w+)\"", text))
    assert len(events) > 20
    assert events <= {event.value for event in Event}
    alarms = set(re.findall(r"\.(?:alert|calm)\(\s*\"(\w+)\"", text))
    assert len(alarms) > 5
    named = set(re.findall(r"\.(?:alert|calm)\(\s*(?:Code\.)?([A-Z]\w+)", text))
    assert all(Kind.ALARM in MEANINGS[Code[name]].kinds for name in named), "an alarm is a word or a member of Code"
    assert all(Kind.ALARM in MEANINGS[Code(alarm)].kinds for alarm in alarms)
    refusals = [found for found in re.findall(r"def _?refusal\(.*?\n\n\n", text, re.S) if found]
    assert len(refusals) >= 2
    words = {word for found in refusals for word in re.findall(r"return \"(\w+)\"", found)}
    assert len(words) > 8
    assert all(Kind.REFUSAL in MEANINGS[Code(word)].kinds for word in words)


def test_the_page_is_fresh() -> None:
    assert (ROOT / "docs" / "codes.md").read_text() == page(), "python -m edgectl.model.codes > docs/codes.md"
    assert "|" not in "".join([*SENTENCES.values(), *(meaning.advice or "" for meaning in MEANINGS.values())])


def test_a_code_is_explained() -> None:
    told = CliRunner().invoke(explain, ["biz_no_flow:main_pump"])
    assert told.exit_code == 0
    assert told.output.splitlines() == [
        "biz_no_flow: A pump ran and no water was seen.",
        "  kind  alarm",
        "  do    Check the source, the suction filter and the valve, then acknowledge.",
    ]
    raw = CliRunner().invoke(explain, ["command_publish_failed", "--json"])
    said = json.loads(raw.output)
    assert set(said) == {"code", "sentence", "kinds", "advice", "legacy"}
    assert (said["kinds"], bool(said["legacy"])) == (["error"], True)


def test_an_event_is_not_the_code_of_the_same_letters() -> None:
    event, code = (
        CliRunner().invoke(explain, [word]).output for word in ("TANK_REFILL_STARTED", "tank_refill_started")
    )
    assert "kind  event" in event
    assert "kind  reason" in code


def test_why_a_reading_is_missing_and_what_a_person_put_on_are_explained() -> None:
    assert set(ABSENCES) == set(Absence)
    assert set(PUT_ON) == {*Restraint, *Mode}
    told = CliRunner().invoke(explain, ["not_a_number"])
    assert told.exit_code == 0
    assert "  kind  missing reading\n" in told.output
    assert "Somebody works in the zone" in CliRunner().invoke(explain, ["lock"]).output
    assert "kind  alarm" in CliRunner().invoke(explain, ["wrong_scale:air"]).output, "the alarm says what to do"


def test_a_word_that_nobody_says_brings_the_nearest_ones() -> None:
    told = CliRunner().invoke(explain, ["low_watre"])
    assert told.exit_code == 2
    assert "did you mean low_water" in told.output
    assert CliRunner().invoke(explain, ["zzzzzzzz"]).exit_code == 2
