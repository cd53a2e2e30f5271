"""Tasmota devices as the owner of an MQTT bus needs them.

Its answers name no order. So each order begins with a word that the device has to repeat, and it works off what it is
told one after the other: what comes after that word is younger than the order. A relay is believed when it is shown
after a question. Whoever lets a relay come back on by itself after a power cut is not used at all.
"""

from collections.abc import Mapping
from typing import Any

from edgectl.drivers.codecs import tasmota
from edgectl.drivers.codecs.tasmota import MARK, Mark, Place
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

LIVES: Nanos = 10 * SECOND  # how long a broker may keep an order for a device that is not there


class Tasmota:
    """The Tasmota devices of one bus."""

    polls = True

    def __init__(self, bus: Bus) -> None:
        assert isinstance(bus.line, Broker)
        self._devices = {device.node: device for device in bus.devices}
        self._working: dict[str, Mark] = {}  # by device: the word that it said last
        self._asked: dict[str, tuple[str, Nanos]] = {}  # by device: the last question, and when it left
        self._fitness = Fitness("relays", "power")
        self.subscriptions = tuple(
            Subscription(topics=f"{prefix}/{node}/+", sure=prefix == "stat", own=prefix == "cmnd")
            for node in self._devices
            for prefix in ("stat", "tele", "cmnd")
        )

    def greeting(self, now: Now) -> Publish | None:
        """Nothing is said to all of them."""
        return None

    def shows_outputs(self, profile: Profile) -> bool:
        """Every one tells its relays when it is asked."""
        return bool(profile.state)

    def switch(self, device: Device, channel: str, send: Send, wire_id: str, now: Now) -> Publish:
        """The end first, then the relay. Without an end none may be left from before."""
        if not send.on:
            return self.off(device, channel, wire_id, now)
        number = _number(device, channel)
        pulse = tasmota.pulse_time(send.lease)
        told = (f"PulseTime{number} {pulse}", f"Power{number} ON")
        lives = max(SECOND, min(send.not_after - now.mono, LIVES))
        return _publish(device, Mark(wire_id=wire_id, channel=channel, wanted="ON"), *told, lives=lives)

    def off(self, device: Device, channel: str, wire_id: str, now: Now) -> Publish:
        """Off."""
        mark = Mark(wire_id=wire_id, channel=channel, wanted="OFF")
        return _publish(device, mark, f"Power{_number(device, channel)} OFF")

    def ask(self, device: Device, wire_id: str, now: Now) -> Publish:
        """What it does after a power cut, what it measures, what its relays do."""
        self._asked[device.node] = (wire_id, now.mono)
        told = ("PowerOnState", *(("Status 10",) if device.profile.channels else ()), "Status 11")
        return _publish(device, Mark(wire_id=wire_id, channel=device.profile.state, wanted="-"), *told)

    def wake(self, device: Device, wire_id: str, now: Now) -> tuple[str, Publish] | None:
        """None of them sleeps."""
        return None

    # -- what comes up

    def read(self, topic: str, payload: bytes, *, retained: bool, now: Now) -> Meaning:
        """The meaning of a message, for the device that the topic names."""
        where = tasmota.place(topic)
        device = None if where is None else self._devices.get(where.node)
        if where is None or device is None:
            return Unbelieved(why=f"{topic[:120]} is no topic of a device of this bus")
        if where.prefix == "cmnd":
            return _overheard(device, topic, payload, retained=retained)
        if where.prefix == "tele" and where.what == "LWT":
            return _present(device, payload, retained=retained)
        if retained:
            return Unbelieved(why=f"a retained {where.what} is refused", device=device.name)
        if where.prefix == "stat" and where.what == MARK:
            return self._marked(device, payload)
        if where.what not in ("RESULT", "STATUS10", "STATUS11", "SENSOR"):
            return Alive(device=device.name)
        said = tasmota.body(payload)
        if isinstance(said, str):
            return Unbelieved(why=f"{where.what}: {said}", device=device.name)
        return self._said(device, where, said, now.mono)

    def _marked(self, device: Device, payload: bytes) -> Meaning:
        mark = tasmota.mark(payload)
        if mark is None:
            return Unbelieved(why=f"it repeats what nobody said to it: {payload[:60]!r}", device=device.name)
        self._working[device.node] = mark
        if mark.wanted == "-":
            return Alive(device=device.name)
        return Answer(device=device.name, channel=mark.channel, wire_id=mark.wire_id, status=ReplyStatus.ECHO)

    def _said(self, device: Device, where: Place, said: Mapping[str, Any], now: Nanos) -> Meaning:
        if where.what == "SENSOR":
            return _measured(device, said, 0)
        if where.what == "RESULT" and "PowerOnState" not in said:
            return self._result(device, said)
        mark, (wire_id, asked) = self._working.get(device.node), self._asked.get(device.node, ("", now))
        if mark is None or mark.wire_id != wire_id:
            return Alive(device=device.name)  # of a question that is over, or of somebody else's
        match where.what:
            case "STATUS10":
                return _measured(device, said.get("StatusSNS"), now - asked)
            case "STATUS11":
                return self._status(device, mark, said)
            case _:
                return self._after_power_cut(device, said["PowerOnState"])

    def _result(self, device: Device, said: Mapping[str, Any]) -> Meaning:
        mark = self._working.get(device.node)
        if said.get("Command") in ("Unknown", "Error") and mark is None and device.node in self._asked:
            why = "it does not know Backlog0, in which it is told everything: its firmware is too old, update it"
            return Unbelieved(why=why, device=device.name)
        if said.get("Command") in ("Unknown", "Error") and mark is not None:
            why = f"the device answers {said['Command']}: its firmware does not know what it was told"
            return Answer(
                device=device.name, channel=mark.channel, wire_id=mark.wire_id, status=ReplyStatus.ERROR, why=why
            )
        shown = tasmota.powers(said)
        shows = {name: on for name, on in _shows(device, shown).items() if on is not None}
        if not shows:
            return Alive(device=device.name)
        name, on = next(iter(shows.items()))
        if mark is not None and (mark.channel, mark.wanted) == (name, "ON" if on else "OFF"):
            return Answer(
                device=device.name,
                channel=name,
                wire_id=mark.wire_id,
                status=ReplyStatus.DONE,
                why="the device shows it",
                shows=shows,
            )
        # A button, a rule of its own, or the end of a pulse: nobody here ordered that just now.
        details = {"event_code": f"{name} {'ON' if on else 'OFF'}", "channel": name}
        return Happened(device=device.name, what="NODE_EVENT", details=details)

    def _status(self, device: Device, mark: Mark, said: Mapping[str, Any]) -> Meaning:
        del self._working[device.node], self._asked[device.node]  # the same again answers nothing
        inside = said.get("StatusSTS")
        shows = _shows(device, tasmota.powers(inside) if isinstance(inside, Mapping) else {})
        missing = sorted(name for name, on in shows.items() if on is None)
        wrong = f"shows no {', '.join(missing)}, which {device.profile.name} has" if missing else ""
        answer = Answer(
            device=device.name,
            channel=mark.channel,
            wire_id=mark.wire_id,
            status=ReplyStatus.DONE,
            shows={name: on for name, on in shows.items() if on is not None},
        )
        return Several(meanings=(self._fitness.found(device, "relays", wrong), answer))

    def _after_power_cut(self, device: Device, state: object) -> Meaning:
        wrong = ""
        if state != 0 and device.profile.outlets:
            wrong = f"switches on by itself when its power returns (PowerOnState {state}); say PowerOnState 0 to it"
        return self._fitness.found(device, "power", wrong)


