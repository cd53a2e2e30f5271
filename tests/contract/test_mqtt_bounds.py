"""What a broker may do to the link, on a real Mosquitto: huge packets, a lost session, a second one of our name."""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edgectl.drivers.links import mqtt
from edgectl.drivers.links.mqtt import Inbound, MqttLink
from edgectl.drivers.nodes.choice import no_secret
from edgectl.drivers.nodes.hydro2 import Hydro2
from edgectl.drivers.nodes.owner import NodeOwner
from edgectl.drivers.nodes.seam import Publish, Subscription
from edgectl.drivers.nodes.session import FIRST_REOPEN, SHORT, NodeTask
from edgectl.drivers.wiring import Broker as Place
from edgectl.drivers.wiring import Bus
from edgectl.model.site import Site
from edgectl.model.time import SECOND, Now
from edgectl.testing.broker import Broker
from tests.unit.test_may_speak import Silent

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # paho lets its own sockets lie
]
TOPIC = "hydro/gh-1/zone-1/nd-1/storage_state/event"
HEAR = (Subscription(topics=TOPIC, sure=True),)
WITHIN_S = 40.0


class End:
    """Our end of the line, with what came over it."""

    def __init__(self, broker: Broker) -> None:
        place = Place(host="127.0.0.1", port=broker.port, protocol="hydro2", house="gh-1")
        self.link = MqttLink(place, "edgectl-gh-1-nodes", lambda name: Path(name))
        self.heard: list[bytes] = []
        self.lost: list[str] = []

    async def open(self) -> None:
        await self.link.open(HEAR, self._on_message, self.lost.append)

    def _on_message(self, message: Inbound) -> None:
        self.heard.append(bytes(message.payload))
        if message.ticket is not None:
            self.link.acknowledge(message.ticket)


async def until(condition: Callable[[], object], what: object) -> None:
    """Look again until it is so. `what` is shown when it never is."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


@pytest.fixture
def node(broker: Broker) -> Iterator[paho.Client]:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="nd-1")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


@pytest.mark.parametrize("bounded", [True, False])
def test_a_huge_packet_stays_at_the_broker(
    broker: Broker, node: paho.Client, bounded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the bound it comes in: were that not so, this would prove nothing."""
    if not bounded:
        monkeypatch.setattr(mqtt, "LARGEST", 10_000_000)

    async def scene() -> None:
        end = End(broker)
        await end.open()
        node.publish(TOPIC, b"x" * 2_000_000, 1).wait_for_publish(WITHIN_S)
        node.publish(TOPIC, b"small", 1).wait_for_publish(WITHIN_S)
        await until(lambda: b"small" in end.heard, end.lost)
        assert (len(end.heard), end.lost) == (1 if bounded else 2, [])
        end.link.close()

    asyncio.run(scene())


def test_a_message_that_breaks_us_is_read_once_and_ends_the_connection(broker: Broker, node: paho.Client) -> None:
    async def scene() -> None:
        end = End(broker)

        def breaks(message: Inbound) -> None:
            end.heard.append(message.payload)
            raise OverflowError("int too large to convert to float")

        await end.link.open(HEAR, breaks, end.lost.append)
        for said in [node.publish(TOPIC, b"x", 1) for _ in range(20)]:
            said.wait_for_publish(WITHIN_S)
        await until(lambda: end.lost, end.heard)
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert (end.heard, end.lost) == ([b"x"], ["int too large to convert to float"])
        end.link.close()

    asyncio.run(scene())


def test_a_broker_that_has_lost_our_session_is_known_by_it(tmp_path: Path) -> None:
    async def scene(broker: Broker) -> None:
        end = End(broker)
        await end.open()
        assert not end.link.forgot, "the first time it cannot know us"
        end.link.close()
        await end.open()
        assert not end.link.forgot, "it has kept everything"
        broker.kill()
        (tmp_path / "b" / "mosquitto.db").unlink(missing_ok=True)
        await until(lambda: end.lost, end.heard)
        broker.start()
        await end.open()
        assert end.link.forgot
        end.link.close()

    with Broker(tmp_path / "b") as running:
        asyncio.run(scene(running))


def controller(broker: Broker) -> NodeTask:
    """A whole bus on the broker, without nodes."""
    place = Place(host="127.0.0.1", port=broker.port, protocol="hydro2", house="gh-1")
    bus = Bus(name="nodes", kind="mqtt", line=place, devices=())
    site = Site(site_id="gh-1", name="T", timezone="UTC", sensors={}, actuators={}, zones={})
    owner = NodeOwner(bus, site, Hydro2(bus, no_secret), life="0123abcd")
    link = MqttLink(place, "edgectl-gh-1-nodes", lambda name: Path(name))
    return NodeTask(
        owner,
        link,
        now=lambda: Now(mono=time.monotonic_ns(), wall=0),
        deliver=lambda item, then=None: None,
        alarm=Silent,
    )


def thrown_out(by: paho.Client, ours: NodeTask) -> bool:
    """Let the other one speak, and look whether we are still there."""
    by.loop(0.01)
    return not ours.up


def test_who_is_thrown_out_again_and_again_says_by_whom_and_waits_longer_each_time(broker: Broker) -> None:
    async def scene() -> None:
        ours = controller(broker)
        task = asyncio.create_task(ours.run())
        for _ in range(SHORT):
            await until(lambda: ours.up, ours)
            other = paho.Client(CallbackAPIVersion.VERSION2, client_id="edgectl-gh-1-nodes", protocol=paho.MQTTv5)
            other.connect("127.0.0.1", broker.port)
            await until(partial(thrown_out, other, ours), ours)
            other.socket().close()  # type: ignore[union-attr]
        assert "somebody else come to the broker as edgectl-gh-1-nodes" in ours.reason
        task.cancel()
        await asyncio.wait([task])

    began = time.monotonic()
    asyncio.run(scene())
    assert time.monotonic() - began > (FIRST_REOPEN * 2 + FIRST_REOPEN * 4) / SECOND


def test_an_order_that_waited_at_a_broker_while_it_was_down_is_dead(broker: Broker) -> None:
    heard: list[bytes] = []
    away = paho.Client(CallbackAPIVersion.VERSION2, client_id="nd-9", clean_session=False)
    away.on_message = lambda _c, _d, message: heard.append(bytes(message.payload))
    away.on_subscribe = lambda *_: heard.append(b"subscribed")
    orders = "hydro/gh-1/zone-1/nd-9/+/command"

    def come(until: bytes) -> None:
        away.connect("127.0.0.1", broker.port)
        deadline = time.monotonic() + WITHIN_S
        while until not in heard:
            assert time.monotonic() < deadline, heard
            away.loop(0.05)
            if until == b"subscribed" and away.is_connected() and not asked:
                asked.append(away.subscribe(orders, 1))

    asked: list[object] = []
    come(b"subscribed")
    away.disconnect()
    away.loop(0.05)

    async def order(payload: bytes, lives_s: int) -> None:
        end = End(broker)
        await end.open()
        topic = orders.replace("+", "pump_main")
        assert end.link.publish(Publish(topic=topic, payload=payload, lives=lives_s * SECOND))
        await until(lambda: not end.link._unsent, end.lost)
        end.link.close()

    asyncio.run(order(b"late", 1))
    gone = time.monotonic() + 2.5  # by the clock of the broker it is dead then; there is nothing else to wait for
    broker.stop()
    while time.monotonic() < gone:
        time.sleep(0.1)
    broker.start()
    asyncio.run(order(b"fresh", 60))
    come(b"fresh")
    assert heard == [b"subscribed", b"fresh"]
    away.disconnect()
