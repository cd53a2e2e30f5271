"""The owner of one bus: who speaks next, what a reply means, and when to stop waiting. No I/O, no clock of its own.

Rules of the wire: an OFF goes first, at most one frame behind; one request at a time; after a time-out a shared line
rests until no late reply can come, except for an OFF, whose echo cannot be mistaken. An order to switch on is sent
once or not at all. An OFF is repeated until it is echoed or seen. Nothing but an OFF goes to a device that has not
shown that it is the one the site file means.
"""

from collections import deque
from collections.abc import Iterator
from itertools import count

from edgectl.drivers.exchange import Exchange, InFlight, Lane, past
from edgectl.drivers.foreign import ForeignWatch
from edgectl.drivers.framing import LONGEST_HEARD
from edgectl.drivers.health import SILENT_AFTER, Health
from edgectl.drivers.languages.choice import language_of
from edgectl.drivers.languages.seam import Differs, Left, Lost, Measured, Outcome, Refused, Shown
from edgectl.drivers.news import News
from edgectl.drivers.offs import Offs
from edgectl.drivers.pollplan import Block, apart
from edgectl.drivers.profile import Arm, Check, Put
from edgectl.drivers.purpose import Look, Off, Purpose, Switch, Verify
from edgectl.drivers.reads import reads_of
from edgectl.drivers.rota import Place, Rota
from edgectl.drivers.wirelog import WireLog
from edgectl.drivers.wiring import Bus, Device
from edgectl.model.inputs import AskState, ForeignMaster, Input, MakeSafe, ReadBack, ReplyStatus, Send
from edgectl.model.site import Site
from edgectl.model.time import Nanos


