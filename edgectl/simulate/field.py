"""The simulated field: a relay board with timed pulses, a tank, a pump, and a wire that loses things.

It knows nothing of tasks. Relays act when the bytes arrive and end their pulses by themselves, whether or not a
controller lives; every transition goes into the trace, which is what the invariants are held against.
"""

from collections import Counter
from dataclasses import dataclass
from random import Random

from edgectl.model.channel import Sample
from edgectl.model.inputs import AskState, Input, MakeSafe, ReadBack, Reply, ReplyStatus, Samples, Send
from edgectl.model.quick import quick
from edgectl.model.site import Role, Site
from edgectl.model.time import MS, Nanos
from edgectl.simulate.ground import Ground

ROUND_TRIP = 75 * MS
TIMEOUT = 500 * MS


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A relay moved."""

    at: Nanos
    name: str
    on: bool
    cmd_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often the wire and the devices misbehave, as probabilities of one exchange."""

    lost_request: float = 0.0
    lost_reply: float = 0.0
    stuck_relay: float = 0.0
    bad_level: float = 0.0
    blocked: float = 0.0  # of one start of the pump: the suction lets nothing through
    refused: float = 0.0  # the device answers that it will not
    doubled: float = 0.0  # an echo comes twice


@dataclass(slots=True)
class _Relay:
    on: bool = False
    until: Nanos | None = None


REFUSALS = (ReplyStatus.BUSY, ReplyStatus.INVALID, ReplyStatus.ERROR, ReplyStatus.SEND_FAILED)


