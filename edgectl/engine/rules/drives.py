"""Vents, screens and mixing valves on three wires: an output for each way, and a position that only the clock knows.

Two rules. A way is one pulse that ends by itself; both ways are never on, with a pause between them. And a position
that nobody can know, as after a start or a run that was cut short, is found again by running the drive home.
"""

from dataclasses import dataclass, replace

from edgectl.engine.air import Wanted
from edgectl.engine.airing import Airing, Drive
from edgectl.engine.draft import Draft
from edgectl.engine.rules.guards import rests_until as motor_rests
from edgectl.engine.rules.interlock import EARLY
from edgectl.engine.rules.latched import forbids
from edgectl.engine.rules.orders import REPLY_WITHIN, switch_on
from edgectl.engine.rules.reversing import REVERSE
from edgectl.engine.rules.weather import BY_CLIMATE
from edgectl.engine.shade import FOLDED
from edgectl.model.air import HOME_MORE, Climate, Vent
from edgectl.model.command import Command, CommandState
from edgectl.model.site import Zone
from edgectl.model.time import SECOND, Nanos

MOVE_REST: Nanos = 300 * SECOND
URGENT_REST: Nanos = 60 * SECOND
DEADBAND, STEP = 0.05, 0.25
MOST_WAYS = 12  # looked ahead: home, and all the steps of the whole way, with room for corrections


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aim:
    """Where a drive should be, 0..1. `home` is the end at which it is found again."""

    vent: Vent
    opening: float
    urgent: bool = False
    most: float = 1.0  # how far wind and rain let it be open
    home: float = 0.0


def follow(draft: Draft, climate: Climate, memory: Airing) -> Airing:
    """What has become of the runs that were ordered: where everything is now."""
    found = dict(memory.drives)
    for vent in climate.drives:
        drive = found.get(vent.name, Drive())
        if not drive.order:
            drive = found[vent.name] = _by_another_hand(draft, vent, drive)
        if not drive.order:
            continue
        command = draft.command(drive.order)
        if (command is None or command.terminal) and not _still_owed(draft, vent, drive):
            found[vent.name] = Drive(position=_reached(draft, vent, drive, command), moved_at=drive.moved_at)
    return memory if found == memory.drives else replace(memory, drives=found)


def _still_owed(draft: Draft, vent: Vent, drive: Drive) -> bool:
    """Its order has ended, and it has not been seen off: it may run on."""
    output = draft.output(vent.opens if drive.opening else vent.closes)
    return output is not None and output.owed_off and output.cmd_id == drive.order


def _by_another_hand(draft: Draft, vent: Vent, drive: Drive) -> Drive:
    """A person runs it: where it stands then follows from that run, or it is run home."""
    for name, opening in ((vent.opens, True), (vent.closes, False)):
        output = draft.output(name)
        if output is not None and output.owed_off and output.cmd_id is not None:
            return replace(drive, order=output.cmd_id, opening=opening)
    return drive


def move(draft: Draft, zone: Zone, climate: Climate, memory: Airing, *, only_shuts: bool = False) -> Airing:
    """Run each drive towards what is wanted, a step at a time. Where it `only_shuts`, a drive that may stay fully open
    stays where it is, wherever that is, and none opens."""
    now = draft.now.mono
    for aim in _aims(climate, memory.wanted):
        vent = aim.vent
        drive = memory.drives.get(vent.name, Drive())
        if drive.order or (only_shuts and aim.opening >= 1.0):
            continue
        way = _way(aim, drive, now)
        if way is None or (only_shuts and way[0]):
            continue
        opening, lease = way
        name, other = (vent.opens, vent.closes) if opening else (vent.closes, vent.opens)
        still = draft.output(other)
        if still is not None and (still.owed_off or now < (still.off_at or 0) + REVERSE):
            draft.wake(now + REVERSE)
            continue
        cmd_id = f"air-{zone.number}-{name}-{draft.state.seq + len(draft.entries) + 1}"
        if pulse(draft, zone, name, lease, cmd_id):
            kept = {**memory.drives, vent.name: replace(drive, order=cmd_id, opening=opening, moved_at=now)}
            memory = replace(memory, drives=kept)
    return memory


