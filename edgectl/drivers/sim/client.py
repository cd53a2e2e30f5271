"""A simulated device at a real broker: it connects, and connects again for ever, and may hang up without a word."""

import asyncio
import ssl
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import aiomqtt

TICK_S = 0.02
AGAIN_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker says for it when it is gone."""

    topic: str
    payload: str
    retain: bool = True


class Client(ABC):
    """The connection of one device. What it is lies with whoever inherits."""

    def __init__(self, plan: dict[str, Any], entry: dict[str, Any]) -> None:
        self._plan, self._entry = plan, entry
        self._client: aiomqtt.Client | None = None
        self._rude = False  # the connection ends without a word

    @abstractmethod
    def will(self) -> Will:
        """What is to be said when it is gone."""

    @abstractmethod
    def topics(self) -> tuple[str, ...]:
        """What it listens to."""

    @abstractmethod
    async def begin(self) -> None:
        """The first words."""

    @abstractmethod
    async def talk(self) -> None:
        """Speak by itself, until cancelled."""

    @abstractmethod
    async def hear(self, topic: str, payload: bytes) -> None:
        """Something came."""

    @abstractmethod
    def passes(self) -> None:
        """Time passes in the device, whether or not a broker is there: its runs end by themselves."""

    @property
    def connected(self) -> bool:
        """Whether its broker hears it."""
        return self._client is not None

    async def run(self) -> None:
        """Connect, and connect again, for ever."""
        living = asyncio.create_task(self._live())
        try:
            while True:
                try:
                    await self._session()
                except (aiomqtt.MqttError, OSError) as lost:
                    # A good-bye that takes too long looks like a lost connection, and hides that this was cancelled.
                    if (own := asyncio.current_task()) is not None and own.cancelling():
                        raise asyncio.CancelledError from lost
                    await asyncio.sleep(AGAIN_S)
        finally:
            living.cancel()

    async def _live(self) -> None:
        while True:
            self.passes()
            await asyncio.sleep(TICK_S)

    async def publish(self, topic: str, payload: str | bytes, *, qos: int, retain: bool = False) -> None:
        """Say something, if anybody is there to take it."""
        if self._client is not None:
            await self._client.publish(topic, payload, qos=qos, retain=retain)

    async def _session(self) -> None:
        will = self.will()
        client = aiomqtt.Client(
            self._plan["host"],
            self._plan["port"],
            identifier=f"sim-{self._entry['name']}",
            will=aiomqtt.Will(will.topic, will.payload, qos=1, retain=will.retain),
            timeout=5,
            tls_context=self._tls(),
            username=self._entry.get("username"),
            password=self._entry.get("password"),
        )
        try:
            await self._in_session(client)
        finally:
            self._let_go(client)

    def _let_go(self, client: aiomqtt.Client) -> None:
        """Nothing of a connection that is over may wait for a loop that ends."""
        if client._misc_task is not None:
            client._misc_task.cancel()
        if (line := client._client.socket()) is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(line.fileno())
            loop.remove_writer(line.fileno())
            client._client.on_socket_close = None
            line.close()

    async def _in_session(self, client: aiomqtt.Client) -> None:
        async with client:
            self._client = client
            for topic in self.topics():
                await client.subscribe(topic, qos=1)
            await self.begin()
            talking = asyncio.create_task(self.talk())
            try:
                async for message in client.messages:
                    await self.hear(str(message.topic), bytes(message.payload))
                    if self._rude:
                        break
            finally:
                self._client = None
                talking.cancel()
            if self._rude:
                self._rude = False
                client._client.socket().close()  # type: ignore[union-attr]

    def _tls(self) -> ssl.SSLContext | None:
        if not self._plan.get("ca"):
            return None
        tls = ssl.create_default_context(cafile=self._plan["ca"])
        if self._entry.get("certificate"):
            tls.load_cert_chain(self._entry["certificate"], self._entry["key"])
        return tls
