"""What the page offers to be calibrated, and who waits for somebody."""

from typing import Any

import pytest

from edgectl.api.house import Unavailable
from edgectl.api.web import probes
from edgectl.api.web.calibrating import number_of, points_of, text_of

NOW = "2026-06-01T06:00:00.000Z"


def reading(name: str, unit: str, **more: Any) -> dict[str, Any]:
    row = {"sensor": name, "unit": unit, "shown": 6.1, "value": 6.1, "in_hands": None}
    return row | {"calibration": None, "calibrate_every_s": None} | more


def done(due: str | None) -> dict[str, Any]:
    return {"at": "2026-05-01T06:00:00.000Z", "who": "Ana", "how": "ph", "due": due, "gain": 1.0, "offset": 0.0}


def status(*rows: dict[str, Any], mode: str = "auto", zone: bool = True) -> dict[str, Any]:
    beds = {"zone": "beds", "mode": mode, "levels": ["tank"], "outputs": ["acid"] if zone else []}
    acid = {"output": "acid", "role": "dosing", "on": False, "ends_at": None, "gives": {"at": None}}
    acid |= {"calibration": None, "calibrate_every_s": None}
    return {"now": NOW, "zones": [beds], "readings": list(rows), "outputs": [{"output": "pump", "role": "pump"}, acid]}


@pytest.mark.parametrize(
    ("name", "unit", "kind"),
    [("ph", "pH", "ph"), ("ec", "mS/cm", "ec"), ("ec", "uS/cm", "ec"), ("tank", "%", "level"), ("air", "%", None)],
)
def test_what_a_sensor_is_calibrated_as_follows_from_its_unit_and_its_place(
    name: str, unit: str, kind: str | None
) -> None:
    house = status(reading(name, unit))
    assert probes.kind_of(house, name) == kind
    assert [one["name"] for one in probes.probes(house)] == ([] if kind is None else [name])
    assert probes.kind_of(house, "nothing") is None


@pytest.mark.parametrize(
    ("row", "due_s", "waits", "told"),
    [
        (reading("ph", "pH"), None, False, False),
        (reading("ph", "pH", calibrate_every_s=86400.0), 0.0, True, False),
        (reading("ph", "pH", calibrate_every_s=1.0, calibration=done("2026-06-03T06:00:00.000Z")), 172800, True, True),
        (
            reading("ph", "pH", calibrate_every_s=1.0, calibration=done("2026-06-09T06:00:00.000Z")),
            691200,
            False,
            False,
        ),
        (reading("ph", "pH", calibrate_every_s=1.0, calibration=done("2026-05-31T06:00:00.000Z")), -86400, True, False),
        (reading("ph", "pH", calibration=done("2026-06-03T06:00:00.000Z")), 172800, True, False),
        (reading("ph", "pH", in_hands={"who": "Ana", "since": NOW, "before": 6.1}), None, True, True),
    ],
    ids=["no date", "never", "soon", "later", "overdue has an alarm", "usual", "in a hand"],
)
def test_a_probe_whose_day_comes_soon_is_named_before_it(
    row: dict[str, Any], due_s: float | None, *, waits: bool, told: bool
) -> None:
    (one,) = probes.probes(status(row))
    assert (one["due_s"], one["waits"]) == (due_s, waits)
    assert bool(probes.waiting(status(row))) is told


def test_a_pump_runs_into_a_measure_only_where_people_alone_start_anything() -> None:
    assert [(one["name"], one["by_hand"]) for one in probes.pumps(status())] == [("acid", False)]
    assert probes.pumps(status(mode="manual"))[0]["by_hand"]
    assert probes.pumps(status(zone=False))[0]["by_hand"], "a pump of no zone disturbs none"


def test_bottles_are_named_in_the_unit_of_the_probe() -> None:
    assert 7.0 in probes.known_of("ph", "pH")
    assert probes.known_of("ec", "mS/cm")[0] == 1.413
    assert probes.known_of("ec", "uS/cm")[0] == 1413


def test_what_was_measured_stands_in_the_address_and_nonsense_gets_a_sentence() -> None:
    assert points_of("6.93:7,4.02:4.01") == [(6.93, 7.0), (4.02, 4.01)]
    assert text_of(points_of("6.93:7,4.02:4.01")) == "6.93:7,4.02:4.01"
    assert points_of("") == []
    assert number_of(" 7,01 ") == 7.01
    for words in ("", "seven", "nan", "inf", "1e9"):
        with pytest.raises(Unavailable):
            number_of(words)
    with pytest.raises(Unavailable):
        points_of("7")
