"""Pieces of the page as they are drawn from the picture of a house: what is not seen is not said to be so."""

import asyncio
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from edgectl.api.web import deeds, strip
from edgectl.api.web.deeds import Deeds
from edgectl.api.web.draw import Drawing
from edgectl.api.web.words import Words
from edgectl.cli.status import vent
from edgectl.daemon import views
from edgectl.daemon.air_views import vents
from edgectl.daemon.looks import skip
from edgectl.daemon.offers import CHOICES_S, offer
from edgectl.daemon.zone_views import shown
from edgectl.drivers.nodes.presence import TAKEN_UP
from edgectl.engine.air import Wanted
from edgectl.engine.airing import Airing, Drive
from edgectl.engine.draft import Draft
from edgectl.engine.rules.drives import MOVE_REST, kept_by, rests_until
from edgectl.engine.rules.guards import veto_start
from edgectl.model.air import Climate, Vent
from edgectl.model.inputs import DeviceHealth, Mode, Restrain, Restraint, SetMode, StopAll
from edgectl.model.ledger import HOUR
from edgectl.model.time import SECOND, iso
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World

DRAWING = Drawing()
PERSON = SimpleNamespace(who="Ana", role="operator")


class House:
    """A picture that a daemon would give, of a simulated house. It begins at midnight, all is off."""

    def __init__(self) -> None:
        self.world = World(example_site(), example_schedules(), 1)
        self.world.run(20 * SECOND)

    def status(self) -> dict[str, Any]:
        status = views.status(self.world.state, self.world._clock())
        return status | {"buses": [], "centre": None, "ready": True, "not_ready_because": [], "missed": []}

    def drawn(self, piece: str, language: str = "en", **more: Any) -> str:
        """The text of a piece, as one reads it."""
        status = more.pop("status", None) or self.status()
        draft, site = Draft(self.world.state, self.world._clock()), self.world.state.site
        fields = {
            "status": status,
            "offers": {name: offer(draft, site.actuators[name]) for name in status["zones"][0]["outputs"]},
            "zone": status["zones"][0],
            "outputs": {row["output"]: row for row in status["outputs"]},
            "readings": {row["sensor"]: row for row in status["readings"]},
            "pasts": {name: {"lines": [], "span_s": 0} for name in status["zones"][0]["sensors"]},
            "missed": {"zone-1": None},
            "ended": {"zone-1": None},
            "person": PERSON,
            "may_run": True,
            **more,
        }
        html = asyncio.run(DRAWING.text(piece, Words(language, "Europe/Berlin"), **fields))
        return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture(scope="module")
def silent() -> House:
    """The board fell silent ten seconds ago."""
    house = House()
    house.world.hear_of("board", healthy=False)
    house.world.run(house.world.now + 10 * SECOND)
    return house


def test_the_outputs_of_a_board_that_is_silent_are_not_known(silent: House) -> None:
    for row in silent.status()["outputs"]:
        assert (row["on"], row["last_on"], row["silent"]) == (None, False, True)
    told, in_russian = silent.drawn("_zone.html"), silent.drawn("_zone.html", "ru")
    for name in ("pump", "valve", "lamp"):
        assert re.search(rf"\b{name}\b[\w, ]*: not known, last seen off \d+ s ago", told)
        assert re.search(rf"\b{name}\b[\w, ]*: неизвестно, последний раз видели выключенным \d+ с назад", in_russian)
    assert told.count("not known") == 1, "one board, one line"
    status = silent.status()
    next(row for row in status["outputs"] if row["output"] == "lamp")["last_on"] = True
    apart = silent.drawn("_zone.html", status=status)
    assert "lamp: not known, last seen on" in apart
    assert apart.count("not known") == 2


def test_what_would_be_refused_there_is_not_offered(silent: House) -> None:
    hands = silent.drawn("_hands.html")
    assert re.search(r"pump not known, last seen off \d+ s ago off", hands), "it may always be switched off"
    assert "30 min on" not in hands
    assert "30 min on" in House().drawn("_hands.html")


def test_the_alarm_says_what_the_silence_means(silent: House) -> None:
    (alarm,) = [row for row in silent.status()["alarms"] if row["id"] == "device_silent:board"]
    assert "Until it answers nothing switches lamp, pump, valve on." in silent.drawn("_alarm.html", alarm=alarm)
    assert "ничто не включит lamp, pump, valve" in silent.drawn("_alarm.html", "ru", alarm=alarm)


