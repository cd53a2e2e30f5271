"""May this output be on? First safety speaks; nobody later may overrule.

Every guard here protects: what it cannot see counts as no. The answer is a sentence for the timeline, or None; two
tables at the end of the file say who speaks, and in which order.
"""

from collections.abc import Callable

from edgectl.engine.draft import Draft
from edgectl.engine.rules import (
    balance,
    brim,
    dry_run,
    floats,
    foreign,
    gas,
    groups,
    lasting,
    litres,
    min_flow,
    power_return,
    stand_in,
    warmth,
    weather,
)
from edgectl.engine.rules.currents import out_of_bounds
from edgectl.engine.rules.dosing import veto_dose
from edgectl.engine.rules.latched import forbids
from edgectl.engine.rules.loop import is_open
from edgectl.engine.rules.paths import dead_head, shuts_first
from edgectl.engine.rules.reversing import reverses
from edgectl.engine.state import Phase
from edgectl.model.channel import Missing
from edgectl.model.ledger import HOUR
from edgectl.model.site import DRIVES, Actuator, Condition, Role
from edgectl.model.task import Veto
from edgectl.model.time import SECOND, Nanos

DRY_BUMP: Nanos = 2 * SECOND

Guard = Callable[[Draft, Actuator, Nanos | None], str | None]


def veto_start(draft: Draft, actuator: Actuator, lease: Nanos | None) -> Veto | None:
    """Which rule forbids to switch the output on now, and why. The first to speak is the one that is told."""
    for rule, guard in STARTING:
        if why := guard(draft, actuator, lease):
            return Veto(rule=rule, actuator=actuator.name, why=why)
    return None


def veto_stay(draft: Draft, actuator: Actuator) -> Veto | None:
    """Which rule switches off an output that is on, and why."""
    mute = draft.state.fixed.mute(actuator)
    for rule, guard in STAYING:
        if rule not in mute and (why := guard(draft, actuator, None)):
            return Veto(rule=rule, actuator=actuator.name, why=why)
    return None


def rests_until(draft: Draft, actuator: Actuator) -> Nanos:
    """When it may start again: its rest is over, after a start of the controller its turn has come, and the floats by
    which it starts have come to rest."""
    return max(_rested(draft, actuator), power_return.returns_at(draft, actuator), floats.settled_at(draft, actuator))


def _rested(draft: Draft, actuator: Actuator) -> Nanos:
    """The end of its rest. Across a start nobody knows how long it was off: the start counts then."""
    if not actuator.min_off:
        return 0
    output = draft.output(actuator.name)
    known = output is not None and output.off_at is not None and output.boot_id == draft.state.boot_id
    off_at = output.off_at if output is not None and known else draft.state.started
    return (off_at or 0) + actuator.min_off


