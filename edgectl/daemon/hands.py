"""What people do by hand at a door, as inputs of a turn. The bodies were checked before."""

from collections.abc import Callable

from edgectl.api.house import Body
from edgectl.model.hands import Calibrate, Override, Step, Tried
from edgectl.model.inputs import Input
from edgectl.model.time import seconds

LONGEST_WORDS = 200
Make = Callable[[int], Input]


def name_of(request: Body, who: str) -> str:
    """The name that the person gave, or the one that the door knows."""
    return str(request.get("who") or who)[:LONGEST_WORDS]


def override(zone: str, setting: str, request: Body, who: str) -> Make:
    """Another value for a while; without one it is taken back."""
    lasts = min(max(request.get("seconds") or 0.0, 0.0), 1e8)
    return lambda token: Override(
        token=token,
        zone=zone,
        setting=setting,
        value=request.get("value"),
        lasts=seconds(lasts),
        who=name_of(request, who),
        why=str(request.get("why", ""))[:LONGEST_WORDS],
    )


def calibration(subject: str, request: Body, who: str) -> Make:
    """One step of a calibration."""
    return lambda token: Calibrate(
        token=token,
        subject=subject,
        step=Step(request["step"]),
        who=name_of(request, who),
        kind=request.get("kind", ""),
        points=tuple((float(shown), float(known)) for shown, known in request.get("points", ())),
        accept=request.get("accept") is True,
    )


def tried(actuator: str, request: Body, who: str) -> Make:
    """What became of an output that a person pressed."""
    return lambda token: Tried(
        token=token,
        actuator=actuator,
        moved=request["moved"],
        read_back=request["read_back"],
        who=name_of(request, who),
        why=str(request.get("why", ""))[:LONGEST_WORDS],
    )