def pulse(draft: Draft, zone: Zone, name: str, lease: Nanos, cmd_id: str) -> bool:
    """Order one ON with its end, unless somebody forbids it or it is on already. True when it was ordered."""
    output = draft.output(name)
    if (output is not None and output.owed_off) or forbids(draft, draft.state.site.actuators[name]):
        return False
    actuator = draft.state.site.actuators[name]
    if actuator.device in draft.state.silent:
        return False
    if (rested := motor_rests(draft, actuator)) > draft.now.mono:
        draft.wake(rested)
        return False
    veto = switch_on(
        draft,
        actuator_name=name,
        lease=lease,
        cmd_id=cmd_id,
        stage=BY_CLIMATE,
        task_id=None,
        zone=zone.name,
        not_after=draft.now.mono + REPLY_WITHIN,
    )
    return veto is None


def _aims(climate: Climate, wanted: Wanted) -> list[_Aim]:
    aims = [_Aim(vent=vent, opening=wanted.vent, urgent=wanted.urgent, most=wanted.most) for vent in climate.vents]
    aims += [
        _Aim(vent=screen.drive, opening=opening, home=FOLDED)
        for screen, opening in zip(climate.screens, wanted.screens, strict=False)
    ]
    return aims + [_Aim(vent=mixer, opening=wanted.mix) for mixer in climate.mixers]


def _way(aim: _Aim, drive: Drive, now: Nanos) -> tuple[bool, Nanos] | None:
    """Open or close, and for how long; None when it is where it should be, or has just moved."""
    aim = _urged(aim, drive)
    vent, wanted = aim.vent, aim.opening
    if drive.position is None:
        return aim.home == FOLDED, vent.home
    error = wanted - drive.position
    shuts, folds = wanted == 0.0 and drive.position > 0, wanted == FOLDED == aim.home and drive.position < FOLDED
    if abs(error) < DEADBAND and not (shuts or folds):
        return None
    closing = error < 0 and aim.urgent
    if drive.moved_at and now - drive.moved_at < _rest(aim, error):
        return None
    if shuts and (closing or drive.position <= STEP):
        # Into the end switch: then its position is known again.
        return False, min(vent.home, round(vent.travel * (drive.position + HOME_MORE - 1)))
    if folds and error <= STEP:
        return True, round(vent.travel * (error + HOME_MORE - 1))
    step = abs(error) if aim.urgent else min(abs(error), STEP)
    return error > 0, max(SECOND, round(vent.travel * step))


def _urged(aim: _Aim, drive: Drive) -> _Aim:
    """Wind and rain forbid where it stands, whoever has left it there: that waits for nothing."""
    blown = drive.position is not None and drive.position > aim.most
    return replace(aim, urgent=True) if blown else aim


def _rest(aim: _Aim, error: float) -> Nanos:
    """How long its motor rests before this way. What shuts in an emergency never waits."""
    if not aim.urgent:
        return MOVE_REST
    return 0 if error < 0 else URGENT_REST


def rests_until(draft: Draft, memory: Airing, vent: Vent) -> Nanos | None:
    """When a vent that stands elsewhere than it should will move, while its motor rests; None where nothing rests, or
    where people keep it as it stands: nobody knows when that ends."""
    now, next_ = draft.now.mono, _next_way(draft, memory, vent)
    if next_ is None or kept_by(draft, memory, vent) is not None:
        return None
    name, rested = next_
    ends = max(rested, motor_rests(draft, draft.state.site.actuators[name]))
    return ends if ends > now else None


def kept_by(draft: Draft, memory: Airing, vent: Vent) -> str | None:
    """What people have put on that keeps a vent from going where it should be; None where it may, or stands there."""
    next_ = _next_way(draft, memory, vent)
    return None if next_ is None else forbids(draft, draft.state.site.actuators[next_[0]])


