"""A journal that had to be begun anew: nothing is dosed for a day, or until a person has looked at the tanks."""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules.guards import veto_start
from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.journal.memory import MemoryJournal
from edgectl.model.inputs import Acknowledge
from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.simulate.example import example_site
from tests.sim.test_two_tanks import FILE

HOUR: Nanos = 3600 * SECOND
BEGIN = 10 * SECOND


class Life:
    """One life of a controller with nothing but a journal: it turns when it is told to."""

    def __init__(self, journal: MemoryJournal, boot: str, started: Nanos, *, lost: bool = True) -> None:
        self.journal = journal
        stored = replace(journal.load(), lost=lost)
        self.state = State.begin(site=FILE.site, schedules=(), stored=stored, boot_id=boot, started=started)
        self.stepper = Stepper(self.state)

    def at(self, mono: Nanos, wall: Nanos, trust: Trust = Trust.SYNCED) -> None:
        self.stepper.turn(Now(mono=mono, wall=wall, trust=trust))
        if (batch := self.stepper.next_batch()) is not None:
            self.journal.commit(batch)
            self.stepper.committed(Now(mono=mono, wall=wall, trust=trust))

    def veto(self, mono: Nanos) -> str:
        self.state.outputs.clear()
        found = veto_start(Draft(self.state, Now(mono=mono, wall=mono)), FILE.site.actuators["acid"], SECOND)
        assert found is not None
        return found.why

    @property
    def locked(self) -> bool:
        return "lockout:dosing" in self.state.held


def fresh() -> tuple[MemoryJournal, Life]:
    journal = MemoryJournal()
    life = Life(journal, "one", SECOND)
    life.at(BEGIN, BEGIN)
    assert life.state.phase is Phase.READY
    return journal, life


def test_nothing_is_dosed_for_a_day() -> None:
    _, life = fresh()
    assert {"journal_lost:journal", "dosing_locked:dosing"} <= set(life.state.alarms)
    assert "the journal was rebuilt" in life.veto(BEGIN)
    life.at(23 * HOUR, 23 * HOUR)
    assert life.locked
    life.at(24 * HOUR + BEGIN, 24 * HOUR + BEGIN)
    assert not life.locked
    assert not life.state.alarms["dosing_locked:dosing"].active


def test_a_person_who_has_looked_releases_it_and_the_next_start_does_not_lock_it_again() -> None:
    journal, life = fresh()
    life.stepper.offer(Acknowledge(token=1, alarm_id="dosing_locked:dosing", who="Ana"))
    life.at(HOUR, HOUR)
    assert not life.locked
    assert "dosing_locked:dosing" not in life.state.alarms
    again = Life(journal, "one", 2 * HOUR)  # the journal stays one that was begun anew
    again.at(2 * HOUR + BEGIN, 2 * HOUR + BEGIN)
    assert not again.locked


def test_a_reboot_keeps_the_lock_and_time_without_a_clock_counts_for_nothing() -> None:
    journal, life = fresh()
    life.at(20 * HOUR, 20 * HOUR)
    believed = Life(journal, "two", SECOND)
    believed.at(BEGIN, 23 * HOUR)
    believed.at(2 * HOUR, 25 * HOUR)
    assert not believed.locked, "both clocks could be believed: the day is over"
    journal, life = fresh()
    life.at(20 * HOUR, 20 * HOUR)
    blind = Life(journal, "two", SECOND)
    blind.at(BEGIN, 23 * HOUR, Trust.RESTORED)
    blind.at(2 * HOUR, 25 * HOUR, Trust.RESTORED)
    assert blind.locked


def test_a_house_without_dosing_pumps_is_told_of_no_lock() -> None:
    stored = replace(MemoryJournal().load(), lost=True)
    state = State.begin(site=example_site(), schedules=(), stored=stored, boot_id="b", started=0)
    stepper = Stepper(state)
    stepper.turn(Now(mono=6 * SECOND, wall=6 * SECOND))
    assert set(state.alarms) >= {"journal_lost:journal"}
    assert "dosing_locked:dosing" not in state.alarms
    stepper.offer(Acknowledge(token=1, alarm_id="journal_lost:journal", who="Ana"))
    stepper.turn(Now(mono=7 * SECOND, wall=7 * SECOND))
    assert "journal_lost:journal" not in state.alarms, "nothing but a look ends it"
