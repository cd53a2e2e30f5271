"""2,000 greenhouse-days in houses drawn by lot, with everything that can go wrong at once.

`EDGECTL_CAMPAIGN_DAYS=20000` makes it longer; `./dev campaign days 1000000` is the same by hand, with its progress.
"""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from edgectl.cli.campaign import words
from edgectl.config.loader import load
from edgectl.engine import envelope
from edgectl.engine.rules import limits, rebuilt
from edgectl.model.time import SECOND
from edgectl.simulate.campaign import ENOUGH, LOSERS, Lived, Tally, campaign, drawn, live, settle
from edgectl.simulate.draughts import broken_air
from edgectl.simulate.drawn_sites import drawn_site

DAYS = int(os.environ.get("EDGECTL_CAMPAIGN_DAYS", "2000"))
SHARES = 4
HOUSES_APART = 1_000_000  # of two shares
LOOKED_AT = 60  # houses that lose their journal
# What all shares together must have come through; the dictionary of codes is checked over all tests.
LEAST = {
    "status": {"completed", "failed", "rejected", "expired"},
    "transition": {"running to completed", "running to failed", "accepted to rejected", "accepted to expired"},
    "command": {"DONE", "NO_EFFECT", "BUSY", "INVALID", "ERROR", "TIMEOUT", "SEND_FAILED"},
    "stage": {
        "water",
        "clean_fill",
        "solution_fill",
        "irrigation_fill",
        "prepare",
        "refill",
        "circulate",
        "recover",
        "ventilate",
    },
    "veto": {"stop_if", "requires", "path", "max_on", "dosing", "restraint", "device_silent", "lockout", "min_off"},
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("share", range(SHARES))
def test_no_house_drawn_by_lot_breaks_a_promise(
    share: int, tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    tally, broken = Tally(), list[Lived]()
    for lived in campaign(DAYS // SHARES, share * HOUSES_APART, tally):
        broken += [lived] if lived.found else []
    for line in words(tally):
        record_property("campaign", line)  # told at the end of the test run
    assert not broken, [
        (f"edgectl simulate --campaign --days {lived.days} --seed {lived.number}", lived.found) for lived in broken
    ]
    assert tally.days == DAYS // SHARES
    whole = _all_shares(tally, share, tmp_path_factory)
    if whole is not None and whole.days >= ENOUGH:
        assert whole.missing() == [], "what was not met was not proven"
        for kind, least in LEAST.items():
            assert whole.reached[kind].keys() >= least


def _all_shares(tally: Tally, share: int, factory: pytest.TempPathFactory) -> Tally | None:
    """The sum of all shares for the one that is the last to end, on whichever worker; None for the others."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "campaign"
    folder.mkdir(exist_ok=True)
    (folder / f"{share}.part").write_bytes(pickle.dumps(tally))
    (folder / f"{share}.part").rename(folder / f"{share}.tally")
    parts = sorted(folder.glob("*.tally"))
    if len(parts) < SHARES:
        return None
    whole = Tally()
    for part in parts:
        whole.add(pickle.loads(part.read_bytes()))
    return whole


def test_the_same_house_lives_the_same_days() -> None:
    one, other = (live(5, 2, Tally()).world for _ in range(2))
    assert one.journal.timeline == other.journal.timeline
    assert one.field.trace == other.field.trace
    assert len(one.journal.timeline) > 50


@pytest.mark.parametrize("number", range(40))
def test_a_drawn_site_file_passes_the_check(number: int, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(drawn_site(number))
    assert load(path).site.zones


def test_a_campaign_that_met_nothing_is_red() -> None:
    missing = Tally(days=ENOUGH).missing()
    assert "no lost_reply was injected" in missing
    assert "no probe_freeze was injected" in missing
    assert "promise 10 was held against nothing" in missing
    assert "no task ended expired" in missing


def test_a_house_that_lost_its_journal_doses_nothing_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever house would dose too early, had the day a second: it is looked for, because lots are drawn anew."""

    def doses_early(number: int) -> bool:
        lived = live(number, 4, Tally())
        assert lived.world.report.lost_journals == 1
        return any(sentence.startswith("27: ") for sentence in lived.found)

    losers = (LOSERS * turn for turn in range(LOOKED_AT) if _doses(LOSERS * turn))
    with monkeypatch.context() as planted:
        planted.setattr(rebuilt, "DAY", SECOND)
        house = next((number for number in losers if doses_early(number)), None)
    assert house is not None, f"of {LOOKED_AT} houses none shows the planted second"
    assert not doses_early(house)


def _doses(number: int) -> bool:
    return any(actuator.doser is not None for actuator in drawn(number).site.actuators.values())


def _take_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = limits.refusal
    monkeypatch.setattr(limits, "refusal", lambda *a: "" if isinstance(a[2], dict) else refusal(*a))


def _take_and_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "tightened", lambda site, limits: site)


@pytest.mark.parametrize(("planted", "caught"), [(None, False), (_take_everything, True), (_take_and_forget, True)])
def test_limits_from_the_centre_only_tighten(
    monkeypatch: pytest.MonkeyPatch, planted: Callable[[pytest.MonkeyPatch], None] | None, *, caught: bool
) -> None:
    if planted is not None:
        planted(monkeypatch)
    tally = Tally()
    found = [sentence for number in (32, 33) for sentence in live(number, 8, tally).found]
    assert tally.held["21"]
    assert any(sentence.startswith("21: ") for sentence in found) is caught, found


def test_a_storm_counts_only_while_a_vent_may_be_moved() -> None:
    ground = settle(119).field.ground
    assert ground.draughts is not None
    ground.storms = [(0, 300 * SECOND), (900 * SECOND, 1500 * SECOND)]
    once = "H24: a vent stood open for 600 s in one storm"
    assert broken_air(ground) == ["H24: a vent stood open for 900 s in a storm", once]
    assert broken_air(ground, since=600 * SECOND) == ["H24: a vent stood open for 600 s in a storm", once]
    locked = [(200 * SECOND, 1000 * SECOND), (1100 * SECOND, 2000 * SECOND), (1200 * SECOND, 1300 * SECOND)]
    rest = "H24: a vent stood open for 200 s in one storm"
    assert broken_air(ground, excused=locked) == ["H24: a vent stood open for 300 s in a storm", rest]
    assert broken_air(ground, excused=locked, begins_anew=1) == []
    assert broken_air(ground, excused=[(0, 1400 * SECOND)]) == []
    ground.storms, ground.into_storms = [], [(0, 10 * SECOND), (20 * SECOND, 50 * SECOND)]
    assert broken_air(ground) == ["H24: a vent was opened on for 30 s into a storm"]
    assert broken_air(ground, excused=[(30 * SECOND, 60 * SECOND)]) == []
