"""The owner of one bus: who speaks next, what a reply means, and when to stop waiting. No I/O, no clock of its own.

Rules of the wire: an OFF goes first, at most one frame behind; one request at a time; after a time-out a shared line
rests until no late reply can come, except for an OFF, whose echo cannot be mistaken. An order to switch on is sent
once or not at all. An OFF is repeated until it is echoed or seen. Nothing but an OFF goes to a device that has not
shown that it is the one the site file means.
"""

from collections import deque
from collections.abc import Iterator
from itertools import count

from edgectl.drivers import exchange as ex
from edgectl.drivers.codecs.modbus import DeviceRefused, bits
from edgectl.drivers.decode import mismatch, samples_of
from edgectl.drivers.exchange import Exchange, InFlight, Lane, Look, Off, Switch, Verify
from edgectl.drivers.framing import Framing, framing_of
from edgectl.drivers.health import SILENT_AFTER, Health
from edgectl.drivers.offs import Offs
from edgectl.drivers.pollplan import Block, plan
from edgectl.drivers.profile import Check
from edgectl.drivers.wirelog import WireLog
from edgectl.drivers.wiring import Bus, Device
from edgectl.model.inputs import (
    AskState,
    DeviceHealth,
    Input,
    MakeSafe,
    ReadBack,
    Reply,
    ReplyStatus,
    Samples,
    Send,
)
from edgectl.model.site import Site
from edgectl.model.time import Nanos

LONGEST_HEARD = 2048  # bytes kept of a line that babbles
_REFUSALS = {1: ReplyStatus.INVALID, 2: ReplyStatus.INVALID, 3: ReplyStatus.INVALID, 6: ReplyStatus.BUSY}