def _number(device: Device, channel: str) -> int:
    number = device.profile.outlets[channel].number
    assert number is not None
    return number


def _publish(device: Device, mark: Mark, *told: str, lives: Nanos = LIVES) -> Publish:
    topic, payload = tasmota.backlog(device.node, mark, *told)
    return Publish(topic=topic, payload=payload, lives=lives)


def _shows(device: Device, shown: Mapping[int, bool]) -> dict[str, bool | None]:
    """Every output of the profile that the message speaks of; a status speaks of all of them."""
    return {o.name: shown.get(o.number) for o in device.profile.outlets.values() if o.number is not None}


def _measured(device: Device, said: object, age: Nanos) -> Meaning:
    if not isinstance(said, Mapping):
        return Unbelieved(why="a measurement without values", device=device.name)
    found = tuple(
        Measures(device=device.name, channel=name, value=tasmota.number(said, channel.metric), age=age)
        for name, channel in device.profile.channels.items()
    )
    return Several(meanings=(Alive(device=device.name), *found))


def _present(device: Device, payload: bytes, *, retained: bool) -> Meaning:
    if payload not in (b"Online", b"Offline"):
        return Unbelieved(why=f"LWT is {payload[:40]!r}", device=device.name)
    online = payload == b"Online"
    return Present(device=device.name, online=online, retained=retained, why="it went off the air")


def _overheard(device: Device, topic: str, payload: bytes, *, retained: bool) -> Unbelieved:
    """Orders that are not ours. One that a broker keeps would reach the device again at each of its starts."""
    if not payload:
        return Unbelieved(why=f"{topic[:120]} asks, or clears away what was kept")
    if not retained:
        why = f"somebody else gives orders: {topic[:120]} {payload[:80]!r}"
        return Unbelieved(why=why, device=device.name, ordered=True)
    clear = Publish(topic=topic, payload=b"", retain=True)
    why = f"a retained order is refused and cleared away: {topic[:120]}"
    return Unbelieved(why=why, device=device.name, answer=clear)