def test_an_output_that_was_not_seen_for_long_is_not_known_either() -> None:
    house = House()
    now = house.world._clock()
    late = type(now)(mono=now.mono + 60 * SECOND, wall=now.wall + 60 * SECOND, trust=now.trust)
    assert {row["on"] for row in views.outputs(house.world.state, now)} == {False}
    assert {row["on"] for row in views.outputs(house.world.state, late)} == {None}


def test_the_alarm_of_a_secret_says_where_it_goes_and_nothing_of_a_power_that_is_well() -> None:
    house = World(replace(example_site(), nodes=frozenset({"board"})), (), 1)
    house.run(20 * SECOND)
    why = "node nd-1 on nodes: there is no credential one, and a node takes no order that is not signed"
    do = f"write it to /etc/one (mode 0600), or let systemd load it; {TAKEN_UP}"
    house.offer(DeviceHealth(device="board", healthy=False, at=house.now, reason=why, advice=do))
    house.run(house.now + SECOND)
    (alarm,) = views.status(house.state, house._clock())["alarms"]
    english, russian = House().drawn("_alarm.html", alarm=alarm), House().drawn("_alarm.html", "ru", alarm=alarm)
    assert f"do Write it to {do[12:]}; until it answers nothing switches lamp, pump, valve on." in english
    assert "запишите его в /etc/one (режим 0600)".capitalize() in russian
    assert "секрет из systemd — при следующем запуске; пока нет ответа, ничто не включит lamp, pump, valve" in russian
    assert "питание" not in russian


@pytest.mark.parametrize(
    ("why", "do"),
    [
        ("others can read the credential one", "chmod 600 /etc/one"),
        (
            "the credential /etc/one cannot be read: no right to it",
            "it must belong to the user of the service, mode 0600",
        ),
        ("the credential one is empty", "write the secret of nd-1 into it"),
        ("it refuses what the credential one signs", "write the secret that the node has into the credential one"),
    ],
)
def test_each_reason_of_a_secret_has_its_russian(why: str, do: str) -> None:
    russian = Words("ru", "UTC")
    told = russian.told(f"board: node nd-1 on nodes: {why}, and a node takes no order that is not signed")
    said = russian.told(f"{do}; {TAKEN_UP}; nothing else depends on it")
    assert not set(re.findall(r"[a-z]{2,}", told + said)) - {
        "board",
        "node",
        "nd",
        "on",
        "nodes",
        "etc",
        "one",
        "chmod",
        "systemd",
        "no",
        "right",
        "to",
        "it",
    }


def test_a_silenced_alarm_is_named_and_asks_for_nothing(silent: House) -> None:
    status = silent.status()
    for row in status["alarms"]:
        row["shelved_until"], row["active"] = "2026-06-01T06:00:00Z", False
    needs = silent.drawn("_needs.html", status=status)
    assert "silent until" in needs
    assert "· over" in needs
    assert "I have seen it" not in needs


@pytest.mark.parametrize(("hours", "ends"), [(5, " · still in force"), (7, " · it is over"), (5.5, "")])
def test_a_run_that_was_left_out_says_since_when_until_when_and_whether_that_is_over(hours: float, ends: str) -> None:
    house, hold = House(), Restrain(token=1, what=Restraint.HOLD, on=True, who="Ana", zone="zone-1", lasts=6 * HOUR)
    house.world.offer(hold)
    house.world.run(5 * HOUR)
    if not ends:
        house.world.offer(replace(hold, token=2, lasts=9 * HOUR))  # for longer: of the end that it had nothing is said
    house.world.run(round(hours * HOUR))
    skipped, *_ = (skip(one) for one in house.world.journal.timeline if one.event_type == "SCHEDULE_SKIPPED")
    rows = strip.rows({"runs": [], "skipped": [skipped], "planned": []})
    told = house.drawn("_rows.html", rows=rows)
    held = r"A person holds the zone or the schedule. · Ana · since \w{3} 02:00, to end at \w{3} 08:00"
    assert re.search(f"{held}{ends}$", told), told


