"""A hundred thousand orders and answers that were recorded, played again, shuffled or bent: not one has an effect.

The orders meet a node that was made from the protocol's pages by a path of its own; the answers meet the owner.
"""

import json
import random
from typing import Any

from edgectl.drivers.nodes.speech import BURST
from edgectl.drivers.sim.node import Node
from edgectl.model.inputs import ReadBack, Reply, ReplyStatus
from edgectl.model.time import SECOND
from tests.unit.test_node_owner import IRRIG, WALL, Bench

EACH = 100_000
HONEST = 60


def bent(rng: random.Random, payload: bytes) -> bytes:
    """The same message with one thing changed."""
    match rng.randrange(6):
        case 0:
            at = rng.randrange(len(payload))
            return payload[:at] + bytes([payload[at] ^ (1 << rng.randrange(8))]) + payload[at + 1 :]
        case 1:
            return payload[: rng.randrange(len(payload))]
        case 2:
            at = rng.randrange(len(payload))
            return payload[:at] + payload[at : at + rng.randrange(1, 9)] + payload[at:]
        case 3:
            return payload.replace(b"1", b"2", 1) if rng.random() < 0.5 else payload.replace(b"5", b"6", 1)
    body: dict[str, Any] = json.loads(payload)
    key = rng.choice(sorted(body))
    if rng.random() < 0.3:
        del body[key]
    else:
        body[key] = rng.choice([body[key], None, 0, "", [], {}, "a1", 1e300, {"duration_ms": 60000}, {"state": True}])
    return json.dumps(body).encode()


def test_no_order_that_was_recorded_or_bent_moves_anything() -> None:
    rng, bench = random.Random(20), Bench()
    node = Node(name="nd-1", kind="irrig", secret="s3cret", synced=True)
    recorded: list[tuple[bytes, int]] = []
    for number in range(HONEST):
        order = bench.switch(lease=SECOND, cmd_id=f"st-{number}")
        wall_s = (WALL + bench.now) // SECOND
        recorded.append((order.payload, wall_s))
        node.order("pump_main", order.payload, bench.now, wall_s)
        bench.answer(order, "ACK")
        bench.run(SECOND)
        bench.answer(order, "DONE")
        node.advance(bench.now, wall_s + 1)
    assert (node.orders, len(node.moved)) == (HONEST, 2 * HONEST), "each honest order ran once"
    originals, different = {payload for payload, _ in recorded}, 0
    for _ in range(EACH):
        payload, wall_s = rng.choice(recorded)
        if rng.random() < 0.7:
            payload = bent(rng, payload)
        different += payload not in originals
        # Most come while the node would still believe the original, the rest later.
        node_s = wall_s + (rng.randrange(-8, 9) if rng.random() < 0.7 else rng.randrange(11, 400))
        node.order(rng.choice(["pump_main", "valve_irrigation", "storage_state"]), payload, bench.now, node_s)
    assert different > EACH // 2, "most of them are other bytes than what was recorded"
    assert node.forged > EACH // 10
    assert node.replays > EACH // 10
    assert node.expired > EACH // 10
    assert (node.orders, len(node.moved)) == (HONEST, 2 * HONEST), "and nothing else moved anything"


def test_no_answer_that_was_recorded_or_bent_changes_anything() -> None:
    rng, bench = random.Random(21), Bench()
    recorded: list[bytes] = []
    for number in range(HONEST):
        order = bench.switch(lease=SECOND, cmd_id=f"st-{number}")
        for status in ("ACK", "DONE"):
            body = {
                "cmd_id": f"st-{number}",
                "status": status,
                "ts": 1737355112000 + number,
                "details": {"state": True},
            }
            bench.answer(order, status)
            bench.run(SECOND)
            recorded.append(json.dumps(body).encode())
    open_ = bench.switch(lease=3600 * SECOND, cmd_id="open-one")
    bench.answer(open_, "ACK")
    recorded.append(json.dumps({"cmd_id": "open-one", "status": "ACK", "ts": 1737355112000}).encode())
    bench.told.clear()
    bench.state = None
    channels = ["pump_main", "valve_irrigation", "storage_state", "system"]
    for _ in range(EACH):
        payload = rng.choice(recorded)
        if rng.random() < 0.7:
            payload = bent(rng, payload)
        if b"open-one" in payload and b'"ACK"' not in payload:
            continue  # a last word on the open order is an answer to it, wherever it came from
        topic = f"{IRRIG}/{rng.choice(channels)}/command_response"
        bench.owner.hear(topic, payload, retained=rng.random() < 0.05, now=bench.clocks)
        bench.told += bench.owner.news()
    effects = [item for item in bench.told if isinstance(item, ReadBack)]
    live = [item for item in bench.told if isinstance(item, Reply) and item.cmd_id == "open-one"]
    assert (effects, live) == ([], [])
    assert len(bench.told) <= BURST + 2, "and what is written down of it is bounded"
    bench.answer(open_, "DONE")
    assert ReplyStatus.DONE in bench.replies(), "the open order still waits for its own last word"
