"""The connection to an MQTT broker, and when a message is acknowledged.

aiomqtt connects, subscribes and keeps the connection alive. Three things it does not do, so they are done here, on the
client underneath and nowhere else: a message that must be on our disk first is acknowledged by hand (by default it is
acknowledged before anybody has looked at it, and a kill loses it); an OFF leaves before `publish` returns; and a new
connection begins with an empty queue, for an order that waited in the old one must not leave late.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aiomqtt
from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.nodes.seam import Publish, Subscription
from edgectl.drivers.wiring import Broker
from edgectl.model.ports import NoCredential
from edgectl.model.said import plainly
from edgectl.model.time import SECOND

CONNECT_WITHIN_S = 5.0
KEEPALIVE_S = 10
KEPT_FOR_S = 7 * 24 * 3600  # how long the broker keeps answers and events for us while we are away
MOST_UNSENT = 16  # orders that the broker has not acknowledged; more would wait in its client and leave late
# A broker that lets small packets wait for the acknowledgement of the one before gets it now, not after 44 ms.
QUICK: int | None = getattr(socket, "TCP_QUICKACK", None)
MOST_UNREAD = 64  # messages that the broker may send before we acknowledge the first
LARGEST = 65_536  # bytes of a packet: what is larger stays at the broker, whoever sent it
BROKEN = 128  # what the library says of a connection that ended without a word


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One message. `ticket` acknowledges it; None where nothing has to be acknowledged."""

    topic: str
    payload: bytes
    retained: bool
    ticket: int | None


