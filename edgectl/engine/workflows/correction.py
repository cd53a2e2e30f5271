"""Correcting a solution while it is pumped round: settle, decide, dose, wait until it has mixed, decide again.

Two rules. EC comes before pH, and one pump gives at a time. A dose is one pulse, never renewed and never repeated:
whatever became of it, it counts as given, and the next decision waits for the mixing time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules.dosing import NEVER_BELOW_PH, NEVER_PAST_PH, caps_left, kept_off, lock_dosing, still
from edgectl.engine.rules.instruments import restless
from edgectl.engine.rules.orders import REPLY_WITHIN, switch_off, switch_on
from edgectl.engine.senses import cited
from edgectl.engine.steady import steady
from edgectl.engine.workflows.aims import zone_for
from edgectl.engine.workflows.doses import LONGEST_PULSE, SETTLE, Dose, given, size
from edgectl.model.channel import Missing, Reading, Use
from edgectl.model.codes import Code
from edgectl.model.command import Command
from edgectl.model.site import Zone
from edgectl.model.task import Correction, Task
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Latch
from edgectl.model.water import Chemistry

WARM_UP: Nanos = 120 * SECOND  # after a start the probes are not believed yet
PH_DEADBAND, EC_DEADBAND = 0.05, 0.06
PH_STEADY, EC_STEADY = 0.04, 0.08  # the largest change over the window of a decision
ENOUGH = 0.15  # of the expected change: less is no effect
PLAINLY = 0.5  # of it: what another dose has left behind is less
WEAK, INEFFECTIVE = 2, 4  # in a row: a person is called, dosing is locked
STRONGEST = 4.0  # the most that one dose may teach
PH_JUMP, EC_JUMP = 0.5, 0.3  # no dose does that from one reading to the next, and back
STEADY_RETRY: Nanos = 5 * SECOND


def is_mixed(draft: Draft, task: Task, began: Nanos) -> bool:
    """Can the solution be judged: has it been pumped round for a while, and the last dose had its mixing time?"""
    state = task.correction or Correction(wait_until=began + SETTLE)
    if task.correction is None:
        draft.put(replace(task, correction=state))
    if state.pending:
        _follow(draft, task, state)
        return False
    wait_until = max(state.wait_until, draft.state.started + WARM_UP, began + SETTLE)
    draft.wake(wait_until)
    return draft.now.mono >= wait_until


def correct(draft: Draft, task: Task, ends: Nanos) -> None:
    """The solution is mixed and not yet right: give a dose, if all allow it and there is time left to mix it."""
    zone = zone_for(draft.state.site.zones[task.zone], task)
    chemistry, state = zone.chemistry, task.correction
    assert chemistry is not None
    assert state is not None
    if draft.now.mono + chemistry.mixing + LONGEST_PULSE > ends:
        return
    for sensor, jump in ((chemistry.ph, PH_JUMP), (chemistry.ec, EC_JUMP)):
        if sensor is not None:
            restless(draft, sensor, jump)
    readings = _readings(draft, chemistry)
    gate = _gate(draft, zone, chemistry, readings)
    if gate.value != state.gate:
        state = replace(state, gate=gate.value)
        draft.put(replace(task, correction=state))
        draft.note("CORRECTION_GATED", task_id=task.task_id, zone=zone.name, reason_code=gate.value)
    if readings is None or gate is not Code.GATING_PASSED:
        draft.wake(draft.now.mono + STEADY_RETRY)
        return
    ph, ec = readings
    if why := _implausible(chemistry, ph, ec):
        lock_dosing(draft, zone, *why)
        return
    state = _judge(draft, zone, state, ph, ec)
    weak = draft.latch(_weak(state.actuator))
    if state.ineffective >= INEFFECTIVE or (weak is not None and weak.count >= INEFFECTIVE):
        draft.put(replace(task, correction=replace(state, ineffective=0)))  # whoever releases it gets as many tries
        _count_weak(draft, state.actuator, 0)
        told = f"{INEFFECTIVE} doses of {state.actuator} in a row changed almost nothing"
        lock_dosing(draft, zone, "dose_no_effect", told)
        return
    _decide(draft, task, zone, state, ph, ec)


def _gate(
    draft: Draft, zone: Zone, chemistry: Chemistry, readings: tuple[Reading | None, Reading | None] | None
) -> Code:
    """May the solution be corrected now? The water moves, the probes are fit and at rest, and nothing is locked."""
    if kept_off(draft, zone.name):
        return Code.CORRECTIONS_NOT_ALLOWED
    if still(draft, zone):
        return Code.FLOW_INACTIVE
    if readings is not None:
        return Code.GATING_PASSED
    probes = [name for name in (chemistry.ph, chemistry.ec) if name is not None]
    unfit = any(isinstance(draft.read(name, Use.DOSING), Missing) for name in probes)
    return Code.MISSING_FLAGS if unfit else Code.SENSOR_UNSTABLE


def _decide(draft: Draft, task: Task, zone: Zone, state: Correction, ph: Reading | None, ec: Reading | None) -> None:
    chemistry = zone.chemistry
    assert chemistry is not None
    samples = [cited(reading) for reading in (ph, ec) if reading is not None]
    doses = _round(draft, chemistry, state, ec)
    short = next((name for name, dose in doses if dose is None), None)
    pump = _pump_for(chemistry, ph)
    if state.queue:
        (name, ml), *rest = state.queue
        after = replace(state, queue=tuple(rest))
        _dose(draft, task, after, name, "ec", _of(draft, name, ml), ec, samples, vetoed=state)
    elif doses and short is None:
        queue = tuple((name, dose.ml) for name, dose in doses[1:] if dose is not None)
        name, first = doses[0]
        _dose(draft, task, replace(state, queue=queue), name, "ec", first, ec, samples, vetoed=state)
    elif ph is not None and pump is not None:
        dose = _sized(draft, pump, state, "ph", abs(ph.value - chemistry.target_ph))
        _dose(draft, task, state, pump, "ph", dose, ph, samples, vetoed=state)
    elif short is not None:
        _dose(draft, task, state, short, "ec", None, ec, samples, vetoed=state)


def _round(draft: Draft, chemistry: Chemistry, state: Correction, ec: Reading | None) -> list[tuple[str, Dose | None]]:
    """What each nutrient has to give, where the solution is too thin. All of them or none: who has used up its day
    would leave the plants with the others alone, and the pH waits for nobody who cannot give."""
    if ec is None or not chemistry.nutrients or ec.value >= chemistry.target_ec - EC_DEADBAND:
        return []
    error = (chemistry.target_ec - ec.value) / len(chemistry.nutrients)
    return [(name, _sized(draft, name, state, "ec", error)) for name in chemistry.nutrients]


def _pump_for(chemistry: Chemistry, ph: Reading | None) -> str | None:
    """Acid or base, where the pH is off and there is such a pump."""
    if ph is None or abs(ph.value - chemistry.target_ph) <= PH_DEADBAND:
        return None
    return chemistry.acid if ph.value > chemistry.target_ph else chemistry.base


def _dose(
    draft: Draft,
    task: Task,
    state: Correction,
    name: str,
    quantity: str,
    dose: Dose | None,
    reading: Reading | None,
    samples: Sequence[Mapping[str, Any]],
    *,
    vetoed: Correction,
) -> None:
    """Order one dose. Its amount is entered in the ledger by the same decision. `vetoed` is how it stands otherwise."""
    now = draft.now.mono
    if dose is None:
        # Nothing to give, or the caps are used up: look again when something may have changed.
        draft.put(replace(task, correction=replace(state, wait_until=now + 60 * SECOND, quantity=quantity)))
        draft.note(
            "DOSE_SKIPPED",
            task_id=task.task_id,
            zone=task.zone,
            actuator=name,
            reason_code=Code.DOSE_BELOW_RESOLUTION.value,
            samples=list(samples),
        )
        draft.wake(now + 60 * SECOND)
        return
    cmd_id = f"{task.task_id}-dose-{state.doses + 1}"
    draft.note(
        "DOSE_PLANNED",
        task_id=task.task_id,
        zone=task.zone,
        actuator=name,
        ml=round(dose.ml, 3),
        expected=round(dose.change, 4),
        samples=list(samples),
    )
    veto = switch_on(
        draft,
        actuator_name=name,
        lease=dose.pulse,
        cmd_id=cmd_id,
        stage="dose",
        task_id=task.task_id,
        zone=task.zone,
        not_after=min(task.act_until or now, now + REPLY_WITHIN),
    )
    if veto is not None:
        draft.put(replace(draft.task(task.task_id), correction=replace(vetoed, wait_until=now + 30 * SECOND)))
        draft.wake(now + 30 * SECOND)
        return
    planned = replace(
        state,
        doses=state.doses + 1,
        pending=cmd_id,
        actuator=name,
        quantity=quantity,
        before=0.0 if reading is None else reading.value,
        expected=dose.change,
    )
    draft.put(replace(task, correction=planned))


def _follow(draft: Draft, task: Task, state: Correction) -> None:
    """A dose is on its way. When its order has ended, however it did, the mixing time begins."""
    chemistry = draft.state.site.zones[task.zone].chemistry
    assert chemistry is not None
    command = draft.command(state.pending)
    if command is not None and not command.terminal:
        _end_as_planned(draft, command)
        return
    ended = draft.now.mono if command is None or command.ended_at is None else command.ended_at
    # The ledger speaks of the latest instant at which the last drop can have left; nobody else may be earlier.
    mine = (entry.at for entry in draft.ledger(state.actuator).spent if entry.boot_id == draft.state.boot_id)
    entered = max(mine, default=ended)
    wait_until = max(ended, entered) + chemistry.mixing
    draft.put(replace(task, correction=replace(state, pending="", wait_until=wait_until)))
    draft.note(
        "DOSE_DONE",
        task_id=task.task_id,
        zone=task.zone,
        actuator=state.actuator,
        terminal_status="" if command is None else command.state.value,
    )
    draft.wake(wait_until)


def _end_as_planned(draft: Draft, command: Command) -> None:
    output = draft.output(command.actuator)
    if command.ack_at is None or command.lease is None or output is None:
        return
    ends = command.ack_at + command.lease
    if draft.now.mono < ends:
        draft.wake(ends)
    elif output.owed_off and output.cmd_id == command.cmd_id:
        switch_off(draft, output, planned=True, why="the dose is given")


def _judge(draft: Draft, zone: Zone, state: Correction, ph: Reading | None, ec: Reading | None) -> Correction:
    """Did the last dose do anything?"""
    reading = ec if state.quantity == "ec" else ph
    if not state.expected or reading is None:
        return state
    changed = abs(reading.value - state.before)
    weak = draft.latch(_weak(state.actuator))
    if changed >= ENOUGH * state.expected:
        if weak is not None and weak.count and changed >= PLAINLY * state.expected:
            _count_weak(draft, state.actuator, 0)
        if state.queue:
            return replace(state, expected=0.0)  # what a round of nutrients teaches is told by its last one
        # Weak water moves more than the gain says. What a dose did is the better gain for the next one, if it is more.
        stronger = min(STRONGEST, max(1.0, changed / state.expected))
        factors = {**state.factors, state.quantity: state.factors.get(state.quantity, 1.0) * stronger}
        return replace(state, expected=0.0, ineffective=0, factors=factors)
    draft.note("DOSE_WITHOUT_EFFECT", zone=zone.name, actuator=state.actuator, changed=round(changed, 4))
    count = 1 + (weak.count if weak is not None else 0)
    _count_weak(draft, state.actuator, count)
    if count >= WEAK:
        draft.alert(
            "dose_no_effect",
            state.actuator,
            f"{count} doses of {state.actuator} in a row changed almost nothing",
            f"look at its bottle, its hose and its pump; at {INEFFECTIVE} dosing into {zone.name} is locked",
        )
    return replace(state, expected=0.0, ineffective=state.ineffective + (not state.queue))


def _weak(actuator: str) -> str:
    """The account of doses in a row that did nothing. It outlives tasks: an empty bottle shows over days."""
    return f"weak:{actuator}"


def _count_weak(draft: Draft, actuator: str, count: int) -> None:
    draft.put(Latch(name=_weak(actuator), held=False, since=draft.now.wall, who="engine", why="doses", count=count))


def _readings(draft: Draft, chemistry: Chemistry) -> tuple[Reading | None, Reading | None] | None:
    """Both values, good enough and steady enough to dose on; None when one of them is not."""
    found: list[Reading | None] = []
    for sensor, change in ((chemistry.ph, PH_STEADY), (chemistry.ec, EC_STEADY)):
        if sensor is None:
            found.append(None)
            continue
        reading = steady(draft, sensor, change)
        if reading is None:
            return None
        found.append(reading)
    return found[0], found[1]


def _implausible(chemistry: Chemistry, ph: Reading | None, ec: Reading | None) -> tuple[str, str] | None:
    """A value on which nobody may dose at all: the alarm and its sentence."""
    if ec is not None and ec.value < chemistry.least_ec:
        return "probe_out_of_water", f"{ec.sensor} shows {ec.value:.2f} mS/cm: the probe hangs in the air"
    if ph is not None and not NEVER_BELOW_PH <= ph.value <= NEVER_PAST_PH:
        return "overshoot_guard", f"{ph.sensor} shows pH {ph.value:.2f}"
    return None


def _sized(draft: Draft, actuator: str, state: Correction, quantity: str, error: float) -> Dose | None:
    """Sized by the gain of the site file, or by a stronger one that the doses of this stage have shown."""
    doser = draft.state.site.actuators[actuator].doser
    assert doser is not None
    learned = replace(doser, gain=doser.gain * state.factors.get(quantity, 1.0))
    return size(learned, error, first=quantity not in state.factors, left_ml=caps_left(draft, actuator))


def _of(draft: Draft, actuator: str, ml: float) -> Dose | None:
    doser = draft.state.site.actuators[actuator].doser
    assert doser is not None
    return given(doser, min(ml, caps_left(draft, actuator)))
