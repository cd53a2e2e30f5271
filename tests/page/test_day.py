"""The morning after: why did the run not happen? Asked with the page alone."""

import getpass
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from edgectl.api.web.words import Words
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from tests.page.conftest import Open, address

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, field: SimulatedField) -> Iterator[DaemonProcess]:
    """A house that waters at every full minute, and rinses much more often; it is held from its start on."""
    folder: Path = tmp_path_factory.mktemp("day")
    site = write_site(folder, field, every="1h", duration="2s")
    text = site.read_text().replace("every: 1h", 'cron: "* * * * *"')
    lines = [line for line in text.splitlines() if 'cron: "* * * * *"' in line]
    assert len(lines) == 1
    rinsing = "  rinsing: {zone: beds, task: irrigation, every: 5s, duration: 2s}"
    site.write_text(text.replace(lines[0], f"{lines[0]}\n{rinsing}"))
    with DaemonProcess(folder, site) as process:
        process.wait_ready()
        yield process


@pytest.fixture(autouse=True)
def as_it_was(daemon: DaemonProcess) -> Iterator[None]:
    """Each test leaves the house as it found it."""
    yield
    daemon.ask("POST", "/zones/beds/mode", {"mode": "auto"})
    daemon.ask("POST", "/zones/beds/hold", {"seconds": 3600})


def test_a_run_that_was_left_out_tells_why(open_page: Open, daemon: DaemonProcess) -> None:
    assert daemon.cli("hold", "beds", "--for", "1h").returncode == 0

    def left_out(day: dict[str, Any]) -> bool:
        return any((row["schedule"], row["reason_code"]) == ("watering", "hold") for row in day["skipped"])

    daemon.wait("/day", left_out, within_s=100)
    page = open_page("/")
    missed = page.locator("#zone-1 .missed")
    expect(missed).to_contain_text("A person holds the zone or the schedule.", timeout=90_000)
    page.get_by_role("link", name="Day").click()
    row = page.locator(".rows .left-out", has_text="watering · beds").first
    expect(row).to_contain_text("left out")
    expect(row).to_contain_text(f"A person holds the zone or the schedule. · {getpass.getuser()}")
    expect(row).to_contain_text(re.compile(r"since \w{3} \d\d:\d\d, to end at \w{3} \d\d:\d\d · still in force"))
    # A house that waters each minute has 1,440 runs before it: what went wrong stands first, the rest behind a word.
    planned = page.locator(".rows .planned")
    expect(planned.first).to_be_visible()
    expect(planned.first).to_contain_text(re.compile(r"irrigation · \w+ · beds"))
    expect(planned.first).to_contain_text(re.compile(r"kept back: on hold · until \w{3} \d\d:\d\d, set by"))
    expect(planned.last).to_be_hidden()
    page.locator("#rows-ahead summary").click()
    expect(planned.last).to_be_visible()
    assert page.locator(".strip rect.left-out").count() >= 1
    day = daemon.data("/status")["now"][:10]
    page.get_by_label("another day").fill(day)
    page.get_by_role("button", name="show").click()
    expect(page.locator("h2")).to_contain_text(Words("en", "UTC").long_date(day))
    page.goto(address(daemon, "/page/day?date=1476-10-22"))
    expect(page.get_by_role("heading", level=1)).to_have_text("That did not work")


def test_work_that_waits_for_a_yes_needs_you_and_is_let_run_or_refused_there(
    open_page: Open, daemon: DaemonProcess
) -> None:
    daemon.ask("POST", "/zones/beds/mode", {"mode": "semi"})
    daemon.ask("DELETE", "/zones/beds/hold")

    def water(status: dict[str, Any]) -> list[dict[str, Any]]:
        return [task for task in status["proposed"] if task["task_type"] == "irrigation"]

    for name, status in (("let it run", "completed"), ("not this time", "failed")):
        task = water(daemon.wait("/status", water))[0]
        assert "edgectl task approve" in daemon.cli("status").stdout
        page = open_page("/")
        one = page.locator("#needs .proposed", has=page.locator(f"a[href='/page/tasks/{task['task_id']}']"))
        expect(one).to_contain_text("irrigation · beds: waits for your yes")
        assert open_page("/", role="viewer").get_by_role("button", name=name).count() == 0
        one.get_by_role("button", name=name).click()
        expect(one).to_have_count(0, timeout=60_000)
        ended = daemon.wait(f"/tasks/{task['task_id']}", lambda task: task["result"] is not None)
        assert ended["status"] == status, name
    assert ended["error_code"] == "task_cancelled"
