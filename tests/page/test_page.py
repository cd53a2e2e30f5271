"""The page as people use it: a phone in a hand, a keyboard, a screen reader, a bad line. All is pressed for real."""

import http.client
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from edgectl.api.access import Role
from edgectl.api.web.door import TABLE
from edgectl.testing.daemon import DaemonProcess
from edgectl.testing.field import SimulatedField
from tests.page.conftest import Open, address, barriers, relays

pytestmark = pytest.mark.timeout(300)
SLOW = 60_000  # ms: the machine may be busy
WATERED = "/tasks?limit=100"


@pytest.fixture(autouse=True)
def as_it_was(daemon: DaemonProcess, field: SimulatedField) -> Iterator[None]:
    """Each test leaves the house as it found it."""
    yield
    field.control("clear")
    daemon.ask("POST", "/resume", {})
    for path in ("/zones/beds/lock", "/zones/beds/hold", "/schedules/watering/hold"):
        daemon.ask("DELETE", path)
    daemon.ask("POST", "/zones/beds/mode", {"mode": "auto"})
    for name in ("pump", "valve"):
        daemon.ask("POST", f"/outputs/{name}/off", {})
    daemon.wait("/status", lambda s: not any(zone["tasks"] for zone in s["zones"]))
    daemon.wait("/status", lambda s: not any(o["owed_off"] for o in s["outputs"]))
    for alarm in daemon.data("/alarms"):
        if alarm["shelved_until"] is not None:  # it would stay on the list to its end
            daemon.ask("DELETE", f"/alarms/{alarm['id']}/shelve")
        daemon.ask("POST", f"/alarms/{alarm['id']}/ack", {})
    daemon.wait("/alarms", lambda alarms: not alarms)


def hold(page: Page, name: str) -> None:
    """A thumb that stays on a button until the button has taken it, however slow the browser is."""
    button = page.get_by_role("button", name=name)
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(1300)  # the length of a hold is what is tested
    until(lambda: page.evaluate("document.querySelector('button.pressed') === null"))
    page.mouse.up()


