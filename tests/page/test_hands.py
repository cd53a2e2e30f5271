"""What is done with the hands: probes and pumps against something known, vents, and that nothing is dosed.

With a thumb, a keyboard, and in both languages.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField
from tests.page.conftest import Open, address, barriers, relays

pytestmark = pytest.mark.timeout(300)
SLOW = 60_000  # ms: a probe has to be steady for some seconds
LOOKED_AT = 150_000  # ms: a house looks at its air once a minute, and where its vents do not stand wrong not sooner
PH, EC, WIND = 11, 12, 13  # units on the line; the wind is read like an EC probe
MORE = {
    "devices": """
  ph: {bus: field, profile: seeed-s-ph-01, unit: 11}
  ec: {bus: field, profile: seeed-s-ec-01, unit: 12}
  cups: {bus: field, profile: seeed-s-ec-01, unit: 13}""",
    "sensors": """
  solution_ph: {from: ph.ph, max_age: 20s, calibrate_every: 30d}
  solution_ec: {from: ec.ec, max_age: 20s}
  wind: {from: cups.ec, unit: m/s, scale: [0, 1000, 0, 10], max_age: 20s}""",
    "actuators": """
  acid: {to: board.relay_4, role: dosing, ml_per_s: 1.0, gain: 0.03/ml, max_dose: 20ml, max_per_hour: 60ml,
         max_per_day: 200ml}
  back: {to: board.relay_5, role: valve, max_on: 20m}
  tap: {to: board.relay_6, role: valve, max_on: 25m}
  roof_open: {to: board.relay_7, role: motor, max_on: 3m}
  roof_close: {to: board.relay_8, role: motor, max_on: 3m}""",
}
MIXED = """rate: 20l/min, circuit: {solution: mix, solution_fill: back, fill: tap},
        chemistry: {ph: solution_ph, target_ph: 5.8, acid: acid},
        climate: {temperature: air_temperature, wind: wind, vent: {day: 30, night: 30},
                  vents: {roof: {opens: roof_open, closes: roof_close, travel: 5s}}}"""


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedField]:
    folder = tmp_path_factory.mktemp("probes") / "field"
    with SimulatedField(folder, speed=20.0, units={PH: "ph", EC: "ec", WIND: "ec"}) as running:
        # A storm that is seen once keeps the vents shut for ten minutes: the day of these tests begins calm.
        running.control("register", unit=WIND, address=2, value=300)
        yield running


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, field: SimulatedField) -> Iterator[DaemonProcess]:
    """A house with two probes, a dosing pump and a vent."""
    folder: Path = tmp_path_factory.mktemp("calibrate")
    site = write_site(folder, field, every="1h", duration="2s", travel="200ms")
    text = site.read_text()
    for place, lines in MORE.items():
        text = text.replace(f"\n{place}:\n", f"\n{place}:{lines}\n")
    text = text.replace("tank: tank_level", MIXED).replace("[air_gap", "[anti_siphon, air_gap")
    text = text.replace("max_on: 1m", "max_on: 20m").replace("max_on: 2m", "max_on: 20m")
    text = text.replace("\nzones:\n", "\ntanks: {mix: {volume: 100l, level: tank_level}}\nzones:\n")
    site.write_text(text)
    process = DaemonProcess(folder, site)
    with process:
        process.wait_ready()
        process.wait("/channels", lambda rows: sensor(rows, "solution_ec")["shown"] is not None)
        yield process
    process.end()


@pytest.fixture(autouse=True)
def as_it_was(daemon: DaemonProcess, field: SimulatedField) -> Iterator[None]:
    """Each test leaves the house as it found it: calm, left to itself, with every probe in its place."""
    yield
    for setting in ("vent", "dosing"):
        daemon.ask("DELETE", f"/zones/beds/override/{setting}")
    for name, unit, address_, value in (("solution_ph", PH, 1, 612), ("solution_ec", EC, 2, 1610)):
        field.control("register", unit=unit, address=address_, value=value)
        daemon.ask("POST", f"/calibrations/{name}", {"step": "cancel"})
    daemon.ask("POST", "/calibrations/tank_level", {"step": "cancel"})
    daemon.ask("POST", "/outputs/acid/off", {})
    daemon.ask("POST", "/zones/beds/mode", {"mode": "auto"})
    shows(field, daemon, WIND, 300)


def sensor(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(row for row in rows if row.get("sensor") == name)


def shows(field: SimulatedField, daemon: DaemonProcess, unit: int, value: int) -> None:
    """The probe stands in something else, and has been read since."""
    places = {PH: ("solution_ph", 1, value / 100), EC: ("solution_ec", 2, float(value)), WIND: ("wind", 2, value / 100)}
    name, address_, shown = places[unit]
    field.control("register", unit=unit, address=address_, value=value)
    daemon.wait("/channels", lambda rows: sensor(rows, name)["shown"] == shown)


def measured(page: Page, words: str, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator(".points")).to_contain_text(words, timeout=SLOW)


def test_a_ph_probe_is_calibrated_with_two_bottles_and_by_keyboard(
    open_page: Open, daemon: DaemonProcess, field: SimulatedField
) -> None:
    page = open_page("/page/zones/beds", bypass_csp=True)
    page.get_by_role("link", name="Probes and pumps: calibrate").click()
    row = page.locator(".tasks a", has_text="solution ph")
    expect(row).to_contain_text("due now")
    expect(row).to_contain_text("never, as far as edgectl knows")
    assert barriers(page) == []
    row.click()
    expect(page.get_by_text("what it guards does not run")).to_be_visible()
    begin = page.get_by_role("button", name="take it out and begin")
    begin.focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(re.compile(r"In calibration since \w{3} \d\d:\d\d by test phone"))
    expect(page.locator("main")).to_contain_text("It read 6.12 before.")
    taken = sensor(daemon.data("/channels"), "solution_ph")
    assert (taken["missing"], taken["value"]) == ("in_calibration", None), "it binds every rule from now on"
    assert barriers(page) == []
    shows(field, daemon, PH, 690)
    expect(page.locator("#shown")).to_contain_text("6.9 pH", timeout=SLOW)
    expect(page.get_by_label("rinse it, and put it into the solution of")).to_have_value("7")
    measured(page, "in 7 it shows 6.9", "measure")
    shows(field, daemon, PH, 398)
    page.get_by_label("rinse it, and put it into the solution of").fill("4,01")
    page.keyboard.press("Enter")
    expect(page.locator(".points")).to_contain_text("in 4.01 it shows 3.98", timeout=SLOW)
    assert barriers(page) == []
    # A phone that was put down goes on where it was; and whoever looks at the house sees who has the probe.
    other = open_page("/")
    expect(other.locator("#needs")).to_contain_text("in calibration since", timeout=SLOW)
    page.reload()
    shows(field, daemon, PH, 605)
    page.get_by_role("button", name="it is back: finish").click()
    expect(page.get_by_role("status").filter(has_text="counts again")).to_be_visible(timeout=SLOW)
    expect(page.locator(".facts")).to_contain_text(re.compile(r"slope\s+97.7 %, offset"))
    expect(page.locator(".facts")).to_contain_text(re.compile(r"due in (30 d|29 d 23 h)"))
    kept = sensor(daemon.data("/channels"), "solution_ph")["calibration"]
    assert kept["who"].startswith("test phone (")
    assert kept["how"] == "ph, points: 2"
    assert kept["gain"] == pytest.approx((7.0 - 4.01) / (6.9 - 3.98), abs=1e-3)


def test_in_russian_a_probe_that_hangs_elsewhere_is_not_believed_until_somebody_vouches_for_it(
    open_page: Open, daemon: DaemonProcess, field: SimulatedField
) -> None:
    page = open_page("/page/calibrate", locale="ru-RU", color_scheme="dark", bypass_csp=True)
    page.locator(".tasks a", has_text="solution ec").click()
    page.get_by_role("button", name="вынуть и начать").click()
    shows(field, daemon, EC, 1500)
    page.get_by_label("промойте и опустите в раствор").fill("1413")
    measured(page, "в 1413 показывает 1500", "измерить")
    shows(field, daemon, EC, 20)
    page.get_by_role("button", name="на месте: закончить").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("он на своём месте?", timeout=SLOW)
    expect(alert).to_contain_text("calibration_disagrees")
    assert sensor(daemon.data("/channels"), "solution_ec")["missing"] == "in_calibration", "it stays out"
    expect(page.locator(".points")).to_contain_text("в 1413 показывает 1500")
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="принять").click()
    expect(page.get_by_role("status").filter(has_text="снова считается")).to_be_visible(timeout=SLOW)
    assert sensor(daemon.data("/channels"), "solution_ec")["in_hands"] is None


def test_a_number_that_is_none_and_a_change_of_mind_leave_everything_as_it_was(
    open_page: Open, daemon: DaemonProcess
) -> None:
    before = sensor(daemon.data("/channels"), "tank_level")["calibration"]
    page = open_page("/page/calibrate/tank_level", script=False)
    page.get_by_role("button", name="take it out and begin").click()
    page.get_by_label("bring the water to this height").fill("half")
    page.get_by_role("button", name="measure").click()
    expect(page.get_by_role("alert")).to_contain_text("a number is wanted here")
    page.get_by_role("button", name="give it back").click()
    expect(page.get_by_role("status").filter(has_text="counts again")).to_be_visible(timeout=SLOW)
    assert sensor(daemon.data("/channels"), "tank_level")["calibration"] == before
    viewer = open_page("/page/calibrate/tank_level", role="viewer")
    assert viewer.get_by_role("button", name="take it out").count() == 0
    viewer.goto(address(daemon, "/page/calibrate/nothing"))
    expect(viewer.get_by_role("heading", level=1)).to_have_text("That did not work")


def test_a_dosing_pump_runs_into_a_measure_and_what_it_gave_is_held_against_the_site_file(
    open_page: Open, daemon: DaemonProcess, field: SimulatedField
) -> None:
    page = open_page("/page/calibrate/acid", bypass_csp=True)
    page.get_by_role("button", name="people alone from now on").click()
    daemon.wait("/status", lambda status: [row["what"] for row in status["restraints"]] == ["mode"])
    page.goto(address(daemon, "/page/calibrate/acid"))
    page.get_by_label("the hose is in a measure").select_option("5")
    page.get_by_role("button", name="run", exact=True).click()
    daemon.wait("/outputs", lambda rows: relays(field)[3])
    assert barriers(page) == []
    daemon.wait("/outputs", lambda rows: not relays(field)[3], within_s=60)
    page.get_by_label("then the measure holds, in ml").fill("6,5")
    page.get_by_role("button", name="write it down").click()
    expect(page.locator("main")).to_contain_text("write ml_per_s: 1.3 there", timeout=SLOW)
    gives = next(row for row in daemon.data("/outputs") if row["output"] == "acid")["gives"]
    assert (gives["ml_per_s"], gives["written"], gives["how"]) == (1.3, 1.0, "pump, 6.5 ml in 5 s")


def overrides(daemon: DaemonProcess) -> list[tuple[str, float]]:
    return [(row["setting"], row["value"]) for row in daemon.data("/overrides")]


def taken_in_hand(page: Page, button: Locator, said: str, still: str) -> Locator:
    """It is pressed and said, and what is held is shown with the time that is left."""
    button.click()
    expect(page.locator("#said")).to_contain_text(said, timeout=SLOW)
    hands = page.locator("#hands")
    expect(hands).to_contain_text(re.compile(still), timeout=SLOW)
    return hands


def test_the_vents_are_set_for_a_while_as_far_as_the_wind_allows_and_let_go_with_one_tap(
    open_page: Open, daemon: DaemonProcess, field: SimulatedField
) -> None:
    shows(field, daemon, WIND, 300)
    page = open_page("/page/zones/beds", bypass_csp=True)
    expect(page.locator("#zone-1")).to_contain_text(re.compile(r"roof\s+(position not known yet|shut|\d+ % open)"))
    form = page.locator("form[action='/page/zones/beds/override/vent']")
    expect(form).to_contain_text("as far as wind and rain allow")
    form.get_by_label("vents at").select_option("50")
    form.get_by_label("for how long").select_option("30")
    button, still = form.get_by_role("button", name="set"), r"vents at 50 %, still\s+(29 min|30 min)"
    hands = taken_in_hand(page, button, "as far as wind and rain allow", still)
    expect(page.locator("form[action$='/override/vent/end'] .left")).to_have_text(
        re.compile(r"29 min \d+ s"), timeout=SLOW
    )
    assert overrides(daemon) == [("vent", 50.0)]
    shows(field, daemon, WIND, 1000)
    expect(hands).to_contain_text("Wind or rain, or a storm", timeout=LOOKED_AT)
    expect(hands).to_contain_text("They are kept at 25 %.")
    assert barriers(page) == []
    other = open_page("/", locale="ru-RU")
    expect(other.locator("#needs")).to_contain_text(re.compile(r"форточки на 50 %, до .. \d\d:\d\d"), timeout=SLOW)
    hands.get_by_role("button", name="end it now").click()
    expect(page.locator("#said")).to_contain_text("left to the controller again", timeout=SLOW)
    expect(form.get_by_role("button", name="set")).to_be_visible(timeout=SLOW)
    assert overrides(daemon) == []


def test_nothing_is_dosed_while_somebody_holds_it_though_the_zone_goes_on(
    open_page: Open, daemon: DaemonProcess
) -> None:
    page = open_page("/page/zones/beds", locale="ru-RU", color_scheme="dark", bypass_csp=True)
    page.get_by_label("без дозирования на").select_option("8")
    button, still = page.get_by_role("button", name="не дозировать"), r"дозирование на паузе, ещё\s+(7 ч 59 мин|8 ч)"
    hands = taken_in_hand(page, button, "закончится само", still)
    assert overrides(daemon) == [("dosing", 0.0)]
    row = page.locator("form[action='/page/outputs/acid/on']")
    expect(row).to_contain_text("дозирование в beds на паузе, поставил(а) test phone", timeout=SLOW)
    assert row.get_by_role("button").count() == 0, "what would be refused is not offered"
    assert barriers(page) == []
    hands.get_by_role("button", name="завершить сейчас").click()
    expect(page.get_by_role("button", name="не дозировать")).to_be_visible(timeout=SLOW)
    assert overrides(daemon) == []
