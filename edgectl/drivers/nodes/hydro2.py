"""Node protocol 2.0 as the owner of an MQTT bus needs it: devices of the site on one side, messages on the other."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edgectl.drivers.codecs import hydro2_orders
from edgectl.drivers.codecs.hydro2 import (
    ROOT,
    UNBOUND,
    ConfigReport,
    Event,
    Fault,
    Heartbeat,
    Hello,
    Kind,
    Place,
    Presence,
    Response,
    Status,
    Telemetry,
    TimeRequest,
    Trouble,
    place,
)
from edgectl.drivers.codecs.hydro2_orders import Order
from edgectl.drivers.codecs.hydro2_read import message, snapshot, time_of
from edgectl.drivers.nodes.seam import (
    Alive,
    Answer,
    Happened,
    Homeless,
    Meaning,
    Measures,
    Present,
    Publish,
    Reports,
    SecretOf,
    Several,
    Subscription,
    Unbelieved,
    Wants,
)
from edgectl.drivers.profile import Profile
from edgectl.drivers.wiring import Broker, Bus, Device
from edgectl.model.codes import SENTENCES, Code
from edgectl.model.inputs import ReplyStatus, Send
from edgectl.model.time import MS, SECOND, Nanos, Now, Trust

ACCEPTED_FOR: Nanos = 10 * SECOND  # by their own clock nodes refuse what is older; a broker need not keep it longer
FUTURE: Nanos = 10 * SECOND
SYSTEM = "system"  # the channel of the node itself
CLOCKS = frozenset({"time_not_synced", "timestamp_expired"})  # how a node refuses that has no time, or another one
UNSIGNED = frozenset({"invalid_signature", "invalid_hmac_format"})  # how it refuses whoever has another secret
NO_SUCH_ORDER = frozenset({"unknown_command", "unsupported_channel_cmd"})  # how it refuses what it will never know
_STATUS = {status: ReplyStatus[status.value] for status in Status if status is not Status.ACK}
_KNOWN = {code.value for code in Code}
# The floats of a snapshot bear other names than the channels they are on.
FLOATS = {
    "clean_level_min": "level_clean_min",
    "clean_level_max": "level_clean_max",
    "solution_level_min": "level_solution_min",
    "solution_level_max": "level_solution_max",
}


class Hydro2:
    """The nodes of one house. `secret_of` signs the orders of a device, and is asked until the node believes it."""

    polls = False

    def __init__(self, bus: Bus, secret_of: SecretOf) -> None:
        assert isinstance(bus.line, Broker)
        self._house = house = bus.line.house
        self._bus = bus.name
        self._devices = {device.node: device for device in bus.devices}
        self._secret_of = secret_of
        self._secrets: dict[str, bytes] = {}
        there, nobody = f"{ROOT}/{house}/+/+", "/".join((ROOT, *UNBOUND))
        self.subscriptions = (
            # Answers and events wait at the broker while nobody listens. Readings do not: an old one is worth nothing,
            # and a queue full of them would push the answers out.
            Subscription(topics=f"{there}/+/{Kind.RESPONSE}", sure=True),
            Subscription(topics=f"{there}/+/{Kind.EVENT}", sure=True),
            Subscription(topics=f"{there}/+/{Kind.TELEMETRY}", sure=False),
            *(Subscription(topics=f"{there}/{k}", sure=True) for k in (Kind.STATUS, Kind.LWT, Kind.CONFIG_REPORT)),
            *(Subscription(topics=f"{there}/{k}", sure=False) for k in (Kind.HEARTBEAT, Kind.ERROR)),
            Subscription(topics=f"{there}/+/command", sure=False, own=True),
            *(Subscription(topics=f"{nobody}/+/{k}", sure=False) for k in (Kind.STATUS, Kind.HEARTBEAT)),
            Subscription(topics=f"{ROOT}/{Kind.HELLO}", sure=True),
            Subscription(topics=f"{ROOT}/time/request", sure=False),
            Subscription(topics=hydro2_orders.TIME, sure=False, own=True),
        )

    def greeting(self, now: Now) -> Publish:
        """The time: a node that does not know it takes no order."""
        there, body = hydro2_orders.the_time(now.wall // SECOND)
        return Publish(topic=there, payload=body, lives=ACCEPTED_FOR)

    def shows_outputs(self, profile: Profile) -> bool:
        """Irrigation nodes answer `state`."""
        return bool(profile.state)

    def switch(self, device: Device, channel: str, send: Send, wire_id: str, now: Now) -> Publish:
        """A pump runs for a time and ends by itself; a valve is told its end as well; a lamp stays."""
        how = device.profile.outlets[channel].order
        ms = None if send.lease is None else send.lease // MS
        if not send.on:
            return self.off(device, channel, wire_id, now)
        if how == "run_pump":
            if ms is None:
                raise ValueError(f"{channel} is not switched on without an end")
            cmd = hydro2_orders.run_pump(ms)
        else:
            cmd = hydro2_orders.switched(how, True, ms)
        return self._order(device, channel, cmd, wire_id, now, send.not_after - now.mono)

    def off(self, device: Device, channel: str, wire_id: str, now: Now) -> Publish:
        """Off, whatever the output is."""
        cmd = hydro2_orders.switched(device.profile.outlets[channel].order, False)
        return self._order(device, channel, cmd, wire_id, now, ACCEPTED_FOR)

    def ask(self, device: Device, wire_id: str, now: Now) -> Publish:
        """What do your outputs do?"""
        return self._order(device, device.profile.state, ("state", {}), wire_id, now, ACCEPTED_FOR)

    def wake(self, device: Device, wire_id: str, now: Now) -> tuple[str, Publish] | None:
        """Probes in a pipe measure on demand; a node that does not know the order measures anyway, and says so."""
        if not device.profile.settles or not device.secret:
            return None
        cmd = ("activate_sensor_mode", {"stabilization_time_sec": device.profile.settles // SECOND})
        return SYSTEM, self._order(device, SYSTEM, cmd, wire_id, now, ACCEPTED_FOR)

    def _order(
        self, device: Device, channel: str, cmd: tuple[str, dict[str, Any]], wire_id: str, now: Now, lives: Nanos
    ) -> Publish:
        secret = self._secrets.get(device.name)
        if secret is None:
            secret = self._secrets[device.name] = self._secret_of(device)
        order = Order(cmd_id=wire_id, cmd=cmd[0], params=cmd[1], ts_s=now.wall // SECOND)
        topic = hydro2_orders.topic(self._house, device.zone, device.node, channel)
        payload = hydro2_orders.signed(order, secret)
        return Publish(topic=topic, payload=payload, lives=max(SECOND, min(lives, ACCEPTED_FOR)))

    # -- what comes up

    def read(self, topic: str, payload: bytes, *, retained: bool, now: Now) -> Meaning:
        """The meaning of a message, for the device that the topic names."""
        where = place(topic)
        if topic == hydro2_orders.TIME:
            return self._other_time(payload, retained=retained, now=now)
        if where is None:
            return self._overheard(topic, payload, retained=retained)
        if retained and where.kind not in (Kind.STATUS, Kind.LWT):
            return Unbelieved(why=f"a retained {where.kind} is refused", device=self._name(where))
        said = message(where, topic, payload)
        if isinstance(said, Fault):
            return Unbelieved(why=str(said), device=self._name(where))
        if isinstance(said, TimeRequest):
            return Wants(answer=self.greeting(now))
        if isinstance(said, Hello):
            return self._homeless(said.hardware_id)
        if where.unbound:
            return self._homeless(where.node)
        device = self._devices.get(where.node)
        if device is None:
            return Unbelieved(why=f"{where.zone}/{where.node} is not in the site file")
        if device.zone != where.zone:
            why = (
                f"speaks under zone {where.zone}, and the site file says {device.zone}: change it here, or bind it anew"
            )
            return Unbelieved(why=why, device=device.name)
        match said:
            case Response():
                if said.error_code in UNSIGNED:
                    self._secrets.pop(device.name, None)  # it may have been exchanged: the next order looks anew
                answer = _answer(device, where.channel, said)
                return replace(answer, needs=self.greeting(now)) if said.error_code in CLOCKS else answer
            case Telemetry():
                measured = _measures(device, where.channel, said, now)
                off = abs(now.wall - said.ts_s * SECOND) > ACCEPTED_FOR  # as far off it takes no order either
                return Several(meanings=(measured, Wants(answer=self.greeting(now)))) if off else measured
            case Presence():
                return _present(device, said, retained=retained)
            case Event(code=code, ts_s=ts_s, snapshot=shows):
                details = {"event_code": code, "channel": where.channel, "ts": ts_s, "snapshot": dict(shows)}
                age = _age(ts_s, now)
                return Happened(device=device.name, what="NODE_EVENT", details=details, shows=_channels(shows), age=age)
            case Trouble():
                details = {"level": said.level, "component": said.component, "node_code": said.error_code}
                details["message"] = said.message
                return Happened(device=device.name, what="NODE_ERROR", details=details)
            case ConfigReport():
                longest = {c.name: c.max_duration_ms for c in said.channels if c.max_duration_ms}
                has = frozenset(c.name for c in said.channels if c.actuator) if said.channels else None
                wrong = self._misfit(device, where, said)
                return Reports(device=device.name, wrong=wrong, longest_ms=longest, outputs=has)
            case Heartbeat(uptime_s=uptime_s):
                return Alive(device=device.name, uptime_s=uptime_s)

    def _overheard(self, topic: str, payload: bytes, *, retained: bool) -> Unbelieved:
        """Orders that are not ours. One that a broker keeps would reach the node again at each of its starts."""
        parts = topic.split("/")
        if len(parts) != 6 or parts[-1] != "command":
            return Unbelieved(why=f"{topic[:120]} is no topic of the protocol")
        device = self._devices.get(parts[3])
        name = "" if device is None else device.name
        if not retained:
            why = f"somebody else gives orders: {topic[:120]} {payload[:80]!r}"
            return Unbelieved(why=why, device=name, ordered=bool(payload))
        clear = Publish(topic=topic, payload=b"", retain=True) if payload else None
        return Unbelieved(why=f"a retained order is refused and cleared away: {topic[:120]}", device=name, answer=clear)

    def _other_time(self, payload: bytes, *, retained: bool, now: Now) -> Unbelieved:
        """The time by somebody else. What a broker keeps of it sets the clock of each node that comes, to the past."""
        if retained:
            clear = Publish(topic=hydro2_orders.TIME, payload=b"", retain=True) if payload else None
            return Unbelieved(why="a retained time is refused and cleared away", device=self._bus, answer=clear)
        told = time_of(payload)
        if told is None or abs(now.wall - told * SECOND) <= ACCEPTED_FOR:
            return Unbelieved(why="somebody else tells the time as well")
        why = f"somebody else tells the nodes that it is {told - now.wall // SECOND:+d} s from our time"
        return Unbelieved(why=why, device=self._bus)

    def _homeless(self, hardware_id: str) -> Homeless:
        device = self._devices.get(hardware_id)
        if device is None:
            return Homeless(device="", hardware_id=hardware_id, answer=None)
        topic, body = hydro2_orders.binding(hardware_id, self._house, device.zone)
        return Homeless(device=device.name, hardware_id=hardware_id, answer=Publish(topic=topic, payload=body))

    def _misfit(self, device: Device, where: Place, report: ConfigReport) -> str:
        if (report.node_id, report.gh, report.zone) != (device.node, self._house, device.zone):
            return f"calls itself {report.gh}/{report.zone}/{report.node_id} under the topics of {where.node}"
        if report.node_type != device.profile.node_type:
            return f"is a node of type {report.node_type}, {device.profile.name} is {device.profile.node_type}"
        return ""

    def _name(self, where: Place) -> str:
        device = self._devices.get(where.node)
        return "" if device is None else device.name


def _answer(device: Device, channel: str, said: Response) -> Answer:
    code = said.error_code
    why = f"{code}: {SENTENCES[Code(code)]}" if code in _KNOWN else code
    why = " ".join(part for part in (f"the node answers {said.status.value}", why, said.error_message) if part)
    details = said.details
    return Answer(
        device=device.name,
        channel=channel,
        wire_id=said.cmd_id,
        status=ReplyStatus.ECHO if said.status is Status.ACK else _STATUS[said.status],
        why=why,
        code=code,
        shows=_channels(snapshot(details.get("snapshot"))),
        unknown=code in NO_SUCH_ORDER,
        unsigned=code in UNSIGNED,
    )


def _measures(device: Device, channel: str, said: Telemetry, now: Now) -> Measures | Unbelieved | Alive:
    known = device.profile.channels.get(channel)
    if known is None:
        return Alive(device=device.name)
    if known.metric != said.metric:
        return Unbelieved(why=f"{channel} measures {known.metric}, and {said.metric} came", device=device.name)
    age = _age(said.ts_s, now)
    if age is None:
        return Unbelieved(why=f"{channel} was measured in the future (ts {said.ts_s})", device=device.name)
    return Measures(device=device.name, channel=channel, value=_doubt(said) or said.value, age=age)


def _doubt(said: Telemetry) -> str:
    """Why the node itself does not stand by its number; empty when it does."""
    if said.stub:
        return "the node says that it made the value up"
    if said.stable is False:
        return "the node says that it is not stable yet"
    return "" if said.corrections_allowed is not False else "the node says that nothing may be corrected by it yet"


def _present(device: Device, said: Presence, *, retained: bool) -> Present:
    why = "it starts again" if said.restarting else "it went off the air" if said.ts_s is None else "it says OFFLINE"
    return Present(device=device.name, online=said.online, retained=retained, why=why)


def _channels(shows: Mapping[str, bool]) -> dict[str, bool]:
    return {FLOATS.get(name, name): on for name, on in shows.items()}


def _age(ts_s: int, now: Now) -> Nanos | None:
    """How old a word is by its own clock; None for one out of the future. Without a clock of our own it is new."""
    if now.trust is Trust.UNTRUSTED:
        return 0
    age = now.wall - ts_s * SECOND
    return None if age < -FUTURE else max(0, age)
