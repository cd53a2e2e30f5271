"""What `status`, `task show` and `schedule skipped` say: who holds what, why, until when; what was missed, and why."""

from typing import Any

import pytest

from edgectl.cli import needs, skipped, tasks, words
from edgectl.cli.schedule import sentences
from edgectl.cli.status import lines, restraint, vent
from edgectl.cli.words import speak_of

NOW = "2026-06-01T06:00:00.000Z"
LATER = "2026-06-02T07:30:00.000Z"


@pytest.fixture(autouse=True)
def at_the_site() -> None:
    speak_of("Europe/Berlin")


def house(**more: Any) -> dict[str, Any]:
    calm: dict[str, Any] = {
        "site": {"name": "North house"},
        "now": NOW,
        "up_s": 7200.0,
        "clock": "synced",
        "ready": True,
        "stopped": False,
        "not_ready_because": [],
        "centre": None,
    }
    return (
        calm
        | {name: [] for name in ("restraints", "zones", "readings", "next", "buses", "proposed", "alarms")}
        | {
            "outputs": [],
            **more,
        }
    )


def put_on(what: str, **more: Any) -> dict[str, Any]:
    row = {"what": what, "zone": "beds", "who": "Ana", "why": "sowing", "since": NOW, "until": LATER}
    return row | {"schedule": "morning", "setting": "vent", "value": 30.0} | more


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            put_on("pause"),
            "schedule morning is held until Tue 02 Jun 09:30:00 by Ana (sowing); edgectl schedule release morning",
        ),
        (put_on("hold"), "beds is held until Tue 02 Jun 09:30:00 by Ana (sowing)"),
        (
            put_on("lock", until=None),
            "beds is locked: Ana works there (sowing) since Mon 01 Jun 08:00:00, until it is taken off:"
            " edgectl unlock beds",
        ),
        (put_on("override", setting="dosing"), "nothing is dosed in beds until Tue 02 Jun 09:30:00 by Ana (sowing)"),
        (put_on("override"), "vent of beds is set to 30 until Tue 02 Jun 09:30:00 by Ana (sowing)"),
    ],
    ids=["schedule", "zone", "lock", "dosing", "override"],
)
def test_what_is_put_on_says_who_why_and_until_when(row: dict[str, Any], says: str) -> None:
    assert restraint(row) == says
    assert f"  {says}" in lines(house(restraints=[row]))


@pytest.mark.parametrize(
    ("kept", "keeper", "says"),
    [
        (
            "hold",
            {"who": "Ben", "why": "roof", "until": LATER},
            "its zone is held until Tue 02 Jun 09:30:00 (Ben, roof)",
        ),
        ("lock", {"who": "Ben", "why": "roof", "until": None}, "somebody works in its zone"),
        ("manual", {"who": "Ben", "why": "manual", "until": None}, "its zone is in manual mode"),
    ],
)
def test_a_schedule_says_who_keeps_it(kept: str, keeper: dict[str, Any], says: str) -> None:
    row = {"held_until": None, "kept": kept, "keeper": keeper, "skipped": None}
    (told,) = sentences(row)
    assert told.startswith(says)
    assert "(Ben" in told


def test_a_schedule_that_is_held_twice_tells_its_own_hold_and_not_the_word_again() -> None:
    row = {"held_until": LATER, "held_by": "Ana", "held_why": "sowing", "kept": "hold", "keeper": None, "skipped": None}
    assert sentences(row) == ["held until Tue 02 Jun 09:30:00 by Ana (sowing)"]


