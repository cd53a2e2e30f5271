"""The bus looks at the epoch of the lease under which an order was decided."""

from dataclasses import replace

from edgectl.drivers.bus import BusOwner
from edgectl.model.inputs import Reply, ReplyStatus, Send
from edgectl.model.time import MS, SECOND
from tests.unit.test_bus_owner import RTU, SITE, settled


def test_what_was_decided_in_an_older_epoch_of_the_lease_does_not_leave() -> None:
    desk = settled(BusOwner(RTU, SITE))
    order = Send(cmd_id="old", actuator="pump", on=True, lease=SECOND, not_after=desk.now + 5 * SECOND, epoch=3)
    desk.owner.take(order, desk.now)
    desk.owner.take(replace(order, cmd_id="new", epoch=4), desk.now)
    desk.owner.take(replace(order, cmd_id="late", epoch=3), desk.now)
    before = len(desk.sent)
    desk.run(100 * MS)
    replies = {reply.cmd_id: (reply.status, reply.evidence) for reply in desk.of(Reply)}
    for name in ("old", "late"):
        assert replies[name][0] is ReplyStatus.SEND_FAILED
        assert "epoch 4 has begun" in replies[name][1]
    assert replies["new"][0] is not ReplyStatus.SEND_FAILED
    assert sum(frame.startswith("01 05 02 00") for _, frame in desk.sent[before:]) == 1