class BusOwner:
    """Decides byte by byte what happens on one bus. Driven by an asyncio task, a simulation or a test."""

    def __init__(self, bus: Bus, site: Site, *, sample_ids: Iterator[int] | None = None) -> None:
        self.bus = bus
        self.framing: Framing = framing_of(bus)
        self.health = {device.name: Health(device=device) for device in bus.devices}
        self.log = WireLog()
        self._devices = {device.name: device for device in bus.devices}
        self._home = {
            name: (
                self._devices[actuator.device],
                self._devices[actuator.device].profile.outlets[actuator.channel.split(".", 1)[1]],
            )
            for name, actuator in site.actuators.items()
            if actuator.device in self._devices
        }
        self._blocks = plan(bus, site)
        self._due: dict[Block, Nanos] = dict.fromkeys(self._blocks, 0)
        self._looks: dict[tuple[Block, Lane], Exchange] = {}  # the same reads for ever: made once
        self._ids = sample_ids if sample_ids is not None else count(1)
        self._up = False
        self._offs = Offs()
        self._ends: dict[str, Nanos] = {}  # actuator -> when its ON must end because the device does not do it
        self._control: deque[Send | Block] = deque()
        self._flight: InFlight | None = None
        self._heard = b""
        self._rest_until: Nanos = 0
        self._quiet_until: Nanos = 0
        self._news: list[Input] = []

    # -- what comes in

    def take(self, effect: Send | MakeSafe | AskState, now: Nanos) -> None:
        """Accept an effect for an actuator of this bus."""
        match effect:
            case MakeSafe():
                self._withdraw(effect.actuator, now)
                self._ends.pop(effect.actuator, None)
                self._order_off(effect.actuator, now)
            case Send() if not self._up:
                self._reply(effect, ReplyStatus.SEND_FAILED, now, f"bus {self.bus.name} is down")
            case Send():
                self._control.append(effect)
            case AskState():
                self._ask(effect.actuator, now)

    def hear(self, data: bytes, now: Nanos) -> None:
        """Bytes came in. What comes while nothing was asked is noise."""
        self.log.received(data, now)
        if self._flight is None:
            return
        self._heard = (self._heard + data)[-LONGEST_HEARD:]
        flight = self._flight
        try:
            pdu = self.framing.reply(flight.exchange.request, self._heard)
        except DeviceRefused as refusal:
            self._landed(flight, now)
            self._refused(flight.exchange, refusal, now)
            return
        if pdu is not None:
            self._landed(flight, now)
            self._good(flight, pdu, now)

    def link(self, up: bool, now: Nanos, why: str = "") -> None:
        """The line came or went. Orders that wait are over; an OFF waits for the line."""
        self._up = up
        self._heard = b""
        flight, self._flight = self._flight, None
        if up:
            for health in self.health.values():
                health.doubt()
                health.misses, health.rest_until = 0, 0
            self._offs.awake(None, now)
            return
        if flight is not None:
            self._silence(flight, now, f"bus {self.bus.name}: {why}")
        while self._control:
            self._drop(self._control.popleft(), now, f"bus {self.bus.name}: {why}")
        for health in self.health.values():
            self._ill(health, f"bus {self.bus.name}: {why}", now)

    # -- what goes out

    def step(self, now: Nanos) -> bytes | None:
        """The bytes to send now, if any. Call again at `wake_at` and after every input."""
        for name in [name for name, end in self._ends.items() if now >= end]:
            del self._ends[name]
            self._order_off(name, now)
        if not self._up:
            return None
        if self._flight is not None:
            if now < self._flight.deadline:
                return None
            flight, self._flight = self._flight, None
            if self.framing.shared:
                self._rest_until = now + self._patience(flight.exchange.device)
            self._silence(
                flight, now, "no reply" if not self._heard else f"no believable reply: {self._heard.hex(' ')}"
            )
        if now < self._quiet_until:
            return None
        chosen = self._next_off(now) or (None if now < self._rest_until else self._next(now))
        return None if chosen is None else self._transmit(chosen, now)

    def wake_at(self, now: Nanos) -> Nanos | None:
        """When `step` has something to do if nothing comes in before. None: not before the line comes up."""
        ends = min(self._ends.values(), default=None)
        if not self._up:
            return ends
        if self._flight is not None:
            return self._flight.deadline if ends is None else min(ends, self._flight.deadline)
        wakes = self._offs.wakes()
        polls = [max(at, self.health[block.device].rest_until) for block, at in self._due.items()]
        rest = [now] if self._control else polls
        wakes += [max(at, self._rest_until) for at in rest]
        wakes += [] if ends is None else [ends]
        return max(self._quiet_until, min(wakes)) if wakes else None

    def news(self) -> list[Input]:
        """What the engine must hear, once."""
        news, self._news = self._news, []
        return news

    @property
    def offs_delivered(self) -> bool:
        """True when no OFF waits for its echo."""
        return not self._offs.wakes()

    # -- choosing

    def _next_off(self, now: Nanos) -> Exchange | None:
        name = self._offs.due(now)
        if name is None:
            return None
        device, outlet = self._home[name]
        request = ex.off_request(device, outlet)
        return Exchange(lane=Lane.SAFE, device=device, purpose=Off(actuator=name), request=request)

    def _next(self, now: Nanos) -> Exchange | None:
        while self._control:
            item = self._control[0]
            if isinstance(item, Send) and now > item.not_after:
                self._drop(self._control.popleft(), now, "its time passed while the bus was busy")
                continue
            device = self._home[item.actuator][0] if isinstance(item, Send) else self._devices[item.device]
            if (check := self._doubt(device, Lane.CONTROL)) is not None:
                return check
            self._control.popleft()
            if isinstance(item, Block):
                return self._look(item, Lane.CONTROL)
            try:
                request = ex.switch_request(device, self._home[item.actuator][1], item)
            except ValueError as error:
                self._reply(item, ReplyStatus.INVALID, now, str(error))
                continue
            return Exchange(lane=Lane.CONTROL, device=device, purpose=Switch(send=item), request=request)
        due = [(at, index) for index, (block, at) in enumerate(self._due.items()) if self._may_poll(block, at, now)]
        if not due:
            return None
        block = self._blocks[min(due)[1]]
        return self._doubt(self._devices[block.device], Lane.POLL) or self._look(block, Lane.POLL)

    def _may_poll(self, block: Block, at: Nanos, now: Nanos) -> bool:
        return at <= now and self.health[block.device].rest_until <= now

    def _doubt(self, device: Device, lane: Lane) -> Exchange | None:
        unverified = self.health[device.name].unverified
        if not unverified:
            return None
        purpose = Verify(check=unverified[0])
        return Exchange(lane=lane, device=device, purpose=purpose, request=ex.verify_request(device, unverified[0]))

    def _look(self, block: Block, lane: Lane) -> Exchange:
        known = self._looks.get((block, lane))
        if known is None:
            device = self._devices[block.device]
            request = ex.look_request(device, block)
            known = Exchange(lane=lane, device=device, purpose=Look(block=block), request=request)
            self._looks[block, lane] = known
        return known

    def _transmit(self, chosen: Exchange, now: Nanos) -> bytes:
        frame = self.framing.frame(chosen.request)
        air = self.framing.air_time(len(frame) + chosen.request.reply_length + 3)
        self._heard = b""
        self._flight = InFlight(
            exchange=chosen, sent_at=now, deadline=now + air + self.framing.silence + self._patience(chosen.device)
        )
        self.log.sent(frame, now, f"{chosen.lane.name.lower()} {chosen.device.name}")
        match chosen.purpose:
            case Switch(send=send):
                self._reply(send, ReplyStatus.SENT, now, "")
                if send.on and send.lease is not None and self._home[send.actuator][1].pulse is None:
                    self._ends[send.actuator] = now + send.lease
            case Look(block=block):
                self._due[block] = now + block.every
        return frame

    def _patience(self, device: Device) -> Nanos:
        return max(self.bus.timeout, 3 * device.profile.turnaround)

    # -- what a reply, or none, means

    def _landed(self, flight: InFlight, now: Nanos) -> None:
        self._flight, self._heard = None, b""
        self._quiet_until = now + self.framing.silence
        self.log.landed(now - flight.sent_at)
        health = self.health[flight.exchange.device.name]
        health.answered(now)

    def _good(self, flight: InFlight, pdu: bytes, now: Nanos) -> None:
        health = self.health[flight.exchange.device.name]
        match flight.exchange.purpose:
            case Off(actuator=name):
                self._offs.echoed(name, now)
            case Switch(send=send):
                self._reply(send, ReplyStatus.ECHO, now, "")
            case Verify(check=check):
                self._verified(health, check, pdu, now)
                return
            case Look(block=block):
                self._seen(block, pdu, flight.sent_at)
        if health.down and not health.unverified:
            health.down = False
            self._news.append(DeviceHealth(device=health.device.name, healthy=True, at=now))

    def _verified(self, health: Health, check: Check, pdu: bytes, now: Nanos) -> None:
        if (wrong := mismatch(check, pdu)) is not None:
            device = health.device
            health.misses = SILENT_AFTER
            health.rest(now)
            place = f"unit {device.unit} on {self.bus.name}"
            self._give_up(health, f"{place} is no {device.profile.name}, or is not set up as one: {wrong}", now)
            return
        if check in health.unverified:
            health.unverified.remove(check)
        if not health.unverified and health.down:
            health.down = False
            self._news.append(DeviceHealth(device=health.device.name, healthy=True, at=now))

    def _seen(self, block: Block, pdu: bytes, began: Nanos) -> None:
        profile = self._devices[block.device].profile
        if block.outputs:
            states = bits(pdu, block.count)
            for name in block.outputs:
                coil = self._home[name][1].coil
                assert coil is not None
                on = states[coil - block.address]
                if not on:
                    self._offs.seen_off(name, began)
                self._news.append(ReadBack(actuator=name, on=on, at=began))
            return
        block_of = samples_of(block, profile, pdu, began, self._ids, self.log)
        self._news.append(Samples(block=block_of))

    def _refused(self, exchange: Exchange, refusal: DeviceRefused, now: Nanos) -> None:
        """The device answers and says no. It lives, but it does not do this."""
        self.log.note(f"{exchange.device.name}: {refusal}", now)
        match exchange.purpose:
            case Switch(send=send):
                self._reply(send, _REFUSALS.get(refusal.code, ReplyStatus.ERROR), now, str(refusal))
            case Off(actuator=name):
                self._offs.failed(name, now)
            case Verify(check=check):
                health = self.health[exchange.device.name]
                health.misses = SILENT_AFTER
                health.rest(now)
                self._give_up(health, f"unit {exchange.device.unit} on {self.bus.name} has no {check.what}", now)
            case Look(block=block):
                self._blind(block, now, str(refusal))

    def _silence(self, flight: InFlight, now: Nanos, why: str) -> None:
        """No believable reply in time."""
        exchange = flight.exchange
        health = self.health[exchange.device.name]
        health.missed(now)
        self.log.missed(f"{exchange.device.name}: {why}", now, now - flight.sent_at)
        match exchange.purpose:
            case Switch(send=send):
                self._reply(send, ReplyStatus.TIMEOUT, now, why)
            case Off(actuator=name):
                self._offs.failed(name, now)
            case Look(block=block):
                self._blind(block, now, why)
        sentence = f"unit {exchange.device.unit} on {self.bus.name} silent, {health.misses} requests unanswered ({why})"
        if health.misses >= SILENT_AFTER:
            health.doubt()
            self._give_up(health, sentence, now)
        elif isinstance(exchange.purpose, Verify):
            self._forsake(health.device, sentence, now)

    def _give_up(self, health: Health, why: str, now: Nanos) -> None:
        self._ill(health, why, now)
        self._forsake(health.device, why, now)

    def _ill(self, health: Health, why: str, now: Nanos) -> None:
        if not health.down or health.why != why:
            changed = not health.down
            health.down, health.why = True, why
            if changed:
                self._news.append(DeviceHealth(device=health.device.name, healthy=False, at=now, reason=why))

    def _forsake(self, device: Device, why: str, now: Nanos) -> None:
        """Whoever waits for this device in the control lane is told, so that one dead device costs one time-out."""
        waiting, self._control = self._control, deque()
        for item in waiting:
            home = self._home[item.actuator][0] if isinstance(item, Send) else self._devices[item.device]
            if home is device:
                self._drop(item, now, why)
            else:
                self._control.append(item)

    def _order_off(self, name: str, now: Nanos) -> None:
        device = self._home[name][0].name
        self._offs.order(name, device, now, silent=self.health[device].down)

    def _blind(self, block: Block, now: Nanos, why: str) -> None:
        for name in block.outputs:
            self._news.append(ReadBack(actuator=name, on=None, at=now, evidence=why))

    def _ask(self, actuator: str, now: Nanos) -> None:
        device = self._home[actuator][0].name
        block = next(b for b in self._blocks if b.device == device and b.outputs)
        if not self._up:
            self._blind(block, now, f"bus {self.bus.name} is down")
        elif block not in self._control:
            self._control.append(block)

    def _withdraw(self, actuator: str, now: Nanos) -> None:
        for item in [i for i in self._control if isinstance(i, Send) and i.actuator == actuator and i.on]:
            self._control.remove(item)
            self._drop(item, now, "overtaken by an OFF")

    def _drop(self, item: Send | Block, now: Nanos, why: str) -> None:
        if isinstance(item, Send):
            self._reply(item, ReplyStatus.SEND_FAILED, now, why)
        else:
            self._blind(item, now, why)

    def _reply(self, send: Send, status: ReplyStatus, now: Nanos, evidence: str) -> None:
        self._news.append(Reply(cmd_id=send.cmd_id, status=status, at=now, evidence=evidence))