def test_an_output_that_did_not_move_and_a_probe_need_somebody() -> None:
    tried = {"at": NOW, "who": "Ana", "moved": False}
    outputs = [
        {"output": "pump", "tried": tried, "ends_at": None, "closing": False, "on": False, "locked_out": False},
        {"output": "valve", "tried": tried | {"moved": True}, "ends_at": None, "closing": False, "on": False}
        | {"locked_out": False},
    ]
    probe = {"sensor": "ph", "value": 6.1, "unit": "pH", "age_s": 1.0, "quality": 1.0, "weakest": "", "in_hands": None}
    probe["calibrate_every_s"] = 2592000.0
    due = probe | {"calibration": {"due": "2026-06-03T06:00:00.000Z"}}
    later = probe | {"sensor": "ec", "calibration": {"due": "2026-06-13T06:00:00.000Z"}}
    held = probe | {"sensor": "do", "calibration": None, "in_hands": {"who": "Ben", "since": NOW}}
    usual = due | {"sensor": "usual", "calibrate_every_s": None}
    told = [row[2] for row in needs.needs(house(outputs=outputs, readings=[due, later, held, usual]))]
    assert told == [
        "ph calibration due in 2 d",
        "do is in calibration since Mon 08:00:00 by Ben: finish it, or edgectl calibrate cancel do",
        "pump did not move when Ana pressed it on Mon 01 Jun 08:00:00: edgectl press pump",
    ]


MISSED = {
    "zone": "beds",
    "schedule": "morning",
    "task_type": "irrigation",
    "task_id": "st-1",
    "status": "failed",
    "scheduled_for": "2026-06-01T04:00:00.000Z",
    "reason_code": "low_water",
    "reason": "There is too little water in the source.",
    "why": "tank_level shows 12 %: it must be above 15",
    "attempts": 10,
    "folded": 1,
}


def test_what_was_missed_says_when_and_why() -> None:
    left_out = {**MISSED, "status": None, "task_type": None, "task_id": None, "attempts": 0, "reason_code": "hold"}
    left_out |= {"why": "hold", "folded": 3}
    told = "\n".join(lines(house(missed=[MISSED, left_out])))
    assert (
        "Mon 06:00:00  irrigation failed: low_water after 10 attempts (tank_level shows 12 %: it must be above 15);"
        " edgectl task show st-1" in told
    )
    assert "Mon 06:00:00  morning left out: the zone, or the schedule, was held, 3 runs" in told
    stopped = left_out | {"why": "stop_all", "who": "Ana"}
    assert "morning left out: everything was stopped, by Ana, 3 runs" in "\n".join(lines(house(missed=[stopped])))
    assert skipped.row(stopped)[3] == "everything was stopped, by Ana"
    assert skipped.row(MISSED | {"why": "hold"})[3].startswith("low_water: There is too little water")


def test_a_run_that_gave_part_of_its_water_was_cut_short() -> None:
    rows = needs.missed([MISSED, MISSED | {"effect": "partial"}, MISSED | {"effect": "none"}])
    assert [row[0] for row in rows] == ["missed", "cut short", "missed"]


def running(**more: Any) -> dict[str, Any]:
    task = {"task_type": "irrigation", "stage": "water", "phase": "hold", "for_s": 41.2, "duration_s": 90, "attempt": 0}
    return {"zone": "beds", "outputs": ["pump"], "tasks": [task | more]}


def output(name: str, **more: Any) -> dict[str, Any]:
    row = {
        "output": name,
        "on": False,
        "last_on": False,
        "seen_s": 1.0,
        "ends_at": None,
        "closing": False,
        "locked_out": False,
        "owed_off": False,
    }
    return row | {"tried": None} | more


def test_a_zone_says_what_runs_and_what_of_it_is_on() -> None:
    outputs = [output("pump", on=True, ends_at="2026-06-01T12:04:11Z"), output("fan", on=True), output("lamp")]
    said = lines(house(zones=[running()], outputs=outputs))
    assert said[0] == "North house · ready · 08:00:00 CEST (synced) · leader since 2 h"
    assert said[1] == "beds    IRRIGATING  water 41 of 90 s · pump ON ends 14:04:11 at the latest"
    assert said[2] == "others              fan on"
    waits = lines(house(zones=[running(stage="", phase="", attempt=3)], outputs=outputs))
    assert "waits, attempt 3 of 10" in waits[1]
    idle = lines(house(zones=[running() | {"tasks": []}], outputs=[output("pump"), output("fan")]))
    assert idle[1:] == ["beds  idle  everything off"]


