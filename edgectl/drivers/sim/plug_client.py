"""One Tasmota or Shelly device on a real broker: a client of its own, with what can go wrong on the way."""

import asyncio
from collections.abc import Callable
from typing import Any

from edgectl.drivers.sim.client import TICK_S, Client, Will
from edgectl.drivers.sim.clocks import mono
from edgectl.drivers.sim.plugs import Said, ShellyPlug, TasmotaPlug

KINDS: dict[str, type[TasmotaPlug] | type[ShellyPlug]] = {"tasmota": TasmotaPlug, "shelly": ShellyPlug}
FAULTS = frozenset({"deaf", "mute", "stuck", "noop", "double", "duplicated", "garbage", "late"})
TELE_EVERY = 50  # ticks: TelePeriod of a device that is set to be quick


class PlugClient(Client):
    """One device with its connection: will, hello, answers, telemetry."""

    def __init__(self, plan: dict[str, Any], entry: dict[str, Any], moved: Callable[["PlugClient"], None]) -> None:
        super().__init__(plan, entry)
        self.node: TasmotaPlug | ShellyPlug = KINDS[entry["kind"]](
            name=entry["name"], relays=int(entry.get("relays", 1))
        )
        self.node.watts = float(entry.get("watts", 0))
        self._moved = moved
        self._late_s = 0.0
        self._unsaid: list[Said] = []

    def will(self) -> Will:
        """As the device has it."""
        topic, payload, retain = self.node.will
        return Will(topic=topic, payload=payload, retain=retain)

    def topics(self) -> tuple[str, ...]:
        """What it listens to."""
        return self.node.topics

    async def begin(self) -> None:
        """Hello."""
        await self._say(self.node.hello())

    async def hear(self, topic: str, payload: bytes) -> None:
        """An order, or what clears away a retained one."""
        if text := payload.decode(errors="replace"):
            await self._answer(self.node.hear(topic, text, mono()))

    def passes(self) -> None:
        """Its timers end."""
        self._unsaid += self.node.advance(mono())
        self._moved(self)

    async def talk(self) -> None:
        """What its timers end, and telemetry."""
        ticks = 0
        while True:
            said, self._unsaid = self._unsaid, []
            await self._say(said)
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
            await self.publish(topic, payload, qos=0, retain=retain)

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
        return {
            "outputs": outputs,
            "orders": self.node.orders,
            "timed": sorted(self.node.ends),
            "connected": self.connected,
        }
