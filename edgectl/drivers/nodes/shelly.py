"""Shelly devices of the second generation as the owner of an MQTT bus needs them.

A request bears an id and its answer bears the same one, so an answer is never taken for that to another question. The
end of an ON goes with it (`toggle_after`). A device that is not set to stay off after a power cut is not used.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgectl.drivers.codecs import shelly
from edgectl.drivers.codecs.shelly import Answered, Notified
from edgectl.drivers.codecs.tasmota import number
from edgectl.drivers.nodes.fitness import Fitness
from edgectl.drivers.nodes.seam import (
    Alive,
    Answer,
    Happened,
    Meaning,
    Measures,
    Present,
    Publish,
    Several,
    Subscription,
    Unbelieved,
)
from edgectl.drivers.profile import Profile
from edgectl.drivers.wiring import Broker, Bus, Device
from edgectl.model.inputs import ReplyStatus, Send
from edgectl.model.time import SECOND, Nanos, Now

LIVES: Nanos = 10 * SECOND
MOST_ASKED = 512
SETTINGS_EVERY = 720  # questions: about once an hour its settings are looked at again
OURS = ("MQTT", "timer", "RPC", "init")  # who changed a switch: these need no line of their own
READS = ("Get", "List")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    device: Device
    channel: str
    method: str
    at: Nanos


class Shelly:
    """The Shelly devices of one bus."""

    polls = True

    def __init__(self, bus: Bus) -> None:
        assert isinstance(bus.line, Broker)
        self._src = f"edgectl-answers/{bus.line.house}/{bus.name}"  # a root of its own, for access lists
        self._devices = {device.node: device for device in bus.devices}
        self._asked: OrderedDict[str, _Question] = OrderedDict()
        self._fitness = Fitness("settings")
        self._questions: dict[str, int] = {}  # by device: how many since its settings were seen
        self._revisions: dict[str, object] = {}  # by device: the number of its settings, which grows with each change
        self.subscriptions = (
            Subscription(topics=f"{self._src}/rpc", sure=True),
            *(Subscription(topics=f"{node}/{what}", sure=False) for node in self._devices for what in ("online",)),
            *(Subscription(topics=f"{node}/events/rpc", sure=False) for node in self._devices),
            *(Subscription(topics=f"{node}/rpc", sure=False, own=True) for node in self._devices),
            *(Subscription(topics=f"{node}/command/+", sure=False, own=True) for node in self._devices),
        )

    def greeting(self, now: Now) -> Publish | None:
        """Nothing is said to all of them."""
        return None

    def shows_outputs(self, profile: Profile) -> bool:
        """Every one tells its switches when it is asked."""
        return bool(profile.state)

    def switch(self, device: Device, channel: str, send: Send, wire_id: str, now: Now) -> Publish:
        """On with its end, or off."""
        params = shelly.set_switch(_number(device, channel), send.on, send.lease)
        lives = max(SECOND, min(send.not_after - now.mono, LIVES))
        return self._request(device, channel, wire_id, now.mono, "Switch.Set", params, lives=lives)

    def off(self, device: Device, channel: str, wire_id: str, now: Now) -> Publish:
        """Off."""
        params = shelly.set_switch(_number(device, channel), False, None)
        return self._request(device, channel, wire_id, now.mono, "Switch.Set", params)

    def ask(self, device: Device, wire_id: str, now: Now) -> Publish:
        """What it does; now and then, and before anything else, how it is set."""
        asked = self._questions.get(device.node, SETTINGS_EVERY)
        method = "Shelly.GetConfig" if asked >= SETTINGS_EVERY else "Shelly.GetStatus"
        self._questions[device.node] = min(SETTINGS_EVERY, asked + 1)
        return self._request(device, device.profile.state, wire_id, now.mono, method, {})

    def wake(self, device: Device, wire_id: str, now: Now) -> tuple[str, Publish] | None:
        """None of them sleeps."""
        return None

    def _request(
        self,
        device: Device,
        channel: str,
        wire_id: str,
        at: Nanos,
        method: str,
        params: Mapping[str, Any],
        *,
        lives: Nanos = LIVES,
    ) -> Publish:
        self._asked[wire_id] = _Question(device=device, channel=channel, method=method, at=at)
        while len(self._asked) > MOST_ASKED:
            self._asked.popitem(last=False)
        payload = shelly.request(self._src, wire_id, method, params)
        return Publish(topic=f"{device.node}/rpc", payload=payload, lives=lives)

    # -- what comes up

    def read(self, topic: str, payload: bytes, *, retained: bool, now: Now) -> Meaning:
        """The meaning of a message."""
        if topic == f"{self._src}/rpc":
            if retained:
                return Unbelieved(why="a retained answer is refused")
            return self._answer(payload, now.mono)
        node, _, what = topic.partition("/")
        device = self._devices.get(node)
        if device is None:
            return Unbelieved(why=f"{topic[:120]} is no topic of a device of this bus")
        if what == "online":
            if (
                node in self._questions
            ):  # it may have been set otherwise: its outputs are looked at first, and then that
                self._questions[node] = SETTINGS_EVERY - 1
            return _present(device, payload, retained=retained)
        if what == "rpc" or what.startswith("command/"):
            return _overheard(device, topic, payload, retained=retained)
        if retained:
            return Unbelieved(why=f"a retained {what[:40]} is refused", device=device.name)
        said = shelly.frame(payload)
        if isinstance(said, str):
            return Unbelieved(why=said, device=device.name)
        return _notified(device, said) if isinstance(said, Notified) else Alive(device=device.name)

    def _answer(self, payload: bytes, now: Nanos) -> Meaning:
        said = shelly.frame(payload)
        if isinstance(said, str):
            return Unbelieved(why=said)
        question = self._asked.get(said.wire_id) if isinstance(said, Answered) else None
        if question is None or not isinstance(said, Answered):
            return Unbelieved(why="an answer to nothing that was asked in this life")
        if question.method != "Switch.Set":
            del self._asked[said.wire_id]  # the same again tells of the past
        answer = Answer(
            device=question.device.name, channel=question.channel, wire_id=said.wire_id, status=ReplyStatus.DONE
        )
        if said.refused:
            status = ReplyStatus.INVALID if said.invalid else ReplyStatus.ERROR
            return Answer(
                device=answer.device,
                channel=answer.channel,
                wire_id=answer.wire_id,
                status=status,
                why=f"the device refuses {question.method}: {said.refused}",
            )
        match question.method:
            case "Shelly.GetConfig":
                return Several(meanings=(self._settings(question.device, said.result), answer))
            case "Shelly.GetStatus":
                self._revised(question.device, said.result)
                return _status(question.device, said, answer, now - question.at)
            case _:
                return answer

    def _revised(self, device: Device, status: Mapping[str, Any]) -> None:
        """Somebody changed its settings: they are looked at next."""
        system = status.get("sys")
        number = system.get("cfg_rev") if isinstance(system, Mapping) else None
        if self._revisions.setdefault(device.node, number) != number:
            self._revisions[device.node] = number
            self._questions.pop(device.node, None)

    def _settings(self, device: Device, said: Mapping[str, Any]) -> Meaning:
        wrong = ""
        for outlet in device.profile.outlets.values():
            assert outlet.number is not None
            state = shelly.initial_state(said, outlet.number)
            if state is None:
                wrong = wrong or f"has no {outlet.name}, which {device.profile.name} has"
            elif state != "off":
                wrong = wrong or (
                    f"does not stay off when its power returns ({outlet.name}: {state}); set initial_state to off"
                )
        # Every question is about its settings until they are put right.
        self._questions[device.node] = SETTINGS_EVERY if wrong else 0
        return self._fitness.found(device, "settings", wrong)


def _number(device: Device, channel: str) -> int:
    found = device.profile.outlets[channel].number
    assert found is not None
    return found


def _status(device: Device, said: Answered, answer: Answer, age: Nanos) -> Meaning:
    outlets = [(o.name, o.number) for o in device.profile.outlets.values() if o.number is not None]
    shown = {name: shelly.output(said.result, place) for name, place in outlets}
    shows = {name: on for name, on in shown.items() if on is not None}
    values = tuple(
        Measures(device=device.name, channel=name, value=number(said.result, channel.metric), age=age)
        for name, channel in device.profile.channels.items()
    )
    full = Answer(
        device=answer.device, channel=answer.channel, wire_id=answer.wire_id, status=answer.status, shows=shows
    )
    return Several(meanings=(*values, full))


def _notified(device: Device, said: Notified) -> Meaning:
    for outlet in device.profile.outlets.values():
        assert outlet.number is not None
        on = shelly.output(said.changes, outlet.number)
        component = said.changes.get(f"switch:{outlet.number - 1}")
        source = str(component.get("source", "")) if isinstance(component, Mapping) else ""
        if on is not None and source not in OURS:
            words = f"{outlet.name} {'ON' if on else 'OFF'} by {source[:20] or 'somebody'}"
            details = {"event_code": words, "channel": outlet.name}
            return Happened(device=device.name, what="NODE_EVENT", details=details)
    return Alive(device=device.name)


def _present(device: Device, payload: bytes, *, retained: bool) -> Meaning:
    if payload not in (b"true", b"false"):
        return Unbelieved(why=f"online is {payload[:40]!r}", device=device.name)
    return Present(device=device.name, online=payload == b"true", retained=retained, why="it went off the air")


def _overheard(device: Device, topic: str, payload: bytes, *, retained: bool) -> Unbelieved:
    """Requests that are not ours. One that a broker keeps would reach the device again at each of its starts."""
    if retained and payload:
        clear = Publish(topic=topic, payload=b"", retain=True)
        why = f"a retained order is refused and cleared away: {topic[:120]}"
        return Unbelieved(why=why, device=device.name, answer=clear)
    reads = any(f".{word}".encode() in payload for word in READS)
    if reads or not payload:
        return Unbelieved(why=f"somebody else asks it: {topic[:120]} {payload[:80]!r}")
    why = f"somebody else gives orders: {topic[:120]} {payload[:80]!r}"
    return Unbelieved(why=why, device=device.name, ordered=True)
