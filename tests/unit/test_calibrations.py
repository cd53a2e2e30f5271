"""Probes and pumps against something known: what a person may do, and what is believed afterwards."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from edgectl.daemon import views
from edgectl.engine.draft import Draft
from edgectl.engine.fixed import Fixed
from edgectl.engine.rules import calibrations
from edgectl.engine.rules.calibrations import FORGOTTEN
from edgectl.model.channel import Absence, Missing, Reading, Sample
from edgectl.model.hands import USUAL, Calibrate, Step
from edgectl.model.inputs import Answer, ManualOn, Mode, SetMode
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Chemistry, Doser
from edgectl.plant.layout import one_tank
from edgectl.simulate.example import example_site
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World
from tests.unit.test_overrides import Heard

DAY: Nanos = 86_400 * SECOND
MONTH: Nanos = 30 * DAY


def site(**more: Any) -> Site:
    """The example with a pH probe that keeps its last value for a day."""
    base = example_site()
    ph = Sensor(name="ph", channel="probe.ph", unit="", max_age=40 * DAY, low=0, high=14, **more)
    pump = Actuator(
        name="acid",
        channel="board.relay_7",
        role=Role.DOSING,
        fail_safe=FailSafe.PULSE,
        max_on=60 * SECOND,
        doser=Doser(ml_per_s=1.0, max_dose_ml=30, max_per_hour_ml=50, max_per_day_ml=100, gain=0.01),
    )
    zone = replace(base.zones["zone-1"], chemistry=Chemistry(volume_l=100, rate_l_min=20, ph="ph", acid="acid"))
    return replace(
        base,
        sensors={**base.sensors, "ph": ph},
        actuators={**base.actuators, "acid": pump},
        zones={"zone-1": zone},
    )


class Bench:
    """A site, and a probe in somebody's hand."""

    def __init__(self, **more: Any) -> None:
        layout = one_tank()
        ground = Ground(replace(layout, idle=(*layout.idle, "acid")), Random(1))
        self.world = World(site(**more), (), 1, ground=ground)
        self.world.people = Heard(self.world)
        self.world.run(20 * SECOND)
        self.shows(6.1)

    def shows(self, value: float) -> None:
        sample = Sample(sample_id=77, channel="probe.ph", value=value, at=self.world.now)
        self.world.state.image["probe.ph"] = sample

    def step(self, step: Step, *points: tuple[float, float], **more: Any) -> Answer:
        asked: dict[str, Any] = {"token": 1, "subject": "ph", "who": "Ana", "kind": "ph", **more}
        self.world.offer(Calibrate(step=step, points=points, **asked))
        self.world.run(self.world.now + SECOND)
        assert isinstance(self.world.people, Heard)
        return self.world.people.answers[-1]

    def read(self) -> Reading | Missing:
        return Draft(self.world.state, self.world._clock()).read("ph")

    def said(self, event: str) -> list[dict[str, Any]]:
        return [dict(e.details) for e in self.world.journal.timeline if e.event_type == event]

    def value(self) -> float:
        found = self.read()
        assert isinstance(found, Reading), found
        return round(found.value, 3)


def test_a_probe_in_a_hand_is_missing_until_it_comes_back_with_its_correction() -> None:
    bench = Bench()
    assert bench.step(Step.BEGIN).body["before"] == 6.1
    found = bench.read()
    assert isinstance(found, Missing)
    assert found.reason is Absence.IN_CALIBRATION
    done = bench.step(Step.FINISH, (7.12, 7.0), (4.06, 4.01))
    assert done.ok, done
    assert bench.value() == pytest.approx(6.003, abs=0.002)
    (told,) = bench.said("CALIBRATED")
    assert (told["who"], told["method"], told["before"]) == ("Ana", "ph", 6.1)
    assert told["points"] == [[7.12, 7.0], [4.06, 4.01]]
    bench.world._begin()
    bench.world.run(bench.world.now + 10 * SECOND)
    bench.shows(6.1)
    assert bench.value() == pytest.approx(6.003, abs=0.002), "a restart keeps it"