class BusOwner:
    """Decides byte by byte what happens on one bus. Driven by an asyncio task, a simulation or a test."""

    def __init__(self, bus: Bus, site: Site, *, sample_ids: Iterator[int] | None = None) -> None:
        self.bus = bus
        self.language = language = language_of(bus, site)
        self.health = {d.name: Health(device=d, demands=language.demands(d.profile)) for d in bus.devices}
        self.log = WireLog()
        devices = {device.name: device for device in bus.devices}
        homes = {name: devices.get(actuator.device) for name, actuator in site.actuators.items()}
        self._home = {name: device for name, device in homes.items() if device is not None}
        self._endless = {n for n, device in self._home.items() if not device.ends(site.actuators[n])}
        self._rota = Rota(reads_of(bus, site), self.health, self._exchange)
        self._ids = sample_ids if sample_ids is not None else count(1)
        self._up, self._heard = False, b""
        self._ends: dict[str, Nanos] = {}  # actuator -> when its ON must end because the device does not do it
        self._control: deque[Send | Place] = deque()
        self._epoch = 0  # the highest under which anything was ordered here
        self._flight: InFlight | None = None
        self._rest_until = self._quiet_until = 0
        self._offs, self._news, self._foreign = Offs(), News(), ForeignWatch()

    # -- what comes in

    def take(self, effect: Send | MakeSafe | AskState, now: Nanos) -> None:
        """Accept an effect for an actuator of this bus."""
        match effect:
            case MakeSafe():
                self._withdraw(effect.actuator, now)
                self._ends.pop(effect.actuator, None)
                self._order_off(effect.actuator, now)
            case Send() if effect.on and self._foreign.since is not None:
                self._news.drop(effect, now, self._foreign.words)
            case Send() if effect.epoch < self._epoch:
                self._news.drop(effect, now, past(effect, self._epoch))
            case Send() if not self._up:
                self._news.drop(effect, now, f"bus {self.bus.name} is down")
            case Send():
                self._epoch = effect.epoch
                self._control.append(effect)
            case AskState():
                self._ask(effect.actuator, now)

    def hear(self, data: bytes, now: Nanos) -> None:
        """Bytes came. What comes while nothing was asked is noise, unless the language knows better."""
        self.log.received(data, now)
        self._heard = (self._heard + data)[-LONGEST_HEARD:]
        if (flight := self._flight) is None:
            self._strangers(self._heard, now)
            if (sign := self.language.overheard(self._heard)) is not None:
                self._heard = b""
                self.log.note(sign.why, now)
                if sign.anew:
                    self._doubt_all(sign, now)
            return
        outcome = flight.exchange.question.outcome(self._heard)
        if isinstance(outcome, Lost):
            self._flight, self._heard = None, b""
            self._unanswered(flight, now, outcome.why)
            if outcome.anew:
                self._doubt_all(outcome, now)
        elif outcome is not None:
            self._flight, self._heard = None, b""
            self._quiet_until = now + self.language.silence
            self.log.landed(now - flight.sent_at)
            self.health[flight.exchange.device.name].answered(now)
            self._answered(flight, outcome, now)

    def link(self, up: bool, now: Nanos, why: str = "") -> None:
        """The line came or went. Orders that wait are over; an OFF waits for the line."""
        self._up, self._heard = up, b""
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
            self._news.ill(health, f"bus {self.bus.name}: {why}", now)

    # -- what goes out

    def step(self, now: Nanos) -> bytes | None:
        """The bytes to send now, if any. Call again at `wake_at` and after every input."""
        if self._ends:
            self._end(now)
        if self._foreign.since is not None and self._foreign.over(now):
            self._news.tell(ForeignMaster(bus=self.bus.name, heard=False, at=now))
        if not self._up:
            return None
        if self._flight is not None:
            if now < self._flight.deadline:
                return None
            flight, heard, self._flight, self._heard = self._flight, self._heard, None, b""
            self._strangers(heard.replace(flight.frame, b""), now)  # an adapter may hear its own words
            if (left := flight.exchange.question.unheard()) is not None:
                self._answered(flight, left, now)
            else:
                self._unanswered(flight, now, "no reply" if not heard else f"no believable reply: {heard.hex(' ')}")
        if now < self._quiet_until:
            return None
        chosen = self._next_off(now) or (None if now < self._rest_until else self._next(now))
        return None if chosen is None else self._transmit(chosen, now)

    def wake_at(self, now: Nanos) -> Nanos | None:
        """When `step` has something to do if nothing comes in before. None: not before the line comes up."""
        ends = min(self._ends.values()) if self._ends else None
        if not self._up:
            return ends
        if self._flight is not None:
            return self._flight.deadline if ends is None else min(ends, self._flight.deadline)
        floor = max(self._quiet_until, self._rest_until)
        if self._control:
            turn: Nanos | None = now
        elif (turn := self._foreign.over_at) is None:  # else the line is somebody else's, but for what makes safe
            turn = self._rota.wakes(floor)
        wakes = self._offs.wakes()
        if turn is not None:
            wakes.append(max(turn, self._rest_until))
        if ends is not None:
            wakes.append(ends)
        return max(self._quiet_until, min(wakes)) if wakes else None

    def news(self) -> list[Input]:
        """What the engine must hear, once."""
        return self._news.take()

    def lends(self, now: Nanos, since: Nanos) -> bool:
        """May a person's question leave? Nothing is on its way or waits; what is due was read `since` the last one."""
        idle = self._up and self._flight is None and not self._control and self._foreign.since is None
        owed = self._offs.due(now) is not None or any(now >= end for end in self._ends.values())
        free = idle and not owed and now >= max(self._quiet_until, self._rest_until)
        return free and self._rota.had_turns(now, since)

    def lend(self, frame: bytes, now: Nanos) -> None:
        """Such a question leaves: an echo of it is ours, however late."""
        self._foreign.sent(frame)
        self.log.sent(frame, now, "by hand")

    def lent(self, now: Nanos, rest: Nanos, beside: bytes) -> None:
        """Such a question is over, and this was heard beside it. Where a late answer may still come the line rests."""
        self._strangers(beside, now)
        self._heard, self._quiet_until = b"", now + self.language.silence
        self._rest_until = now + rest if self.language.late else 0

    @property
    def awaits(self) -> bool:
        """True while an answer is on its way: then what `wake_at` names seldom comes."""
        return self._flight is not None

    @property
    def offs_delivered(self) -> bool:
        """True when no OFF waits for its echo."""
        return not self._offs.wakes()

    # -- choosing

    def _next_off(self, now: Nanos) -> Exchange | None:
        name = self._offs.due(now)
        return None if name is None else self._exchange(Lane.SAFE, self._home[name], Off(actuator=name))

    def _next(self, now: Nanos) -> Exchange | None:
        while self._control:
            item = self._control[0]
            if isinstance(item, Send) and item.on and self._foreign.since is not None:
                self._drop(self._control.popleft(), now, self._foreign.words)
                continue
            if isinstance(item, Send) and item.epoch < self._epoch:
                self._drop(self._control.popleft(), now, past(item, self._epoch))
                continue
            if isinstance(item, Send) and now > item.not_after:
                self._drop(self._control.popleft(), now, "its time passed while the bus was busy")
                continue
            device = self._device(item)
            if (check := self._doubt(device, Lane.CONTROL, now)) is not None:
                return check
            if isinstance(item, Send) and self.health[device.name].mute is not None:
                return self._rota.showing(item.actuator).asked  # whether it is there at all, before it is ordered
            self._control.popleft()
            if not isinstance(item, Send):
                return item.asked
            try:
                return self._exchange(Lane.CONTROL, device, Switch(send=item))
            except ValueError as error:
                self._news.reply(item, ReplyStatus.INVALID, now, str(error))
        if self._foreign.since is not None:
            return None
        if (place := self._rota.next(now)) is None:
            return None
        return self._doubt(place.health.device, Lane.POLL, now) or place.poll

    def _device(self, item: Send | Place) -> Device:
        return self._home[item.actuator] if isinstance(item, Send) else item.health.device

    def _drop(self, item: Send | Place, now: Nanos, why: str) -> None:
        self._news.drop(item if isinstance(item, Send) else item.read, now, why)

    def _doubt(self, device: Device, lane: Lane, now: Nanos) -> Exchange | None:
        health = self.health[device.name]
        health.audit(now)
        return self._exchange(lane, device, Verify(check=health.unverified[0])) if health.unverified else None

    def _exchange(self, lane: Lane, device: Device, purpose: Purpose) -> Exchange:
        question, label = self.language.question(device, purpose), f"{lane.name.lower()} {device.name}"
        return Exchange(lane=lane, device=device, purpose=purpose, question=question, label=label)

    def _transmit(self, chosen: Exchange, now: Nanos) -> bytes:
        frame, self._heard = chosen.question.frame(), b""
        self._flight = InFlight(exchange=chosen, frame=frame, sent_at=now, deadline=now + chosen.question.wait)
        self._foreign.sent(frame)
        self.log.sent(frame, now, chosen.label)
        if not isinstance(chosen.purpose, Verify) and (demands := self.language.fence(chosen.device.profile)):
            self.health[chosen.device.name].fence(demands)
        match chosen.purpose:
            case Look():  # nearly all of them
                self._rota.left(chosen, now)
            case Switch(send=send):
                self._news.reply(send, ReplyStatus.SENT, now)
                if send.on and send.lease is not None and send.actuator in self._endless:
                    self._ends[send.actuator] = now + send.lease
        return frame

    # -- what an answer, or none, means

    def _answered(self, flight: InFlight, outcome: Outcome, now: Nanos) -> None:
        exchange, health = flight.exchange, self.health[flight.exchange.device.name]
        if health.speaks() and isinstance(exchange.purpose, Look):
            self._rota.again(exchange, now)
            return
        match exchange.purpose, outcome:
            case Look(), Measured(values=values):  # nearly all of them
                self._news.measured(health, values, flight.sent_at, self._ids, self.log)
            case _, Refused():
                self._refused(exchange, outcome, now)
                return
            case Verify(check=Arm()), Differs(puts=puts) if not health.put:
                health.write(puts)
                return
            case Verify(), Differs(why=wrong):
                self._stranger(health, f"is no {exchange.device.profile.name}, or is not set up as one: {wrong}", now)
                return
            case Verify(check=check), _:
                if check in health.unverified:
                    health.unverified.remove(check)
                if isinstance(check, Put):
                    health.put.append(check)
                elif isinstance(check, Arm):
                    self._news.armed(health, now)
            case Off(actuator=name), Left():
                self._offs.failed(name, now)  # it is repeated until it is seen
            case Off(actuator=name), _:
                self._offs.echoed(name, now)
            case Switch(send=send), _:
                self._news.reply(send, ReplyStatus.ECHO, now)
            case _, Shown(states=states):
                for name, on in states:
                    if not on:
                        self._offs.seen_off(name, flight.sent_at)
                    self._news.tell(ReadBack(actuator=name, on=on, at=flight.sent_at))
        self._news.well(health, now)

    def _refused(self, exchange: Exchange, refusal: Refused, now: Nanos) -> None:
        """The device answers and says no. It lives, but it does not do this."""
        self.log.note(f"{exchange.device.name}: {refusal.why}", now)
        match exchange.purpose:
            case Switch(send=send):
                self._news.reply(send, refusal.status, now, refusal.why)
            case Off(actuator=name):
                self._offs.failed(name, now)
            case Verify(check=Check(own=True) as check) if refusal.status is not ReplyStatus.BUSY:
                self.health[exchange.device.name].cannot_show(check)  # it may keep its address elsewhere
            case Verify(check=check):
                lacks = "is too busy to show" if refusal.status is ReplyStatus.BUSY else "has no"
                self._stranger(self.health[exchange.device.name], f"{lacks} {check.what}", now)
            case Look(block=read):
                self._news.blind(read, now, refusal.why)
                if isinstance(read, Block) and refusal.status is ReplyStatus.INVALID:
                    self._take_apart(read, exchange.device, now)

    def _take_apart(self, read: Block, device: Device, now: Nanos) -> None:
        """A read that bridged registers the device does not have is several reads from now on."""
        parts = apart(read, device)
        if len(parts) > 1:
            self._rota.replace(read, parts)
            self.log.note(f"{device.name}: read in {len(parts)} parts from now on", now)

    def _stranger(self, health: Health, what: str, now: Nanos) -> None:
        health.strange(now)
        self._give_up(health, f"{health.device.place(self.bus.name)} {what}", now)

    def _unanswered(self, flight: InFlight, now: Nanos, why: str) -> None:
        """The question is over without an answer; where one could still come, the line rests."""
        if self.language.late:
            self._rest_until = now + flight.exchange.question.patience
        self._silence(flight, now, why)

    def _silence(self, flight: InFlight, now: Nanos, why: str) -> None:
        exchange, health = flight.exchange, self.health[flight.exchange.device.name]
        health.missed(now)
        health.unheard(exchange.purpose.check if isinstance(exchange.purpose, Verify) else None)
        self.log.missed(f"{exchange.device.name}: {why}", now, now - flight.sent_at)
        match exchange.purpose:
            case Switch(send=send):
                self._news.reply(send, ReplyStatus.TIMEOUT, now, why)
            case Off(actuator=name):
                self._offs.failed(name, now)
            case Look(block=read):
                self._news.blind(read, now, why)
        sentence = health.silence(self.bus.name, now, why)
        if health.misses >= SILENT_AFTER:
            health.doubt()
            self._give_up(health, sentence, now)
        elif isinstance(exchange.purpose, Verify):
            self._forsake(health.device, sentence, now)

    def _strangers(self, heard: bytes, now: Nanos) -> None:
        """Did somebody ask who is not us? A slave never does."""
        if not (requests := self.language.requests(heard)):
            return
        self._heard = b""
        self.log.note(f"heard, and not ours: {requests[-1].hex(' ')}", now)
        if self._foreign.hear(requests, now):
            self._news.tell(ForeignMaster(bus=self.bus.name, heard=True, at=now, evidence=self._foreign.words))

    def _doubt_all(self, sign: Lost, now: Nanos) -> None:
        """Who speaks on this line may not be set up as it was. Only a line with one device knows such signs."""
        for health in self.health.values():
            health.doubt()
            for read in self._rota.hasten(health.device.name, now):
                if sign.restarted:
                    self._news.blind(read, now, sign.why)
                    self._give_up(health, f"{health.device.place(self.bus.name)} {sign.why}", now)

    def _give_up(self, health: Health, why: str, now: Nanos) -> None:
        self._news.ill(health, why, now, health.device.asked_by(self.bus.name))
        self._forsake(health.device, why, now)

    def _forsake(self, device: Device, why: str, now: Nanos) -> None:
        """Whoever waits for this device in the control lane is told, so that one dead device costs one time-out."""
        for item in [item for item in self._control if self._device(item) is device]:
            self._control.remove(item)
            self._drop(item, now, why)

    def _end(self, now: Nanos) -> None:
        """What the device does not end by itself, and whose time is over."""
        for name in [name for name, end in self._ends.items() if now >= end]:
            del self._ends[name]
            self._order_off(name, now)

    def _order_off(self, name: str, now: Nanos) -> None:
        self._offs.order(name, (home := self._home[name].name), now, silent=self.health[home].down)

    def _ask(self, actuator: str, now: Nanos) -> None:
        place = self._rota.showing(actuator)
        if not self._up:
            self._news.blind(place.read, now, f"bus {self.bus.name} is down")
        elif place not in self._control:
            self._control.append(place)

    def _withdraw(self, actuator: str, now: Nanos) -> None:
        for item in [i for i in self._control if isinstance(i, Send) and i.actuator == actuator and i.on]:
            self._control.remove(item)
            self._news.drop(item, now, "overtaken by an OFF")
