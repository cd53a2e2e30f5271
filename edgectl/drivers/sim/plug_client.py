"""One Tasmota or Shelly device on a real broker: a client of its own, with what can go wrong on the way."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiomqtt

from edgectl.drivers.sim.clocks import mono
from edgectl.drivers.sim.plugs import Said, ShellyPlug, TasmotaPlug

KINDS: dict[str, type[TasmotaPlug] | type[ShellyPlug]] = {"tasmota": TasmotaPlug, "shelly": ShellyPlug}
FAULTS = frozenset({"deaf", "mute", "stuck", "noop", "double", "duplicated", "garbage", "late"})
TICK_S = 0.02
TELE_EVERY = 50  # ticks: TelePeriod of a device that is set to be quick


class PlugClient:
    """One device with its connection: will, hello, answers, telemetry."""

    def __init__(self, plan: dict[str, Any], entry: dict[str, Any], moved: Callable[["PlugClient"], None]) -> None:
        self.node: TasmotaPlug | ShellyPlug = KINDS[entry["kind"]](
            name=entry["name"], relays=int(entry.get("relays", 1))
        )
        self.node.watts = float(entry.get("watts", 0))
        self._plan, self._moved = plan, moved
        self._client: aiomqtt.Client | None = None
        self._late_s = 0.0
        self._rude = False

    async def run(self) -> None:
        """Connect, and connect again, for ever."""
        while True:
            try:
                await self._session()
            except (aiomqtt.MqttError, OSError):
                await asyncio.sleep(0.2)

    async def _session(self) -> None:
        topic, payload, retain = self.node.will
        will = aiomqtt.Will(topic, payload, qos=1, retain=retain)
        client = aiomqtt.Client(
            self._plan["host"], self._plan["port"], identifier=f"sim-{self.node.name}", will=will, timeout=5
        )
        async with client:
            self._client = client
            for heard in self.node.topics:
                await client.subscribe(heard, qos=1)
            await self._say(self.node.hello())
            talking = asyncio.create_task(self._talk())
            try:
                async for message in client.messages:
                    text = bytes(message.payload).decode(errors="replace")
                    if text:
                        await self._answer(self.node.hear(str(message.topic), text, mono()))
                    if self._rude:
                        break
            finally:
                self._client = None
                talking.cancel()
            if self._rude:
                self._rude = False
                client._client.socket().close()  # type: ignore[union-attr]

    async def _talk(self) -> None:
        ticks = 0
        while True:
            await self._say(self.node.advance(mono()))
            if ticks % TELE_EVERY == 0:
                await self._say(self.node.telemetry())
            ticks += 1
            await asyncio.sleep(TICK_S)

    async def _answer(self, said: list[Said]) -> None:
        faults = self.node.faults
        self._moved(self)
        if "mute" in faults:
            return
        if "garbage" in faults:
            said = [(topic, payload[: len(payload) // 2] + "\x1b}", retain) for topic, payload, retain in said]
        if "late" in faults:
            await asyncio.sleep(self._late_s)
        await self._say(2 * said if "duplicated" in faults else said)

    async def _say(self, said: list[Said]) -> None:
        self._moved(self)
        for topic, payload, retain in said:
            if self._client is not None:
                await self._client.publish(topic, payload, qos=0, retain=retain)

    async def wish(self, wish: dict[str, Any]) -> None:
        """One wish that concerns this device. Raises ValueError."""
        match wish["do"]:
            case "fault" if str(wish["kind"]) in FAULTS:
                self.node.faults.add(str(wish["kind"]))
                self._late_s = float(wish.get("ms", 0)) / 1000
            case "clear":
                self.node.faults.clear()
            case "restores":
                self.node.restores = bool(wish["on"])
            case "press" if isinstance(self.node, ShellyPlug):
                await self._say(self.node.press(1, mono()))
            case "press":
                await self._say(self.node.hear("x/POWER1", "OFF" if self.node.on[0] else "ON", mono()))
            case "leave":
                self._rude = True
                await self._say([(self.node.topics[0].replace("+", "Leave"), "x", False)])
            case other:
                raise ValueError(f"{other!r} is no wish for such a device, or no fault: {', '.join(sorted(FAULTS))}")

    def view(self) -> dict[str, Any]:
        """What it looks like."""
        outputs = {f"relay_{n}": on for n, on in enumerate(self.node.on, 1)}
        return {"outputs": outputs, "orders": self.node.orders, "timed": sorted(self.node.ends)}