def test_no_restart_gives_a_probe_back() -> None:
    bench = Bench()
    bench.step(Step.BEGIN)
    bench.world._begin()
    bench.world.run(bench.world.now + 10 * SECOND)
    bench.shows(6.1)
    found = bench.read()
    assert isinstance(found, Missing)
    assert found.reason is Absence.IN_CALIBRATION


def test_a_forgotten_calibration_calls_and_never_resumes() -> None:
    bench = Bench()
    bench.step(Step.BEGIN)
    bench.world.run(bench.world.now + FORGOTTEN - 60 * SECOND)
    assert "calibration_forgotten:ph" not in bench.world.state.alarms
    bench.world.run(bench.world.now + 120 * SECOND)
    alarm = bench.world.state.alarms["calibration_forgotten:ph"]
    assert alarm.active
    assert "edgectl calibrate cancel ph" in alarm.advice
    bench.world.run(bench.world.now + 3 * DAY)
    bench.shows(6.1)
    assert isinstance(bench.read(), Missing)
    assert bench.step(Step.CANCEL).ok
    assert not bench.world.state.alarms["calibration_forgotten:ph"].active
    assert bench.value() == 6.1


# points, kind, words of the refusal
WORN: list[tuple[tuple[tuple[float, float], ...], str, str]] = [
    (((7.0, 7.0), (4.9, 4.01)), "ph", "a slope of 70 %"),
    (((7.0, 7.0), (2.0, 4.01)), "ph", "a slope of 167 %"),
    (((7.9, 7.0),), "ph", "it is off by 0.90"),
    (((7.0, 7.0), (4.0, 7.0)), "ph", "the same solution"),
    (((2.4, 1.413),), "ec", "a slope of 170 %"),
    (((7.0, 7.0),), "weight", "is no kind of calibration"),
]


@pytest.mark.parametrize(("points", "kind", "words"), WORN)
def test_a_worn_probe_is_refused_and_stays_out(points: tuple[tuple[float, float], ...], kind: str, words: str) -> None:
    bench = Bench()
    bench.step(Step.BEGIN)
    answer = bench.step(Step.FINISH, *points, kind=kind)
    assert (answer.ok, str(answer.code)) == (False, "calibration_implausible")
    assert words in answer.body["why"]
    assert isinstance(bench.read(), Missing)
    assert not bench.said("CALIBRATED")


@pytest.mark.parametrize(
    ("kind", "points", "shown", "value"),
    [
        ("ph", ((7.1, 7.0),), 6.1, 6.0),
        ("ec", ((1.5, 1.413),), 6.0, 5.652),
        ("level", ((2.0, 0.0), (98.0, 100.0)), 6.0, 4.167),
        ("ph", (), 6.1, 6.1),
    ],
)
def test_one_point_moves_a_ph_and_scales_an_ec_and_none_is_the_device_itself(
    kind: str, points: tuple[tuple[float, float], ...], shown: float, value: float
) -> None:
    bench = Bench()
    bench.step(Step.BEGIN)
    bench.shows(shown)
    answer = bench.step(Step.FINISH, *points, kind=kind, accept=True)
    assert answer.ok, answer
    assert bench.value() == pytest.approx(value, abs=0.002)


@pytest.mark.parametrize("step", [Step.FINISH, Step.CANCEL])
def test_a_probe_that_hangs_somewhere_else_does_not_come_back_unless_somebody_insists(step: Step) -> None:
    bench = Bench()
    bench.step(Step.BEGIN)
    bench.shows(7.0)  # still in the buffer
    answer = bench.step(step)
    assert (answer.ok, str(answer.code)) == (False, "calibration_disagrees")
    assert "shows 7 and read 6.1 before" in answer.body["why"]
    assert isinstance(bench.read(), Missing)
    assert bench.step(step, accept=True).ok
    assert bench.value() == 7.0


