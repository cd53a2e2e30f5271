"""What a real centre asks of a real daemon: done once or refused in words, and the answer is a line that arrives."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgectl.testing.field import SimulatedField
from edgectl.testing.postgres import PostgresServer
from tests.integration.centre import Home, home

pytestmark = pytest.mark.timeout(300)
PACE = {"every": "10m", "duration": "1s", "travel": "200ms", "run_down": "200ms"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Home]:
    """One house for all of it; it waters when it is asked to."""
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch, SimulatedField(folder / "field", speed=3000) as field:
        patch.setenv("EDGECTL_CREDENTIALS", "")  # given back afterwards
        made = home(folder, field, postgres, **PACE)
        with made.daemon:
            made.daemon.wait_ready()
            made.contact("online")
            yield made
            assert made.daemon.terminate() == 0


def ask(house: Home, name: str, kind: str, payload: dict[str, Any], *, lasts_s: float = 60, id_: str = "") -> None:
    """A row in the centre's requests, as its desk writes it."""
    due = datetime.now(UTC) + timedelta(seconds=lasts_s)
    end = due + timedelta(seconds=60)
    house.run(
        "SET ROLE edgectl_desk; INSERT INTO edgectl.edge_requests"
        " (site_id, request_id, kind, payload, due_at, expires_at, correlation_id) VALUES"
        f" ('demo', '{name}', '{kind}', '{json.dumps(payload)}', '{due.isoformat()}', '{end.isoformat()}',"
        f" nullif('{id_}', ''))"
    )


def answer(house: Home, name: str) -> tuple[str, str]:
    """The code and the sentence with which the site has answered."""
    found: list[str] = []

    def there(_: object) -> bool:
        told = house.run(f"SELECT code || '|' || why FROM edgectl.edge_answers WHERE request_id = '{name}'")
        found[:] = told.splitlines()
        return bool(found)

    house.daemon.wait("/central", there)
    (line,) = found
    code, _, why = line.partition("|")
    return code, why


def lines_of(house: Home, name: str) -> int:
    """How often the timeline says that this request was answered."""
    told = "body->'details'->>'request_id'"
    return int(house.run(f"SELECT count(*) FROM edgectl.edge_entries WHERE {told} = '{name}'"))


def asked(house: Home) -> list[dict[str, Any]]:
    """The tasks that came of the centre's wish; the house waters by itself too."""
    rows = house.daemon.data("/tasks?limit=50")
    return [row for row in rows if row["correlation_id"] == "centre-watering-1"]


def test_a_task_runs_once_however_often_it_is_asked_for(house: Home) -> None:
    wish = {"zone_id": 1, "task_type": "irrigation", "payload": {"duration_s": 1}}
    ask(house, "request-task-1", "task", wish, id_="centre-watering-1")
    assert answer(house, "request-task-1")[0] in ("accepted", "ok")
    house.daemon.wait("/tasks?limit=50", lambda _: [row["status"] for row in asked(house)] == ["completed"])
    assert [row["source"] for row in asked(house)] == ["centre"]
    ask(house, "request-task-2", "task", {**wish, "payload": {"duration_s": 2}}, id_="centre-watering-1")
    assert answer(house, "request-task-2")[0] == "idempotency_payload_mismatch"
    assert len(asked(house)) == 1
    assert lines_of(house, "request-task-1") == 1


def test_what_comes_too_late_is_told_so_and_not_done(house: Home) -> None:
    ask(house, "request-late-1", "hold", {"zone": "beds", "seconds": 60}, lasts_s=-600)
    assert answer(house, "request-late-1") == ("task_expired", "it arrived after its end")
    assert not house.daemon.data("/status")["restraints"]


