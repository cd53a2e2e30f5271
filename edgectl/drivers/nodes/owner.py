"""The owner of one MQTT bus: what is ordered of which node, when silence is an answer, and what is believed.

Nodes answer independently, so nothing waits for a turn on a wire; the lanes are the order in which messages leave: an
OFF first, then orders, then questions. An order to switch on is sent once or not at all. An OFF is repeated under a new
id until its node has answered it: nodes stay silent when an id comes twice. The first last word of a node counts.
No I/O and no clock of its own.
"""

from collections import deque
from collections.abc import Iterator
from itertools import count

from edgectl.drivers.health import SILENT_AFTER, Health
from edgectl.drivers.news import News
from edgectl.drivers.nodes.answers import Answers
from edgectl.drivers.nodes.books import Ask, Books, Pending, Wake
from edgectl.drivers.nodes.ids import wire_id_of
from edgectl.drivers.nodes.others import Others
from edgectl.drivers.nodes.post import Post
from edgectl.drivers.nodes.presence import WORD_WITHIN, Presences
from edgectl.drivers.nodes.readings import Readings
from edgectl.drivers.nodes.seam import (
    Alive,
    Answer,
    Happened,
    Homeless,
    Meaning,
    Measures,
    NodeProtocol,
    Present,
    Publish,
    Reports,
    Several,
    Unbelieved,
    Wants,
)
from edgectl.drivers.nodes.told import Told, plain
from edgectl.drivers.nodes.waking import Waking
from edgectl.drivers.offs import Offs
from edgectl.drivers.purpose import Off, Switch
from edgectl.drivers.wirelog import WireLog
from edgectl.drivers.wiring import Bus, Device
from edgectl.model.inputs import AskState, Input, MakeSafe, ReadBack, ReplyStatus, Send
from edgectl.model.ports import NoCredential
from edgectl.model.site import Site
from edgectl.model.time import MS, SECOND, Nanos, Now

Purpose = Off | Switch | Ask | Wake
ANSWER_WITHIN: Nanos = 3 * SECOND
ASK_EVERY: Nanos = 5 * SECOND
ASK_LEAST: Nanos = 200 * MS  # between two questions to one node, whatever happens
MOST_WAITING = 256
MOST_SHOWN = 400  # bytes of a message in the monitor