def test_a_probe_that_says_nothing_does_not_come_back() -> None:
    bench = Bench()
    bench.step(Step.BEGIN)
    del bench.world.state.image["probe.ph"]
    answer = bench.step(Step.FINISH)
    assert str(answer.code) == "calibration_disagrees"
    assert "says nothing" in answer.body["why"]


@pytest.mark.parametrize(
    ("subject", "step", "code", "words"),
    [
        ("pH", Step.BEGIN, "unknown_sensor", "sensors are: flow, level, ph, volume"),
        ("ph", Step.FINISH, "not_to_be_calibrated", "is not in calibration"),
        ("ph", Step.CANCEL, "not_to_be_calibrated", "is not in calibration"),
        ("acid", Step.BEGIN, "not_to_be_calibrated", "the seconds that it ran"),
    ],
)
def test_what_makes_no_sense_is_refused(subject: str, step: Step, code: str, words: str) -> None:
    answer = Bench().step(step, subject=subject)
    assert (answer.ok, str(answer.code)) == (False, code)
    assert words in answer.body["why"]


def test_two_people_do_not_take_the_same_probe() -> None:
    bench = Bench()
    assert bench.step(Step.BEGIN).ok
    answer = bench.step(Step.BEGIN, who="Ben")
    assert "in calibration already, by Ana" in answer.body["why"]


def test_a_median_is_calibrated_probe_by_probe() -> None:
    bench = Bench(median_of=("probe.ph", "probe.ph2"))
    assert "give each a name of its own" in bench.step(Step.BEGIN).body["why"]


def test_what_is_due_is_told_and_done_is_done() -> None:
    bench = Bench(calibrate_every=MONTH)
    bench.world.run(bench.world.now + 60 * SECOND)
    alarm = bench.world.state.alarms["calibration_due:ph"]
    assert "never, as far as edgectl knows" in alarm.message
    bench.step(Step.BEGIN)
    bench.shows(6.1)
    answer = bench.step(Step.FINISH, (7.0, 7.0))
    assert answer.body["due"].startswith("2026-07-01")
    assert not bench.world.state.alarms["calibration_due:ph"].active
    bench.world.run(bench.world.now + MONTH - DAY)
    assert not bench.world.state.alarms["calibration_due:ph"].active
    bench.world.run(bench.world.now + 2 * DAY)
    assert bench.world.state.alarms["calibration_due:ph"].active
    assert "last by Ana on 2026-06-01" in bench.world.state.alarms["calibration_due:ph"].message


def test_without_the_rule_a_forgotten_probe_is_a_silent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrations, "FORGOTTEN", 1 << 62)
    bench = Bench()
    bench.step(Step.BEGIN)
    bench.world.run(bench.world.now + DAY)
    assert not bench.world.state.alarms


# -- pumps


def on(bench: Bench, actuator: str, seconds: float, *, service: bool) -> Answer:
    lease = round(seconds * SECOND)
    bench.world.offer(ManualOn(token=1, actuator=actuator, lease=lease, who="Ana", service=service))
    bench.world.run(bench.world.now + SECOND)
    assert isinstance(bench.world.people, Heard)
    return bench.world.people.answers[-1]


def manual(bench: Bench) -> None:
    bench.world.offer(SetMode(token=1, zone="zone-1", mode=Mode.MANUAL, who="Ana"))
    bench.world.run(bench.world.now + SECOND)