def test_what_was_stopped_then_is_not_the_stop_of_now() -> None:
    row = {"why": "stop_all", "kept_since": "06:00", "zone": "beds", "schedule": "morning"}
    status: dict[str, Any] = {"stopped": True, "stopped_by": {"since": "06:00"}, "restraints": []}
    assert strip.still_kept(row, status)
    assert strip.still_kept(row, status | {"stopped_by": {"since": "07:00"}}) is None, "it is stopped, by another one"
    assert strip.still_kept(row, status | {"stopped": False, "stopped_by": None}) is False
    lock = {"what": "lock", "zone": "roof", "since": "06:00"}
    assert strip.still_kept(row | {"why": "lock"}, status | {"restraints": [lock]}) is False, "another zone's"
    assert strip.still_kept(row | {"why": "lock"}, status | {"restraints": [lock | {"zone": "beds"}]})
    pause = {"what": "pause", "zone": "beds", "schedule": "evening", "since": "06:00"}
    assert strip.still_kept(row | {"why": "hold"}, status | {"restraints": [pause]}) is False, "another schedule's"
    assert strip.still_kept(row | {"why": "hold"}, status | {"restraints": [pause | {"schedule": "morning"}]})


@pytest.mark.parametrize("behind", ["min_off", None])
async def test_water_that_waits_says_what_for_and_water_that_runs_says_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, behind: str | None
) -> None:
    """What else runs in the zone says nothing: it may share no part with it, or its pump may be at work elsewhere."""
    house, told = House(), list[tuple[str, Any]]()
    busy = house.status()["zones"][0] | {"tasks": [{"task_id": "st-other"}]}
    waiting = [{"task_id": "st-other", "zone": "zone-1", "behind": "in_use"}]
    waiting += [] if behind is None else [{"task_id": "st-mine", "zone": "zone-1", "behind": behind}]

    async def submit(task: dict[str, Any], who: str) -> dict[str, Any]:
        return {"task_id": "st-mine", "is_duplicate": False}

    async def said(request: Any, phrase: str, behind: str | None = None) -> Any:
        told.append((phrase, behind))

    async def form(request: Any) -> dict[str, str]:
        return {"seconds": "30"}

    monkeypatch.setattr(deeds, "form_of", form)
    inside: Any = SimpleNamespace(mono=lambda: 1, house=SimpleNamespace(submit=submit, status=None))
    inside.house.status = lambda: {"zones": [busy], "waiting": waiting}
    request: Any = SimpleNamespace(path_params={"zone": "zone-1"})
    await Deeds(inside, SimpleNamespace(), said).water(request, PERSON)  # type: ignore[arg-type]
    waits = ("watering was asked for; it waits {behind}", "min_off")
    assert told == [("watering was asked for", None) if behind is None else waits]


def test_under_a_stop_what_would_be_refused_is_not_offered_in_green() -> None:
    house = House()
    status = house.status()
    assert "is stopped" not in house.drawn("_hands.html", status=status)
    assert "water now for 10 s" in house.drawn("_hands.html", status=status)
    stopped = house.drawn("_hands.html", status=status | {"stopped": True})
    assert "nothing can be switched on" in stopped
    assert "water now not now" in stopped
    house.world.offer(StopAll(token=1, who="Ana"))
    house.world.run(house.world.now + SECOND)
    kept = house.drawn("_schedules.html")
    assert "kept back: everything is stopped" in kept
    assert "run it now" not in kept
    assert "no runs for 1 d" in kept, "a pause may be put on at any time"
    dry = {"what": "stop_water", "zone": "", "who": "Ana", "why": "", "until": None, "since": status["now"]}
    assert "pumps and valves stay off" in house.drawn("_hands.html", status=status | {"restraints": [dry]})


def test_a_stop_says_who_pressed_it_and_since_when() -> None:
    house = House()
    house.world.offer(StopAll(token=1, who="Ana"))
    house.world.run(house.world.now + SECOND)
    word = SimpleNamespace(kind="look", word="Look", why="", code="", fields=None)
    assert re.search(r"stopped by Ana · since \w{3} \d\d:\d\d", house.drawn("_head.html", word=word))


@pytest.mark.parametrize(("trust", "said"), [("synced", ""), ("restored", "≈ "), ("untrusted", "(clock not believed)")])
def test_a_clock_that_is_not_quite_sure_says_so_beside_what_the_page_counts_on(trust: str, said: str) -> None:
    house = House()
    word = SimpleNamespace(kind="good", word="Well", why="", code="", fields=None)
    head = house.drawn("_head.html", status=house.status() | {"clock": trust}, word=word)
    assert said in head
    assert ("(" in head or "≈" in head) == bool(said)


