"""`python -m edgectl.drivers.sim.nodes --plan FILE --dir DIR`: simulated nodes on a real broker.

Each is a client of its own. The plan is JSON: {"host", "port", "house", "nodes": [{"name", "kind", "zone", "secret"}]},
and for TLS "ca" besides. Kinds tasmota and shelly are such devices and have no zone and no secret. A node
with an empty zone belongs to nobody yet and says hello. A control socket in DIR takes one wish in a line of JSON.
"""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import aiomqtt
import click

from edgectl.drivers.sim.client import TICK_S, Client, Will
from edgectl.drivers.sim.clocks import mono, wall_s
from edgectl.drivers.sim.node import FAULTS, Node, Say
from edgectl.drivers.sim.plug_client import KINDS, PlugClient

NOBODY = ("gh-temp", "zn-temp")
GOOD_BYE_S = 6.0  # a broker is given five


class NodeClient(Client):
    """One node with its connection: will, status, telemetry, orders."""

    def __init__(self, plan: dict[str, Any], entry: dict[str, Any], moved: Callable[["NodeClient"], None]) -> None:
        super().__init__(plan, entry)
        self.node = Node(name=entry["name"], kind=entry["kind"], secret=entry["secret"])
        self.node.asleep, self.node.dimmed = bool(entry.get("asleep")), frozenset(entry.get("dimmed", ()))
        self.every_s = float(entry.get("every_s", 0.5))
        self.served = self.hellos = 0
        self._moved = moved
        self._place = (plan["house"], entry["zone"]) if entry["zone"] else NOBODY
        self._later: list[Say] = []

    @property
    def _root(self) -> str:
        return "/".join(("hydro", *self._place, self.node.name))

    def will(self) -> Will:
        """As protocol 2.0 has it."""
        return Will(topic=f"{self._root}/lwt", payload="offline")

    def topics(self) -> tuple[str, ...]:
        """Its own orders, its place and the time."""
        return f"{self._root}/+/command", f"{self._root}/config", "hydro/time/response"

    async def begin(self) -> None:
        """What time is it? And who has no place says hello."""
        await self._publish("", "hydro/time/request", {})
        if self._place == NOBODY:
            self.hellos += 1
            hello = {
                "message_type": "node_hello",
                "hardware_id": self.node.name,
                "node_type": self.node.kind,
                "fw_version": "sim",
                "hardware_revision": "v1",
                "capabilities": [],
                "provisioning_meta": {},
            }
            await self._publish("", "hydro/node_hello", hello)

    async def _online(self) -> None:
        await self._publish("status", None, {"status": "ONLINE", "ts": wall_s()}, retain=True)
        await self._publish("config_report", None, self.node.report(*self._place))

    async def hear(self, topic: str, payload: bytes) -> None:
        """The time, its place, or an order."""
        if topic == "hydro/time/response":
            first, self.node.synced = not self.node.synced, True
            if first or not self.served:
                await self._online()
            self.served += 1
        elif topic.endswith("/config"):
            body = json.loads(payload)
            self._place = (body["gh_uid"], body["zone_uid"])
            raise aiomqtt.MqttError("bound: it connects anew under its own topics")
        elif topic.endswith("/command"):
            self._later += self.node.order(topic.split("/")[4], payload, mono(), wall_s())
            await self._speak()

    def passes(self) -> None:
        """Its runs end."""
        self._later += self.node.advance(mono(), wall_s())
        self._moved(self)

    async def talk(self) -> None:
        """What ended, readings and a heartbeat."""
        ticks, every = 0, max(1, round(self.every_s / TICK_S))
        while True:
            await self._speak()
            if ticks % every == 0 and self.node.synced and not self.node.asleep:
                for channel, (metric, value) in self.node.sensors.items():
                    body = {"metric_type": metric, "value": value, "ts": wall_s()}
                    await self._publish(f"{channel}/telemetry", None, body)
            if ticks % 500 == 0:
                await self._publish("heartbeat", None, {"uptime": ticks // 50, "free_heap": 100000})
            ticks += 1
            await asyncio.sleep(TICK_S)

    async def _speak(self) -> None:
        now = mono()
        due = [say for say in self._later if say.at <= now]
        self._later = [say for say in self._later if say.at > now]
        for say in due:
            await self._publish(say.topic, None, say.body, retain=say.retain)
        self._moved(self)

    async def _publish(
        self, below: str, topic: str | None, body: dict[str, Any] | bytes, *, retain: bool = False
    ) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.publish(topic or f"{self._root}/{below}", payload, qos=1, retain=retain)

    async def wish(self, wish: dict[str, Any]) -> None:
        """One wish that concerns this node. Raises ValueError."""
        match wish["do"]:
            case "fault":
                kind = str(wish["kind"])
                if kind not in FAULTS | {"limit", "stranger"}:
                    raise ValueError(f"{kind!r} is no fault: {', '.join(sorted(FAULTS))}")
                self.node.faults[kind] = {k: v for k, v in wish.items() if k not in ("do", "kind", "node")}
            case "clear":
                self.node.faults.clear()
            case "sense":
                metric, _ = self.node.sensors[wish["channel"]]
                self.node.sensors[wish["channel"]] = (metric, float(wish["value"]))
            case "event":
                body = {"event_code": wish["code"], "ts": wall_s(), "snapshot": self.node.snapshot()}
                await self._publish("storage_state/event", None, body)
            case "say":
                await self._publish(wish["below"], None, wish["body"], retain=bool(wish.get("retain")))
            case "flood":
                for number in range(int(wish["count"])):
                    await self._publish("storage_state/event", None, {"event_code": f"flood_{number}", "ts": wall_s()})
            case "report":
                await self._online()
            case "power":
                self.node.power_cycle(mono())
            case "force":
                self.node.outputs[wish["output"]] = True  # as by somebody's hand at the relay
            case "leave":
                self._rude = True
            case other:
                raise ValueError(f"{other!r} is no wish")

    def view(self) -> dict[str, Any]:
        """What it looks like."""
        node = self.node
        return {"outputs": node.outputs, "orders": node.orders, "replays": node.replays, "expired": node.expired,
                "forged": node.forged, "synced": node.synced, "served": self.served, "hellos": self.hellos,
                "connected": self.connected}  # fmt: skip


async def ended(tasks: list[asyncio.Task[None]], within_s: float = GOOD_BYE_S) -> None:
    """Cancel them until they are over: `wait_for` loses a cancellation that comes together with what it waits for."""
    while waits := [task for task in tasks if not task.done()]:
        for task in waits:
            task.cancel()
        await asyncio.wait(waits, timeout=within_s)
    await asyncio.gather(*tasks, return_exceptions=True)


class House:
    """All nodes, the trace of what moved, and the control socket."""

    def __init__(self, plan: dict[str, Any], folder: Path) -> None:
        self._folder = folder
        self._trace: TextIO | None = None
        self._nodes: dict[str, NodeClient | PlugClient] = {
            entry["name"]: (PlugClient if entry["kind"] in KINDS else NodeClient)(plan, entry, self._moved)
            for entry in plan["nodes"]
        }

    async def run(self) -> None:
        """Serve until SIGTERM."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "nodes.jsonl").open("a") as self._trace:
            tasks = [asyncio.create_task(client.run()) for client in self._nodes.values()]
            control = self._folder / "nodes.sock"
            control.unlink(missing_ok=True)
            server = await asyncio.start_unix_server(self._serve, str(control))
            print("ready", flush=True)  # noqa: T201  whoever started us waits for this word
            await stop.wait()
            server.close()
            await ended(tasks)

    def _moved(self, client: NodeClient | PlugClient) -> None:
        assert self._trace is not None
        moved, client.node.moved = client.node.moved, []
        for at, output, on, why in moved:
            row = {"at": at, "node": client.node.name, "output": output, "on": on, "why": why}
            self._trace.write(json.dumps(row) + "\n")
            self._trace.flush()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            try:
                wish = json.loads(line)
                if wish["do"] != "look":
                    await self._nodes[wish["node"]].wish(wish)
                answer: dict[str, Any] = {name: client.view() for name, client in self._nodes.items()}
            except (ValueError, KeyError, TypeError, aiomqtt.MqttError) as error:
                answer = {"error": str(error)}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()


@click.command()
@click.option("--plan", type=click.Path(path_type=Path, exists=True), required=True, help="Who is there.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), required=True, help="Trace and control here.")
def main(plan: Path, folder: Path) -> None:
    """Serve until SIGTERM."""
    asyncio.run(House(json.loads(plan.read_text()), folder).run())


if __name__ == "__main__":
    main()
