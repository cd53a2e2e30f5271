"""What a site file changed since the last start: each entry with its value before and after, once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgectl.config.loader import load
from edgectl.engine.draft import Draft
from edgectl.engine.rules import calibrations, configured, restraints
from edgectl.engine.rules.latched import forbids
from edgectl.engine.state import State
from edgectl.journal.memory import MemoryJournal
from edgectl.model.inputs import Restrain, Restraint
from edgectl.model.site import Site
from edgectl.model.time import SECOND, Now, Trust
from edgectl.model.timeline import Batch, Latch
from tests.unit.site_files import SMALL, changed

NOW = Now(mono=10 * SECOND, wall=1_780_272_000 * SECOND, trust=Trust.SYNCED)


def start(journal: MemoryJournal, folder: Path, text: str) -> list[dict[str, Any]]:
    """One start with this file. Returns what it told."""
    (folder / "site.yaml").write_text(text)
    loaded = load(folder / "site.yaml")
    state = State.begin(
        site=loaded.site, schedules=(), stored=journal.load(), boot_id="b", started=0, config=loaded.entries
    )
    draft = Draft(state, NOW)
    configured.tell(draft)
    decision = draft.decision()
    journal.commit(Batch(changes=decision.changes, entries=decision.entries))
    return [dict(entry.details) for entry in decision.entries]


def test_a_changed_limit_is_told_with_its_value_before_and_after(tmp_path: Path) -> None:
    journal = MemoryJournal()
    (first,) = start(journal, tmp_path, SMALL)
    assert first["first"]
    assert {"buses.cabinet", "actuators.main_pump", "schedules.lamps", "declare"} <= {
        c["path"] for c in first["changed"]
    }
    assert start(journal, tmp_path, SMALL) == [], "nothing changed"
    (told,) = start(journal, tmp_path, changed("max_on: 10m", "max_on: 9m"))
    assert (told["first"], told["more"]) == (False, 0)
    (entry,) = told["changed"]
    assert entry["path"] == "actuators.main_pump"
    assert '"max_on": "10m"' in entry["before"]
    assert '"max_on": "9m"' in entry["after"]


def test_what_was_removed_or_added_has_one_side_only(tmp_path: Path) -> None:
    journal = MemoryJournal()
    start(journal, tmp_path, SMALL)
    (told,) = start(journal, tmp_path, changed("  air_humidity: ", "  humidity: "))
    sides = {entry["path"]: (entry["before"] is None, entry["after"] is None) for entry in told["changed"]}
    assert sides == {"sensors.air_humidity": (False, True), "sensors.humidity": (True, False)}


def test_comments_and_the_order_of_keys_are_no_change(tmp_path: Path) -> None:
    journal = MemoryJournal()
    start(journal, tmp_path, SMALL)
    same = changed("{to: board.relay_3, role: light}", "{role: light, to: board.relay_3}  # the lamp")
    assert start(journal, tmp_path, same) == []


def test_a_schedule_that_is_no_more_takes_its_alarm_along(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SMALL)
    loaded = load(tmp_path / "site.yaml")
    stays, goes = (f"schedule_failed:{schedule.name}" for schedule in loaded.schedules[:2])
    stored = MemoryJournal().load()
    state = State.begin(site=loaded.site, schedules=loaded.schedules, stored=stored, boot_id="b", started=0)
    before = Draft(state, NOW)
    for alarm_id in (stays, goes):
        before.alert("schedule_failed", alarm_id.partition(":")[2], "it was not carried out", "look")
    for change in before.decision().changes:
        state.put(change)
    state.schedules = loaded.schedules[:1]
    draft = Draft(state, NOW)
    configured.tell(draft)
    active = {alarm.alarm_id: alarm.active for alarm in draft.alarms()}
    assert active == {stays: True, goes: False}


def test_what_left_the_site_file_takes_its_alarms_along_and_no_persons_hands(tmp_path: Path) -> None:
    """The alarm of a probe that had been replaced stood for ever: nothing read it again. But hands that are in it are
    not taken out by a file."""
    (tmp_path / "site.yaml").write_text(SMALL)
    site = load(tmp_path / "site.yaml").site
    sensor, pump = next(iter(site.sensors)), next(iter(site.actuators))
    journal, about = MemoryJournal(), ("device_silent", "calibration_forgotten", "output_may_be_on", "biz_no_flow")
    state = State.begin(site=site, schedules=(), stored=journal.load(), boot_id="b", started=0)
    before = Draft(state, NOW)
    for subject in ("gone", sensor, pump):
        for code in about:
            before.alert(code, subject, "it happened", "look")
    for name in (f"in_calibration:{sensor}", "in_calibration:gone", "lock:gone"):
        before.put(Latch(name=name, held=True, since=NOW.wall, who="Ana", why="in her hands"))
    decision = before.decision()
    journal.commit(Batch(changes=decision.changes, entries=decision.entries))
    again = State.begin(site=site, schedules=(), stored=journal.load(), boot_id="b", started=0)
    draft = Draft(again, NOW)
    configured.tell(draft)
    calmed = {alarm.alarm_id for alarm in draft.alarms() if not alarm.active}
    assert calmed == {"device_silent:gone", "calibration_forgotten:gone"}, "what may be on is looked at by a person"
    assert set(draft.holding_latches("in_calibration:")) == {f"in_calibration:{sensor}", "in_calibration:gone"}
    assert draft.holding_latches("lock:") == ["lock:gone"]
    for change in draft.decision().changes:
        again.put(change)
    later = Draft(again, replace(NOW, wall=NOW.wall + 86_400 * SECOND))
    calibrations.watch(later)
    forgotten = {alarm.subject for alarm in later.alarms() if alarm.code == "calibration_forgotten" and alarm.active}
    assert forgotten == {sensor, pump}, "and nobody is called for a probe that is not there"


def lets_go(draft: Draft) -> None:
    for name in draft.holding_latches("lock:"):
        latch = draft.latch(name)
        assert latch is not None
        if name.removeprefix("lock:") not in draft.state.site.zones:
            draft.put(replace(latch, held=False))


@pytest.mark.parametrize("planted", [False, True])
def test_a_zone_that_is_misspelt_for_one_start_takes_nobodys_lock_off(
    planted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ana had her hands in the pump; a colleague wrote the name wrong, saw it, put it right, and the pump started."""
    if planted:
        monkeypatch.setattr(configured, "_part_with_what_is_gone", lets_go)
    (tmp_path / "site.yaml").write_text(SMALL)
    site, journal = load(tmp_path / "site.yaml").site, MemoryJournal()
    name, zone = next(iter(site.zones.items()))
    assert zone.pump is not None

    def life(of: Site, *, lock: Restrain | None = None) -> Draft:
        state = State.begin(site=of, schedules=(), stored=journal.load(), boot_id="b", started=0)
        draft = Draft(state, NOW)
        configured.tell(draft)
        if lock is not None:
            restraints.restrain(draft, lock)
        decision = draft.decision()
        journal.commit(Batch(changes=decision.changes, entries=decision.entries))
        return draft

    lock = Restrain(token=1, what=Restraint.LOCK, on=True, who="Ana", zone=name, why="hands in the pump")
    life(site, lock=lock)
    misspelt = replace(site, zones={"bedz": replace(zone, name="bedz")})
    life(misspelt)
    assert (forbids(life(site), site.actuators[zone.pump]) is None) is planted
    if planted:
        return
    off = replace(lock, on=False)
    assert life(misspelt, lock=replace(off, who="Ben")).holding_latches("lock:"), "nor does anybody else"
    assert not life(misspelt, lock=off).holding_latches("lock:"), "whoever put it on may, under the name that is gone"
