"""What the page says: every phrase in both languages, badges, the word of the house, the curve and the strip."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edgectl.api.house import Unavailable
from edgectl.api.routes import PRESETS
from edgectl.api.web import badges, spark, strip
from edgectl.api.web.calibrating import points_of, text_of
from edgectl.api.web.deeds import number_of, seconds_of
from edgectl.api.web.lines import code_of
from edgectl.api.web.plurals import fitted
from edgectl.api.web.state_word import NOT_READY, RESTRAINED, by_gravity, others, word_of
from edgectl.api.web.told import russian
from edgectl.api.web.words import Words, language_of
from edgectl.model.channel import Absence
from edgectl.model.codes import Code
from edgectl.model.events import Event
from edgectl.model.kept import BEHIND, WAS_KEPT
from edgectl.model.task import PhysicalEffect, TaskStatus

WEB = Path(__file__).parents[2] / "edgectl" / "api" / "web"
PHRASE = re.compile(r"_\(\s*'((?:[^'\\]|\\.)+)'")


def phrases() -> set[str]:
    """Everything that a template says, and every word that it takes from the machine."""
    found = {text for path in (WEB / "templates").glob("*.html") for text in PHRASE.findall(path.read_text())}
    found -= {"effect ", "mode ", "missed ", "priority ", "behind "}
    found |= {f"behind {rule.replace('_', ' ')}" for rule in BEHIND}
    found |= {f"priority {gravity}" for gravity in ("critical", "high", "low")}
    found |= {f"effect {effect}" for effect in PhysicalEffect} | {f"mode {m}" for m in ("auto", "semi", "manual")}
    found |= {preset.replace("_", " ") for preset in PRESETS} | {absence.replace("_", " ") for absence in Absence}
    found |= {status.value for status in TaskStatus} | set(
        re.findall(r'return "([^"]+)"', (WEB / "badges.py").read_text())
    )
    found |= set(re.findall(r'(?:self\.(?:said|_end)\(request, |phrase = )"([^"]+)"', (WEB / "deeds.py").read_text()))
    for file in ("calibrating.py", "deeds.py", "pages.py"):
        said = re.findall(r'Unavailable\(\d+, "\w+", (?:"([^"]+)"|f".*"), "([^"]*)"', (WEB / file).read_text())
        found |= {words for pair in said for words in pair if words}
    found |= {"failed", "rejected", "expired", "opening", "closing"}
    found |= {f"missed {how}" for how in ("failed", "rejected", "expired", "left out")}
    found |= {stage.replace("_", " ") for stage in stages()}
    found |= set(re.findall(r'data-waits="{{ _\(\'([^\']+)', (WEB / "templates" / "calibrate.html").read_text()))
    found |= {*RESTRAINED.values(), *NOT_READY.values(), "it is not ready", "by the page"}
    found |= {f"was {what.replace('_', ' ')}" for what in WAS_KEPT if what != "hold"}
    found |= {f"kept {what}" for what in ("hold", "lock", "stop all", "stop water", "manual", "semi")}
    found |= set(re.findall(r'(?:word|why)="([^"]+)"', (WEB / "state_word.py").read_text()))
    types = ("irrigation", "lighting", "ventilation", "solution change", "mist", "diagnostics", "dosing", "climate")
    return found | {*types, "circulate", "left out", "planned", "done", "viewer", "operator", "engineer"}


def stages() -> set[str]:
    """The stages that a task goes through, by the code that makes them."""
    made = (path.read_text() for path in (WEB.parents[1] / "engine" / "workflows").glob("*.py"))
    found = {name for text in made for name in re.findall(r'(?:Stage\(\s*name=|_lasting\(\s*)"(\w+)"', text)}
    assert len(found) > 8, "the stages were found"
    return found


def test_every_stage_has_words_of_its_own_in_both_languages() -> None:
    english, words = Words("en", "Europe/Berlin"), Words("ru", "Europe/Berlin")
    for stage in stages():
        assert english.named(stage) != stage.replace("_", " "), stage
        assert words.named(stage) != stage.replace("_", " "), stage


def test_no_phrase_is_there_twice() -> None:
    """Of two the first is dead, and whoever corrects it wonders why nothing changes."""
    twice: list[str] = []

    def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice.extend(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        return dict(pairs)

    json.loads((WEB / "ru.json").read_text("utf-8"), object_pairs_hook=once_each)
    assert twice == []


def test_every_phrase_has_its_russian() -> None:
    missing = sorted(phrases() - set(russian()["page"]))
    assert not missing, "write the Russian of these into edgectl/api/web/ru.json, under page"


def test_every_code_and_every_event_has_its_russian() -> None:
    told = russian()
    codes = sorted({code.value for code in Code} - set(told["codes"]))
    assert not codes, "write the Russian of these codes into edgectl/api/web/ru.json, under codes"
    events = sorted({event.value for event in Event} - set(told["events"]))
    assert not events, "write the Russian of these events into edgectl/api/web/ru.json, under events"


def test_every_alarm_says_in_russian_what_to_do() -> None:
    from edgectl.model.codes.alarms import ALARMS

    missing = [code.value for code in ALARMS if code.value not in russian()["advice"]]
    assert not missing, "write what to do into edgectl/api/web/ru.json, under advice"


def test_russian_is_russian_and_the_fields_of_a_phrase_stay() -> None:
    for english, text in russian()["page"].items():
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", text)), english
    for text in [*russian()["codes"].values(), *russian()["events"].values(), *russian()["advice"].values()]:
        assert re.search(r"[а-яё]", text, re.I), text
        assert text.endswith("."), text


def test_the_language_is_what_was_asked_for_then_what_was_chosen_then_what_the_browser_prefers() -> None:
    assert language_of("ru", "en", "en") == "ru"
    assert language_of(None, "ru", "en") == "ru"
    assert language_of(None, "", "ru-RU,en;q=0.8") == "ru"
    assert language_of("xx", "", "fr, de") == "en"


def test_numbers_and_times_are_told_as_people_at_the_site_do() -> None:
    english, words = Words("en", "Europe/Berlin"), Words("ru", "Europe/Berlin")
    assert [english.number(x) for x in (69.56, 5.844, 1250.4, 0.0, 10.0)] == ["69.6", "5.84", "1250", "0", "10"]
    assert words.number(5.844) == "5,84"
    assert english.minute("2026-06-01T04:00:00Z") == "Mon 06:00"
    assert words.minute("2026-06-01T04:00:00Z") == "пн 06:00"
    assert words.span(3725) == "1 ч 2 мин"
    assert words.sentence("low_water") == "В источнике слишком мало воды."
    assert words.sentence("of_tomorrow") == "of_tomorrow", "a code that nobody knows stands for itself"
    assert "low_water" in words.codes_about("мало воды")


def test_a_day_is_named_as_people_say_it() -> None:
    assert Words("en", "Europe/Berlin").long_date("2026-11-25") == "Wed 25 November 2026"
    assert Words("ru", "Europe/Berlin").long_date("2026-11-25") == "ср 25 ноября 2026"


def test_a_word_takes_the_form_that_its_number_asks_for() -> None:
    forms = "{n} {n|строка|строки|строк}"
    told = [fitted(forms, {"n": n}, "ru").format(n=n) for n in (0, 1, 2, 4, 5, 11, 12, 21, 22, 25, 111, "2,5")]
    ends = ["строк", "строка", *["строки"] * 2, *["строк"] * 3, "строка", "строки", *["строк"] * 2, "строки"]
    assert [text.split()[1] for text in told] == ends
    english = [fitted("{n|line waits|lines wait}", {"n": n}, "en") for n in (0, 1, 2, 21, "1.5")]
    assert english == ["lines wait", "line waits", "lines wait", "lines wait", "lines wait"]
    assert fitted("{n|one|many}", {"n": "some"}, "en") == "many", "no number at all"
    words = Words("ru", "Europe/Berlin")
    assert words("all {n} alarms", n=4) == "все 4 тревоги"
    assert "2 раза подряд" in words.told("pump ran and flow saw no water, 2 times in a row")
    assert words.told("pump ran and flow saw no water") == "pump работал, а flow воды не видел"


def test_every_number_of_a_phrase_has_all_its_forms() -> None:
    for section, count in (("page", 3), ("told", 3)):
        for english, text in russian()[section].items():
            choices = [found.split("|") for found in re.findall(r"{\w+\|([^{}]*)}", text)]
            assert all(len(forms) == count for forms in choices), text
            named = {*re.findall(r"{[wt]?(\w+)}", english), *re.findall(r"{[wt]?(\d)}", english)}
            assert set(re.findall(r"{(\w+)\|", text)) <= named, text


def test_what_keeps_a_run_is_said_in_other_words_than_the_button_that_puts_it_on() -> None:
    english, words = Words("en", "Europe/Berlin"), Words("ru", "Europe/Berlin")
    assert (words.kept("hold"), words.kept("lock")) == ("пауза", "заперта на обслуживание")
    buttons = {words(text) for text in ("press and hold", "hold it", "lock", "STOP ALL", "STOP WATER")}
    kept = {words.kept(why) for why in ("hold", "lock", "stop_all", "stop_water", "manual", "semi")}
    assert not kept & buttons
    assert english.kept("tank shows 8 %") == "tank shows 8 %", "what a guard said stays"


def test_each_way_to_start_work_has_one_name_wherever_it_is_told() -> None:
    for language in ("en", "ru"):
        words = Words(language, "Europe/Berlin")
        for mode in ("semi", "manual"):
            name = words(f"mode {mode}")
            assert words.kept(mode) == name
            assert words(RESTRAINED[f"mode {mode}"], zone="beds") == f"beds: {name}"
        assert words("people alone from now on").endswith(words("mode manual").removeprefix("people alone"))


def test_a_hint_names_no_command_and_speaks_the_language_of_its_reader() -> None:
    english, words = Words("en", "Europe/Berlin"), Words("ru", "Europe/Berlin")
    assert english.hint("try again in a moment") == "try again in a moment"
    assert words.hint("try again in a moment") == "попробуйте чуть позже"
    assert {english.hint("edgectl status names them"), words.hint("edgectl status names them")} == {""}
    assert words.hint("something new") == "", "English says nothing to whoever reads none"
    locked = "Ana works in beds (filter); release it with: edgectl unlock beds"
    assert english.told(locked) == "Ana works in beds (filter); only they take the lock off, or an engineer"


TYPED = [("7", 7.0), ("7,00", 7.0), ("7.01", 7.01), (" 1413 ", 1413.0), ("-0,5", -0.5), ("7.", 7.0), (",5", 0.5)]
NO_NUMBERS = ["", " ", "half", "1_0_0", "1e3", "1E3", "inf", "-inf", "nan", "0x10", "1,2,3", ".", "٧", "7 0", "+"]


@pytest.mark.parametrize(("text", "value"), TYPED)
def test_a_number_is_read_as_people_type_it(text: str, value: float) -> None:
    assert number_of(text) == value
    assert seconds_of({"minutes": text}) == value * 60 if value > 0 else True


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_only_a_program_takes_for_a_number_is_refused(text: str) -> None:
    with pytest.raises(Unavailable, match="a number is wanted here"):
        number_of(text)
    with pytest.raises(Unavailable):
        seconds_of({"seconds": text})


def test_what_was_measured_survives_its_way_through_the_address() -> None:
    points = [(0.000012, 7.0), (123456.789, 1413.0), (-0.25, 0.0)]
    assert points_of(text_of(points)) == points[:2]


def test_a_run_that_was_left_out_names_what_was_put_on_and_says_nothing_twice() -> None:
    english, words = Words("en", "Europe/Berlin"), Words("ru", "Europe/Berlin")
    assert english.left_out("hold", "hold") == "A person holds the zone or the schedule."
    assert english.left_out("hold", "lock") == "The zone was locked for service."
    assert english.left_out("hold", "stop_all") == "Everything was stopped."
    assert words.left_out("hold", "lock") == "Зона была заперта на обслуживание."
    assert english.left_out("low_water", None) == english.sentence("low_water")
    assert english.left_out("budget", "3 of 3 replays").endswith("(3 of 3 replays)")


LINES = [
    ({"event_type": "DECISION_MADE", "reason_code": "irrigation_required"}, "irrigation_required"),
    ({"event_type": "STAGE_LEFT", "reason_code": "irrigation_required"}, None),
    ({"event_type": "STAGE_LEFT", "reason_code": "low_water"}, "low_water"),
    (
        {"event_type": "TASK_FINISHED", "reason_code": "irrigation_required", "error_code": "flow_inactive"},
        "flow_inactive",
    ),
    ({"event_type": "TASK_FINISHED", "reason_code": "irrigation_required", "action_required": True}, None),
    ({"event_type": "TASK_FINISHED", "reason_code": "lighting_already", "action_required": False}, "lighting_already"),
    ({"event_type": "TASK_RECEIVED"}, None),
    ({"event_type": "TASK_RECEIVED", "reason_code": "due"}, None),
]


@pytest.mark.parametrize(("line", "code"), LINES)
def test_an_end_tells_what_ended_it_and_not_why_it_began(line: dict[str, Any], code: str | None) -> None:
    assert code_of(line) == code


# ---------------------------------------------------------------- badges


def task(status: str, **more: Any) -> dict[str, Any]:
    return {"status": status, "due_at": "2026-06-01T06:00:00Z", "result": None, "started_in_time": None} | more


SLA = [
    (task("accepted", due_at=None), "no deadline"),
    (task("accepted"), "in time so far"),
    (task("accepted", due_at="2026-06-01T05:00:29Z"), "at risk"),
    (task("running", started_in_time=True), "running"),
    (task("completed", started_in_time=True), "deadlines met"),
    (task("failed", started_in_time=True), "deadlines met"),
    (task("completed", started_in_time=False), "started late"),
    (task("rejected"), "rejected: late"),
    (task("expired"), "expired"),
]


@pytest.mark.parametrize(("row", "badge"), SLA, ids=[badge for _, badge in SLA])
def test_each_badge_of_the_deadlines(row: dict[str, Any], badge: str) -> None:
    assert badges.sla(row, "2026-06-01T05:00:00Z")[0] == badge


def result(total: int, sent: int, done: int, *, needed: bool = True) -> dict[str, Any]:
    counts = {"commands_total": total, "commands_submitted": sent, "commands_effect_confirmed": done}
    return {"action_required": needed, **counts}


DONE = [
    (None, "DONE: waiting"),
    (result(0, 0, 0, needed=False), "DONE: not required"),
    (result(0, 0, 0), "DONE: none sent"),
    (result(2, 0, 0), "DONE: not sent"),
    (result(2, 2, 2), "DONE: confirmed 2 of 2"),
    (result(2, 2, 1), "DONE: not confirmed, 1 of 2"),
]


@pytest.mark.parametrize(("ended", "badge"), DONE, ids=[badge for _, badge in DONE])
def test_each_badge_of_done(ended: dict[str, Any] | None, badge: str) -> None:
    words, _, numbers = badges.done(task("completed", result=ended))
    assert words.format(**numbers) == badge


# ---------------------------------------------------------------- the word


def house(**more: Any) -> dict[str, Any]:
    calm = {"alarms": [], "ready": True, "not_ready_because": [], "stopped": False, "restraints": [], "clock": "synced"}
    calm |= {"proposed": [], "readings": [], "outputs": []}
    return calm | more


def alarm(priority: str, **more: Any) -> dict[str, Any]:
    row = {
        "id": "biz_no_flow:pump",
        "active": True,
        "priority": priority,
        "acknowledged_by": None,
        "shelved_until": None,
    }
    return row | more


WORDS = [
    (house(), "Well"),
    (house(alarms=[alarm("critical")]), "Act now"),
    (house(alarms=[alarm("critical", acknowledged_by="Ana")]), "Look"),
    (house(alarms=[alarm("critical", active=False)]), "Look"),
    (house(alarms=[alarm("low")]), "Look"),
    (house(alarms=[alarm("high", shelved_until="2026-06-01T06:00:00Z")]), "Well"),
    (house(ready=False, not_ready_because=["journal"]), "Act now"),
    (house(ready=False, not_ready_because=["outputs: settling"]), "Look"),
    (house(ready=False, not_ready_because=["outputs: settling", "command_bus: field is gone"]), "Act now"),
    (house(restraints=[{"what": "mode", "zone": "beds", "why": "semi"}]), "Look"),
    (house(stopped=True), "Look"),
    (house(restraints=[{"what": "stop_water", "zone": ""}]), "Look"),
    (house(proposed=[{"task_id": "st-1"}]), "Look"),
    (house(restraints=[{"what": "lock", "zone": "beds"}]), "Look"),
    (house(restraints=[{"what": "pause", "zone": "beds", "schedule": "morning"}]), "Look"),
    (house(restraints=[{"what": "override", "setting": "vent", "zone": "beds"}]), "Look"),
    (house(restraints=[{"what": "override", "setting": "heat", "zone": "beds"}]), "Look"),
    (house(restraints=[{"what": "override", "setting": "dosing", "zone": "beds"}]), "Look"),
    (house(readings=[{"sensor": "ph", "in_hands": None}]), "Well"),
    (house(readings=[{"sensor": "ph", "in_hands": {"who": "Ana"}}]), "Look"),
    (house(outputs=[{"output": "pump", "tried": None}, {"output": "valve", "tried": {"moved": True}}]), "Well"),
    (house(outputs=[{"output": "pump", "tried": {"moved": False}}]), "Look"),
    (house(clock="untrusted"), "Look"),
    (house(stopped=True, alarms=[alarm("critical")]), "Act now"),
]


@pytest.mark.parametrize(("status", "word"), WORDS)
def test_the_word_of_the_house_is_the_worst_that_is_so(status: dict[str, Any], word: str) -> None:
    found = word_of(status)
    assert found.word == word
    assert found.code or found.why, "a word without its reason is of no use"


def test_an_alarm_that_is_over_is_told_as_over_and_the_gravest_that_is_so_stands_first() -> None:
    over, low = alarm("high", id="device_silent:air", active=False), alarm("low", id="low_alarm:x")
    seen = alarm("critical", id="bus_silent:field", acknowledged_by="Ana")
    assert word_of(house(alarms=[over])).over, "it was, and nobody has seen it"
    assert word_of(house(alarms=[over, low])).code == "low_alarm:x", "what is so stands before what was"
    assert word_of(house(alarms=[low, seen])).code == "bus_silent:field", "it was seen, and is still so"
    assert word_of(house(alarms=[alarm("low", active=False, shelved_until="2026-06-01T06:00:00Z")])).word == "Well"


def test_what_is_not_ready_is_told_in_words_and_as_the_engine_says_it() -> None:
    found = word_of(house(ready=False, not_ready_because=["outputs: settling", "command_bus: gone"]))
    assert (found.why, found.detail) == ("no line to the devices works", "outputs: settling; command_bus: gone")


def test_the_gravest_alarm_stands_first_and_what_else_waits_is_counted() -> None:
    lows = [alarm("low", id=f"low_alarm:{n}") for n in range(4)]
    worst = alarm("critical", id="bus_silent:field")
    assert by_gravity([*lows, worst])[0] == worst, "though it came last"
    assert others(house()) == 0
    assert others(house(alarms=[worst])) == 0, "the one that the word names"
    assert others(house(alarms=[*lows, worst], proposed=[{}], restraints=[{"what": "hold"}])) == 6
    assert others(house(alarms=[worst, alarm("low", shelved_until="2026-06-01T06:00:00Z")], stopped=True)) == 1


PLAN = {"zone": "beds", "schedule": "morning", "task_type": "irrigation", "at": "2026-06-01T08:00:00Z"}


def put_on(what: str, *, zone: str = "beds", until: str | None = None, **more: Any) -> dict[str, Any]:
    return house(restraints=[{"what": what, "zone": zone, "until": until, "who": "Ana", "why": "", **more}])


KEPT = [
    (house(), None),
    (house(stopped=True), "stop_all"),
    (put_on("hold", until="2026-06-01T09:00:00Z"), "hold"),
    (put_on("hold", until="2026-06-01T07:59:59Z"), None),
    (put_on("hold", zone="other", until="2026-06-01T09:00:00Z"), None),
    (put_on("pause", until="2026-06-01T09:00:00Z", schedule="morning"), "hold"),
    (put_on("pause", until="2026-06-01T09:00:00Z", schedule="evening"), None),
    (put_on("lock"), "lock"),
    (put_on("stop_water", zone=""), "stop_water"),
    (put_on("mode", why="semi"), "semi"),
    (put_on("override", until="2026-06-01T09:00:00Z", setting="vent"), None),
]


@pytest.mark.parametrize(("status", "why"), KEPT)
def test_a_planned_run_says_what_will_keep_it(status: dict[str, Any], why: str | None) -> None:
    found = strip.kept(PLAN, status)
    assert (found and found["why"]) == why


def test_light_is_not_kept_back_with_the_water() -> None:
    lamp = {**PLAN, "task_type": "lighting"}
    assert strip.kept(lamp, put_on("stop_water", zone="")) is None
    assert strip.kept(lamp, put_on("hold", until="2026-06-01T09:00:00Z")) is None
    assert strip.kept(lamp, put_on("lock")) is not None


# ---------------------------------------------------------------- curve and strip


def test_a_gap_in_a_curve_stays_a_gap() -> None:
    at = [60 * minute for minute in range(10)]
    assert spark.span(at) == 1800
    assert spark.span([0, 86_400]) == 6 * 3600
    lines = spark.points(at, [1.0, 2.0, 3.0, None, None, 5.0, 6.0, None, 7.0, None])
    assert len(lines) == 2, "a lone point is no line"
    assert spark.points(at, [None] * 10) == []
    assert spark.points([], []) == []
    flat = spark.points(at, [4.0] * 10)[0]
    assert len({point.split(",")[1] for point in flat.split()}) == 1


def test_a_day_tells_what_ran_what_was_left_out_and_what_comes() -> None:
    ended = {"reason_code": "low_water", "error_code": None, "action_required": True}
    run = {
        "task_id": "st-1",
        "zone": "beds",
        "task_type": "irrigation",
        "status": "failed",
        "schedule": "morning",
        "scheduled_for": "2026-06-01T06:00:00Z",
        "created_at": "2026-06-01T06:00:00Z",
        "updated_at": "2026-06-01T06:10:00Z",
        "result": ended,
    }
    left = {
        "zone": "beds",
        "schedule": "morning",
        "scheduled_for": "2026-06-01T08:00:00Z",
        "reason_code": "hold",
        "why": "hold",
        "folded": 1,
    }
    plan = {
        "zone": "beds",
        "schedule": "morning",
        "task_type": "irrigation",
        "at": "2026-06-01T20:00:00Z",
        "verdict": "run",
        "reason_code": "due",
        "every_s": None,
    }
    day = {
        "from": "2026-06-01T00:00:00Z",
        "to": "2026-06-02T00:00:00Z",
        "now": "2026-06-01T12:00:00Z",
        "runs": [run],
        "skipped": [left],
        "planned": [plan],
    }
    rows = strip.rows(day)
    assert [row["kind"] for row in rows] == ["failed", "left out", "planned"]
    missed = strip.last_missed(rows)
    assert missed is not None
    assert (missed["code"], missed["how"]) == ("hold", "left out")
    assert rows[0]["how"] == "failed", "a run that began was not left out"
    late = strip.rows({**day, "runs": [{**run, "status": "rejected"}]})
    assert late[0]["how"] == "rejected"
    assert strip.rows(day, "other") == []
    assert [mark["x"] for mark in strip.marks(day, rows)] == [120.0, 160.0, 400.0]
    assert strip.now_at(day) == 240.0
