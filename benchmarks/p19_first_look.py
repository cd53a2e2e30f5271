"""P19: the first look on a phone with slow 3G: bytes, and the time until the four questions can be read.

Chromium, its cache empty, its network throttled as its own "slow 3G" is: 400 ms of delay, 50 kB a second both ways; a
processor four times slower than this machine's, as a phone of 2018 has.
"""

import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rows import Goal, main, spread

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
ROUNDS = 5
# When the last of what answers the four questions was in the document and could be painted.
READABLE = """() => new Promise(done => {
  const seen = () => ['h1', '#zone-1', '#zone-1 .next', '#needs'].every(s => document.querySelector(s));
  const look = () => seen() ? requestAnimationFrame(() => done(performance.now())) : setTimeout(look, 5);
  look();
})"""


def look(browser: Browser, daemon: DaemonProcess, throttled: bool) -> tuple[float, float, float, float]:
    """Bytes, first paint, readable, live: milliseconds since the navigation began."""
    context = browser.new_context(viewport={"width": 360, "height": 720}, locale="en-GB")
    page = context.new_page()
    code = daemon.ask("POST", "/access/pairings", {"name": "bench"})[1]["data"]["code"]
    page.goto(f"http://127.0.0.1:{daemon.http}/pair")
    page.get_by_role("textbox").fill(code)
    page.get_by_role("button").click()
    page.wait_for_url(f"http://127.0.0.1:{daemon.http}/")
    page.goto("about:blank")
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    if throttled:
        session.send("Network.emulateNetworkConditions", SLOW_3G)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(f"http://127.0.0.1:{daemon.http}/", wait_until="commit", timeout=90_000)
    readable = page.evaluate(READABLE)
    page.locator("#live.beating").wait_for(timeout=90_000)
    live = page.evaluate("performance.now()")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    return sum(sizes), painted, max(readable, painted), live


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    path = shutil.which("chromium-headless-shell")
    assert path is not None, "chromium-headless-shell is missing: bash .ci/run installs it"
    found: dict[bool, list[tuple[float, float, float, float]]] = {True: [], False: []}
    with (
        tempfile.TemporaryDirectory() as name,
        SimulatedField(Path(name) / "field") as field,
        DaemonProcess(Path(name), write_site(Path(name), field, every="1h", duration="2s", travel="200ms")) as daemon,
    ):
        daemon.wait_ready()
        with sync_playwright() as started:
            browser = started.chromium.launch(executable_path=path, args=FLAGS)
            for _ in range(ROUNDS):
                for throttled in (False, True):
                    found[throttled].append(look(browser, daemon, throttled))
            browser.close()
    numbers = [("bytes of the first load", spread([one[0] for one in found[True]]))]
    for throttled, where in ((True, "slow 3G, slow processor"), (False, "beside the controller")):
        for place, what in ((1, "first paint"), (2, "the four questions can be read"), (3, "live")):
            numbers.append((f"{what}, {where}, s", spread([one[place] / 1000 for one in found[throttled]])))
    middle = [statistics.median(one[place] for one in found[True]) for place in range(4)]
    # Two round trips and its bytes are what such a line costs anybody; what we add is scripts, styles and drawing.
    floor = 2 * SLOW_3G["latency"] / 1000 + middle[0] / SLOW_3G["downloadThroughput"]
    return numbers, [
        Goal(row="P19", what="bytes of the first load", value=middle[0], limit=120_000),
        Goal(
            row="P19",
            what="readable against two round trips and all its bytes",
            value=middle[2] / 1000 / floor,
            limit=1.0,
        ),
    ]


if __name__ == "__main__":
    main("P19 first look", measure)