class NodeOwner:
    """Decides message by message what happens on one MQTT bus. `life` makes the ids of this process its own."""

    def __init__(
        self, bus: Bus, site: Site, speaks: NodeProtocol, *, life: str, sample_ids: Iterator[int] | None = None
    ) -> None:
        self.bus = bus
        self.log = WireLog()
        self.speaks = speaks
        self.health = {device.name: Health(device=device, demands=()) for device in bus.devices}
        self._devices = {device.name: device for device in bus.devices}
        self._home: dict[str, tuple[Device, str]] = {
            name: (self._devices[actuator.device], actuator.channel.split(".", 1)[1])
            for name, actuator in site.actuators.items()
            if actuator.device in self._devices
        }
        self._shown = {name for name, (device, _) in self._home.items() if speaks.shows_outputs(device.profile)}
        self._numbers = count(1)
        self._life = life
        self._news = News()
        self._told = Told(self._news)
        self._books = Books()
        self._offs = Offs()
        outputs = {name: [ch for d, ch in self._home.values() if d.name == name] for name in self._devices}
        self._presences = Presences(bus.name, self.health, outputs, self._news, self._told)
        self._answers = Answers(self._home, self._shown, self._news, self._told, self._offs)
        ids = sample_ids if sample_ids is not None else count(1)
        self._readings = Readings(bus, site, self._told, self._presences.strangers, ids, self.log)
        self._up = False
        self._control: deque[Send] = deque()
        self._ends: dict[str, Nanos] = {}  # actuator -> when its ON must end because the node may not do it
        used = {device.name for device, _ in self._home.values()}
        self._ask_at: dict[str, Nanos] = {  # device -> when it is asked next
            device.name: 0
            for device in bus.devices
            if (speaks.polls or device.name in used) and speaks.shows_outputs(device.profile)
        }
        self._waking = Waking(bus.devices)
        self._post = Post(bus.name, self._told)
        self._others = Others(self._devices, self._news)

    # -- what comes in

    def take(self, effect: Send | MakeSafe | AskState, now: Nanos) -> None:
        """Accept an effect for an actuator of this bus."""
        match effect:
            case MakeSafe(actuator=name):
                self._withdraw(name, now)
                self._ends.pop(name, None)
                self._order_off(name, now)
            case Send() if not self._up:
                self._news.drop(effect, now, f"bus {self.bus.name} is down")
            case Send() if len(self._control) >= MOST_WAITING:
                self._news.drop(effect, now, f"{MOST_WAITING} orders wait on bus {self.bus.name} already")
            case Send():
                self._control.append(effect)
            case AskState(actuator=name):
                self._ask(name, now)

    def hear(self, topic: str, payload: bytes, *, retained: bool, now: Now) -> bool:
        """A message came. True when it is told to the engine as something to be remembered."""
        before = self._told.count
        self.log.received(b"", now.mono, _words(topic, payload))
        self._mean(self.speaks.read(topic, payload, retained=retained, now=now), now.mono)
        return self._told.count != before

    def link(self, up: bool, now: Nanos, why: str = "", *, forgot: bool = False) -> None:
        """The broker came or went. Orders that wait are over; an OFF waits for the broker. One that `forgot` us has not
        kept what nodes said since it went."""
        self._up = up
        if forgot:
            self._told.news(self.bus.name, "BROKER_FORGOT", {}, now)
        if up:
            self._post.begin()
            self._presences.begin(now)
            self._offs.awake(None, now)
            self._ask_at = dict.fromkeys(self._ask_at, now)
            self._waking.begin(now)
            return
        for pending in self._books.all():
            self._silence(pending, now, f"bus {self.bus.name}: {why}")
        while self._control:
            self._news.drop(self._control.popleft(), now, f"bus {self.bus.name}: {why}")
        for health in self.health.values():
            self._news.ill(health, f"bus {self.bus.name}: {why}", now)

    # -- what goes out

    def step(self, now: Now, *, room: bool = True) -> list[Publish]:
        """The messages to send now. Without `room` the broker is behind: then only an OFF leaves."""
        mono = now.mono
        for ended in [name for name, end in self._ends.items() if mono >= end]:
            del self._ends[ended]
            self._order_off(ended, mono)
        if not self._up:
            return []
        for pending in self._books.overdue(mono):
            self._silence(pending, mono, f"no answer within {(mono - pending.sent_at) / SECOND:.1f} s")
        self._presences.watch(mono)
        self._others.watch(mono)
        out: list[Publish] = []
        if self._post.time_is_due(now) and (greeting := self.speaks.greeting(now)) is not None:
            out.append(greeting)
        self._answers.run_out(mono)
        while (name := self._offs.due(mono)) is not None:
            self._send_off(name, now, out)
        while room and self._control:
            self._send(self._control.popleft(), now, out)
        out += self._post.take()
        for asleep in self._waking.due(mono) if room else ():
            self._send_wake(self._devices[asleep], now, out)
        for asked in [name for name, at in self._ask_at.items() if room and at <= mono]:
            self._send_ask(self._devices[asked], now, out)
        for message in out:
            self.log.sent(b"", mono, _words(message.topic, message.payload))
        return out

    def wake_at(self, now: Nanos) -> Nanos | None:
        """When `step` has something to do if nothing comes in before. None: not before the broker is back."""
        wakes = list(self._ends.values())
        if self._up:
            wakes += [*self._books.wakes(), *self._offs.wakes(), *self._ask_at.values(), *self._waking.wakes()]
            wakes += [now if self._post.waits else now + SECOND]
        return min(wakes, default=None)

    def news(self) -> list[Input]:
        """What the engine must hear, once."""
        return self._news.take()

    @property
    def offs_delivered(self) -> bool:
        """True when no OFF waits for its answer."""
        return not self._offs.wakes()

    # -- sending

    def _send(self, send: Send, now: Now, out: list[Publish]) -> None:
        device, channel = self._home[send.actuator]
        if now.mono > send.not_after:
            self._news.drop(send, now.mono, "its time passed while the broker was busy")
            return
        if self._books.full:
            self._news.drop(send, now.mono, "too many orders are open")
            return
        longest = self._presences.longest_ms.get(f"{device.name}.{channel}")
        if send.on and send.lease is not None and longest is not None and send.lease > longest * MS:
            why = f"the node allows {channel} at most {longest / 1000:g} s at a time"
            self._news.reply(send, ReplyStatus.INVALID, now.mono, why)
            return
        wire_id = wire_id_of(send.cmd_id)
        try:
            message = self.speaks.switch(device, channel, send, wire_id, now)
        except (ValueError, NoCredential) as error:
            self._news.reply(send, ReplyStatus.INVALID, now.mono, str(error))
            return
        self._enter(wire_id, device, channel, Switch(send=send), now.mono)
        self._answers.left(send, now.mono)
        self._news.reply(send, ReplyStatus.SENT, now.mono)
        if send.on and send.lease is not None and not device.profile.outlets[channel].timed(inverted=False):
            self._ends[send.actuator] = now.mono + send.lease
        out.append(message)

    def _send_off(self, name: str, now: Now, out: list[Publish]) -> None:
        device, channel = self._home[name]
        wire_id = f"o{self._life}-{next(self._numbers)}"
        try:
            out.append(self.speaks.off(device, channel, wire_id, now))
        except NoCredential as missing:
            self._offs.failed(name, now.mono)
            self._presences.unsigned(device.name, missing, now.mono)
            return
        self._offs.sent(name, now.mono + ANSWER_WITHIN)
        if not self._books.full:
            self._enter(wire_id, device, channel, Off(actuator=name), now.mono)

    def _send_ask(self, device: Device, now: Now, out: list[Publish]) -> None:
        health = self.health[device.name]
        if self._books.asking(device.name) or self._books.full:
            self._ask_at[device.name] = now.mono + ASK_LEAST  # its answer would be older than the wish
            return
        self._ask_at[device.name] = max(now.mono + ASK_EVERY, health.rest_until)
        wire_id = f"q{self._life}-{next(self._numbers)}"
        try:
            out.append(self.speaks.ask(device, wire_id, now))
        except NoCredential as missing:
            self._presences.unsigned(device.name, missing, now.mono)
            return
        self._enter(wire_id, device, device.profile.state, Ask(), now.mono)

    def _send_wake(self, device: Device, now: Now, out: list[Publish]) -> None:
        self._waking.told(device.name, now.mono)
        if self._books.full:
            return
        wire_id = f"q{self._life}-{next(self._numbers)}"
        try:
            order = self.speaks.wake(device, wire_id, now)
        except NoCredential:
            return  # it is told again, and of its outputs somebody says what is missing
        if order is None:
            self._waking.never(device.name)
            return
        self._enter(wire_id, device, order[0], Wake(), now.mono)
        out.append(order[1])

    def _enter(self, wire_id: str, device: Device, channel: str, purpose: Purpose, now: Nanos) -> None:
        self._books.enter(
            Pending(
                wire_id=wire_id,
                device=device.name,
                channel=channel,
                purpose=purpose,
                sent_at=now,
                until=now + ANSWER_WITHIN,
            )
        )

    # -- what a message means

    def _mean(self, meaning: Meaning, now: Nanos) -> None:
        match meaning:
            case Answer():
                self._presences.alive(meaning.device, now, answers=True)
                self._answered(meaning, now)
            case Measures():
                self._presences.alive(meaning.device, now)
                self._waking.measured(meaning.device, now)
                self._readings.measured(meaning, now)
            case Alive(device=device, uptime_s=uptime_s):
                self._presences.alive(device, now)
                if uptime_s is not None:
                    self._presences.beats(device, uptime_s, now)
            case Present():
                if self._presences.came_or_went(meaning, now):
                    self._waking.came(meaning.device, now)
                    self._ask_soon(meaning.device, now)
            case Happened():
                if meaning.age is None or meaning.age < WORD_WITHIN:  # a broker may have kept it while we were away
                    self._presences.alive(meaning.device, now)
                self._told.news(meaning.device, meaning.what, meaning.details, now)
                if meaning.age is not None:
                    self._readings.floats(meaning.device, meaning.shows, now - meaning.age)
                if meaning.what == "NODE_EVENT":
                    self._ask_soon(meaning.device, now)
            case Reports():
                self._presences.reported(meaning, now)
            case Homeless():
                self._post.homeless(meaning, now, taken=self._presences.taken(meaning.device, now))
            case Several(meanings=meanings):
                for each in meanings:
                    self._mean(each, now)
            case Wants(answer=answer):
                self._post.to_all(answer, now)
            case Unbelieved(why=why, device=device, answer=clear, ordered=ordered):
                self.log.note(plain(why), now)
                if device and ordered:
                    self._others.heard(device, why, now)
                if device:
                    self._told.news(device, "NODE_MISTRUSTED", {"why": why}, now)
                if clear is not None:
                    self._post.send(clear)

    def _answered(self, answer: Answer, now: Nanos) -> None:
        pending = self._books.find(answer.wire_id, answer.device, answer.channel)
        if pending is None:
            self._answers.late(answer, self._books, now)
            return
        self.log.landed(now - pending.sent_at)
        self._presences.signature(answer, now)
        if answer.needs is not None:
            self._post.to_all(answer.needs, now)
        if answer.status is ReplyStatus.ECHO:
            self._answers.first(pending, answer, now)
            return
        self._books.close(pending, answer.status)
        if isinstance(pending.purpose, Wake):
            self._waking.answered(answer.device, answer.status, now, unknown=answer.unknown)
        elif isinstance(pending.purpose, Ask):
            if answer.status is ReplyStatus.DONE:
                self._readings.floats(answer.device, answer.shows, pending.sent_at)
        else:
            self._answers.last(pending, answer, now)
            self._ask_soon(answer.device, now)
        for name, (device, channel) in self._home.items():
            if device.name == answer.device and channel in answer.shows:
                on = answer.shows[channel]
                if not on:
                    self._offs.seen_off(name, pending.sent_at)
                self._news.tell(ReadBack(actuator=name, on=on, at=pending.sent_at))

    def _silence(self, pending: Pending, now: Nanos, why: str) -> None:
        health = self.health[pending.device]
        if pending.acked_at is not None:
            self._books.close(pending, ReplyStatus.TIMEOUT)
            return  # it was taken; how it went on is seen at the output, and the engine looks there
        health.missed(now)
        self.log.missed(f"{pending.device}: {why}", now, now - pending.sent_at)
        self._books.close(pending, ReplyStatus.TIMEOUT)
        match pending.purpose:
            case Switch(send=send):
                self._told.reply(send, ReplyStatus.TIMEOUT, now, why)
            case Off(actuator=name):
                self._offs.failed(name, now)
            case Ask():
                for name in self._shown:
                    if self._home[name][0].name == pending.device:
                        self._news.tell(ReadBack(actuator=name, on=None, at=now, evidence=why))
        if health.misses >= SILENT_AFTER:
            self._presences.deaf(pending.device, f"silent, {health.misses} orders unanswered ({why})", now)

    # -- helpers of the lanes

    def _order_off(self, name: str, now: Nanos) -> None:
        device = self._home[name][0].name
        self._offs.order(name, device, now, silent=self.health[device].down)

    def _ask(self, name: str, now: Nanos) -> None:
        device = self._home[name][0].name
        if not self._up:
            self._news.tell(ReadBack(actuator=name, on=None, at=now, evidence=f"bus {self.bus.name} is down"))
        elif name in self._shown:
            self._ask_soon(device, now)
        else:
            self._answers.repeat(name, now)

    def _ask_soon(self, device: str, now: Nanos) -> None:
        if device in self._ask_at:
            last = self._ask_at[device] - ASK_EVERY
            self._ask_at[device] = min(self._ask_at[device], max(now, last + ASK_LEAST))

    def _withdraw(self, actuator: str, now: Nanos) -> None:
        for item in [item for item in self._control if item.actuator == actuator and item.on]:
            self._control.remove(item)
            self._news.drop(item, now, "overtaken by an OFF")


def _words(topic: str, payload: bytes) -> str:
    """A message as the monitor shows it."""
    return plain(f"{topic} {payload[:MOST_SHOWN].decode(errors='replace')}")
