"""`python -m tests.page.screenshots`: the pictures in docs/page, of the real page before the real daemon.

Takes a while: the curves want some minutes of past.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from tests.page.conftest import CHROMIUM, FLAGS, address, pair

FOLDER = Path(__file__).parents[2] / "docs" / "page"
PHONE = {"width": 360, "height": 720}
DESK = {"width": 1100, "height": 760}


def main() -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--past", type=float, default=420, help="seconds of past before the first picture")
    past_s = parser.parse_args().past
    FOLDER.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="edgectl-pictures-"))
    with SimulatedField(folder / "field", speed=3.0) as field:
        daemon = DaemonProcess(
            folder, write_site(folder, field, every="40s", duration="25s", travel="200ms", timezone="Europe/Berlin")
        )
        with daemon, sync_playwright() as started:
            daemon.wait_ready()
            _wait(past_s)
            path = shutil.which(CHROMIUM)
            assert path is not None, f"{CHROMIUM} is missing"
            browser = started.chromium.launch(executable_path=path, args=FLAGS)
            done = next(t for t in daemon.data("/tasks") if t["task_type"] == "irrigation" and t["result"])
            _take(browser, daemon, "now", "/", "en-GB", "light", running=True)
            _take(browser, daemon, "zone-ru", "/page/zones/beds", "ru-RU", "light", whole=True)
            _take(browser, daemon, "task", f"/page/tasks/{done['task_id']}", "en-GB", "light", whole=True)
            _take(browser, daemon, "day", "/page/day", "en-GB", "light")
            field.fault("blocked")
            daemon.wait("/alarms", lambda alarms: [a for a in alarms if a["priority"] == "critical"], within_s=90)
            daemon.wait("/tasks?preset=failed", lambda tasks: tasks)
            _wait(22)
            _take(browser, daemon, "act-now-ru", "/", "ru-RU", "dark")
            _take(browser, daemon, "desk", "/", "en-GB", "light", size=DESK)
            _take(browser, daemon, "tasks", "/page/tasks", "en-GB", "dark")
            level = "/calibrations/tank_level"
            daemon.ask("POST", level, {"step": "begin", "who": "Ana"})
            _take(browser, daemon, "calibrate", "/page/calibrate/tank_level?points=49.2:50", "en-GB", "light")
            daemon.ask("POST", level, {"step": "cancel", "accept": True})
            browser.close()
    return 0


def _take(
    browser: Browser,
    daemon: DaemonProcess,
    name: str,
    path: str,
    locale: str,
    scheme: str,
    *,
    whole: bool = False,
    running: bool = False,
    size: dict[str, int] = PHONE,
) -> None:
    context = browser.new_context(viewport=size, locale=locale, color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    pair(page, daemon)
    page.goto(address(daemon, path))
    page.wait_for_function("document.querySelector('#live').classList.contains('beating')")
    if running:
        page.locator("progress").wait_for(timeout=90_000)
    page.wait_for_timeout(4000)
    if whole:  # the bar of the stops would stand in the middle of a long picture
        page.add_style_tag(path=Path(__file__).parent / "picture.css")
    page.screenshot(path=FOLDER / f"{name}.png", full_page=whole)
    sys.stdout.write(f"{name}.png\n")
    context.close()


def _wait(seconds: float) -> None:
    """With a sign of life."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        sys.stdout.write(f"\r{left:4.0f} s ")
        sys.stdout.flush()
        time.sleep(min(5.0, left))
    sys.stdout.write("\r")


if __name__ == "__main__":
    raise SystemExit(main())