ROOF = Vent(name="roof", opens="valve", closes="lamp", travel=60 * SECOND)


def resting(house: House, wanted: float, moved: int) -> tuple[Draft, Airing]:
    """A vent that is shut and was moved `moved` seconds ago."""
    draft = Draft(house.world.state, house.world._clock())
    drive = Drive(position=0.0, moved_at=draft.now.mono - moved * SECOND)
    return draft, Airing(wanted=Wanted(vent=wanted), drives={"roof": drive})


def test_a_vent_whose_motor_rests_says_until_when() -> None:
    house = House()
    draft, memory = resting(house, 0.25, 10)
    assert rests_until(draft, memory, ROOF) == draft.now.mono + MOVE_REST - 10 * SECOND
    assert rests_until(*resting(house, 0.0, 10), ROOF) is None, "it stands where it should"
    assert rests_until(*resting(house, 0.25, 301), ROOF) is None, "it has rested"
    zone = replace(house.world.state.site.zones["zone-1"], climate=Climate(temperature="level", vents=(ROOF,)))
    house.world.state.airing = {"zone-1": memory}
    (row,) = vents(Draft(house.world.state, house.world._clock()), zone)
    status = house.status()
    status["zones"][0]["vents"] = [row]
    assert re.search(
        r"roof shut its motor rests, then it goes to 25 %, at \d\d:\d\d:\d\d", house.drawn("_zone.html", status=status)
    )


def test_a_vent_that_people_keep_promises_no_time_and_says_what_keeps_it() -> None:
    house = House()
    house.world.offer(StopAll(token=1, who="Ana"))
    house.world.run(house.world.now + SECOND)
    draft, memory = resting(house, 0.25, 10)
    assert rests_until(draft, memory, ROOF) is None
    assert kept_by(*resting(house, 0.0, 10), ROOF) is None, "it stands where it should"
    zone = replace(house.world.state.site.zones["zone-1"], climate=Climate(temperature="level", vents=(ROOF,)))
    house.world.state.airing = {"zone-1": memory}
    status = house.status()
    status["zones"][0]["vents"] = vents(Draft(house.world.state, house.world._clock()), zone)
    told = house.drawn("_zone.html", status=status)
    assert "roof shut it stays there: everything is stopped" in told
    assert "rests" not in told
    assert "roof закрыто остаётся так: всё остановлено" in house.drawn("_zone.html", "ru", status=status)
    assert "roof shut; it stays there: everything is stopped" in vent(status["zones"][0]["vents"][0])


def test_a_zone_whose_vent_moves_is_not_idle() -> None:
    house = House()
    status = house.status()
    assert "zone-1 idle" in house.drawn("_zone.html", status=status)
    roof = {
        "vent": "roof",
        "outputs": [],
        "open_pct": 10,
        "wanted_pct": 0,
        "why": None,
        "rests_until": None,
        "kept": None,
    }
    status["zones"][0]["vents"] = [{**roof, "moves": "closing"}]
    assert "idle" not in house.drawn("_zone.html", status=status)


def test_the_card_of_a_zone_shows_what_decides_its_vents() -> None:
    climate = Climate(temperature="air", wind="wind", rain="rain")
    zone = replace(example_site().zones["zone-1"], climate=climate)
    assert shown(zone, ["a", "b", "c", "d", "e", "wind", "rain", "air"]) == ["a", "b", "c", "d", "air", "wind", "rain"]
    assert shown(example_site().zones["zone-1"], ["a", "b"]) == ["a", "b"]


def hand_row(hands: str, output: str) -> str:
    """What the row of an output says and offers."""
    return hands.partition(f"{output} off")[2].partition(" off ")[0]


def test_only_times_are_offered_that_the_guards_would_take_on_and_what_is_against_longer_ones_is_said() -> None:
    house = House()
    hands = house.drawn("_hands.html")
    assert "30 s 1 min 5 min on" in hand_row(hands, "valve")
    pump = hand_row(hands, "pump")
    assert "2 s on for longer: pump would push against a closed valve: switch valve on first" in pump
    assert "5 s" not in pump
    assert "на дольше: pump качал бы в закрытый клапан" in house.drawn("_hands.html", "ru")
    site = house.world.state.site
    for name, actuator in site.actuators.items():
        for wish in CHOICES_S:  # the few questions that are asked find what all of them would
            draft = Draft(house.world.state, house.world._clock())
            allowed = veto_start(draft, actuator, wish * SECOND) is None
            assert (wish in offer(draft, actuator)["seconds"]) == allowed, (name, wish)


