"""Every order in which up to four lines of a circuit can come: what may be believed, and nothing else is."""

from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.drivers.askplan import Ask
from edgectl.drivers.languages.ezo import Ezo, EzoQuestion
from edgectl.drivers.languages.seam import Fits, Measured, Outcome, Shown, Taken
from edgectl.drivers.purpose import Look, Off, Switch, Verify
from edgectl.drivers.registry import find
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.inputs import Send
from edgectl.model.site import Actuator, FailSafe, Role, Site
from edgectl.model.time import SECOND

OK, ER = b"*OK", b"*ER"
READING, OTHER, CUT, NAN = b"9.560", b"7.012", b"560", b"nan"
NAME, STRANGER, TOTAL, RUNS = b"?i,pH,2.16", b"?i,EC,2.16", b"?ATV,434.50", b"?D,10.50,1"
DONE, RESTART, ASLEEP, LOW = b"*DONE,3.21", b"*RS", b"*SL", b"*UV"
NOISE = b"\xff\x007"
LINES = (OK, ER, READING, OTHER, CUT, NAN, NAME, STRANGER, TOTAL, RUNS, DONE, RESTART, ASLEEP, LOW, NOISE, b"*TOOFAST")
ACID = Actuator(name="acid", channel="c.pump", role=Role.DOSING, fail_safe=FailSafe.PULSE)
SITE = Site(site_id="s", name="s", timezone="UTC", sensors={}, actuators={"acid": ACID}, zones={})
PH = Device(name="c", unit=None, profile=find("atlas-ezo-ph"))
PUMP = Device(name="c", unit=None, profile=find("atlas-ezo-pmp"), ml_per_s={"pump": 0.5})
SPEECH = Ezo(Bus(name="b", kind="ezo-uart", line=SerialLine(port="x"), devices=(PH,)), SITE)


def ask(command: str, name: str, *, channels: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> Look:
    return Look(
        block=Ask(device="c", command=command, name=name, wait=SECOND, every=SECOND, channels=channels, outputs=outputs)
    )


READ = SPEECH.question(PH, ask("R", "", channels=("c.ph",)))
COUNT = SPEECH.question(PUMP, ask("ATV,?", "atv", channels=("c.total_volume",)))
SEEN = SPEECH.question(PUMP, ask("D,?", "d", outputs=("acid",)))
STOP = SPEECH.question(PUMP, Off(actuator="acid"))
DOSE = SPEECH.question(
    PUMP, Switch(send=Send(cmd_id="c", actuator="acid", on=True, lease=10 * SECOND, not_after=10**18))
)
WHO = SPEECH.question(PH, Verify(check=SPEECH.fence(PH.profile)[0]))


def first(question: EzoQuestion, said: Iterable[bytes]) -> tuple[Outcome | None, int]:
    """What comes out when the lines arrive one by one, and after how many."""
    heard, count = b"", 0
    for line in said:
        heard, count = heard + line + b"\r", count + 1
        if (outcome := question.outcome(heard)) is not None:
            return outcome, count
    return None, count


def value(outcome: Outcome | None) -> float | None:
    """The number that would be believed."""
    if not isinstance(outcome, Measured):
        return None
    number = outcome.values[0][1]
    return number if isinstance(number, float) else None


def answered(said: tuple[bytes, ...], name: bytes) -> bool:
    """The named line is there with its *OK right behind it, but for the end of an older dose."""
    after = [line for line in said[said.index(name) + 1 :] if line != DONE] if name in said else []
    return after[:1] == [OK]


def test_every_order_of_up_to_four_lines() -> None:
    cases = 0
    for length in range(1, 5):
        for said in product(LINES, repeat=length):
            cases += 1
            outcome, count = first(READ, said)
            assert value(outcome) in (None, {READING: 9.56, OTHER: 7.012}.get(said[0]))
            if value(outcome) is not None:
                assert said[1] == OK
            outcome, count = first(STOP, said)
            assert isinstance(outcome, Taken) == (said[count - 1] == DONE and outcome is not None)
            outcome, count = first(DOSE, said)
            if isinstance(outcome, Taken):
                assert said[count - 1] == OK
                assert set(said[: count - 1]) <= {DONE}
    assert cases == 69_904


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_what_names_its_question_is_believed_with_its_name_alone(length: int) -> None:
    for said in product((OK, ER, READING, NAME, TOTAL, RUNS, DONE, RESTART, NOISE), repeat=length):
        outcome, count = first(COUNT, said)
        assert value(outcome) in (None, 434.5)
        assert (value(outcome) is None) or answered(said[:count], TOTAL)
        outcome, count = first(SEEN, said)
        assert not isinstance(outcome, Shown) or (outcome.states == (("acid", True),) and answered(said[:count], RUNS))
        outcome, count = first(WHO, said)
        assert not isinstance(outcome, Fits) or answered(said[:count], NAME)


@given(st.lists(st.one_of(st.sampled_from([line + b"\r" for line in LINES]), st.binary(max_size=20)), max_size=6))
@settings(max_examples=1500, deadline=None)
def test_no_bytes_raise(pieces: list[bytes]) -> None:
    heard = b"".join(pieces)
    for question in (READ, COUNT, SEEN, STOP, DOSE, WHO):
        question.outcome(heard)
    SPEECH.overheard(heard)
    if value(READ.outcome(heard)) is not None:
        assert heard.split(b"\r")[1] == OK