VENT: dict[str, Any] = {"vent": "roof", "open_pct": 0, "moves": None, "wanted_pct": 0}
VENT |= {"why": None, "rests_until": None, "kept": None}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({}, "roof shut"),
        ({"open_pct": None, "moves": "closing"}, "roof position not known yet, closing"),
        ({"open_pct": 50, "wanted_pct": None}, "roof 50 % open"),
        (
            {"open_pct": 25, "wanted_pct": 50, "rests_until": "2026-06-01T06:05:00.000Z"},
            "roof 25 % open; its motor rests, then it goes to 50 % at 08:05:00",
        ),
        (
            {"open_pct": 80, "moves": "closing", "why": "wind_blocked"},
            "roof 80 % open, closing, kept at 0 %: Wind or rain, or a storm that is hardly over,"
            " keeps the vents shut or nearly so",
        ),
        (
            {"open_pct": 20, "wanted_pct": 20, "why": "climate_external_nodes_unavailable"},
            "roof 20 % open, kept at 20 %: The weather outside cannot be read,"
            " so the vents keep to their cautious limit",
        ),
    ],
)
def test_a_vent_says_where_it_stands_where_it_goes_and_why(row: dict[str, Any], says: str) -> None:
    assert vent(VENT | row) == says
    zone = running() | {"tasks": [], "vents": [VENT | row]}
    told = lines(house(zones=[zone], outputs=[output("pump")]))
    assert told[1].split() == ["beds", *(["AIR", "MOVES"] if row.get("moves") else ["idle"]), "everything", "off"]
    assert told[2].strip() == says
    assert not any("roof" in line for line in lines(house(zones=[zone], offline=True))), "nobody knows where it stands"


def test_an_output_that_nobody_sees_is_never_called_off() -> None:
    lost = [output("pump", on=None, seen_s=24.4), output("fan", on=None, last_on=True, seen_s=3.0)]
    idle = lines(house(zones=[running() | {"tasks": []}], outputs=[*lost, output("lamp", on=None, last_on=None)]))
    assert idle[1] == "beds    idle  pump not known, last seen off 24 s ago"
    assert idle[2] == "others        fan not known, last seen on 3.0 s ago · lamp not seen yet"
    assert not any("everything off" in line for line in idle)
    assert words.seen(output("pump")) == "off"
    assert words.seen(output("pump", on=True)) == "on"


def test_a_silenced_alarm_that_is_over_is_told_as_over() -> None:
    alarm = {"id": "a:b", "message": "unit 2 silent", "acknowledged_by": None, "active": False, "shelved_until": LATER}
    assert needs.needs(house(alarms=[alarm])) == [
        ["silenced", "", "unit 2 silent (until Tue 09:30:00, over); edgectl shelve a:b --end"]
    ]
    assert "(until Tue 09:30:00);" in needs.needs(house(alarms=[alarm | {"active": True}]))[0][2]


def test_what_a_schedule_left_out_last_is_said_once() -> None:
    left = {"scheduled_for": NOW, "reason": "hold", "why": "hold", "at": NOW}
    row = {"held_until": None, "kept": None, "keeper": None, "skipped": left}
    assert sentences(row) == ["left out last: Mon 01 Jun 08:00:00, the zone, or the schedule, was held"]
    assert sentences(row | {"skipped": left | {"why": "stop_all", "who": "Ana"}})[0].endswith("stopped, by Ana")
    late = left | {"reason": "task_expired", "why": "the pump was in use"}
    assert sentences(row | {"skipped": late})[0].endswith("task_expired, the pump was in use")


def test_in_a_terminal_the_last_column_goes_on_under_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = [
        {"sensor": f"sensor_{n}", "value": 7.25, "unit": "pH", "age_s": 2.0, "quality": 1.0, "weakest": ""}
        | {"calibration": None, "calibrate_every_s": None, "in_hands": None}
        for n in range(3)
    ]
    picture = house(zones=[running()], outputs=[output("pump", on=True)], readings=readings, missed=[MISSED])
    whole = lines(picture)
    monkeypatch.setattr(words, "_columns", lambda: 64)
    folded = lines(picture)
    assert max(map(len, folded)) <= 64 < max(map(len, whole))
    assert sum(line.count("sensor_") for line in folded) == 3
    assert all(line.count("(2.0 s)") == line.count("sensor_") for line in folded), "a reading stays with its age"
    assert " ".join(" ".join(folded).replace("·", "").split()) == " ".join(" ".join(whole).replace("·", "").split())