def test_a_dosing_pump_gives_into_a_measure_only_in_manual_mode_and_within_its_caps() -> None:
    bench = Bench()
    assert "does not move the solution" in on(bench, "acid", 20, service=False).body["why"]
    assert "edgectl mode zone-1 manual" in on(bench, "acid", 20, service=True).body["why"]
    manual(bench)
    assert "more than max_dose" in on(bench, "acid", 40, service=True).body["why"]
    assert on(bench, "acid", 20, service=True).ok
    bench.world.run(bench.world.now + 30 * SECOND)
    assert Draft(bench.world.state, bench.world._clock()).spent("acid", DAY) == pytest.approx(20)
    assert on(bench, "acid", 20, service=True).ok
    bench.world.run(bench.world.now + 30 * SECOND)
    assert "max_per_hour" in on(bench, "acid", 20, service=True).body["why"], "what went into the measure counts"
    assert [told["service"] for told in bench.said("MANUAL_ON")][-1] is True


@pytest.mark.parametrize(("ml", "differs"), [(20.5, False), (15.0, True)])
def test_what_a_pump_gave_is_noted_and_said_when_the_file_says_otherwise(ml: float, differs: bool) -> None:
    bench = Bench()
    answer = bench.step(Step.FINISH, (20.0, ml), subject="acid", kind="pump")
    due = answer.body.pop("due")
    assert answer.body == {"actuator": "acid", "before": 1.0, "after": round(ml / 20, 4), "differs": differs}
    assert due.startswith("2026-08-30"), "a tube wears: after 90 days, where the file says nothing"
    assert [(e["method"], e["points"]) for e in bench.said("CALIBRATED")] == [("pump", [[20.0, ml]])]


def test_each_kind_has_a_row_and_a_due_date_and_only_what_the_file_names_calls() -> None:
    bench = Bench()
    bench.step(Step.FINISH, (20.0, 20.0), subject="acid", kind="pump")
    bench.step(Step.BEGIN)
    bench.shows(6.1)
    bench.step(Step.FINISH, (7.0, 7.0))
    now, state = bench.world._clock(), bench.world.state
    (row,) = [row for row in views.outputs(state, now) if row["output"] == "acid"]
    assert row["calibration"]["how"] == "pump, 20 ml in 20 s"
    assert (row["calibration"]["due"][:10], row["calibration"]["usual"]) == ("2026-08-30", True)
    (probe,) = [row for row in views.readings(state, now, ["ph"])]
    assert (probe["calibration"]["due"][:10], probe["calibration"]["usual"]) == ("2026-07-01", True)
    assert not [row for row in views.outputs(state, now) if row["output"] != "acid" and "calibration" in row]
    assert set(calibrations.BOUNDS) | {"pump"} == set(USUAL), "every kind"
    bench.world.run(bench.world.now + 120 * DAY)
    assert "calibration_due:acid" not in state.alarms
    named = replace(site().actuators["acid"], doser=replace(site().actuators["acid"].doser, calibrate_every=MONTH))  # type: ignore[type-var]
    assert dict(Fixed(replace(site(), actuators={"acid": named})).calibrated) == {"acid": MONTH}


def test_a_pump_whose_interval_is_named_calls_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fixed, "calibrated", (("acid", MONTH),))
    bench = Bench()
    bench.world.run(bench.world.now + 60 * SECOND)
    assert "never, as far as edgectl knows" in bench.world.state.alarms["calibration_due:acid"].message
    bench.step(Step.FINISH, (20.0, 20.0), subject="acid", kind="pump")
    bench.world.run(bench.world.now + 60 * SECOND)
    assert not bench.world.state.alarms["calibration_due:acid"].active


@pytest.mark.parametrize(("seconds", "service", "starts"), [(2.0, True, True), (2.1, True, False), (2.0, False, False)])
def test_a_pump_may_be_bumped_dry_for_two_seconds_by_somebody_beside_it(
    seconds: float, service: bool, starts: bool
) -> None:
    bench = Bench()
    bench.world.field.ground.plant.plumbing.tanks["tank"].volume_l = 4.0
    bench.world.run(bench.world.now + 10 * SECOND)
    answer = on(bench, "pump", seconds, service=service)
    assert answer.ok is starts, answer
