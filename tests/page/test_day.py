"""The morning after: why did the run not happen? Asked with the page alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from tests.page.conftest import Open, address

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, field: SimulatedField) -> Iterator[DaemonProcess]:
    """A house that waters at every full minute, and is held from its start on."""
    folder: Path = tmp_path_factory.mktemp("day")
    site = write_site(folder, field, every="1h", duration="2s")
    site.write_text(site.read_text().replace("every: 1h", 'cron: "* * * * *"'))
    with DaemonProcess(folder, site) as process:
        process.wait_ready()
        assert process.cli("hold", "beds", "--for", "1h").returncode == 0
        yield process


def test_a_run_that_was_left_out_tells_why(open_page: Open, daemon: DaemonProcess) -> None:
    daemon.wait("/day", lambda day: [row for row in day["skipped"] if row["reason_code"] == "hold"], within_s=100)
    page = open_page("/")
    missed = page.locator("#zone-1 .missed")
    expect(missed).to_contain_text("A person holds the zone or the schedule.", timeout=40_000)
    page.get_by_role("link", name="Day").click()
    row = page.locator(".rows .left-out").first
    expect(row).to_contain_text("watering · beds")
    expect(row).to_contain_text("left out")
    expect(row).to_contain_text("A person holds the zone or the schedule. (hold)")
    expect(page.locator(".rows .planned").first).to_contain_text("irrigation · beds")
    assert page.locator(".strip rect.left-out").count() >= 1
    day = daemon.data("/status")["now"][:10]
    page.get_by_label("another day").fill(day)
    page.get_by_role("button", name="show").click()
    expect(page.locator("h2")).to_contain_text(day)
    page.goto(address(daemon, "/page/day?date=1476-10-22"))
    expect(page.get_by_role("heading", level=1)).to_have_text("That did not work")