@pytest.mark.parametrize("columns", [1, 20, 40, 80, 200])
def test_no_width_loses_a_word(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_columns", lambda: columns)
    rows = [
        ["a", "first · second word · third"],
        ["bb", "  an indented line that is rather longer than the others"],
        ["c", ""],
    ]
    told = words.table(rows)
    assert " ".join(" ".join(told).replace("·", "").split()) == " ".join(
        " ".join(" ".join(row) for row in rows).replace("·", "").split()
    )
    assert len(told) >= 3


def test_who_only_watches_does_not_lead() -> None:
    watches = house(ready=False, not_ready_because=["leading: it has restarted too often and only watches"])
    assert lines(watches)[0].endswith(" · NOT READY · 08:00:00 CEST (synced) · only watches since 2 h")


def test_what_comes_next_says_whether_a_lamp_goes_on_or_off() -> None:
    item = {"task_type": "lighting", "zone": "beds", "schedule": "lamps", "task_id": None, "kept": None, "at": LATER}
    assert any("lighting off beds (lamps)" in line for line in lines(house(next=[item | {"on": False}])))
    assert any("lighting beds (lamps)" in line for line in lines(house(next=[item])))


def test_one_task_is_told_as_it_was() -> None:
    task = {
        "task_type": "irrigation",
        "zone": "beds",
        "status": "completed",
        "started_in_time": True,
        "schedule": "morning",
        "source": "schedule",
        "scheduled_for": NOW,
        "due_at": "2026-06-01T06:00:15.000Z",
        "expires_at": "2026-06-01T06:02:00.000Z",
        "updated_at": "2026-06-01T06:01:36.000Z",
        "waits_until": None,
        "lifecycle": [{"status": "running", "at": "2026-06-01T06:00:00.400Z"}],
        "result": {
            "action_required": True,
            "commands_total": 2,
            "commands_effect_confirmed": 2,
            "decision": "run",
            "reason_code": "irrigation_required",
            "physical_effect": "full",
            "effect_amounts": {"main_pump_s": 90.0, "volume_l": 31.4},
            "vetoes": [{"actuator": "main_pump", "rule": "requires", "why": "solution_level > 15 (12 %)"}],
        },
        "timeline": [
            {
                "occurred_at": "2026-06-01T06:00:00.431Z",
                "event_type": "COMMAND_DISPATCHED",
                "details": {"cmd_id": "st-1-open-1", "actuator": "valve", "order": "on", "lease_s": 94.0},
            }
        ],
    }
    told = tasks.story(task)
    assert told[0] == "irrigation · beds · completed · DONE 2 of 2 · met its deadlines"
    assert "start by 08:00:15 · expires 08:02:00 · started 08:00:00.400 · finished 08:01:36" in told
    assert "effect  full: main_pump 90 s, volume 31.4 l" in told
    assert "veto    main_pump by requires: solution_level > 15 (12 %)" in told
    task["result"] |= {"physical_effect": "partial", "effect_amounts": {"main_pump_s": 37.0, "volume_l": 12.9}}
    task["commands"] = [{"actuator": "main_pump", "order": "on", "lease_s": 90.0}]
    assert "effect  partial: main_pump 37 of 90 s, volume 12.9 l" in tasks.story(task)
    task["commands"] *= 2  # it was ordered anew, and nobody knows for how much of the same run
    assert "effect  partial: main_pump 37 s, volume 12.9 l" in tasks.story(task)
    assert told[-1] == "08:00:00.431  COMMAND_DISPATCHED       valve ON 94 s · cmd st-1-open-1"


@pytest.mark.parametrize(
    ("status", "in_time", "said"),
    [
        ("accepted", None, "not started yet"),
        ("running", True, "running"),
        ("running", False, "started late"),
        ("failed", True, "met its deadlines"),
        ("rejected", None, "rejected: too late to start"),
        ("expired", None, "expired"),
    ],
)
def test_each_word_of_the_deadlines(status: str, in_time: bool | None, said: str) -> None:
    assert tasks.deadlines({"status": status, "started_in_time": in_time}) == said