def until(condition: Callable[[], Any], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to it"
        time.sleep(0.05)


def newest(daemon: DaemonProcess, task_type: str = "irrigation") -> dict[str, Any]:
    found = (task for task in daemon.data(WATERED) if task["task_type"] == task_type)
    return next(found, {"task_id": "none yet"})


def water(page: Page, daemon: DaemonProcess, seconds: str = "10") -> dict[str, Any]:
    """Press water on the zone's page; returns the task that came of it."""
    before = newest(daemon)["task_id"]
    page.get_by_label("water now for").select_option(seconds)
    page.get_by_role("button", name="water now", exact=True).click()
    expect(page.locator("#said")).to_contain_text("watering was asked for", timeout=SLOW)
    expect(page.locator("#said p")).to_be_in_viewport(ratio=1)  # however far down somebody has pressed
    until(lambda: newest(daemon)["task_id"] != before)
    return newest(daemon)


def ended(daemon: DaemonProcess, task_id: str) -> dict[str, Any]:
    task: dict[str, Any] = daemon.wait(f"/tasks/{task_id}", lambda task: task["result"] is not None)
    return task


# ---------------------------------------------------------------- the first look


def test_the_first_look_answers_the_four_questions(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Well", timeout=SLOW)
    expect(page.get_by_text("nothing needs you")).to_be_visible()
    card = page.locator("#zone-1")
    expect(card).to_contain_text("idle")
    expect(card).to_contain_text(re.compile(r"tank level\s+[\d.]+ %"))
    expect(card.locator(".next")).to_contain_text(re.compile(r"next\s+\w{3} \d\d:\d\d"))
    expect(page.locator("#needs")).to_contain_text("nothing")
    expect(page.locator("#live")).to_have_text("live", timeout=SLOW)
    # The page counts the time on, and what is doubtful about it stays beside it.
    trust = {"synced": "", "restored": "≈", "untrusted": "(clock not believed)"}
    expect(page.locator(".clock")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    assert "".join(page.locator(".trust").all_inner_texts()) == trust[daemon.data("/status")["clock"]]
    for height in (720, 640):
        page.set_viewport_size({"width": 360, "height": height})
        for selector in ("h1", ".why", "#zone-1 h2", "#zone-1 .next"):
            box = page.locator(selector).first.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] < height - 72, f"{selector} is seen without scrolling, above the stops"
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360, f"nothing sticks out of a phone, and {wide} px do"


def test_the_first_load_is_small(open_page: Open) -> None:
    page = open_page("/")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.reload()
    expect(page.locator("#live")).to_have_text("live", timeout=SLOW)
    assert len(sizes) >= 5
    assert sum(sizes) <= 120_000, f"{sum(sizes)} bytes"
    hosts = page.evaluate("performance.getEntriesByType('resource').map(entry => new URL(entry.name).host)")
    assert set(hosts) == {page.evaluate("location.host")}, "nothing comes from anywhere else"


# Scrolled to as a key or a link would do it: what is smaller than a thumb, or lies under something else.
OUT_OF_REACH = """() => [...document.querySelectorAll('a[href], button, select, summary, input:not([type=hidden])')]
    .filter(e => e.checkVisibility() && !e.closest('.stops, .skip, details:not([open]) > :not(summary)'))
    .map(e => {
        e.scrollIntoView({block: 'nearest'});
        const r = e.getBoundingClientRect();
        const middle = [r.left + r.width / 2, r.top + r.height / 2];
        const places = [middle, [r.left + 4, r.top + 4], [r.right - 4, r.bottom - 4]];
        const hits = places.map(([x, y]) => document.elementFromPoint(x, y));
        const over = hits.filter(h => !h || !(e === h || e.contains(h) || h.contains(e)));
        const told = over.map(h => h ? h.outerHTML.slice(0, 60) : 'nothing');
        return [e.textContent.trim().slice(0, 30), Math.round(r.height), ...told];
    })
    .filter(([, height, ...over]) => height < 44 || over.length)"""


def test_every_target_is_large_enough_for_a_thumb_and_lies_under_nothing(
    open_page: Open, daemon: DaemonProcess
) -> None:
    page = open_page("/page/zones/beds", bypass_csp=True)
    task = water(page, daemon, "30")["task_id"]
    expect(page.locator("#zone-1 .runs")).to_be_visible(timeout=SLOW)
    for path in (
        "/",
        "/page/zones/beds",
        f"/page/tasks/{task}",
        "/page/day",
        "/page/alarms",
        "/page/calibrate/tank_level",
    ):
        page.goto(address(daemon, path))
        assert page.evaluate("document.querySelectorAll('main a, main button, footer button').length") > 2
        assert page.evaluate(OUT_OF_REACH) == [], path
        page.get_by_text("more", exact=True).click()
        expect(page.get_by_role("button", name="STOP ALL")).to_be_visible()
        assert page.evaluate(OUT_OF_REACH) == [], f"{path}, with STOP ALL open"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    # The planted bug: a page that ends where the bar begins.
    page.add_style_tag(content="body { padding-bottom: 0 }")
    assert page.evaluate(OUT_OF_REACH), "what lies under the bar is found"


# ---------------------------------------------------------------- watering


def test_water_now_runs_and_says_done_only_when_the_hardware_did(
    open_page: Open, daemon: DaemonProcess, field: SimulatedField
) -> None:
    page = open_page("/page/zones/beds")
    task = water(page, daemon, "30")
    card = page.locator("#zone-1")
    expect(card.locator(".runs")).to_contain_text("irrigation", timeout=SLOW)
    expect(card).to_contain_text(re.compile(r"pump on, ends by \d\d:\d\d:\d\d\s+\(\d+ s\)"), timeout=SLOW)
    assert relays(field)[:2] == [True, True]
    # A second one waits for its turn, says so, and is ended there.
    page.get_by_label("water now for").select_option("10")
    page.get_by_role("button", name="water now").click()
    expect(page.locator("#said")).to_contain_text("it waits until what is at work before it has ended", timeout=SLOW)
    expect(card.locator(".waits")).to_contain_text(
        re.compile(r"irrigation 10 s,\s+asked for by test phone"), timeout=SLOW
    )
    card.get_by_role("button", name="do not run it").click()
    expect(card.locator(".waits")).to_have_count(0, timeout=SLOW)
    assert [row["status"] for row in daemon.data(WATERED)[:2]] == ["failed", "running"]
    page.goto(address(daemon, f"/page/tasks/{task['task_id']}"))
    expect(page.locator("#sla")).to_have_text("running")
    expect(page.locator("#done")).to_have_text("DONE: waiting")
    ended(daemon, task["task_id"])
    expect(page.locator("#sla")).to_have_text("deadlines met", timeout=SLOW)  # it is told as it happens
    expect(page.locator(".timeline .code").last).to_have_text("TASK_FINISHED", timeout=SLOW)
    expect(page.locator("#done")).to_have_text("DONE: confirmed 2 of 2")
    facts = page.locator(".facts")
    expect(facts).to_contain_text("this page")
    expect(facts).to_contain_text("The zone needs water now. irrigation_required")
    expect(facts).to_contain_text(re.compile(r"effect\s*full: pump [\d.]+ s, volume [\d.]+ [lL]"))
    shown = page.locator(".timeline .code").all_inner_texts()
    told = [line["event_type"] for line in daemon.data(f"/tasks/{task['task_id']}")["timeline"]]
    assert shown == told, "in the order of the journal"
    page.goto(address(daemon, "/page/tasks?preset=done_confirmed"))
    expect(page.locator(f"a[href='/page/tasks/{task['task_id']}']")).to_be_visible()


def test_a_watering_within_a_minute_has_its_shape_in_the_curve(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/page/zones/beds")
    task = ended(daemon, water(page, daemon)["task_id"])
    begin, end = (datetime.fromisoformat(task[name]).timestamp() for name in ("created_at", "updated_at"))

    def of_it(past: dict[str, Any]) -> list[float]:
        return [value for at, value in zip(past["at"], past["values"], strict=True) if begin <= at <= end]

    during = of_it(daemon.wait("/sensors/flow/past", lambda past: len(of_it(past)) >= 3))  # a point every few seconds
    assert max(during) > 0
    page.goto(address(daemon, f"/page/tasks/{task['task_id']}"))
    flow = page.locator("figure.chart", has_text="flow")
    expect(flow.locator("canvas")).to_be_visible(timeout=SLOW)
    assert int(flow.get_attribute("data-points") or 0) >= len(during)
    flow.locator(".u-over").hover()
    expect(flow.locator(".at")).to_have_text(re.compile(r"^\d\d:\d\d [\d.]+ L/min$"), timeout=SLOW)
    page.goto(address(daemon, "/page/zones/beds"))
    hour = page.get_by_role("button", name="1 h", exact=True)
    expect(page.locator("figure.chart canvas").first).to_be_visible(timeout=SLOW)
    hour.click()
    expect(hour).to_have_attribute("aria-pressed", "true")


def test_a_run_without_water_fails_and_its_alarm_is_acknowledged_from_the_page(
    open_page: Open, daemon: DaemonProcess, field: SimulatedField
) -> None:
    field.fault("blocked")
    page = open_page("/page/zones/beds")
    task = ended(daemon, water(page, daemon, "30")["task_id"])
    assert task["status"] == "failed"
    page.goto(address(daemon, "/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Act now", timeout=SLOW)
    expect(page.locator(".why")).to_contain_text("A pump ran and no water was seen.")
    expect(page.locator("#zone-1 .missed")).to_contain_text("Water should move there and none does.", timeout=SLOW)
    alarm = page.locator(".alarm", has_text="biz_no_flow:pump")
    expect(alarm).to_contain_text("critical")
    expect(alarm).to_contain_text("Check the source, the suction filter and the valve")
    alarm.get_by_role("button", name="I have seen it").click()
    expect(page.locator("#said")).to_contain_text("acknowledged", timeout=SLOW)
    until(lambda: all(a["acknowledged_by"] for a in daemon.data("/alarms")))
    page.locator("#zone-1 .missed a").click()
    expect(page.locator(".facts")).to_contain_text("flow_inactive")
    expect(page.get_by_text("Check the source, the suction filter and the valve.").first).to_be_visible()
    page.goto(address(daemon, "/page/tasks?preset=failed"))
    expect(page.locator(f"a[href='/page/tasks/{task['task_id']}']")).to_contain_text("failed")


def test_an_echo_without_an_effect_is_shown_as_not_confirmed(
    open_page: Open, daemon: DaemonProcess, field: SimulatedField
) -> None:
    field.fault("stuck_relay", relay=1)
    page = open_page("/page/zones/beds")
    task = ended(daemon, water(page, daemon)["task_id"])
    page.goto(address(daemon, f"/page/tasks/{task['task_id']}"))
    expect(page.locator("#done")).to_contain_text("DONE: not confirmed")
    expect(page.locator(".facts")).to_contain_text("The device took the order and nothing changed.")
    page.goto(address(daemon, "/page/tasks?preset=done_unconfirmed"))
    expect(page.locator(f"a[href='/page/tasks/{task['task_id']}']")).to_be_visible()


def late(daemon: DaemonProcess, due_s: float, expires_s: float) -> dict[str, Any]:
    """A task whose times lie so many seconds from now."""
    now = datetime.now(UTC)
    times = {"scheduled_for": -900.0, "due_at": due_s, "expires_at": expires_s}
    wish = {name: (now + timedelta(seconds=seconds)).isoformat() for name, seconds in times.items()}
    body = {"zone": "beds", "payload": {"duration_s": 2}, "source": "api", **wish}
    status, answer = daemon.ask("POST", "/tasks", body)
    assert status == 200, answer
    task: dict[str, Any] = daemon.data(f"/tasks/{answer['data']['task_id']}")
    return task


def test_what_came_too_late_is_rejected_or_expired_and_found_by_its_preset(
    open_page: Open, daemon: DaemonProcess
) -> None:
    rejected, expired = late(daemon, -300, 300), late(daemon, -600, -300)
    assert (rejected["status"], expired["status"]) == ("rejected", "expired")
    page = open_page("/page/tasks?preset=deadline")
    for task, badge in ((rejected, "rejected: late"), (expired, "expired")):
        row = page.locator(f"a[href='/page/tasks/{task['task_id']}']")
        expect(row).to_contain_text(badge)
    page.goto(address(daemon, f"/page/tasks/{rejected['task_id']}"))
    expect(page.locator("#sla")).to_have_text("rejected: late")
    expect(page.locator(".facts")).to_contain_text("The task could not start before it was due.")


def test_each_field_that_was_read_somewhere_is_found_by_the_search_and_a_wait_is_at_risk_in_time(
    open_page: Open, daemon: DaemonProcess, field: SimulatedField
) -> None:
    page = open_page("/page/zones/beds")
    first = water(page, daemon, "30")
    waits = late(daemon, 25, 300)
    page.goto(address(daemon, f"/page/tasks/{waits['task_id']}"))
    expect(page.locator("#sla")).to_have_text("at risk")
    page.get_by_role("button", name="end it now").click()
    cancelled = ended(daemon, waits["task_id"])
    field.fault("blocked")
    failed = ended(daemon, first["task_id"])
    assert failed["error_code"] == "flow_inactive"
    found = {
        "id": (failed, failed["task_id"]),
        "type": (failed, "irrigation"),
        "status": (failed, "failed"),
        "decision": (failed, failed["result"]["decision"]),
        "reason_code": (failed, failed["result"]["reason_code"]),
        "error_code": (cancelled, "task_cancelled"),
        "text": (cancelled, "Somebody cancelled the task"),
    }
    for name, (task, words) in found.items():
        page.goto(address(daemon, "/page/tasks"))
        page.get_by_label("search").fill(words)
        page.get_by_role("button", name="find").click()
        expect(page.locator(f"a[href='/page/tasks/{task['task_id']}']"), name).to_be_visible()


def test_a_skip_needs_no_action_and_a_search_finds_by_words_codes_and_ids(
    open_page: Open, daemon: DaemonProcess
) -> None:

    def lit(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [task for task in tasks if task["task_type"] == "lighting" and task["status"] == "completed"]

    skipped = lit(daemon.wait(WATERED, lit))[0]
    page = open_page("/page/tasks")
    row = f"a[href='/page/tasks/{skipped['task_id']}']"
    result = skipped["result"]
    badge = "no action needed" if not result["action_required"] else "completed"
    expect(page.locator(row)).to_contain_text(badge)
    for words in (skipped["task_id"][3:12], "LIGHTING", result["reason_code"], result["decision"], "the lamp"):
        page.get_by_label("search").fill(words)
        page.get_by_role("button", name="find").click()
        expect(page.locator(row)).to_be_visible()
    page.get_by_label("search").fill("no such words")
    page.get_by_role("button", name="find").click()
    expect(page.locator(".tasks")).to_contain_text("nothing found")
    for preset in ("all", "failed", "open", "deadline", "done confirmed", "done unconfirmed"):
        page.goto(address(daemon, "/page/tasks"))
        page.get_by_role("link", name=preset, exact=True).click()
        expect(page.get_by_role("link", name=preset, exact=True)).to_have_attribute("aria-current", "true")


def test_a_list_is_fetched_anew_and_what_somebody_has_opened_or_chosen_stays(
    open_page: Open, daemon: DaemonProcess
) -> None:
    page = open_page("/page/tasks")
    rows = page.locator("#list .tasks > li")
    late(daemon, -300, 300)
    first = rows.first.inner_text()
    newest_id = late(daemon, -300, 300)["task_id"]
    assert rows.first.inner_text() == first
    page.evaluate("scrollTo(0, 400)")
    page.evaluate("renew_lists()")
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("renew_lists()")
    expect(rows.first.locator("a")).to_have_attribute("href", f"/page/tasks/{newest_id}", timeout=SLOW)
    page.goto(address(daemon, "/page/zones/beds"))
    choice = page.get_by_label("water now for")
    choice.select_option("60")
    page.locator("#hands").evaluate("here => here.replaceChildren(...here.cloneNode(true).childNodes)")
    assert choice.input_value() == "30", "the planted bug: drawn anew, it is as it came"
    page.evaluate("ready(document.getElementById('hands'))")
    assert choice.input_value() == "60"


# ---------------------------------------------------------------- stops


def test_stop_water_wants_a_hold_and_stays_until_it_is_released(
    open_page: Open, daemon: DaemonProcess, field: SimulatedField
) -> None:
    page = open_page("/page/zones/beds")
    expect(page.locator("#live")).to_have_text("live", timeout=SLOW)
    water(page, daemon, "60")
    until(lambda: relays(field)[:2] == [True, True])
    page.get_by_role("button", name="STOP WATER").click()
    expect(page.get_by_role("button", name="STOP WATER")).to_contain_text("press once more")
    assert relays(field)[0], "a touch in passing stops nothing"
    hold(page, "STOP WATER")
    expect(page.locator("#said")).to_contain_text("the water is stopped", timeout=SLOW)
    until(lambda: not any(relays(field)[:2]))
    expect(page.locator(".why")).to_contain_text("the water is stopped until somebody releases it", timeout=SLOW)
    stopped = next(item for item in daemon.data("/status")["restraints"] if item["what"] == "stop_water")
    assert stopped["who"].startswith("test phone (")
    hold(page, "release the stop")
    until(lambda: not daemon.data("/status")["restraints"])


def test_stop_all_lies_behind_and_works_by_keyboard(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/")
    assert not page.get_by_role("button", name="STOP ALL").is_visible()
    page.get_by_text("more", exact=True).focus()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="STOP ALL")
    button.evaluate("it => it.form.addEventListener('submit', () => { it.dataset.sent = 'yes' })")
    button.dblclick()
    assert button.get_attribute("data-sent") is None, "two quick taps are no press of a second"
    expect(button).not_to_contain_text("press once more")  # and what they have armed is so for seconds alone
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_contain_text("press once more")
    assert not daemon.data("/status")["stopped"]

    def pressed_again() -> bool:
        """The second press counts while the first is fresh: who was too slow presses once more."""
        page.keyboard.press("Enter")
        stopped: bool = daemon.data("/status")["stopped"]
        return stopped

    until(pressed_again)
    expect(page.locator(".why")).to_contain_text("everything is stopped", timeout=SLOW)


# ---------------------------------------------------------------- hands


def test_a_manual_on_shows_its_countdown_and_ends_by_itself(
    open_page: Open, daemon: DaemonProcess, field: SimulatedField
) -> None:
    page, before = open_page("/page/zones/beds"), len(field.trace())
    row = page.locator("form[action='/page/outputs/valve/on']")
    row.get_by_role("combobox").select_option("10")
    row.get_by_role("button", name="on").click()
    expect(row.locator(".left")).to_have_text(re.compile(r"^([1-9]|10) s$"), timeout=SLOW)
    expect(page.locator("#said")).to_contain_text("it ends by itself", timeout=SLOW)
    until(lambda: any(move["relay"] == "relay_2" and move["on"] for move in field.trace()[before:]))
    until(lambda: not relays(field)[1])
    expect(row.get_by_role("button", name="on", exact=True)).to_be_visible(timeout=SLOW)


def test_a_guard_says_no_in_a_sentence(open_page: Open, daemon: DaemonProcess, field: SimulatedField) -> None:
    page = open_page("/page/zones/beds")
    row = page.locator("form[action='/page/outputs/pump/on']")
    # Before it is pressed: only what would be taken on is offered, and what the rest wants is said.
    expect(row).to_contain_text("for longer: pump would push against a closed valve: switch valve on first")
    assert row.locator("option").all_inner_texts() == ["2 s"]
    valve = page.locator("form[action='/page/outputs/valve/on']")
    valve.get_by_role("combobox").select_option("60")
    valve.get_by_role("button", name="on", exact=True).click()
    row.locator("option[value='30']").wait_for(state="attached", timeout=SLOW)
    # And pressed on a page from before the valve was shut again.
    daemon.ask("POST", "/outputs/valve/off", {})
    until(lambda: not relays(field)[1])
    (session,) = [cookie for cookie in page.context.cookies() if cookie["name"] == "edgectl"]
    status, text = press(daemon, "/page/outputs/pump/on", session["value"], seconds=30)
    assert status == 409
    assert "switch valve on first" in text
    assert "A guard does not let this output switch on now." in text
    assert not relays(field)[0]


def test_what_an_order_came_to_moves_nothing_and_makes_room_again(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/page/zones/beds", bypass_csp=True)
    heading, before = page.locator("#hands-title"), page.locator("#hands-title").bounding_box()
    page.get_by_label("I work there:").fill("filter")
    page.get_by_role("button", name="lock", exact=True).click()
    said = page.locator("#said p")
    expect(said).to_contain_text("the zone is locked", timeout=SLOW)
    expect(said).to_be_in_viewport(ratio=1)
    bar, box = page.locator(".stops").bounding_box(), said.bounding_box()
    assert bar is not None
    assert box is not None
    assert box["y"] + box["height"] <= bar["y"], "the stops stay free"
    page.evaluate("scrollTo(0, 0)")
    assert before is not None
    moved = heading.bounding_box()
    assert moved is not None
    assert moved["y"] == pytest.approx(before["y"], abs=60), "a badge may have come, no line of its own"
    page.keyboard.press("Escape")
    expect(page.locator("#said")).to_be_empty()
    page.get_by_role("button", name="water now", exact=True).click()
    expect(page.locator("#said .bad")).to_be_visible(timeout=SLOW)
    assert barriers(page) == []
    page.get_by_role("button", name="close").click()
    expect(page.locator("#said")).to_be_empty()


def test_a_service_lock_binds_everybody_until_it_is_taken_off(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/page/zones/beds")
    page.get_by_label("I work there:").fill("filter")
    page.get_by_role("button", name="lock", exact=True).click()
    expect(page.locator("#said")).to_contain_text("the zone is locked", timeout=SLOW)
    expect(page.locator("#hands")).to_contain_text("· filter ·", timeout=SLOW)
    page.get_by_role("button", name="water now", exact=True).click()
    expect(page.locator("#said .bad")).to_contain_text("works in beds (filter)", timeout=SLOW)
    # Somebody else finds no button for it, and one that was kept from before gets a sentence.
    other = open_page("/page/zones/beds")
    expect(other.locator("#hands")).to_contain_text("Only they take it off, or an engineer", timeout=SLOW)
    assert other.get_by_role("button", name="unlock").count() == 0
    (session,) = [cookie for cookie in other.context.cookies() if cookie["name"] == "edgectl"]
    origin = {"origin": address(daemon, ""), "hx_request": "true"}
    status, text = post(daemon, "/page/zones/beds/unlock", f"edgectl={session['value']}", **origin)
    assert status == 403
    assert "alone takes that off" in text
    page.get_by_role("button", name="unlock").click()
    until(lambda: not daemon.data("/status")["restraints"])
    daemon.ask("POST", "/zones/beds/lock", {"why": "roof"})
    engineer = open_page("/page/zones/beds", role="engineer")
    engineer.get_by_role("button", name="unlock").click()
    until(lambda: not daemon.data("/status")["restraints"])


def test_a_hold_has_its_end_and_a_mode_can_be_changed(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/page/zones/beds")
    page.get_by_label("no scheduled work for").select_option("4")
    page.get_by_role("button", name="hold it").click()
    expect(page.locator("#hands")).to_contain_text("held until", timeout=SLOW)
    expect(page.locator("#zone-1 h2")).to_contain_text("held")
    page.get_by_role("button", name="release", exact=True).click()
    expect(page.get_by_role("button", name="hold it")).to_be_visible(timeout=SLOW)
    page.get_by_label("who starts work").select_option("manual")
    page.get_by_role("button", name="set").click()
    until(lambda: daemon.data("/status")["zones"][0]["mode"] == "manual")
    expect(page.locator("#zone-1 h2")).to_contain_text("people alone", timeout=SLOW)


def test_what_is_being_typed_is_not_taken_away(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/page/zones/beds")
    expect(page.locator("#live")).to_have_text("live", timeout=SLOW)
    field_ = page.get_by_label("I work there:")
    field_.fill("filt")
    daemon.ask("POST", "/outputs/valve/on", {"seconds": 60})
    expect(page.locator("#zone-1")).to_contain_text("valve on", timeout=SLOW)
    assert field_.input_value() == "filt"


def test_a_schedule_is_held_and_run_out_of_its_turn_only_by_who_says_that_they_know(
    open_page: Open, daemon: DaemonProcess
) -> None:
    page = open_page("/page/zones/beds")
    row = page.locator("#schedules .schedule", has_text="watering")
    row.get_by_role("button", name="no runs for 1 d").click()
    expect(page.locator("#said")).to_contain_text("the schedule is held", timeout=SLOW)
    expect(row).to_contain_text(
        re.compile(r"held until \w{3} \d\d:\d\d by test phone .* · by the page", re.S), timeout=SLOW
    )
    expect(page.locator(".why")).to_contain_text("watering is held", timeout=SLOW)
    # A page from before the hold would run it unaware: it is told instead.
    (session,) = [cookie for cookie in page.context.cookies() if cookie["name"] == "edgectl"]
    origin = {"origin": address(daemon, ""), "hx_request": "true"}
    status, text = post(daemon, "/page/schedules/watering/run", f"edgectl={session['value']}", **origin)
    assert status == 409
    assert "watering is held until" in text
    before = newest(daemon)["task_id"]
    button = page.get_by_role("button", name="run it anyway")
    button.click()
    expect(button).to_contain_text("press once more")
    assert newest(daemon)["task_id"] == before, "a touch in passing runs nothing"
    hold(page, "run it anyway")
    expect(page.locator("#said")).to_contain_text("it was asked to run now", timeout=SLOW)
    until(lambda: newest(daemon)["task_id"] != before)
    ran = ended(daemon, newest(daemon)["task_id"])
    assert (ran["source"], ran["schedule"], ran["status"]) == ("page", "watering", "completed")
    row.get_by_role("button", name="let it go on").click()
    expect(row.get_by_role("button", name="run it now")).to_be_visible(timeout=SLOW)
    assert not daemon.data("/status")["restraints"]


def test_an_alarm_is_silenced_for_a_while_and_then_seen(
    open_page: Open, daemon: DaemonProcess, field: SimulatedField
) -> None:
    field.fault("silent", unit=5)
    found = daemon.wait("/alarms", lambda alarms: [a for a in alarms if a["priority"] != "critical"], 60)
    name = next(a["id"] for a in found if a["priority"] != "critical")
    page = open_page("/page/alarms")
    alarm = page.locator(".alarm", has_text=name)
    alarm.get_by_role("button", name="silent for 8 h").click()
    expect(page.locator("#said")).to_contain_text("silenced for a while", timeout=SLOW)
    expect(alarm).to_contain_text(re.compile(r"silent until \w{3} \d\d:\d\d"), timeout=SLOW)
    assert alarm.get_by_role("button", name="silent for").count() == 0
    first = open_page("/")
    expect(first.get_by_role("heading", level=1)).to_contain_text("Well")
    expect(first.locator("#needs")).to_contain_text("silent until")
    alarm.get_by_role("button", name="silent no more").click()
    expect(first.get_by_role("heading", level=1)).to_contain_text("Look", timeout=SLOW)
    alarm.get_by_role("button", name="silent for 8 h").click()
    expect(first.get_by_role("heading", level=1)).to_contain_text("Well", timeout=SLOW)
    # Somebody has their finger on the list: what comes meanwhile waits until it is lifted.
    box = alarm.locator("h3").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    daemon.ask("POST", f"/alarms/{name}/shelve", {"seconds": 7200})
    until(lambda: page.evaluate("[...waiting.keys()].some(place => place.id === 'alarms')"))
    before = alarm.inner_text()
    page.wait_for_timeout(2000)  # longer than a touch in passing keeps it: the length of a hold is what is tested
    assert alarm.inner_text() == before
    page.mouse.up()
    until(lambda: page.evaluate("waiting.size === 0"))
    assert alarm.inner_text() != before
    alarm.get_by_role("button", name="I have seen it").click()
    expect(page.locator("#said")).to_contain_text("acknowledged", timeout=SLOW)
    expect(alarm).to_contain_text("seen by test phone", timeout=SLOW)
    row = next(a for a in daemon.data("/alarms") if a["id"] == name)
    assert row["acknowledged_by"].startswith("test phone (")


def test_an_output_that_did_not_move_is_named_on_the_first_page(open_page: Open, daemon: DaemonProcess) -> None:
    tried = {"moved": False, "read_back": True, "who": "Ana", "why": "nothing"}
    daemon.ask("POST", "/outputs/lamp/tried", tried)
    page = open_page("/")
    expect(page.locator("#needs")).to_contain_text(re.compile(r"lamp: did not move when Ana pressed it on \w{3}"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Look")
    daemon.ask("POST", "/outputs/lamp/tried", tried | {"moved": True})
    expect(page.locator("#needs")).not_to_contain_text("did not move", timeout=SLOW)


# ---------------------------------------------------------------- bad lines, other eyes


def test_without_scripts_the_page_tells_the_same_and_stops(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/", script=False)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Well")
    expect(page.locator("#live")).to_contain_text("as of")
    page.get_by_role("button", name="STOP WATER").click()
    until(lambda: any(item["what"] == "stop_water" for item in daemon.data("/status")["restraints"]))
    expect(page.locator(".why")).to_contain_text("the water is stopped")


def test_when_the_stream_is_cut_the_page_says_since_when(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/", expected=r"net::ERR|object Event")
    expect(page.locator("#live")).to_have_text("live", timeout=SLOW)
    daemon.kill()
    expect(page.locator("#live")).to_have_text(re.compile(r"^not live since \d\d:\d\d:\d\d$"), timeout=60_000)
    expect(page.locator("#zone-1")).to_contain_text("tank level")  # what was seen last stays to be read
    daemon.start()
    daemon.wait_ready()
    expect(page.locator("#live")).to_have_text("live", timeout=90_000)


def test_both_languages_and_the_choice_is_kept(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/", locale="ru-RU")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Всё хорошо")
    assert page.locator("html").get_attribute("lang") == "ru"
    expect(page.get_by_role("button", name="СТОП ВОДА")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Well")
    page.goto(address(daemon, "/page/tasks"))
    expect(page.get_by_role("heading", level=2)).to_have_text("Tasks")
    page.get_by_role("button", name="Русский").click()
    page.get_by_label("поиск").fill("нужна вода")
    page.get_by_role("button", name="найти").click()
    expect(page.locator(".tasks")).to_contain_text("Зоне сейчас нужна вода.")


VIEWS = ("/", "/page/zones/beds", "/page/tasks", "/page/day", "/page/alarms", "TASK", "/page/calibrate", "/pair")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_out(open_page: Open, daemon: DaemonProcess, field: SimulatedField, scheme: str) -> None:
    """axe on every page, with an alarm and a lock on it, in both colour schemes and both languages."""
    field.fault("silent", unit=5)
    daemon.wait("/alarms", lambda alarms: alarms)
    daemon.ask("POST", "/zones/beds/lock", {"why": "test"})
    locale = "ru-RU" if scheme == "dark" else "en-GB"
    page = open_page("/", color_scheme=scheme, locale=locale, bypass_csp=True)
    for view in VIEWS:
        path = f"/page/tasks/{newest(daemon)['task_id']}" if view == "TASK" else view
        page.goto(address(daemon, path))
        assert barriers(page) == [], f"{path} ({scheme})"


# ---------------------------------------------------------------- who may


def post(daemon: DaemonProcess, path: str, cookie: str, **headers: str) -> tuple[int, str]:
    return _sent(daemon, path, {"code": "X"}, cookie, headers)


def press(daemon: DaemonProcess, path: str, session: str, **fields: Any) -> tuple[int, str]:
    """A button of a page that is older than what it shows."""
    headers = {"origin": address(daemon, ""), "hx_request": "true"}
    return _sent(daemon, path, fields, f"edgectl={session}", headers)


def _sent(
    daemon: DaemonProcess, path: str, fields: dict[str, Any], cookie: str, headers: dict[str, str]
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", daemon.http, timeout=20)
    sent = {"cookie": cookie, "content-type": "application/x-www-form-urlencoded"}
    connection.request("POST", path, urlencode(fields), sent | {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_a_viewer_sees_everything_and_no_buttons(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/page/zones/beds", role="viewer")
    expect(page.locator("#hands")).to_contain_text("you may look, not switch")
    assert page.get_by_role("button", name="STOP WATER").count() == 0
    cookies = page.context.cookies()
    (session,) = [cookie for cookie in cookies if cookie["name"] == "edgectl"]
    assert session["httpOnly"] is True
    assert session["sameSite"] == "Strict"
    origin = {"origin": address(daemon, "")}
    buttons = [path for path, method, role, _ in TABLE if method == "POST" and role is Role.OPERATOR]
    assert len(buttons) > 25
    for path in buttons:
        status, text = post(daemon, re.sub(r"{\w+}", "beds", path), f"edgectl={session['value']}", **origin)
        assert status == 403, path
        assert "role_too_low" in text, path
    assert not daemon.data("/status")["stopped"]


def test_another_site_cannot_press_a_button(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/", expected=r"evil\.example|net::ERR_FAILED")
    (session,) = [cookie for cookie in page.context.cookies() if cookie["name"] == "edgectl"]
    cookie = f"edgectl={session['value']}"
    for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
        for path in ("/page/stop-all", "/page/resume", "/page/outputs/valve/on", "/page/leave", "/pair"):
            status, text = post(daemon, path, cookie, **headers)
            assert status == 403, (path, headers)
            assert "foreign_origin" in text
    status, _ = post(daemon, "/page/stop-all", cookie, origin="http://evil.example", host="evil.example")
    assert status == 421
    # The page of another site, in the same browser: the cookie stays at home.
    page.route("http://evil.example/", lambda route: route.fulfill(body="<p>hello</p>", content_type="text/html"))
    page.goto("http://evil.example/")
    stop = address(daemon, "/page/stop-all")
    page.evaluate(f"fetch('{stop}', {{method: 'POST', mode: 'no-cors', credentials: 'include'}}).catch(() => null)")
    assert not daemon.data("/status")["stopped"]


def test_a_stranger_is_led_to_the_code_and_a_wrong_one_opens_nothing(open_page: Open, daemon: DaemonProcess) -> None:
    page = open_page("/", expected="object Event")  # its stream ends with its token
    page.get_by_role("button", name="forget this device").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Let this device in")
    page.get_by_role("textbox").fill("BBBB-CCCC-DDDD-FFFF")
    page.get_by_role("button", name="enter").click()
    expect(page.get_by_role("alert")).to_contain_text("This code is not good")
    page.goto(address(daemon, "/page/tasks"))
    assert page.url.endswith("/pair")
    made = json.loads(daemon.cli("token", "pair", "--name", "Ana", "--role", "viewer", "--json").stdout)
    page.goto(address(daemon, made["path"]))
    expect(page.get_by_role("textbox")).to_have_value(made["code"])
    page.get_by_role("button", name="enter").click()
    expect(page.locator("footer")).to_contain_text("Ana (")
    listed = json.loads(daemon.cli("token", "list", "--json").stdout)
    (row,) = [row for row in listed if row["name"] == "Ana"]
    assert daemon.cli("token", "revoke", row["id"]).returncode == 0
    page.goto(address(daemon, "/"))
    assert page.url.endswith("/pair"), "a revoked phone is out"
