"""A real browser before the real daemon, with simulated devices behind it."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

CHROMIUM = "chromium-headless-shell"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
PHONE = {"width": 360, "height": 720}
expect.set_options(timeout=30_000)  # ms; by itself it waits for 5 s, and the machine may be busy


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A missing browser fails the run: bash .ci/run installs it."""
    path = shutil.which(CHROMIUM)
    assert path is not None, f"{CHROMIUM} is missing: bash .ci/run installs it"
    with sync_playwright() as started:
        running = started.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path_factory.mktemp("field") / "field", speed=20.0) as running:
        yield running


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, field: SimulatedField) -> Iterator[DaemonProcess]:
    """One daemon for a file. It waters by the clock once an hour; each test does what it needs."""
    folder = tmp_path_factory.mktemp("page")
    process = DaemonProcess(folder, write_site(folder, field, every="1h", duration="2s", travel="200ms"))
    with process:
        process.wait_ready()
        process.wait("/tasks", lambda tasks: any(t["task_type"] == "irrigation" and t["result"] for t in tasks))
        yield process
    log = process.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") :][:3000]


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, daemon: DaemonProcess) -> Iterator[Open]:
    """Opens a paired page; whatever the browser complains about fails the test."""
    made: list[Any] = []
    complaints: list[str] = []
    # A refusal is an answer with a status of its own, and the browser notes it.
    tolerated = [r"status of 4\d\d"]

    def open_(
        path: str = "/",
        *,
        role: str = "operator",
        locale: str = "en-GB",
        script: bool = True,
        expected: str = "",
        **more: Any,
    ) -> Page:
        """`expected` is what the browser may complain about, as a pattern."""
        if expected:
            tolerated.append(expected)
        context = browser.new_context(
            viewport=more.pop("viewport", PHONE), locale=locale, java_script_enabled=script, has_touch=True, **more
        )
        context.set_default_timeout(60_000)
        made.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        pair(page, daemon, role=role)
        page.goto(address(daemon, path))
        return page

    yield open_
    for context in made:
        context.close()
    wrong = [text for text in complaints if not re.search("|".join(tolerated), text)]
    assert not wrong, wrong


def address(daemon: DaemonProcess, path: str) -> str:
    """The address of a page."""
    return f"http://127.0.0.1:{daemon.http}{path}"


def pair(page: Page, daemon: DaemonProcess, *, role: str = "operator") -> None:
    """Enter a code as a person does."""
    status, answer = daemon.ask("POST", "/access/pairings", {"name": "test phone", "role": role})
    assert status == 200, answer
    page.goto(address(daemon, "/pair"))
    page.get_by_role("textbox").fill(answer["data"]["code"])
    page.get_by_role("button").click()
    page.wait_for_url(address(daemon, "/"))


def relays(field: SimulatedField) -> list[bool]:
    """What the relays of the board do."""
    states: list[bool] = field.control("state")["relays"]
    return states


def barriers(page: Page) -> list[tuple[str, str]]:
    """What would keep somebody out, as axe finds it; the page must be one that it may be run on."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate((folder_of("vendor") / "axe.min.js").read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    assert len(found["passes"]) > 10, "it has looked at something"
    return [(item["id"], item["nodes"][0]["html"][:200]) for item in found["violations"]]


def folder_of(name: str) -> Path:
    """A folder beside this file."""
    return Path(__file__).parent / name