def _next_way(draft: Draft, memory: Airing, vent: Vent) -> tuple[str, Nanos] | None:
    """The output that brings a vent nearer to where it should be, and when its own rest is over; None while it runs,
    where it stands there, and where nobody knows how it stands."""
    drive, wanted = memory.drives.get(vent.name, Drive()), memory.wanted
    aim = _urged(_Aim(vent=vent, opening=wanted.vent, urgent=wanted.urgent, most=wanted.most), drive)
    if drive.order or drive.position is None:
        return None
    way = _way(aim, replace(drive, moved_at=0), draft.now.mono)
    if way is None:
        return None
    rested = drive.moved_at + _rest(aim, aim.opening - drive.position) if drive.moved_at else 0
    return vent.opens if way[0] else vent.closes, rested


def there_s(draft: Draft, zone: Zone, pct: float) -> float:
    """How long the vents of a zone take to be where they are wanted: the slowest of them."""
    memory, vents = draft.airing.get(zone.name, Airing()), () if zone.climate is None else zone.climate.vents
    at = max((there_at(draft, memory, vent, pct / 100) for vent in vents), default=draft.now.mono)
    return round((at - draft.now.mono) / SECOND, 1)


def there_at(draft: Draft, memory: Airing, vent: Vent, opening: float) -> Nanos:
    """When it would stand there, if that was wanted from now on and nothing forbade it: step by step, with the rests of
    its motor."""
    at, drive, aim = draft.now.mono, memory.drives.get(vent.name, Drive()), _Aim(vent=vent, opening=opening)
    if drive.order:
        command = draft.command(drive.order)
        lease = vent.home if command is None or command.lease is None else command.lease
        at, drive = max(at, drive.moved_at + lease), _run(vent, drive, drive.opening, lease, drive.moved_at)
    for _ in range(MOST_WAYS):
        if (way := _way(aim, replace(drive, moved_at=0), at)) is None:
            break
        opens, lease = way
        rested = motor_rests(draft, draft.state.site.actuators[vent.opens if opens else vent.closes])
        begins = max(at, rested, drive.moved_at + MOVE_REST if drive.moved_at else 0)
        at, drive = begins + lease, _run(vent, drive, opens, lease, begins)
    return at


def _run(vent: Vent, drive: Drive, opens: bool, lease: Nanos, begun: Nanos) -> Drive:
    """Where it will stand after a run that nobody cuts short; one of which nobody knew that is run home."""
    share = lease / vent.travel if opens else -lease / vent.travel
    stands = float(opens) if drive.position is None else min(1.0, max(0.0, drive.position + share))
    return Drive(position=stands, moved_at=begun)


def _reached(draft: Draft, vent: Vent, drive: Drive, command: Command | None) -> float | None:
    if command is None or command.lease is None:
        return None
    if command.state is CommandState.SEND_FAILED:
        return drive.position if _hardly_moved(draft, vent, command) else None
    if command.state is not CommandState.DONE or _cut_short(draft, command):
        return None
    share = command.lease / vent.travel
    if drive.position is None:
        return float(drive.opening) if share >= 1 else None
    return min(1.0, max(0.0, drive.position + (share if drive.opening else -share)))


def _hardly_moved(draft: Draft, vent: Vent, command: Command) -> bool:
    """An order that was taken back may have been on the wire already: how far can it have gone meanwhile?"""
    output = draft.output(command.actuator)
    if output is None or output.cmd_id != command.cmd_id or output.off_at is None:
        return False
    return output.off_at - command.queued_at <= vent.travel * DEADBAND


def _cut_short(draft: Draft, command: Command) -> bool:
    """Was it ordered off before its end? A hand that does so ends the order as planned, and not where it was to go."""
    output = draft.output(command.actuator)
    ended = output.closing if output is not None and output.cmd_id == command.cmd_id else command.ended_at
    assert command.ack_at is not None
    assert command.lease is not None
    return ended is not None and ended < command.ack_at + command.lease - EARLY