class MqttLink:
    """One connection at a time. `credential` finds the file of a secret; it raises NoCredential. `will` is what the
    broker says for us when we are gone without a word."""

    def __init__(
        self, broker: Broker, identifier: str, credential: Callable[[str], Path], *, will: Publish | None = None
    ) -> None:
        self.identifier = identifier
        self._broker, self._credential, self._will = broker, credential, will
        self._client: aiomqtt.Client | None = None
        self._paho: paho.Client | None = None
        self._unsent: set[int] = set()
        self._connections = 0
        self._known = True  # the broker remembered us
        self._on_message: Callable[[Inbound], None] = lambda _: None

    @property
    def room(self) -> bool:
        """True while the broker keeps up with what is sent."""
        return len(self._unsent) < MOST_UNSENT

    @property
    def forgot(self) -> bool:
        """True when the broker has lost what it kept for us since the connection before this one."""
        return self._connections > 1 and not self._known

    async def open(
        self,
        subscriptions: Iterable[Subscription],
        on_message: Callable[[Inbound], None],
        on_lost: Callable[[str], None],
    ) -> None:
        """Connect and subscribe. Raises LinkDown. `on_lost` is called at most once for each successful open."""
        place = f"{self._broker.host}:{self._broker.port}"
        self._unsent.clear()
        self._connections += 1
        try:
            client = self._new_client()
        except (NoCredential, OSError, ssl.SSLError) as error:
            raise LinkDown(f"the broker {place} cannot be asked: {plainly(error)}") from error
        raw = client._client
        raw.manual_ack_set(True)
        raw.on_message = self._heard
        raw.on_connect = self._greeted(raw.on_connect)
        raw.on_publish = lambda _client, _data, mid, *_: self._unsent.discard(mid)
        self._client, self._paho, self._on_message = client, raw, on_message
        try:
            await client.__aenter__()
            self._take_over(raw)
            for wanted in subscriptions:
                options = SubscribeOptions(qos=1 if wanted.sure else 0, noLocal=wanted.own)
                for granted in await client.subscribe(wanted.topics, options=options):
                    if getattr(granted, "is_failure", False):
                        raise aiomqtt.MqttError(f"it does not let us hear {wanted.topics}")
        except (aiomqtt.MqttError, OSError) as error:
            self.close()
            raise LinkDown(
                f"the broker {place} cannot be reached: {plainly(error)}; check it and the network"
            ) from error
        except BaseException:
            self.close()
            raise
        client._disconnected.add_done_callback(lambda gone: self._gone(client, gone, on_lost))

    def publish(self, message: Publish) -> bool:
        """Send a message now. False when there is nobody to send it to."""
        raw = self._paho
        if raw is None or not raw.is_connected():
            return False
        lives = None if message.lives is None else max(1, message.lives // SECOND)
        info = raw.publish(message.topic, message.payload, 1, message.retain, _expiry(lives))
        if info.rc != paho.MQTT_ERR_SUCCESS:
            return False
        self._unsent.add(info.mid)
        self._flush()
        return True

    def acknowledge(self, ticket: int) -> None:
        """The message may be forgotten by the broker. A ticket of an earlier connection means nothing."""
        mid, raw = ticket & 0xFFFF, self._paho
        if raw is not None and ticket == self._ticket(mid) and raw.is_connected():
            raw.ack(mid, 1)
            self._flush()

    def close(self) -> None:
        """Say good-bye. The broker keeps answers and events for us; `on_lost` is not called any more."""
        raw, client, self._paho, self._client = self._paho, self._client, None, None
        if raw is None or client is None:
            return
        with contextlib.suppress(OSError, ValueError):  # it may be gone already, and then it is closed
            raw.disconnect()
            raw.loop_write()
        if (line := raw.socket()) is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(line.fileno())
            loop.remove_writer(line.fileno())
            line.close()
        if client._misc_task is not None:
            client._misc_task.cancel()
        for ended in (client._connected, client._disconnected):
            if ended.done() and not ended.cancelled():
                ended.exception()  # it was told already

    def _new_client(self) -> aiomqtt.Client:
        broker = self._broker
        kept = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        kept.SessionExpiryInterval, kept.ReceiveMaximum = KEPT_FOR_S, MOST_UNREAD
        kept.MaximumPacketSize = LARGEST
        will = None if self._will is None else aiomqtt.Will(self._will.topic, self._will.payload, 1, retain=True)
        password = self._credential(broker.password).read_text().strip() if broker.password else None
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username or None,
            password=password,
            identifier=self.identifier,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=kept,
            keepalive=KEEPALIVE_S,
            will=will,
            timeout=CONNECT_WITHIN_S,
            tls_context=self._tls() if broker.tls else None,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    def _tls(self) -> ssl.SSLContext:
        broker = self._broker
        context = ssl.create_default_context(cafile=str(self._credential(broker.ca)) if broker.ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if broker.certificate:
            context.load_cert_chain(self._credential(broker.certificate), self._credential(broker.key))
        return context

    def _take_over(self, raw: paho.Client) -> None:
        """From here on bytes are written when they are made, not in the next round of the loop."""
        line = raw.socket()
        assert line is not None
        raw.on_socket_register_write = raw.on_socket_unregister_write = None
        asyncio.get_running_loop().remove_writer(line.fileno())
        asyncio.get_running_loop().add_reader(line.fileno(), self._readable, raw)
        self._flush()

    def _readable(self, raw: paho.Client) -> None:
        try:
            while True:
                raw.loop_read()
                line: Any = raw.socket()
                if line is not None and QUICK is not None:
                    line.setsockopt(socket.IPPROTO_TCP, QUICK, 1)  # it lasts for one packet: said again each time
                if not (hasattr(line, "pending") and line.pending()):
                    break
        except Exception as error:  # noqa: BLE001  a packet that nobody can read ends the connection, not the process
            if (
                line := raw.socket()
            ) is not None:  # else the same bytes are read again in each round until it is closed
                asyncio.get_running_loop().remove_reader(line.fileno())
            if self._client is not None and not self._client._disconnected.done():
                self._client._disconnected.set_exception(error)
            return
        self._flush()

    def _flush(self) -> None:
        """Write what waits; what the line does not take now is written when it does."""
        raw = self._paho
        if raw is None or (line := raw.socket()) is None:
            return
        if raw.want_write():
            raw.loop_write()
        loop = asyncio.get_running_loop()
        if raw.want_write() and raw.socket() is not None:
            loop.add_writer(line.fileno(), self._flush)
        elif line.fileno() >= 0:
            loop.remove_writer(line.fileno())

    def _greeted(self, next_one: Any) -> Any:
        """The broker says whether it remembers us; the library does not pass that on."""

        def connected(raw: paho.Client, data: object, flags: paho.ConnectFlags, *rest: object) -> None:
            self._known = bool(flags.session_present)
            next_one(raw, data, flags, *rest)

        return connected

    def _heard(self, raw: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        ticket = self._ticket(message.mid) if message.qos else None
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # no topic of ours; a broker should not have let it through
        self._on_message(Inbound(topic=topic, payload=bytes(message.payload), retained=message.retain, ticket=ticket))

    def _ticket(self, mid: int) -> int:
        return self._connections << 16 | mid

    def _gone(self, client: aiomqtt.Client, gone: "asyncio.Future[None]", on_lost: Callable[[str], None]) -> None:
        error = None if gone.cancelled() else gone.exception()
        if client is self._client:
            self._client = self._paho = None
            broken = error is not None and getattr(getattr(error, "rc", None), "value", None) == BROKEN
            on_lost("the broker closed the connection" if error is None or broken else str(error))


@cache
def _expiry(lives_s: int | None) -> Properties | None:
    if lives_s is None:
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = lives_s
    return properties