def test_what_is_against_every_output_is_said_once() -> None:
    house = House()
    house.world.offer(Restrain(token=1, what=Restraint.LOCK, on=True, who="Ana", zone="zone-1", why="filter"))
    house.world.run(house.world.now + SECOND)
    hands = house.drawn("_hands.html")
    assert hands.count("Ana works in zone-1 (filter)") == 1
    assert hands.count("not now") == 3


def test_no_watering_is_offered_that_would_be_refused_for_its_length() -> None:
    house = House()
    status = house.status()
    assert status["zones"][0]["longest_run_s"] == 600
    status["zones"][0]["longest_run_s"] = 60.0
    assert "10 s 30 s 1 min water now" in house.drawn("_hands.html", status=status)


def test_a_reading_that_is_too_old_says_what_it_was_and_how_long_ago() -> None:
    house = House()
    status = house.status()
    (level,) = [row for row in status["readings"] if row["sensor"] == status["zones"][0]["shown"][0]]
    level |= {"value": None, "missing": "stale", "shown": 62.04, "age_s": 240.0}
    assert "no value: stale last 62 %, 4 min ago" in house.drawn("_zone.html", status=status)


def test_a_mode_is_called_the_same_on_the_card_and_where_it_needs_somebody() -> None:
    house = House()
    house.world.offer(SetMode(token=1, zone="zone-1", mode=Mode.SEMI, who="Ana"))
    house.world.run(house.world.now + SECOND)
    for language, name in (("en", "it proposes, a person releases"), ("ru", "предлагает, человек разрешает")):
        assert name in house.drawn("_zone.html", language)
        assert name in house.drawn("_needs.html", language)


def test_of_a_flood_the_gravest_are_read_first_and_the_rest_lies_behind_a_word() -> None:
    house = House()
    house.world.hear_of("board", healthy=False)
    house.world.run(house.world.now + 10 * SECOND)
    status = house.status()
    (silent,) = [row for row in status["alarms"] if row["id"] == "device_silent:board"]
    lows = [{**silent, "id": f"low_alarm:{n}", "priority": "low"} for n in range(11)]
    told = house.drawn("_alarms.html", status=status | {"alarms": [*lows, silent]})
    assert told.startswith("12 alarms at once")
    assert told.index("device_silent:board") < told.index("low_alarm:0")
    assert told.index("low_alarm:1") < told.index("and 9 more") < told.index("low_alarm:2")


def test_a_planned_run_in_a_pause_says_what_keeps_it_and_until_when() -> None:
    house = House()
    house.world.offer(hold := Restrain(token=1, what=Restraint.HOLD, on=True, who="Ana", zone="zone-1", lasts=6 * HOUR))
    house.world.run(house.world.now + SECOND)
    assert hold.lasts is not None
    begin = house.world._clock().wall
    plan = {"zone": "zone-1", "schedule": "morning", "task_type": "irrigation", "verdict": "run", "reason_code": "due"}
    planned = [{**plan, "at": iso(begin + hours * HOUR), "every_s": None} for hours in (1, 9)]
    told = house.drawn("_rows.html", rows=strip.rows({"runs": [], "skipped": [], "planned": planned}))
    first, _, second = told.partition("morning")[2].partition("morning")
    assert re.search(r"planned kept back: on hold · until \w{3} \d\d:\d\d, set by Ana", first)
    assert "kept back" not in second


def test_many_runs_are_counted_and_no_kind_hides_another() -> None:
    row: dict[str, Any] = {"at": "2026-06-01T04:00:00Z", "zone": "zone-1", "schedule": "morning", "task_id": None}
    row |= {"task_type": None, "how": "", "idle": False, "every_s": None, "code": None, "why": None, "who": None}
    rows = [{**row, "kind": "done", "folded": 1} for _ in range(31)]
    rows += [{**row, "kind": "failed", "at": f"2026-06-01T0{hour}:00:00Z", "folded": 1} for hour in range(9)]
    rows += [{**row, "kind": "planned", "at": "2026-06-01T12:00:00Z", "folded": 1}]
    told = House().drawn("_rows.html", rows=rows)
    assert told.startswith("done: 31 failed: 9 planned: 1 failed or left out Mon 10:00"), "the newest first"
    parts = [told.index(text) for text in ("and 4 more", "runs and comes next Mon 14:00", " done Mon", "and 26 more")]
    assert parts == sorted(parts)


