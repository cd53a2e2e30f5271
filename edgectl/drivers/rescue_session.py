"""One short connection to a broker for whoever switches nodes off without a daemon."""

import secrets as lottery
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgectl.drivers.bounded import within
from edgectl.drivers.rescued import Means

CONNECT_WITHIN_S = 3.0
ROUND_S = 0.02
LIVES_S = 10
LARGEST = 65_536  # bytes of a packet: what is larger stays at the broker
Heard = Callable[[str, bytes, bool], None]  # topic, payload, retained


class Session:
    """Connects, subscribes and hands messages on. Raises OSError, ssl.SSLError, NoCredential and ValueError."""

    def __init__(self, line: Mapping[str, Any], means: Means, topics: Iterable[str], heard: Heard) -> None:
        self._topics, self._heard_one = tuple(topics), heard
        self._ready = False
        self._life, self._number = lottery.token_hex(4), 0
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"edgectl-rescue-{self._life}", protocol=paho.MQTTv5
        )
        if line.get("username"):
            password = means.credential(line["password"]).read_text().strip() if line.get("password") else None
            client.username_pw_set(line["username"], password)
        if line.get("tls"):
            client.tls_set_context(_tls(line, means))
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._heard
        client.connect_timeout = CONNECT_WITHIN_S
        host, port = str(line["host"]), int(line["port"])
        # The library looks the name up by itself, for as long as that takes: whoever makes safe does not wait for it.
        late = f"the broker {host}:{port} cannot be reached within {CONNECT_WITHIN_S:g} s"
        bound = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        bound.MaximumPacketSize = LARGEST
        within(lambda: client.connect(host, port, clean_start=True, properties=bound), CONNECT_WITHIN_S + ROUND_S, late)
        if not self.wait(lambda: self._ready, CONNECT_WITHIN_S):
            raise OSError("the broker does not answer, or does not let us in")

    def wait(self, until: Callable[[], bool], within_s: float) -> bool:
        """Let the network speak until something is so, for so many rounds at most."""
        for _ in range(round(within_s / ROUND_S)):
            if until():
                return True
            if self._client.loop(ROUND_S) != paho.MQTT_ERR_SUCCESS:
                break
        return until()

    def new_id(self) -> str:
        """An id that no order has borne before."""
        self._number += 1
        return f"r{self._life}-{self._number}"

    def publish(self, topic: str, payload: bytes) -> None:
        """One order, that no broker keeps for long."""
        lives = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        lives.MessageExpiryInterval = LIVES_S
        self._client.publish(topic, payload, 1, properties=lives)

    def close(self) -> None:
        """Good-bye."""
        self._client.disconnect()
        self._client.loop(ROUND_S)

    def _connected(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(topic, 1) for topic in self._topics])

    def _subscribed(self, *_: object) -> None:
        self._ready = True

    def _heard(self, _client: object, _data: object, said: paho.MQTTMessage) -> None:
        self._heard_one(said.topic, bytes(said.payload), said.retain)


def _tls(line: Mapping[str, Any], means: Means) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(means.credential(line["ca"])) if line.get("ca") else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if line.get("certificate"):
        context.load_cert_chain(means.credential(line["certificate"]), means.credential(line["key"]))
    return context