class SimField:
    """The devices in front of a greenhouse. All instants are monotonic nanoseconds."""

    def __init__(self, site: Site, random: Random, faults: Faults, ground: Ground | None = None) -> None:
        self.site, self.random, self.faults = site, random, faults
        self.ground = Ground.small(random) if ground is None else ground
        self.relays = {name: _Relay() for name in site.actuators}
        self.trace: list[Transition] = []
        self.met: Counter[str] = Counter()  # what this wire and these devices did wrong, by kind
        self.silent: set[str] = set()  # devices that answer nothing
        self.estop_open = False  # somebody has pressed it
        self.welded: set[str] = set()  # outputs whose contact does not open again
        self.deaf: Counter[str] = Counter()  # the most OFFs in a row that were lost on the way to an output
        self._lost_offs: Counter[str] = Counter()
        self._samples = 0
        proofs = {name for zone in site.zones.values() for name in (zone.flow, zone.meter)}
        self._levels = [name for s in site.sensors.values() if s.name not in proofs for name in s.channels]
        # A device speaks in its own numbers; what the site file scales is unscaled here.
        self._devices = {channel: sensor for sensor in site.sensors.values() for channel in sensor.channels}

    def send(self, effect: Send, now: Nanos) -> list[tuple[Nanos, Input]]:
        """Carry an order to its relay; the news of it comes back at the given instants."""
        done = now + ROUND_TRIP
        sent = (now + 5 * MS, Reply(cmd_id=effect.cmd_id, status=ReplyStatus.SENT, at=now))
        silence = (
            now + TIMEOUT,
            Reply(cmd_id=effect.cmd_id, status=ReplyStatus.TIMEOUT, at=now + TIMEOUT, evidence="no reply"),
        )
        if self._mute(effect.actuator) or self._hit("lost_request", self.faults.lost_request):
            return [sent, silence]
        if self._hit("refused", self.faults.refused):
            status = self.random.choice(REFUSALS)
            return [(done, Reply(cmd_id=effect.cmd_id, status=status, at=done, evidence="refused on purpose"))]
        if not self._hit("stuck_relay", self.faults.stuck_relay):
            until = None if effect.lease is None or not effect.on else done + effect.lease
            self._move(effect.actuator, effect.on, done, until, effect.cmd_id)
        if self._hit("lost_reply", self.faults.lost_reply):
            return [sent, silence]
        echo = (done, Reply(cmd_id=effect.cmd_id, status=ReplyStatus.ECHO, at=done))
        return [sent, echo, echo] if self._hit("doubled", self.faults.doubled) else [sent, echo]

    def make_safe(self, effect: MakeSafe, now: Nanos) -> None:
        """Carry an OFF."""
        name = effect.actuator
        if self._mute(name) or self._hit("lost_request", self.faults.lost_request):
            self._lost_offs[name] += 1
            self.deaf[name] = max(self.deaf[name], self._lost_offs[name])
            return
        self._lost_offs[name] = 0
        self._move(name, False, now + ROUND_TRIP, None, None)

    def ask(self, effect: AskState, now: Nanos) -> list[tuple[Nanos, Input]]:
        """Read an output back. The instant of the read is its beginning."""
        done = now + ROUND_TRIP
        if self._mute(effect.actuator) or self._hit("lost_reply", self.faults.lost_reply):
            return [(now + TIMEOUT, ReadBack(actuator=effect.actuator, on=None, at=now, evidence="no reply"))]
        self.advance(done)
        return [(done, ReadBack(actuator=effect.actuator, on=self.relays[effect.actuator].on, at=now))]

    def poll(self, now: Nanos) -> Samples:
        """All sensors at once."""
        self.advance(now)
        values = self.ground.values(now)
        self.ground.mind_the_brims(now, in_reach=not self.silent and not self.welded)
        if self._hit("bad_level", self.faults.bad_level):
            values[self.random.choice(self._levels)] = float("nan")
        block = []
        if self.site.estop is not None:
            values[self.site.sensors[self.site.estop].channel] = float(not self.estop_open)
        for channel, value in values.items():
            if value is not None and not (self.silent and channel.split(".", 1)[0] in self.silent):
                self._samples += 1
                sensor = self._devices.get(channel)
                raw = value if sensor is None else sensor.unscaled(value)
                block.append(Sample(sample_id=self._samples, channel=channel, value=raw, at=now))
        return Samples(block=tuple(block))

    @property
    def injected(self) -> int:
        """How much was done wrong on purpose."""
        return self.met.total()

    def fall_silent(self, device: str, now: Nanos) -> None:
        """A device answers nothing from now on. A pump that nobody can reach is nobody's fault."""
        self.advance(now)
        self.silent.add(device)
        self.met["silent_device"] += 1
        if self._carries_pump(device):
            self.ground.watched = self.in_reach

    def speak_again(self, device: str, now: Nanos) -> None:
        """It answers again."""
        self.advance(now)
        self.silent.discard(device)
        self.ground.watched = self.in_reach

    @property
    def in_reach(self) -> bool:
        """Can a controller reach every pump?"""
        return not any(self._carries_pump(device) for device in self.silent)

    @property
    def samples(self) -> int:
        """How many samples have been taken."""
        return self._samples

    def advance(self, now: Nanos) -> None:
        """Let time pass: pulses end at their own instants, in order, and water flows in between."""
        while True:
            ending = [(r.until, n) for n, r in self.relays.items() if r.until is not None and r.until <= now]
            if not ending:
                break
            until, name = min(ending)
            relay = self.relays[name]
            if name in self.welded:
                relay.until = None
                continue
            relay.on, relay.until = False, None
            self.ground.switched(name, False, until)
            self.trace.append(Transition(at=until, name=name, on=False, cmd_id=None))
        self.ground.advance(now)

    def _move(self, name: str, on: bool, at: Nanos, until: Nanos | None, cmd_id: str | None) -> None:
        self.advance(at)
        relay = self.relays[name]
        if relay.on and not on and name in self.welded:
            return
        if relay.on is not on or cmd_id is not None:
            self.trace.append(Transition(at=at, name=name, on=on, cmd_id=cmd_id))
        if on and self.faults.blocked and self.site.actuators[name].role is Role.PUMP:
            self.ground.block(name, self._hit("blocked", self.faults.blocked), at)
        relay.on, relay.until = on, until
        self.ground.switched(name, on, at)

    def _mute(self, actuator: str) -> bool:
        return bool(self.silent) and self.site.actuators[actuator].device in self.silent

    def _carries_pump(self, device: str) -> bool:
        return any(part.role is Role.PUMP and part.device == device for part in self.site.actuators.values())

    def _hit(self, kind: str, probability: float) -> bool:
        hit = probability > 0 and self.random.random() < probability
        if hit:
            self.met[kind] += 1
        return hit
