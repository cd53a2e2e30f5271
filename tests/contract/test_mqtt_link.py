"""The one file that acknowledges by hand, on a real Mosquitto: a kill loses nothing, and nothing late leaves."""

import signal
import subprocess
import sys
import time

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edgectl.testing.broker import Broker

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # paho lets its own sockets lie
]

TOPIC = "hydro/gh-1/zone-1/nd-1/pump_main/command_response"
# A controller that hears, says what it heard, and stores only so many before it stops acknowledging.
LISTENER = """
import asyncio, sys
from edgectl.drivers.links.mqtt import MqttLink
from edgectl.drivers.nodes.seam import Publish, Subscription
from edgectl.drivers.wiring import Broker

if sys.argv[4:] == ["naive"]:
    import paho.mqtt.client
    paho.mqtt.client.Client.manual_ack_set = lambda self, on: None  # as the library does it by itself

async def main(port, stored):
    broker = Broker(host="127.0.0.1", port=port, protocol="hydro2", house="gh-1")
    link, count, lost = MqttLink(broker, "edgectl-gh-1-nodes", lambda name: None), 0, asyncio.Event()

    def heard(message):
        nonlocal count
        count += 1
        if count <= stored:
            link.acknowledge(message.ticket)
        print("heard", message.payload.decode(), int(message.retained), flush=True)

    topics = (Subscription(topics="hydro/gh-1/+/+/+/command_response", sure=True),)
    await link.open(topics, heard, lambda why: lost.set())
    print("open", flush=True)
    for number in range(int(sys.argv[3])):
        order = Publish(topic="hydro/gh-1/zone-1/nd-1/pump_main/command", payload=b"%d" % number, lives=2 * 10**9)
        sent = link.publish(order)
        print("sent", int(sent), int(link.room), flush=True)
        await asyncio.sleep(0.01)
    await lost.wait()
    print("lost", flush=True)

asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
"""


class Listener:
    """The controller's end as a process that can be killed."""

    def __init__(self, broker: Broker, *, stored: int, orders: int = 0, naive: bool = False) -> None:
        command = [sys.executable, "-c", LISTENER, str(broker.port), str(stored), str(orders)]
        command += ["naive"] if naive else []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def lines(self, count: int) -> list[str]:
        assert self.process.stdout is not None
        return [self.process.stdout.readline().strip() for _ in range(count)]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


def node(broker: Broker) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="nd-1")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    return client


def say(client: paho.Client, *numbers: int, retain: bool = False) -> None:
    for number in numbers:
        client.publish(TOPIC, str(number), 1, retain).wait_for_publish(60)


@pytest.mark.parametrize("stored", [0, 3, 5])
def test_after_a_kill_exactly_what_was_not_stored_comes_again(broker: Broker, stored: int) -> None:
    first = Listener(broker, stored=stored)
    assert first.lines(1) == ["open"]
    board = node(broker)
    say(board, *range(5))
    assert first.lines(5) == [f"heard {number} 0" for number in range(5)]
    first.kill()
    say(board, 5, 6)  # and what came while nobody listened
    second = Listener(broker, stored=99)
    again = [line for line in second.lines(8 - stored) if line != "open"]
    assert again == [f"heard {number} 0" for number in range(stored, 7)]
    second.kill()
    third = Listener(broker, stored=99)
    assert third.lines(1) == ["open"]
    say(board, 7)
    assert third.lines(1) == ["heard 7 0"], "what was acknowledged does not come a third time"
    third.kill()
    board.loop_stop()


def test_left_to_the_library_a_kill_loses_answers(broker: Broker) -> None:
    """The planted bug: were it not seen here, the tests above would prove nothing."""
    first = Listener(broker, stored=0, naive=True)
    assert first.lines(1) == ["open"]
    nd = node(broker)
    say(nd, *range(5))
    assert first.lines(5) == [f"heard {number} 0" for number in range(5)]
    first.kill()
    say(nd, 5)
    second, again = Listener(broker, stored=9), set[str]()
    while not {"heard 5 0", "open"} <= again:
        again |= set(second.lines(1))
    second.kill()
    lost = {f"heard {number} 0" for number in range(4)}  # the last acknowledgement may not have left
    assert not lost & again
    nd.loop_stop()


def test_a_restart_of_the_broker_keeps_what_was_not_stored(broker: Broker) -> None:
    first = Listener(broker, stored=0)
    assert first.lines(1) == ["open"]
    board = node(broker)
    say(board, 1, 2)
    assert first.lines(2) == ["heard 1 0", "heard 2 0"]
    broker.stop()
    assert first.lines(1) == ["lost"]
    first.kill()
    broker.start()
    second = Listener(broker, stored=9)
    assert sorted(line for line in second.lines(3) if line != "open") == ["heard 1 0", "heard 2 0"]
    second.kill()
    board.loop_stop()


def test_a_retained_answer_says_that_it_is_one(broker: Broker) -> None:
    board = node(broker)
    say(board, 8, retain=True)
    listener = Listener(broker, stored=9)
    assert sorted(listener.lines(2)) == ["heard 8 1", "open"]
    listener.kill()
    board.loop_stop()


def test_an_order_for_a_node_that_is_away_dies_at_the_broker(broker: Broker) -> None:
    heard: list[bytes] = []
    away = paho.Client(CallbackAPIVersion.VERSION2, client_id="nd-2", clean_session=False)
    away.on_message = lambda _c, _d, message: heard.append(message.payload)
    away.connect("127.0.0.1", broker.port)
    away.loop_start()
    away.subscribe("hydro/gh-1/+/+/+/command", 1)
    listener = Listener(broker, stored=0, orders=1)
    assert listener.lines(2) == ["open", "sent 1 1"]
    deadline = time.monotonic() + 60
    while not heard and time.monotonic() < deadline:
        time.sleep(0.02)
    assert heard == [b"0"]
    listener.kill()
    away.disconnect()
    away.loop_stop()
    listener = Listener(broker, stored=0, orders=3)
    assert listener.lines(4)[-1] == "sent 1 1"
    time.sleep(3.2)  # the two seconds that these orders live, by the clock of the broker
    away.connect("127.0.0.1", broker.port)
    away.loop_start()
    probe = node(broker)
    probe.publish("hydro/gh-1/zone-1/nd-2/pump_main/command", "marker", 1).wait_for_publish(60)
    deadline = time.monotonic() + 60
    while b"marker" not in heard and time.monotonic() < deadline:
        time.sleep(0.02)
    assert heard == [b"0", b"marker"]
    listener.kill()
    for client in (away, probe):
        client.disconnect()
        client.loop_stop()


def test_orders_do_not_pile_up_in_front_of_a_frozen_broker(broker: Broker) -> None:
    listener = Listener(broker, stored=0, orders=40)
    assert listener.lines(1) == ["open"]
    assert listener.lines(40)[-1] == "sent 1 1"
    listener.kill()
    frozen = Listener(broker, stored=0, orders=60)
    assert frozen.lines(2) == ["open", "sent 1 1"]
    broker.freeze()
    rooms = [line.split()[2] for line in frozen.lines(58)]
    broker.thaw()
    assert rooms[-1] == "0", "there is no room, and the owner holds its orders back"
    frozen.kill()
