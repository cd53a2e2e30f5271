"""What was on when the last life ended goes off before the next one has loaded anything: and when that must not be."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgectl.config import beside
from edgectl.config.beside import Reading
from edgectl.config.loader import load
from edgectl.config.problems import SiteRejected
from edgectl.daemon import safeplan, words
from edgectl.daemon.words import FirstWords, made_from
from edgectl.drivers.codecs import modbus
from edgectl.drivers.talk import open_line
from edgectl.drivers.wiring import SerialLine
from edgectl.host.lease import HostLease
from edgectl.model.time import SECOND
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

PUMP, VALVE = 0, 1


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path_factory.mktemp("words") / "field") as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, field: SimulatedField) -> Path:
    """A house whose last life left its plan, and a pump and a valve that were on when it died."""
    path = write_site(tmp_path, field)
    loaded = load(path)
    (tmp_path / "state").mkdir()
    plan = safeplan.plan_of(loaded.site, loaded.buses)
    safeplan.write(tmp_path / "state", {**plan, "made_from": made_from(path)})
    left_on(field)
    return path


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowded machine may take longer over an answer than a start may wait."""
    monkeypatch.setattr(words, "REPLY_WITHIN_S", 10.0)
    monkeypatch.setattr(words, "FOR_ALL", 60 * SECOND)


def left_on(field: SimulatedField) -> None:
    with open_line(SerialLine(port=str(field.port)), reply_within_s=10.0) as talk:
        for coil in (PUMP, VALVE):
            talk.exchange(modbus.write_coil(1, coil, True))
    assert on(field) == [True, True]


def on(field: SimulatedField) -> list[bool]:
    states: list[bool] = field.control("state")["relays"][:2]
    return states


def speak(site: Path) -> None:
    FirstWords(site.parent / "state", made_from(site)).end()


def test_what_was_on_goes_off(site: Path, field: SimulatedField) -> None:
    speak(site)
    assert on(field) == [False, False]


def test_a_start_that_gets_no_further_has_said_it(site: Path, field: SimulatedField) -> None:
    """The real command, cut off before it knows a word of its site file."""
    cut = (
        "import sys\n"
        "import edgectl.daemon.words as words\n"
        "words.REPLY_WITHIN_S, words.FOR_ALL = 10.0, 60 * 10**9\n"
        "from edgectl.config.beside import Reading\n"
        "def never(self):\n"
        "    self.end()\n"
        "    sys.exit(9)\n"
        "Reading.loaded = never\n"
        "sys.argv = ['edgectl', *sys.argv[5:]]\n"
        "from edgectl.__main__ import main\n"
        "main()\n"
    )
    daemon = DaemonProcess(site.parent, site, prefix=(sys.executable, "-c", cut, "--"))
    with daemon:
        assert daemon.process is not None
        assert daemon.process.wait(60) == 9, daemon.log.read_text()
    assert on(field) == [False, False]


@pytest.mark.parametrize("where", ["site.yaml", "conf.d/more.yaml"])
def test_another_site_file_makes_the_old_plan_silent(site: Path, field: SimulatedField, where: str) -> None:
    changed = site.parent / where
    changed.parent.mkdir(exist_ok=True)
    changed.write_text(changed.read_text() + "\n" if changed.exists() else "# more\n")
    speak(site)
    assert on(field) == [True, True]


def test_nobody_speaks_into_the_house_of_a_daemon_that_lives(site: Path, field: SimulatedField) -> None:
    lease = HostLease(site.parent / "state", [])
    lease.take()
    speak(site)
    lease.release()
    assert on(field) == [True, True]


def test_nor_onto_a_port_that_another_house_drives(site: Path, field: SimulatedField, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    lease = HostLease(tmp_path / "other", [str(field.port)])
    lease.take()
    speak(site)
    lease.release()
    assert on(field) == [True, True]


def test_a_plan_of_a_pair_is_never_followed_unasked(site: Path, field: SimulatedField) -> None:
    """Its other controller may lead: a life of a pair does not say what its plan was made from."""
    loaded = load(site)
    safeplan.write(site.parent / "state", safeplan.plan_of(loaded.site, loaded.buses))
    speak(site)
    assert on(field) == [True, True]


def test_the_ports_and_the_lead_are_free_afterwards(site: Path, field: SimulatedField) -> None:
    speak(site)
    lease = HostLease(site.parent / "state", [str(field.port)])
    lease.take()
    lease.release()
    with open_line(SerialLine(port=str(field.port)), reply_within_s=10.0) as talk:
        talk.exchange(modbus.read(1, 1, 0, 2))


def test_a_bus_that_does_not_answer_is_left_to_its_owner(
    site: Path, field: SimulatedField, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice to each output, and its owner goes on there."""
    monkeypatch.setattr(words, "REPLY_WITHIN_S", 0.1)
    field.fault("deaf", unit=1)
    speak(site)
    field.control("clear")
    assert on(field) == [True, True]


def test_a_word_that_is_lost_is_said_again(site: Path, field: SimulatedField, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first device that does not answer keeps nobody else on, and one lost frame nobody at all."""
    monkeypatch.setattr(words, "REPLY_WITHIN_S", 1.0)
    field.fault("deaf", unit=1, count=1)
    speak(site)
    field.control("clear")
    assert on(field) == [False, False]


def test_a_site_file_is_read_beside_as_it_is_read_here(site: Path) -> None:
    assert Reading(site).loaded() == replace(load(site), loads=(), effective=())


def test_what_is_wrong_with_it_is_told_alike(tmp_path: Path) -> None:
    with pytest.raises(SiteRejected) as here:
        load(tmp_path / "none.yaml")
    with pytest.raises(SiteRejected) as there:
        Reading(tmp_path / "none.yaml").loaded()
    assert str(here.value) == str(there.value)


@pytest.mark.parametrize("program", ["false", "no-such-program"])
def test_without_the_process_beside_it_is_read_here(site: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(beside.sys, "executable", shutil.which(program) or f"/{program}")
    reading = Reading(site)
    monkeypatch.undo()
    assert reading.loaded() == load(site)


def test_what_a_plan_is_made_from_is_unknown_where_nothing_can_be_read(tmp_path: Path) -> None:
    assert made_from(tmp_path) == made_from(tmp_path / "none.yaml") == ""