@pytest.mark.parametrize(("status", "said"), [("running", 1), ("completed", 0)])
def test_a_task_says_once_that_it_runs(status: str, said: int) -> None:
    task: dict[str, Any] = {"status": status, "due_at": "2026-06-01T06:00:00Z", "result": None, "started_in_time": True}
    task |= {"task_type": "irrigation", "zone": "zone-1", "schedule": None, "source": "cli", "task_id": "st-1"}
    task |= {"scheduled_for": "2026-06-01T05:00:00Z", "expires_at": "2026-06-01T07:00:00Z"}
    told = House().drawn("_task.html", task=task, may_run=False)
    assert told.count("running") == said
    assert "start by 08:00:00" in told


def test_what_waits_for_its_turn_stands_on_the_card_with_its_end() -> None:
    status = House().status()
    row = {"task_id": "st-1", "zone": "zone-1", "task_type": "irrigation", "duration_s": 30.0, "until": status["now"]}
    row |= {"schedule": None, "who": "Ana", "source": "page", "behind": "in_use"}
    status["waiting"] = [row, {**row, "who": None, "schedule": "morning", "behind": None}]
    told = House().drawn("_zone.html", status=status)
    assert "waits irrigation 30 s, asked for by Ana until what is at work before it has ended details" in told
    assert "waits irrigation 30 s, morning details do not run it" in told
    in_russian = House().drawn("_zone.html", "ru", status=status)
    assert "ждёт полив 30 с, запрошено: Ana пока не закончится то, что идёт перед этим" in in_russian
    assert "do not run it" not in House().drawn("_zone.html", status=status, may_run=False)


@pytest.mark.parametrize("proposed", [False, True])
def test_only_work_that_waits_for_a_yes_is_let_run(proposed: bool) -> None:
    task: dict[str, Any] = {"status": "accepted", "due_at": "2026-06-01T06:00:00Z", "result": None, "who": "Ana"}
    task |= {"task_type": "irrigation", "zone": "zone-1", "schedule": None, "source": "cli", "task_id": "st-1"}
    task |= {"scheduled_for": "2026-06-01T05:00:00Z", "expires_at": "2026-06-01T07:00:00Z"}
    status = House().status() | {"proposed": [task] if proposed else []}
    told = House().drawn("_task.html", task=task, status=status)
    assert ("let it run" in told) is proposed
    assert "asked by the command line · Ana" in told


def test_a_run_that_is_done_says_what_it_moved_and_not_why_it_began() -> None:
    ran = {"zone": "zone-1", "schedule": "morning", "task_type": "irrigation", "task_id": "st-1", "status": "completed"}
    ran |= {"scheduled_for": "2026-06-01T06:00:00Z", "created_at": "", "updated_at": "2026-06-01T06:01:00Z"}
    ran["result"] = {"reason_code": "irrigation_required", "error_code": None, "effect_amounts": {"volume_l": 1.25}}
    told = House().drawn("_rows.html", rows=strip.rows({"runs": [ran], "skipped": [], "planned": []}))
    assert "volume 1.25 L" in told
    assert "needs water" not in told


def test_from_probes_and_pumps_one_finds_the_way_back() -> None:
    person = SimpleNamespace(who="Ana", role=SimpleNamespace(value="operator"))
    word = SimpleNamespace(kind="good", word="Well", why="nothing needs you", code="", fields=None)
    drawn = House().drawn("calibrations.html", probes=[], pumps=[], person=person, word=word, path="/page/calibrate")
    assert "‹ zone-1" in drawn


def test_a_run_has_one_name_whether_it_was_done_planned_or_left_out() -> None:
    instants = {"scheduled_for": "2026-06-01T06:00:00Z", "at": "2026-06-01T06:00:00Z"}
    run = {"zone": "zone-1", "schedule": "morning", "task_type": "irrigation", **instants}
    left = {**run, "reason_code": "hold", "why": "hold", "folded": 1}
    ran = {**run, "task_id": "st-1", "status": "completed", "result": None, "created_at": "", "updated_at": ""}
    plan = {**run, "verdict": "run", "reason_code": "due", "every_s": None}
    told = House().drawn("_rows.html", rows=strip.rows({"runs": [ran], "skipped": [left], "planned": [plan]}))
    assert told.count("irrigation · morning · zone-1") == 3
