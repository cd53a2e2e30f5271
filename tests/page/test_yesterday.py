"""A grower with the page alone: why did yesterday's watering not run, water now, stop everything."""

import contextlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from edgectl.host.clock import boot_id
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.time import SECOND, Nanos, from_datetime, iso
from edgectl.model.timeline import Batch, Entry
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from edgectl.testing.hours import MORNING
from tests.page.conftest import Open, relays
from tests.page.test_page import hold, until, water

pytestmark = pytest.mark.timeout(300)
SLOW = 60_000
HOUR: Nanos = 3600 * SECOND
TODAY = datetime.now(ZoneInfo(MORNING)).replace(hour=6, minute=0, second=0, microsecond=0)
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, field: SimulatedField) -> Iterator[DaemonProcess]:
    """A house whose journal says that somebody held the watering of yesterday at six."""
    folder: Path = tmp_path_factory.mktemp("yesterday")
    process = DaemonProcess(folder, write_site(folder, field, every="1h", duration="10s", travel="200ms"))
    process.state.mkdir()
    wall = from_datetime(YESTERDAY)
    told = {"schedule": "watering", "scheduled_for": iso(wall), "reason_code": "hold", "why": "hold", "who": "Ana"}
    told |= {"kept_since": iso(wall - HOUR), "kept_until": iso(wall + 6 * HOUR)}
    line = {"seq": 1, "event_type": "SCHEDULE_SKIPPED", "zone": "beds", "boot_id": boot_id(), "mono": 1}
    with contextlib.closing(SqliteJournal(process.state / "journal.db")) as journal:
        journal.load()
        journal.commit(Batch(changes=(), entries=(Entry(wall=wall, details={**told, "folded": 1}, **line),)))
    with process:
        process.wait_ready(within_s=60)
        yield process
    process.end()


def test_a_grower_finds_out_and_puts_it_right(open_page: Open, daemon: DaemonProcess, field: SimulatedField) -> None:
    page = open_page("/")
    page.get_by_role("link", name="Day", exact=True).click()
    page.get_by_label("another day").fill(YESTERDAY.date().isoformat())
    page.get_by_role("button", name="show").click()
    row = page.locator(".rows li", has_text="06:00").filter(has_text="watering · beds")
    expect(row).to_contain_text("left out")
    expect(row).to_contain_text("A person holds the zone or the schedule. · Ana")
    expect(row).to_contain_text(re.compile(r"since \w{3} 05:00, to end at \w{3} 12:00 · it is over"))
    expect(page.locator("h2", has_text=f"{YESTERDAY.day} {YESTERDAY:%B %Y}")).to_be_visible()
    page.get_by_role("link", name="Now", exact=True).click()
    page.locator("#zone-1").get_by_role("link", name="beds").click()
    asked = water(page, daemon, "30")["task_id"]
    done = daemon.wait(f"/tasks/{asked}", lambda task: task["result"], within_s=120)
    assert (done["status"], done["source"], done["payload"]["duration_s"]) == ("completed", "page", 30)
    water(page, daemon, "60")
    until(lambda: relays(field)[:2] == [True, True], 60)
    page.get_by_text("more", exact=True).click()
    hold(page, "STOP ALL")
    expect(page.locator("#said")).to_contain_text("everything dangerous was ordered off", timeout=SLOW)
    until(lambda: not any(relays(field)[:2]), 60)
    expect(page.locator(".why")).to_contain_text("everything is stopped", timeout=SLOW)
    hold(page, "release the stop")
    expect(page.locator(".why")).not_to_contain_text("everything is stopped", timeout=SLOW)
    assert not daemon.data("/status")["stopped"]
    assert not any(relays(field)[:2]), "a release starts nothing"