def _phase(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    if draft.state.phase is Phase.SETTLING:
        return "the outputs are still being settled after the start"
    return "the controller is ending" if draft.state.phase is Phase.STOPPING else None


def _estop(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return is_open(draft)


def _current(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return out_of_bounds(draft, actuator)


def _storage(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    if draft.state.storage_ok:
        return None
    return "the journal does not take entries, and nothing is energised that cannot be recorded"


def _restraint(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return forbids(draft, actuator)


def _lockout(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    locked = draft.held(f"lockout:{actuator.name}")
    return f"{actuator.name} is locked out until its alarm is acknowledged" if locked else None


def _silent(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    silent = draft.state.silent
    return f"{actuator.device} does not answer: {silent[actuator.device]}" if actuator.device in silent else None


def _foreign(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return foreign.veto(draft, actuator)


def _unproven(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    if actuator.name in draft.state.unproven:
        return f"{actuator.name} has not been seen off since the start"
    output = draft.output(actuator.name)
    if output is None or not output.owed_off:
        return None
    if output.closing is None:
        return f"{actuator.name} is on already; switch it off first, or let it end"
    return f"{actuator.name} has not been seen off since its last run"


def _max_on(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    if lease is None or actuator.max_on is None or lease <= actuator.max_on:
        return None
    return f"{lease / SECOND:.0f} s is longer than max_on {actuator.max_on / SECOND:.0f} s"


def _min_off(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    rested = _rested(draft, actuator)
    if rested <= draft.now.mono:
        return None
    draft.wake(rested)
    off_for = actuator.min_off - (rested - draft.now.mono)
    return f"off for {off_for / SECOND:.1f} s of min_off {actuator.min_off / SECOND:.0f} s"


def _power(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return power_return.veto(draft, actuator)


def _floats(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return None if _bump(draft, lease) else floats.veto(draft, actuator)


def _reversing(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return reverses(draft, actuator) if actuator.role in DRIVES else None


def _group(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return groups.veto(draft, actuator) if draft.state.site.groups else None


def _fed(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    fell = draft.latch(f"backup:{actuator.name}") or draft.latch(f"backup:{actuator.backup}")
    if fell is None or not fell.held:
        return None
    return f"{fell.name.partition(':')[2]} has fallen ({fell.why}); acknowledge its alarm first"


def _way(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return shuts_first(draft, actuator, lease) if actuator.role is Role.PUMP and lease is not None else None


def _least(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return min_flow.veto(draft, actuator, lease) if actuator.role is Role.PUMP else None


def _starved(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return min_flow.starved(draft, actuator) if actuator.role is Role.PUMP else None


def _dead_head(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return dead_head(draft, actuator) if actuator.role is Role.PUMP else None


def _dry(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    if actuator.role is not Role.PUMP or _bump(draft, lease):
        return None
    return dry_run.too_low(draft, actuator, dry_run.START)


def _dry_still(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return dry_run.too_low(draft, actuator, dry_run.STAY) if actuator.role is Role.PUMP else None


def _dosing(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return veto_dose(draft, actuator, lease) if actuator.role is Role.DOSING else None


def _gas(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return gas.veto(draft, actuator) if actuator.role is Role.CO2 else None


def _weather(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return weather.veto(draft, actuator, lease)


def _weather_still(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return weather.cut_short(draft, actuator)


def _overheat(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    return warmth.too_hot(draft, actuator) if actuator.role is Role.HEATER else None


def _starts(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    most = actuator.starts_per_hour
    if most is None or draft.spent(f"starts:{actuator.name}", HOUR) < most:
        return None
    return f"{actuator.name} has started {most} times within the last hour"


def _bump(draft: Draft, lease: Nanos | None) -> bool:
    """A person bumps a pump to hear whether it turns: too short to run dry."""
    return draft.service and lease is not None and lease <= DRY_BUMP


def _requires(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    if _bump(draft, lease):
        return None
    return _conditions(draft, actuator, actuator.requires, ())


def _requires_still(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    guarded = {condition.sensor for condition in actuator.stop_if}
    return _conditions(draft, actuator, tuple(c for c in actuator.requires if c.sensor not in guarded), ())


def _stop_if(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    if _bump(draft, lease):
        return None
    return _conditions(draft, actuator, (), actuator.stop_if)


def _conditions(
    draft: Draft, actuator: Actuator, must: tuple[Condition, ...], must_not: tuple[Condition, ...]
) -> str | None:
    for condition, wanted in [*((c, True) for c in must), *((c, False) for c in must_not)]:
        reading = draft.read(condition.sensor)
        word = "requires" if wanted else "stop_if"
        if isinstance(reading, Missing):
            if actuator.role is not Role.DOSING and _spoken_for(draft, condition, wanted):
                continue
            age = "" if reading.age is None else f", aged {reading.age / SECOND:.1f} s"
            return f"{actuator.name} ON by {word} {condition} ({reading.reason.value}{age})"
        # The value is good until it is too old: look again then, even if no further sample comes.
        draft.wake(reading.at + draft.state.site.sensors[condition.sensor].max_age + 1)
        if lasting.holds(draft, condition, reading.value) is not wanted:
            held = f", held for {lasting.held_for(draft, condition) / SECOND:.1f} s" if condition.lasts else ""
            seen = f"({reading.value:g}, aged {reading.age / SECOND:.1f} s{held})"
            return f"{actuator.name} ON by {word} {condition} {seen}"
    return None


def _spoken_for(draft: Draft, condition: Condition, wanted: bool) -> bool:
    """Somebody else tells of a level that cannot be seen: its float, or what was drawn since. Never for a dose."""
    by_float = stand_in.speaks_for(draft, condition, wanted=wanted)
    return by_float is not None or balance.speaks_for(draft, condition, wanted=wanted)


def _together(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    groups = [group for group in draft.state.site.never_together if actuator.name in group]
    busy = {output.name for output in draft.owed()} if groups else set()
    for group in groups:
        if actuator.name in group and (others := (group - {actuator.name}) & busy):
            return f"{actuator.name} never together with {', '.join(sorted(others))}"
    return None


# In the order of authority. The names are what `task show` and the timeline call the rules.
STARTING: tuple[tuple[str, Guard], ...] = (
    ("phase", _phase),
    ("estop", _estop),
    ("storage", _storage),
    ("restraint", _restraint),
    ("lockout", _lockout),
    ("device_silent", _silent),
    ("foreign_master", _foreign),
    ("unproven_off", _unproven),
    ("max_on", _max_on),
    ("min_off", _min_off),
    ("power_return", _power),
    ("floats", _floats),
    ("reversing", _reversing),
    ("backup", _fed),
    ("path", _way),
    ("min_flow", _least),
    ("dry_run", _dry),
    ("full", brim.veto),
    ("dosing", _dosing),
    ("weather", _weather),
    ("overheat", _overheat),
    ("gas", _gas),
    ("max_per_day", litres.veto),
    ("starts_per_hour", _starts),
    ("never_together", _together),
    ("max_open", _group),
    ("requires", _requires),
    ("stop_if", _stop_if),
)
# never_together and max_open must never stand here: `Draft.rests` has it that an order for another task stops nothing.
STAYING: tuple[tuple[str, Guard], ...] = (
    ("estop", _estop),
    ("foreign_master", _foreign),
    ("current", _current),
    ("restraint", _restraint),
    ("path", _dead_head),
    ("min_flow", _starved),
    ("dry_run", _dry_still),
    ("full", brim.runs_over),
    ("weather", _weather_still),
    ("overheat", _overheat),
    ("gas", _gas),
    ("requires", _requires_still),
    ("stop_if", _stop_if),
)