@pytest.mark.parametrize(
    ("kind", "payload", "code", "why"),
    [
        ("reboot", {}, "unknown_request", "'reboot' is nothing that this site can be asked for; task, hold,"),
        ("hold", {"zone": "beds"}, "payload_invalid", "payload.seconds must be a number"),
        ("hold", {"zone": "attic", "seconds": 60}, "unknown_zone", "there is no zone 'attic'; there are: beds"),
        ("hold", {"zone": "beds", "seconds": 1e12}, "hold_needs_an_end", "a hold lasts more than 0 s and at most 14"),
        ("task", {"zone": "beds"}, "payload_invalid", "payload.task_type must be a text"),
        ("task", {"zone": "beds", "task_type": "dance"}, "unsupported_task_type", ""),
        ("override", {"zone": "beds", "setting": "x", "value": 1, "seconds": 5}, "unknown_setting", ""),
        ("cancel", {"task_id": "st-nothing"}, "unknown_task", ""),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(
    house: Home, kind: str, payload: dict[str, Any], code: str, why: str
) -> None:
    name = f"request-{kind}-{abs(hash(code)) % 10**9}"
    ask(house, name, kind, payload)
    said, sentence = answer(house, name)
    assert said == code
    assert sentence.startswith(why)
    assert lines_of(house, name) == 1


def test_a_hold_of_the_centre_is_released_by_it_and_one_of_the_site_is_not(house: Home) -> None:
    ask(house, "request-hold-1", "hold", {"zone": "beds", "seconds": 600, "why": "spraying"})
    assert answer(house, "request-hold-1")[0] == "ok"
    (held,) = house.daemon.data("/status")["restraints"]
    assert held["who"].startswith("centre:")
    assert held["why"] == "spraying"
    ask(house, "request-release-1", "release", {"zone": "beds"})
    assert answer(house, "request-release-1")[0] == "ok"
    assert house.daemon.cli("hold", "beds", "--for", "1h").returncode == 0
    ask(house, "request-release-2", "release", {"zone": "beds"})
    assert answer(house, "request-release-2")[0] == "held_on_site"
    assert house.daemon.cli("release", "beds").returncode == 0


def test_a_daemon_that_is_killed_with_requests_in_hand_answers_each_once(house: Home) -> None:
    for number in range(4):
        for turn in ("hold", "release"):
            ask(house, f"request-kill-{turn}-{number}", turn, {"zone": "beds", "seconds": 600})
        house.daemon.kill()
        house.daemon.start()
    house.daemon.wait_ready()
    for number in range(4):
        for turn in ("hold", "release"):
            assert answer(house, f"request-kill-{turn}-{number}")[0] == "ok"
            assert lines_of(house, f"request-kill-{turn}-{number}") == 1
    assert not house.daemon.data("/status")["restraints"]


def test_limits_only_tighten_hold_across_a_restart_and_are_taken_whole(house: Home) -> None:
    def asked(name: str, limits: dict[str, Any]) -> tuple[str, str]:
        ask(house, name, "limits", limits)
        return answer(house, name)

    water = {"zone": "beds", "task_type": "irrigation", "payload": {"duration_s": 20}}
    assert asked("request-limits-1", {"revision": 1, "actuators": {"pump": {"max_on_s": 10}}}) == ("ok", "")
    both = {"pump": {"max_on_s": 5}, "valve": {"max_on_s": 9999}}
    code, why = asked("request-limits-2", {"revision": 2, "actuators": both})
    assert (code, why) == (
        "limits_refused",
        "actuators.valve.max_on_s is 9999, and the site's own 120 is tighter: the centre can only tighten",
    )
    code, why = asked("request-limits-3", {"revision": 1, "actuators": {"pump": {"max_on_s": 7}}})
    assert why == "revision 1 is not newer than 1, which is in force"
    house.daemon.kill()
    house.daemon.start()
    house.daemon.wait_ready()
    assert house.daemon.data("/central")["limits"] == {
        "revision": 1,
        "set": '{"actuators": {"pump": {"max_on_s": 10}}}',
    }
    ask(house, "request-limits-4", "task", water)
    assert answer(house, "request-limits-4") == ("payload_invalid", "20 s is longer than pump's max_on 10 s")
    assert asked("request-limits-5", {"revision": 3}) == ("ok", "")
    ask(house, "request-limits-6", "task", water)
    assert answer(house, "request-limits-6")[0] == "accepted"


def test_readings_arrive_a_minute_at_a_time_and_as_they_were_read_when_they_are_asked_for(house: Home) -> None:
    ask(house, "request-raw-0", "raw", {"sensors": ["attic"], "seconds": 90})
    assert answer(house, "request-raw-0")[0] == "unknown_sensor"
    ask(house, "request-raw-1", "raw", {"sensors": ["tank_level"], "seconds": 90})
    assert answer(house, "request-raw-1")[0] == "ok"
    rows = "SELECT count(*) FROM edgectl.edge_telemetry_1m WHERE sensor = 'tank_level' AND mean BETWEEN 1 AND 100"
    # The first minute may have had a second left when the daemon began; the next one is whole.
    house.daemon.wait("/central", lambda _: int(house.run(f"{rows} AND samples > 3")) > 0, 160)
    samples = "SELECT count(*) FROM edgectl.edge_telemetry_raw"
    house.daemon.wait("/central", lambda _: int(house.run(samples)) > 3, 60)
    assert house.run(f"{samples} WHERE sensor <> 'tank_level' OR NOT good OR value NOT BETWEEN 1 AND 100") == "0"


def test_the_desk_may_ask_and_nothing_else(house: Home, tmp_path: Path) -> None:
    for sql in ("DELETE FROM edgectl.edge_requests", "UPDATE edgectl.edge_tasks SET status = 'failed'"):
        with pytest.raises(RuntimeError, match="permission denied"):
            house.run(f"SET ROLE edgectl_desk; {sql}")
